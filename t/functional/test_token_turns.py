"""Hundreds of sessions that bring tokens at the same moment: the signatures of
all of them together are cut into turns."""

import contextlib
import json
import os
import signal

import pytest

from support.rawws import CLOSE, PING, PONG, TEXT, RawWS, close_payload
from support.stall import assert_bounded, longest_stall_s
from support.tokens import Issuer

ES = Issuer("ES256")
MANY = 300
FEW = 150  # and four times as many

CONFIG = {"workers": 1, "connections": 2048, "http": """
ws_pubsub_zone main:16m;
""", "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_token_key ES256 %KEY%;
    ws_pubsub_token later;
    ws_pubsub_allow_subscribe "room/$ws_pubsub_user" "$ws_pubsub_claim_more";
    ws_pubsub_allow_publish "said";
    location /ws/free {
        ws_pubsub zone=main;
        ws_pubsub_token off;
        ws_pubsub_allow_subscribe "room/*";
    }
}
""".replace("%KEY%", json.dumps("data:" + ES.text()))}


def auth(ident, token):
    return {"id": ident, "op": "auth", "token": token}


@contextlib.contextmanager
def sessions(ng, count, token=None):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(RawWS.open(ng)) for _ in range(count)]
        for ws in opened:
            ws.sock.settimeout(60)
        if token:
            for ws in opened:
                ws.text(json.dumps(auth(0, token)))
            for ws in opened:
                assert "ok" in replies(ws, 1)[0]
        yield opened


@contextlib.contextmanager
def at_once(ng):
    """What is sent within comes to the worker in one turn."""
    worker, = ng.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def replies(ws, count):
    got = []
    for _ in range(count):
        one = ws.recv_frame()
        assert one.opcode == TEXT, one
        got.append(json.loads(one.payload))
    return got


def test_all_are_answered_and_in_order(ng):
    """A session's commands stay behind its token, which is what allows the
    first of them."""
    old = ES.token("ann")
    new = ES.token("ann", more="news")
    with sessions(ng, MANY, old) as opened:
        commands = [auth(1, new), {"id": 2, "op": "sub", "topic": "news"},
                    {"op": "ping"}, auth(3, new[:-8] + "AAAAAAAA"),
                    {"id": 4, "op": "pub", "topic": "said", "data": 1}]
        with at_once(ng):
            for ws in opened:
                for one in commands:
                    ws.text(json.dumps(one))
        for ws in opened:
            got = replies(ws, 5)
            assert got[0]["ok"]["user"] == "ann"
            assert got[1]["id"] == 2 and "ok" in got[1], got
            assert got[2] == {"op": "pong"}
            assert got[3]["error"]["code"] == 101
            assert got[4]["id"] == 4 and "ok" in got[4], got


@pytest.mark.parametrize("how", ["close", "abort"])
def test_who_leaves_while_waiting(ng, how):
    token = ES.token("ann")
    with sessions(ng, MANY) as opened:
        with at_once(ng):
            for ws in opened:
                ws.text(json.dumps(auth(1, token)))
            for ws in opened[1::2]:
                if how == "close":
                    ws.send_frame(CLOSE, close_payload(1000))
                else:
                    ws.sock.close()
        for ws in opened[::2]:
            assert "ok" in replies(ws, 1)[0]


def test_pings_go_on(ng):
    """Of the sessions that wait, too."""
    token = ES.token("ann")
    with sessions(ng, MANY) as opened:
        with at_once(ng):
            for ws in opened:
                ws.text(json.dumps(auth(1, token)))
                ws.send_frame(PING, b"x")
        first = [ws.recv_frame().opcode for ws in opened]
        second = [ws.recv_frame().opcode for ws in opened]
        assert first.count(PONG) > MANY // 2
        assert all({one, two} == {PONG, TEXT}
                   for one, two in zip(first, second))


def test_no_stall(ng):
    """By the CPU time that a turn of the worker takes."""
    old, new = ES.token("ann"), ES.token("ann", more="news")

    def stall_of(count):
        with sessions(ng, count, old) as opened:
            def work():
                for ws in opened:
                    ws.text(json.dumps(auth(1, new)))
                for ws in opened:
                    assert "ok" in replies(ws, 1)[0]
            return longest_stall_s(ng, work, "/ws/free")

    assert_bounded(stall_of, FEW)
