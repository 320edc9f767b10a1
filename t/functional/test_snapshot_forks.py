"""ws_pubsub_snapshot: after a crash the first publish into a topic forks it:
subscribers are told, positions of before the crash stay good."""

import pytest

from support.httpc import Http
from support.rawws import RawWS
from support.restarts import (
    AT_END, at, end, again, keeping, put_kept, restart, resumed, since, texts)
from support.session import JsonSession, sessions_on_each_worker


@pytest.fixture(name="crashed")
def _crashed(kept):
    """hist/a and hist/b are at 2 in the file, nginx was killed; returns nginx
    and {topic: what its publisher was told}."""
    ng = kept()
    with Http(ng) as http:
        for text in ("1", "2"):
            last = {topic: http.put(topic, text)
                    for topic in ("hist/a", "hist/b")}
    put_kept(ng, "other")
    restart(ng, "kill", http=keeping(AT_END), workers=3)
    return ng, last


def fork_of(told, new):
    """The notice."""
    return {"op": "topic", "topic": new["topic"], "epoch": new["epoch"],
            "was": told["epoch"], "seq": told["seq"]}


async def test_subscribers_are_told_before_the_message(crashed):
    """On each worker, by name and by selector, at the value or only changes:
    once, before it, and not again."""
    ng, told = crashed
    told = told["hist/a"]
    sessions = []
    for fields in ({"topic": "hist/a"}, {"topic": "hist/*", "since": "new"},
                   {"topic": "**", "since": "new"},
                   {"topic": "hist/a", "since": at(told)},
                   {"topic": "hist/a", "delta": True, "since": "new"}):
        for one in (await sessions_on_each_worker(ng)).values():
            await one.sub(**fields)
            sessions.append(one)
    both = await JsonSession.open(ng)
    await both.sub("hist/a", "new")
    await both.sub("hist/*", "new")
    sessions.append(both)
    for one in sessions:
        while not one.pushes.empty():
            one.pushes.get_nowait()
    for one in sessions:
        await one.ping()
        while not one.pushes.empty():
            one.pushes.get_nowait()
    with Http(ng) as http:
        new = http.put("hist/a", "3")
        assert http.put("hist/a", "4")["epoch"] == new["epoch"]
    assert new["seq"] == 3 and new["epoch"] != told["epoch"]
    for one in sessions:
        assert await one.next() == fork_of(told, new)
        assert [said["seq"] for said in await one.msgs(2)] == [3, 4]
        await one.quiet(0)
        await one.close()


async def test_each_topic_forks_for_itself(crashed):
    ng, told = crashed
    with Http(ng) as http:
        new = http.put("hist/a", "3")
        assert http.get("hist/b").etag == f'"{told["hist/b"]["epoch"]}.2"'
        async with await JsonSession.open(ng) as session:
            await session.sub("hist/*", "new")
            assert http.put("hist/a", "4")["epoch"] == new["epoch"]
            assert (await session.next())["op"] == "msg"
            other = http.put("hist/b", "3")
            assert await session.next() == fork_of(told["hist/b"], other)
            assert (await session.msg())["seq"] == 3
    assert len({new["epoch"], other["epoch"], *(
        one["epoch"] for one in told.values())}) == 4


async def test_who_comes_after_the_fork(crashed):
    """Is told the new epoch at once, and of no fork."""
    ng, told = crashed
    new = Http(ng).put("hist/a", "3")
    for position, seqs in ((None, [3]), ("new", []), (at(new), []),
                           (at(told["hist/a"]), [3])):
        async with await JsonSession.open(ng) as session:
            reply = await session.sub("hist/a", position)
            assert reply["recovered"] is True
            assert [at(one) for one in reply["topics"]] == [at(new)]
            assert [one["seq"] for one in await session.msgs(
                len(seqs))] == seqs
            await session.quiet(0.05)


async def test_positions_of_before_the_fork(crashed):
    ng, told = crashed
    told = told["hist/a"]
    new = Http(ng).put("hist/a", "3")
    assert await resumed(ng, "hist/a", at(told)) == (True, [("msg", 3)])
    assert await resumed(ng, "hist/a", at(told, 0)) == (
        True, [("msg", 1), ("msg", 2), ("msg", 3)])
    assert await resumed(ng, "hist/a", at(told, 3)) == (
        False, [("msg", 1), ("msg", 2), ("msg", 3)])
    with Http(ng) as http:
        answer = http.get("hist/a", since(at(told)))
        assert answer.status == 200
        assert [one["seq"] for one in answer.json()["items"]] == [3]
        answer = http.get("hist/a", since(at(told, 3)))
        assert answer.status == 412 and answer.error_code() == 112
        assert answer.etag == f'"{new["epoch"]}.3"'
    async with await JsonSession.open(ng) as session:
        got = await session.ok("history", topic="hist/a", since_=at(told))
        assert [one["seq"] for one in got["items"]] == [3]
        await session.fails(112, "history", topic="hist/a",
                            since_=at(told, 3))


@pytest.mark.parametrize("how", ["put", "conditional", "patch", "batch",
                                 "session", "condition of a session"])
