"""A client that asks for key updates (RFC 8446 section 4.6.3) and does not read
the answers: OpenSSL then reads nothing else before it has written one.

Such a session costs nothing while it waits, and goes on when there is room.
"""

import json
import time

from support.httpc import Http
from support.openssl import OpensslWS
from support.processes import cpu_seconds, wait_until

CONFIG = {
    "workers": 1,
    "listen": "sndbuf=4k",
    "http": "ws_pubsub_zone main:8m; ssl_protocols TLSv1.3;",
}
COUNT = 200
TEXT = "x" * 2000


def told(http, topic):
    """The topic that a session publishes to, to show that it is read."""
    return http.get(topic + "/told").body


def deaf_session(ng, http, topic):
    """A subscriber of topic that is not read any more, and the number that it
    told in vain."""
    ws = OpensslWS.open(ng, receive_buffer=4096)
    ws.text(json.dumps({"id": 1, "op": "sub", "topic": topic}))
    assert json.loads(ws.recv_message()[2])["id"] == 1
    for n in range(1000):
        # No message is among the answers: OpenSSL fails where it has to answer
        # amid one.
        for _ in range(50):
            ws.sock.request_key_update()
        ws.text(json.dumps({"op": "pub", "topic": topic + "/told", "data": n}))
        try:
            wait_until("it is read", lambda: told(http, topic) == b"%d" % n,
                       timeout_s=1)
        except AssertionError:
            return ws, n
    raise AssertionError("kernel buffers hold no such amount")


def expect_idle(ng):
    """The worker that looks at a session again and again uses a second."""
    pid = ng.worker_pids()[0]
    before = cpu_seconds(pid)
    time.sleep(1)
    assert cpu_seconds(pid) - before < 0.3


def unless_openssl_ends_it(ng, follow, topic):
    """follow(topic), but anew where OpenSSL 3.0 has ended the session: it does
    so when it has to answer twice while a record is half written."""
    for n in range(10):
        start = len(ng.log_text())
        try:
            return follow(f"{topic}/{n}")
        except (AssertionError, EOFError, OSError):
            if "SSL_read() failed" not in ng.log_text()[start:]:
                raise
    raise AssertionError("OpenSSL has ended all of them")


def test_it_goes_on_when_there_is_room(ng, topic):
    unless_openssl_ends_it(ng, lambda one: follow_and_read(ng, one), topic)


def follow_and_read(ng, topic):
    http = Http(ng)
    ws, number = deaf_session(ng, http, topic)
    expect_idle(ng)
    for n in range(COUNT):
        http.put(topic, f"{n} {TEXT}")
    expect_idle(ng)
    assert told(http, topic) != b"%d" % number
    assert json.loads(ws.recv_message()[2])["op"] == "topic"
    for n in range(COUNT):
        said = json.loads(ws.recv_message()[2])
        assert (said["seq"], said["text"]) == (n + 1, f"{n} {TEXT}")
    ws.text('{"op":"ping"}')
    assert ws.recv_message()[2] == b'{"op":"pong"}'
    assert told(http, topic) == b"%d" % number
    ws.close()


def test_it_is_closed_meanwhile(ng, topic):
    http = Http(ng)
    ws, _ = deaf_session(ng, http, topic)
    while http.status()["slow"] == 0:
        http.put(topic, TEXT * 10)
    expect_idle(ng)
    ws.expect_close(3008, skip_data=True)
