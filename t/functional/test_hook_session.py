"""A session is none the worse for its hooks: its timers, its compression, its
rate, and what other modules have changed about it."""

import asyncio
import json

import pytest

from support.backend import HELD, Answer
from support.httpc import Http
from support.rawws import CLOSE, PING, RawWS
from support.session import JsonSession, connect

CONFIG = {"workers": 1, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main presence=on;
""", "server": """
set_real_ip_from 127.0.0.1;
real_ip_header X-Forwarded-For;
""", "locations": """
ws_pubsub_subscribe_request /may;
ws_pubsub_publish_request /may;
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_compression on;
    location /ws/connect { ws_pubsub zone=main; ws_pubsub_log_at connect; }
    location /ws/pings {
        ws_pubsub zone=main;
        ws_pubsub_ping_interval 200ms;
        ws_pubsub_ping_timeout 200ms;
    }
    location /ws/message {
        ws_pubsub zone=main;
        ws_pubsub_message_timeout 200ms;
    }
    location /ws/rate { ws_pubsub zone=main; ws_pubsub_rate 1r/m burst=2; }
    location /ws/script { ws_pubsub zone=main;
        ws_pubsub_subscribe_request /own; ws_pubsub_publish_request /own; }
}
location = /own { internal; return 204; }
location = /may {
    internal;
    keepalive_timeout 1s;
    send_timeout 100ms;
    lingering_close always;
    reset_timedout_connection on;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
    proxy_set_header X-Address $remote_addr;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}


def ask(ws, topic, ident=1, **fields):
    ws.text(json.dumps({"id": ident, "op": "who", "topic": topic, **fields}))


@pytest.mark.parametrize("status", [204, 403, 500])
def test_pings_go_on_after_a_hook(ng, backend, scheme, topic, status):
    """Its timer is the session's own: a client that answers no ping is given
    up, also when a hook was the last that happened."""
    backend.say(topic, Answer(status))
    with RawWS.open(ng, "/ws/pings", scheme) as ws:
        ask(ws, topic)
        pings = 0
        while (one := ws.recv_frame()).opcode != CLOSE:
            pings += one.opcode == PING
        assert pings == 1
        assert one.payload[:2] == (3012).to_bytes(2, "big")


def test_an_unfinished_message_after_a_hook(ng, backend, topic):
    with RawWS.open(ng, "/ws/message") as ws:
        ask(ws, topic)
        ws.recv_message()
        ws.send_frame(1, b'{"op":', fin=False)
        while (one := ws.recv_frame()).opcode != CLOSE:
            pass
        assert one.payload[:2] == (3008).to_bytes(2, "big")


async def test_the_location_s_timeouts_are_not_the_session_s(ng, backend,
                                                             topic):
    """Those of the hook's location are short."""
    for path in ("/ws", "/ws/connect"):
        async with await JsonSession.open(ng, path) as session:
            await session.sub(topic + path)
            await asyncio.sleep(1.5)
            await session.pub(topic + path, text="x")
            assert (await session.next_of("msg"))["text"] == "x"


async def test_compressed_messages(ng, backend, scheme, topic):
    answer = Answer(200, b'{"by":"%s"}' % (b"hook" * 1000),
                    {"Content-Type": "application/json"})
    backend.say(topic, lambda one: answer if one.op == "pub" else Answer())
    async with await JsonSession.open(
            ng, scheme=scheme, compression="deflate") as session:
        await session.sub(topic)
        for n in range(10):
            await session.pub(topic, text=f"{n}" * 10000)
            said = await session.next_of("msg")
            assert said["data"] == {"by": "hook" * 1000}
    bodies = [one.body for one in backend.of(topic) if one.op == "pub"]
    assert bodies == [b"%d" % n * 10000 for n in range(10)]


async def test_what_is_over_the_rate_asks_nobody(ng, backend, topic):
    async with await JsonSession.open(ng, "/ws/rate") as session:
        for _ in range(20):
            await session.command("who", topic=topic)
        await session.fails(111, "pub", topic=topic, text="x")
    assert 1 <= len(backend.of(topic)) <= 4


async def test_the_real_address(ng, backend, topic):
    async with await JsonSession.open(
            ng, headers={"X-Forwarded-For": "192.0.2.7"}) as session:
        await session.sub(topic)
    assert backend.of(topic)[0].header("X-Address") == "192.0.2.7"


async def test_a_message_of_many_frames(ng, backend, topic):
    ws = await connect(ng, "/ws", subprotocols=["json.wspubsub.v1"])
    text = json.dumps({"id": 1, "op": "pub", "topic": topic,
                       "text": "x" * 9000})
    await ws.send([text[at:at + 100] for at in range(0, len(text), 100)])
    assert "ok" in json.loads(await ws.recv())
    await ws.close()
    assert backend.of(topic)[0].body == b"x" * 9000


async def test_a_handler_that_answers_at_once(ng, topic):
    """Many in one frame, whose hooks end before they have begun to wait."""
    async with await JsonSession.open(ng, "/ws/script") as session:
        waits = [session.expect_reply(n) for n in range(500)]
        await session.ws.send("\n".join(json.dumps(
            {"id": n, "op": "pub", "topic": topic, "data": n})
            for n in range(500)))
        assert [(await one)["ok"]["seq"] for one in waits] == list(
            range(1, 501))


async def test_published_by_others_while_it_waits(ng, backend, topic):
    """A subscription begins where its hook was answered."""
    backend.say(topic, HELD)
    http = Http(ng)
    async with await JsonSession.open(ng) as session:
        asks = asyncio.ensure_future(session.command("sub", topic=topic))
        await backend.until_asked(topic)
        for n in range(3):
            http.put(topic, str(n))
        assert session.pushes.empty()
        backend.release()
        reply = (await asks)["ok"]
        assert reply["topics"][0]["seq"] == 3
        assert (await session.msg())["text"] == "2"
        http.put(topic, "after")
        assert (await session.msg())["text"] == "after"
