"""Subscribing: value first, then changes; selectors; topics coming, going."""

import asyncio

import pytest

from support.config import LOCATIONS
from support.httpc import Http
from support.session import JsonSession

CONFIG = {"workers": 2, "locations": LOCATIONS + """
    location = /own {
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "**" "$$SYS/**";
        ws_pubsub_allow_publish "**";
    }
"""}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def numbers(msgs):
    return [one["data"] for one in msgs]


async def test_value_first_then_changes(ng, http, scheme, topic):
    http.publish_json(topic, 1)
    at = http.publish_json(topic, 2).json()
    async with await JsonSession.open(ng, scheme=scheme) as session:
        assert await session.sub(topic) == {
            "topics": [{"topic": topic, "epoch": at["epoch"], "seq": 2}],
            "recovered": True}
        assert await session.msg() == {
            "op": "msg", "topic": topic, "seq": 2, "data": 2}
        for n in (3, 4, 5):
            http.publish_json(topic, n)
        assert numbers(await session.msgs(3)) == [3, 4, 5]


async def test_only_changes(ng, http, topic):
    http.publish_json(topic, 1)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic, "new")
        assert reply["topics"][0]["seq"] == 1
        assert reply["recovered"] is True
        await session.quiet()
        http.publish_json(topic, 2)
        assert (await session.msg())["seq"] == 2


@pytest.mark.parametrize("last, seqs", [
    (0, []), (1, [10]), (3, [8, 9, 10]), (4, [7, 8, 9, 10]),
    (50, [7, 8, 9, 10])])
async def test_last(ng, http, topic, last, seqs):
    name = "short/" + topic
    for n in range(1, 11):
        http.publish_json(name, n)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"last": last})
        assert reply["topics"][0]["seq"] == 10
        assert numbers(await session.msgs(len(seqs))) == seqs
        await session.quiet(0.05)
        http.publish_json(name, 11)
        assert numbers(await session.msgs(1)) == [11]


async def test_last_of_a_selector(ng, http, topic):
    for name in ("a", "b"):
        for n in range(1, 6):
            http.publish_json(f"short/{topic}/{name}", n)
    async with await JsonSession.open(ng) as session:
        await session.sub(f"short/{topic}/*", {"last": 2})
        got = [(one["topic"][-1], one["seq"])
               for one in await session.msgs(4)]
        assert got == [("a", 4), ("a", 5), ("b", 4), ("b", 5)]


async def test_a_topic_that_is_not_there(ng, http, topic):
    async with await JsonSession.open(ng) as session:
        assert await session.sub(topic) == {"topics": [], "recovered": True}
        at = http.publish_json(topic, 1)
        assert at.status == 201
        assert await session.next() == {
            "op": "topic", "topic": topic, "epoch": at.json()["epoch"],
            "seq": 0}
        assert await session.msg() == {
            "op": "msg", "topic": topic, "seq": 1, "data": 1}
        http.publish_json(topic, 2)
        assert (await session.msg())["seq"] == 2


async def test_selector_in_path_order(ng, http, topic):
    names = sorted((f"{topic}/{one}" for one in (
        "b", "a/x", "a", "z/1/2", "é", "B", "a.")), key=str.encode)
    for name in reversed(names):
        http.publish(name, name)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic + "/**")
        assert [one["topic"] for one in reply["topics"]] == names
        assert [one["text"] for one in await session.msgs(len(names))] == (
            names)


@pytest.mark.parametrize("selector, yes, no", [
    ("{}/*", ["a", "b", "é"], ["a/b", "a/b/c"]),
    ("{}/**", ["a", "a/b", "a/b/c/d"], []),
    ("{}/*/x", ["a/x", "b/x"], ["x", "a/y", "a/b/x", "x/a"]),
    ("{}/a/*/c/**", ["a/b/c/d", "a/b/c/d/e"], ["a/b/c", "a/c/d", "b/b/c/d"]),
    ("{}/*/*", ["a/b", "x/y"], ["a", "a/b/c"]),
    ("{}/a", ["a"], ["A", "a/b", "aa"]),
])
async def test_what_selectors_match(ng, http, topic, selector, yes, no):
    """Of topics that are there, and of those that come to be."""
    for name in yes + no:
        http.put(f"{topic}/1/{name}", name)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(selector.format(topic + "/1"))
        assert sorted(one["topic"] for one in reply["topics"]) == sorted(
            f"{topic}/1/{name}" for name in yes)
        got = [one["text"] for one in await session.msgs(len(yes))]
        assert sorted(got) == sorted(yes)
        await session.sub(selector.format(topic + "/2"))
        for name in no + yes:
            http.put(f"{topic}/2/{name}", name)
        got = [(await session.next_of("msg"))["text"] for _ in yes]
        assert got == yes
        await session.quiet()


