"""Reload and quit: topics stay, clients are told, resume, lose nothing."""

import asyncio
import os
import time

import pytest

from support import processes
from support.config import HISTORY
from support.fastws import Publisher
from support.follow import Follower, caught_up
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.rawws import RawWS
from support.session import JsonSession, connect, sessions_on_each_worker

QUIT_S = 6.0 if sanitizing() else 2.0


async def test_topics_values_history_survive(nginx, scheme):
    ng = nginx()
    with Http(ng, scheme) as http:
        for n in range(1, 21):
            at = http.publish_json("hist/a", n).json()
        http.put("b", b"\x00\xff", kind="image/png")
        before = http.get("b").etag
    ng.reload()
    with Http(ng, scheme) as http:
        got = http.get("b")
        assert got.body == b"\x00\xff" and got.etag == before
        assert got.headers["content-type"] == "image/png"
        items = http.get("hist/a", "last=100").json()["items"]
        assert [one["data"] for one in items] == list(range(1, 21))
        told = http.publish_json("hist/a", 21).json()
        assert (told["epoch"], told["seq"]) == (at["epoch"], 21)


async def test_clients_are_told_and_resume(nginx, scheme):
    ng = nginx()
    sessions = await sessions_on_each_worker(ng, scheme=scheme)
    http = Http(ng, scheme)
    epoch = http.publish_json("hist/a", 1).json()["epoch"]
    for one in sessions.values():
        await one.sub("hist/a")
        await one.msg()
    await asyncio.to_thread(ng.reload)
    afters = []
    for one in sessions.values():
        assert await one.closed() == 1001
        bye = await one.next()
        assert bye["op"] == "bye" and bye["code"] == 1001
        assert bye["reason"] and bye["after"] >= 0
        afters.append(bye["after"])
    http = Http(ng, scheme)
    for n in range(2, 6):
        http.publish_json("hist/a", n)
    for one in range(3):
        async with await JsonSession.open(ng, scheme=scheme) as session:
            reply = await session.sub("hist/a", {"epoch": epoch, "seq": 1})
            assert reply["recovered"] is True
            assert [msg["seq"] for msg in await session.msgs(4)] == [
                2, 3, 4, 5]


async def test_plain_clients_get_1001(nginx):
    ng = nginx(workers=2)
    ws = await connect(ng, "/plain/?topic=a")
    await asyncio.to_thread(ng.reload)
    await asyncio.wait_for(ws.wait_closed(), 10)
    assert ws.close_code == 1001


async def test_old_workers_end_soon(nginx):
    ng = nginx(workers=2)
    sessions = [await JsonSession.open(ng) for _ in range(20)]
    old = await asyncio.to_thread(ng.reload)
    began = time.monotonic()
    for one in sessions:
        assert await one.closed() == 1001
    await asyncio.to_thread(
        wait_until, "old workers end",
        lambda: not any(processes.alive(pid) for pid in old))
    assert time.monotonic() - began < QUIT_S + 2


async def test_quit_with_clients_takes_under_2_s(nginx, scheme):
    ng = nginx()
    sessions = [await JsonSession.open(ng, scheme=scheme)
                for _ in range(40)]
    for one in sessions:
        await one.sub("a/**")
    took = await asyncio.to_thread(ng.quit)
    assert took < QUIT_S
    for one in sessions:
        assert await one.closed() == 1001


def test_quit_with_clients_that_answer_nothing(nginx):
    """A Close frame that nobody answers holds a worker for a bound."""
    ng = nginx(workers=2)
    stuck = [RawWS.open(ng) for _ in range(10)]
    assert ng.quit(timeout_s=10) < 8
    for one in stuck:
        one.close()


def test_worker_shutdown_timeout(nginx):
    ng = nginx(workers=2, main="worker_shutdown_timeout 300ms;")
    stuck = [RawWS.open(ng, receive_buffer=4096) for _ in range(10)]
    assert ng.quit(timeout_s=10) < QUIT_S
    for one in stuck:
        one.close()


def test_fast_shutdown(nginx):
    ng = nginx()
    ws = RawWS.open(ng)
    ng.process.terminate()
    assert ng.process.wait(5) == 0
    ws.close()


