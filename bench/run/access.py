"""What access costs the server: tokens at the upgrade, hooks, and many sessions
that bring new tokens at once.

The client is Python's and slow; the figures are the server's CPU time. How long
others wait is measured by a process of its own."""

import base64
import json
import multiprocessing
import os
import socket
import statistics
import struct
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import machine
import servers

ALGORITHMS = ["HS256", "RS256", "ES256", "EdDSA"]
SUBPROTOCOL = "json.wspubsub.v1"
CORES = machine.cores()
AT_A_TIME = 16  # commands in flight
REFRESHING = min(10_000, servers.DESCRIPTORS - 200)

SECRET = "not-a-secret-but-long-enough-0123456789"
SERVER = """
location = /yes {{ internal; return 204; }}
location = /app {{
    internal;
    proxy_pass http://127.0.0.1:{publish_port}/yes;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
}}
location /plain {{ ws_pubsub zone=bench; ws_pubsub_allow_publish **; }}
location /asked {{
    ws_pubsub zone=bench;
    ws_pubsub_allow_publish **;
    ws_pubsub_publish_request /yes always;
}}
location /app-asked {{
    ws_pubsub zone=bench;
    ws_pubsub_allow_publish **;
    ws_pubsub_publish_request /app always;
}}
"""
LOCATION = """
location /{name} {{
    ws_pubsub_token_key {name} {key};
    ws_pubsub zone=bench;
    ws_pubsub_allow_publish **;
}}
"""


class Issuer:
    def __init__(self, algorithm):
        self.algorithm = algorithm
        self.key = {
            "HS256": lambda: SECRET,
            "RS256": lambda: rsa.generate_private_key(65537, 2048),
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
        }[algorithm]()

    def write_key(self):
        """What the directive takes."""
        if self.algorithm == "HS256":
            return f"data:{SECRET}"
        path = servers.RUN / f"{self.algorithm}.pem"
        path.write_bytes(self.key.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo))
        return str(path)

    def token(self, user, **claims):
        return jwt.encode({"sub": user, "iat": int(time.time()), **claims},
                          self.key, self.algorithm)


def frame(text):
    data = text.encode()
    head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else \
        struct.pack(">BBH", 0x81, 0x80 | 126, len(data))
    return head + bytes(4) + data  # the mask 0 is one, too