async def test_whatever_publishes(crashed, how):
    ng, told = crashed
    told = told["hist/a"]
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/a", "new")
        with Http(ng) as http:
            if how == "put":
                http.put("hist/a", "3")
            elif how == "conditional":
                http.put("hist/a", "3", If_Match=f'"{told["epoch"]}.2"')
            elif how == "patch":
                # What is kept is the text of a number, so JSON is first.
                http.publish_json("hist/a", {})
                assert await session.next() == fork_of(
                    told, {"topic": "hist/a", "epoch": _epoch(http)})
                assert (await session.msg())["seq"] == 3
                assert http.patch("hist/a", {"a": 1}).status == 201
                assert (await session.next())["op"] == "msg"
                return
            elif how == "batch":
                http.batch([{"topic": "hist/a", "data": n} for n in range(2)])
            elif how == "session":
                await session.pub("hist/a", text="3")
            else:
                await session.pub("hist/a", text="3", if_=at(told))
            assert await session.next() == fork_of(
                told, {"topic": "hist/a", "epoch": _epoch(http)})
        assert (await session.msg())["seq"] == 3


def _epoch(http):
    return http.get("hist/a").etag.strip('"').split(".")[0]


async def test_what_publishes_nothing_tells_of_no_fork(crashed):
    ng, told = crashed
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/a", "new")
        with Http(ng) as http:
            assert http.publish("hist/a", "x", If_Match='"0no0.1"').status == (
                412)
            assert http.publish("hist/a", "x", If_None_Match="*").status == (
                412)
            assert http.get("hist/a").status == 200
        await session.quiet()
        assert await resumed(ng, "hist/a", at(told["hist/a"])) == (True, [])


async def test_removed_before_it_forks(crashed):
    ng, told = crashed
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/a", "new")
        with Http(ng) as http:
            http.delete("hist/a")
            assert (await session.next())["op"] == "gone"
            new = http.put("hist/a", "x")
        assert new["seq"] == 1
        assert new["epoch"] != told["hist/a"]["epoch"]
        said = await session.next()
        assert said["op"] == "topic" and "was" not in said
        assert said["epoch"] == new["epoch"]
        assert (await session.msg())["seq"] == 1


async def test_new_topics_are_no_forks(crashed):
    ng, _ = crashed
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/*", "new")
        new = Http(ng).put("hist/new", "x")
        assert await session.next() == {
            "op": "topic", "topic": "hist/new", "epoch": new["epoch"],
            "seq": 0}
        assert (await session.msg())["seq"] == 1


def test_plain_endpoints_see_messages_only(crashed):
    ng, _ = crashed
    with RawWS.open(ng, path="/plain/?topic=hist/a", protocol=None) as ws:
        assert ws.recv_frame().payload == b"2"
        with Http(ng) as http:
            http.put("hist/a", "3")
            http.put("hist/a", "4")
        assert ws.recv_frame().payload == b"3"
        assert ws.recv_frame().payload == b"4"


async def lives(ng, count, lost):
    """Crash after crash; in each life one message gets into the file and
    `lost` more don't. Returns the positions that the file had, those that
    were lost, and the answer of a last publish."""
    good, bad = [], []
    for _ in range(count):
        kept_now = put_kept(ng, "hist/a")[0]
        good.append(at(kept_now))
        restart(ng, "quit", http=keeping(AT_END))
        with Http(ng) as http:
            bad += [at(http.put("hist/a", "lost")) for _ in range(lost)]
        restart(ng, "kill", http=keeping())
    return good, bad, Http(ng).put("hist/a", "last")


@pytest.mark.parametrize("count, lost", [(2, 1), (3, 0), (3, 2), (4, 1)])
async def test_crashes_in_a_row(kept, count, lost):
    """The last four forks are known: each position that a file had is good,
    each that was lost is not."""
    ng = kept()
    good, bad, last = await lives(ng, count, lost)
    assert last["seq"] == count + 1
    epochs = [one["epoch"] for one in good] + [last["epoch"]]
    assert len(set(epochs)) == count + 1
    for how in (None, "quit", "kill"):
        if how:
            restart(ng, how)
        for position in good:
            assert await resumed(ng, "hist/a", position) == (
                True, [("msg", n) for n in range(
                    position["seq"] + 1, last["seq"] + 1)]), (how, position)
            assert Http(ng).get("hist/a", since(position)).status == 200
        for position in bad:
            recovered, _ = await resumed(ng, "hist/a", position)
            assert recovered is False, (how, position)
            assert Http(ng).get("hist/a", since(position)).status == 412
        # For a crash that follows: the last publish is in the file.
        put_kept(ng, "other")


async def test_more_forks_than_are_known(kept):
    """A position of long ago may be refused, but is never taken wrongly."""
    ng = kept()
    good, bad, last = await lives(ng, 6, 1)
    for position in good[-4:]:
        recovered, _ = await resumed(ng, "hist/a", position)
        assert recovered is True, position
    for position in bad:
        recovered, _ = await resumed(ng, "hist/a", position)
        assert recovered is False, position
    assert len(texts(Http(ng), "hist/a")) == last["seq"] == 7


async def test_crashes_without_a_publish_are_one_fork(crashed):
    ng, told = crashed
    told = told["hist/a"]
    for _ in range(5):
        restart(ng, "kill")
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/a", at(told))
        new = Http(ng).put("hist/a", "3")
        assert await session.next() == fork_of(told, new)
        assert (await session.msg())["seq"] == 3


async def test_a_clean_restart_keeps_what_is_to_fork(crashed):
    """The crash was two starts ago; its lost positions must not become good
    by a clean end in between."""
    ng, told = crashed
    told = told["hist/a"]
    end(ng)
    again(ng)
    new = Http(ng).put("hist/a", "3")
    assert new["seq"] == 3 and new["epoch"] != told["epoch"]
    assert await resumed(ng, "hist/a", at(told)) == (True, [("msg", 3)])
    recovered, _ = await resumed(ng, "hist/a", at(told, 3))
    assert recovered is False
