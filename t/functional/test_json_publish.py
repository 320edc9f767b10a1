"""`pub`: payloads of each kind, conditions, keys."""

import base64
import json

import pytest

from support.httpc import Http
from support.rawws import TEXT, RawWS
from support.session import JsonSession

CONFIG = {"workers": 2}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


async def test_reply_and_sequence(ng, scheme, topic):
    async with await JsonSession.open(ng, scheme=scheme) as session:
        first = await session.pub(topic, data=1)
        assert set(first) == {"epoch", "seq"} and first["seq"] == 1
        assert first["epoch"] and first["epoch"].isalnum()
        assert await session.pub(topic, data=2) == {
            "epoch": first["epoch"], "seq": 2}


@pytest.mark.parametrize("fields", [
    {"data": {"a": [1, 2.5, None, True, "é"]}}, {"data": None}, {"data": 0},
    {"data": False}, {"data": ""}, {"data": []}, {"data": "x" * 5000},
    {"data": "nul \u0000 in it"},
    {"text": ""}, {"text": "line\nbreak \" \\ \t \u2028 \u0001 é😀"},
    {"text": "nul \u0000 in it"}, {"text": "{\"not\":\"parsed\"}"},
    {"b64": ""}, {"b64": base64.b64encode(bytes(range(256))).decode()},
    {"b64": "AA=="}, {"b64": "AAA="},
], ids=lambda one: ascii(one)[:40])
async def test_every_kind_comes_as_it_went(ng, topic, fields):
    async with await JsonSession.open(ng) as session, \
            await JsonSession.open(ng) as other:
        await session.sub(topic)
        await other.sub("t/*", "new")
        await session.pub(topic, **fields)
        for one in (session, other):
            assert (await one.next_of("msg")) == {
                "op": "msg", "topic": topic, "seq": 1, **fields}
        late = await JsonSession.open(ng)
        await late.sub(topic)
        assert await late.msg() == {
            "op": "msg", "topic": topic, "seq": 1, **fields}
        await late.close()


def test_data_is_kept_byte_for_byte(ng, topic, http):
    written = '{ "b" : 1.10,"a":\t[1e3 , 1E+2, "\\u00e9\\/"],  "b":-0 }'
    with RawWS.open(ng) as ws, RawWS.open(ng) as reader:
        reader.text(json.dumps({"op": "sub", "topic": topic}))
        reader.text('{"op":"ping"}')
        reader.recv_message()
        ws.text('{"id":1, "data" : %s , "op":"pub","topic":"%s"}'
                % (written, topic))
        assert b'"ok"' in ws.recv_message()[2]
        got = b""
        while b'"msg"' not in got:
            got = reader.recv_message()[2]
        assert written.encode() in got, got
    assert http.get(topic).body == written.encode()


def test_data_given_as_nested_key_is_not_taken(ng, topic, http):
    """`data` of an object within is another thing than the command's."""
    with RawWS.open(ng) as ws:
        ws.text('{"id":1,"op":"pub","x":{"data":"wrong","topic":"no"},'
                '"s":"\\"data\\":5","topic":"%s","data":["right"]}' % topic)
        assert b'"ok"' in ws.recv_message()[2]
    assert http.get(topic).body == b'["right"]'


async def test_content_types_over_http(ng, topic, http):
    async with await JsonSession.open(ng) as session:
        await session.pub(topic + "/d", data={"a": 1})
        await session.pub(topic + "/t", text="é")
        await session.pub(topic + "/b", b64="AAH/")
    got = http.get(topic + "/d")
    assert got.headers["content-type"].startswith("application/json")
    assert got.json() == {"a": 1}
    got = http.get(topic + "/t")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.body == "é".encode()
    got = http.get(topic + "/b")
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.body == b"\x00\x01\xff"


