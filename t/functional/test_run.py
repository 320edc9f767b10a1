"""`make run`: what a new user sees first. auto/run is what it calls."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from support import ports, processes
from support.httpc import Http
from support.nginx import module_path, nginx_binary, sanitizing
from support.processes import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
FEED = ROOT / "examples" / "trading" / "feed.py"
PUSH = ROOT / "examples" / "dashboard" / "push.sh"

pytestmark = pytest.mark.skipif(
    sanitizing(), reason="it is about a script, and starts nginx by itself")


class Run:
    def __init__(self, port, tls_port, root=ROOT, **env):
        self.port = port
        # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
        self.process = subprocess.Popen(
            [root / "auto" / "run", nginx_binary(), module_path()],
            env={**os.environ, "PORT": str(port), "TLS_PORT": str(tls_port),
                 "APP_PORT": str(ports.take(1)[0]),
                 "NGINX": nginx_binary(),  # `make run NGINX=...` exports it
                 **env},
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
            # It may be ignored where the tests run in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def get(self, path):
        with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read()

    def logs_in(self, name):
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/access/app/login",
            json.dumps({"name": name}).encode())
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return json.loads(answer.read())["token"]
        except urllib.error.HTTPError:
            return None

    def lines_until(self, wanted):
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if wanted in line:
                return lines
        raise AssertionError("".join(lines))

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


@pytest.fixture(params=["anybody", "root"])
def root(request, tmp_path):
    """Where the project lies: as it does, and where only root may look."""
    if request.param == "anybody":
        return ROOT
    for name in ("auto", "clients", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_pages_that_live(root, by):  # pylint: disable=redefined-outer-name
    workers_uid = os.getuid() or pwd.getpwnam("nobody").pw_uid
    run = Run(*ports.take(2), root=root)
    try:
        lines = run.lines_until("open http")
        assert str(run.port) in lines[-1]
        assert "[emerg]" not in "".join(lines)
        assert b"<html" in run.get("/")  # what is said to be open is
        assert b"import" in run.get("/wspubsub/client.js")
        for select in ("metrics/**", "books/*"):
            wait_until(f"{select} is fed", lambda what=select: json.loads(
                run.get(f"/api/?select={what}"))["topics"], 20)
        wait_until("the application answers", lambda: run.logs_in("ann"), 20)
        for pid in run.tree():
            if not processes.title(pid).startswith(("nginx: master", "/bin/b")):
                try:
                    owner = os.stat(f"/proc/{pid}").st_uid
                except FileNotFoundError:
                    continue  # a curl that has done its part
                assert owner == workers_uid, processes.title(pid)
    finally:
        run.end(by)


def test_only_this_machine(make_nginx):
    """Unless told otherwise."""
    mine = socket.gethostbyname(socket.gethostname())
    if mine.startswith("127."):
        mine = "127.0.0.2"
    for listen, expected in (("127.0.0.1", False), ("0.0.0.0", True)):
        run = Run(*ports.take(2), LISTEN=listen, FEED="0")
        try:
            run.lines_until("open http")
            with socket.socket() as other:
                got = other.connect_ex((mine, run.port)) == 0
            assert got == expected, (listen, mine)
        finally:
            run.end(signal.SIGTERM)


def test_a_port_that_is_taken():
    taken, free = ports.take(2)
    with socket.create_server(("127.0.0.1", taken)):
        for pair in ((taken, free), (free, taken)):
            run = Run(*pair)
            said, _ = run.process.communicate(timeout=20)
            assert run.process.returncode == 1
            assert len(said.splitlines()) == 1 and str(taken) in said, said


@pytest.mark.parametrize("command,topics", [
    ([FEED, "--instruments", "3", "--seconds", "0", "--url"], "books/*"),
    ([PUSH], "metrics/**")], ids=["feed", "push"])
def test_feeders_outlive_nginx(nginx, make_nginx, command, topics):
    first = nginx(workers=1)
    with subprocess.Popen(
            [*map(str, command), f"http://127.0.0.1:{first.port}/api/"],
            text=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE) as feeder:
        try:
            def fed(ng):
                with Http(ng) as http:
                    return http.get("", f"select={topics}").json()["topics"]

            wait_until("it feeds", lambda: fed(first), 20)
            first.quit()
            time.sleep(3)
            again = make_nginx(workers=1)
            again.port = first.port
            again.start()
            wait_until("it feeds again", lambda: fed(again), 20)
        finally:
            feeder.terminate()
        said = feeder.stderr.read()
    assert len(said.splitlines()) == 1 and "trying again" in said, said
