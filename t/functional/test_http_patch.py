"""PATCH: merge patches and JSON patches of the kept value."""

import json

import pytest

from support.httpc import Http, http_on_each_worker
from support.session import JsonSession

CONFIG = {"workers": 2, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
location /little/ {
    ws_pubsub_max_message 100;
    ws_pubsub_api zone=main;
}
location /fixed { ws_pubsub_api zone=main topic=fixed/$arg_name; }
"""}
OTHER = '"0other0.1"'


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


async def test_merge_patch(ng, http, topic):
    told = http.publish_json(topic, {"a": 1, "b": {"c": 2, "d": 3}}).json()
    answer = http.patch(topic, {"b": {"c": None, "e": [4]}, "f": "é"})
    assert answer.status == 202
    assert answer.json() == {"topic": topic, "epoch": told["epoch"],
                             "seq": 2, "subscribers": 0}
    assert answer.etag == f'"{told["epoch"]}.2"'
    got = http.get(topic)
    assert got.body.decode() == '{"a":1,"b":{"d":3,"e":[4]},"f":"é"}'
    assert got.headers["content-type"] == "application/json"
    assert got.etag == answer.etag
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, "new")
        assert http.patch(topic, {"a": 2}).status == 201
        said = await session.msg()
        assert said["seq"] == 3
        assert said["data"] == {"a": 2, "b": {"d": 3, "e": [4]}, "f": "é"}


def test_json_patch(http, topic):
    http.publish_json(topic, {"list": [1, 2], "gone": True})
    answer = http.patch(topic, [
        {"op": "test", "path": "/list/0", "value": 1.0},
        {"op": "add", "path": "/list/-", "value": {"x": 1}},
        {"op": "remove", "path": "/gone"},
        {"op": "copy", "from": "/list/2", "path": "/copy"},
        {"op": "move", "from": "/list/0", "path": "/first"},
        {"op": "replace", "path": "/copy/x", "value": "~/"}])
    assert answer.status == 202
    assert http.get(topic).body == (
        b'{"list":[2,{"x":1}],"copy":{"x":"~/"},"first":1}')


def test_a_patch_that_changes_nothing_is_published(http, topic):
    http.publish_json(topic, {"a": 1})
    for n, change in enumerate(({"a": 1}, {}, []), 2):
        assert http.patch(topic, change).json()["seq"] == n
    assert http.get(topic).json() == {"a": 1}


def test_no_topic(http, topic):
    for change in ({"a": 1}, []):
        answer = http.patch(topic, change)
        assert answer.status == 404 and answer.error_code() == 102
    for how in ({"If_Match": "*"}, {"If_None_Match": "*"},
                {"If_Match": OTHER}):
        assert http.patch(topic, {"a": 1}, **how).status == 404
    assert http.get(topic).status == 404, "nothing is stored"


def test_no_kept_value(http, topic):
    http.publish_json("event/" + topic, {"a": 1})
    assert http.patch("event/" + topic, {"a": 2}).status == 404


@pytest.mark.parametrize("kind, body", [
    ("text/plain", "{}"), ("text/plain", "not JSON"), (None, "{"),
    ("application/octet-stream", "\x00")], ids=repr)
def test_the_kept_value_is_not_json(http, topic, kind, body):
    etag = http.publish(topic, body, kind=kind).etag
    answer = http.patch(topic, {"a": 1})
    assert answer.status == 409 and answer.error_code() == 114
    assert answer.etag == etag
    assert http.get(topic).etag == etag


def test_a_failed_test(http, topic):
    etag = http.publish_json(topic, {"a": 1, "b": 2}).etag
    answer = http.patch(topic, [
        {"op": "replace", "path": "/b", "value": 3},
        {"op": "test", "path": "/a", "value": 2}])
    assert answer.status == 409 and answer.error_code() == 114
    assert answer.etag == etag
    assert http.get(topic).json() == {"a": 1, "b": 2}, "all or nothing"


@pytest.mark.parametrize("operation", [
    {"op": "remove", "path": "/b"}, {"op": "remove", "path": ""},
    {"op": "replace", "path": "/b", "value": 1},
    {"op": "add", "path": "/a/b", "value": 1},
    {"op": "add", "path": "/l/2", "value": 1},
    {"op": "add", "path": "/l/x", "value": 1},
    {"op": "move", "from": "/l", "path": "/l/0"},
    {"op": "copy", "from": "/x", "path": "/y"}], ids=json.dumps)
def test_a_path_that_is_not_there(http, topic, operation):
    etag = http.publish_json(topic, {"a": 1, "l": [0]}).etag
    answer = http.patch(topic, [operation])
    assert answer.status == 422 and answer.error_code() == 114
    assert answer.etag == etag and http.get(topic).etag == etag


@pytest.mark.parametrize("kind, body", [
    ("merge-patch", ""), ("merge-patch", "{"), ("merge-patch", "{}x"),
    ("merge-patch", b'"\xff"'), ("merge-patch", '"\\ud83d"'),
    ("merge-patch", '{"a":"\\ude00"}'), ("merge-patch", '{"\\u0000":1}'),
    ("merge-patch", "1e999"),
    ("json-patch", '[{"op":"add","path":"/\\ud83d","value":1}]'),
    ("json-patch", '[{"op":"add","path":"/a","value":"\\ud83d"}]'),
    ("json-patch", ""), ("json-patch", "{}"), ("json-patch", "[1]"),
    ("json-patch", '[{"op":"add","path":"/a"}]'),
    ("json-patch", '[{"op":"spam","path":"/a","value":1}]'),
    ("json-patch", '[{"op":"add","path":"a","value":1}]'),
], ids=lambda one: repr(one)[:20])
def test_bad_patches(http, topic, kind, body):
    etag = http.publish_json(topic, {"a": 1}).etag
    answer = http.publish(topic, body, method="PATCH",
                          kind=f"application/{kind}+json")
    assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).etag == etag


@pytest.mark.parametrize("kind", ["merge-patch", "json-patch"])
def test_too_deep(http, topic, kind):
    """JSON that a topic may hold, but no patch may change or be."""
    deep = "[" * 600 + "]" * 600
    etag = http.publish_json(topic, {"a": 1}).etag
    answer = http.publish(topic, deep, method="PATCH",
                          kind=f"application/{kind}+json")
    assert answer.status == 413 and answer.error_code() == 106
    assert http.get(topic).etag == etag
    etag = http.publish(topic, deep, kind="application/json").etag
    answer = http.publish(topic, "[]", method="PATCH",
                          kind=f"application/{kind}+json")
    assert answer.status == 413 and answer.error_code() == 106
    assert http.get(topic).etag == etag


@pytest.mark.parametrize("kind", [
    None, "application/json", "text/plain", "application/merge-patch",
    "application/merge-patch+json-not"])
def test_other_content_types(http, topic, kind):
    http.publish_json(topic, {"a": 1})
    answer = http.publish(topic, "{}", method="PATCH", kind=kind)
    assert answer.status == 415 and answer.error_code() == 107
    told = {one.strip() for one in answer.headers["accept-patch"].split(",")}
    assert told == {"application/merge-patch+json",
                    "application/json-patch+json"}


@pytest.mark.parametrize("kind", [
    "application/merge-patch+json; charset=utf-8",
    "Application/Merge-Patch+JSON"])
def test_content_type_in_other_words(http, topic, kind):
    http.publish_json(topic, {"a": 1})
    assert http.publish(
        topic, '{"a":2}', method="PATCH", kind=kind).status == 202
    assert http.get(topic).json() == {"a": 2}


def test_the_content_type_of_the_value_stays(http, topic):
    http.publish(topic, "{}", kind="application/vnd.app+json; v=1")
    http.patch(topic, {"a": 1})
    assert http.get(topic).headers["content-type"] == (
        "application/vnd.app+json; v=1")


def test_bad_and_reserved_topics(http):
    for path, status, code in (("", 400, 107), ("a*", 400, 107),
                               ("$SYS/a", 403, 103)):
        answer = http.patch(path, {})
        assert answer.status == status and answer.error_code() == code


def test_topic_of_the_directive(http):
    http.request("PUT", "/fixed?name=p", b'{"a":1}',
                 {"Content-Type": "application/json"})
    answer = http.request("PATCH", "/fixed?name=p", b'{"b":2}', {
        "Content-Type": "application/merge-patch+json"})
    assert answer.json()["topic"] == "fixed/p"
    assert http.get("fixed/p").json() == {"a": 1, "b": 2}


def test_too_big(http, topic):
    http.api = "/little/"
    etag = http.publish_json(topic, {"a": "x" * 60}).etag
    answer = http.patch(topic, {"b": "y" * 40})
    assert answer.status == 413 and answer.error_code() == 106
    answer = http.patch(topic, {"b": "y" * 100})
    assert answer.status == 413 and answer.error_code() == 106
    answer = http.patch(topic, [{"op": "copy", "from": "", "path": "/a"}] * 2)
    assert answer.status == 413 and answer.error_code() == 106
    assert http.get(topic).etag == etag
    assert http.patch(topic, {"b": "y" * 15}).status == 202


def test_copies_of_copies(http, topic):
    """A few operations can't make a value that fills the memory."""
    http.publish_json(topic, [1])
    answer = http.patch(
        topic, [{"op": "copy", "from": "", "path": "/-"}] * 900)
    assert answer.status == 413 and answer.error_code() == 106
    answer = http.patch(
        topic, [{"op": "test", "path": "/0", "value": 1}] * 1001)
    assert answer.status == 413 and answer.error_code() == 106


def test_conditions(http, topic):
    first = http.publish_json(topic, {"n": 0}).etag
    second = http.patch(topic, {"n": 1}, If_Match=first)
    assert second.status == 202
    for how in ({"If_Match": first}, {"If_Match": OTHER},
                {"If_None_Match": "*"}):
        answer = http.patch(topic, {"n": 2}, **how)
        assert answer.status == 412 and answer.error_code() == 114
        assert answer.etag == second.etag
    assert http.patch(topic, {"n": 2}, If_Match="no tag").status == 400
    assert http.get(topic).json() == {"n": 1}
    assert http.patch(topic, {"n": 2}, If_Match="*").status == 202
    assert http.patch(topic, {"n": 3}, If_Match=(
        f"{OTHER}, {http.get(topic).etag}")).status == 202


async def test_idempotency_key(ng, topic):
    """Applied once, whatever the value has become since."""
    change = [{"op": "test", "path": "/n", "value": 0},
              {"op": "replace", "path": "/n", "value": 1},
              {"op": "add", "path": "/log/-", "value": "x"}]
    clients = list(http_on_each_worker(ng).values())
    clients[0].publish_json(topic, {"n": 0, "log": []})
    first = clients[0].patch(topic, change, Idempotency_Key="k")
    assert first.status == 202 and first.json()["seq"] == 2
    for client in clients:
        again = client.patch(topic, change, Idempotency_Key="k")
        assert (again.status, again.json(), again.etag) == (
            first.status, first.json(), first.etag)
    clients[0].put(topic, "no JSON any more")
    assert clients[1].patch(
        topic, change, Idempotency_Key="k").json() == first.json()
    other = clients[0].patch(topic, {"n": 5}, Idempotency_Key="k")
    assert other.status == 409 and other.error_code() == 114
    assert clients[1].get(topic).body == b"no JSON any more"


def test_a_refused_patch_uses_up_no_key(http, topic):
    http.publish_json(topic, {"a": 1})
    assert http.patch(topic, [{"op": "remove", "path": "/b"}],
                      Idempotency_Key="k").status == 422
    assert http.patch(topic, {"a": 2}, Idempotency_Key="k").status == 202


@pytest.mark.parametrize("number", [
    "9007199254740993", "18446744073709551615", "1.0", "0.1", "-0.25",
    "123456789012345678901234567890", "3.14159265358979323846264338327",
    "1e100", "1.5e-400"])
def test_numbers_beside_the_change_stay(http, topic, number):
    http.put(topic, '{"n":%s,"a":1}' % number, kind="application/json")
    http.patch(topic, '{"a":2,"m":[%s]}' % number)
    assert http.get(topic).body.decode() == (
        '{"n":%s,"a":2,"m":[%s]}' % (number, number))
    assert http.publish(
        topic, '[{"op":"test","path":"/n","value":%s}]' % number,
        method="PATCH", kind="application/json-patch+json").status == 202