async def test_if(ng, scheme, topic):
    async with await JsonSession.open(ng, scheme=scheme) as session:
        first = await session.pub(topic, data=1, if_="absent")
        await session.fails(114, "pub", topic=topic, data=2, if_="absent")
        second = await session.pub(topic, data=2, if_=first)
        assert second["seq"] == 2
        await session.fails(114, "pub", topic=topic, data=3, if_=first)
        await session.fails(114, "pub", topic=topic, data=3, if_={
            "epoch": "0other0", "seq": 2})
        await session.fails(114, "pub", topic=topic + "/no", data=3,
                            if_=first)
        history = await session.ok("get", topic=topic)
        assert history["items"][0]["data"] == 2


async def test_if_lets_one_writer_win(ng, topic):
    async with await JsonSession.open(ng) as a, \
            await JsonSession.open(ng) as b:
        at = await a.pub(topic, data=0)
        for n in range(20):
            both = [await one.command("pub", topic=topic, data=n, if_=at)
                    for one in (a, b)]
            won = [one["ok"] for one in both if "ok" in one]
            assert len(won) == 1
            at = won[0]


async def test_key(ng, topic):
    async with await JsonSession.open(ng) as a, \
            await JsonSession.open(ng) as b:
        await b.sub(topic)
        first = await a.pub(topic, text="pay 5", key="k1")
        assert await a.pub(topic, text="pay 5", key="k1") == first
        assert await b.pub(topic, text="pay 5", key="k1") == first
        await b.fails(114, "pub", topic=topic, text="pay 6", key="k1")
        second = await a.pub(topic, text="pay 6", key="k2")
        assert second["seq"] == 2
        assert await a.pub(topic, text="pay 5", key="k1") == first
        assert [(await b.next_of("msg"))["seq"] for _ in range(2)] == [1, 2]
        await b.quiet()
        other = await a.pub(topic + "/o", text="pay 5", key="k1")
        assert other["seq"] == 1, "a key is of its topic"


async def test_key_over_both_protocols(ng, topic, http):
    """A client's keys are not the application's."""
    async with await JsonSession.open(ng) as session:
        first = http.put(topic, "x", Idempotency_Key="k")
        other = await session.pub(topic, text="y", key="k")
        assert other == {"epoch": first["epoch"], "seq": 2}
        await session.fails(114, "pub", topic=topic, text="x", key="k")
        assert http.put(topic, "x", Idempotency_Key="k") == first


def test_a_burst_in_one_frame(ng, topic):
    """Replies in order; seqs count up by one."""
    with RawWS.open(ng) as ws:
        ws.send_frame(TEXT, b"\n".join(
            b'{"id":%d,"op":"pub","topic":"%s","data":%d}'
            % (n, topic.encode(), n) for n in range(500)))
        for n in range(500):
            got = json.loads(ws.recv_message()[2])
            assert got["id"] == n and got["ok"]["seq"] == n + 1


async def test_a_topic_of_the_longest(ng):
    longest = "/".join(["é" * 3] * 31 + ["z" * (255 - 31 * 7)])
    assert len(longest.encode()) == 255
    async with await JsonSession.open(ng) as session:
        await session.sub(longest)
        await session.pub(longest, data=1)
        assert (await session.next())["op"] == "topic"
        assert (await session.msg())["topic"] == longest


async def test_odd_names(ng, topic, http):
    names = [f"{topic}/{one}" for one in (
        "a b", "a%2Fb", "\"q\"", "back\\slash", "é", "😀", "a+b", "?", "#",
        "$x", "...", ".x.", "<&>", "+", "a:b;c,d", "%", "%41", "&a=b")]
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/*")
        for name in names:
            await session.pub(name, text=name)
            said = await session.next_of("msg")
            assert said["topic"] == name and said["text"] == name
            assert http.get(name).body.decode() == name
        items = (await session.ok("get", topic=topic + "/*"))["items"]
        assert [one["topic"] for one in items] == sorted(
            names, key=str.encode)
