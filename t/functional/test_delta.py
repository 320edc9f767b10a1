"""Deltas: a subscriber that asks for them rebuilds each message, byte for
byte; all others notice nothing."""

import json
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from support.delta import Texts, compact
from support.httpc import Http, http_on_each_worker
from support.session import JsonSession, sessions_on_each_worker

CONFIG = {"http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "t/*/keep/**" zone=main history=50 delta=on;
ws_pubsub_topic "t/*/whole/**" zone=main;
ws_pubsub_topic "**" zone=main delta=on;
"""}


def book(rows=40):
    return {"bids": [{"price": 10000 + n, "size": n * 37 % 1000}
                     for n in range(rows)], "note": "Größe 한 😀"}


def changed(value, choose):
    for _ in range(3):
        choose.choice(value["bids"])["size"] = choose.randrange(1000)
    return value


async def test_rebuilt_byte_for_byte(ng, topic, scheme):
    choose, value, texts = random.Random(1), book(), Texts()
    with Http(ng, scheme) as http:
        http.publish_json(topic, value)
        async with await JsonSession.open(ng, scheme=scheme) as session:
            await session.sub(topic, delta=True)
            # json.dumps leaves blanks and escapes: blanks go, escapes stay.
            assert texts.take(await session.next()) == json.dumps(
                value, separators=(",", ":"))
            for _ in range(30):
                text = compact(changed(value, choose))
                http.put(topic, text, kind="application/json")
                assert texts.take(await session.next()) == text
            assert texts.deltas == 30


async def test_every_worker(ng, topic):
    """Made in each worker, from what that one delivered before."""
    sessions = await sessions_on_each_worker(ng)
    texts = {pid: Texts() for pid in sessions}
    for session in sessions.values():
        await session.sub(topic, delta=True)
    writers = http_on_each_worker(ng)
    choose, value = random.Random(2), book()
    for _ in range(5):
        for writer in writers.values():
            text = compact(changed(value, choose))
            writer.put(topic, text, kind="application/json")
            for pid, session in sessions.items():
                assert texts[pid].take(await session.next_of(
                    "msg", "delta")) == text
    assert all(one.deltas == 5 * len(writers) - 1 for one in texts.values())
    for session in sessions.values():
        await session.close()


async def test_only_if_smaller_and_asked_for(ng, topic):
    async with await JsonSession.open(ng) as asks, \
            await JsonSession.open(ng) as does_not:
        await asks.sub(topic, delta=True)
        await does_not.sub(topic)
        for n in range(3):
            await asks.pub(topic, data={"n": n})
            said = await asks.next_of("msg", "delta")
            assert said["op"] == "msg" and said["json"] == '{"n":%d}' % n
            assert (await does_not.next_of("msg"))["data"] == {"n": n}


async def test_other_kinds_between(ng, topic):
    """Text has deltas of its own; binary has none; neither mixes."""
    long, texts = "lorem ipsum dolor sit amet " * 20, Texts()
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, delta=True)
        await session.pub(topic, text=long)
        assert texts.take(await session.next_of("msg")) == long
        await session.pub(topic, text=long + "é")
        said = await session.next()
        assert said["op"] == "delta" and texts.take(said) == long + "é"
        await session.pub(topic, data=long + "é")
        said = await session.next()
        assert said["op"] == "msg" and json.loads(said["json"]) == long + "é"
        texts.take(said)
        await session.pub(topic, b64="AAEC")
        assert (await session.next())["b64"] == "AAEC"
        await session.pub(topic, data=long)
        assert (await session.next())["json"] == compact(long)


async def test_a_policy_without_delta(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/whole/**", delta=True)
        for _ in range(3):
            await session.pub(topic + "/whole/a", data=book())
            said = await session.next_of("msg", "delta")
            assert said["op"] == "msg" and json.loads(said["json"]) == book()


async def test_history_and_then_live(ng, topic):
    """A subscription that starts with history gets deltas from there on."""
    name, choose, value = topic + "/keep/a", random.Random(3), book()
    sent, texts = [], Texts()
    async with await JsonSession.open(ng) as session:
        for _ in range(10):
            sent.append(compact(changed(value, choose)))
            await session.pub(name, data=json.loads(sent[-1]))
        await session.sub(name, since={"last": 10}, delta=True)
        for text in sent:
            assert json.loads(texts.take(await session.next())) == (
                json.loads(text))
        text = compact(changed(value, choose))
        with Http(ng) as http:
            http.put(name, text, kind="application/json")
        said = await session.next()
        assert said["op"] == "delta" and texts.take(said) == text


async def test_since_new_has_no_base(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.pub(topic, data=book())
        await session.sub(topic, since="new", delta=True)
        await session.pub(topic, data=book(41))
        said = await session.next()
        assert said["op"] == "msg" and json.loads(said["json"]) == book(41)
        await session.pub(topic, data=book(42))
        assert (await session.next())["op"] == "delta"


async def test_a_topic_made_anew(ng, topic):
    texts = Texts()
    with Http(ng) as http:
        async with await JsonSession.open(ng) as session:
            await session.sub(topic, delta=True)
            http.put(topic, compact(book()), kind="application/json")
            texts.take(await session.next_of("msg"))
            assert http.delete(topic).status == 204
            assert (await session.next())["op"] == "gone"
            http.put(topic, compact(book(41)), kind="application/json")
            said = await session.next_of("msg", "delta")
            assert said["op"] == "msg" and said["seq"] == 1
            http.put(topic, compact(book(42)), kind="application/json")
            texts.take(said)
            assert texts.take(await session.next()) == compact(book(42))


async def test_two_subscriptions_that_overlap(ng, topic):
    """One asks for deltas, one does not: each message comes once."""
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, delta=True)
        await session.sub(topic[:topic.index("/")] + "/**", since="new")
        for n in range(4):
            await session.pub(topic, data=book(40 + n))
        seqs = [(await session.next_of("msg", "delta"))["seq"]
                for _ in range(4)]
        assert seqs == [1, 2, 3, 4]
        await session.quiet()


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(st.text(max_size=300), min_size=2, max_size=6))
def test_random_texts(shared, texts):
    """What any client may publish, over one raw exchange each."""
    import asyncio
    asyncio.run(_follow(shared, "t/random/keep/x", texts))


async def _follow(ng, topic, values):
    follower = Texts()
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, since="new", delta=True)
        for value in values:
            await session.pub(topic, data=[value, "x" * 200])
            got = follower.take(await session.next_of("msg", "delta"))
            assert json.loads(got) == [value, "x" * 200]


