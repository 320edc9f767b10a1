"""Permissions of API locations: as said there, and only there."""

import pytest

from support.httpc import Http
from support.session import JsonSession

CONFIG = {"workers": 1, "http": """
    ws_pubsub_zone main:8m;
    ws_pubsub_topic "log/**" zone=main history=10;
    ws_pubsub_allow_subscribe "http/**";
    ws_pubsub_allow_publish "http/**";
    """, "locations": """
location /api/ { ws_pubsub_api zone=main; }
location /narrow/ {
    ws_pubsub_api zone=main;
    ws_pubsub_allow_subscribe "open/**" "also/*/x";
    ws_pubsub_allow_publish "open/*";

    location /narrow/deep/ { ws_pubsub_api zone=main; }
    location /narrow/if/ {
        ws_pubsub_api zone=main;
        if ($arg_x) { add_header X-If yes; }
    }
}
location /reads/ {
    ws_pubsub_api zone=main;
    ws_pubsub_allow_subscribe "open/**";
    ws_pubsub_allow_publish off;
}
location /inherits/ {
    ws_pubsub_api zone=main;
    ws_pubsub_allow_subscribe "open/**";
}
location /nothing/ {
    ws_pubsub_api zone=main;
    ws_pubsub_allow_subscribe off;
    ws_pubsub_allow_publish off;
}
location /mine/ {
    ws_pubsub_api zone=main;
    ws_pubsub_identity $arg_id;
    ws_pubsub_allow_subscribe "user/$arg_id/**" "$$SYS/**";
    ws_pubsub_allow_publish "user/$arg_id/**" "shared/*";
}
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_identity $arg_id;
    ws_pubsub_allow_publish "shared/*";
}
"""}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def ask(http, method, path, body=None, **headers):
    answer = http.request(method, path, body, {
        name.replace("_", "-"): value for name, value in headers.items()})
    if answer.status == 403:
        assert answer.error_code() == 103
    return answer.status


PATCHES = {"Content_Type": "application/merge-patch+json"}


def test_without_them_all_is_open(http, topic):
    """Those of outer levels are for WebSocket endpoints."""
    assert ask(http, "POST", "/api/" + topic, "x") == 202
    assert ask(http, "GET", "/api/" + topic) == 200
    assert ask(http, "GET", "/api/?select=**") == 200
    assert ask(http, "DELETE", "/api/" + topic) == 204


@pytest.mark.parametrize("path", ["/narrow/", "/narrow/deep/", "/narrow/if/",
                                  "/narrow/if/?x=1&"])
def test_what_is_named(http, path):
    """Also by locations within."""
    def at(topic):
        return path.replace("?", topic + "?") if "?" in path else path + topic

    def chosen(selector):
        return path + ("" if "?" in path else "?") + "select=" + selector

    for topic in ("open/a", "open/a/b", "also/a/x", "other/a"):
        http.request("PUT", "/api/" + topic, "{}",
                     {"Content-Type": "application/json"})
    for method, answer in (("POST", 202), ("PUT", 202), ("DELETE", 204)):
        assert ask(http, method, at("open/a"), "{}",
                   Content_Type="application/json") == answer
        for topic in ("open/a/b", "also/a/x", "other/a", "http/a"):
            assert ask(http, method, at(topic), "{}") == 403, topic
    http.request("PUT", "/api/open/a", "{}",
                 {"Content-Type": "application/json"})
    assert ask(http, "PATCH", at("open/a"), "{}", **PATCHES) == 202
    assert ask(http, "PATCH", at("other/a"), "{}", **PATCHES) == 403
    for topic, answer in (("open/a", 200), ("open/a/b", 200),
                          ("also/a/x", 200), ("other/a", 403),
                          ("open/none", 404), ("other/none", 403),
                          ("http/a", 403)):
        for method in ("GET", "HEAD"):
            if method == "HEAD" and answer == 403:
                assert http.request(method, at(topic)).status == 403
            else:
                assert ask(http, method, at(topic)) == answer, topic
    history = at("other/a") + ("&" if "?" in path else "?") + "last=1"
    assert ask(http, "GET", history) == 403
    for selector, answer in (
            ("open/**", 200), ("open/*", 200), ("open/*/b", 200),
            ("also/*/x", 200), ("also/*", 403), ("**", 403), ("*", 403),
            ("other/a", 403), ("http/**", 403)):
        assert ask(http, "GET", chosen(selector)) == answer, selector
    for selector, answer in (
            ("**", 403), ("open/**", 403), ("also/*/x", 403),
            ("other/a", 403), ("open/*", 204)):
        assert ask(http, "DELETE", chosen(selector)) == answer, selector
    assert http.get("open/a").status == 404
    assert http.get("open/a/b").status == 200


