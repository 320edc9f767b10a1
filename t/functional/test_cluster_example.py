"""docs/cluster.md's five minutes, as they stand there, and examples/cluster."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

from support import ports, processes
from support.cluster_run import ClusterRun, get
from support.examples import ENVIRONMENT
from support.nginx import module_path, nginx_binary, sanitizing
from support.processes import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWN = ("6390", "8080", "8081")  # ports
START_S = 60

pytestmark = [
    pytest.mark.skipif(not shutil.which("redis-server"), reason="no Redis"),
    pytest.mark.skipif(sanitizing(), reason="nginx is started by a script"),
]


def is_taken(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


# -- the page -----------------------------------------------------------------

class Minutes:
    """A shell that has what the page says, a block at a time, on free ports
    and with this module."""

    def __init__(self, folder):
        page = (ROOT / "docs/cluster.md").read_text("utf-8")
        self.ports = dict(zip(SHOWN, ports.take(3)))
        self.blocks = [self._here(text) for text in re.findall(
            r"^```text run\n(.*?)^```", page, re.M | re.S)]
        self.folder = folder

    def _here(self, text):
        load = f"load_module {module_path()};" if module_path() else ""
        text = re.sub(r"include \S+/modules-enabled/\S+;", load, text)
        for shown, port in self.ports.items():
            text = re.sub(rf"\b{shown}\b", str(port), text)
        return text.replace("    nginx -p", f"    {nginx_binary()} -p")

    def run(self, text, folder="ws-cluster"):
        """What it prints; by a file, as what it starts may keep that open."""
        out = self.folder / "out"
        with open(out, "wb") as file, subprocess.Popen(
                ["bash", "-euc", text], cwd=self.folder / folder, stdout=file,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=ENVIRONMENT) as shell:
            try:
                code = shell.wait(START_S)
            except subprocess.TimeoutExpired:
                code = "it hangs:\n" + subprocess.run(
                    ["ps", "-eo", "pid,ppid,stat,wchan:30,etimes,args"],
                    capture_output=True, text=True, check=True).stdout
                shell.kill()
        said = out.read_text("utf-8", "replace")
        assert code == 0, f"{text}\n{said}{self.logs()}{code}"
        return said

    def logs(self):
        return "".join(log.read_text("utf-8", "replace") for log in
                       self.folder.glob("*/*/logs/error.log"))

    def pids(self):
        return [int(file.read_text()) for file in
                self.folder.glob("ws-cluster/**/*.pid")]


def test_five_minutes(tmp_path):
    minutes = Minutes(tmp_path)
    started = []
    start, ready, use, retry, end = minutes.blocks
    try:
        minutes.run(start, ".")
        wait_until("all run", lambda: len(minutes.pids()) == 3)
        started = minutes.pids()
        assert minutes.run(ready).count('{"ready":true}') == 2
        said = minutes.run(use)
        assert re.search(r'"topic":"news","epoch":"\w+","seq":1,', said)
        assert "\nhello" in said and "cluster following\n" in said, said
        assert '"topic":"orders/4711"' in minutes.run(retry)
        assert '"seq":1,' in minutes.run(retry)  # once
        minutes.run(end)
        wait_until("all have ended", lambda: not any(
            map(processes.alive, started)), 20)
        assert not re.search(r"\[(alert|emerg|crit)\]", minutes.logs())
    finally:
        for pid in filter(processes.alive, started or minutes.pids()):
            os.kill(pid, signal.SIGKILL)


# -- the example --------------------------------------------------------------

@pytest.fixture(name="run")
def _run():
    run = ClusterRun()
    yield run
    if run.process.poll() is None:
        run.end(signal.SIGTERM)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_publish_here_read_there(run, by):
    assert "[emerg]" not in run.said
    a, b = run.ports
    status, told = get(a, "/api/chat/lobby", b'{"who":"ann","text":"hello"}')
    assert status == 202 and json.loads(told)["seq"] == 1
    wait_until("the other host has it", lambda: get(
        b, "/api/chat/lobby") == (200, b'{"who":"ann","text":"hello"}'))
    status, told = get(b, "/api/chat/lobby", b'{"who":"bob","text":"hi"}')
    assert json.loads(told)["seq"] == 2
    for port in (a, b):
        assert b"<html" in get(port, "/")[1]
        for path in ("/cluster.js", "/shared/page.js", "/wspubsub/client.js"):
            status, text = get(port, path)
            assert status == 200 and b"import" in text + b"import", path
        assert json.loads(get(port, "/hosts.json")[1]) == [
            f"http://localhost:{one}" for one in (a, b)]
    for log in run.folder.glob("host-*/error.log"):
        assert not re.search(r"\[(alert|emerg|crit)\]", log.read_text())
    run.end(by)
    assert not is_taken(a) and not is_taken(b)


def test_what_it_says_to_try(run):
    """The lines that it prints can be pasted; a Redis that was stopped is
    ended all the same."""
    a, b = run.ports
    commands = re.findall(r"run:     (curl .*)", run.said)
    assert len(commands) == 2
    for command in commands[:1]:
        subprocess.run(command, shell=True, check=True, timeout=20,
                       stdout=subprocess.DEVNULL)
    wait_until("the other host has it",
               lambda: b"hello" in get(b, "/api/chat/lobby")[1])
    redis = run.pids[-1]
    assert f"kill -STOP {redis} " in run.said
    os.kill(redis, signal.SIGSTOP)
    assert get(a, "/api/chat/lobby")[0] == 200  # reads go on
    os.kill(run.pids[1], signal.SIGQUIT)
    wait_until("that host has ended", lambda: not is_taken(b), 20)
    run.end(signal.SIGTERM)


def test_without_redis(tmp_path):
    """It says so, and starts nothing."""
    for name in ("bash", "dirname", "env", "nginx"):
        (tmp_path / name).symlink_to(shutil.which(name) or nginx_binary())
    done = subprocess.run(
        [shutil.which("bash"), ROOT / "examples/cluster/run"], text=True,
        capture_output=True, timeout=20, env={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr == "run: there is no redis-server here\n"
