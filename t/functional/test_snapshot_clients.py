"""ws_pubsub_snapshot: after a clean restart positions, tags and keys of before
are as good as they were."""

import asyncio
import json

import pytest

from support.httpc import Http
from support.rawws import RawWS
from support.restarts import (
    AT_END, TOPICS, Slots, again, at, end, keeping, restart, resumed, since)
from support.session import JsonSession

CLEAN = pytest.mark.parametrize("how", ["quit", "term"])


def fill(http, topic, count, start=1):
    """Publishes start, start + 1, …; returns the last answer."""
    for n in range(start, start + count):
        told = http.publish_json(topic, n).json()
    return told


@CLEAN
async def test_each_gets_what_it_missed(kept, how):
    ng = kept()
    with Http(ng) as http:
        told = fill(http, "hist/a", 20)
    restart(ng, how)
    for seq in (0, 1, 7, 19, 20):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            True, [("msg", n) for n in range(seq + 1, 21)])
    with Http(ng) as http:
        fill(http, "hist/a", 2, 21)
    for seq in (0, 20, 21, 22):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            True, [("msg", n) for n in range(seq + 1, 23)])


async def test_positions_that_are_not_good(kept):
    ng = kept()
    with Http(ng) as http:
        told = fill(http, "hist/a", 5)
    restart(ng)
    everything = [("msg", n) for n in range(1, 6)]
    for position in (at(told, 6), {"epoch": "0other0", "seq": 2}):
        assert await resumed(ng, "hist/a", position) == (False, everything)


async def test_what_history_had_lost(kept):
    ng = kept()
    with Http(ng) as http:
        told = {topic: fill(http, topic, 10)
                for topic in ("short/a", "plain/a", "event/a", "log/a")}
    restart(ng)
    for topic, seq, recovered, pushed in (
            ("short/a", 6, True, [("msg", n) for n in (7, 8, 9, 10)]),
            ("short/a", 5, False,
             [("gap", None)] + [("msg", n) for n in (7, 8, 9, 10)]),
            ("plain/a", 9, True, [("msg", 10)]),
            ("plain/a", 8, False, [("gap", None), ("msg", 10)]),
            ("event/a", 10, True, []),
            ("event/a", 9, False, [("gap", None)]),
            ("log/a", 5, True, [("msg", n) for n in range(6, 11)]),
            ("log/a", 4, False,
             [("gap", None)] + [("msg", n) for n in range(6, 11)])):
        assert await resumed(ng, topic, at(told[topic], seq)) == (
            recovered, pushed), (topic, seq)


