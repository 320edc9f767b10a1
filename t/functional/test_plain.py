"""Plain endpoints: frames are the topic's messages, with no protocol."""

import asyncio

import pytest

from support.httpc import Http
from support.rawws import BINARY, TEXT, RawWS
from support.session import JsonSession, connect

CONFIG = {"workers": 2, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
}
location /plain/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
}
location /read/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
}
location /write/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_publish "**";
}
location ~ ^/room/(?<room>[^/]+)$ {
    ws_pubsub zone=main topic=room/$room;
    ws_pubsub_allow_subscribe "room/*";
    ws_pubsub_allow_publish "room/*";
}
location /fixed { ws_pubsub zone=main topic=fixed/one;
    ws_pubsub_allow_subscribe "fixed/*"; }
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def where(kind, topic):
    return f"/{kind}/?topic={topic}"


async def quiet(ws):
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(ws.recv(), 0.2)


async def test_value_first_then_changes(ng, http, scheme, topic):
    http.put(topic, "value")
    ws = await connect(ng, where("read", topic), scheme)
    assert await ws.recv() == "value"
    http.put(topic, "change")
    assert await ws.recv() == "change"
    http.put(topic, b"\x00\xff", kind="application/octet-stream")
    assert await ws.recv() == b"\x00\xff"
    http.publish_json(topic, {"a": 1})
    assert await ws.recv() == '{"a": 1}'
    await ws.close()


async def test_a_topic_that_is_not_there(ng, http, topic):
    ws = await connect(ng, where("read", topic))
    await quiet(ws)
    assert http.publish(topic, "first").json()["subscribers"] == 1
    assert await ws.recv() == "first"
    await ws.close()


async def test_binary_value_first(ng, http, topic):
    http.put(topic, b"\xff", kind="application/octet-stream")
    ws = await connect(ng, where("read", topic))
    assert await ws.recv() == b"\xff"
    await ws.close()


async def test_frames_are_published(ng, http, scheme, topic):
    ws = await connect(ng, where("plain", topic), scheme)
    for sent, kind in (("text é😀", "text/plain; charset=utf-8"),
                       (b"\x00\xfe", "application/octet-stream"),
                       ("", "text/plain; charset=utf-8"),
                       (b"", "application/octet-stream")):
        await ws.send(sent)
        assert await ws.recv() == sent
        got = http.get(topic)
        assert got.headers["content-type"] == kind
        assert got.body == (
            sent.encode() if isinstance(sent, str) else sent)
    await ws.close()


async def test_protocols_mix(ng, topic):
    ws = await connect(ng, where("plain", topic))
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        await ws.send("from plain")
        said = await session.next_of("msg")
        assert said["text"] == "from plain"
        assert await ws.recv() == "from plain"
        await session.pub(topic, data={"k": [1, "é"]})
        assert await ws.recv() == '{"k": [1, "\\u00e9"]}'
        await session.pub(topic, b64="AAE=")
        assert await ws.recv() == b"\x00\x01"
        await ws.send(b"\xff")
        said = [await session.next_of("msg") for _ in range(3)][-1]
        assert said["b64"] == "/w=="
    await ws.close()


async def test_reader_that_publishes(ng, http, scheme, topic):
    http.put(topic, "kept")
    for payload, opcode in ((b"no", TEXT), (b"no", BINARY), (b"", TEXT)):
        ws = RawWS.open(ng, where("read", topic), scheme, protocol=None)
        ws.expect(TEXT, b"kept")
        ws.send_frame(opcode, payload)
        ws.expect_close(1008)
    assert http.get(topic).body == b"kept"


async def test_writer_gets_nothing(ng, http, topic):
    http.put(topic, "kept")
    ws = await connect(ng, where("write", topic))
    await ws.send("written")
    await quiet(ws)
    assert http.get(topic).body == b"written"
    assert http.publish(topic, "x").json()["subscribers"] == 0
    await quiet(ws)
    await ws.close()


async def test_topic_of_variables(ng, http):
    a = await connect(ng, "/room/1")
    b = await connect(ng, "/room/2")
    await a.send("one")
    await b.send("two")
    assert await a.recv() == "one" and await b.recv() == "two"
    assert http.get("room/1").body == b"one"
    await a.close()
    await b.close()


async def test_topic_of_variables_not_covered(ng):
    ws = RawWS(ng)
    ws.handshake(path="/room/a%2Fb", protocol=None)
    assert ws.status in (403, 404)


@pytest.mark.parametrize("raw, name", [
    ("caf%C3%A9", "café"), ("a%20b+c", "a b+c"), ("%F0%9F%98%80", "😀")])
async def test_the_argument_is_decoded(ng, http, topic, raw, name):
    ws = await connect(ng, f"/plain/?topic={topic}/{raw}")
    http.put(f"{topic}/{name}", "x")
    assert await ws.recv() == "x"
    await ws.close()


@pytest.mark.parametrize("raw", ["%", "%zz", "%FF", "%00", ".", "%2e%2E/a"])
async def test_no_topic_in_the_argument(ng, raw):
    ws = RawWS(ng)
    ws.handshake(path="/plain/?topic=" + raw, protocol=None)
    assert ws.status == 400


async def test_fixed_topic(ng, http):
    ws = await connect(ng, "/fixed")
    http.put("fixed/one", "x")
    assert await ws.recv() == "x"
    await ws.close()


async def test_gone_is_not_told(ng, http, topic):
    http.put(topic, "1")
    ws = await connect(ng, where("read", topic))
    assert await ws.recv() == "1"
    assert http.delete(topic).status == 204
    http.put(topic, "2")
    assert await ws.recv() == "2"
    await ws.close()


async def test_publish_to_the_modules_own(ng):
    ws = RawWS(ng)
    ws.handshake(path=where("write", "$SYS/a"), protocol=None)
    assert ws.status in (400, 403)


async def test_a_big_message(ng, topic):
    text = "é" * 32768
    ws = await connect(ng, where("plain", topic))
    await ws.send(text)
    assert await ws.recv() == text
    await ws.close()


async def test_fragmented_frames_are_one_message(ng, http, topic):
    ws = await connect(ng, where("plain", topic))
    await ws.send(["one ", "two ", "three"])
    assert await ws.recv() == "one two three"
    assert http.get(topic).body == b"one two three"
    await ws.close()


async def test_many_in_order(ng, topic):
    ws = await connect(ng, where("plain", topic))
    other = await connect(ng, where("read", topic))
    for n in range(1000):
        await ws.send(str(n))
    for reader in (ws, other):
        assert [await reader.recv() for _ in range(1000)] == [
            str(n) for n in range(1000)]
    await ws.close()
    await other.close()
