"""max_subscribers=: how many sessions may be subscribed to a topic by name."""

import asyncio

from support.httpc import Http
from support.processes import wait_until
from support.rawws import RawWS
from support.session import JsonSession, connect, sessions_on_each_worker

CONFIG = {
    "http": """
        ws_pubsub_zone main:8m;
        ws_pubsub_topic "duel/*" zone=main max_subscribers=2;
        ws_pubsub_topic "trio/*" zone=main max_subscribers=3;
        ws_pubsub_topic "free/*" zone=main max_subscribers=0;
        """,
}


async def close_all(sessions):
    for one in sessions:
        await one.close()


async def test_on_all_workers(ng):
    sessions = list((await sessions_on_each_worker(ng)).values())
    await sessions[0].sub("duel/a")
    await sessions[1].sub("duel/a")
    for one in sessions[2:]:
        await one.fails(106, "sub", topic="duel/a")
        await one.sub("duel/b" if one is sessions[2] else "free/a")
    # who was refused gets nothing of it
    Http(ng).put("duel/a", "x")
    for one in sessions[:2]:
        assert (await one.next_of("msg"))["text"] == "x"
    for one in sessions[2:]:
        await one.quiet()
    # a place that is given up can be taken at once
    await sessions[0].ok("unsub", topic="duel/a")
    await sessions[3].sub("duel/a")
    await sessions[0].fails(106, "sub", topic="duel/a")
    await sessions[1].close()
    await sessions[0].sub("duel/a")
    await sessions[2].fails(106, "sub", topic="duel/a")
    await close_all(sessions)


async def test_on_one_worker(ng):
    first = await JsonSession.open(ng)
    same = [first]
    others = []
    while len(same) < 4:
        one = await JsonSession.open(ng)
        (same if one.worker == first.worker else others).append(one)
    for one in same[:3]:
        await one.sub("trio/a")
    await first.fails(105, "sub", topic="trio/a")
    await same[3].fails(106, "sub", topic="trio/a")
    await same[1].ok("unsub", topic="trio/a")
    await same[3].sub("trio/a")
    await same[1].fails(106, "sub", topic="trio/a")
    await close_all(same + others)
    async with await JsonSession.open(ng) as one:
        await one.sub("trio/a")


async def test_selectors_do_not_count(ng):
    sessions = list((await sessions_on_each_worker(ng)).values())
    for one in sessions:
        await one.sub("duel/**")
    await sessions[0].sub("duel/s")
    await sessions[1].sub("duel/s")
    await sessions[2].fails(106, "sub", topic="duel/s")
    answer = Http(ng).put("duel/s", "x")
    assert answer["subscribers"] == 4
    for one in sessions:
        assert (await one.next_of("msg"))["text"] == "x"
    await close_all(sessions)


async def test_no_limit(ng):
    sessions = [await JsonSession.open(ng) for _ in range(10)]
    for one in sessions:
        await one.sub("free/b")
        await one.sub("other")
    assert Http(ng).put("free/b", "x")["subscribers"] == 10
    await close_all(sessions)


async def test_plain(ng):
    path = "/plain/?topic=duel/p"
    first = await connect(ng, path)
    second = await connect(ng, path)
    third = await connect(ng, path)
    await asyncio.wait_for(third.wait_closed(), 10)
    assert third.close_code == 1008 and "subscribers" in third.close_reason
    Http(ng).put("duel/p", "x")
    assert await first.recv() == "x" and await second.recv() == "x"
    await first.close()
    fourth = await connect(ng, path)
    assert await fourth.recv() == "x"
    await second.close()
    await fourth.close()


async def test_dropped_connections_give_it_up(ng):
    path = "/plain/?topic=duel/q"
    for _ in range(5):
        pair = [RawWS.open(ng, path=path, protocol=None) for _ in range(2)]
        for one in pair:
            one.sock.close()

        def free():
            with Http(ng) as http:
                return http.status()["sessions"] == 0
        await asyncio.to_thread(wait_until, "they are noticed", free)


async def test_after_a_kill(nginx):
    ng = nginx(**CONFIG)
    sessions = await sessions_on_each_worker(ng)
    victims = ng.worker_pids()[:2]
    for pid in victims:
        await sessions[pid].sub("duel/a")
    others = [one for pid, one in sessions.items() if pid not in victims]
    await others[0].fails(106, "sub", topic="duel/a")
    await asyncio.to_thread(ng.kill_worker, victims[0])

    async def taken():
        return "ok" in await others[0].command("sub", topic="duel/a")

    deadline = asyncio.get_running_loop().time() + 10
    while not await taken():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    await others[1].fails(106, "sub", topic="duel/a")
    await close_all(others)


async def test_resuming_after_a_reload(nginx):
    """Old sessions are no competition for themselves."""
    ng = nginx(**CONFIG)
    for _ in range(3):
        sessions = [await JsonSession.open(ng) for _ in range(2)]
        for one in sessions:
            await one.sub("duel/a")
        late = await JsonSession.open(ng)
        await late.fails(106, "sub", topic="duel/a")
        await asyncio.to_thread(ng.reload)
        for one in sessions:
            assert await one.closed() == 1001
        again = [await JsonSession.open(ng) for _ in range(2)]
        for one in again:
            await one.sub("duel/a")
        late = await JsonSession.open(ng)
        await late.fails(106, "sub", topic="duel/a")
        await late.close()
        await close_all(again)
