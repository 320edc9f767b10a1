"""ws_pubsub_cluster: what sessions are told that stay while their host loads
what a failover has left: who saw lost messages is set back, all others go on
where they were. However they subscribe."""

import asyncio
import json

import pytest

from support.cluster import (
    caught_up, host_stopped, key, snapshot, status, wait_working)
from support.delta import Texts
from support.failover import (
    ALL, following, goes_on, heard, lose, was_reset)
from support.httpc import Http
from support.processes import wait_until
from support.rawws import RawWS
from support.session import JsonSession, connect, sessions_on_each_worker

LOST, KEPT, NEW = "hist/lost", "hist/kept", "hist/new"


async def fail_over(failing):
    await asyncio.to_thread(failing.fail_over)


def of(pushes, topic):
    return [one for one in pushes if one[1] == topic]


def publish(ng, *topics, text="new"):
    with Http(ng) as http:
        return [http.put(topic, text) for topic in topics]


async def subscribed(session, selector, **fields):
    """It has got all that there is of LOST and KEPT."""
    await session.sub(selector, **fields)
    left = {(LOST, 5), (KEPT, 3)}
    while left:
        said = await session.next_of("msg")
        left.discard((said["topic"], said["seq"]))
    await session.quiet()


async def goes_on_with_both(session, lost, kept):
    """When both have got their fourth message."""
    pushes = [*await heard(session, LOST, 4), *await heard(session, KEPT, 4)]
    assert of(pushes, LOST) == goes_on(LOST, lost[0]["epoch"], 4)
    assert of(pushes, KEPT) == goes_on(KEPT, kept[0]["epoch"], 4)
    await session.quiet()


@pytest.mark.parametrize("selector, fields", [
    ("hist/**", {}), ("hist/*", {"since": ALL}), ("hist/**", {"rate": 100}),
    ("hist/**", {"since": ALL, "delta": True})],
    ids=["values", "history", "rate", "delta"])
async def test_by_a_selector(failing, selector, fields):
    """On each worker of both hosts."""
    lost, kept = lose(failing)
    sessions = []
    for ng in failing.cluster.hosts:
        sessions += (await sessions_on_each_worker(ng)).values()
    for session in sessions:
        await subscribed(session, selector, **fields)
    await fail_over(failing)
    for session in sessions:
        pushes = await heard(session, LOST, 3)
        assert of(pushes, LOST) == was_reset(LOST, 3)
        assert of(pushes, KEPT) == []
    publish(failing.cluster.hosts[0], LOST, KEPT)
    for session in sessions:
        await goes_on_with_both(session, lost, kept)
        await session.close()


async def test_several_subscriptions_of_a_session(failing):
    """It is told once, however many of them bring the topic; and of one that
    asks for changes only nothing old comes."""
    lost, kept = lose(failing)
    a, b = failing.cluster.hosts
    async with await JsonSession.open(b) as session:
        await subscribed(session, "hist/*")
        for selector in (LOST, KEPT, "**"):
            await session.sub(selector)
        await session.sub("other/*", "new")
        await session.quiet()
        await fail_over(failing)
        assert of(await heard(session, LOST, 3), LOST) == was_reset(LOST, 3)
        publish(a, LOST, KEPT)
        await goes_on_with_both(session, lost, kept)


BOOKS = {"more": 'ws_pubsub_topic "books/*" zone=main delta=on;'}
PAGE = {"bids": [[10000 + n, n] for n in range(40)]}


async def test_deltas_go_on(made_failing):
    """From the text that a session has, where nothing of it was lost; from the
    whole value where it was set back."""
    failing, pages = made_failing, {}
    a, b = failing.grow(BOOKS, BOOKS)
    with Http(a) as http:
        def put(topic, *numbers):
            for n in numbers:
                http.publish_json(topic, {**PAGE, "n": n})

        put("books/lost", 1, 2)
        put("books/kept", 1, 2)
        failing.detach()
        put("books/lost", 3)
        caught_up(a, b)
        for ng in (a, b):
            pages[ng] = await JsonSession.open(ng)
            await pages[ng].sub("books/*", delta=True)
        texts = {ng: Texts() for ng in (a, b)}
        for ng, session in pages.items():
            for _ in range(2):
                texts[ng].take(await session.msg())
        await fail_over(failing)
        for ng, session in pages.items():
            pushes = [await session.next() for _ in range(3)]
            assert [said["op"] for said in pushes] == ["gone", "topic", "msg"]
            assert json.loads(texts[ng].take(pushes[2]))["n"] == 2
            await session.quiet()
        put("books/lost", 4, 5)
        put("books/kept", 4, 5)
    for ng, session in pages.items():
        newest = {}
        while newest != {"books/lost": 5, "books/kept": 5}:
            said = await session.next_of("delta", "msg")
            newest[said["topic"]] = json.loads(texts[ng].take(said))["n"]
        assert texts[ng].deltas >= 2
        await session.quiet()
        await session.close()


async def test_plain_endpoints(failing):
    """They have no words for it: who saw what was lost gets the value, all
    others the next message."""
    lose(failing)
    a, b = failing.cluster.hosts
    clients = {}
    for ng in (a, b):
        for topic in (LOST, KEPT):
            clients[ng, topic] = await connect(ng, "/plain/?topic=" + topic)
            value = await clients[ng, topic].recv()
            assert value == ("lost 5" if topic == LOST else "3")
    await fail_over(failing)
    for ng in (a, b):
        assert await asyncio.wait_for(clients[ng, LOST].recv(), 15) == "3"
    publish(b, LOST, KEPT)
    for client in clients.values():
        assert await asyncio.wait_for(client.recv(), 15) == "new"
        await client.close()


