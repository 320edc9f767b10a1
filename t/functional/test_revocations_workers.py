"""Revocations and the life of workers: connects that race with them, reloads,
workers that are killed and that hang."""

import asyncio
import contextlib
import os
import signal
import threading

import pytest

from support.asynchttp import AsyncHttp
from support.backend import HELD
from support.httpc import http_on_each_worker
from support.processes import wait_until
from support.rawws import RawWS, head
from support.revocations import (
    Crowd, Table, cut, ends, new, of_what, old, upgrade, upgrade_there)
from support.session import JsonSession, sessions_on_each_worker
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
RECORDS = [{"user": "ann"}, {"jti": "t"}, {"all": True}]
CONFIG = {"workers": 4, "connections": 4096,
          "main": "worker_rlimit_nofile 8192;",
          "http": "ws_pubsub_zone main:16m;",
          "server": f"ws_pubsub_token_key HS256 data:{HS.key};",
          "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    add_header X-Worker $pid always;
    location /ws/later {
        ws_pubsub zone=main;
        ws_pubsub_token later first=60s;
    }
}
location /plain {
    ws_pubsub zone=main topic=room/plain;
    ws_pubsub_allow_subscribe "**";
}
location /plain/asks {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_hook_timeout 60s;
}
location = /may { internal; proxy_pass http://127.0.0.1:@BACKEND@/may; }
location /control/ { ws_pubsub_control zone=main; }
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}


@contextlib.asynccontextmanager
async def connections(ng, count=1, but=None):
    """So many to every worker, but for that one: {pid: [AsyncHttp]}."""
    found = {pid: [] for pid in ng.worker_pids() if pid != but}
    async with contextlib.AsyncExitStack() as stack:
        while any(len(one) < count for one in found.values()):
            client = await stack.enter_async_context(await AsyncHttp.open(ng))
            pid = int((await client.request("GET", "/pid")).body)
            if len(found.get(pid, ())) < count and pid != but:
                found[pid].append(client)
        yield found


@pytest.fixture
def table(ng):
    one = Table.of(ng)
    yield one
    one.clear()
    one.http.close()


# -- races --------------------------------------------------------------------

@pytest.mark.parametrize("path", ["/ws", "/plain"])
@pytest.mark.parametrize("record", RECORDS, ids=lambda one: [*one][0])
async def test_a_thousand_connects_race_with_it(ng, table, record, path):
    """None survives, whichever worker it is at."""
    token, crowd, total = old(HS, "ann", jti="t"), Crowd(ng.port), 1000
    gate = asyncio.Semaphore(64)

    async def connect():
        async with gate:
            await crowd.connect(f"{path}?token={token}")

    async with connections(ng) as found:
        connecting = [asyncio.ensure_future(connect()) for _ in range(total)]
        while len(crowd.inside) < total // 3:
            await asyncio.sleep(0.001)
        answers = await asyncio.gather(*(one.send_json(
            "PUT", "/control/revocations", {"before": cut(), **record})
            for (one,) in found.values()))
        await asyncio.gather(*connecting)
    assert [one.status for one in answers] == [200] * len(found)
    assert not crowd.failed
    assert len(crowd.inside) + crowd.refused == total
    assert crowd.refused, "all came before it"
    while len(crowd.codes) < len(crowd.inside):
        await asyncio.sleep(0.01)  # the test has an end
    assert set(crowd.codes) == {3005}
    assert await asyncio.to_thread(table.sessions) == []
    assert len(table.rows()) == 1


async def test_a_reload_at_the_same_time(nginx):
    """Old workers and new ones: at none a session stays."""
    ng = nginx(**CONFIG)
    crowd, gate = Crowd(ng.port), asyncio.Semaphore(64)
    path = "/ws?token=" + old(HS, "ann")

    async def connect():
        async with gate:
            await crowd.connect(path)

    for n in range(3):
        connecting = [asyncio.ensure_future(connect()) for _ in range(600)]
        while len(crowd.inside) < 200 * (n + 1):
            await asyncio.sleep(0.001)
        table = Table.of(ng)
        reloading = asyncio.ensure_future(asyncio.to_thread(ng.reload))
        await asyncio.sleep(0.02 * n)
        answer = await asyncio.to_thread(
            table.send, "PUT", {"user": "ann", "before": cut()})
        assert answer.status in (200, 202)
        await asyncio.gather(reloading, *connecting)
        while len(crowd.codes) < len(crowd.inside):
            await asyncio.sleep(0.01)
        assert set(crowd.codes) <= {3005, 1001}
        table = Table.of(ng)
        assert table.sessions(user="ann") == []
        assert upgrade(ng, "/ws", old(HS, "ann")).status == 401
        table.clear()


