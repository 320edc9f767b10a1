"""`get` and `history`."""

import time

from support.session import JsonSession

CONFIG = {"workers": 2}


async def test_get_one(ng, scheme, topic):
    async with await JsonSession.open(ng, scheme=scheme) as session:
        await session.pub(topic, data=1)
        at = await session.pub(topic, data={"a": 2})
        got = await session.ok("get", topic=topic)
        assert set(got) == {"items", "more"} and got["more"] is False
        item, = got["items"]
        assert set(item) == {"topic", "epoch", "seq", "time", "data"}
        assert item["data"] == {"a": 2} and item["topic"] == topic
        assert {"epoch": item["epoch"], "seq": item["seq"]} == at
        assert abs(item["time"] - time.time() * 1000) < 60000
        assert isinstance(item["time"], int)


async def test_get_pages_in_path_order(ng, topic):
    names = sorted((f"{topic}/{one}" for one in (
        "b", "a", "a/b", "a b", "A", "é", "z/z", "a.b", "aa", "10", "9")),
        key=str.encode)
    async with await JsonSession.open(ng) as session:
        for name in reversed(names):
            await session.pub(name, text=name)
        got = await session.ok("get", topic=topic + "/**")
        assert [one["topic"] for one in got["items"]] == names
        assert [one["text"] for one in got["items"]] == names
        paged, after = [], None
        while True:
            more = {"after": after} if after else {}
            page = await session.ok(
                "get", topic=topic + "/**", limit=4, **more)
            assert len(page["items"]) <= 4
            paged += [one["topic"] for one in page["items"]]
            if not page["more"]:
                break
            assert len(page["items"]) == 4
            after = paged[-1]
        assert paged == names
        one = await session.ok("get", topic=topic + "/*")
        assert [item["topic"] for item in one["items"]] == [
            name for name in names if name.count("/") == 2]
        part = await session.ok(
            "get", topic=topic + "/**", after=topic + "/a0")
        assert [item["topic"] for item in part["items"]] == [
            name for name in names
            if name.encode() > (topic + "/a0").encode()]


async def test_get_of_nothing(ng, topic):
    async with await JsonSession.open(ng) as session:
        assert await session.ok("get", topic=topic + "/**") == {
            "items": [], "more": False}
        await session.fails(102, "get", topic=topic)


async def test_get_by_default_gives_a_hundred(ng, topic):
    async with await JsonSession.open(ng) as session:
        for n in range(105):
            await session.pub(f"{topic}/{n:03}", data=n)
        got = await session.ok("get", topic=topic + "/*")
        assert len(got["items"]) == 100 and got["more"] is True
        got = await session.ok("get", topic=topic + "/*", limit=1000)
        assert len(got["items"]) == 105 and got["more"] is False
        got = await session.ok("get", topic=topic + "/*", limit=105)
        assert len(got["items"]) == 105 and got["more"] is False


async def test_history_last(ng, topic):
    name = "hist/" + topic
    async with await JsonSession.open(ng) as session:
        for n in range(1, 8):
            at = await session.pub(name, data=n)
        got = await session.ok("history", topic=name, last=3)
        assert [one["seq"] for one in got["items"]] == [5, 6, 7]
        assert [one["data"] for one in got["items"]] == [5, 6, 7]
        assert {one["epoch"] for one in got["items"]} == {at["epoch"]}
        assert all(set(one) == {"topic", "epoch", "seq", "time", "data"}
                   for one in got["items"])
        got = await session.ok("history", topic=name, last=100)
        assert [one["seq"] for one in got["items"]] == list(range(1, 8))
        assert got["more"] is False


async def test_history_since(ng, topic):
    name = "hist/" + topic
    async with await JsonSession.open(ng) as session:
        for n in range(1, 8):
            at = await session.pub(name, data=n)
        for seq, rest in ((0, range(1, 8)), (4, [5, 6, 7]), (7, [])):
            got = await session.ok("history", topic=name, since={
                "epoch": at["epoch"], "seq": seq})
            assert [one["seq"] for one in got["items"]] == list(rest)
        await session.fails(112, "history", topic=name, since={
            "epoch": "0other0", "seq": 4})


async def test_history_keeps_what_the_policy_says(ng, topic):
    async with await JsonSession.open(ng) as session:
        for name, kept in (("short/" + topic, [7, 8, 9, 10]),
                           ("plain/" + topic, [10]),
                           ("log/" + topic, [6, 7, 8, 9, 10]),
                           ("event/" + topic, [])):
            for n in range(1, 11):
                await session.pub(name, data=n)
            got = await session.ok("history", topic=name, last=100)
            assert [one["seq"] for one in got["items"]] == kept, name


async def test_retain_off_keeps_no_value(ng, topic):
    async with await JsonSession.open(ng) as session:
        for name in ("event/" + topic, "log/" + topic):
            await session.pub(name, data=1)
            reply = await session.sub(name)
            assert reply["topics"][0]["seq"] == 1
            await session.quiet()
            await session.pub(name, data=2)
            assert (await session.msg())["seq"] == 2


async def test_get_pages_over_topics_without_a_value(ng, topic):
    names = [f"{kind}/{topic}/{n:02}" for kind in ("event", "hist")
             for n in range(15)]
    async with await JsonSession.open(ng) as session:
        for name in names:
            await session.pub(name, data=name)
        got, after = [], ""
        for kind in ("event", "hist"):
            more = True
            while more:
                page = await session.ok(
                    "get", topic=f"{kind}/{topic}/*", limit=4, after=after)
                got += page["items"]
                after, more = got[-1]["topic"], page["more"]
        assert [one["topic"] for one in got] == names
        assert [one.get("data") for one in got] == [None] * 15 + names[15:]


async def test_history_of_more_than_a_page(ng, topic):
    name = "hist/" + topic
    async with await JsonSession.open(ng) as session:
        for n in range(1, 131):
            at = await session.pub(name, text="x" * 100)
        seqs, since = [], {"epoch": at["epoch"], "seq": 30}
        for _ in range(10):
            got = await session.ok("history", topic=name, since=since)
            seqs += [one["seq"] for one in got["items"]]
            if not got["more"]:
                break
            since["seq"] = seqs[-1]
        assert seqs == list(range(31, 131))
