"""Resuming by epoch and seq; gaps where history does not reach."""

import pytest

from support.httpc import Http
from support.session import JsonSession

CONFIG = {"workers": 2}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def fill(http, name, count, start=1):
    for n in range(start, start + count):
        at = http.publish_json(name, n).json()
    return at["epoch"]


async def seqs(session, count):
    return [one["seq"] for one in await session.msgs(count)]


async def test_resume(ng, http, scheme, topic):
    name = "hist/" + topic
    epoch = fill(http, name, 20)
    async with await JsonSession.open(ng, scheme=scheme) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 12})
        assert reply["recovered"] is True
        assert reply["topics"] == [
            {"topic": name, "epoch": epoch, "seq": 20}]
        assert await seqs(session, 8) == list(range(13, 21))
        http.publish_json(name, "next")
        assert await seqs(session, 1) == [21]


async def test_resume_from_zero_and_from_the_end(ng, http, topic):
    name = "hist/" + topic
    epoch = fill(http, name, 5)
    async with await JsonSession.open(ng) as session:
        await session.sub(name, {"epoch": epoch, "seq": 0})
        assert await seqs(session, 5) == [1, 2, 3, 4, 5]
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 5})
        assert reply["recovered"] is True
        await session.quiet()
        http.publish_json(name, 6)
        assert await seqs(session, 1) == [6]


async def test_history_reaches_just_so_far(ng, http, topic):
    name = "short/" + topic
    epoch = fill(http, name, 10)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 6})
        assert reply["recovered"] is True
        assert await seqs(session, 4) == [7, 8, 9, 10]


async def test_a_gap_for_what_history_lost(ng, http, topic):
    name = "short/" + topic
    epoch = fill(http, name, 10)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 2})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gap", "topic": name, "from": 3, "to": 6,
            "cause": "evicted"}
        assert await seqs(session, 4) == [7, 8, 9, 10]
        http.publish_json(name, 11)
        assert await seqs(session, 1) == [11]


async def test_without_history_only_the_value_is_left(ng, http, topic):
    epoch = fill(http, topic, 10)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic, {"epoch": epoch, "seq": 9})
        assert reply["recovered"] is True
        assert await seqs(session, 1) == [10]
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic, {"epoch": epoch, "seq": 5})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gap", "topic": topic, "from": 6, "to": 9,
            "cause": "evicted"}
        assert await seqs(session, 1) == [10]


async def test_nothing_kept_at_all(ng, http, topic):
    name = "event/" + topic
    epoch = fill(http, name, 10)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 10})
        assert reply["recovered"] is True
        await session.quiet(0.05)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 4})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gap", "topic": name, "from": 5, "to": 10,
            "cause": "evicted"}
        http.publish_json(name, 11)
        assert await seqs(session, 1) == [11]


async def test_history_without_a_value(ng, http, topic):
    name = "log/" + topic
    epoch = fill(http, name, 10)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 7})
        assert reply["recovered"] is True
        assert await seqs(session, 3) == [8, 9, 10]


async def test_another_epoch(ng, http, topic):
    name = "hist/" + topic
    old = fill(http, name, 5)
    assert http.delete(name).status == 204
    new = fill(http, name, 3)
    assert new != old
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": old, "seq": 5})
        assert reply["recovered"] is False
        assert reply["topics"][0] == {
            "topic": name, "epoch": new, "seq": 3}
        assert await seqs(session, 3) == [1, 2, 3], "no gap: nothing is lost"


async def test_another_epoch_whose_start_is_lost(ng, http, topic):
    name = "short/" + topic
    fill(http, name, 10)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": "0other0", "seq": 9})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gap", "topic": name, "from": 1, "to": 6,
            "cause": "evicted"}
        assert await seqs(session, 4) == [7, 8, 9, 10]


async def test_a_position_ahead_of_the_topic(ng, http, topic):
    """Nobody can have got it: it can't be honoured."""
    name = "hist/" + topic
    epoch = fill(http, name, 5)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(name, {"epoch": epoch, "seq": 9})
        assert reply["recovered"] is False
        assert await seqs(session, 5) == [1, 2, 3, 4, 5]


async def test_a_topic_that_is_not_there(ng, http, topic):
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic, {"epoch": "0old0", "seq": 9})
        assert reply == {"topics": [], "recovered": False}
        assert await session.next() == {
            "op": "gone", "topic": topic, "reason": "deleted"}
        await session.quiet()
        http.publish_json(topic, 1)
        assert (await session.next())["op"] == "topic"
        assert await seqs(session, 1) == [1]


