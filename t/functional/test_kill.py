"""kill -9 of workers: what was answered is kept, no lock, no slot is."""

import asyncio
import itertools
import json
import os
import signal
import time

from support import processes
from support.config import HISTORY
from support.fastws import Publisher
from support.follow import Follower, caught_up
from support.httpc import Http, http_on_each_worker
from support.nginx import LOCKED_BY
from support.processes import wait_until
from support.session import JsonSession, sessions_on_each_worker

LONG = HISTORY.replace("main:8m", "main:32m").replace(
    "history=100", "history=20000")
BIG_BYTES = 2 * 1024 * 1024
BIG = f"""
    ws_pubsub_zone main:{BIG_BYTES // 1024}k;
    ws_pubsub_topic "**" zone=main history=50;
    """


async def test_nothing_acknowledged_is_lost(nginx):
    """Workers die again and again amid publishing at full speed."""
    ng = nginx(http=LONG)
    followers = [Follower(ng, "hist/*") for _ in range(6)]
    await asyncio.gather(*(one.subscribed.wait() for one in followers))
    stop, told = asyncio.Event(), {}

    async def write(number):
        client, count = Publisher(ng.port), 0
        while not stop.is_set():
            count += 1
            data = f"{number}.{count}"
            try:
                answer = await client.publish("hist/a", f'"{data}"')
            except (OSError, asyncio.TimeoutError):
                answer = None
            if answer:
                assert answer["seq"] not in told
                told[answer["seq"]] = data
            if count % 20 == 0:
                client.drop()
        client.drop()

    writing = [asyncio.ensure_future(write(n)) for n in range(8)]
    for n in range(6):
        await asyncio.sleep(0.6)
        victim = ng.worker_pids()[n % 4]
        await asyncio.to_thread(ng.kill_worker, victim)
    await asyncio.sleep(0.6)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*writing), 60)

    items, since = {}, None
    http = Http(ng)
    epoch = http.get("hist/a").etag.strip('"').split(".")[0]
    since = 0
    while True:
        page = http.get(
            "hist/a", f"since={epoch}.{since}&limit=1000").json()
        for one in page["items"]:
            items[one["seq"]] = one["data"]
            since = one["seq"]
        if not page["more"]:
            break
    assert len(told) > 500
    first = max(1, max(items) - 20000)
    assert sorted(items) == list(range(first, max(items) + 1)), "no holes"
    for seq, data in told.items():
        assert seq < first or items.get(seq) == data, (seq, data)
    await caught_up(followers, {"hist/a": max(items)})
    for one in followers:
        await one.stop()
        assert not one.wrong and not one.gaps, (one.wrong, one.gaps)
        got = dict(one.got["hist/a"])
        assert told.items() <= got.items()
        assert {seq: got[seq] for seq in got if seq >= first} == items


async def test_ten_kills_leak_no_slot(nginx):
    ng = nginx()
    http = Http(ng)
    http.put("a", "x")
    free = []
    for n in range(10):
        sessions = await sessions_on_each_worker(ng)
        for one in sessions.values():
            await one.sub("a")
            await one.sub("b/**")
        victim = ng.worker_pids()[n % 4]
        await asyncio.to_thread(ng.kill_worker, victim)
        assert await sessions[victim].closed() == 1006
        for pid, one in sessions.items():
            if pid != victim:
                await one.ping()
                await one.close()
        http = Http(ng)
        await asyncio.to_thread(
            wait_until, "the dead worker's sessions are not counted",
            lambda: Http(ng).status()["sessions"] == 0)
        status = Http(ng).status()
        assert status["workers"] == 4 and status["subscriptions"] == 0
        free.append(status["free"])
        assert http.publish("a", "x").json()["subscribers"] == 0
    assert min(free[3:]) >= free[2] - 16384, free


async def test_place_of_a_worker_that_held_much(nginx):
    """The next one takes it, though it takes a while to free all that."""
    count = 20000
    ng = nginx(http="ws_pubsub_zone main:64m;", workers=1)
    (victim,) = ng.worker_pids()
    session = await JsonSession.open(ng)
    await session.sub("many/*", since="new")
    lines = "\n".join(json.dumps({"topic": f"many/{n}", "data": n})
                      for n in range(count))
    answer = await asyncio.to_thread(
        Http(ng).request, "POST", "/api/", lines,
        {"Content-Type": "application/x-ndjson"})
    assert answer.status == 200
    free = Http(ng).status()["free"]
    await asyncio.to_thread(ng.kill_worker, victim)
    again = await JsonSession.open(ng)
    await again.sub("many/7", since="new")
    assert Http(ng).publish_json("many/7", 1).json()["subscribers"] == 1
    await asyncio.to_thread(
        wait_until, "all that the dead worker held is freed",
        lambda: Http(ng).status()["free"] > free + 64 * count)
    await again.close()