def test_a_batch(http):
    answers = http.batch([
        {"topic": "open/a", "text": "1"}, {"topic": "other/b", "text": "2"},
        {"topic": "http/b", "text": "3"},
        {"topic": "open/a/b", "patch": {}}, {"topic": "open/c", "text": "4"},
    ], "/narrow/")
    assert [answer.get("error", {}).get("code") for answer in answers] == [
        None, 103, 103, 103, None]
    assert http.get("other/b").status == 404
    assert http.get("open/c").body == b"4"


def test_refused_before_the_body(http):
    """Whatever it is."""
    assert ask(http, "POST", "/narrow/other/a", "x" * 100000) == 403


def test_one_of_them_brings_the_other(http, topic):
    """As at a WebSocket endpoint: what is not named is not allowed, and what
    the location does not say the levels around it do."""
    http.put("open/a", "x")
    assert ask(http, "GET", "/reads/open/a") == 200
    assert ask(http, "POST", "/reads/open/a", "x") == 403
    assert ask(http, "DELETE", "/reads/open/a") == 403
    assert ask(http, "GET", "/inherits/open/a") == 200
    assert ask(http, "POST", "/inherits/open/a", "x") == 403
    assert ask(http, "POST", "/inherits/http/" + topic, "x") == 202
    for method in ("GET", "POST", "DELETE"):
        assert ask(http, method, "/nothing/open/a", "x") == 403


def test_variables(http):
    assert ask(http, "POST", "/mine/user/7/a?id=7", "x") == 202
    assert ask(http, "GET", "/mine/user/7/a?id=7") == 200
    for query in ("id=8", "id=", "id=*", "id=**", "id=7/a", ""):
        assert ask(http, "POST", "/mine/user/7/a?" + query, "x") == 403
        assert ask(http, "GET", "/mine/user/7/a?" + query) == 403
    assert ask(http, "GET", "/mine/?id=7&select=user/7/**") == 200
    assert ask(http, "GET", "/mine/?id=*&select=user/7/**") == 403
    assert ask(http, "DELETE", "/mine/?id=*&select=user/**") == 403
    assert ask(http, "GET", "/mine/$SYS/x?id=7") == 404
    assert ask(http, "GET", "/narrow/$SYS/x") == 403


async def test_keys_of_others(ng, http, topic):
    """A client that guesses an application's key does not stand in its way;
    who tries again finds its own."""
    topic = "shared/" + topic.replace("/", "-")
    key = {"Idempotency_Key": "order-1"}

    async def by_session(path, text):
        async with await JsonSession.open(ng, path) as session:
            return await session.command(
                "pub", topic=topic, text=text, key="order-1")

    seqs = [(await by_session(path, text))["ok"]["seq"]
            for path, text in (("/ws", "guess"), ("/ws?id=a", "a"),
                               ("/ws?id=b", "b"))]
    for path, body in (("/mine/%s?id=a", "http a"), ("/mine/%s?id=b", "c"),
                       ("/mine/%s", "nobody")):
        answer = http.request("POST", path % topic, body, {
            "Idempotency-Key": "order-1"})
        assert answer.status == 202, answer.body
        seqs.append(answer.json()["seq"])
    answer = http.publish(topic, "application's", **key)
    assert answer.status == 202
    assert [*seqs, answer.json()["seq"]] == [1, 2, 3, 4, 5, 6, 7]

    assert (await by_session("/ws", "guess"))["ok"]["seq"] == 1
    assert (await by_session("/ws?id=b", "b"))["ok"]["seq"] == 3
    assert (await by_session("/ws?id=b", "x"))["error"]["code"] == 114
    assert http.publish(topic, "application's", **key).json()["seq"] == 7
    assert http.publish(topic, "x", **key).status == 409
    batch = [{"topic": topic, "text": "application's", "key": "order-1"}]
    assert http.batch(batch)[0]["seq"] == 7
    assert http.batch(batch, "/mine/?id=a")[0]["error"]["code"] == 114
    assert http.request("POST", f"/mine/{topic}?id=a", "http a", {
        "Idempotency-Key": "order-1"}).json()["seq"] == 4
