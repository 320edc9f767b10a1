"""ws_pubsub_cluster: people on several hosts, topics that are read on another
one, and a host whose clock is wrong."""

import asyncio
import os

import pytest

from support.clock import Clock
from support.cluster import (
    caught_up, status, wait_hosts, wait_working)
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.restarts import end, kill_all
from support.session import JsonSession

HOSTS = [{}, {"size": "12m"}, {"size": "16m", "workers": 1}]
GONE_S = 40.0  # 10 until the host is gone, 5 more until its people leave
HOURS = 3600
IDLE_S = 2.0


@pytest.fixture(name="hosts")
def _hosts(cluster):
    return cluster.hosts


@pytest.fixture(name="room")
def _room():
    return "rooms/" + os.urandom(4).hex()


async def enter(ng, who, room):
    session = await JsonSession.open(ng, "/ws?who=" + who)
    await session.sub(room, since="new")
    return session


async def change(session, timeout_s=10.0):
    said = await session.next(timeout_s)
    assert said, session.close_code
    return said["op"], said.get("who")


async def sees(session, room, who, connections):
    """In the end: counts may be a second old, and who was lost is expected
    back for some seconds."""
    for _ in range(300):
        told = await session.ok("who", topic=room)
        if (told["who"], told["connections"]) == (who, connections):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(told)


# -- who is there ----------------------------------------------------------------------

async def test_join_and_leave(hosts, room):
    ann = await enter(hosts[0], "ann", room)
    bob = await enter(hosts[1], "bob", room)
    assert await change(ann) == ("join", "bob")
    cid = await enter(hosts[2], "cid", room)
    assert await change(ann) == ("join", "cid")
    assert await change(bob) == ("join", "cid")
    for one in (ann, bob, cid):
        await sees(one, room, ["ann", "bob", "cid"], 3)
    await bob.close()
    for one in (ann, cid):
        assert await change(one) == ("leave", "bob")
        await sees(one, room, ["ann", "cid"], 2)
    await cid.ok("unsub", topic=room)
    assert await change(ann) == ("leave", "cid")
    await ann.quiet()
    await ann.close()
    await cid.close()


async def test_one_identity_on_two_hosts(hosts, room):
    """It joins with its first session, and leaves with its last one."""
    ann = await enter(hosts[0], "ann", room)
    first = await enter(hosts[1], "bob", room)
    assert await change(ann) == ("join", "bob")
    others = [await enter(ng, "bob", room) for ng in hosts]
    await sees(ann, room, ["ann", "bob"], 5)
    await first.close()
    for one in others[1:]:
        await one.close()
    await sees(ann, room, ["ann", "bob"], 2)
    await ann.quiet()
    await others[0].close()
    assert await change(ann) == ("leave", "bob")
    await sees(ann, room, ["ann"], 1)
    await ann.close()


async def test_many_people(hosts, room):
    watcher = await enter(hosts[0], "", room)
    people = await asyncio.gather(*(
        enter(hosts[n % 3], f"p{n:02}", room) for n in range(60)))
    joined = [await change(watcher) for _ in range(60)]
    names = [f"p{n:02}" for n in range(60)]
    assert sorted(joined) == [("join", who) for who in names]
    await sees(watcher, room, names, 60)
    await asyncio.gather(*(one.close() for one in people))
    left = [await change(watcher) for _ in range(60)]
    assert sorted(left) == [("leave", who) for who in names]
    await sees(watcher, room, [], 0)
    await watcher.close()


async def test_who_is_in_a_topic_that_has_messages(hosts, room):
    """And that is deleted while they are there."""
    ann = await enter(hosts[0], "ann", room)
    bob = await enter(hosts[1], "bob", room)
    assert await change(ann) == ("join", "bob")
    with Http(hosts[2]) as http:
        http.put(room, "x")
        for one in (ann, bob):
            assert (await one.next_of("msg"))["text"] == "x"
        assert http.delete(room).status == 204
        for one in (ann, bob):
            await one.next_of("gone")
            await sees(one, room, ["ann", "bob"], 2)
    await bob.close()
    assert await change(ann) == ("leave", "bob")
    await ann.close()


async def test_redis_restarts(make_cluster, room):
    """Nobody leaves, and who came meanwhile joins."""
    cluster = make_cluster({}, {})
    a, b = cluster.hosts
    ann, bob = await enter(a, "ann", room), await enter(b, "bob", room)
    assert await change(ann) == ("join", "bob")
    cluster.redis.kill()
    cid = await enter(b, "cid", room)
    cluster.redis.start()
    await asyncio.to_thread(wait_working, a, b)
    assert await change(ann) == ("join", "cid")
    for one in (ann, bob, cid):
        await sees(one, room, ["ann", "bob", "cid"], 3)
    await ann.quiet()
    for one in (ann, bob, cid):
        await one.close()


