"""A real nginx of its own prefix, ports and processes, for one test or file.

The harness itself asserts what holds for every test: the error log has no
[alert], [emerg] or [crit] that the test did not name, no sanitizer spoke, no
worker died unasked, and nginx ends in time when it is told to.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from . import ports, processes
from .config import render
from .processes import wait_until

KILLED = r"worker process \d+ exited on signal 9"
LOCKED_BY = r'shared memory zone "[^"]*" was locked by '
STOP_TIMEOUT_S = 15.0


def nginx_binary():
    name = os.environ.get("NGINX") or "nginx"
    return shutil.which(name) or shutil.which(name, path="/usr/sbin") or name


def module_path():
    """The module's file; empty where it is built in."""
    path = os.environ.get("WS_PUBSUB_MODULE")
    if path is None:
        root = pathlib.Path(__file__).resolve().parents[3]
        path = str(root / "build" / "ngx_ws_pubsub_module.so")
    return os.path.abspath(path) if path else ""


def sanitizing():
    return bool(os.environ.get("WS_PUBSUB_PRELOAD"))


class Nginx:
    """Thread safety: none. Invariant: `workers` is what the running
    configuration asks for."""

    def __init__(self, module=True, environment=None, **config):
        self.prefix = pathlib.Path(tempfile.mkdtemp(prefix="ws-pubsub-t-"))
        self.prefix.chmod(0o755)
        for name in ("logs", "temp", "san"):
            (self.prefix / name).mkdir()
            (self.prefix / name).chmod(0o777)
        self.port, self.tls_port = ports.take(2)
        self.module = module_path() if module else ""
        self.environment = environment or {}  # of its own
        self.config = dict(config)
        self.workers = 0
        self.process = None
        self.allowed = []
        self._checked = 0
        self._expected_pids = set()
        self.write_config()

    # -- configuration ----------------------------------------------------

    def write_config(self, **changes):
        self.config.update(changes)
        text, workers = render(self, **self.config)
        (self.prefix / "nginx.conf").write_text(text)
        return workers

    def _command(self, *more):
        return [nginx_binary(), "-p", str(self.prefix), "-c",
                str(self.prefix / "nginx.conf"), "-e",
                str(self.prefix / "logs" / "error.log"), *more]

    def _environment(self):
        env = dict(os.environ)
        env.pop("NGINX", None)  # nginx takes inherited sockets from it
        env.update(self.environment)
        preload = os.environ.get("WS_PUBSUB_PRELOAD")
        if preload:
            env["LD_PRELOAD"] = preload
            common = f"log_path={self.prefix}/san/"
            env["ASAN_OPTIONS"] = (
                f"detect_leaks=0:abort_on_error=0:{common}asan")
            env["UBSAN_OPTIONS"] = f"print_stacktrace=1:{common}ubsan"
        return env

    def test_config(self):
        """`nginx -t`: returns (accepted, what it said)."""
        done = subprocess.run(
            self._command("-t"), env=self._environment(), text=True,
            capture_output=True, timeout=60)
        return done.returncode == 0, done.stderr

    # -- life -------------------------------------------------------------

    def start(self):
        self.workers = self.write_config()
        with open(self.prefix / "logs" / "stderr.log", "ab") as out:
            self.process = subprocess.Popen(
                self._command(), env=self._environment(), stdout=out,
                stderr=out, stdin=subprocess.DEVNULL)
        wait_until("nginx starts", self._started, timeout_s=30)
        self._expected_pids = set(self.worker_pids())
        return self

    def _started(self):
        if self.process.poll() is not None:
            raise AssertionError("nginx ended at once:\n" + self.log_text()
                                 + self.stderr_text())
        return len(self.worker_pids()) == self.workers and ports.answers(
            self.port)

    @property
    def pid(self):
        return self.process.pid

    def worker_pids(self):
        """Workers that take new connections."""
        return sorted(
            pid for pid in processes.children(self.pid)
            if processes.title(pid).startswith("nginx: worker process")
            and "shutting down" not in processes.title(pid))

    def reload(self, wait=True, **changes):
        """SIGHUP; returns the old workers once the new ones are there."""
        old = self.worker_pids()
        workers = self.write_config(**changes)
        os.kill(self.pid, signal.SIGHUP)
        if wait:
            # One look each time: while some end, the kernel may not list all.
            def new_workers():
                now = set(self.worker_pids())
                return len(now) == workers and not now & set(old) and now

            self._expected_pids = wait_until(
                "new workers are there", new_workers, timeout_s=30)
            self.workers = workers
        return old

    def kill_worker(self, pid, wait=True):
        """kill -9 of one worker, and waits until another one replaced it."""
        self.allow_killed(pid)
        os.kill(pid, signal.SIGKILL)
        if wait:
            wait_until("a new worker replaces the killed one", lambda: (
                pid not in self.worker_pids()
                and len(self.worker_pids()) == self.workers), timeout_s=20)
        self._expected_pids = set()

    def quit(self, timeout_s=STOP_TIMEOUT_S):
        """SIGQUIT; returns the seconds until all of nginx ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout_s)
        return time.monotonic() - began

    def stop(self):
        """Ends nginx and asserts what must hold for every test."""
        late = False
        if self.process and self.process.poll() is None:
            self._check_workers()
            try:
                self.quit()
            except subprocess.TimeoutExpired:
                late = True
                self._kill_all()
        try:
            self.check()
            assert not late, (
                f"nginx did not end in {STOP_TIMEOUT_S} s\n"
                + self.log_text()[-4000:])
            if self.process:
                assert self.process.returncode == 0, self.stderr_text()
        finally:
            shutil.rmtree(self.prefix, ignore_errors=True)

    def _kill_all(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGSTOP)  # it starts no others
        for pid in [*processes.children(self.pid), self.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(STOP_TIMEOUT_S)

    # -- checks -----------------------------------------------------------

    def allow(self, pattern):
        """Names a log line of [crit] or worse that this test expects."""
        self.allowed.append(re.compile(pattern))

    def allow_killed(self, pid):
        """What nginx says when a worker is killed, at whatever moment."""
        self.allow(KILLED)
        self.allow(LOCKED_BY + rf"{pid}\b")

    def log_text(self):
        path = self.prefix / "logs" / "error.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def stderr_text(self):
        path = self.prefix / "logs" / "stderr.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def wait_for_log(self, pattern, timeout_s=10.0, start=0):
        return wait_until(
            f"{pattern} in the error log",
            lambda: re.search(pattern, self.log_text()[start:]), timeout_s)

    def check(self):
        """The log's new part and the sanitizers' reports."""
        text = self.log_text()
        new, self._checked = text[self._checked:], len(text)
        bad = [line for line in new.splitlines()
               if re.search(r"\[(alert|emerg|crit)\]", line)
               and not any(one.search(line) for one in self.allowed)]
        reports = [path.read_text("utf-8", "replace")
                   for path in sorted((self.prefix / "san").iterdir())]
        assert not reports, "sanitizer report:\n" + "\n".join(reports)[:8000]
        assert not bad, "in the error log:\n" + "\n".join(bad[:20])

    def _check_workers(self):
        if self._expected_pids:
            lost = self._expected_pids - set(self.worker_pids())
            assert not lost, (
                f"workers {lost} are gone\n" + self.log_text()[-4000:])

    def check_running(self):
        """After each test that shares this nginx."""
        self.check()
        if self.process and self.process.poll() is None:
            self._check_workers()
