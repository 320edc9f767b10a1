"""A client's last frames and the end of its stream in one segment: what came
before the end is done and answered (RFC 6455 sections 5.5.1 and 7.1.7)."""

import json

import pytest

from support.half_closing import HalfClosingWS
from support.httpc import Http
from support.processes import wait_until
from support.rawws import CLOSE, PING, PONG, TEXT, close_payload, frame

CONFIG = {"workers": 1, "server": "ws_pubsub_queue 8m;"}
PLAIN = "/plain/?topic="
COMMANDS = 300  # more than are done in one turn


def pings(count):
    return b"\n".join(b'{"id":%d,"op":"ping"}' % n for n in range(count))


def expect_end(ws, code=None):
    """A Close with that code (None: no Close), and the end."""
    if code is not None:
        got = ws.recv_frame()
        assert (got.opcode, got.payload[:2]) == (
            CLOSE, code.to_bytes(2, "big")), got
    with pytest.raises(EOFError):
        ws.recv_frame()
    ws.close()


def test_close(ng, scheme):
    ws = HalfClosingWS.open(ng, scheme=scheme)
    ws.sock.send_last(frame(CLOSE, close_payload(1000)))
    expect_end(ws, 1000)


def test_close_with_the_head(ng, scheme):
    ws = HalfClosingWS(ng, scheme)
    ws.send = ws.sock.send_last
    ws.handshake(pipelined=frame(CLOSE, close_payload(1000)))
    assert ws.status == 101
    expect_end(ws, 1000)


def test_close_behind_messages(ng, scheme, topic):
    ws = HalfClosingWS.open(ng, scheme=scheme)
    ws.sock.send_last(
        frame(TEXT, b'{"op":"pub","topic":"%s","data":1}' % topic.encode())
        + frame(TEXT, pings(1)) + frame(PING, b"?")
        + frame(CLOSE, close_payload(4000)))
    assert json.loads(ws.recv_message()[2])["op"] == "pong"
    ws.expect(PONG, b"?")
    expect_end(ws, 4000)
    assert Http(ng).get(topic).body == b"1"


def test_close_behind_commands_that_wait(ng, scheme):
    ws = HalfClosingWS.open(ng, scheme=scheme)
    ws.sock.send_last(frame(TEXT, pings(COMMANDS))
                      + frame(CLOSE, close_payload(1000)))
    for n in range(COMMANDS):
        assert json.loads(ws.recv_message()[2])["id"] == n
    expect_end(ws, 1000)


@pytest.mark.parametrize("last, code", [
    (frame(TEXT, b"x", mask=False), 1002),
    (frame(3), 1002),
    (frame(TEXT, b"\xff"), 1007),
    (frame(TEXT, b"x" * 65537), 1009),
    (frame(CLOSE, close_payload(1005)), 1002),
], ids=["unmasked", "opcode", "utf8", "size", "close"])
def test_violation(ng, scheme, topic, last, code):
    ws = HalfClosingWS.open(ng, PLAIN + topic, scheme, protocol=None)
    ws.sock.send_last(last)
    expect_end(ws, code)


def test_bad_command(ng, scheme):
    ws = HalfClosingWS.open(ng, scheme=scheme)
    ws.sock.send_last(frame(TEXT, b"[]"))
    assert json.loads(ws.recv_message()[2])["code"] == 3500
    expect_end(ws, 3500)


def test_commands_without_a_close(ng, scheme, topic):
    """They are done and answered; then the session ends as it was left."""
    ws = HalfClosingWS.open(ng, scheme=scheme)
    ws.sock.send_last(frame(TEXT, pings(COMMANDS) + (
        '\n{"op":"pub","topic":"%s","data":1}' % topic).encode()))
    for n in range(COMMANDS):
        assert json.loads(ws.recv_message()[2])["id"] == n
    expect_end(ws)
    assert Http(ng).get(topic).status == 200


def test_no_session_is_left(ng, scheme):
    for last in (frame(PING), b"\x81", frame(TEXT, b"a", fin=False),
                 frame(TEXT, b'{"op":"sub","topic":"**"}')):
        ws = HalfClosingWS.open(ng, scheme=scheme)
        ws.sock.send_last(last)
        while ws.sock.recv(4096):
            pass
        ws.close()
    wait_until("no session is left",
               lambda: Http(ng).status()["sessions"] == 0)