class Session:
    def __init__(self, port, path, token=None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket.sendall((
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n{bearer}"
            f"Sec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n").encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(4096)
        if not answer.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(answer.split(b"\r\n")[0].decode())
        self.rest = answer.partition(b"\r\n\r\n")[2]

    def send(self, text):
        self.socket.sendall(frame(text))

    def replies(self, count):
        """Waits for so many frames, each below 126 bytes or 64 KiB."""
        while count > 0:
            while (size := self.first_size()) is None:
                self.rest += self.socket.recv(65536)
            self.rest = self.rest[size:]
            count -= 1

    def first_size(self):
        if len(self.rest) < 4:
            return None
        size = self.rest[1] + 2
        if self.rest[1] == 126:
            size = struct.unpack(">H", self.rest[2:4])[0] + 4
        return size if len(self.rest) >= size else None

    def close(self):
        self.socket.close()


def cpu_ns(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat") as stat:
            total += int(stat.read().split()[0])
    return total


def connects(running, path, token, count):
    """µs of CPU for each session that comes and goes."""
    before = cpu_ns(running.pids)
    for _ in range(count):
        Session(running.port, path, token).close()
    return (cpu_ns(running.pids) - before) / count / 1e3


def publishes(running, path, count):
    """µs of CPU for each."""
    session = Session(running.port, path)
    command = json.dumps({"id": 1, "op": "pub", "topic": "t", "data": "x" * 64})
    before = cpu_ns(running.pids)
    for _ in range(count // AT_A_TIME):
        session.socket.sendall(frame(command) * AT_A_TIME)
        session.replies(AT_A_TIME)
    used = cpu_ns(running.pids) - before
    session.close()
    return used / count / 1e3


def watch(port, path, token, stop, out):
    """The longest time that one session has waited for a pong, in ms."""
    session = Session(port, path, token)
    longest = 0
    while not stop.is_set():
        began = time.monotonic()
        session.send('{"op":"ping"}')
        session.replies(1)
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.001)
    out.put(longest * 1e3)


def refresh(running, issuer, count):
    """(µs of CPU each, longest stall of somebody else in ms)"""
    path = f"/{issuer.algorithm}"
    sessions = [Session(running.port, path, issuer.token("ann"))
                for _ in range(count)]
    auth = frame(json.dumps({"id": 1, "op": "auth",
                             "token": issuer.token("ann", n=1)}))
    stop, out = multiprocessing.Event(), multiprocessing.Queue()
    watcher = multiprocessing.Process(
        target=watch, args=(running.port, path, issuer.token("bob"), stop, out))
    watcher.start()
    time.sleep(0.3)
    before = cpu_ns(running.pids)
    for session in sessions:
        session.socket.sendall(auth)
    for session in sessions:
        session.replies(1)
    used = cpu_ns(running.pids) - before
    stop.set()
    longest = out.get()
    watcher.join()
    for session in sessions:
        session.close()
    return used / count / 1e3, longest


def server_of(issuers):
    locations = "".join(
        LOCATION.format(name=issuer.algorithm, key=issuer.write_key())
        for issuer in issuers)
    conf = {"http": "ws_pubsub_zone bench:{zone};",
            "subscribe": "@SUBSCRIBE@",
            "publish": "location /yes {{ return 204; }}"}

    class Server(servers.Nginx):
        def configuration(self, **words):
            return super().configuration(**words).replace(
                "@SUBSCRIBE@", SERVER.format(**words) + locations)
    return Server("access", servers.MODULE, conf, {})


def run_round(server, issuers, count, refreshing):
    """row -> value"""
    os.sched_setaffinity(0, CORES)
    with server.start() as running:
        os.sched_setaffinity(0, CORES[-1:])
        connects(running, "/plain", None, count // 4)
        values = {"connect and close, no token: µs":
                  connects(running, "/plain", None, count)}
        for issuer in issuers:
            values[f"connect and close, {issuer.algorithm} token: µs"] = \
                connects(running, f"/{issuer.algorithm}", issuer.token("ann"),
                         count)
        values["publish, no hook: µs"] = publishes(running, "/plain", count * 4)
        values["publish, hook answered by `return`: µs"] = \
            publishes(running, "/asked", count * 4)
        values["publish, hook proxied to the same worker: µs"] = \
            publishes(running, "/app-asked", count * 4)
        for issuer in issuers[1:3]:
            used, longest = refresh(running, issuer, refreshing)
            name = f"{refreshing:,} sessions refresh {issuer.algorithm} tokens"
            values[f"{name}: µs each"] = used
            values[f"{name}: longest stall of another session, ms"] = longest
    return values


def measure(quick, rounds):
    count, refreshing = (400, 1000) if quick else (4000, REFRESHING)
    issuers = [Issuer(algorithm) for algorithm in ALGORITHMS]
    servers.RUN.mkdir(parents=True, exist_ok=True)
    server = server_of(issuers)
    rows = [run_round(server, issuers, count, refreshing)
            for _ in range(rounds or (1 if quick else 3))]
    lines = ["# Results of `make bench-access`", "",
             *(f"- {line}" for line in machine.description(servers.NGINX)),
             f"- The median of {len(rows)} round(s); µs of the worker's CPU "
             "time, of user and kernel together", "",
             "| | |", "|---|---|"]
    lines += [f"| {name} | {statistics.median(row[name] for row in rows):.3g} |"
              for name in rows[0]]
    path = servers.ROOT / "bench/results/access.md"
    path.write_text("\n".join(lines) + "\n")
    print("\n".join(lines[lines.index("| | |"):]))
