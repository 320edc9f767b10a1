"""Each limit of a session: its directive, and its error."""

import asyncio
import json

import pytest

from support.httpc import Http
from support.processes import wait_until
from support.rawws import PING, PONG, TEXT, RawWS, head
from support.session import JsonSession

CONFIG = {"workers": 2, "locations": """
ws_pubsub_allow_subscribe "**";
ws_pubsub_allow_publish "**";
location /ws { ws_pubsub zone=main; }
location /small { ws_pubsub zone=main; ws_pubsub_max_message 1k; }
location /large { ws_pubsub zone=main; ws_pubsub_max_message 300k; }
location /few { ws_pubsub zone=main; ws_pubsub_max_subscriptions 3; }
location /rate { ws_pubsub zone=main; ws_pubsub_rate 2r/s burst=5; }
location /slow-rate { ws_pubsub zone=main; ws_pubsub_rate 1r/s; }
location /pinged {
    ws_pubsub zone=main;
    ws_pubsub_ping_interval 200ms;
    ws_pubsub_ping_timeout 700ms;
}
location /not-pinged { ws_pubsub zone=main; ws_pubsub_ping_interval 0; }
location /plain/ { ws_pubsub zone=main topic=$arg_topic; }
location /api/ { ws_pubsub_api zone=main; }
location /api-small/ { ws_pubsub_api zone=main; ws_pubsub_max_message 10; }
location = /status { ws_pubsub_status zone=main; }
"""}


async def test_max_message(ng, scheme, topic):
    async with await JsonSession.open(ng, "/small", scheme) as session:
        await session.pub(topic, text="x" * 900)
        await session.ws.send("x" * 1025)
        assert await session.closed() == 1009
        bye = await session.next()
        assert bye["op"] == "bye" and bye["code"] == 1009
    async with await JsonSession.open(ng, "/large") as session:
        await session.sub(topic + "/l")
        await session.pub(topic + "/l", text="x" * 300000)
        assert (await session.next_of("msg"))["text"] == "x" * 300000
    http = Http(ng)
    http.api = "/api-small/"
    assert http.publish(topic, "x" * 10).status == 202
    assert http.publish(topic, "x" * 11).status == 413


async def test_max_subscriptions(ng, topic):
    async with await JsonSession.open(ng, "/few") as session:
        for n in range(3):
            await session.sub(f"{topic}/{n}")
        await session.fails(106, "sub", topic=topic + "/3")
        await session.fails(106, "sub", topic=topic + "/*")
        await session.ok("unsub", topic=topic + "/0")
        await session.sub(topic + "/*")
        await session.fails(106, "sub", topic=topic + "/4")


async def test_max_subscriptions_by_default(ng, topic):
    async with await JsonSession.open(ng) as session:
        for n in range(128):
            await session.sub(f"{topic}/{n}")
        await session.fails(106, "sub", topic=topic + "/more")


async def test_rate(ng, topic):
    async with await JsonSession.open(ng, "/rate") as session:
        replies = await asyncio.gather(*(
            session.command("pub", topic=topic, data=n) for n in range(30)))
        done = [one for one in replies if "ok" in one]
        assert 5 <= len(done) <= 15, len(done)
        for one in replies:
            assert "ok" in one or one["error"]["code"] == 111
        await asyncio.sleep(1.2)
        assert "ok" in await session.command("pub", topic=topic, data=1)


async def test_rate_without_burst(ng, topic):
    async with await JsonSession.open(ng, "/slow-rate") as session:
        await session.pub(topic, data=1)
        await session.fails(111, "pub", topic=topic, data=2)
        await session.fails(111, "sub", topic=topic)


async def test_a_rate_is_of_its_session(ng, topic):
    for n in range(3):
        async with await JsonSession.open(ng, "/slow-rate") as session:
            await session.pub(topic, data=n)


def test_connections(nginx):
    ng = nginx(workers=4, server="""
        ws_pubsub_connections 3;
        ws_pubsub_allow_subscribe "**";
        """, locations="""
        location /ws { ws_pubsub zone=main; }
        location /plain/ { ws_pubsub zone=main topic=a; }
        location = /status { ws_pubsub_status zone=main; }
        """)
    open_ones = [RawWS.open(ng), RawWS.open(ng),
                 RawWS.open(ng, "/plain/", protocol=None)]
    for _ in range(8):
        more = RawWS(ng)
        more.handshake()
        assert more.status == 503, "over all workers"
        more.close()
    open_ones.pop().close()

    def fits():
        more = RawWS(ng)
        more.send(head())
        more.read_answer()
        open_ones.append(more)
        return more.status == 101
    wait_until("a place is free again", fits)