async def test_positions_of_a_selector(ng, http, topic):
    base = "hist/" + topic
    epochs = {one: fill(http, f"{base}/{one}", 6) for one in "abcd"}
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(base + "/*", positions={
            f"{base}/a": {"epoch": epochs["a"], "seq": 6},
            f"{base}/b": {"epoch": epochs["b"], "seq": 4},
            f"{base}/d": {"epoch": epochs["d"], "seq": 3}})
        assert reply["recovered"] is True
        assert [one["seq"] for one in reply["topics"]] == [6, 6, 6, 6]
        got = [(one["topic"][-1], one["seq"])
               for one in await session.msgs(6)]
        assert got == [("b", 5), ("b", 6), ("c", 6),
                       ("d", 4), ("d", 5), ("d", 6)]
        await session.quiet(0.05)


async def test_positions_of_other_topics_say_nothing(ng, http, topic):
    """A client may tell all that it knows, with each of its selectors."""
    at = http.put(topic + "/a", "x")
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic + "/*", positions={
            topic + "/a": {"epoch": at["epoch"], "seq": 1},
            "elsewhere/" + topic: {"epoch": at["epoch"], "seq": 7}})
        assert reply["recovered"] is True
        await session.quiet()


async def test_positions_that_cannot_be_honoured(ng, http, topic):
    base = "short/" + topic
    epochs = {one: fill(http, f"{base}/{one}", 10) for one in "ab"}
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(base + "/**", positions={
            f"{base}/a": {"epoch": epochs["a"], "seq": 8},
            f"{base}/b": {"epoch": epochs["b"], "seq": 1},
            f"{base}/gone": {"epoch": "0old0", "seq": 1}})
        assert reply["recovered"] is False
        assert await session.next() == {
            "op": "gone", "topic": f"{base}/gone", "reason": "deleted"}
        assert await seqs(session, 2) == [9, 10]
        assert await session.next() == {
            "op": "gap", "topic": f"{base}/b", "from": 2, "to": 6,
            "cause": "evicted"}
        assert await seqs(session, 4) == [7, 8, 9, 10]
        await session.quiet(0.05)


@pytest.mark.parametrize("others", [0, 1200])
async def test_topics_that_went_while_away(ng, http, topic, others):
    """Those of the positions are told, wherever they come among the others and
    however many these are; one that was made anew has another epoch."""
    base = "hist/" + topic
    http.batch([{"topic": f"{base}/m{n:04}", "data": n}
                for n in range(others)])
    names = [f"{base}/{one}" for one in ("a", "m0500x", "z", "m1100x")]
    positions = {one: {"epoch": fill(http, one, 3), "seq": 3}
                 for one in names}
    for one in names:
        assert http.delete(one).status == 204
    new = fill(http, names[3], 2)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(base + "/*", "new", positions=positions)
        assert reply["recovered"] is False
        assert not {one["topic"] for one in reply["topics"]} & set(names[:3])
        gone, epochs = set(), {
            one["topic"]: one["epoch"] for one in reply["topics"]}
        got = []
        while len(got) < 2 or len(gone) < 3:
            said = await session.next()
            if said["op"] == "gone":
                gone.add(said["topic"])
            elif said["op"] == "topic":
                epochs[said["topic"]] = said["epoch"]
            elif said["op"] == "msg":
                got.append((said["topic"], said["seq"]))
        assert gone == set(names[:3])
        assert epochs[names[3]] == new
        assert got == [(names[3], 1), (names[3], 2)]


async def test_what_came_while_away(ng, http, topic):
    """Drop and resume, again and again: each message once, in order."""
    name, got, at = "hist/" + topic, [], None
    published = 0
    for _ in range(10):
        session = await JsonSession.open(ng)
        reply = await session.sub(name, at)
        assert reply["recovered"] is True
        fill(http, name, 5, published + 1)
        published += 5
        while not got or got[-1] < published - 2:
            said = await session.next_of("msg")
            got.append(said["seq"])
        epoch = http.get(name).etag.strip('"').split(".")[0]
        at = {"epoch": epoch, "seq": got[-1]}
        await session.close()
        fill(http, name, 3, published + 1)
        published += 3
    session = await JsonSession.open(ng)
    await session.sub(name, at)
    got += await seqs(session, published - got[-1])
    assert got == list(range(1, published + 1))
    await session.close()
