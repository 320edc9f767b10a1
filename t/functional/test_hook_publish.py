"""Hooks of publishing: who is asked, a payload in place of the client's, and
what holds all the same behind the hook."""

import asyncio
import gzip
import json

import pytest

from support.backend import HELD, Answer, json_answer
from support.httpc import Http
from support.session import JsonSession
from support.tokens import Issuer

TICKETS = Issuer("HS256")
MAX_MESSAGE = 65536
CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "few/**" zone=main max_subscribers=1;
ws_pubsub_topic "**" zone=main presence=on history=100;
""", "locations": f"""
location /needed {{
    ws_pubsub zone=main;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_publish_request /may;
    ws_pubsub_allow_subscribe "free/**" "$$SYS/**";
    ws_pubsub_allow_publish "free/**";
    ws_pubsub_subscription_token_key HS256 data:{TICKETS.key};
}}
location /always {{
    ws_pubsub zone=main;
    ws_pubsub_subscribe_request /may always;
    ws_pubsub_publish_request /may always;
    ws_pubsub_allow_subscribe "free/**";
    ws_pubsub_allow_publish "free/**";
    ws_pubsub_subscription_token_key HS256 data:{TICKETS.key};
}}
location /reads {{ ws_pubsub zone=main; ws_pubsub_subscribe_request /may; }}
location /writes {{ ws_pubsub zone=main; ws_pubsub_publish_request /may; }}
location /off {{
    ws_pubsub_publish_request /may;
    location /off/really {{
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "free/**";
        ws_pubsub_publish_request off;
    }}
    location /off/inherits {{ ws_pubsub zone=main; }}
}}
location = /may {{
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}}
location /api/ {{ ws_pubsub_api zone=main; }}
location = /status {{ ws_pubsub_status zone=main; }}
"""}
PATHS = ["/needed", "/always"]


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


async def ops_of(session, topic, **more):
    """Codes of each op's error, 0 where it was allowed."""
    found = {}
    for op, fields in (("get", {}), ("history", {"last": 1}), ("who", {}),
                       ("pub", {"text": "x"}), ("sub", {"since": "new"})):
        reply = await session.command(op, topic=topic, **fields, **more)
        found[op] = reply.get("error", {}).get("code", 0)
    return found


def each(read, write):
    return {"get": read, "history": read, "who": read, "sub": read,
            "pub": write}


async def test_what_lists_allow_is_not_asked(ng, http, backend, topic):
    backend.answer = Answer(403)
    http.put("free/" + topic, "x")
    async with await JsonSession.open(ng, "/needed") as session:
        assert await ops_of(session, "free/" + topic) == each(0, 0)
        assert not backend.of("free/" + topic)
        assert await ops_of(session, topic) == each(103, 103)
        assert len(backend.of(topic)) == 5


async def test_always_is_always(ng, http, backend, topic):
    for one in ("free/" + topic, topic):
        http.put(one, "x")
        async with await JsonSession.open(ng, "/always") as session:
            backend.say(one, Answer(403))
            assert await ops_of(session, one) == each(103, 103)
            backend.say(one, Answer(500))
            assert await ops_of(session, one) == each(115, 115)
            backend.say(one, Answer(204))
            assert await ops_of(session, one) == each(0, 0)
        assert len(backend.of(one)) == 15


async def test_a_selector_wider_than_the_list_is_asked(ng, backend):
    async with await JsonSession.open(ng, "/needed") as session:
        await session.sub("free/a/*")
        await session.sub("free/**")
        assert not backend.asked
        backend.answer = Answer(403)
        await session.fails(103, "sub", topic="**")
        assert [one.topic for one in backend.asked] == ["**"]


async def test_only_the_ops_of_the_hook(ng, http, backend, topic):
    http.put(topic, "x")
    async with await JsonSession.open(ng, "/reads") as session:
        assert await ops_of(session, topic) == each(0, 103)
    assert {one.op for one in backend.of(topic)} == {
        "sub", "get", "history", "who"}
    async with await JsonSession.open(ng, "/writes") as session:
        assert await ops_of(session, topic + "/w") == each(103, 0)
    assert [one.op for one in backend.of(topic + "/w")] == ["pub"]


async def test_off_is_not_inherited_on(ng, backend, topic):
    async with await JsonSession.open(ng, "/off/really") as session:
        await session.fails(103, "pub", topic=topic, text="x")
    async with await JsonSession.open(ng, "/off/inherits") as session:
        await session.pub(topic, text="x")
    assert len(backend.of(topic)) == 1


async def test_tickets(ng, http, backend, topic):
    backend.answer = Answer(403)
    http.put(topic, "x")
    ticket = TICKETS.token(topic=topic, pub=True)
    for path, code in (("/needed", 0), ("/always", 103)):
        async with await JsonSession.open(ng, path) as session:
            assert await ops_of(session, topic, ticket=ticket) == each(
                code, code)
    assert len(backend.of(topic)) == 5


