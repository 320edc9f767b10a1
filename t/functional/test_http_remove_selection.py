"""DELETE ?select=: many topics at once."""

import urllib.parse

import pytest

from support.httpc import Http
from support.session import JsonSession, sessions_on_each_worker

CONFIG = {"workers": 2, "http": "ws_pubsub_zone main:16m;"}


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


def remove(http, selector, **headers):
    return http.request("DELETE", "/api/?select=" + urllib.parse.quote(
        selector, safe="/*"), headers=headers)


def names(http, selector):
    told = http.get(query=f"select={selector}&limit=1000").json()
    assert told["more"] is False
    return [one["topic"] for one in told["topics"]]


async def test_what_matches_is_removed(ng, http, topic):
    for name in ("a", "a/b", "a/b/c", "b", "b/b"):
        http.put(f"{topic}/{name}", "x")
    sessions = await sessions_on_each_worker(ng)
    for session in sessions.values():
        await session.sub(topic + "/**", "new")
    answer = remove(http, topic + "/*/b")
    assert answer.status == 204 and answer.body == b""
    for session in sessions.values():
        gone = [await session.next() for _ in range(2)]
        assert sorted(one["topic"] for one in gone) == [
            topic + "/a/b", topic + "/b/b"]
        assert {one["op"] for one in gone} == {"gone"}
        await session.quiet()
    assert names(http, topic + "/**") == [
        topic + "/a", topic + "/a/b/c", topic + "/b"]
    remove(http, topic + "/a")
    remove(http, topic + "/**")
    assert names(http, topic + "/**") == []
    for session in sessions.values():
        assert len([await session.next() for _ in range(3)]) == 3
        await session.close()


async def test_nothing_matches(http, topic):
    assert remove(http, topic + "/**").status == 204
    assert remove(http, topic).status == 204


@pytest.mark.parametrize("query", [
    "", "select=", "select=a*", "select=**/a", "select=%FF", "selct=a"])
def test_bad_selectors(http, topic, query):
    http.put(topic, "x")
    answer = http.request("DELETE", "/api/?" + query)
    assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).status == 200


def test_the_modules_own(http):
    for selector in ("$SYS/**", "$SYS/a", "$*"):
        answer = remove(http, selector)
        assert answer.status in (400, 403), selector
    assert remove(http, "$SYS/**").error_code() == 103


def test_conditions(http, topic):
    http.put(topic, "x")
    for name in ("If-Match", "If-None-Match", "Idempotency-Key"):
        answer = remove(http, topic, **{name: "*"})
        assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).status == 200


async def test_many(ng, http, topic):
    """Over many turns; the connection and the zone go on."""
    count = 5000
    for start in range(0, count, 2500):
        http.batch([{"topic": f"{topic}/{n:05}", "data": n}
                    for n in range(start, start + 2500)])
    http.put("u" + topic, "stays")
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/00001")
        await session.msg()
        port = http.local_port()
        assert remove(http, topic + "/*").status == 204
        assert (await session.next())["op"] == "gone"
    assert names(http, topic + "/**") == []
    assert http.get("u" + topic).body == b"stays"
    assert http.local_port() == port
    http.put(topic + "/00001", "again")
    assert names(http, topic + "/**") == [topic + "/00001"]


def test_all_of_a_client_that_left(ng, http, topic):
    """Begun is done, whoever waits for the answer."""
    http.batch([{"topic": f"{topic}/{n}", "data": n} for n in range(3000)])
    with Http(ng) as other:
        other.connection.request("DELETE", f"/api/?select={topic}/*")
    for _ in range(1000):
        if not http.get(query=f"select={topic}/*").json()["topics"]:
            return
    raise AssertionError("topics are left")
