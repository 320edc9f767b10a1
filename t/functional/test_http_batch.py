"""Batches: many publishes in one request."""

import json

import pytest

from support.httpc import Http, raw_request
from support.session import JsonSession

KIND = "application/x-ndjson"
CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:16m;
ws_pubsub_topic "hist/**" zone=main history=100;
""", "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
location /bare { ws_pubsub_api zone=main; }
location /little/ {
    ws_pubsub_max_message 100;
    ws_pubsub_max_batch 1k;
    ws_pubsub_api zone=main;
}
location /to-file/ {
    client_body_in_file_only clean;
    client_max_body_size 4m;
    ws_pubsub_max_batch 4m;
    ws_pubsub_api zone=main;
}
location /fixed { ws_pubsub_api zone=main topic=fixed; }
"""}


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


def post(http, body, path="/api/", kind=KIND, **more):
    return http.request("POST", path, body, {"Content-Type": kind, **more})


async def test_answers_and_order(ng, http, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic + "/a")
        told = http.batch([
            {"topic": topic + "/a", "data": {"n": 1}},
            {"topic": topic + "/b", "text": "é"},
            {"topic": topic + "/a", "b64": "AP8="},
            {"topic": topic + "/a", "data": 3}])
        assert [one["topic"][len(topic):] for one in told] == [
            "/a", "/b", "/a", "/a"]
        assert [one["seq"] for one in told] == [1, 1, 2, 3]
        assert [one["subscribers"] for one in told] == [1, 0, 1, 1]
        assert set(told[0]) == {"topic", "epoch", "seq", "subscribers"}
        assert (await session.next())["op"] == "topic"
        assert [one.get("data", one.get("b64"))
                for one in await session.msgs(3)] == [{"n": 1}, "AP8=", 3]
    got = http.get(topic + "/b")
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.body == "é".encode()


def test_one_bad_line_fails_alone(http, topic):
    lines = [
        ('{"topic":"%s","data":1}', None), ("nonsense", 107), ("[1]", 107),
        ('{"topic":"a*","data":1}', 107), ('{"topic":"%s"}', 107),
        ('{"topic":"%s","data":1,"text":"x"}', 107), ('{"data":1}', 107),
        ('{"topic":"$SYS/a","data":1}', 103), ('{"topic":"%s","data":2', 107),
        ('{"topic":"%s","b64":"x"}', 107), ('{"topic":"%s","data":2}', None),
        ('{"topic":"%s","data":3}{}', 107), ('"\\ud800"', 107),
        ('{"topic":"%s","text":"last"}', None)]
    body = "\n".join(line.replace("%s", topic) for line, _ in lines)
    answer = post(http, body)
    assert answer.status == 200
    told = [json.loads(line) for line in answer.body.splitlines()]
    assert [one.get("error", {}).get("code") for one in told] == [
        code for _, code in lines]
    for one in told:
        assert set(one) in ({"error"},
                            {"topic", "epoch", "seq", "subscribers"})
    assert [one["seq"] for one in told if "seq" in one] == [1, 2, 3]
    assert http.get(topic).body == b"last"


def test_bytes_that_are_no_text(http, topic):
    answer = post(http, b'{"topic":"%s","text":"\xff"}\n{"topic":"%s",'
                        b'"data":1}\n\x00\n' % ((topic.encode(),) * 2))
    told = [json.loads(line) for line in answer.body.splitlines()]
    assert ["error" in one for one in told] == [True, False, True]


def test_too_big_fails_alone(http, topic):
    http.api = "/little/"
    told = http.batch([{"topic": topic, "text": "x" * 101},
                       {"topic": topic, "text": "x" * 100}])
    assert told[0]["error"]["code"] == 106
    assert told[1]["seq"] == 1


def test_blank_lines_and_line_ends(http, topic):
    answer = post(http, '\r\n\n  {"topic":"%s","data":1}\r\n \n'
                        '{"topic":"%s","data": 2 }' % (topic, topic))
    assert len(answer.body.splitlines()) == 2
    assert http.get(topic).body == b"2"
    for body in ("", "\n", " \r\n\n"):
        answer = post(http, body)
        assert answer.status == 200 and answer.body == b""


def test_data_is_kept_byte_for_byte(http, topic):
    written = '{ "b" : 1.10,"a":\t[1e3 , "\\u00e9\\/"],"b":-0 }'
    post(http, '{"topic":"%s","data":%s}\n' % (topic, written))
    assert http.get(topic).body == written.encode()


def test_conditions_keys_and_patches(http, topic):
    first, again = http.batch(
        [{"topic": topic, "data": {"n": 1}, "key": "k", "if": "absent"}] * 2)
    assert again == first and first["seq"] == 1
    at = {"epoch": first["epoch"], "seq": 1}
    told = http.batch([
        {"topic": topic, "data": 2, "key": "k"},
        {"topic": topic, "data": 2, "if": "absent"},
        {"topic": topic, "patch": {"m": 2}, "if": at},
        {"topic": topic, "patch": {"m": 3}, "if": at},
        {"topic": topic, "patch": [{"op": "remove", "path": "/x"}]},
        {"topic": topic + "/none", "patch": {}},
        {"topic": topic, "data": 3, "if": "nonsense"}])
    assert [one.get("seq", one.get("error", {}).get("code"))
            for one in told] == [114, 114, 2, 114, 114, 102, 107]
    assert http.get(topic).json() == {"n": 1, "m": 2}


def test_headers_of_a_single_publish(http, topic):
    """They would not mean what they say."""
    for name in ("If-Match", "If-None-Match", "Idempotency-Key"):
        answer = post(http, '{"topic":"%s","data":1}' % topic, **{name: "*"})
        assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).status == 404


