"""Streams: events and lines, what they begin with, what they say."""

import json
import re
import zlib

import pytest

from support.httpc import Http
from support.stream import Stream, path_of

CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "short/**" zone=main history=3;
ws_pubsub_topic "here/**" zone=main presence=on;
ws_pubsub_topic "**" zone=main history=100;
""", "locations": """
location /events/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "t/**" "short/**" "here/**";
    ws_pubsub_allow_publish "t/**";
    ws_pubsub_identity $arg_who;
}
location /often/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "t/**";
    ws_pubsub_ping_interval 100ms;
}
location = /one {
    ws_pubsub_stream zone=main topic=$arg_t;
    ws_pubsub_allow_subscribe "t/**";
}
location /few/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_max_subscriptions 2;
}
location /gzip/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "t/**";
    gzip on;
    gzip_types *;
    gzip_min_length 0;
}
location /closed/ { ws_pubsub_stream zone=main; }
location /api/ { ws_pubsub_api zone=main; }
"""}

SSE = {"Accept": "text/event-stream"}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def events(ng, *topics, where="/events/", headers=None, scheme="http", **more):
    return Stream(ng, path_of(where, *topics, **more), scheme,
                  headers={**SSE, **(headers or {})})


def lines(ng, *topics, where="/events/", **more):
    return Stream(ng, path_of(where, *topics, **more))


def test_value_then_changes(ng, http, scheme, topic):
    http.put(topic, "value")
    with events(ng, topic, scheme=scheme) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        first = stream.event()
        assert 1000 <= stream.retry <= 3000
        assert first.name == "message" and first.id
        told = first.json()
        assert told["op"] == "msg" and told["text"] == "value"
        assert told["topic"] == topic and told["seq"] == 1 and told["epoch"]
        http.publish_json(topic, {"a": 1})
        second = stream.event()
        assert second.json()["data"] == {"a": 1}
        assert second.id.split(".")[0] == first.id.split(".")[0]
        assert int(second.id.split(".")[1]) > int(first.id.split(".")[1])


def test_the_path_and_arguments_name_selectors(ng, http, topic):
    path = f"/events/{topic}/a"
    with Stream(ng, path_of(path, f"{topic}/b", "t%2F%2A%2Fc"), headers=SSE) as stream:
        while stream.event().name != "cursor":
            pass
        for name in ("a", "x", "b", "c"):
            http.put(f"{topic}/{name}", name)
        got = [stream.message().json()["text"] for _ in range(2)]
        assert got == ["a", "b"]


def test_lines(ng, http, topic):
    http.put(topic, "1")
    with lines(ng, topic) as stream:
        assert stream.headers["content-type"] == "application/x-ndjson"
        assert re.fullmatch(r"[0-9a-z]+\.\d+", stream.line()["cursor"])
        http.publish_json(topic, {"a": [1]})
        told = stream.line()
        assert told["data"] == {"a": [1]} and told["cursor"]
        http.publish(topic, '{\n"b":\r\n2}', kind="application/json")
        assert stream.line()["data"] == {"b": 2}
    with events(ng, topic, as_="lines") as stream:
        assert stream.headers["content-type"] == "application/x-ndjson"
    with lines(ng, topic, as_="sse") as stream:
        assert stream.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize("kind", [events, lines])
def test_many_topics_have_a_cursor_once_all_came(ng, http, topic, kind):
    for n in range(200):
        http.put(f"{topic}/{n:03}", str(n))
    with kind(ng, f"{topic}/*") as stream:
        got = []
        while len(got) < 200:
            if kind is events:
                event = stream.event()
                cursor, told = event.id, event.json()
            else:
                told = stream.line()
                cursor = told.get("cursor")
            if told["op"] == "msg":
                got.append(told["text"])
                assert bool(cursor) == (len(got) == 200), len(got)
        assert got == [str(n) for n in range(200)]


def test_a_cursor_where_there_is_nothing_yet(ng, topic):
    with events(ng, f"{topic}/*") as stream:
        event = stream.event()
        assert event.name == "cursor" and event.id
    with lines(ng, f"{topic}/*") as stream:
        told = stream.line()
        assert told["op"] == "cursor" and told["cursor"]


def test_resume(ng, http, topic):
    selector = f"{topic}/*"
    with events(ng, selector) as stream:
        at = stream.event().id
    for n in range(1, 6):
        http.put(f"{topic}/{n % 2}", str(n))
    with events(ng, selector, headers={"Last-Event-ID": at},
                since="new") as stream:
        got = [stream.message() for _ in range(5)]
        by_topic = [event.json()["text"] for event in got]
        assert by_topic == ["2", "4", "1", "3", "5"]
        last = got[-1].id
        assert last and not any(event.id for event in got[:-1])
    http.put(f"{topic}/0", "6")
    with events(ng, selector, since=last) as stream:
        assert stream.message().json()["text"] == "6"


def test_resume_in_one_topic_from_any_message(ng, http, topic):
    with events(ng, topic, since="new") as stream:
        http.put(topic, "0")
        at = [stream.message().id]
        for n in range(1, 10):
            http.put(topic, str(n))
            at.append(stream.message().id)
    for n in (0, 4, 8):
        with events(ng, topic, headers={"Last-Event-ID": at[n]}) as stream:
            got = [stream.message() for _ in range(9 - n)]
            assert [one.json()["text"] for one in got] == [
                str(m) for m in range(n + 1, 10)]
            assert [one.id for one in got] == at[n + 1:]


def test_gap(ng, http, topic):
    name = "short/" + topic
    http.put(name, "0")
    with events(ng, name) as stream:
        at = stream.message().id
    for n in range(1, 10):
        http.put(name, str(n))
    with events(ng, name, since=at) as stream:
        gap = stream.event()
        assert gap.name == "gap"
        assert gap.json()["to"] == 6 and gap.json()["cause"] == "evicted"
        assert stream.event().json()["text"] == "6"


@pytest.mark.parametrize("at", ["zzz.1", "nonsense", "42"])
def test_reset(ng, http, topic, at):
    http.put(topic, "1")
    with events(ng, topic, headers={"Last-Event-ID": at}) as stream:
        assert stream.event().name == "reset"
        assert stream.message().json()["text"] == "1"
    with lines(ng, topic, since="zzz.1") as stream:
        assert stream.line()["op"] == "reset"


def test_a_number_that_is_to_come_is_none(ng, http, topic):
    http.put(topic, "1")
    with events(ng, topic) as stream:
        zone, number = stream.message().id.split(".")
    with events(ng, topic, since=f"{zone}.{int(number) + 1000}") as stream:
        assert stream.event().name == "reset"


def test_since_new_and_last(ng, http, topic):
    for n in range(5):
        http.put(topic, str(n))
    with events(ng, topic, since="last:3") as stream:
        got = [stream.message().json()["text"] for _ in range(3)]
        assert got == ["2", "3", "4"]
    with events(ng, topic, since="new") as stream:
        http.put(topic, "5")
        assert stream.message().json()["text"] == "5"


def test_gone_and_presence(ng, http, topic):
    name = "here/" + topic
    http.put(name, "1")
    with events(ng, name, who="ann") as stream:
        stream.message()
        with events(ng, name, who="bob") as other:
            other.message()
            joined = stream.event()
            assert joined.name == "join" and joined.json()["who"] == "bob"
        http.delete(name)
        names = {stream.event().name for _ in range(2)}
        assert "gone" in names


def test_delta(ng, http, topic):
    long = "x" * 500
    with events(ng, topic, since="new", delta=1) as stream:
        http.publish_json(topic, [long, 1])
        assert stream.message().json()["json"].endswith(",1]")


def test_rate(ng, http, topic):
    http.put(topic, "0")
    with events(ng, topic, rate="2") as stream:
        stream.message()
        for n in range(1, 20):
            http.put(topic, str(n))
        seen = []
        while "19" not in seen:
            event = stream.event()
            if event.name == "message":
                seen.append(event.json()["text"])
        assert len(seen) < 19


def test_comments(ng, topic):
    with events(ng, topic, where="/often/", since="new") as stream:
        while stream.comments < 3:
            stream.comments += stream._line(b"\n").startswith(":")
    with lines(ng, topic, where="/often/", since="new") as stream:
        assert stream._line(b"\n") == ""


def test_plain(ng, http, topic):
    def open_one(**more):
        return events(ng, where="/one", t=topic, **more)

    http.put(topic, "first\nsecond\r\nthird\rfourth é\n")
    with open_one() as stream:
        event = stream.event()
        assert event.data == "first\nsecond\nthird\nfourth é\n"
        assert event.name == "message" and event.id
        http.put(topic, b"\x00\xff", kind="application/octet-stream")
        binary = stream.event()
        assert (binary.name, binary.data) == ("b64", "AP8=")
        http.put(topic, "")
        assert stream.event().data == ""
        http.publish(topic, '{"a": 1}', kind="application/json")
        assert stream.event().data == '{"a": 1}'
        http.put(topic, "id: 7\n\nevent: x")
        last = stream.event()
        assert last.name == "message" and last.data == "id: 7\n\nevent: x"
    with open_one(headers={"Last-Event-ID": event.id}) as stream:
        assert stream.event().name == "b64"


def test_gzip_delays_nothing(ng, http, topic):
    http.put(topic, "1")
    unzip = zlib.decompressobj(31)
    with events(ng, topic, where="/gzip/",
                headers={"Accept-Encoding": "gzip"}) as stream:
        assert stream.headers["content-encoding"] == "gzip"
        text = b""

        def read_until(end):
            nonlocal text
            while end not in text:
                stream._read_body()
                text += unzip.decompress(stream._body)
                stream._body = b""
        read_until(b'"text":"1"')
        for n in range(50):
            http.put(topic, f"message {n}")
            read_until(b'"message %d"' % n)


def test_post(ng, http, topic):
    with events(ng, topic, since="new") as stream:
        answer = http.request("POST", f"/events/{topic}", '{"a":1}',
                              {"Content-Type": "application/json"})
        assert answer.status == 201 and answer.etag
        assert stream.message().json()["data"] == {"a": 1}
    assert http.request("POST", "/events/short/x", "1").status == 403
    assert http.request("POST", f"/often/{topic}", "1").status == 403
    assert http.request("POST", "/events/", "1").status == 400
    for method in ("PUT", "DELETE", "PATCH"):
        answer = http.request(method, f"/events/{topic}", "1")
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"


def test_refusals(ng, http, topic):
    def status(path, **headers):
        answer = http.request("GET", path, headers=headers)
        assert answer.error_code()
        return answer.status

    assert status("/events/") == 400
    assert status("/events/a//b") in (400, 403)
    assert status("/events/?topic=") == 400
    assert status(f"/events/?topic={topic}&topic=other") == 403
    assert status("/events/**") == 403
    assert status(f"/closed/{topic}") == 403
    for bad in ("since=x", "since=last:", "wait=61", "wait=x", "rate=0",
                "rate=x", "rate=nan", "as=xml"):
        assert status(f"/events/{topic}?{bad}") == 400, bad
    assert status("/few/a?topic=b&topic=c") == 429
    assert http.request("GET", f"/events/{topic}", "body").status == 400


def test_head(ng, http, topic):
    answer = http.request("HEAD", f"/events/{topic}", headers=SSE)
    assert answer.status == 200 and answer.body == b""
    assert answer.headers["content-type"] == "text/event-stream"
    assert http.request("HEAD", "/events/other").status == 403


def test_binary_is_base64(ng, http, topic):
    http.put(topic, b"\x00\xff", kind="application/octet-stream")
    with events(ng, topic) as stream:
        assert stream.message().json()["b64"] == "AP8="
    with lines(ng, topic) as stream:
        assert json.dumps(stream.line()["b64"]) == '"AP8="'
