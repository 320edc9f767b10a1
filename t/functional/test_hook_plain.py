"""Hooks of plain endpoints: at the upgrade, and for each frame."""

import asyncio
import contextlib
import gzip

import pytest

from support.backend import HELD, Answer, json_answer
from support.httpc import Http
from support.rawws import BINARY, CLOSE, PING, PONG, TEXT, RawWS, frame
from support.session import connect

CONFIG = {"workers": 1, "http": """
ws_pubsub_zone main:8m;
""", "locations": """
location /both {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_publish_request /filter;
    ws_pubsub_hook_timeout 60s;
    location /both/connect {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_log_at connect;
    }
    location /both/four {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_hook_pending 4;
    }
}
location /soon {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_publish_request /filter;
    ws_pubsub_hook_timeout 300ms;
}
location /reads {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /may;
}
location /listed {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    ws_pubsub_subscribe_request /may;
    ws_pubsub_publish_request /filter;
    location /listed/always {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_subscribe_request /may always;
        ws_pubsub_publish_request /filter always;
    }
}
location /own/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /return/$arg_status;
}
location = /return/204 { internal; return 204; }
location = /return/302 { internal; return 302 /x; }
location = /return/403 { internal; return 403; }
location = /return/404 { internal; return 404; }
location = /return/444 { internal; return 444; }
location = /return/500 { internal; return 500; }
location = /return/deny {
    internal;
    deny all;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}
location = /may {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}
location = /filter {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/filter;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}
ENDPOINTS = ["/both", "/both/connect"]


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


@pytest.fixture
def say(backend):
    """What subscribing and publishing get."""
    def both(topic, may=Answer(), then=Answer()):
        backend.say(topic, lambda one: may if one.path == "/may" else then)
    return both


@contextlib.asynccontextmanager
async def plain(ng, path, scheme="http"):
    ws = await connect(ng, path, scheme)
    try:
        yield ws
    finally:
        await ws.close()


def opened(ng, path, topic, scheme="http", pipelined=b""):
    """The endpoint, with any status."""
    ws = RawWS(ng, scheme)
    ws.handshake(path=f"{path}{'&' if '?' in path else '?'}topic={topic}",
                 protocol=None, pipelined=pipelined)
    return ws


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("answer, status", [
    (Answer(), 101), (Answer(200, b"ignored"), 101), (Answer(202), 101),
    (Answer(401), 403), (Answer(403), 403), (Answer(404), 403),
    (json_answer(403, '{"message":"pay first"}'), 403),
    (Answer(302), 503), (Answer(500), 503), (Answer(503), 503),
    (Answer(raw=b""), 503), (Answer(200, b"x" * 100, cut=50), 503),
    (Answer(200, b"x" * 1_000_000), 503)],
    ids=lambda one: f"{one.status}-{len(one.body)}-{one.raw}"
    if isinstance(one, Answer) else str(one))
def test_the_upgrade(ng, backend, say, scheme, topic, path, answer, status):
    say(topic, answer)
    with opened(ng, path, topic, scheme) as ws:
        assert ws.status == status
        if status == 101:
            Http(ng).put(topic, "x")
            ws.expect(TEXT, b"x")
    one, = backend.of(topic, "/may")
    assert one.op == "sub" and one.topic == topic
    assert one.body == b""


@pytest.mark.parametrize("status", [413, 422, 429])
def test_what_is_no_yes_is_no_session(ng, say, topic, status):
    say(topic, Answer(status))
    with opened(ng, "/both", topic) as ws:
        assert ws.status in (403, 429, 503)


@pytest.mark.parametrize("own, status", [
    ("204", 101), ("403", 403), ("404", 403), ("302", 503), ("444", 503),
    ("500", 503), ("deny", 403)])
def test_an_upgrade_that_nginx_answers(ng, backend, scheme, topic, own,
                                       status):
    for _ in range(3):
        with opened(ng, f"/own/?status={own}", topic, scheme) as ws:
            assert ws.status == status
            if status == 101:
                ws.send_frame(PING, b"x")
                ws.expect(PONG, b"x")


def test_no_answer_in_time(ng, backend, topic):
    backend.answer = HELD
    with opened(ng, "/soon", topic) as ws:
        assert ws.status == 503


@pytest.mark.parametrize("path", ENDPOINTS)
def test_frames_behind_the_upgrade(ng, http, backend, topic, path):
    """They came before the hook's answer."""
    backend.say(topic, Answer(delay_s=0.2))
    sent = b"".join(frame(TEXT, b"%d" % n) for n in range(5))
    with opened(ng, path, topic, pipelined=sent + frame(PING, b"x")) as ws:
        assert ws.status == 101
        seen = [ws.recv_frame() for _ in range(6)]
        assert [one.payload for one in seen if one.opcode == TEXT] == [
            b"%d" % n for n in range(5)]


def test_the_value_comes_after_the_yes(ng, http, backend, topic):
    http.put(topic, "value")
    for answer, status in ((Answer(403), 403), (Answer(), 101)):
        backend.say(topic, answer)
        with opened(ng, "/both", topic) as ws:
            assert ws.status == status
            if status == 101:
                ws.expect(TEXT, b"value")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("answer, code", [
    (Answer(401), 1008), (Answer(403), 1008), (Answer(404), 1008),
    (Answer(413), 1008), (Answer(422), 1008), (Answer(429), 1008),
    (Answer(302), 1013), (Answer(500), 1013), (Answer(raw=b""), 1013),
    (Answer(200, b"x" * 100, cut=50), 1013),
    (Answer(200, b"x" * 1_000_000), 1013),
    (Answer(200, gzip.compress(b"x"), {"Content-Encoding": "gzip"}), 1013)],
    ids=lambda one: f"{one.status}-{len(one.body)}-{one.raw}"
    if isinstance(one, Answer) else str(one))
def test_a_frame_that_is_not_published(ng, http, say, scheme, topic, path,
                                       answer, code):
    say(topic, then=answer)
    with opened(ng, path, topic, scheme) as ws:
        ws.send_frame(TEXT, b"no")
        ws.expect_close(code)
    assert http.get(topic).status == 404


def test_none_in_time_for_a_frame(ng, http, say, topic):
    say(topic, then=HELD)
    with opened(ng, "/soon", topic) as ws:
        ws.send_frame(TEXT, b"no")
        ws.expect_close(1013)
    assert http.get(topic).status == 404


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_frame_that_is_published(ng, http, backend, say, scheme,
                                         topic, path):
    async with plain(ng, f"{path}?topic={topic}", scheme) as ws:
        for sent in ("text é", b"\x00\xff", "", b""):
            await ws.send(sent)
            assert await ws.recv() == sent
    kinds = [(one.body, one.header("Content-Type"))
             for one in backend.of(topic, "/filter")]
    assert kinds == [("text é".encode(), "text/plain; charset=utf-8"),
                     (b"\x00\xff", "application/octet-stream"),
                     (b"", "text/plain; charset=utf-8"),
                     (b"", "application/octet-stream")]
    assert {one.op for one in backend.of(topic, "/filter")} == {"pub"}


@pytest.mark.parametrize("answer, got", [
    (json_answer(200, '{"b":2}'), '{"b":2}'),
    (Answer(201, b"new", {"Content-Type": "text/plain"}), "new"),
    (Answer(200, b"\x00", {"Content-Type": "application/octet-stream"}),
     b"\x00"),
    (Answer(200, b"new"), None), (Answer(200), None)],
    ids=["json", "text", "binary", "no-type", "empty"])
async def test_a_body_replaces(ng, say, topic, answer, got):
    say(topic, then=answer)
    async with plain(ng, f"/both?topic={topic}") as ws:
        for sent in ("old", b"old"):
            await ws.send(sent)
            wanted = got
            if got is None:  # of the frame's own kind
                wanted = (answer.body or b"old")
                wanted = wanted if sent == b"old" else wanted.decode()
            assert await ws.recv() == wanted


async def test_without_a_hook_for_it_nothing_is_published(ng, say, topic):
    with opened(ng, "/reads", topic) as ws:
        ws.send_frame(TEXT, b"no")
        ws.expect_close(1008)


async def test_what_lists_allow(ng, backend, topic):
    backend.answer = Answer(403)
    async with plain(ng, f"/listed?topic={topic}") as ws:
        await ws.send("x")
        assert await ws.recv() == "x"
    assert not backend.asked
    with opened(ng, "/listed/always", topic) as ws:
        assert ws.status == 403
    backend.say(topic, lambda one: Answer(
        204 if one.path == "/may" else 403))
    with opened(ng, "/listed/always", topic) as ws:
        ws.expect(TEXT, b"x")
        ws.send_frame(TEXT, b"no")
        ws.expect_close(1008)


async def test_frames_are_published_in_order(ng, backend, topic):
    backend.answer = lambda one: Answer(
        delay_s=(0, 0.02, 0.001)[len(backend.asked) % 3])
    for path in ("/both", "/both/four"):
        async with plain(ng, f"{path}?topic={topic}/{path[-1]}") as ws:
            for n in range(500):
                await ws.send(str(n))
            assert [await ws.recv() for _ in range(500)] == [
                str(n) for n in range(500)]


async def test_four_at_a_time(ng, backend, say, topic):
    say(topic, then=HELD)
    async with plain(ng, f"/both/four?topic={topic}") as ws:
        for n in range(10):
            await ws.send(str(n))
        released = 0
        while released < 10:
            await backend.until_pending(min(4, 10 - released))
            released += backend.release()
        assert [await ws.recv() for _ in range(10)] == [
            str(n) for n in range(10)]
    assert backend.most_pending == 4


async def test_what_was_before_a_refusal_is_published(ng, http, backend,
                                                      topic):
    backend.say(topic, lambda one: Answer(
        403 if one.body == b"no" else 204,
        delay_s=0.1 if one.body == b"first" else 0))
    ws = opened(ng, "/both", topic)
    ws.send(frame(TEXT, b"first") + frame(BINARY, b"no")
            + frame(TEXT, b"after"))
    seen = []
    while (one := ws.recv_frame()).opcode != CLOSE:
        seen.append(one.payload)
    assert one.payload[:2] == (1008).to_bytes(2, "big")
    assert set(seen) <= {b"first"}
    assert http.get(topic).body == b"first"
    ws.close()


async def test_the_client_goes_amid_frames(ng, http, backend, say, topic):
    say(topic, then=HELD)
    ws = opened(ng, "/both", topic)
    for n in range(5):
        ws.send_frame(TEXT, b"%d" % n)
    await asyncio.to_thread(backend.wait_asked, topic, 6)
    ws.close()
    await backend.until_gone(topic, 5)
    backend.release()
    assert http.get(topic).status == 404