def test_nginx_does_not_judge_the_answer(http, topic):
    answer = post(http, '{"topic":"%s","data":1}' % topic, **{
        "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:01 GMT",
        "If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"})
    assert answer.status == 200 and b'"seq":1' in answer.body


@pytest.mark.parametrize("kind", [
    "application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types(http, topic, kind):
    answer = post(http, '{"topic":"%s","data":1}' % topic, kind=kind)
    assert answer.status == 415 and answer.error_code() == 107
    assert http.get(topic).status == 404


@pytest.mark.parametrize("kind", [
    "application/x-ndjson; charset=utf-8", "Application/X-NDJSON"])
def test_content_type_in_other_words(http, topic, kind):
    answer = post(http, '{"topic":"%s","data":1}' % topic, kind=kind)
    assert answer.status == 200 and b'"seq":1' in answer.body


def test_where_the_root_is(http, topic):
    line = '{"topic":"%s","data":1}' % topic
    for path, status in (("/api/", 200), ("/bare", 200), ("/bare/", 200),
                         ("/fixed", 202), ("/api/x", 202)):
        assert post(http, line, path=path).status == status
    assert http.get("fixed").body == line.encode()
    assert http.get(topic).etag.endswith('.3"')


def test_the_limit(http, topic):
    http.api = "/little/"
    line = '{"topic":"%s","data":1}\n' % topic
    for chunked in (False, True):
        body = (line * 100).encode()
        answer = http.request(
            "POST", "/little/", iter([body]) if chunked else body,
            {"Content-Type": KIND}, encode_chunked=chunked)
        assert answer.status == 413 and answer.error_code() == 106
    assert http.get(topic).status == 404
    body = (line * 100)[:1024 - len(line)] + "\n" * len(line)
    assert len(body) == 1024
    assert post(http, body, path="/little/").status == 200


def test_no_length(ng, scheme):
    answer = raw_request(
        ng, b"POST /api/ HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: application/x-ndjson\r\n\r\n", scheme)
    assert answer.status == 411 and answer.error_code() == 107


@pytest.mark.parametrize("path", ["/api/", "/to-file/"])
def test_a_large_batch(http, topic, path):
    """In order, over many turns of the event loop."""
    name = "hist/" + topic
    count = 20000
    body = "".join('{"topic":"%s","data":%d}\n' % (name, n)
                   for n in range(1, count + 1))
    answer = post(http, body, path=path)
    assert answer.status == 200
    told = [json.loads(line) for line in answer.body.splitlines()]
    assert [one["seq"] for one in told] == list(range(1, count + 1))
    assert http.get(name).body == b"%d" % count
    items = http.get(name, "last=50").json()["items"]
    assert [one["data"] for one in items] == list(range(count - 49, count + 1))
    # the connection goes on
    port = http.local_port()
    assert http.batch([{"topic": name, "data": 0}])[0]["seq"] == count + 1
    assert http.local_port() == port


def values_seen_amid_a_batch(ng, name):
    """What another client is told of a topic that the batch publishes to."""
    body = "".join('{"topic":"%s","data":%d}\n' % (name, n)
                   for n in range(20000)).encode()
    seen = set()
    with Http(ng) as http, Http(ng) as other:
        http.connection.request("POST", "/api/", body, {"Content-Type": KIND})
        while b"19999" not in seen:
            seen.add(other.get(name).body)
        assert http.connection.getresponse().read().count(b"\n") == 20000
    return seen


def test_others_are_served_meanwhile(nginx, topic):
    """By the one worker, which does not do the batch in one piece."""
    ng = nginx(**{**CONFIG, "workers": 1})
    for n in range(20):  # on a busy machine a client may miss all of one
        if len(values_seen_amid_a_batch(ng, f"{topic}/{n}")) > 2:
            return
    raise AssertionError("the batches were done in one piece")


def test_a_reload_cuts_no_batch(nginx, topic):
    ng = nginx(**{**CONFIG, "workers": 1})
    count = 20000
    body = "".join('{"topic":"%s","data":%d}\n' % (topic, n)
                   for n in range(count)).encode()
    with Http(ng) as http, Http(ng) as other:
        http.connection.request("POST", "/api/", body, {"Content-Type": KIND})
        while other.get(topic).status == 404:
            pass
        ng.reload()
        answer = http.connection.getresponse()
        told = [json.loads(line) for line in answer.read().splitlines()]
        assert [one["seq"] for one in told] == list(range(1, count + 1))
    with Http(ng) as http:
        assert http.get(topic).body == b"%d" % (count - 1)


def test_a_client_that_leaves_amid_a_batch(ng, http, topic):
    """What was sent is published to the end, and nothing breaks."""
    count = 5000
    body = "".join('{"topic":"%s","data":%d}\n' % (topic, n)
                   for n in range(count)).encode()
    for _ in range(5):
        with Http(ng) as other:
            other.connection.request(
                "POST", "/api/", body, {"Content-Type": KIND})
    http.put(topic + "/x", "y")


@pytest.mark.parametrize("member", [
    '"text":"\\ud83d"', '"data":["\\ude00"]', '"data":{"\\u0000":1}',
    '"data":1e999', '"data":' + "[" * 3000 + "]" * 3000,
    '"patch":{"a":"\\ud83d"}'],
    ids=["text", "data", "name", "number", "depth", "patch"])
def test_beyond_the_limits_of_json(http, topic, member):
    """An error for that line, which says why; the others are done."""
    body = "\n".join('{"topic":"%s",%s}' % (topic, one)
                     for one in ('"text":"a"', member, '"text":"b"'))
    first, bad, last = map(json.loads, post(http, body).body.splitlines())
    assert (first["seq"], last["seq"]) == (1, 2)
    assert bad["error"]["code"] == 107
    assert bad["error"]["message"] not in ("not JSON", "not a JSON object")
