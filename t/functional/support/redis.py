"""Real Redis servers and sentinels of a test's own: ports, directory, process.

A server keeps its port and directory over stop() and kill(), so that start()
brings it back with what its append-only file has. All listen on loopback
addresses, and are ended by their process, whatever has become of the test.
"""

import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

from . import ports, tls
from .processes import state, wait_until

TIMEOUT_S = 20.0


class RedisError(Exception):
    """An error that Redis has answered."""


class RedisClient:
    """A connection that waits for each reply. Replies are bytes, int, None,
    lists, and str for statuses; an error is raised, or lies in its list."""

    def __init__(self, port, host="127.0.0.1", trusted=None):
        """`trusted`: a certificate, for TLS."""
        self._sock = socket.create_connection((host, port), TIMEOUT_S)
        if trusted:
            context = ssl.create_default_context(cafile=str(trusted))
            self._sock = context.wrap_socket(
                self._sock, server_hostname="localhost")
        self._file = self._sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._sock.close()

    def call(self, *words):
        self.send(*words)
        reply = self.read()
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def send(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode()
                 for word in words]
        self._sock.sendall(b"*%d\r\n" % len(parts) + b"".join(
            b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))

    def read_bytes(self):
        """A reply as it comes."""
        line = self._file.readline()
        if line[:1] == b"*":
            return line + b"".join(self.read_bytes()
                                   for _ in range(int(line[1:])))
        if line[:1] == b"$" and line != b"$-1\r\n":
            return line + self._file.read(int(line[1:]) + 2)
        return line

    def read(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis has closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return RedisError(rest.decode())
        size = int(rest)
        if kind == b":":
            return size
        if size == -1:
            return None
        if kind == b"*":
            return [self.read() for _ in range(size)]
        return self._file.read(size + 2)[:-2]


class _Process:
    """A program of Redis' with a configuration file, in a directory."""

    def __init__(self, program, name):
        self.program = program
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"ws-pubsub-{name}-"))
        self.dir.chmod(0o755)  # nginx' workers are nobody
        self.process = None
        self.log = self.dir / "log"

    def _spawn(self, lines):
        """REQUIRES: it does not run."""
        assert not self.is_running
        (self.dir / "conf").write_text("\n".join(lines) + "\n")
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [self.program, str(self.dir / "conf"), *self._arguments()],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                cwd=self.dir)

    def _arguments(self):
        return []

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def log_text(self):
        return self.log.read_text("utf-8", "replace")

    def stop(self):
        """An orderly end, as by its service; stopped ones go on for it."""
        self._end(signal.SIGTERM)

    def kill(self):
        """kill -9: what it had not written is lost."""
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self.is_running:
            self.process.send_signal(number)
            self.process.send_signal(signal.SIGCONT)
            try:
                self.process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(TIMEOUT_S)
                raise

    def pause(self):
        """SIGSTOP: connections stay, nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)
        wait_until("the process is stopped", lambda: state(self.pid) == "T")

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def remove(self):
        """After the test. One that has died unasked fails it."""
        died = self.process is not None and self.process.returncode not in (
            None, 0, -signal.SIGKILL)
        text = self.log_text() if died else ""
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
        assert not died, f"{self.program} has died:\n{text[-4000:]}"


class Redis(_Process):
    """`users`: ACL rules by name, e.g. {"push": "on >secret ~* +@all"}; with
    a "default" that is "off" nobody is let in without a name. `password`: of
    the default user. `secure`: it speaks TLS, and that alone, with
    `certificate` (certificate, key), at its port. `replica_of`: another Redis,
    without TLS. `more`: lines of configuration. `aof`: it keeps what it has
    answered over kill()."""

    def __init__(self, host="127.0.0.1", port=None, aof=True, users=None,
                 password=None, secure=False, certificate=None,
                 replica_of=None, more=()):
        super().__init__("redis-server", "redis")
        self.host = host
        self.port = port or ports.take(1)[0]
        self.secure = secure
        self.password = password
        self.replica_of = replica_of
        self._aof = aof
        self._users = users or {}
        self._certificate = certificate or tls.certificate()
        self._more = list(more)

    # -- configuration --------------------------------------------------------

    @property
    def socket(self):
        """The path of its UNIX-domain socket."""
        return str(self.dir / "sock")

    @property
    def url(self):
        return f"{'rediss' if self.secure else 'redis'}://{self.host}:{self.port}"

    def _lines(self):
        listen = "tls-port" if self.secure else "port"
        lines = [f"bind {self.host}", "port 0", f"{listen} {self.port}",
                 f"dir {self.dir}", f"unixsocket {self.socket}",
                 "unixsocketperm 777", "daemonize no", 'save ""',
                 "protected-mode no", "repl-diskless-sync-delay 0",
                 f"appendonly {'yes' if self._aof else 'no'}",
                 # With "everysec" Redis answers before it has written where a
                 # sync takes long: kill() would lose that.
                 "appendfsync no"]
        if self.secure:
            cert, key = self._certificate
            lines += [f"tls-cert-file {cert}", f"tls-key-file {key}",
                      "tls-auth-clients no"]
        if self.password:
            lines += [f"requirepass {self.password}",
                      f"masterauth {self.password}"]
        if self.replica_of:
            lines.append(
                f"replicaof {self.replica_of.host} {self.replica_of.port}")
        return (lines + [f"user {name} {rules}"
                         for name, rules in self._users.items()] + self._more)

    # -- life -----------------------------------------------------------------

    def start(self):
        self._spawn(self._lines())
        wait_until("redis-server answers", self._answers, TIMEOUT_S)
        return self

    def _answers(self):
        assert self.is_running, self.log_text()
        try:
            with self.client() as client:
                client.call("PING")
        except RedisError as error:
            return not str(error).startswith("LOADING")
        except OSError:
            return False
        return True

    def restart(self):
        """An orderly one."""
        self.stop()
        return self.start()

    # -- what a test asks -----------------------------------------------------

    def client(self):
        client = RedisClient(self.port, self.host,
                             self._certificate[0] if self.secure else None)
        if self.password:
            client.call("AUTH", self.password)
        return client

    def call(self, *words):
        """One command over a connection of its own, as the default user."""
        with self.client() as client:
            return client.call(*words)

    def info(self, section="replication"):
        text = self.call("INFO", section).decode()
        return dict(line.split(":", 1) for line in text.split("\r\n")
                    if ":" in line)

    def clients(self):
        """CLIENT LIST, as dicts; not the one that asks."""
        lines = self.call("CLIENT", "LIST").decode().splitlines()
        found = [dict(pair.split("=", 1) for pair in line.split(" "))
                 for line in lines]
        return [one for one in found if one["cmd"] != "client|list"]

    # -- replicas -------------------------------------------------------------

    def wait_synced(self):
        """This replica is connected and has all that its master had."""
        offset = int(self.replica_of.info()["master_repl_offset"])

        def has_all():
            info = self.info()
            return (info["master_link_status"] == "up"
                    and int(info["slave_repl_offset"]) >= offset)

        wait_until("the replica has all", has_all, TIMEOUT_S)

    def detach(self):
        """This replica hears nothing more, but stays one."""
        self.call("REPLICAOF", "127.0.0.1", "1")

    def promote(self):
        self.call("REPLICAOF", "NO", "ONE")
        self.replica_of = None

    def demote(self, master):
        self.call("REPLICAOF", master.host, master.port)
        self.replica_of = master


class Sentinel(_Process):
    """Watches `master`, and its replicas, by that name. It decides alone.
    `password`: of its default user; `more`: lines of configuration."""

    def __init__(self, master, name="mymaster", down_after_ms=500,
                 password=None, more=()):
        super().__init__("redis-sentinel", "sentinel")
        self.host = "127.0.0.1"
        self.port = ports.take(1)[0]
        self.name = name
        self.password = password
        self._lines = [
            f"bind {self.host}", f"port {self.port}", f"dir {self.dir}",
            "daemonize no", "protected-mode no",
            f"sentinel monitor {name} {master.host} {master.port} 1",
            f"sentinel down-after-milliseconds {name} {down_after_ms}",
            f"sentinel failover-timeout {name} 3000", *more]
        if password:
            self._lines.append(f"requirepass {password}")
        if master.password:
            self._lines.append(f"sentinel auth-pass {name} {master.password}")

    @property
    def url(self):
        return f"sentinel://{self.host}:{self.port}/{self.name}"

    def start(self):
        self._spawn(self._lines)
        wait_until("redis-sentinel answers",
                   lambda: ports.answers(self.port), TIMEOUT_S)
        return self

    def call(self, *words):
        with RedisClient(self.port, self.host) as client:
            if self.password:
                client.call("AUTH", self.password)
            return client.call(*words)

    def master_port(self):
        """Of whom it takes for the master now."""
        return int(self.call(
            "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.name)[1])

    def wait_replicas(self, count):
        """It knows them, and so could promote one."""
        wait_until(f"the sentinel knows {count} replicas", lambda: len(
            self.call("SENTINEL", "REPLICAS", self.name)) == count, TIMEOUT_S)
