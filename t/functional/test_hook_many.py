"""Very many hooks: nothing grows, a worker's limit holds, and sessions that
leave amid hooks of all kinds leave nothing behind."""

import asyncio
import json
import random

import pytest

from support import processes
from support.backend import HELD, Answer
from support.fastws import Subscriber
from support.hook_locations import ALL, AROUND, HTTP, KINDS, hooks
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.session import JsonSession

# A hook that left its pool behind would be 4 KB each.
GROWTH_KIB = 200 * 1024 if sanitizing() else 3 * 1024
MOST_OF_A_WORKER = 1000
ENDPOINTS = """
ws_pubsub_hook_pending 64;
location /own { ws_pubsub zone=main; ws_pubsub_publish_request /return; }
location /proxied { ws_pubsub zone=main; ws_pubsub_publish_request /proxy; }
location /slow {
    ws_pubsub zone=main;
    ws_pubsub_hook_pending 256;
    ws_pubsub_hook_timeout 60s;
    ws_pubsub_subscribe_request /delay;
}
location = /return { internal; return 204; }
location = /proxy {
    internal;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_pass http://kept/may;
}
location = /delay {
    internal;
    limit_req zone=none burst=5000;
    proxy_pass http://127.0.0.1:1;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""
LIMIT = "limit_req_zone $ws_pubsub_op zone=none:1m rate=1r/m;"


async def publish(session, topic, count):
    """So many, by frames of a hundred; only the last one has a reply."""
    for at in range(0, count, 100):
        ends = session.expect_reply(at)
        await session.ws.send(" ".join(
            json.dumps({"op": "pub", "topic": topic, "data": n,
                        **({"id": at} if n == at + 99 else {})})
            for n in range(at, at + 100)))
        assert "ok" in await asyncio.wait_for(ends, 60)


@pytest.mark.parametrize("path, count", [
    ("/own", 100_000), ("/proxied", 10_000)])
async def test_nothing_grows(nginx, backend, topic, path, count):
    ng = nginx(workers=1, http=HTTP + LIMIT, locations=ENDPOINTS)
    worker, = ng.worker_pids()
    if sanitizing():
        count //= 10
    async with await JsonSession.open(ng, path) as session:
        await publish(session, topic, 2000)
        before = processes.rss_kib(worker)
        files = processes.open_descriptors(worker)
        await publish(session, topic, count)
        grown = processes.rss_kib(worker) - before
        assert grown < GROWTH_KIB, f"{grown} KiB in {count} hooks"
        assert processes.open_descriptors(worker) <= files + 4
    assert Http(ng).get(topic).etag.endswith(f'.{count + 2000}"')
    assert Http(ng).status()["hooks"] == count + 2000


async def test_the_most_of_a_worker(nginx, topic):
    """Beyond it hooks are not made, and others get on when it is over."""
    ng = nginx(workers=1, http=HTTP + LIMIT, locations=ENDPOINTS,
               connections=4096, main="worker_rlimit_nofile 8192;")
    http = Http(ng)
    sessions = [await JsonSession.open(ng, "/slow") for _ in range(5)]
    for one in sessions:
        for n in range(250):
            await one.ws.send(json.dumps(
                {"op": "who", "topic": f"{topic}/{n}"}))
    for one in sessions:
        await (await one.ws.ping())  # all has been read
    await asyncio.to_thread(
        wait_until, "as many as may be are pending",
        lambda: http.status()["hooks_pending"] >= MOST_OF_A_WORKER - 1)
    assert http.status()["hooks_pending"] <= MOST_OF_A_WORKER
    for one in sessions:
        one.ws.transport.abort()
    await asyncio.to_thread(
        wait_until, "none is pending",
        lambda: http.status()["hooks_pending"] == 0)


def answers(draw):
    """What an application may say, or not."""
    return lambda one: draw.choice([
        Answer(), Answer(403), Answer(500), Answer(200, b"x" * 3000),
        Answer(200, b"x" * 3000, cut=1000), Answer(raw=b""), HELD,
        Answer(delay_s=draw.random() / 10),
        Answer(200, b"", {"X-Accel-Redirect": "/inner"})])


async def leave(ng, topic, kinds, draw):
    """A session that goes amid 1 to 8 hooks, or after them."""
    ended = asyncio.get_running_loop().create_future()
    try:
        client = await Subscriber.open(
            ng.port, lambda _: None,
            lambda code: ended.done() or ended.set_result(code),
            path=draw.choice(kinds))
    except (OSError, asyncio.TimeoutError):
        return  # a worker on its way out
    for n in range(draw.randint(1, 8)):
        client.command(op=draw.choice(("sub", "who", "get")),
                       topic=f"{topic}/{n}")
        client.command(op="pub", topic=f"{topic}/{n}", text="x" * 500)
    await asyncio.sleep(draw.choice((0, 0.01, 0.1, 0.3)))
    draw.choice((client.close, client.transport.abort,
                 client.transport.close))()
    await asyncio.sleep(0)
    client.transport.abort()
    await asyncio.wait_for(ended, 20)


@pytest.mark.parametrize("end", ["nothing", "reload", "quit"])
async def test_leaving_amid_hooks_of_all_kinds(nginx, backend, fastcgi, topic,
                                               end):
    ng = nginx(workers=2, http=HTTP, locations=AROUND + hooks(ALL),
               connections=4096)
    draw = random.Random(5)
    kinds = [f"/{kind}/{name}" for kind in KINDS for name in ALL]
    backend.answer = fastcgi.answer = answers(draw)
    work = [asyncio.ensure_future(leave(ng, topic, kinds, draw))
            for _ in range(150)]
    await asyncio.sleep(0.15)
    old = ng.worker_pids()
    if end == "reload":
        await asyncio.to_thread(ng.reload)
    elif end == "quit":
        await asyncio.to_thread(ng.quit)
    await asyncio.gather(*work)
    if end == "reload":
        await asyncio.to_thread(
            wait_until, "the old workers end",
            lambda: not any(processes.alive(pid) for pid in old))
    if end != "quit":
        http = Http(ng)
        await asyncio.to_thread(wait_until, "all is over", lambda: (
            http.status()["sessions"] == http.status()["hooks_pending"] == 0))
        backend.reset()
        async with await JsonSession.open(ng, "/close/proxied") as session:
            await session.pub(topic, text="x")


async def test_all_at_once_of_one_session(nginx, backend, topic):
    """Its endpoint's own limit is what counts, not the time of a round
    trip."""
    ng = nginx(workers=1, http=HTTP + LIMIT, locations=ENDPOINTS)
    backend.answer = HELD
    async with await JsonSession.open(ng, "/proxied") as session:
        waits = [session.expect_reply(n) for n in range(64)]
        for n in range(64):
            await session.ws.send(json.dumps(
                {"id": n, "op": "pub", "topic": f"{topic}/{n}", "data": n}))
        await backend.until_pending(64)
        assert Http(ng).status()["hooks_pending"] == 64
        backend.release()
        for one in waits:
            assert "ok" in await one
