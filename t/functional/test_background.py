"""Background subrequests of an upgraded request: they come to their end, and
the session works meanwhile and afterwards."""

import contextlib
import os
import queue
import signal
import socket
import threading
import time

import pytest

from support import processes
from support.httpc import Http
from support.processes import wait_until
from support.rawws import CLOSE, PING, PONG, RawWS, close_payload

HTTP = """
ws_pubsub_zone main:8m;
proxy_cache_path @PREFIX@/temp/cache keys_zone=answers:1m;
log_format ws '$status|$uri|$ws_pubsub_close_code';
"""

LOCATIONS = """
access_log @PREFIX@/logs/access.log ws;
ws_pubsub_allow_subscribe "**";
ws_pubsub_log_at {log_at};
location /asked {{
    auth_request /auth;
    ws_pubsub zone=main;
}}
location = /auth {{
    internal;
    proxy_pass http://127.0.0.1:{backend};
    proxy_cache answers;
    proxy_cache_key auth;
    proxy_cache_valid 200 1s;
    proxy_cache_valid 403 1h;
    proxy_cache_use_stale updating;
    proxy_cache_background_update on;
}}
location /copied {{
    mirror /copy;
    ws_pubsub zone=main;
}}
location /watched {{
    mirror /copy;
    ws_pubsub zone=main;
    ws_pubsub_ping_interval 300ms;
    ws_pubsub_ping_timeout 1s;
}}
location = /copy {{
    internal;
    proxy_pass http://127.0.0.1:{backend};
}}
location = /status {{ ws_pubsub_status zone=main; access_log off; }}
"""


class Backend:
    """Takes requests, and answers each when the test says so."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._taken = queue.Queue()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                sock.settimeout(15)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += sock.recv(4096)
                self._taken.put(sock)

    def take(self):
        """The next request: a socket that waits for its answer."""
        return self._taken.get(timeout=10)

    def answer(self, status=200):
        answer(self.take(), status)

    def close(self):
        with contextlib.suppress(OSError):  # it was closed before
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listening.close()


def answer(sock, status=200):
    with sock:
        sock.sendall(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % status)


@pytest.fixture
def backend():
    with contextlib.closing(Backend()) as one:
        yield one


@pytest.fixture(params=["connect", "close"])
def log_at(request):
    return request.param


@pytest.fixture
def scheme(log_at):
    return "http" if log_at == "connect" else "https"


@pytest.fixture
def started(nginx, backend, log_at):
    return nginx(workers=1, http=HTTP, locations=LOCATIONS.format(
        log_at=log_at, backend=backend.port),
        main="worker_shutdown_timeout 1s;")


def check_alive(ws, word=b"x"):
    ws.send_frame(PING, word)
    ws.expect(PONG, word)


def access_log(ng):
    path = ng.prefix / "logs" / "access.log"
    return path.read_text().splitlines() if path.exists() else []


def log_line(ng, line):
    wait_until("the line in the access log", lambda: line in access_log(ng))


def open_asked(ng, scheme):
    ws = RawWS(ng, scheme)
    ws.handshake(path="/asked")
    return ws


def test_a_cached_answer_is_renewed(started, backend, scheme, log_at):
    """Who is banned meanwhile is let in once, by the stale answer."""
    threading.Thread(target=backend.answer).start()
    first = open_asked(started, scheme)
    assert first.status == 101
    first.close()
    time.sleep(2.1)  # its second is over
    second = open_asked(started, scheme)
    assert second.status == 101
    renewal = backend.take()
    check_alive(second)
    answer(renewal, 403)
    check_alive(second)
    wait_until("the new answer is in use", lambda: (
        open_asked(started, scheme).status == 403))
    check_alive(second)
    second.send_frame(CLOSE, close_payload(1000))
    second.expect_close(1000)
    code = 0 if log_at == "connect" else 1000
    log_line(started, f"101|/asked|{code}")


def held_copy(ng, backend, scheme, path="/copied"):
    ws = RawWS.open(ng, path=path, scheme=scheme)
    return ws, backend.take()


@pytest.mark.parametrize("end", ["answer", "refusal", "nothing"])
def test_a_mirror_comes_to_its_end(started, backend, scheme, log_at, end):
    ws, copy = held_copy(started, backend, scheme)
    check_alive(ws, b"meanwhile")
    if end == "nothing":
        copy.close()
        started.wait_for_log("upstream prematurely closed connection")
    else:
        answer(copy, 200 if end == "answer" else 404)
    if log_at == "connect":
        log_line(started, "101|/copied|0")
    check_alive(ws, b"afterwards")
    ws.send_frame(CLOSE, close_payload(1000))
    ws.expect_close(1000)
    if log_at == "close":
        log_line(started, "101|/copied|1000")
    assert len(access_log(started)) == 1


def test_a_mirror_that_nobody_takes(started, backend, scheme):
    backend.close()
    ws = RawWS.open(started, path="/copied", scheme=scheme)
    started.wait_for_log("Connection refused")
    for n in range(20):
        check_alive(ws, b"%d" % n)
    ws.close()
    wait_until("it ends", lambda: Http(started).status()["sessions"] == 0)


def test_pings_go_on(started, backend, scheme):
    ws, copy = held_copy(started, backend, scheme, "/watched")
    assert ws.recv_frame().opcode == PING
    ws.send_frame(PONG)
    answer(copy)
    assert ws.recv_frame().opcode == PING
    ws.close()


def test_a_client_that_closes_need_not_wait(started, backend, scheme):
    ws, copy = held_copy(started, backend, scheme)
    ws.send_frame(CLOSE, close_payload(1000))
    ws.expect_close(1000)
    assert Http(started).status()["sessions"] == 0
    assert access_log(started) == []
    answer(copy)
    log_line(started, "101|/copied|1000")


def test_a_client_that_vanishes(started, backend, scheme):
    ws, copy = held_copy(started, backend, scheme)
    ws.close()
    wait_until("it ends", lambda: Http(started).status()["sessions"] == 0)
    answer(copy)
    log_line(started, "101|/copied|1006")


def test_a_reload_meanwhile(started, backend, scheme):
    ws, copy = held_copy(started, backend, scheme)
    old, = started.reload()
    assert ws.recv_frame().opcode == 1  # bye
    ws.expect_close(1001)
    assert processes.alive(old), "the mirror is not cut off"
    answer(copy)
    wait_until("the old worker ends", lambda: not processes.alive(old))


def test_a_worker_whose_time_is_over(started, backend, scheme):
    """It waits for the mirror only as long as nginx is told to."""
    ws, copy = held_copy(started, backend, scheme)
    ws.send_frame(CLOSE, close_payload(1000))
    ws.expect_close(1000)
    old, = started.reload()
    assert processes.alive(old)
    wait_until("the old worker ends", lambda: not processes.alive(old))
    copy.close()


def test_a_stop_meanwhile(started, backend, scheme):
    ws, copy = held_copy(started, backend, scheme)
    os.kill(started.pid, signal.SIGTERM)
    started.process.wait(15)
    assert ws.at_end()
    ws.close()
    copy.close()
