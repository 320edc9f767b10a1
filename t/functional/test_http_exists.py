"""When a topic exists: conditions, GET, HEAD, PATCH, DELETE and the protocol
agree; and positions that a topic has not."""

import pytest

from support.httpc import Http
from support.processes import wait_until
from support.session import JsonSession

CONFIG = {"workers": 1, "http": """
    ws_pubsub_zone main:8m;
    ws_pubsub_topic "lease/**" zone=main ttl=300ms history=5;
    ws_pubsub_topic "log/**" zone=main retain=off history=5;
    ws_pubsub_topic "event/**" zone=main retain=off;
    ws_pubsub_topic "hist/**" zone=main history=5;
    """}
PATCH = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def ask(http, method, topic, body=b"{}", **headers):
    answer = http.request(method, "/api/" + topic, body, {
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in headers.items()}})
    if answer.status == 412:
        assert answer.error_code() == 114, "in JSON, whoever found it"
    return answer


def outlive(http, topic):
    """Publishes a lease; returns its tag once it is over."""
    etag = ask(http, "PUT", topic).etag
    wait_until("the lease is over",
               lambda: http.get(topic).status == 404)
    return etag


def test_an_expired_value(http, topic):
    """It is not there for any condition, and no 412 offers its tag."""
    etag = outlive(http, "lease/" + topic)
    for method in ("GET", "HEAD"):
        answer = http.get("lease/" + topic, method=method)
        assert answer.status == 404 and answer.etag is None
    for method in ("PUT", "POST", "DELETE"):
        for match in ("*", etag, f'"x", {etag}'):
            answer = ask(http, method, "lease/" + topic, If_Match=match)
            assert answer.status == 412 and answer.etag is None, match
    for match in ("*", etag, None):
        headers = {**PATCH, **({"If-Match": match} if match else {})}
        answer = http.request("PATCH", "/api/lease/" + topic, "{}", headers)
        assert answer.status == 404 and answer.error_code() == 109
    answer = ask(http, "PUT", "lease/" + topic, If_None_Match="*")
    assert answer.status == 202 and answer.json()["seq"] == 2
    answer = ask(http, "PUT", "lease/" + topic, If_None_Match="*")
    assert answer.status == 412 and answer.etag.endswith('.2"')


def test_an_expired_topic_can_be_removed(http, topic):
    outlive(http, "lease/" + topic)
    assert ask(http, "DELETE", "lease/" + topic).status == 204
    assert ask(http, "DELETE", "lease/" + topic).status == 404
    outlive(http, "lease/" + topic)
    assert ask(http, "DELETE", "lease/" + topic,
               If_None_Match="*").status == 204


async def test_an_expired_value_over_websocket(ng, http, topic):
    etag = outlive(http, "lease/" + topic)
    epoch, seq = etag.strip('"').split(".")
    async with await JsonSession.open(ng) as session:
        await session.fails(114, "pub", topic="lease/" + topic, data=1,
                            **{"if": {"epoch": epoch, "seq": int(seq)}})
        await session.fails(109, "get", topic="lease/" + topic)
        assert (await session.pub("lease/" + topic, data=1,
                                  **{"if": "absent"}))["seq"] == 2
        await session.fails(114, "pub", topic="lease/" + topic, data=1,
                            **{"if": "absent"})


@pytest.mark.parametrize("kind", ["log", "event"])
async def test_a_topic_that_keeps_no_value(ng, http, topic, kind):
    """It exists, so that a log has one first writer, and appends in order;
    its tag can be asked for."""
    topic = f"{kind}/{topic}"
    assert ask(http, "PUT", topic, If_Match="*").status == 412
    first = ask(http, "PUT", topic, If_None_Match="*")
    assert first.status == 202
    second = ask(http, "PUT", topic, If_None_Match="*")
    assert second.status == 412 and second.etag == first.etag
    for method in ("GET", "HEAD"):
        answer = http.get(topic, method=method)
        assert answer.status == 404 and answer.etag == first.etag
    assert http.get(topic).json()["error"]["message"] == "no value is kept"
    second = ask(http, "PUT", topic, If_Match=first.etag)
    assert second.status == 202
    stale = ask(http, "PUT", topic, If_Match=first.etag)
    assert stale.status == 412 and stale.etag == second.etag
    assert ask(http, "PUT", topic, If_Match="*").status == 202
    answer = http.request("PATCH", "/api/" + topic, "{}", PATCH)
    assert answer.status == 404 and answer.error_code() == 102
    async with await JsonSession.open(ng) as session:
        await session.fails(114, "pub", topic=topic, data=1,
                            **{"if": "absent"})
    assert ask(http, "DELETE", topic, If_None_Match="*").status == 412
    assert ask(http, "DELETE", topic, If_Match="*").status == 204
    assert http.get(topic).etag is None


