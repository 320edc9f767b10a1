"""Who reads slowly, but reads, is alive, and has room for as much as it has
read; by TLS too, where a large frame leaves a record at a time."""

import json
import socket
import threading
import time

from support.httpc import Http
from support.processes import wait_until
from support.rawws import PING, PONG, RawWS
from support.stall import assert_bounded, longest_stall_s

SIZE = 8000
LISTEN = {"workers": 1, "listen": "sndbuf=64k", "server": """
    ws_pubsub_max_message 1m;
    ws_pubsub_ping_interval 500ms;
    ws_pubsub_ping_timeout 1500ms;
    """}


def subscribed(ng, scheme, topic, **how):
    ws = RawWS.open(ng, scheme=scheme, **how)
    ws.text(json.dumps({"id": 1, "op": "sub", "topic": topic}))
    assert b'"ok"' in ws.recv_message()[2]
    return ws


def read_slowly(ws, count, pause_s):
    while len(ws.buffer) < count:
        ws.buffer += ws.sock.recv(16384)
        time.sleep(pause_s)


def next_message(ws):
    """Answers the pings before it."""
    while True:
        got = ws.recv_frame()
        if got.opcode != PING:
            return json.loads(got.payload)
        ws.send_frame(PONG, got.payload)


def test_a_large_value(nginx, topic, scheme):
    """It takes longer than the silence that is allowed."""
    ng = nginx(**LISTEN)
    size = 800 * 1024
    Http(ng).put(topic, "x" * size)
    ws = subscribed(ng, scheme, topic, receive_buffer=8192)
    read_slowly(ws, size, pause_s=0.1)
    assert len(next_message(ws)["text"]) == size
    ws.text('{"op":"ping"}')
    assert next_message(ws) == {"op": "pong"}
    ws.close()


def test_room_for_what_was_read(nginx, topic, scheme):
    """The queue of 1m has 900 KB, of which a part is read: 300 KB more fit."""
    ng = nginx(**{**LISTEN, "server": "ws_pubsub_max_message 1m;"})
    ws = subscribed(ng, scheme, topic, receive_buffer=8192)
    http = Http(ng)
    http.put(topic, "x" * 900_000)
    read_slowly(ws, 350_000, pause_s=0)
    http.put(topic, "y" * 300_000)
    assert next_message(ws)["op"] == "topic"
    assert next_message(ws)["text"] == "x" * 900_000
    assert next_message(ws)["text"] == "y" * 300_000
    assert http.status()["slow"] == 0
    ws.close()


class Drain:
    """A client that takes all history, and looks at none of it: the kernel
    throws it away, which is as fast as one can read."""

    def __init__(self, ng, topic, count):
        self._ws = RawWS.open(ng)
        self._ws.text(json.dumps({"id": 1, "op": "sub", "topic": topic,
                                  "since": {"last": count}}))
        self._bytes = count * SIZE
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        got = 0
        while got < self._bytes:
            data = self._ws.sock.recv(1 << 22, socket.MSG_TRUNC)
            assert data, "closed"
            got += len(data)

    def join(self):
        self._thread.join()
        self._ws.close()


def test_a_long_history(nginx):
    """Others wait no longer for it the longer it is, however fast it is
    read."""
    ng = nginx(workers=1, http="""
        ws_pubsub_zone main:64m;
        ws_pubsub_topic "**" zone=main history=4000;
        """)
    text = "x" * SIZE
    numbers = iter(range(100))

    def stall_of(count):
        topic = f"history/{next(numbers)}"
        with Http(ng) as http:
            for first in range(1, count + 1, 100):
                http.batch([{"topic": topic, "text": f"{n} {text}"}
                            for n in range(first, first + 100)])

        def work():
            drains = [Drain(ng, topic, count) for _ in range(4)]
            for one in drains:
                one.join()
        stall = longest_stall_s(ng, work)
        with Http(ng) as http:
            assert http.delete(topic).status == 204
            wait_until("its memory is back", lambda: (
                http.status()["topics"] == 0))
        return stall
    assert_bounded(stall_of, 800)
