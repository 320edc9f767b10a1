"""Hooks that are pending when the session, its worker, the back end or nginx
ends; subscriptions that are asked for again; connections used up."""

import asyncio
import contextlib
import json
import time

import pytest

from support import processes
from support.backend import HELD, Answer, Backend
from support.httpc import Http
from support.processes import wait_until
from support.rawws import RawWS, head
from support.session import JsonSession, sessions_on_each_worker
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
GRACE_S = 25
HTTP = """
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main presence=on history=100;
"""
LOCATIONS = f"""
ws_pubsub_subscribe_request /may;
ws_pubsub_publish_request /may;
location /ws {{
    ws_pubsub zone=main;
    ws_pubsub_hook_timeout 60s;
    add_header X-Worker $pid always;
}}
location /connect {{ ws_pubsub zone=main; ws_pubsub_log_at connect; }}
location /token {{
    ws_pubsub zone=main;
    ws_pubsub_hook_timeout 120s;
    ws_pubsub_token_key HS256 data:{HS.key};
}}
location /plain {{ ws_pubsub zone=main topic=$arg_topic; }}
location /again {{
    ws_pubsub zone=main;
    ws_pubsub_hook_timeout 500ms;
    ws_pubsub_subscribe_request /may again=1s;
    ws_pubsub_allow_subscribe "free/**";
}}
location /again-always {{
    ws_pubsub zone=main;
    ws_pubsub_subscribe_request /may always again=1s;
    ws_pubsub_allow_subscribe "free/**";
}}
location /many {{ ws_pubsub zone=main; ws_pubsub_hook_pending 256; }}
location = /may {{
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}}
location /api/ {{ ws_pubsub_api zone=main; }}
location = /status {{ ws_pubsub_status zone=main; }}
"""
CONFIG = {"workers": 2, "http": HTTP, "locations": LOCATIONS}
PATHS = ["/ws", "/connect"]


async def publish_held(session, backend, topics):
    """Publishes to each topic; their hooks are pending then."""
    before = backend.pending()
    for n, one in enumerate(topics):
        backend.say(one, HELD)
        await session.ws.send(json.dumps(
            {"op": "pub", "topic": one, "text": "never", "key": str(n)}))
    await backend.until_pending(before + len(topics))


async def check_given_up(ng, backend, topics):
    """Nothing was published, also once the back end would have it."""
    for one in topics:
        await backend.until_gone(one)
    backend.release()
    http = Http(ng)
    await asyncio.to_thread(wait_until, "no hook is pending", lambda:
                            http.status()["hooks_pending"] == 0)
    for one in topics:
        assert http.get(one).status == 404


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("close", [True, False])
async def test_the_client_goes(ng, backend, scheme, topic, path, close):
    topics = [f"{topic}/{n}" for n in range(8)]
    session = await JsonSession.open(ng, path, scheme)
    await publish_held(session, backend, topics)
    if close:
        await session.close()
    else:
        session.ws.transport.abort()
    await check_given_up(ng, backend, topics)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("count", [16, 17, 40])
async def test_the_client_goes_while_it_is_not_read(ng, backend, scheme,
                                                    topic, path, count):
    """Because as many hooks are pending as may be."""
    backend.answer = HELD
    session = await JsonSession.open(ng, path, scheme)
    for n in range(count):
        await session.ws.send(json.dumps(
            {"op": "pub", "topic": f"{topic}/{n}", "text": "never"}))
    await backend.until_pending(16)
    session.ws.transport.abort()
    await check_given_up(ng, backend, [f"{topic}/{n}" for n in range(16)])
    assert not backend.of(f"{topic}/16")


async def test_it_goes_before_its_hook_is_asked(ng, backend, topic):
    """Or while it is asked, or when the answer is there."""
    backend.answer = Answer(200, b"x" * 2000)
    for n in range(200):
        ws = RawWS.open(ng, PATHS[n % 2])
        for m in range(n % 20):
            ws.text(json.dumps({"op": "pub", "topic": f"{topic}/{m}",
                                "text": "x"}))
        ws.close()
    http = Http(ng)
    await asyncio.to_thread(wait_until, "all are gone", lambda: (
        http.status()["sessions"] == http.status()["hooks_pending"] == 0))


def test_a_bad_frame_amid_hooks(ng, backend, topic):
    backend.answer = HELD
    for path in PATHS:
        ws = RawWS.open(ng, path)
        ws.text(json.dumps({"op": "sub", "topic": topic}))
        backend.wait_asked(topic)
        ws.send(b"\xff\xff")  # RFC 6455 forbids it
        ws.expect_close(1002, skip_data=True)
        wait_until("it is given up", lambda: all(
            one.state == "gone" for one in backend.of(topic)))


