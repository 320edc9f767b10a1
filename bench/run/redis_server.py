"""A Redis of the bench's own, as one recommends it: with an append-only file
that is written each second."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import servers


class RedisServer:
    """It keeps its port and file over kill() and start()."""

    def __init__(self):
        self.dir = servers.RUN / "redis"
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.port = servers.free_port()
        self.process = None

    def start(self):
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind",
                 "127.0.0.1", "--dir", str(self.dir), "--save", "",
                 "--appendonly", "yes", "--appendfsync", "everysec",
                 "--protected-mode", "no"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        while not self._answers():
            if self.process.poll() is not None:
                text = pathlib.Path(self.dir / "log").read_text()
                raise servers.DoesNotStart(text[-1000:])
            time.sleep(0.005)
        return self

    def _answers(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), 1) as s:
                s.sendall(b"PING\r\n")
                return s.recv(64).startswith(b"+PONG")
        return False

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        if self.process and self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