async def test_first_tokens_race_with_it(ng, table):
    sessions = await asyncio.gather(*(
        JsonSession.open(ng, "/ws/later") for _ in range(200)))
    token = old(HS, "ann")

    async def bring(session, n):
        await asyncio.sleep(n / 5000)
        return await session.command("auth", token=token)

    bringing = [asyncio.ensure_future(bring(one, n))
                for n, one in enumerate(sessions)]
    await asyncio.wait(bringing, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.to_thread(table.put, user="ann", before=cut())
    for one, reply in zip(sessions, await asyncio.gather(
            *bringing, return_exceptions=True)):
        if isinstance(reply, dict) and "error" in reply:
            assert reply["error"]["code"] == 101
            assert await one.closed() == 3502
        else:
            await ends(one)


async def test_refreshes_race_with_it(ng, table):
    """Who was told that the next token is good stays, and nobody else."""
    sessions = await asyncio.gather(*(
        JsonSession.open(ng, headers=bearer(old(HS, "ann")))
        for _ in range(200)))
    token = new(HS, "ann")

    async def bring(session, n):
        await asyncio.sleep(n / 5000)
        return await session.command("auth", token=token)

    bringing = [asyncio.ensure_future(bring(one, n))
                for n, one in enumerate(sessions)]
    await asyncio.wait(bringing, return_when=asyncio.FIRST_COMPLETED)
    closed = await asyncio.to_thread(table.put, user="ann", before=cut())
    stayed = 0
    for one, reply in zip(sessions, await asyncio.gather(
            *bringing, return_exceptions=True)):
        if isinstance(reply, dict):
            assert "ok" in reply
            await one.ping()
            await one.close()
            stayed += 1
        else:
            await ends(one)
    assert stayed and closed == len(sessions) - stayed


# -- reloads and killed workers -----------------------------------------------

def put_all(table):
    for record in ({"user": "ann"}, {"jti": "t"}, {"user": "bob"}):
        table.put(before=cut(), **record)


def assert_all(ng, rows):
    """On each worker."""
    for http in http_on_each_worker(ng).values():
        assert Table(http).rows() == rows
        for token in (old(HS, "ann"), old(HS, jti="t"), HS.token("bob")):
            assert upgrade_there(http, "/ws", token).status == 401
        assert http.status()["revocations"] == len(rows)
        http.close()
    assert upgrade(ng, "/ws", new(HS, "ann")).status == 101


def test_reloads(nginx):
    ng = nginx(**CONFIG)
    table = Table.of(ng)
    put_all(table)
    rows = table.rows()
    for workers in (2, 4):
        ng.reload(workers=workers)
        assert_all(ng, rows)
    table = Table.of(ng)
    assert table.remove(user="bob") == 1
    assert upgrade(ng, "/ws", HS.token("bob")).status == 101


def test_workers_that_are_killed(nginx):
    """One after another, the one that was asked to first."""
    ng = nginx(**CONFIG)
    https = http_on_each_worker(ng)
    put_all(Table(next(iter(https.values()))))
    rows = Table(https.popitem()[1]).rows()
    for pid in list(https):
        ng.kill_worker(pid)
        assert_all(ng, rows)


def test_killed_amid_revocations(nginx):
    """What was answered is there, and what is there is whole."""
    ng = nginx(**CONFIG)
    done = []

    def write(http, number):
        table = Table(http)
        with contextlib.suppress(OSError, EOFError):
            for n in range(5000):
                name = f"u{number}-{n}"
                if table.send("PUT", {"user": name}).status == 200:
                    done.append(name)

    for number in range(4):
        victim, http = http_on_each_worker(ng).popitem()
        before = len(done)
        writing = threading.Thread(target=write, args=(http, number))
        writing.start()
        wait_until("some are done", lambda: len(done) > before + 20)
        ng.kill_worker(victim)
        writing.join()
    table = Table.of(ng)
    rows = table.rows()
    names = [of_what(row)[1] for row in rows]
    assert names == sorted(set(names)) and set(done) <= set(names)
    assert len(names) <= len(done) + 4
    assert table.http.status()["revocations"] == len(names)
    for name in (done[0], done[-1]):
        assert upgrade(ng, "/ws", HS.token(name)).status == 401
    table.clear()
    assert table.http.status()["revocations"] == 0


# -- a worker that hangs ------------------------------------------------------

@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: [*one][0])
async def test_a_worker_that_hangs(nginx, backend, record):
    ng = nginx(**CONFIG)
    bad = old(HS, "ann", jti="t")
    sessions = await sessions_on_each_worker(ng, headers=bearer(bad))
    https = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    # Upgrades that wait, at all workers.
    backend.answer = HELD
    path = "/plain/asks?topic=a"
    waiting = [RawWS(ng) for _ in range(12)]
    for n, one in enumerate(waiting):
        one.send(head(path, None, more=bearer(bad)))
        await backend.until_pending(n + 1)
    http = next(one for pid, one in https.items() if pid != victim)
    with stopped(victim):
        answer = await asyncio.to_thread(
            Table(http).send, "PUT", {"before": cut(), **record})
        assert (answer.status, answer.json()) == (
            202, {"closed": len(sessions) - 1, "missing": [victim]})
        for pid, one in https.items():
            if pid != victim:
                assert upgrade_there(one, "/ws", bad).status == 401
                await ends(sessions[pid])
        assert sessions[victim].close_code is None
        backend.release()
        # Some of these wait for the one that hangs.
        late = [RawWS(ng) for _ in range(12)]
        for one in late:
            one.send(head("/ws", more=bearer(bad)))
    await ends(sessions[victim])
    for one in (*waiting, *late):
        await asyncio.to_thread(one.read_answer)
        assert one.status == 401
        one.close()
    assert Table(https[victim]).sessions() == []