async def changes(session):
    """All that has been told by now."""
    await asyncio.sleep(0.2)
    await session.ping()
    return [await change(session) for _ in range(session.pushes.qsize())]


async def test_a_failover_that_loses(failing, room):
    """One came, and one left, in what is lost: nobody who is there is told to
    join or to leave."""
    a, b = failing.cluster.hosts
    people = {"ann": a, "bob": b, "cid": b, "dan": b}
    sessions = {who: await enter(ng, who, room) for who, ng in people.items()}
    for one in sessions.values():
        await sees(one, room, sorted(people), 4)
    await asyncio.to_thread(failing.detach)
    sessions["eve"] = await enter(a, "eve", room)
    await sessions.pop("dan").close()
    there = sorted(sessions)
    for one in sessions.values():
        await sees(one, room, there, 4)
        await changes(one)
    await asyncio.to_thread(failing.fail_over)
    for one in sessions.values():
        await sees(one, room, there, 4)
        assert {who for _, who in await changes(one)} <= {"dan"}
    await sessions.pop("bob").close()
    for one in sessions.values():
        assert ("leave", "bob") == await change(one)
        await one.close()


async def test_while_a_host_loads(made_failing, make_gate, room):
    """Who has come and left meanwhile, on it or elsewhere, is told then, and
    nobody else."""
    gate = make_gate("tail")
    a, b = made_failing.grow({}, {"gate": gate})
    ann, bob = await enter(b, "ann", room), await enter(a, "bob", room)
    cid = await enter(b, "cid", room)
    for one in (ann, bob, cid):
        await sees(one, room, ["ann", "bob", "cid"], 3)
    await asyncio.to_thread(made_failing.detach)
    with Http(a) as http:
        http.put("hist/lost", "x")
    caught_up(a, b)
    await changes(cid)
    await asyncio.to_thread(made_failing.promote)
    await gate.reached()
    await asyncio.to_thread(wait_working, a)
    await bob.close()
    dan = await enter(a, "dan", room)
    await ann.close()
    await cid.quiet()
    gate.open()
    await asyncio.to_thread(wait_working, a, b)
    for one in (cid, dan):
        await sees(one, room, ["cid", "dan"], 2)
    assert sorted(await changes(cid)) == [
        ("join", "dan"), ("leave", "ann"), ("leave", "bob")]
    await cid.close()
    await dan.close()


# -- hosts that end ------------------------------------------------------------------------

@pytest.fixture(name="trio")
def _trio(make_cluster):
    return make_cluster({}, {}, {})


async def test_a_host_dies(trio, room):
    """Its people leave after the grace, but for those who have come to
    another host meanwhile; topics that are read stay all the time."""
    a, b, c = trio.hosts
    wait_hosts(trio.hosts, 3)
    ann = await enter(a, "ann", room)
    for who in ("bob", "cid", "eve"):
        await enter(b, who, room)
        assert await change(ann) == ("join", who)
    with Http(a) as http:
        http.put("idle/read", "x")
    async with await JsonSession.open(c) as reader:
        await reader.sub("idle/read")
        await asyncio.to_thread(kill_all, b)
        cid = await enter(c, "cid", room)
        left = {await change(ann, GONE_S) for _ in range(2)}
        assert left == {("leave", "bob"), ("leave", "eve")}
        await sees(ann, room, ["ann", "cid"], 2)
        await ann.quiet()
        for ng in (a, c):
            ng.wait_for_log(r'\[notice\].* zone "main": host "[^"]+" is gone')
            assert status(ng)["hosts"] == 2
        with Http(a) as http:
            assert http.get("idle/read").body == b"x"
    # and it comes back as a new one
    b.start()
    await asyncio.to_thread(wait_working, a, b, c)
    wait_hosts(trio.hosts, 3)
    bob = await enter(b, "bob", room)
    assert await change(ann) == ("join", "bob")
    for one in (ann, bob, cid):
        await one.close()


async def test_a_host_ends(trio, room):
    """It takes its leave: it is gone at once, its people after the grace."""
    a, b, c = trio.hosts
    wait_hosts(trio.hosts, 3)
    ann = await enter(a, "ann", room)
    bob = await enter(b, "bob", room)
    assert await change(ann) == ("join", "bob")
    await enter(b, "cid", room)
    assert await change(ann) == ("join", "cid")
    await asyncio.to_thread(end, b)
    await asyncio.to_thread(wait_hosts, (a, c), 2, 5.0)
    await sees(ann, room, ["ann", "bob", "cid"], 1)
    assert await bob.closed() == 1001
    bob = await enter(c, "bob", room)
    assert await change(ann, GONE_S) == ("leave", "cid")
    await sees(ann, room, ["ann", "bob"], 2)
    await ann.quiet()
    await ann.close()
    await bob.close()


