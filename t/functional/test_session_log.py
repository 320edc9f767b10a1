"""The end of each session is one line of the error log, with the client's
address, the code and the reason; no client causes more than information."""

import json

import pytest

from support.deflate import Codec, parse_answer
from support.httpc import Http
from support.log_lines import above_info, session_ends
from support.processes import wait_until
from support.rawws import (
    BINARY, CLOSE, PING, TEXT, RawWS, close_payload, frame)

CONFIG = {"workers": 1, "locations": """
ws_pubsub_compression on;
ws_pubsub_allow_subscribe "**";
location /ws { ws_pubsub zone=main; }
location /ws-connect { ws_pubsub zone=main; ws_pubsub_log_at connect; }
location /late { ws_pubsub zone=main; ws_pubsub_message_timeout 200ms; }
location /dead {
    ws_pubsub zone=main;
    ws_pubsub_ping_interval 100ms;
    ws_pubsub_ping_timeout 100ms;
}
location /small/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_queue 64k;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}


def ends_of(ng, start, count=1):
    """The lines of so many ends since the log had that size; no line since
    then is worse than information."""
    wait_until("the ends are told",
               lambda: len(session_ends(ng.log_text()[start:])) >= count)
    text = ng.log_text()[start:]
    assert not above_info(text)
    ends = session_ends(text)
    assert len(ends) == count, ends
    return ends


def said_of(ng, start):
    """Code and reason of the one end."""
    end, = ends_of(ng, start)
    assert ", client: 127.0.0.1, server: " in end
    return end.split(" while ")[0].split(" with ")[1]


@pytest.mark.parametrize("path, sent, said", [
    ("/ws", frame(TEXT, b"x", mask=False), "1002: unmasked frame"),
    ("/ws", frame(3), "1002: reserved opcode"),
    ("/ws", frame(BINARY, b"x"), "1003: text frames only"),
    ("/ws", frame(TEXT, b"\xff"), "1007: text is not UTF-8"),
    ("/ws", frame(TEXT, b"\x07" * 9, rsv=4), "1007: bad compressed data"),
    ("/ws", frame(TEXT, b"x" * 65537), "1009: message too big"),
    ("/ws", frame(TEXT, b"[]"), "3500: not a JSON object"),
    ("/ws-connect", frame(TEXT, b"[]"), "3500: not a JSON object"),
    ("/small/?topic=a", frame(TEXT, b"a"), "1008: publishing is not allowed"),
    ("/late", frame(TEXT, b"a", fin=False),
     "3008: message not finished in time"),
    ("/dead", b"", "3012: no pong"),
], ids=lambda value: "sent" if isinstance(value, bytes) else value)  # masks vary
def test_the_server_ends_it(ng, scheme, path, sent, said):
    start = len(ng.log_text())
    ws = RawWS.open(ng, path, scheme, extensions="permessage-deflate",
                    protocol=None if path.startswith("/small") else
                    "json.wspubsub.v1")
    ws.send(sent)
    while ws.recv_frame().opcode != CLOSE:
        pass
    assert said_of(ng, start) == said
    ws.close()
    wait_until("it is gone", lambda: Http(ng).status()["sessions"] == 0)
    ends_of(ng, start)


@pytest.mark.parametrize("payload, code", [
    (close_payload(1000, b"bye"), "1000"), (close_payload(4321), "4321"),
    (b"", "1005")])
def test_the_client_ends_it(ng, scheme, payload, code):
    start = len(ng.log_text())
    with RawWS.open(ng, scheme=scheme) as ws:
        ws.send_frame(CLOSE, payload)
        assert ws.recv_frame().opcode == CLOSE
        assert said_of(ng, start) == code


def test_the_client_is_gone(ng, scheme):
    start = len(ng.log_text())
    RawWS.open(ng, scheme=scheme).close()
    assert said_of(ng, start) == "1006: the client left without a Close"


def test_broken_compression_again_and_again(ng):
    start = len(ng.log_text())
    for n in range(20):
        ws = RawWS.open(ng, extensions="permessage-deflate")
        codec = Codec(parse_answer(ws.headers["sec-websocket-extensions"]))
        data = bytearray(codec.compress(b"what a client says " * n))
        ws.send_frame(TEXT, bytes(data[:n]) + b"\x07\xff", rsv=4)
        while (got := ws.recv_frame()).opcode != CLOSE:
            pass
        assert got.payload[:2] in (b"\x03\xef", b"\x0d\xac")  # 1007, 3500
        ws.close()
    ends_of(ng, start, 20)


def test_a_reader_that_stops(ng, scheme, topic):
    """It is given up amid a write: OpenSSL is not asked to write anything
    else."""
    start = len(ng.log_text())
    ws = RawWS.open(ng, "/small/?topic=" + topic, scheme, protocol=None,
                    receive_buffer=4096)
    http = Http(ng)
    while http.status()["sessions"] > 0:
        http.put(topic, "x" * 60000)
    assert said_of(ng, start) == "3008: too slow"
    ws.close()


def test_a_reader_that_stops_and_does_not_answer(ng, scheme, topic):
    start = len(ng.log_text())
    ws = RawWS.open(ng, "/dead", scheme, receive_buffer=4096)
    ws.text(json.dumps({"id": 1, "op": "sub", "topic": topic}))
    while ws.recv_frame().opcode == PING:
        pass
    http = Http(ng)
    for _ in range(12):
        http.put(topic, "x" * 60000)
    wait_until("it is gone", lambda: http.status()["sessions"] == 0,
               timeout_s=20)
    assert said_of(ng, start) == "3012: no pong"
    ws.close()