async def test_it_dies_before_it_goes_on(nginx):
    ng = nginx(**CONFIG)
    bad = old(HS, "ann")
    sessions = await sessions_on_each_worker(ng, headers=bearer(bad))
    https = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    http = next(one for pid, one in https.items() if pid != victim)
    os.kill(victim, signal.SIGSTOP)
    asked = asyncio.ensure_future(asyncio.to_thread(
        Table(http).send, "PUT", {"user": "ann", "before": cut()}))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(ng.kill_worker, victim)
    answer = await asked
    assert (answer.status, answer.json()) == (
        200, {"closed": len(sessions) - 1})
    for pid, one in sessions.items():
        if pid != victim:
            await ends(one)
    for one in http_on_each_worker(ng).values():
        assert upgrade_there(one, "/ws", bad).status == 401


async def put_many(ng, count, victim):
    """All at once, of u0, u1 and so on, while that worker hangs: the users of
    the answers 202, and all others."""
    other, = set(ng.worker_pids()) - {victim}
    async with connections(ng, count, but=victim) as found:
        with stopped(victim):
            answers = await asyncio.gather(*(one.send_json(
                "PUT", "/control/revocations",
                {"user": f"u{n}", "before": cut()})
                for n, one in enumerate(found[other])))
    for one in answers:
        if one.status == 503:
            assert one.error_code() == 115
        else:
            assert one.status == 202
            assert one.json()["missing"] == [victim]
    return tuple({f"u{n}" for n, one in enumerate(answers)
                  if (one.status == 202) == wanted}
                 for wanted in (True, False))


async def test_more_of_them_than_a_worker_that_hangs_can_be_told(nginx,
                                                                 backend):
    """No session of those that were said to be revoked stays, nor begins."""
    ng = nginx(**{**CONFIG, "workers": 2})
    victim = ng.worker_pids()[0]
    sessions, count = [], 1200
    for n in range(0, count, 100):
        for _ in range(2):
            sessions.append((f"u{n}", await JsonSession.open(
                ng, headers=bearer(old(HS, f"u{n}")))))
    backend.answer = HELD
    waiting = [RawWS(ng) for _ in range(6)]
    for n, one in enumerate(waiting):
        one.send(head("/plain/asks?topic=a", None,
                      more=bearer(old(HS, "u0"))))
        await backend.until_pending(n + 1)
    done, _ = await put_many(ng, count, victim)
    backend.release()
    assert "u0" in done
    for one in waiting:
        await asyncio.to_thread(one.read_answer)
        assert one.status == 401
        one.close()
    assert done <= {row["user"] for row in Table.of(ng).rows()}
    for user, one in sessions:
        if user in done:
            await ends(one, 3005, 1001)
        else:
            await one.close()
    for user in list(done)[:5]:
        assert upgrade(ng, "/ws", old(HS, user)).status == 401


async def test_what_is_answered_503_is_not_done(nginx):
    """As the error says: neither a half of it."""
    ng = nginx(**{**CONFIG, "workers": 2})
    done, others = await put_many(ng, 1100, ng.worker_pids()[0])
    table = Table.of(ng)
    assert {row["user"] for row in table.rows()} == done
    for user in list(others)[:5]:
        assert upgrade(ng, "/ws", old(HS, user)).status == 101
        table.put(user=user, before=cut())
        assert upgrade(ng, "/ws", old(HS, user)).status == 401
