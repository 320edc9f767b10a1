"""Presence: who is subscribed to a topic by its name, on all workers."""

import asyncio
import urllib.parse

from support.httpc import Http
from support.session import JsonSession

CONFIG = {"http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "t/*/quiet/**" zone=main;
ws_pubsub_topic "**" zone=main presence=on;
""", "locations": """
ws_pubsub_allow_subscribe "**";
ws_pubsub_allow_publish "**";
ws_pubsub_identity $arg_who;
location /ws {
    ws_pubsub zone=main;
    set $who $arg_who;
    add_header X-Worker $pid always;
}
location /plain/ { ws_pubsub zone=main topic=$arg_topic; }
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}


async def enter(ng, who, topic=None):
    session = await JsonSession.open(ng, "/ws?who=" + who)
    if topic:
        await session.sub(topic, since="new")
    return session


async def on_another_worker(ng, who, than):
    for _ in range(200):
        session = await enter(ng, who)
        if session.worker != than.worker:
            return session
        await session.close()
    raise AssertionError("one worker takes all")


async def change(session):
    said = await session.next_of("join", "leave")
    return said["op"], said["topic"], said["who"]


async def test_join_and_leave(ng, topic):
    ann = await enter(ng, "ann", topic)
    bob = await on_another_worker(ng, "bob", ann)
    await bob.sub(topic, since="new")
    assert await change(ann) == ("join", topic, "bob")
    assert await ann.ok("who", topic=topic) == {
        "who": ["ann", "bob"], "connections": 2, "more": False}
    await bob.quiet()
    await bob.close()
    assert await change(ann) == ("leave", topic, "bob")
    assert (await ann.ok("who", topic=topic))["who"] == ["ann"]
    await ann.quiet()
    await ann.close()


async def test_selectors_of_a_topic_that_is_not_there(ng, topic):
    """On other workers too: before its first message, and after its last."""
    selector, topic = topic + "/*", topic + "/a"
    ann = await enter(ng, "ann", topic)
    bob = await on_another_worker(ng, "bob", ann)
    await bob.sub(selector, since="new")
    for _ in range(2):
        cid = await enter(ng, "cid", topic)
        assert await change(bob) == ("join", topic, "cid")
        await cid.close()
        assert await change(bob) == ("leave", topic, "cid")
        # There is a message, and then it is gone.
        await ann.pub(topic, data=1)
        assert (await bob.next_of("msg"))["topic"] == topic
        dan = await enter(ng, "dan", topic)
        assert await change(bob) == ("join", topic, "dan")
        assert Http(ng).request("DELETE", "/api/" + topic).status == 204
        assert (await bob.next_of("gone"))["topic"] == topic
        await dan.close()
        assert await change(bob) == ("leave", topic, "dan")
    await ann.close()
    assert await change(bob) == ("leave", topic, "ann")
    await bob.close()


async def test_unsub_leaves(ng, topic):
    ann, bob = await enter(ng, "ann", topic), await enter(ng, "bob", topic)
    assert await change(ann) == ("join", topic, "bob")
    await bob.ok("unsub", topic=topic)
    assert await change(ann) == ("leave", topic, "bob")
    await bob.sub(topic)
    assert await change(ann) == ("join", topic, "bob")
    await ann.close()
    await bob.close()


async def test_several_connections_join_once(ng, topic):
    ann = await enter(ng, "ann", topic)
    bobs = [await enter(ng, "bob", topic) for _ in range(6)]
    assert await change(ann) == ("join", topic, "bob")
    await ann.quiet()
    assert await ann.ok("who", topic=topic) == {
        "who": ["ann", "bob"], "connections": 7, "more": False}
    for bob in bobs[1:]:
        await bob.close()
    await ann.quiet()
    await bobs[0].close()
    assert await change(ann) == ("leave", topic, "bob")
    await ann.close()


async def test_selectors_see_but_are_not_seen(ng, topic):
    watcher = await enter(ng, "eve")
    await watcher.sub(topic + "/*")
    room = topic + "/room"
    ann = await enter(ng, "ann", room)
    assert await change(watcher) == ("join", room, "ann")
    await ann.pub(room, data=1)
    await watcher.next_of("msg")
    bob = await enter(ng, "bob", room)
    assert await change(ann) == ("join", room, "bob")
    assert await change(watcher) == ("join", room, "bob")
    assert (await ann.ok("who", topic=room))["who"] == ["ann", "bob"]
    for one in (watcher, ann, bob):
        await one.close()


async def test_without_identity(ng, topic):
    """They are told, but are nobody."""
    nobody = await enter(ng, "")
    await nobody.sub(topic)
    ann = await enter(ng, "ann", topic)
    assert await change(nobody) == ("join", topic, "ann")
    await ann.quiet()
    assert (await nobody.ok("who", topic=topic))["who"] == ["ann"]
    await ann.close()
    await nobody.close()


async def test_identities_are_any_text(ng, topic):
    ann = await enter(ng, "ann", topic)
    for who in ('a"b\\', "é+😀", "100%", "a\x00b", "x" * 255, "é" * 127):
        other = await enter(ng, urllib.parse.quote(who, safe="+"), topic)
        assert await change(ann) == ("join", topic, who)
        await other.close()
        assert await change(ann) == ("leave", topic, who)
    for nobody in ("x" * 256, "%FF", "100%", "a%zz"):
        other = await enter(ng, nobody, topic)
        await ann.quiet()
        await other.close()
    await ann.close()


async def test_plain_endpoints_count(ng, topic):
    ann = await enter(ng, "ann", topic)
    from support.session import connect
    plain = await connect(ng, "/plain/?who=bob&topic="
                          + urllib.parse.quote(topic))
    assert await change(ann) == ("join", topic, "bob")
    await plain.close()
    assert await change(ann) == ("leave", topic, "bob")
    await ann.close()


async def test_off(ng, topic):
    name = topic + "/quiet/x"
    ann, bob = await enter(ng, "ann", name), await enter(ng, "bob", name)
    await ann.quiet()
    await ann.fails(107, "who", topic=name)
    await ann.fails(107, "who", topic=topic + "/*")
    assert (await ann.ok("who", topic=topic + "/empty")) == {
        "who": [], "connections": 0, "more": False}
    await ann.close()
    await bob.close()


async def test_a_deleted_topic_keeps_its_people(ng, topic):
    ann, bob = await enter(ng, "ann", topic), await enter(ng, "bob", topic)
    await change(ann)
    with Http(ng) as http:
        http.put(topic, "x")
        assert (await ann.next_of("msg"))["text"] == "x"
        assert http.delete(topic).status == 204
        await ann.next_of("gone")
        assert (await ann.ok("who", topic=topic))["connections"] == 2
        await bob.close()
        assert await change(ann) == ("leave", topic, "bob")
        http.put(topic, "y")
        assert (await ann.next_of("msg"))["text"] == "y"
    await ann.close()


async def test_many_people(ng, topic):
    watcher = await enter(ng, "", topic)
    people = await asyncio.gather(*(
        enter(ng, f"p{n:03}", topic) for n in range(200)))
    joined = {(await change(watcher))[2] for _ in range(200)}
    assert len(joined) == 200
    told = await watcher.ok("who", topic=topic)
    assert told["who"] == sorted(joined) and told["connections"] == 200
    await asyncio.gather(*(one.close() for one in people))
    assert {(await change(watcher))[2] for _ in range(200)} == joined
    assert (await watcher.ok("who", topic=topic))["connections"] == 0
    await watcher.close()


async def test_after_a_killed_worker(nginx, topic):
    ng = nginx(**CONFIG)
    ann = await enter(ng, "ann", topic)
    bob = await on_another_worker(ng, "bob", ann)
    await bob.sub(topic)
    assert await change(ann) == ("join", topic, "bob")
    await asyncio.to_thread(ng.kill_worker, bob.worker)
    assert await change(ann) == ("leave", topic, "bob")
    assert (await ann.ok("who", topic=topic))["who"] == ["ann"]
    await ann.close()


async def test_after_a_reload(nginx, topic):
    ng = nginx(**CONFIG)
    ann, bob = await enter(ng, "ann", topic), await enter(ng, "bob", topic)
    await asyncio.to_thread(ng.reload)
    await ann.closed()
    await bob.closed()
    ann = await enter(ng, "ann", topic)
    assert await ann.ok("who", topic=topic) == {
        "who": ["ann", "bob"], "connections": 1, "more": False}
    assert await change(ann) == ("leave", topic, "bob")
    told = await ann.ok("who", topic=topic)
    assert told["who"] == ["ann"] and told["connections"] == 1
    await ann.close()


async def test_who_comes_back_has_not_left(nginx, topic):
    """Neither over a reload nor over a worker's death: the first change that
    anybody is told of is the last one."""
    ng = nginx(**CONFIG)
    names = ["ann", "bob", "eve"]
    people = [await enter(ng, who, topic) for who in names]
    await asyncio.to_thread(ng.reload)
    for one in people:
        await one.closed()
    people = [await enter(ng, who, topic) for who in names]
    watcher = await on_another_worker(ng, "", people[0])
    await watcher.sub(topic)
    await asyncio.to_thread(ng.kill_worker, people[0].worker)
    for n, one in enumerate(people):
        if one.worker == people[0].worker and n > 0:
            people[n] = await enter(ng, names[n], topic)
    people[0] = await enter(ng, "ann", topic)
    assert (await watcher.ok("who", topic=topic))["who"] == names
    last = await enter(ng, "zoe", topic)
    assert await change(watcher) == ("join", topic, "zoe")
    await last.close()
    assert await change(watcher) == ("leave", topic, "zoe")
    for one in (watcher, *people):
        await one.close()
