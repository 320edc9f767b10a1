"""`pub` with `patch`."""

import pytest

from support.httpc import Http
from support.session import JsonSession

CONFIG = {"workers": 2, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "t/**" "event/**";
}
location /little {
    ws_pubsub zone=main;
    ws_pubsub_max_message 200;
    ws_pubsub_allow_publish "**";
}
location /api/ { ws_pubsub_api zone=main; }
"""}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


async def test_merge_patch_and_json_patch(ng, scheme, topic):
    async with await JsonSession.open(ng, scheme=scheme) as session:
        first = await session.pub(topic, data={"a": 1, "b": [1]})
        await session.sub(topic)
        await session.next_of("msg")
        assert await session.pub(topic, patch={"a": None, "c": "é"}) == {
            "epoch": first["epoch"], "seq": 2}
        assert (await session.msg())["data"] == {"b": [1], "c": "é"}
        await session.pub(topic, patch=[
            {"op": "test", "path": "/c", "value": "é"},
            {"op": "add", "path": "/b/0", "value": 0}])
        assert await session.msg() == {
            "op": "msg", "topic": topic, "seq": 3,
            "data": {"b": [0, 1], "c": "é"}}


async def test_errors(ng, topic, http):
    async with await JsonSession.open(ng) as session:
        await session.fails(102, "pub", topic=topic, patch={"a": 1})
        await session.pub("event/" + topic, data={"a": 1})
        await session.fails(102, "pub", topic="event/" + topic, patch={})
        await session.fails(103, "pub", topic="other/" + topic, patch={})
        await session.fails(103, "pub", topic="$SYS/a", patch={})
        await session.pub(topic, text="{}")
        await session.fails(114, "pub", topic=topic, patch={"a": 1})
        at = await session.pub(topic, data={"a": 1})
        for code, patch in (
                (114, [{"op": "test", "path": "/a", "value": 2}]),
                (114, [{"op": "remove", "path": "/b"}]),
                (107, [{"op": "remove"}]), (107, [1]),
                (107, "text"), (107, 5), (107, None), (107, True)):
            await session.fails(code, "pub", topic=topic, patch=patch)
        for more in ({"data": 1}, {"text": "x"}, {"b64": "AA=="}):
            await session.fails(107, "pub", topic=topic, patch={}, **more)
        assert http.get(topic).etag == '"{epoch}.{seq}"'.format(**at)


async def test_if_and_key(ng, topic, http):
    async with await JsonSession.open(ng) as session:
        first = await session.pub(topic, data={"n": 0})
        second = await session.pub(topic, patch={"n": 1}, if_=first, key="k")
        assert second["seq"] == 2
        await session.fails(114, "pub", topic=topic, patch={"n": 2}, if_=first)
        await session.fails(
            114, "pub", topic=topic, patch={"n": 2}, if_="absent")
        assert await session.pub(
            topic, patch={"n": 1}, if_=first, key="k") == second
        await session.fails(114, "pub", topic=topic, patch={"n": 2}, key="k")
        # An application's keys are others, also of the same name.
        for _ in range(2):
            assert http.patch(
                topic, '{"n": 3}', Idempotency_Key="k").json()["seq"] == 3
        assert http.get(topic).json() == {"n": 3}


async def test_too_big(ng, topic, http):
    http.publish_json(topic, {"a": "x" * 150})
    async with await JsonSession.open(ng, path="/little") as session:
        await session.fails(106, "pub", topic=topic, patch={"b": "y" * 50})
        await session.pub(topic, patch={"b": "y" * 10})
    assert http.get(topic).json() == {"a": "x" * 150, "b": "y" * 10}