async def test_subscribers_elsewhere_notice_nothing(nginx):
    ng = nginx()
    sessions = await sessions_on_each_worker(ng)
    for one in sessions.values():
        await one.sub("hist/a")
    victim = ng.worker_pids()[0]
    writers = http_on_each_worker(ng)
    writers[victim].put("hist/a", "before")
    await asyncio.to_thread(ng.kill_worker, victim)
    writers = http_on_each_worker(ng)
    for n, one in enumerate(writers.values()):
        told = one.publish_json("hist/a", n).json()
        assert told["subscribers"] == 3
    for pid, one in sessions.items():
        if pid == victim:
            continue
        got = [await one.next_of("msg") for _ in range(5)]
        assert [msg["seq"] for msg in got] == [1, 2, 3, 4, 5]
        await one.close()


async def test_a_stopped_worker_holds_up_nobody(nginx):
    """SIGSTOP: a worker that reads its inbox no more."""
    ng = nginx(http=LONG)
    sessions = await sessions_on_each_worker(ng)
    for one in sessions.values():
        await one.sub("hist/a")
    writers = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    os.kill(victim, signal.SIGSTOP)
    try:
        others = [one for pid, one in writers.items() if pid != victim]
        began = time.monotonic()
        for n in range(1500):
            others[n % 3].publish_json("hist/a", n)
        assert time.monotonic() - began < 30
        for pid, one in sessions.items():
            if pid != victim:
                got = [await one.next_of("msg") for _ in range(1500)]
                assert [msg["seq"] for msg in got] == list(range(1, 1501))
    finally:
        os.kill(victim, signal.SIGCONT)
    # what it missed comes late, or a gap tells of it
    seq = 0
    while seq < 1500:
        said = await sessions[victim].next()
        assert said, sessions[victim].close_code
        if said["op"] == "msg":
            assert said["seq"] == seq + 1
            seq = said["seq"]
        elif said["op"] == "gap":
            assert said["from"] == seq + 1
            seq = said["to"]
    for one in sessions.values():
        await one.close()


async def test_all_workers_killed(nginx):
    ng = nginx()
    http = Http(ng)
    at = http.publish_json("hist/a", 1).json()
    for pid in ng.worker_pids():
        ng.allow_killed(pid)
        os.kill(pid, signal.SIGKILL)
        ng._expected_pids = set()
    await asyncio.to_thread(
        wait_until, "new workers", lambda: len(ng.worker_pids()) == 4)
    http = Http(ng)
    assert http.publish_json("hist/a", 2).json() == {
        "topic": "hist/a", "epoch": at["epoch"], "seq": 2,
        "subscribers": 0}
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/a", {"epoch": at["epoch"], "seq": 0})
        assert [one["data"] for one in await session.msgs(2)] == [1, 2]
    await asyncio.to_thread(
        wait_until, "four workers are counted",
        lambda: Http(ng).status()["workers"] == 4)


async def write_big(ng, number, stop):
    """Large bodies and evictions: much time within the zone's lock."""
    client = Publisher(ng.port)
    body = '"%s"' % ("x" * 30000)
    while not stop.is_set():
        try:
            await client.publish(f"a/{number}", body)
        except (OSError, asyncio.TimeoutError, AssertionError):
            client.drop()


async def check_after_big_writes(ng):
    clients = http_on_each_worker(ng)
    for pid, one in clients.items():
        assert one.publish("after", str(pid)).status == 202
        assert one.get("after").body == str(pid).encode()
        for n in range(8):
            got = one.get(f"a/{n}")
            assert got.status == 404 or len(got.body) == 30002
    assert all(processes.alive(pid) for pid in ng.worker_pids())


async def test_kill_amid_big_writes(nginx):
    ng = nginx(http=BIG)
    stop = asyncio.Event()
    writing = [asyncio.ensure_future(write_big(ng, n, stop))
               for n in range(8)]
    for n in range(8):
        await asyncio.sleep(0.25)
        victim = ng.worker_pids()[n % len(ng.worker_pids())]
        await asyncio.to_thread(ng.kill_worker, victim)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*writing), 60)
    await check_after_big_writes(ng)


def stop_within_lock(ng, zone_bytes):
    """Stops a worker that holds the zone's lock; returns its pid."""
    for pid in itertools.cycle(ng.worker_pids()):
        os.kill(pid, signal.SIGSTOP)
        wait_until("it stands still", lambda: processes.state(pid) == "T",
                   step_s=0.0005)
        if processes.zone_lock_holder(pid, zone_bytes) == pid:
            return pid
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.002)


async def test_kill_within_the_lock(nginx):
    """Each time in the middle of a change, or just before or after it."""
    ng = nginx(http=BIG)
    stop = asyncio.Event()
    writing = [asyncio.ensure_future(write_big(ng, n, stop))
               for n in range(8)]
    killed = []
    for _ in range(5):
        await asyncio.sleep(0.1)
        killed.append(await asyncio.wait_for(
            asyncio.to_thread(stop_within_lock, ng, BIG_BYTES), 60))
        await asyncio.to_thread(ng.kill_worker, killed[-1])
    stop.set()
    await asyncio.wait_for(asyncio.gather(*writing), 60)
    for pid in killed:
        ng.wait_for_log(LOCKED_BY + rf"{pid}\b")
    ng.wait_for_log('"main": undid a change')
    await check_after_big_writes(ng)
