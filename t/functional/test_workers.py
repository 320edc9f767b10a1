"""Four workers: each message to all, once, in order, from everywhere."""

import asyncio
import os

from support.cluster import stopped
from support.httpc import Http, http_on_each_worker
from support.restarts import at
from support.session import JsonSession, sessions_on_each_worker

CONFIG = {"workers": 4}


async def close_all(sessions):
    for one in sessions:
        await one.close()


async def test_from_every_worker_to_every_worker(ng, scheme, topic):
    readers = await sessions_on_each_worker(ng, scheme=scheme)
    writers = http_on_each_worker(ng, scheme)
    assert set(readers) == set(writers) == set(ng.worker_pids())
    for one in readers.values():
        await one.sub(topic)
    told = []
    for n in range(40):
        for pid, writer in writers.items():
            answer = writer.publish_json(topic, f"{pid}.{n}")
            assert answer.status == 201
            assert answer.json()["subscribers"] == 4
            told.append(f"{pid}.{n}")
    for one in readers.values():
        assert (await one.next())["op"] == "topic"
        got = await one.msgs(160)
        assert [msg["seq"] for msg in got] == list(range(1, 161))
        assert [msg["data"] for msg in got] == told
    await close_all(readers.values())


async def test_all_at_once(ng, topic):
    """Sessions on all workers publish and read at the same time."""
    readers = await sessions_on_each_worker(ng)
    for one in readers.values():
        await one.sub(topic + "/**")

    async def write(pid, session):
        for n in range(100):
            await session.pub(f"{topic}/{n % 3}", data=[pid, n])

    await asyncio.gather(*(write(*one) for one in readers.items()))
    orders = []
    for one in readers.values():
        got = [await one.next_of("msg") for _ in range(400)]
        for name in range(3):
            seqs = [msg["seq"] for msg in got
                    if msg["topic"] == f"{topic}/{name}"]
            assert seqs == list(range(1, len(seqs) + 1))
        for pid in readers:
            mine = [msg["data"][1] for msg in got
                    if msg["data"][0] == pid and msg["topic"][-1] == "0"]
            assert mine == list(range(0, 100, 3)), "a writer's own order"
        orders.append({name: [msg["data"] for msg in got
                              if msg["topic"] == f"{topic}/{name}"]
                       for name in range(3)})
    assert all(one == orders[0] for one in orders)
    await close_all(readers.values())


async def test_counts_of_subscribers(ng, topic):
    readers = await sessions_on_each_worker(ng)
    for one in readers.values():
        await one.sub(topic)
        await one.sub(topic + "/*")
    more = await JsonSession.open(ng)
    await more.sub("t/*")
    with Http(ng) as http:
        # a session counts once, however many of its selectors match
        assert http.publish(topic, "x").json()["subscribers"] == 5
        assert http.publish(
            topic + "/a", "x").json()["subscribers"] == 4
        await more.close()
        await asyncio.sleep(0.2)
        assert http.publish(topic, "x").json()["subscribers"] == 4
        for one in list(readers.values())[:2]:
            await one.ok("unsub", topic=topic)
        await asyncio.sleep(0.2)
        assert http.publish(topic, "x").json()["subscribers"] == 2
    await close_all(readers.values())


async def test_status_counts_all_workers(ng, topic):
    readers = await sessions_on_each_worker(ng)
    for one in readers.values():
        await one.sub(topic)
    with Http(ng) as http:
        status = http.status()
        assert status["workers"] == 4
        assert status["sessions"] == 4 and status["subscriptions"] == 4
    await close_all(readers.values())


async def test_gone_reaches_every_worker(ng, topic):
    readers = await sessions_on_each_worker(ng)
    with Http(ng) as http:
        http.put(topic, "x")
        for one in readers.values():
            await one.sub(topic)
            await one.msg()
        assert http.delete(topic).status == 204
        for one in readers.values():
            assert await one.next() == {
                "op": "gone", "topic": topic, "reason": "deleted"}
    await close_all(readers.values())


async def test_values_are_seen_by_every_worker_at_once(ng, topic):
    clients = list(http_on_each_worker(ng).values())
    for n in range(50):
        clients[n % 4].put(topic, str(n))
        for one in clients:
            assert one.get(topic).body == str(n).encode()


async def test_large_messages_over_workers(nginx, topic):
    """More in a burst than any inbox would like to copy."""
    ng = nginx(server="ws_pubsub_queue 8m;")
    readers = await sessions_on_each_worker(ng)
    for one in readers.values():
        await one.sub(topic)
    with Http(ng) as http:
        for n in range(100):
            http.put(topic, f"{n} " + "x" * 60000)
    for one in readers.values():
        for n in range(100):
            said = await one.next_of("msg")
            assert said["seq"] == n + 1
            assert said["text"].startswith(f"{n} x")
    await close_all(readers.values())


async def test_one_worker(nginx, topic):
    ng = nginx(workers=1)
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        await session.pub(topic, data=1)
        assert (await session.next_of("msg"))["seq"] == 1


async def test_a_position_of_another_worker(ng):
    """A worker that has not read yet what the client has got elsewhere: the
    reply does not look as if that had been lost."""
    writers = http_on_each_worker(ng)
    here, there = sorted(writers)[:2]
    for n in range(10):
        topic = f"hist/{os.urandom(4).hex()}"
        writers[here].put(topic, "1")
        readers = await sessions_on_each_worker(ng)
        await readers[there].sub(topic)
        await readers[there].msg()
        late = (await sessions_on_each_worker(ng))[there]
        with stopped(there):
            told = writers[here].put(topic, "2")
            reply = asyncio.ensure_future(late.sub(topic, at(told)))
            await asyncio.sleep(0.05)
        assert await reply == {"recovered": True, "topics": [
            {"topic": topic, **at(told)}]}, n
        await late.quiet()
        await close_all(readers.values())
        await late.close()
    for one in writers.values():
        one.close()
