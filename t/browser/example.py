"""examples/ as `make run` serves it, in a prefix and on ports of a test."""

import contextlib
import os
import pathlib
import re
import shutil

from support import tls
from support.nginx import Nginx

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CLIENT = "clients/js/src"


class ExampleNginx(Nginx):
    """Its configuration is the file as it is: but the ports, and what
    `make run` gives on the command line."""

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
        first = "daemon off;\n"
        if self.module:
            first += f'load_module "{self.module}";\n'
        if os.geteuid() == 0:
            first += "user nobody nogroup;\n"
        (self.prefix / "nginx.conf").write_text(first + text)
        workers = re.search(r"^worker_processes\s+(\w+);", text, re.M)
        named = workers.group(1) if workers else "1"
        return os.cpu_count() if named == "auto" else int(named)
