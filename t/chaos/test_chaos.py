"""The promises while all goes wrong at once, for CHAOS_SECONDS: workers are
killed, stopped for a while and replaced by reloads; readers are slow, or read
nothing; batches come in bursts. Nothing that was answered is lost, nothing
comes twice, whoever reads is never sent away for being slow."""

import asyncio
import json
import os
import random
import signal
import socket
import threading
import time

import pytest

from support.follow import Follower, caught_up
from support.httpc import Http
from support.rawws import RawWS, frame, TEXT
from support.writer import Writer

SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1000000)))
WRITERS = 8
FOLLOWERS = 20
SLOW_READERS = 12
RATE_PER_S = 400
TOPICS = [f"soak/{n}" for n in range(4)]
BATCH_LINES = 60
BATCH_BYTES = 4000
CONFIG = """
ws_pubsub_zone main:64m;
ws_pubsub_topic "soak/**" zone=main history=10000;
ws_pubsub_topic "burst/**" zone=main history=2000;
"""
LIMITS = "ws_pubsub_queue 256k; ws_pubsub_max_message 1m;"


class LeanFollower(Follower):
    """Keeps no messages: what the first of all saw at a seq is `seen`, and
    the others have to see the same."""

    def __init__(self, ng, selector, seen):
        self.seen = seen
        self.count = 0
        super().__init__(ng, selector)

    def _message(self, said):
        super()._message(said)
        topic = said["topic"]
        if not self.got.get(topic):
            return
        seq, data = self.got[topic].pop()
        self.got[topic] = [(seq, None)]
        self.count += 1
        if self.seen.setdefault((topic, seq), data) != data:
            self.wrong.append(["others saw another", said])


class SlowReaders(threading.Thread):
    """Sessions that read little or nothing, and come back when they are
    closed. Only what they are closed with matters."""

    def __init__(self, ng):
        super().__init__()
        self.ng = ng
        self.ended = threading.Event()
        self.closed = 0

    def _open(self):
        try:
            ws = RawWS.open(self.ng, receive_buffer=4096)
            ws.sock.settimeout(0)
            ws.send(frame(TEXT, b'{"op":"sub","topic":"**"}'))
            return ws
        except (OSError, EOFError, AssertionError):
            return None

    def run(self):
        readers = [None] * SLOW_READERS
        while not self.ended.wait(0.05):
            for n, ws in enumerate(readers):
                if ws is None:
                    readers[n] = self._open()
                elif n % 3 > 0 and not self._read(ws, 200 * n):
                    ws.close()
                    readers[n] = None
                    self.closed += 1
        for ws in readers:
            if ws is not None:
                ws.close()

    @staticmethod
    def _read(ws, size):
        try:
            return ws.sock.recv(size) != b""
        except (BlockingIOError, socket.timeout):
            return True
        except OSError:
            return False


class Burster(threading.Thread):
    """Batches as large as a request may be, one after the other."""

    def __init__(self, ng):
        super().__init__()
        self.ng = ng
        self.ended = threading.Event()
        self.batches = 0

    def run(self):
        body = "".join(
            json.dumps({"topic": "burst/a", "text": "x" * BATCH_BYTES}) + "\n"
            for _ in range(BATCH_LINES)).encode()
        while not self.ended.wait(0.5):
            try:
                answer = Http(self.ng).request(
                    "POST", "/api/", body,
                    {"Content-Type": "application/x-ndjson"})
                self.batches += answer.status == 200
            except (OSError, EOFError, ValueError):
                pass


async def stop_a_worker(ng, chance):
    """SIGSTOP, for a while. The others go on, unless it holds the lock."""
    pid = chance.choice(ng.worker_pids())
    try:
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass


async def disturb(ng, chance):
    ended = time.monotonic() + SECONDS
    done = {"kill": 0, "reload": 0, "stop": 0}
    while time.monotonic() < ended:
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        what = chance.choices(["kill", "reload", "stop"], [5, 2, 3])[0]
        done[what] += 1
        if what == "kill":
            await asyncio.to_thread(
                ng.kill_worker, chance.choice(ng.worker_pids()))
        elif what == "reload":
            await asyncio.to_thread(ng.reload)
        else:
            await stop_a_worker(ng, chance)
    await asyncio.sleep(3)
    return done


def all_told(writers):
    told = {}
    for one in writers:
        for at, data in one.told.items():
            assert at not in told, f"given twice: {at}"
            told[at] = data
    return told


def check_follower(one):
    assert not one.wrong, one.wrong[:5]
    assert not one.gaps, one.gaps[:5]
    assert all(one.recovered), one.recovered
    assert set(one.ends) <= {None, 1000, 1001}, set(one.ends)


def check_seen(seen, told, unknown):
    """What was seen was published, and what was answered was seen."""
    for at, data in told.items():
        assert seen.get(at) == data, (at, data, seen.get(at))
    for at in set(seen) - set(told):
        assert (at[0], seen[at]) in unknown, (at, seen[at])


async def chaos(ng, chance):
    seen = {}
    followers = [LeanFollower(ng, "soak/*", seen) for _ in range(FOLLOWERS)]
    await asyncio.gather(*(
        asyncio.wait_for(one.subscribed.wait(), 20) for one in followers))
    writers = [Writer(ng, n, TOPICS, WRITERS / RATE_PER_S)
               for n in range(WRITERS)]
    stop = asyncio.Event()
    writing = [asyncio.ensure_future(one.run(stop)) for one in writers]
    others = [SlowReaders(ng), Burster(ng)]
    for one in others:
        one.start()
    try:
        done = await disturb(ng, chance)
    finally:
        stop.set()
        for one in others:
            one.ended.set()
        await asyncio.wait_for(asyncio.gather(*writing), 60)
        for one in others:
            await asyncio.to_thread(one.join)

    told = all_told(writers)
    last = {}
    for topic, seq in told:
        last[topic] = max(seq, last.get(topic, 0))
    await caught_up(followers, last)
    for one in followers:
        await one.stop()
    for one in followers:
        check_follower(one)
    check_seen(seen, told, {at for one in writers for at in one.unknown})
    assert others[1].batches > 0 and sum(done.values()) > 0
    print(f"{len(told)} messages, {sum(one.count for one in followers)} "
          f"deliveries, {done}, {others[1].batches} batches, "
          f"{others[0].closed} slow readers closed")


@pytest.mark.skipif(SECONDS <= 0, reason="CHAOS_SECONDS is 0")
def test_chaos(nginx):
    print(f"CHAOS_SEED={SEED}")
    asyncio.run(chaos(nginx(workers=4, http=CONFIG, server=LIMITS,
                            main="worker_shutdown_timeout 5s;"),
                      random.Random(SEED)))