REPLACING = [
    (json_answer(200, '{"b": 2}'), "data", {"b": 2}),
    (json_answer(200, "null"), "data", None),
    (json_answer(200, '{"b":2}', "application/json; charset=utf-8"),
     "data", {"b": 2}),
    (Answer(200, "é😀".encode(), {"Content-Type": "text/plain"}),
     "text", "é😀"),
    (Answer(201, b"made", {"Content-Type": "text/plain; charset=utf-8"}),
     "text", "made"),
    (Answer(202, b"\x00\xff", {"Content-Type": "application/octet-stream"}),
     "b64", "AP8="),
    (Answer(200, b"img", {"Content-Type": "image/png"}), "b64", "aW1n"),
    (json_answer(200, '"%s"' % ("x" * 50000)), "data", "x" * 50000),
    (Answer(200, b"y" * MAX_MESSAGE, {"Content-Type": "text/plain"},
            chunked=True), "text", "y" * MAX_MESSAGE),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("answer, member, value", REPLACING,
                         ids=lambda one: str(one)[:20])
async def test_a_body_replaces(ng, backend, scheme, topic, path, answer,
                               member, value):
    backend.say(topic, lambda one: answer if one.op == "pub" else Answer())
    async with await JsonSession.open(ng, path, scheme) as session:
        await session.sub(topic)
        told = await session.pub(topic, text="what the client sent")
        said = await session.next_of("msg")
        assert said["seq"] == told["seq"] == 1
        assert said[member] == value
        assert not {"data", "text", "b64"} & set(said) - {member}
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert Http(ng).get(topic).headers["content-type"].startswith(kind)


@pytest.mark.parametrize("sent, member, value", [
    ({"text": "old"}, "text", "17"), ({"data": {"a": 1}}, "data", 17),
    ({"b64": "AP8="}, "b64", "MTc=")])
async def test_a_body_without_a_type(ng, backend, topic, sent, member, value):
    """Is of the client's."""
    backend.say(topic, lambda one: Answer(
        200, b"17" if one.op == "pub" else b""))
    async with await JsonSession.open(ng, "/needed") as session:
        await session.sub(topic)
        await session.pub(topic, **sent)
        assert (await session.next_of("msg"))[member] == value


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("sent, member", [
    ({"text": "old"}, "text"), ({"data": {"a": [1]}}, "data"),
    ({"b64": "AP8="}, "b64")])
async def test_an_empty_body_does_not(ng, backend, topic, status, sent,
                                      member):
    backend.say(topic, Answer(status, b"", {"Content-Type": "text/html"}))
    async with await JsonSession.open(ng, "/needed") as session:
        await session.sub(topic)
        await session.pub(topic, **sent)
        assert (await session.next_of("msg"))[member] == sent[member]


@pytest.mark.parametrize("answer", [
    Answer(200, b"x" * (MAX_MESSAGE + 1)),
    Answer(200, b"x" * 10_000_000, chunked=True),
    Answer(200, gzip.compress(b"new"), {"Content-Encoding": "gzip"}),
    Answer(200, b"new", {"Content-Encoding": "br"}),
    Answer(200, b"new" * 100, cut=299),
    Answer(200, b"new" * 100, cut=150, chunked=True),
], ids=["large", "larger", "gzip", "br", "broken", "broken-chunks"])
@pytest.mark.parametrize("path", PATHS)
async def test_a_body_that_can_not_replace(ng, http, backend, topic, path,
                                           answer):
    backend.say(topic, answer)
    async with await JsonSession.open(ng, path) as session:
        await session.fails(115, "pub", topic=topic, text="x")
        assert http.get(topic).status == 404
        backend.say(topic, Answer())
        assert (await session.pub(topic, text="x"))["seq"] == 1


@pytest.mark.parametrize("kind, body", [
    ("application/json", b"{"), ("application/json", b"[1e999]"),
    ("application/json", b"\xff"), ("text/plain", b"\xff"),
    ("text/plain; charset=utf-8", b"\xed\xa0\x80")])
async def test_a_body_that_is_not_of_its_type(ng, http, backend, topic, kind,
                                              body):
    """Whatever comes of it: no reader gets what it could not take."""
    backend.say(topic, lambda one: Answer(
        200, body if one.op == "pub" else b"", {"Content-Type": kind}))
    async with await JsonSession.open(ng, "/needed") as session:
        await session.sub(topic)
        reply = await session.command("pub", topic=topic, text="x")
        assert "ok" in reply or reply["error"]["code"] in (107, 115)
        await session.ping()
        if "ok" in reply:
            await session.next_of("msg")


async def test_a_patch_is_not_replaced(ng, http, backend, topic):
    backend.say(topic, json_answer(200, '{"z":1}'))
    http.publish_json(topic, {"a": 1, "b": 2})
    for path in PATHS:
        async with await JsonSession.open(ng, path) as session:
            await session.pub(topic, patch={"a": 9})
            assert http.get(topic).json() == {"a": 9, "b": 2}
            await session.pub(topic, patch=[
                {"op": "replace", "path": "/a", "value": 1}])
            assert http.get(topic).json() == {"a": 1, "b": 2}
            backend.say(topic, [Answer(403), Answer(500), Answer(422),
                                json_answer(200, '{"z":1}')])
            for code in (103, 115, 107):
                await session.fails(code, "pub", topic=topic, patch={"a": 5})
            assert http.get(topic).json() == {"a": 1, "b": 2}


async def test_a_patch_changes_the_value_of_then(ng, http, backend, topic):
    """Others may have changed it meanwhile."""
    backend.say(topic, HELD)
    http.publish_json(topic, {"a": 1})
    async with await JsonSession.open(ng, "/always") as session:
        patched = asyncio.ensure_future(session.pub(topic, patch={"b": 2}))
        await backend.until_asked(topic)
        http.publish_json(topic, {"a": 7})
        backend.release(topic)
        assert (await patched)["seq"] == 3
        assert http.get(topic).json() == {"a": 7, "b": 2}


async def test_the_modules_own_topics_stay_closed(ng, backend):
    async with await JsonSession.open(ng, "/always") as session:
        assert await ops_of(session, "$SYS/a") == each(103, 103)
        await session.fails(103, "sub", topic="$SYS/**")
    async with await JsonSession.open(ng, "/needed") as session:
        await session.sub("$SYS/**")  # the list says so by name
        await session.fails(103, "pub", topic="$SYS/a", text="x")
        await session.fails(103, "sub", topic="$other/a")


async def test_limits_hold_behind_the_hook(ng, backend, topic):
    async with await JsonSession.open(ng, "/needed") as one, \
            await JsonSession.open(ng, "/needed") as two:
        await one.sub("few/" + topic)
        await two.fails(106, "sub", topic="few/" + topic)
        await one.fails(105, "sub", topic="few/" + topic)
        await one.fails(107, "sub", topic="few//" + topic)
        await one.fails(107, "pub", topic=topic + "/*", text="x")
        await one.fails(107, "pub", topic=topic)
        await one.fails(102, "get", topic=topic + "/none")


async def test_a_condition_is_that_of_the_end(ng, http, backend, topic):
    backend.say(topic, HELD)
    async with await JsonSession.open(ng, "/needed") as session:
        for condition in ("absent", None):
            at = http.get(topic).etag
            if condition is None:
                epoch, seq = at.strip('"').split(".")
                condition = {"epoch": epoch, "seq": int(seq)}
            asks = asyncio.ensure_future(session.command(
                "pub", topic=topic, text="mine", if_=condition))
            await backend.until_pending(1)
            http.put(topic, "theirs")
            backend.release(topic)
            assert (await asks)["error"]["code"] == 114
        assert http.get(topic).body == b"theirs"


async def test_a_key_takes_one(ng, http, backend, topic):
    """The hook may be asked twice, and says the same."""
    backend.say(topic, json_answer(200, '{"by":"hook"}'))
    async with await JsonSession.open(ng, "/needed") as session:
        first = await session.pub(topic, text="x", key="k")
        assert await session.pub(topic, text="x", key="k") == first
        assert http.get(topic).etag.endswith('.1"')
        backend.say(topic, Answer(403))
        await session.fails(103, "pub", topic=topic, text="x", key="k2")
        backend.say(topic, Answer(204))
        assert (await session.pub(topic, text="x", key="k2"))["seq"] == 2


async def test_the_same_key_in_flight(ng, http, backend, topic):
    backend.say(topic, HELD)
    async with await JsonSession.open(ng, "/needed") as session:
        waits = [session.expect_reply(n) for n in range(5)]
        for n in range(5):
            await session.ws.send(json.dumps(
                {"id": n, "op": "pub", "topic": topic, "text": "x",
                 "key": "k"}))
        await backend.until_pending(5)
        backend.release()
        replies = [(await one)["ok"] for one in waits]
        assert replies == [replies[0]] * 5
        assert http.get(topic).etag.endswith('.1"')


async def test_endpoints_that_only_have_hooks(ng, backend, topic):
    """Are open: the hook says who may what."""
    backend.answer = Answer(403)
    for path in ("/reads", "/writes", "/off/inherits"):
        async with await JsonSession.open(ng, path) as session:
            assert await ops_of(session, topic) == each(103, 103)