async def test_publishing_over_reloads_loses_nothing(nginx):
    ng = nginx(http=HISTORY.replace("history=100", "history=5000"))
    followers = [Follower(ng, "hist/*") for _ in range(8)]
    await asyncio.gather(*(one.subscribed.wait() for one in followers))
    stop, told = asyncio.Event(), {}

    async def write(number):
        client, count = Publisher(ng.port), 0
        while not stop.is_set():
            count += 1
            answer = await client.publish("hist/a", f'"{number}.{count}"')
            if answer:
                told[answer["seq"]] = f"{number}.{count}"
            await asyncio.sleep(0.01)

    writing = [asyncio.ensure_future(write(n)) for n in range(3)]
    for _ in range(3):
        await asyncio.sleep(0.5)
        await asyncio.to_thread(ng.reload)
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*writing)
    await caught_up(followers, {"hist/a": max(told)})
    for one in followers:
        await one.stop()
        assert not one.wrong and not one.gaps, (one.wrong, one.gaps)
        got = dict(one.got["hist/a"])
        assert all(got.get(seq) == data for seq, data in told.items()
                   if seq >= one.got["hist/a"][0][0])


async def test_while_old_workers_linger_all_is_told(nginx):
    """A publish right after SIGHUP reaches who is still at old workers or
    can be had by resuming."""
    ng = nginx(workers=2)
    follower = Follower(ng, "hist/*")
    await follower.subscribed.wait()
    for n in range(1, 31):
        if n % 10 == 0:
            ng.reload(wait=False)
            await asyncio.sleep(0)
        client = Publisher(ng.port)
        while await client.publish("hist/a", str(n)) is None:
            await asyncio.sleep(0.01)
        client.drop()
        await asyncio.sleep(0.02)
    ng._expected_pids = set()
    last = Http(ng).get("hist/a").etag.strip('"').split(".")[1]
    await caught_up([follower], {"hist/a": int(last)})
    assert not follower.wrong and not follower.gaps
    await follower.stop()


@pytest.mark.parametrize("size", ["4m", "16m"])
async def test_a_zone_resized_is_refused(nginx, size):
    ng = nginx(workers=2)
    http = Http(ng)
    http.put("a", "kept")
    session = await JsonSession.open(ng)
    await session.sub("a")
    await session.msg()
    ng.allow(r"\[emerg\].*main.*")
    before = ng.worker_pids()
    ng.reload(wait=False, http=HISTORY.replace("main:8m", "main:" + size))
    line = await asyncio.to_thread(
        ng.wait_for_log, r"\[emerg\].*(8388608|8m|8192).*")
    said = next(text for text in ng.log_text().splitlines()
                if "[emerg]" in text)
    wanted = {"4m": ("4194304", "4m", "4096"),
              "16m": ("16777216", "16m", "16384")}[size]
    assert line and "main" in said and any(one in said for one in wanted)
    assert ng.worker_pids() == before
    http.put("a", "goes on")
    assert (await session.msg())["text"] == "goes on"
    await session.close()
    ng.reload(http=HISTORY)
    assert Http(ng).get("a").body == b"goes on"


async def test_policy_changed_by_a_reload(nginx):
    ng = nginx(workers=2)
    http = Http(ng)
    for n in range(1, 51):
        http.publish_json("hist/a", n)
    ng.reload(http=HISTORY.replace("history=100", "history=5"))
    http = Http(ng)
    http.publish_json("hist/a", 51)
    items = http.get("hist/a", "last=100").json()["items"]
    assert [one["seq"] for one in items][-6:] == list(range(46, 52))
    assert len(items) <= 51


async def test_more_and_fewer_workers(nginx):
    """Slots of workers are given back and taken anew."""
    ng = nginx(workers=2)
    Http(ng).put("a", "x")
    for workers in (4, 1, 3, 2, 4):
        await asyncio.to_thread(
            lambda: ng.reload(workers=workers, listen="reuseport"))
        await asyncio.to_thread(
            wait_until, "status counts the new workers",
            lambda: Http(ng).status()["workers"] == workers)
        sessions = await sessions_on_each_worker(ng)
        for one in sessions.values():
            await one.sub("a")
            await one.msg()
        told = Http(ng).put("a", "y")
        assert told["subscribers"] == workers
        for one in sessions.values():
            await one.msg()
            await one.close()


async def test_many_reloads_leak_no_descriptor(nginx):
    ng = nginx(workers=2)
    ng.reload()
    before = processes.open_descriptors(ng.pid)
    for _ in range(6):
        session = await JsonSession.open(ng)
        await asyncio.to_thread(ng.reload)
        assert await session.closed() == 1001
    assert processes.open_descriptors(ng.pid) <= before + 4
    assert Http(ng).status()["workers"] == 2


async def test_a_refused_reload_leaves_all_as_it_is(nginx):
    ng = nginx(workers=2)
    session = await JsonSession.open(ng)
    await session.sub("a")
    ng.allow(r"\[emerg\]")
    ng.reload(wait=False, http=HISTORY + "ws_pubsub_topic bad//x zone=main;")
    await asyncio.to_thread(ng.wait_for_log, r"\[emerg\]")
    Http(ng).put("a", "x")
    assert (await session.next_of("msg"))["text"] == "x"
    await session.close()
