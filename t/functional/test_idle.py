"""idle=: topics that nobody publishes to or is subscribed to go."""

import asyncio
import time

from support.asynchttp import AsyncHttp
from support.httpc import Http
from support.processes import wait_until
from support.session import JsonSession, sessions_on_each_worker

CONFIG = {
    "http": """
        ws_pubsub_zone main:16m;
        ws_pubsub_topic "idle/**" zone=main idle=2s history=10;
        ws_pubsub_topic "late/**" zone=main idle=1h;
        """,
}
IDLE_S = 2.0


def exists(ng, topic):
    """A look at a topic is no use of it."""
    with Http(ng) as http:
        return bool(http.get(query="select=" + topic).json()["topics"])


def wait_gone(ng, topic):
    wait_until(f"{topic} goes", lambda: not exists(ng, topic), step_s=0.05)


async def test_it_goes_and_comes_anew(ng):
    http = Http(ng)
    began = time.monotonic()
    first = http.put("idle/a", "x")
    http.put("late/a", "x")
    http.put("other", "x")
    wait_gone(ng, "idle/a")
    assert time.monotonic() - began > IDLE_S - 0.1
    assert http.get("idle/a").error_code() == 102
    assert exists(ng, "late/a") and exists(ng, "other")
    again = http.put("idle/a", "x")
    assert again["seq"] == 1 and again["epoch"] != first["epoch"]
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(
            "idle/a", {"epoch": first["epoch"], "seq": 1})
        assert reply["recovered"] is False
        assert (await session.next_of("msg"))["text"] == "x"


async def test_a_publish_restarts_the_time(ng):
    http = Http(ng)
    http.put("idle/b", "x")
    for n in range(6):
        await asyncio.sleep(IDLE_S / 4)
        assert http.put("idle/b", "x")["seq"] == n + 2
    wait_gone(ng, "idle/b")


async def test_subscriptions_keep_it(ng):
    http = Http(ng)
    sessions = list((await sessions_on_each_worker(ng)).values())
    for topic in ("idle/c/1", "idle/c/2", "idle/c/3"):
        http.put(topic, "x")
    await sessions[0].sub("idle/c/1")
    await sessions[1].sub("idle/*/2", "new")
    await asyncio.sleep(2 * IDLE_S)
    assert exists(ng, "idle/c/1") and exists(ng, "idle/c/2")
    assert not exists(ng, "idle/c/3")
    # from now on it counts
    await sessions[0].ok("unsub", topic="idle/c/1")
    began = time.monotonic()
    await sessions[1].close()
    for topic in ("idle/c/1", "idle/c/2"):
        wait_gone(ng, topic)
    assert time.monotonic() - began > IDLE_S - 0.1
    for one in sessions:
        await one.close()


async def test_no_subscriber_is_told(ng):
    """A topic goes only when there is nobody to tell."""
    async with await JsonSession.open(ng) as session:
        await session.sub("idle/d/**")
        http = Http(ng)
        http.put("idle/d/1", "x")
        assert (await session.next_of("msg"))["seq"] == 1
        await asyncio.sleep(2 * IDLE_S)
        await session.quiet()
        http.put("idle/d/1", "y")
        assert (await session.msg())["seq"] == 2


async def test_a_selector_that_has_not_come_to_it_yet(nginx):
    """A slow session's selector keeps topics that it is far from."""
    ng = nginx(server="ws_pubsub_queue 8k;", **CONFIG)
    async with await JsonSession.open(ng, max_queue=1) as session:
        http = Http(ng)
        # At once, or the first may have gone before the last have come.
        http.batch([{"topic": f"idle/e/{n:04}", "text": "x" * 500}
                    for n in range(1200)])
        await session.sub("idle/e/*")
        await asyncio.sleep(2 * IDLE_S)
        assert http.status()["topics"] == 1200


async def test_reload_and_killed_workers(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    http.put("idle/a", "x")
    http.put("idle/b", "x")
    http.put("late/a", "x")
    sessions = await sessions_on_each_worker(ng)
    for one in sessions.values():
        await one.sub("idle/b")
    await asyncio.sleep(1.5 * IDLE_S)
    assert exists(ng, "idle/b")
    for pid in ng.worker_pids():
        await asyncio.to_thread(ng.kill_worker, pid)
    await asyncio.to_thread(ng.reload)
    wait_gone(ng, "idle/a")
    wait_gone(ng, "idle/b")
    assert exists(ng, "late/a")
    assert Http(ng).status()["topics"] == 1


async def test_a_hundred_thousand(nginx):
    """All go when their time has come, and none before."""
    count = 100_000
    ng = nginx(http="""
        ws_pubsub_zone main:128m;
        ws_pubsub_topic "gone/**" zone=main ttl=1s idle=2s;
        ws_pubsub_topic "stay/**" zone=main ttl=3h idle=1d;
        """)

    async def fill(prefix, first):
        async with await AsyncHttp.open(ng) as client:
            for start in range(first * 50, count, 8 * 50):
                answer = await client.request("POST", "/api/", "".join(
                    f'{{"topic":"{prefix}/{n}","data":"x"}}\n'
                    for n in range(start, start + 50)).encode(),
                    {"Content-Type": "application/x-ndjson"})
                assert answer.status == 200
                assert answer.body.count(b'"seq":1') == 50

    # At the speed of batches some go while others come.
    await asyncio.gather(*(fill("gone", first) for first in range(8)))
    wait_until("all are gone", lambda: Http(ng).status()["topics"] == 0,
               timeout_s=30)
    status = Http(ng).status()
    assert status["expired"] == count and status["messages"] == 0
    free = status["free"]
    await asyncio.gather(*(fill("stay", first) for first in range(8)))
    for pid in ng.worker_pids():
        await asyncio.to_thread(ng.kill_worker, pid)
    await asyncio.sleep(2)
    status = Http(ng).status()
    assert status["topics"] == count and status["messages"] == count
    assert status["free"] < free
    assert status["repairs"] <= 4
