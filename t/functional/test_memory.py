"""10,000 connects and disconnects leave nothing behind."""

import asyncio

from support import processes
from support.fastws import Subscriber
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.rawws import PING, RawWS
from support.session import connect

ROUNDS = 2000 if sanitizing() else 10000
AT_ONCE = 50
# A leak of one request pool a session would be 40 MB; quarantined memory
# of a sanitizer is no leak.
GROWTH_KIB = 200 * 1024 if sanitizing() else 2 * 1024


async def one_session(port, number):
    """Subscribes, gets the value, and leaves in one of three ways."""
    got = asyncio.get_running_loop().create_future()
    ended = asyncio.get_running_loop().create_future()

    def push(said):
        if said.get("op") == "msg" and not got.done():
            got.set_result(said)

    client = await Subscriber.open(
        port, push, lambda code: ended.done() or ended.set_result(code))
    client.command(id=1, op="sub", topic="value")
    client.command(id=2, op="sub", topic=f"own/{number % 500}/**")
    await asyncio.wait_for(got, 20)
    if number % 3 == 0:
        client.close()
    elif number % 3 == 1:
        client.transport.abort()
    else:
        client.transport.close()
    await asyncio.wait_for(ended, 20)


async def many(port, count):
    numbers = iter(range(count))

    async def work():
        for number in numbers:
            await one_session(port, number)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def test_connects_and_disconnects(nginx):
    ng = nginx(workers=2)
    http = Http(ng)
    http.put("value", "x" * 1000)
    await many(ng.port, 1000)
    await settled(ng)
    pids = ng.worker_pids()
    before = {pid: processes.rss_kib(pid) for pid in pids}
    files = {pid: processes.open_descriptors(pid) for pid in pids}
    free = http.status()["free"]
    await many(ng.port, ROUNDS)
    await settled(ng)
    assert ng.worker_pids() == pids
    status = http.status()
    assert status["subscriptions"] == 0
    assert status["free"] >= free - 4096, (status["free"], free)
    for pid in pids:
        growth = processes.rss_kib(pid) - before[pid]
        assert growth < GROWTH_KIB, f"{growth} KiB in {ROUNDS} sessions"
        assert processes.open_descriptors(pid) <= files[pid] + 2


async def settled(ng):
    await asyncio.to_thread(
        wait_until, "all sessions have ended",
        lambda: Http(ng).status()["sessions"] == 0)


def test_half_handshakes(nginx):
    """Refused upgrades, broken off heads and frames leave nothing."""
    ng = nginx(workers=1, server="ws_pubsub_compression on;")
    pid, = ng.worker_pids()

    def round_of_them(count):
        for n in range(count):
            ws = RawWS.open(ng, extensions="permessage-deflate")
            if n % 4 == 0:
                ws.send_frame(PING, b"x" * 126)
            elif n % 4 == 1:
                ws.send_frame(1, b'{"op":"pi', fin=False)
            elif n % 4 == 2:
                ws.send(b"\xc1")
            ws.close()
            ws = RawWS(ng)
            ws.handshake(protocol="other")
            assert ws.status == 400
            ws.close()

    round_of_them(300)
    before = processes.rss_kib(pid)
    round_of_them(1500)
    wait_until("all sessions have ended",
               lambda: Http(ng).status()["sessions"] == 0)
    growth = processes.rss_kib(pid) - before
    assert growth < GROWTH_KIB, growth


async def test_topics_made_and_removed(nginx):
    ng = nginx(workers=2)
    http = Http(ng)
    free = []
    for n in range(6):
        for m in range(200):
            http.put(f"churn/{m}", "x" * (m * 10 + 1))
        for m in range(200):
            assert http.delete(f"churn/{m}").status == 204
        free.append(http.status()["free"])
    assert free[-1] >= free[1] - 8192, free
    assert http.status()["topics"] == 0


async def test_a_message_of_many_sizes(nginx):
    """Queues and buffers shrink again."""
    ng = nginx(workers=1)
    pid, = ng.worker_pids()
    clients = [await connect(ng, "/plain/?topic=a") for _ in range(20)]
    http = Http(ng)

    async def burst(count):
        for n in range(count):
            http.put("a", "x" * 60000)
            for one in clients:
                assert len(await one.recv()) == 60000

    await burst(10)
    before = processes.rss_kib(pid)
    await burst(60)
    assert processes.rss_kib(pid) - before < GROWTH_KIB
    for one in clients:
        await one.close()


def no_sessions(ng):
    try:
        return Http(ng).status()["sessions"] == 0
    except ConnectionError:
        return False  # still no place for this request


def test_worker_connections_exhausted(nginx):
    """nginx's own limit: nothing crashes, places come back."""
    ng = nginx(workers=1, connections=64)
    ng.allow("worker_connections are not enough")
    sessions = []
    for _ in range(80):
        try:
            sessions.append(RawWS.open(ng))
        except (OSError, EOFError, AssertionError):
            break
    assert 20 < len(sessions) < 64
    sessions[0].text('{"op":"ping"}')
    assert b"pong" in sessions[0].recv_message()[2]
    for one in sessions:
        one.close()
    wait_until("places are free", lambda: no_sessions(ng))
    RawWS.open(ng).close()


def test_large_answers_are_not_kept(nginx):
    """A session that once asked for much is as small as the others again."""
    ng = nginx(workers=1, server="ws_pubsub_queue 1m;")
    pid, = ng.worker_pids()
    http = Http(ng)
    for n in range(40):
        http.put(f"page/{n}", "x" * 10000)

    def ask(count):
        sessions = []
        for _ in range(count):
            ws = RawWS.open(ng)
            ws.text('{"id":1,"op":"get","topic":"page/*"}')
            assert len(ws.recv_message()[2]) > 200000
            sessions.append(ws)
        return sessions

    sessions = ask(20)
    before = processes.rss_kib(pid)
    sessions += ask(100)
    growth = processes.rss_kib(pid) - before
    assert growth < max(GROWTH_KIB, 4 * 1024), f"{growth} KiB"
    for one in sessions:
        one.close()
