"""Selectors that begin alike, thousands of them on many sessions: who has other
things to do does not wait for them (SPEC promise 2)."""

import json

from support.httpc import Http
from support.rawws import CLOSE, TEXT, RawWS, close_payload, frame
from support.stall import assert_bounded, longest_stall_s

A_SESSION = 1000  # selectors
CONFIG = {"workers": 1, "http": "ws_pubsub_zone main:128m;",
          "server": f"ws_pubsub_max_subscriptions {A_SESSION};"
                    "ws_pubsub_queue 8m; ws_pubsub_max_message 1m;"}


def subscribed(ng, number):
    """A session with selectors of its own, which match nothing here."""
    ws = RawWS.open(ng)
    ws.text("\n".join(
        json.dumps({"op": "sub", "topic": f"room/*/{number}-{i}"})
        for i in range(A_SESSION)) + '\n{"op":"ping"}')
    while ws.recv_message()[2] != b'{"op":"pong"}':
        pass
    return ws


class Sessions:
    """As many as were asked for, kept from one measurement to the next."""

    def __init__(self, ng):
        self._ng = ng
        self._open = []
        self._made = 0

    def have(self, count):
        while len(self._open) < count:
            self._made += 1
            self._open.append(subscribed(self._ng, self._made))
        while len(self._open) > count:
            self._open.pop().close()

    def take_oldest(self):
        return self._open.pop(0)


def test_one_of_them_leaves(ng):
    sessions = Sessions(ng)

    def stall_of(others):
        sessions.have(others + 1)
        leaver = sessions.take_oldest()

        def leave():
            leaver.send(frame(CLOSE, close_payload(1000)))
            leaver.expect_close(1000)
        return longest_stall_s(ng, leave)

    assert_bounded(stall_of, 8)
    sessions.have(0)


def test_new_topics(ng):
    sessions = Sessions(ng)
    made = 0

    def stall_of(others):
        nonlocal made
        sessions.have(others)
        lines = []
        for _ in range(100):
            made += 1
            lines.append(json.dumps({"topic": f"room/{made}/x", "data": 1}))

        def publish():
            answer = Http(ng).request(
                "POST", "/api/", "\n".join(lines).encode(),
                {"Content-Type": "application/x-ndjson"})
            assert answer.status == 200
        return longest_stall_s(ng, publish)

    assert_bounded(stall_of, 8)
    sessions.have(0)