async def test_stars_do_not_match_the_modules_own(ng, http):
    async with await JsonSession.open(ng, "/own") as session:
        reply = await session.sub("**")
        assert not [one for one in reply["topics"]
                    if one["topic"].startswith("$")]
        await session.sub("$SYS/**")
        await session.fails(103, "pub", topic="$SYS/x", data=1)
    assert http.publish("$SYS/x", "1").status == 403


async def test_overlapping_selectors_give_a_message_once(ng, http, topic):
    http.publish_json(topic + "/a", 1)
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/a")
        assert (await session.msg())["seq"] == 1
        for one in ("/*", "/**", "/a/**"):
            await session.sub(topic + one)
        await session.sub("**", "new")
        await session.quiet()
        for n in range(2, 12):
            http.publish_json(topic + "/a", n)
        assert numbers(await session.msgs(10)) == list(range(2, 12))
        http.publish_json(topic + "/a/b", "new")
        assert (await session.next())["op"] == "topic"
        assert (await session.msg())["data"] == "new"
        await session.ok("unsub", topic=topic + "/a")
        await session.ok("unsub", topic=topic + "/*")
        http.publish_json(topic + "/a", 12)
        assert (await session.msg())["data"] == 12
        await session.quiet()


async def test_a_wider_selector_brings_only_what_is_new(ng, http, topic):
    http.publish_json(topic + "/a", "a")
    http.publish_json(topic + "/b", "b")
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/a")
        assert (await session.msg())["data"] == "a"
        await session.sub(topic + "/*")
        assert (await session.msg())["data"] == "b"
        await session.quiet()


async def test_twice_the_same(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        await session.fails(105, "sub", topic=topic)
        await session.sub(topic + "/*")
        await session.fails(105, "sub", topic=topic + "/*", since="new")
        await session.ok("unsub", topic=topic)
        await session.sub(topic)


async def test_unsub(ng, http, topic):
    http.publish_json(topic, 1)
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        await session.msg()
        assert await session.ok("unsub", topic=topic) == {}
        assert http.publish_json(topic, 2).status == 202
        await session.quiet()
        await session.fails(102, "unsub", topic=topic)
        await session.fails(102, "unsub", topic="t/*")
        await session.sub(topic)
        assert (await session.msg())["seq"] == 2


async def test_gone_and_again(ng, http, topic):
    first = http.publish_json(topic, 1).json()
    async with await JsonSession.open(ng) as exact, \
            await JsonSession.open(ng) as wide:
        await exact.sub(topic)
        await wide.sub("t/*", "new")
        await exact.msg()
        assert http.delete(topic).status == 204
        for one in (exact, wide):
            assert await one.next_of("gone") == {
                "op": "gone", "topic": topic, "reason": "deleted"}
        await exact.quiet(0.05)
        second = http.publish_json(topic, "again").json()
        assert second["seq"] == 1 and second["epoch"] != first["epoch"]
        for one in (exact, wide):
            assert await one.next() == {
                "op": "topic", "topic": topic, "epoch": second["epoch"],
                "seq": 0}
            assert (await one.msg())["data"] == "again"


async def test_the_publisher_gets_its_own(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        for n in range(10):
            await session.pub(topic, data=n)
        got = [(await session.next_of("msg"))["data"] for _ in range(10)]
        assert got == list(range(10))


async def test_no_leftovers_of_a_session(ng, http, topic):
    for _ in range(5):
        async with await JsonSession.open(ng) as session:
            await session.sub(topic)
            await session.sub(topic + "/**")
    await asyncio.sleep(0.2)
    assert http.publish_json(topic, 1).json()["subscribers"] == 0
    assert http.status()["subscriptions"] == 0


async def test_subscribing_while_it_is_published(ng, topic):
    """No message between the value and the changes is lost or twice."""
    async with await JsonSession.open(ng) as writer:
        async def write():
            for n in range(1, 401):
                await writer.pub(topic, data=n)
        await writer.pub(topic, data=0)
        writing = asyncio.ensure_future(write())
        readers = []
        while not writing.done():
            reader = await JsonSession.open(ng)
            await reader.sub(topic)
            readers.append(reader)
        await writing
        assert readers
        for reader in readers:
            first = (await reader.msg())["seq"]
            rest = [(await reader.msg())["seq"]
                    for _ in range(401 - first)]
            assert rest == list(range(first + 1, 402))
            await reader.close()
