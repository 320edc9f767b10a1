"""examples/cluster/run: a Redis and two hosts, as its users start them."""

import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

from . import processes
from .nginx import module_path, nginx_binary
from .processes import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]


def get(port, path, body=None):
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", body,
        {"Content-Type": "text/plain"} if body else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class ClusterRun:
    """It has told where its hosts are: `ports`; and Redis: `redis_port`.
    `pids`: of the hosts, and of Redis; `folder`: its directory."""

    def __init__(self, **env):
        # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            [ROOT / "examples/cluster/run", nginx_binary(),
             module_path() or "-"],
            env={**os.environ, "NGINX": nginx_binary(), **env}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
            # It may be ignored where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "stop: ctrl-C" in line:
                break
        else:
            raise AssertionError(self.said)
        self.ports = [int(one) for one in re.findall(
            r"host .: http://localhost:(\d+)/", self.said)]
        self.redis_port = int(re.search(
            r"Redis: +127\.0\.0\.1:(\d+)", self.said)[1])
        self.pids = [int(one) for one in re.findall(
            r"\((?:nginx|it) is (\d+)\)", self.said)]
        self.folder = pathlib.Path(
            re.search(r"logs: +(\S+)/host", self.said)[1])

    def status(self, port):
        return json.loads(get(port, "/status")[1])

    def tree(self):
        found, waiting = [], [self.process.pid]
        while waiting:
            found.append(waiting.pop())
            waiting += processes.children(found[-1])
        return found

    def end(self, by):
        before = self.tree()
        os.kill(self.process.pid, by)
        self.process.wait(20)
        wait_until("all that it started has ended",
                   lambda: not any(map(processes.alive, before)), 15)
        assert not self.folder.exists()
