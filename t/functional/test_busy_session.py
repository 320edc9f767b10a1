"""A session whose own commands take longer than a silent one would be kept: it
is not given up, since it is the server that does not read. Afterwards it has
to answer again."""

import json
import time

import pytest

from support.httpc import Http
from support.rawws import PING, TEXT, RawWS, frame

TIMES = "ws_pubsub_ping_interval 300ms; ws_pubsub_ping_timeout 300ms;"
CONFIG = {"workers": 1, "http": "ws_pubsub_zone main:16m;",
          "server": TIMES + "ws_pubsub_max_message 64m;"}
# Each looks through the zone: worth a turn of its own.
COMMAND = '{"op":"get","topic":"*/none"}'
WORK_S = 2.0


def fill(http):
    http.batch([{"topic": f"many/{n}", "data": n} for n in range(3000)])


def in_one_frame(commands):
    return frame(TEXT, "\n".join(commands).encode())


def in_frames(commands):
    return b"".join(frame(TEXT, one.encode()) for one in commands)


def do(ws, count, join):
    """Sends so many commands, and waits until all are done. Answers no pings.
    Returns the seconds that it took."""
    began = time.monotonic()
    ws.send(join([COMMAND] * count + ['{"id":"end","op":"ping"}']))
    while True:
        got = ws.recv_frame()
        if got.opcode != PING:
            assert got.opcode == TEXT, got
            assert json.loads(got.payload) == {"id": "end", "op": "pong"}
            return time.monotonic() - began


def work_for(ws, seconds, join):
    """How many commands take about so long here."""
    count = 50
    while (took := do(ws, count, join)) < 0.1:
        count *= 2
    return int(count * seconds / took)


@pytest.mark.parametrize("join", [in_one_frame, in_frames])
def test_it_is_not_given_up_before_its_work_is_done(ng, scheme, join):
    fill(Http(ng))
    ws = RawWS.open(ng, scheme=scheme)
    do(ws, work_for(ws, WORK_S, join), join)
    # From here on it is dead to the server.
    got = ws.recv_frame()
    while got.opcode == PING:
        got = ws.recv_frame()
    assert json.loads(got.payload)["op"] == "bye"
    ws.expect_close(3012)
