"""A subscriber's own rate: at most n messages a second of each topic, the
newest, with gaps that tell of the others."""

import asyncio
import time

import pytest

from support.httpc import Http
from support.session import JsonSession

CONFIG = {"workers": 2}


def check(pushes, last):
    """Each seq up to `last` came, or is in a gap; returns the messages."""
    told, messages = 0, []
    for said in pushes:
        if said["op"] == "gap":
            assert said["cause"] == "conflated" and said["from"] == told + 1
            told = said["to"]
        elif said["op"] == "msg":
            assert said["seq"] == told + 1
            told = said["seq"]
            messages.append(said)
    assert told == last
    return messages


async def until(session, seq):
    pushes = []
    while not pushes or pushes[-1].get("seq") != seq:
        pushes.append(await session.next())
        assert pushes[-1] is not None
    return pushes


async def test_only_so_many(ng, topic):
    async with await JsonSession.open(ng) as session, \
            await JsonSession.open(ng) as writer:
        await session.sub(topic, rate=5)
        began = time.monotonic()
        for n in range(100):
            await writer.pub(topic, data=n)
            await asyncio.sleep(0.01)
        messages = check(await until(session, 100), 100)
        took = time.monotonic() - began
        assert 3 <= len(messages) <= took * 5 + 2
        assert messages[-1]["data"] == 99


async def test_each_topic_of_a_selector(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/*", rate=2)
        for n in range(20):
            for name in ("a", "b", "c"):
                await session.pub(f"{topic}/{name}", data=n)
        pushes = []
        while len({one["topic"] for one in pushes
                   if one.get("seq") == 20 and one["op"] == "msg"}) < 3:
            pushes.append(await session.next())
        for name in ("a", "b", "c"):
            mine = [one for one in pushes
                    if one["topic"] == f"{topic}/{name}"]
            assert len(check(mine, 20)) <= 12


async def test_a_slow_topic_is_not_held_back(ng, topic):
    """What comes at less than the rate comes as it is published."""
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, rate=1000)
        for n in range(5):
            await session.pub(topic, data=n)
            assert (await session.next_of("msg"))["data"] == n
            await asyncio.sleep(0.02)


async def test_the_fastest_of_two_subscriptions(ng, topic):
    name = topic + "/x"
    async with await JsonSession.open(ng) as session:
        await session.sub(name, rate=0.1)
        await session.sub(topic + "/*")
        for n in range(10):
            await session.pub(name, data=n)
        assert [(await session.next_of("msg"))["data"]
                for _ in range(10)] == list(range(10))
        await session.quiet()


async def test_unsubscribed_while_messages_wait(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, rate=0.1)
        for n in range(10):
            await session.pub(topic, data=n)
        assert (await session.next_of("msg"))["seq"] == 1
        await session.ok("unsub", topic=topic)
        gap = await session.next()
        assert (gap["op"], gap["from"], gap["to"]) == ("gap", 2, 10)
        await session.quiet()


async def test_deleted_while_messages_wait(ng, topic):
    with Http(ng) as http:
        async with await JsonSession.open(ng) as session:
            await session.sub(topic, rate=0.1)
            for n in range(3):
                await session.pub(topic, data=n)
            assert (await session.next_of("msg"))["seq"] == 1
            assert http.delete(topic).status == 204
            gap = await session.next()
            assert (gap["op"], gap["from"], gap["to"]) == ("gap", 2, 3)
            assert (await session.next())["op"] == "gone"
            await session.pub(topic, data="again")
            assert (await session.next_of("msg"))["seq"] == 1


async def test_the_session_ends_while_messages_wait(ng, topic):
    for _ in range(20):
        session = await JsonSession.open(ng)
        await session.sub(topic, rate=20)
        await session.pub(topic, data=1)
        await session.pub(topic, data=2)
        await session.close()
    await asyncio.sleep(0.2)


@pytest.mark.parametrize("rate", [0, -1, 1001, "2", None, True, [], 1e-9])
async def test_bad_rates(ng, topic, rate):
    async with await JsonSession.open(ng) as session:
        await session.fails(107, "sub", topic=topic, rate=rate)


@pytest.mark.parametrize("delta", ["yes", 1, None, {}])
async def test_bad_deltas(ng, topic, delta):
    async with await JsonSession.open(ng) as session:
        await session.fails(107, "sub", topic=topic, delta=delta)