async def test_no_pong(ng, scheme):
    ws = RawWS.open(ng, "/pinged", scheme)
    assert ws.recv_frame().opcode == PING
    bye = ws.recv_frame()
    while bye.opcode == PING:
        bye = ws.recv_frame()
    assert bye.opcode == TEXT
    said = json.loads(bye.payload)
    assert said["op"] == "bye" and said["code"] == 3012
    ws.expect_close(3012)


async def test_pongs_keep_a_session(ng, scheme):
    ws = RawWS.open(ng, "/pinged", scheme)
    for _ in range(8):
        got = ws.recv_frame()
        assert got.opcode == PING and len(got.payload) <= 125
        ws.send_frame(PONG, got.payload)
    ws.text('{"op":"ping"}')
    got = ws.recv_frame()
    while got.opcode == PING:
        got = ws.recv_frame()
    assert got.payload == b'{"op":"pong"}'
    ws.close()


async def test_a_slow_reader_is_alive(ng, topic):
    """Its pong waits until it has read what was queued before the ping."""
    ws = RawWS.open(ng, "/pinged", receive_buffer=8192)
    ws.text(json.dumps({"op": "sub", "topic": topic}))
    http = Http(ng)
    wait_until("subscribed", lambda: http.publish(topic, "x").status == 201)
    count = 150
    for _ in range(count):
        http.publish(topic, "x" * 5000)
    seq, pings = 0, 0
    while seq <= count or pings == 0:
        got = ws.recv_frame()
        if got.opcode == PING:
            pings += 1
            ws.send_frame(PONG, got.payload)
        else:
            said = json.loads(got.payload)
            assert said["op"] in ("topic", "msg"), said
            seq = said["seq"]
            await asyncio.sleep(0.02)


async def test_no_pings(ng):
    async with await JsonSession.open(ng, "/not-pinged") as session:
        await asyncio.sleep(0.5)
        await session.ping()


@pytest.mark.parametrize("path", ["/ws", "/plain/?topic={}"])
def test_a_reader_that_stops(nginx, topic, path):
    """It is told 3008; publisher and other subscribers notice nothing."""
    ng = nginx(workers=1, server="ws_pubsub_queue 128k;")
    path = path.format(topic)
    json_one = path == "/ws"
    protocol = "json.wspubsub.v1" if json_one else None
    stuck = RawWS.open(ng, path, protocol=protocol, receive_buffer=4096)
    good = RawWS.open(ng, path, protocol=protocol)
    for one in (stuck, good):
        if json_one:
            one.text(json.dumps({"id": 1, "op": "sub", "topic": topic}))
            assert b'"ok"' in one.recv_message()[2]
    http = Http(ng)
    text = "x" * 20000
    count = 0
    while http.status()["slow"] == 0:
        assert http.publish(topic, f"{count} {text}").status == 201
        payload = good.recv_message()[2]
        if count == 0 and json_one:
            assert b'"topic"' in payload
            payload = good.recv_message()[2]
        assert f"{count} xxx".encode() in payload
        count += 1
        assert count < 2000, "kernel buffers hold no such amount"
    code = None
    while code is None:
        got = stuck.recv_frame()
        if got.opcode == 8:
            code = int.from_bytes(got.payload[:2], "big")
    assert code == 3008
    stuck.close()
    wait_until("its session is gone", lambda: (
        http.status()["sessions"] == 1))
    assert http.publish(topic, "after").json()["subscribers"] == 1
    assert b"after" in good.recv_message()[2]


async def test_a_message_larger_than_the_queue(nginx, topic):
    """Even one message over the queue's limit may not grow memory."""
    ng = nginx(workers=1, server="""
        ws_pubsub_queue 64k;
        ws_pubsub_max_message 512k;
        """)
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        http = Http(ng)
        http.put(topic, "x" * 400000)
        said = await session.next_of("topic", "msg", "bye")
        while said and said["op"] == "topic":
            said = await session.next()
        assert said is None or said["op"] in ("msg", "bye")
        if said and said["op"] == "bye":
            assert said["code"] == 3008
        assert http.put(topic, "small")["seq"] == 2
