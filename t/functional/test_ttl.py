"""ttl=: messages that are too old are served to nobody."""

import asyncio
import os
import signal
import time

from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.session import JsonSession, sessions_on_each_worker

CONFIG = {
    "http": """
        ws_pubsub_zone main:16m;
        ws_pubsub_topic "short/**" zone=main ttl=1500ms history=100;
        ws_pubsub_topic "event/**" zone=main ttl=1s retain=off history=100;
        ws_pubsub_topic "long/**" zone=main ttl=1h history=100;
        """,
}
TTL_S = 1.5


def gone_everywhere(clients, topic):
    answers = [one.get(topic) for one in clients]
    assert all(one.status in (200, 404) for one in answers)
    return all(one.status == 404 for one in answers)


def test_a_value_over_http(ng):
    clients = list(http_on_each_worker(ng).values())
    began = time.monotonic()
    at = clients[0].put("short/a", "x")
    while time.monotonic() - began < TTL_S * 0.7:
        for one in clients:
            answer = one.get("short/a")
            if time.monotonic() - began < TTL_S * 0.9:
                assert answer.status == 200 and answer.body == b"x"
    wait_until("it is too old", lambda: gone_everywhere(clients, "short/a"))
    assert time.monotonic() - began > TTL_S * 0.9
    for one in clients:
        assert one.get("short/a").error_code() == 109
        assert one.get("short/never").error_code() == 102
        patched = one.patch("short/a", "{}")
        assert patched.status == 404 and patched.error_code() == 109
        assert one.patch("short/never", "{}").error_code() == 102
        listed = one.get(query="select=short/a&values=1").json()["topics"]
        assert listed == [
            {"topic": "short/a", "epoch": at["epoch"], "seq": 1}]
        history = one.get("short/a", "last=9").json()
        assert history == {"items": [], "more": False}
    # the topic goes on where it was
    again = clients[1].put("short/a", "y")
    assert (again["epoch"], again["seq"]) == (at["epoch"], 2)
    assert clients[2].get("short/a").body == b"y"


def test_conditions_agree_with_get(ng):
    """A lease: taken only when there is none, or it is too old."""
    http = Http(ng)

    def take(who):
        return http.publish("short/lease", who, If_None_Match="*").status

    assert take("one") == 202 and take("two") == 412
    assert http.publish("short/lease", "one", If_Match="*").status == 202
    wait_until("the lease is over", lambda: take("two") == 202)
    assert http.get("short/lease").body == b"two"
    wait_until("that one too",
               lambda: http.get("short/lease").status == 404)
    assert http.publish("short/lease", "x", If_Match="*").status == 412


async def test_over_websocket(ng):
    async with await JsonSession.open(ng) as session:
        at = await session.pub("short/b", text="x")
        got = await session.ok("get", topic="short/b")
        assert got["items"][0]["text"] == "x"
        await asyncio.sleep(TTL_S + 0.3)
        await session.fails(109, "get", topic="short/b")
        got = await session.ok("get", topic="short/*")
        assert {"topic": "short/b", **at} in got["items"]
        reply = await session.sub("short/b")
        assert reply["topics"] == [{"topic": "short/b", **at}]
        assert reply["recovered"] is True
        await session.quiet()
        await session.pub("short/b", text="y")
        assert (await session.msg())["seq"] == 2


async def test_resuming_past_what_is_gone(ng):
    async with await JsonSession.open(ng) as session:
        at = await session.pub("short/c", text="1")
        await session.pub("short/c", text="2")
        await asyncio.sleep(TTL_S + 0.3)
        await session.pub("short/c", text="3")
        reply = await session.sub(
            "short/c", {"epoch": at["epoch"], "seq": 0})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gap", "topic": "short/c", "from": 1, "to": 2,
            "cause": "evicted"}
        assert (await session.msg())["seq"] == 3
        await session.quiet()


async def test_resuming_where_all_is_gone(ng):
    async with await JsonSession.open(ng) as session:
        at = await session.pub("event/c", text="1")
        await session.pub("event/c", text="2")
        await asyncio.sleep(1.3)
        reply = await session.sub(
            "event/**", positions={
                "event/c": {"epoch": at["epoch"], "seq": 1}})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gap", "topic": "event/c", "from": 2, "to": 2,
            "cause": "evicted"}
        await session.quiet()
        await session.ok("unsub", topic="event/**")
        reply = await session.sub(
            "event/c", {"epoch": at["epoch"], "seq": 2})
        assert reply["recovered"] is True
        await session.quiet()


