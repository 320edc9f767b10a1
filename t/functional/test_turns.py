"""More work in one read than a session may have done in one turn of the event
loop: it is all done, in order, and others are not kept waiting for it."""

import json
import os
import signal

from support.httpc import Http
from support.rawws import (
    CLOSE, PING, TEXT, RawWS, close_payload, connect_socket, frame)

CONFIG = {"workers": 1, "http": "ws_pubsub_zone main:16m;",
          "server": "ws_pubsub_queue 8m; ws_pubsub_max_message 1m;"}
COUNT = 1500
REQUEST = b"HEAD /api/the/end HTTP/1.1\r\nHost: a\r\n\r\n"


def pings(count, start=0):
    return "\n".join(json.dumps({"id": n, "op": "ping"})
                     for n in range(start, start + count)).encode()


def expect_pongs(ws, count):
    for n in range(count):
        assert json.loads(ws.recv_message()[2]) == {"id": n, "op": "pong"}


def test_many_commands_in_a_frame(ng, scheme):
    ws = RawWS.open(ng, scheme=scheme)
    ws.send(b"".join(
        frame(TEXT, pings(COUNT, COUNT * n)) for n in range(4)) +
            frame(CLOSE, close_payload(1000)))
    expect_pongs(ws, 4 * COUNT)
    ws.expect_close(1000)


def test_many_commands_with_the_head(ng):
    ws = RawWS(ng)
    ws.handshake(pipelined=frame(TEXT, pings(500)) + frame(TEXT, pings(
        500, 500)))
    expect_pongs(ws, 1000)
    ws.close()


def test_many_small_frames(ng, scheme, topic):
    ws = RawWS.open(ng, path="/plain/?topic=" + topic, scheme=scheme,
                    protocol=None)
    ws.send(b"".join(
        frame(TEXT, b"%d" % n) + frame(PING, b"%d" % n)
        for n in range(2 * COUNT)))
    texts = []
    pongs = []
    while len(texts) < 2 * COUNT or len(pongs) < 2 * COUNT:
        got = ws.recv_frame()
        (texts if got.opcode == TEXT else pongs).append(int(got.payload))
    assert texts == pongs == list(range(2 * COUNT))
    ws.close()


def test_others_have_their_turn(ng):
    """Commands that look through the zone, a frame full of them, and a request
    of somebody else wait for the worker: it is answered before the last of
    them is done."""
    ws, pid = RawWS.open(ng), ng.worker_pids()[0]
    ws.text("\n".join(json.dumps({"op": "pub", "topic": f"many/{n}", "data": n})
                      for n in range(500)) + '\n{"op":"ping"}')
    assert ws.recv_message()[2] == b'{"op":"pong"}'
    other = connect_socket(ng)
    other.sendall(REQUEST)
    assert other.recv(65536).startswith(b"HTTP/1.1 404")
    os.kill(pid, signal.SIGSTOP)
    try:
        ws.text("\n".join(['{"op":"get","topic":"*/*/none/**"}'] * 200 + [
            '{"op":"pub","topic":"the/end","data":1}', '{"op":"ping"}']))
        other.sendall(REQUEST)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert other.recv(65536).startswith(b"HTTP/1.1 404")
    other.close()
    assert ws.recv_message()[2] == b'{"op":"pong"}'
    assert Http(ng).get("the/end").status == 200
    ws.close()


def test_a_bad_command_ends_the_rest(ng, topic):
    ws = RawWS.open(ng)
    ws.send(frame(TEXT, pings(300) + b'\n[]\n{"op":"ping"}') +
            frame(TEXT, b'{"op":"pub","topic":"%s","data":1}'
                  % topic.encode()))
    expect_pongs(ws, 300)
    assert json.loads(ws.recv_message()[2])["op"] == "bye"
    ws.expect_close(3500)
    assert Http(ng).get(topic).status == 404
