"""examples/ as `make run` serves it, in a prefix and on ports of a test."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

from support import ports, tls
from support.nginx import Nginx
from support.processes import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CLIENT = "clients/js/src"


class ExampleNginx(Nginx):
    """Its configuration is the file as it is: but the ports, and what
    `make run` gives on the command line."""

    def __init__(self):
        self.app_port, = ports.take(1)
        super().__init__()

    @contextlib.contextmanager
    def application(self):
        """What stands behind the page on access, as `make run` starts it."""
        with subprocess.Popen(
                [sys.executable, EXAMPLES / "access/app.py",
                 str(self.app_port), f"http://127.0.0.1:{self.port}"],
                stderr=subprocess.PIPE, text=True) as process:
            try:
                wait_until("the application listens",
                           lambda: ports.answers(self.app_port))
                yield
            finally:
                process.terminate()
                errors = process.communicate(timeout=10)[1]
        assert "Error" not in errors, errors

    @contextlib.contextmanager
    def away(self):
        """It has ended, and starts anew afterwards, with an empty zone."""
        self.check_running()
        self.quit()
        try:
            yield
        finally:
            self.start()

    def write_config(self, **changes):
        shutil.copytree(EXAMPLES, self.prefix / "examples",
                        dirs_exist_ok=True)
        shutil.copytree(ROOT / CLIENT, self.prefix / CLIENT,
                        dirs_exist_ok=True)
        certs = self.prefix / "certs"
        certs.mkdir(exist_ok=True)
        for path, name in zip(tls.certificate(),
                              ("localhost.crt", "localhost.key")):
            shutil.copy(path, certs / name)
        text = (EXAMPLES / "nginx.conf").read_text()
        text = re.sub(r"\b8080\b", str(self.port), text)
        text = re.sub(r"\b8443\b", str(self.tls_port), text)
        text = text.replace(":8060", f":{self.app_port}")
        first = "daemon off;\n"
        if self.module:
            first += f'load_module "{self.module}";\n'
        if os.geteuid() == 0:
            first += "user nobody nogroup;\n"
        (self.prefix / "nginx.conf").write_text(first + text)
        workers = re.search(r"^worker_processes\s+(\w+);", text, re.M)
        named = workers.group(1) if workers else "1"
        return os.cpu_count() if named == "auto" else int(named)