# -- idle topics --------------------------------------------------------------------------

def exist(ng, selector):
    with Http(ng) as http:
        page = http.get(query="select=" + selector).json()
    return [one["topic"] for one in page["topics"]]


async def test_idle_topics(hosts):
    """One stays while anybody on any host reads it, by name or selector."""
    prefix = "idle/" + os.urandom(4).hex()
    topics = [f"{prefix}/{n}" for n in range(4)]
    by_name = await JsonSession.open(hosts[1])
    await by_name.sub(topics[0])
    by_selector = await JsonSession.open(hosts[2])
    await by_selector.sub(f"{prefix}/1")
    await by_selector.sub("*/*/2")
    with Http(hosts[0]) as http:
        for topic in topics:
            http.put(topic, "x")
    # the one that nobody reads shows that the time is over
    for ng in hosts:
        wait_until("it goes", lambda: exist(ng, topics[3]) == [], 15)  # pylint: disable=W0640
    await asyncio.sleep(2 * IDLE_S)
    for ng in hosts:
        assert exist(ng, prefix + "/*") == topics[:3]
    await by_name.next_of("msg")
    await by_name.quiet()
    await by_selector.close()
    for ng in hosts:
        wait_until("they go", lambda: exist(ng, prefix + "/*") == topics[:1],  # pylint: disable=W0640
                   15)
    await by_name.ok("unsub", topic=topics[0])
    for ng in hosts:
        wait_until("all go", lambda: exist(ng, prefix + "/*") == [], 15)  # pylint: disable=W0640
    await by_name.close()


async def test_a_publish_elsewhere_restarts_the_time(hosts):
    topic = "idle/" + os.urandom(4).hex()
    with Http(hosts[0]) as http, Http(hosts[1]) as other:
        for n in range(1, 7):
            assert (http, other)[n % 2].put(topic, "x")["seq"] == n
            await asyncio.sleep(IDLE_S / 4)
    for ng in hosts:
        wait_until("it goes", lambda: exist(ng, topic) == [], 15)  # pylint: disable=W0640


# -- time ------------------------------------------------------------------------------------

def test_ttl(hosts):
    """A value ends on all hosts, wherever it was published."""
    topic = "second/" + os.urandom(4).hex()
    with Http(hosts[0]) as http:
        http.put(topic, "x")
    for ng in hosts:
        with Http(ng) as http:
            wait_until("it is too old", lambda: (
                http.get(topic).status == 404), 15)  # pylint: disable=W0640
            assert http.get(topic).error_code() == 109
    # a value that is over is a lease that anybody can have, once
    with Http(hosts[0]) as http, Http(hosts[1]) as other:
        answers = [one.publish(topic, "mine", If_None_Match="*").status
                   for one in (http, other)]
        assert answers == [202, 412]


@pytest.mark.skipif(sanitizing(), reason="two libraries that replace the C "
                                         "library's calls")
@pytest.mark.parametrize("hours", [2, -2])
async def test_a_host_whose_clock_is_wrong(make_cluster, open_path, hours):
    """What decides is the clock of Redis: nothing ends earlier there, or
    later, than elsewhere."""
    clock = Clock(open_path)
    clock.set(hours * HOURS)
    cluster = make_cluster({})
    a = cluster.hosts[0]
    b = cluster.add(main=clock.kept(), environment=clock.environment)
    with Http(a) as http, Http(b) as other:
        date = other.request("GET", "/pid").headers["date"]
        assert date != http.request("GET", "/pid").headers["date"]
        first = http.put("hour/a", "x", Idempotency_Key="k")
        assert other.put("hour/b", "y")["seq"] == 1
        caught_up(a, b)
        for one in (http, other):
            assert one.get("hour/a").body == b"x"
            assert one.get("hour/b").body == b"y"
            assert one.put("hour/a", "x", Idempotency_Key="k")[
                "seq"] == first["seq"]
        times = [one.get("hour/a", "last=1").json()["items"][0]["time"]
                 for one in (http, other)]
        assert times[0] == times[1]
        for ng, off in ((a, 0), (b, -hours * HOURS * 1000)):
            assert abs(status(ng)["log_clock_ms"] - off) < HOURS * 500
        # what has to end ends there as well
        for one, topic in ((other, "second/a"), (http, "second/b"),
                           (other, "idle/a"), (http, "idle/b")):
            one.put(topic, "x")
        for one in (http, other):
            for topic in ("second/a", "second/b", "idle/a", "idle/b"):
                wait_until("it ends", lambda: (
                    one.get(topic).status == 404), 15)  # pylint: disable=W0640
            assert one.get("hour/a").body == b"x"