async def test_a_worker_is_killed(nginx, backend, topic):
    ng = nginx(**CONFIG)
    sessions = await sessions_on_each_worker(ng)
    victim, other = ng.worker_pids()
    killed = [f"{topic}/killed/{n}" for n in range(4)]
    kept = [f"{topic}/kept/{n}" for n in range(4)]
    await publish_held(sessions[victim], backend, killed)
    await publish_held(sessions[other], backend, kept)
    await asyncio.to_thread(ng.kill_worker, victim)
    for one in killed:
        await backend.until_gone(one)
    backend.release()
    await sessions[other].ping()  # which comes after the publishes
    http = Http(ng)
    assert {http.get(one).status for one in killed} == {404}
    assert {http.get(one).body for one in kept} == {b"never"}
    await sessions[other].close()


@pytest.mark.parametrize("path", PATHS)
async def test_a_reload(nginx, backend, topic, path):
    ng = nginx(**CONFIG)
    sessions = [await JsonSession.open(ng, path) for _ in range(4)]
    topics = [f"{topic}/{n}" for n in range(4)]
    for session, one in zip(sessions, topics):
        await publish_held(session, backend, [one])
    old = await asyncio.to_thread(ng.reload)
    for one in topics:
        await backend.until_gone(one)
    for session in sessions:
        assert await session.closed() == 1001
    await asyncio.to_thread(
        wait_until, "the old workers end",
        lambda: not any(processes.alive(pid) for pid in old))
    await check_given_up(ng, backend, topics)
    backend.reset()
    async with await JsonSession.open(ng, path) as session:
        await session.pub(topics[0], text="again", key="0")
    assert Http(ng).get(topics[0]).body == b"again"


@pytest.mark.parametrize("path", PATHS)
async def test_quit(nginx, backend, topic, path):
    ng = nginx(**CONFIG)
    topics = [f"{topic}/{n}" for n in range(8)]
    session = await JsonSession.open(ng, path)
    await publish_held(session, backend, topics)
    await asyncio.to_thread(ng.quit)
    assert await session.closed() == 1001
    for one in topics:
        await backend.until_gone(one)
    assert "open socket" not in ng.log_text()


async def test_a_fast_shutdown(nginx, backend, topic):
    ng = nginx(**CONFIG)
    session = await JsonSession.open(ng)
    await publish_held(session, backend, [topic])
    ng.process.terminate()
    assert await asyncio.to_thread(ng.process.wait, 20) == 0
    await backend.until_gone(topic)


async def test_the_back_end_is_killed(nginx, topic):
    one = Backend()
    ng = nginx(workers=1, http=HTTP, locations=LOCATIONS.replace(
        "@BACKEND@", str(one.port)))
    async with await JsonSession.open(ng) as session:
        one.answer = HELD
        waits = [session.expect_reply(n) for n in range(8)]
        for n in range(8):
            await session.ws.send(json.dumps(
                {"id": n, "op": "sub", "topic": f"{topic}/{n}"}))
        await one.until_pending(8)
        one.end()
        for wait in waits:
            assert (await wait)["error"]["code"] == 115
        await session.fails(115, "sub", topic=topic)
        again = Backend(one.port)
        await session.sub(topic)
        again.end()


async def test_a_back_end_that_hangs_is_nobody_elses(nginx, backend, topic):
    """Those that need none go on, and the API."""
    ng = nginx(**{**CONFIG, "workers": 1})
    backend.answer = HELD
    stuck = [await JsonSession.open(ng) for _ in range(10)]
    for n, one in enumerate(stuck):
        await publish_held(one, backend, [f"{topic}/{n}"])
    async with await JsonSession.open(ng, "/again") as session:
        await session.sub("free/" + topic)
        Http(ng).put("free/" + topic, "x")
        assert (await session.next_of("msg"))["text"] == "x"
    for one in stuck:
        await one.close()
    await backend.until_pending(0)


@pytest.mark.parametrize("path, prefix", [
    ("/again", ""), ("/again-always", "free/")])
async def test_asked_again_until_denied(ng, backend, topic, path, prefix):
    topic = prefix + topic
    http = Http(ng)
    async with await JsonSession.open(ng, path) as session:
        await session.sub(topic)
        await session.sub(topic + "/other")
        await backend.until_asked(topic, 4)
        assert {one.op for one in backend.of(topic)} == {"sub"}
        http.put(topic, "seen")
        assert (await session.next_of("msg"))["text"] == "seen"
        backend.say(topic, Answer(403))
        said = await session.next_of("unsub")
        assert (said["topic"], said["code"]) == (topic, 103)
        assert said["reason"]
        http.put(topic, "not seen")
        http.put(topic + "/other", "x")
        assert (await session.next_of("msg"))["topic"] == topic + "/other"
        await session.fails(102, "unsub", topic=topic)
        count = len(backend.of(topic))
        await backend.until_asked(topic + "/other", len(
            backend.of(topic + "/other")) + 2)
        assert len(backend.of(topic)) == count