# -- topics that come and go ---------------------------------------------------

async def test_a_topic_that_is_lost(failing):
    """Nothing of it is left; and it may be made anew."""
    a, b = failing.cluster.hosts
    failing.detach()
    (old,) = publish(a, NEW)
    caught_up(a, b)
    sessions = [await following(b, NEW), await following(b, "hist/*"),
                await following(a, NEW)]
    await fail_over(failing)
    for session in sessions:
        said = await session.next()
        assert (said["op"], said["reason"]) == ("gone", "reset")
        await session.quiet()
    (new,) = publish(a, NEW)
    assert new["seq"] == 1 and new["epoch"] != old["epoch"]
    for session in sessions:
        said = await session.next()
        assert (said["op"], said["epoch"]) == ("topic", new["epoch"])
        assert "was" not in said
        assert await heard(session, NEW, 1) == [("msg", NEW, 1)]
        await session.quiet()
        await session.close()


async def test_a_removal_that_is_lost(failing):
    """The topic is there again, with its value."""
    a, b = failing.cluster.hosts
    publish(a, NEW, NEW)
    failing.detach()
    sessions = [await following(b, NEW), await following(b, "hist/*")]
    with Http(a) as http:
        assert http.delete(NEW).status == 204
    for session in sessions:
        assert (await session.next())["reason"] == "deleted"
    await fail_over(failing)
    for session in sessions:
        pushes = await heard(session, NEW, 2)
        assert pushes[0][:2] == ("topic", NEW) and pushes[0][3] is None
        assert {one[0] for one in pushes[1:]} == {"msg"}
        await session.quiet()
    publish(b, NEW)
    for session in sessions:
        assert (await heard(session, NEW, 3))[-1] == ("msg", NEW, 3)
        await session.close()


async def test_made_anew_in_what_is_lost(failing):
    """The removal and all of the second topic are lost: the first one is
    there again, and none of its numbers is taken for the second one's."""
    a, b = failing.cluster.hosts
    publish(a, NEW, NEW, NEW)
    failing.detach()
    session = await following(b, NEW)
    with Http(a) as http:
        http.delete(NEW)
    publish(a, NEW, text="lost")
    assert await heard(session, NEW, 1) == [
        ("gone", NEW, "deleted"), ("topic", NEW, 0, None), ("msg", NEW, 1)]
    await fail_over(failing)
    assert await heard(session, NEW, 3) == was_reset(NEW, 3)
    publish(b, NEW)
    assert (await heard(session, NEW, 4))[-1] == ("msg", NEW, 4)
    await session.quiet()
    await session.close()


# -- amid a history ------------------------------------------------------------

COUNT, SIZE = 900, 8000


def filled(http, topic):
    for _ in range(0, COUNT, 50):
        http.batch([{"topic": topic, "text": "x" * SIZE}] * 50)


def begun(ng, *topics):
    """A session that reads nothing of the long history that it asks for."""
    ws = RawWS.open(ng, receive_buffer=8192)
    for topic in topics:
        ws.text(json.dumps({"op": "sub", "topic": topic,
                            "since": {"last": 999}}))
    return ws


def read_to(ws, topic, seq):
    """All messages up to that one, for (topic, seq), and other pushes."""
    got = []
    while not got or got[-1] != (topic, seq):
        said = json.loads(ws.recv_message()[2])
        got.append((said["topic"], said["seq"]) if said["op"] == "msg"
                   else said)
    return got


async def test_lost_and_trimmed(failing):
    """A host comes back when the log has nothing any more that is as old as
    what the host has of it."""
    a, b = failing.cluster.hosts
    lose(failing)
    session = await following(a, "hist/*")
    with host_stopped(a):
        failing.promote()
        await asyncio.to_thread(wait_working, b)
        publish(b, LOST)
        before = snapshot(failing.replica)
        failing.replica.call(
            "XTRIM", key("log"), "MINID", status(b)["position"])
        await asyncio.to_thread(
            wait_until, "there is a snapshot for who comes",
            lambda: snapshot(failing.replica) != before, 20)
    await asyncio.to_thread(wait_working, a)
    publish(b, KEPT)
    pushes = await heard(session, KEPT, 4)
    assert of(pushes, LOST) == was_reset(LOST, 4)
    assert [one[0] for one in of(pushes, KEPT)] == ["topic", "msg"]
    await session.close()


async def test_amid_a_long_history(made_failing):
    """It goes on where it was: each message comes once. Of what was lost it
    has seen nothing, and hears nothing."""
    failing = made_failing
    a, b = failing.grow({"size": "48m"}, {"size": "48m", "listen": "sndbuf=32k"})
    with Http(a) as http:
        filled(http, "load/long")
        failing.detach()
        http.batch([{"topic": "load/long", "text": "lost"}] * 20)
    caught_up(a, b)
    ws = begun(b, "load/long")
    await fail_over(failing)
    (new,) = publish(a, "load/long")
    assert new["seq"] == COUNT + 1
    got = await asyncio.to_thread(read_to, ws, "load/long", COUNT + 1)
    messages = [one for one in got if isinstance(one, tuple)]
    assert messages == [("load/long", n) for n in range(1, COUNT + 2)]
    notices = [one for one in got if not isinstance(one, tuple)]
    assert [(one["op"], one["seq"]) for one in notices] == [("topic", COUNT)]
    assert "was" in notices[0]
    ws.close()