async def test_nothing_too_early(ng):
    async with await JsonSession.open(ng) as session:
        at = await session.pub("long/a", text="x")
        await asyncio.sleep(TTL_S + 1)
        reply = await session.sub("long/a", {"epoch": at["epoch"], "seq": 0})
        assert reply["recovered"] is True
        assert (await session.msg())["text"] == "x"


def test_memory_comes_back(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    free = http.status()["free"]
    body = "x" * 30000
    for n in range(200):
        http.put(f"short/{n}", body)
    assert http.status()["free"] < free - 200 * 30000
    wait_until("all are let go",
               lambda: http.status()["messages"] == 0)
    status = http.status()
    assert status["expired"] == 200 and status["topics"] == 200
    assert status["evicted"] == 0
    assert status["free"] > free - 100_000


async def test_reload_and_killed_workers(nginx):
    """Whichever worker is there does it; nobody is late for good."""
    ng = nginx(**CONFIG)
    http = Http(ng)
    for n in range(50):
        http.put(f"short/{n}", "x")
        http.put(f"long/{n}", "x")
    old = ng.reload()
    await asyncio.to_thread(
        wait_until, "the old workers end",
        lambda: not set(old) & set(ng.worker_pids()))
    for pid in ng.worker_pids():
        await asyncio.to_thread(ng.kill_worker, pid)
    wait_until("all are let go",
               lambda: Http(ng).status()["expired"] == 50)
    http = Http(ng)
    for n in range(50):
        assert http.get(f"short/{n}").status == 404
        assert http.get(f"long/{n}").status == 200


async def test_a_new_policy_counts_from_the_next_message(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    http.put("long/a", "x")
    http.put("long/b", "x")
    await asyncio.to_thread(
        ng.reload, http=CONFIG["http"].replace("1h", "1s"))
    http = Http(ng)
    http.put("long/b", "y")
    wait_until("the new one is gone",
               lambda: http.get("long/b").status == 404)
    assert http.get("long/b", "last=9").json()["items"] == []
    assert http.get("long/a").status == 200


async def test_subscribers_of_a_stream(ng):
    """Live messages are not touched by it."""
    sessions = await sessions_on_each_worker(ng)
    for one in sessions.values():
        await one.sub("event/stream")
    http = Http(ng)
    for n in range(300):
        http.put("event/stream", str(n))
        await asyncio.sleep(0.01)
    for one in sessions.values():
        got = [await one.next_of("msg", "gap") for _ in range(300)]
        assert [msg["text"] for msg in got] == [str(n) for n in range(300)]
        await one.close()


async def test_a_worker_that_slept(nginx):
    """What is too old when a worker comes to it is a gap, told at once."""
    ng = nginx(**CONFIG)
    sessions = await sessions_on_each_worker(ng)
    http = http_on_each_worker(ng)
    victim, other = ng.worker_pids()[:2]
    session = sessions[victim]
    await session.sub("event/known")
    await session.sub("event/*")
    http[other].put("event/known", "1")
    assert (await session.next_of("msg"))["seq"] == 1
    os.kill(victim, signal.SIGSTOP)
    try:
        epochs = {}
        for topic in ("event/known", "event/known", "event/new"):
            epochs[topic] = http[other].put(topic, "x")["epoch"]
        wait_until("all are let go",
                   lambda: http[other].status()["expired"] == 4)
    finally:
        os.kill(victim, signal.SIGCONT)
    told = [await session.next() for _ in range(3)]
    assert sorted(told, key=lambda one: (one["topic"], one["op"])) == [
        {"op": "gap", "topic": "event/known", "from": 2, "to": 3,
         "cause": "evicted"},
        {"op": "gap", "topic": "event/new", "from": 1, "to": 1,
         "cause": "evicted"},
        {"op": "topic", "topic": "event/new", "epoch": epochs["event/new"],
         "seq": 0}]
    for topic in epochs:
        http[other].put(topic, "y")
        assert (await session.msg())["text"] == "y"
    await session.quiet()
    for one in sessions.values():
        await one.close()