async def test_asked_again_in_vain(ng, backend, topic):
    """A failure keeps the subscription and asks again, after a denial not."""
    backend.say(topic, [Answer(), Answer(500), HELD, Answer(raw=b""),
                        Answer()])
    async with await JsonSession.open(ng, "/again") as session:
        await session.sub(topic)
        await backend.until_asked(topic, 6)
        Http(ng).put(topic, "x")
        assert (await session.next_of("msg"))["text"] == "x"
        assert session.pushes.empty()


async def test_again_is_only_for_what_a_hook_allowed(ng, backend, topic):
    async with await JsonSession.open(ng, "/again") as session:
        await session.sub("free/" + topic)
        await session.sub(topic)
        await session.sub(topic + "/gone")
        await session.ok("unsub", topic=topic + "/gone")
        await backend.until_asked(topic, 4)
    assert not backend.of("free/" + topic)
    assert len(backend.of(topic + "/gone")) == 1
    count = len(backend.of(topic))
    await asyncio.sleep(2.5)  # the session has ended
    assert len(backend.of(topic)) <= count + 1


async def test_the_session_goes_amid_an_again(ng, backend, topic):
    backend.say(topic, [Answer(), HELD])
    session = await JsonSession.open(ng, "/again")
    await session.sub(topic)
    await backend.until_asked(topic, 2)
    session.ws.transport.abort()
    await backend.until_gone(topic)


async def test_the_token_ends_meanwhile(ng, backend, topic):
    """It wins over a hook that says yes later."""
    token = HS.token("ann", expires_s=None, exp=int(time.time()) + 2)
    session = await JsonSession.open(ng, "/token", headers=bearer(token))
    await publish_held(session, backend, [topic])
    assert await session.closed(GRACE_S + 30) == 3005
    await check_given_up(ng, backend, [topic])


async def test_a_plain_upgrade_that_waits(ng, backend, scheme, topic):
    """The client leaves before it is answered."""
    backend.answer = HELD
    for n in range(10):
        ws = RawWS(ng, scheme)
        ws.send(head(f"/plain?topic={topic}/{n}", protocol=None))
        await backend.until_asked(f"{topic}/{n}")
        ws.close()
        await backend.until_gone(f"{topic}/{n}")
    http = Http(ng)
    assert http.status()["sessions"] == 0


async def test_connections_are_used_up(nginx, backend, topic):
    ng = nginx(workers=1, http=HTTP, locations=LOCATIONS, connections=40)
    ng.allow(r"worker_connections are not enough")
    backend.answer = HELD
    async with await JsonSession.open(ng, "/many") as session:
        waits = [session.expect_reply(n) for n in range(100)]
        for n in range(100):
            await session.ws.send(json.dumps(
                {"id": n, "op": "who", "topic": f"{topic}/{n}"}))
        await (await session.ws.ping())  # all have been asked, or can't be
        await asyncio.to_thread(wait_until, "the back end has some",
                                lambda: backend.pending() > 0)
        backend.answer = Answer()
        backend.release()
        codes = [(await one).get("error", {}).get("code", 0)
                 for one in waits]
        assert set(codes) == {0, 115}, codes
        assert backend.most_pending < 40
        for n in range(100):
            await session.ok("who", topic=f"{topic}/{n}")
    assert Http(ng).status()["hooks_pending"] == 0


async def test_descriptors_and_connections_come_back(nginx, backend, topic):
    ng = nginx(workers=1, http=HTTP, locations=LOCATIONS)
    worker, = ng.worker_pids()
    before = processes.open_descriptors(worker)
    backend.answer = lambda one: Answer(
        (204, 403, 500)[len(backend.asked) % 3], delay_s=0.001)
    for path in PATHS * 3:
        async with contextlib.AsyncExitStack() as stack:
            sessions = [await stack.enter_async_context(
                await JsonSession.open(ng, path)) for _ in range(10)]
            await asyncio.gather(*(
                one.command("who", topic=f"{topic}/{n}")
                for one in sessions for n in range(50)))
    await asyncio.to_thread(
        wait_until, "all descriptors are closed",
        lambda: processes.open_descriptors(worker) <= before + 1)