async def test_positions_of_a_selector(kept):
    ng = kept()
    with Http(ng) as http:
        told = {one: fill(http, f"hist/{one}", 6) for one in "abcd"}
    restart(ng)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/*", positions={
            "hist/a": at(told["a"], 6), "hist/b": at(told["b"], 4),
            "hist/d": at(told["d"], 3)})
        assert reply["recovered"] is True
        assert [at(one) for one in reply["topics"]] == [
            at(told[one]) for one in "abcd"]
        got = [(one["topic"][-1], one["data"])
               for one in await session.msgs(6)]
        assert got == [("b", 5), ("b", 6), ("c", 6),
                       ("d", 4), ("d", 5), ("d", 6)]
        await session.quiet(0.05)


@pytest.mark.parametrize("start, seqs", [
    (None, [8]), ("new", []), ({"last": 3}, [6, 7, 8])])
async def test_other_starts(kept, start, seqs):
    ng = kept()
    with Http(ng) as http:
        fill(http, "hist/a", 8)
    restart(ng)
    assert await resumed(ng, "hist/a", start) == (
        True, [("msg", n) for n in seqs])


@CLEAN
async def test_clients_that_come_back(kept, how):
    """Sessions on all workers, over two restarts, with messages before and
    after each."""
    ng = kept(workers=3)
    with Http(ng) as http:
        position = at(fill(http, "hist/a", 3))
    for turn in range(2):
        sessions = [await JsonSession.open(ng) for _ in range(6)]
        got = []
        for one in sessions:
            reply = await one.sub("hist/a", position)
            assert reply["recovered"] is True
        with Http(ng) as http:
            fill(http, "hist/a", 2, position["seq"] + 1)
        for number, one in enumerate(sessions):
            got.append((await one.msgs(number % 3))[-1:])
        await asyncio.to_thread(end, ng, how)
        for one in sessions:
            await one.closed()
            assert one.close_code == (1001 if how == "quit" else 1006)
        await asyncio.to_thread(again, ng)
        last = position["seq"] + 2
        for one in got:
            seen = one[0]["seq"] if one else position["seq"]
            assert await resumed(ng, "hist/a", {**position, "seq": seen}) == (
                True, [("msg", n) for n in range(seen + 1, last + 1)]), turn
        position["seq"] = last


async def test_history_by_position(kept):
    ng = kept()
    with Http(ng) as http:
        told = fill(http, "hist/a", 6)
    restart(ng)
    with Http(ng) as http:
        for seq in (0, 4, 6):
            answer = http.get("hist/a", since(at(told, seq)))
            assert [one["data"] for one in answer.json()["items"]] == list(
                range(seq + 1, 7))
        assert http.get("hist/a", since(at(told, 7))).error_code() == 112
    async with await JsonSession.open(ng) as session:
        got = await session.ok("history", topic="hist/a", since_=at(told, 4))
        assert [one["seq"] for one in got["items"]] == [5, 6]
        assert {one["epoch"] for one in got["items"]} == {told["epoch"]}
        await session.fails(112, "history", topic="hist/a",
                            since_=at(told, 7))


@CLEAN
def test_conditions(kept, how):
    ng = kept()
    with Http(ng) as http:
        stale, good = (http.publish("a", one).etag for one in "12")
        modified = http.get("a").headers["last-modified"]
    restart(ng, how)
    with Http(ng) as http:
        for name, value in (("If-None-Match", good),
                            ("If-Modified-Since", modified)):
            assert http.get("a", headers={name: value}).status == 304
        answer = http.publish("a", "3", If_Match=stale)
        assert answer.status == 412 and answer.etag == good
        assert http.publish("a", "3", If_None_Match="*").status == 412
        taken = http.publish("a", "3", If_Match=good)
        assert taken.status == 202 and taken.json()["seq"] == 3
        assert http.publish("a", "4", If_Match=good).status == 412
        assert http.request("DELETE", "/api/a", headers={
            "If-Match": taken.etag}).status == 204


@CLEAN
def test_idempotency_keys(kept, how):
    ng = kept()
    with Http(ng) as http:
        first = http.publish("hist/a", "pay 5", Idempotency_Key="k-1")
        http.put("hist/a", "something else")
        other = http.publish("event/a", "pay 6", Idempotency_Key="k" * 128)
        conditional = http.publish("b", "pay 7", Idempotency_Key="k-1",
                                   If_None_Match="*")
    for _ in range(2):
        restart(ng, how)
        with Http(ng) as http:
            replayed = http.publish("hist/a", "pay 5", Idempotency_Key="k-1")
            assert replayed.json() == first.json()
            assert replayed.etag == first.etag
            assert replayed.status == first.status
            assert http.publish("event/a", "pay 6",
                                Idempotency_Key="k" * 128).json() == (
                                    other.json())
            assert http.publish("b", "pay 7", Idempotency_Key="k-1",
                                If_None_Match="*").json() == (
                                    conditional.json())
            answer = http.publish("hist/a", "pay 6", Idempotency_Key="k-1")
            assert answer.status == 409 and answer.error_code() == 114
            assert len(http.get("hist/a", "last=9").json()["items"]) == 2
            assert http.status()["keys_held"] > 0
    with Http(ng) as http:
        assert http.publish("hist/a", "pay 5",
                            Idempotency_Key="k-2").json()["seq"] == 3


async def test_keys_of_clients(kept):
    ng = kept(server="ws_pubsub_identity $arg_who;")
    async with await JsonSession.open(ng, "/ws?who=ann") as session:
        first = await session.pub("hist/a", text="x", key="k")
    restart(ng)
    async with await JsonSession.open(ng, "/ws?who=ann") as session:
        assert await session.pub("hist/a", text="x", key="k") == first
        await session.fails(114, "pub", topic="hist/a", text="y", key="k")
    async with await JsonSession.open(ng, "/ws?who=bob") as session:
        second = await session.pub("hist/a", text="x", key="k")
        assert second == at(first, 2)


@pytest.mark.parametrize("who, key", [
    (0, 126), (0, 127), (0, 128), (1, 126), (64, 64), (255, 1), (255, 128)])
async def test_keys_of_any_length(kept, who, key):
    """Of an application and of a client whose name is as long as can be: a
    file with them can be read."""
    ng = kept(http=keeping(AT_END), workers=1,
              server="ws_pubsub_identity $arg_who;")
    path, key = "/ws?who=" + "w" * who, "k" * key
    http_told = Http(ng).put("a", "x", Idempotency_Key=key)
    async with await JsonSession.open(ng, path) as session:
        told = await session.pub("b", text="x", key=key)
    await asyncio.to_thread(restart, ng)
    assert at(Http(ng).put("a", "x", Idempotency_Key=key)) == at(http_told)
    async with await JsonSession.open(ng, path) as session:
        assert await session.pub("b", text="x", key=key) == told


def test_a_key_went_with_its_topic(kept):
    ng = kept()
    with Http(ng) as http:
        http.put("a", "x", Idempotency_Key="k")
        http.delete("a")
        http.put("b", "<there once>", Idempotency_Key="k")
        Slots(ng).wait_for("<there once>")
        http.delete("b")
    restart(ng)
    with Http(ng) as http:
        for topic in "ab":
            assert http.put(topic, "y", Idempotency_Key="k")["seq"] == 1


def test_many_keys(kept):
    ng = kept(http=keeping(AT_END))
    with Http(ng) as http:
        for n in range(300):
            http.put(f"a/{n % 7}", str(n), Idempotency_Key=f"k{n}")
    restart(ng)
    with Http(ng) as http:
        assert http.status()["keys_held"] >= 300 * 64
        for n in range(300):
            told = http.put(f"a/{n % 7}", str(n), Idempotency_Key=f"k{n}")
            assert told["seq"] == n // 7 + 1


def test_patches(kept):
    ng = kept()
    with Http(ng) as http:
        http.publish_json("a", {"n": 1, "keep": ["x"]})
    restart(ng)
    with Http(ng) as http:
        assert http.patch("a", {"n": 2}).json()["seq"] == 2
        assert http.patch("a", [
            {"op": "add", "path": "/keep/-", "value": "y"}]).status == 202
    restart(ng)
    answer = Http(ng).get("a")
    assert answer.json() == {"n": 2, "keep": ["x", "y"]}
    assert answer.headers["content-type"] == "application/json"


async def test_deltas(kept):
    """The value that a client had before is a base for the next delta."""
    topics = TOPICS.replace("history=100", "history=100 delta=on")
    ng = kept(http=keeping(topics=topics))
    value = {"name": "a long text to be a base " * 20, "n": 1}
    with Http(ng) as http:
        told = http.publish_json("hist/a", value).json()
    restart(ng)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/a", delta=True)
        assert reply["recovered"] is True
        first = await session.msg()
        assert first["seq"] == told["seq"]
        assert json.loads(first["json"]) == value
        with Http(ng) as http:
            http.publish_json("hist/a", {**value, "n": 2})
        second = await session.next()
        assert (second["op"], second["base"]) == ("delta", 1)


def test_plain_endpoints(kept):
    ng = kept()
    with Http(ng) as http:
        http.put("a", b"\0\1\2", kind="application/octet-stream")
    restart(ng)
    with RawWS.open(ng, path="/plain/?topic=a", protocol=None) as ws:
        assert ws.recv_frame().payload == b"\0\1\2"
        with Http(ng) as http:
            http.put("a", "next")
        assert ws.recv_frame().payload == b"next"
