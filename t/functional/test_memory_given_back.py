"""What a peak of sessions took, a worker gives back when it is quiet again."""

import random

import pytest

from support import processes
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.rawws import RawWS

SESSIONS = 1200
VALUE = "x" * 40000


def open_one(ng, path="/ws"):
    """A session whose client never reads: what it asked for is queued."""
    ws = RawWS.open(ng, path, receive_buffer=2048)
    ws.text('{"id":1,"op":"get","topic":"value"}')
    return ws


@pytest.mark.skipif(sanitizing(), reason="a sanitizer keeps what is freed")
@pytest.mark.parametrize("log_at", ["close", "connect"])
def test_a_peak_of_sessions(nginx, log_at):
    ng = nginx(workers=1, connections=SESSIONS + 100, listen="sndbuf=4k",
               server=f"ws_pubsub_log_at {log_at};")
    pid, = ng.worker_pids()
    http = Http(ng)
    http.put("value", VALUE)
    few = [open_one(ng) for _ in range(5)]
    before = processes.rss_kib(pid)
    many = [open_one(ng) for _ in range(SESSIONS)]
    few += [many.pop(SESSIONS // 2), many.pop()]
    wait_until("all have asked", lambda: processes.rss_kib(pid) - before
               > SESSIONS * len(VALUE) // 1024 * 3 // 4)
    peak = processes.rss_kib(pid)
    random.Random(33).shuffle(many)
    for ws in many:
        ws.close()
    wait_until("they have ended",
               lambda: http.status()["sessions"] == len(few), timeout_s=30)

    def given_back():
        return processes.rss_kib(pid) - before < (peak - before) / 4

    wait_until("the memory is given back", given_back, timeout_s=30)
    for ws in few:
        ws.close()