def test_reading_with_conditions(http, topic):
    """412 as for a publish, with the current tag."""
    first = ask(http, "PUT", topic).etag
    second = ask(http, "PUT", topic).etag
    early = "Sat, 01 Jan 2000 00:00:00 GMT"
    late = "Fri, 01 Jan 2100 00:00:00 GMT"
    for headers in ({"If-Match": first}, {"If-Match": f'{first}, "x"'},
                    {"If-Match": "W/" + second}, {"If-Match": '"a,b"'},
                    {"If-Unmodified-Since": early}):
        for method in ("GET", "HEAD"):
            answer = http.get(topic, method=method, headers=headers)
            assert answer.status == 412 and answer.etag == second, headers
            if method == "GET":
                assert answer.error_code() == 114
    for headers in ({"If-Match": second}, {"If-Match": f"{first}, {second}"},
                    {"If-Match": "*"},
                    {"If-Match": f' , {second},,"a,b"'},
                    {"If-Unmodified-Since": late},
                    {"If-Unmodified-Since": "no date"},
                    {"If-Match": second, "If-Unmodified-Since": early}):
        assert http.get(topic, headers=headers).status == 200, headers
    answer = http.get(topic, headers={"If-Match": "no tag"})
    assert answer.status == 400 and answer.error_code() == 107
    assert http.get("none/" + topic, headers={
        "If-Match": "*"}).status == 404


@pytest.mark.parametrize("ahead", [6, 99, 2**53])
async def test_positions_past_the_newest(ng, http, topic, ahead):
    """They can't be honoured, as those of another epoch."""
    topic = "hist/" + topic
    for n in range(5):
        epoch = ask(http, "PUT", topic, str(n)).json()["epoch"]
    answer = http.get(topic, f"since={epoch}.{ahead}")
    assert answer.status == 412 and answer.error_code() == 112
    assert answer.etag == f'"{epoch}.5"'
    assert http.get(topic, f"since={epoch}.5").json()["items"] == []
    async with await JsonSession.open(ng) as session:
        since = {"epoch": epoch, "seq": ahead}
        await session.fails(112, "history", topic=topic, since=since)
        reply = await session.sub(topic, since)
        assert reply["recovered"] is False
        got = [await session.next() for _ in range(5)]
        assert [(one["op"], one["seq"]) for one in got] == [
            ("msg", n) for n in range(1, 6)]
        await session.quiet()


async def test_no_gap_where_nothing_is_lost(ng, http, topic):
    """Of another epoch; and where all but the newest is lost."""
    topic = "hist/" + topic
    for n in range(3):
        ask(http, "PUT", topic, str(n))
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic, {"epoch": "0other0", "seq": 7})
        assert reply["recovered"] is False
        assert [one["seq"] for one in await session.msgs(3)] == [1, 2, 3]
        await session.quiet()
        await session.ok("unsub", topic=topic)
        for n in range(7):
            ask(http, "PUT", topic, str(n))
        for at in ({"epoch": "0other0", "seq": 7},
                   {"epoch": reply["topics"][0]["epoch"], "seq": 11}):
            assert (await session.sub(topic, at))["recovered"] is False
            assert await session.next() == {
                "op": "gap", "topic": topic, "from": 1, "to": 4,
                "cause": "evicted"}
            assert [one["seq"] for one in await session.msgs(6)] == [
                5, 6, 7, 8, 9, 10]
            await session.ok("unsub", topic=topic)
