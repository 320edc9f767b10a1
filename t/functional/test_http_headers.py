"""Headers of every answer: no cache keeps it, no browser runs it."""

import pytest

from support.httpc import Http, raw_request

CONFIG = {"workers": 1, "locations": """
location /api/ { ws_pubsub_api zone=main; }
location /expires/ { expires 60s; ws_pubsub_api zone=main; }
location /added/ {
    ws_pubsub_api zone=main;
    add_header X-Mine yes always;
    add_header Content-Security-Policy "default-src 'none'" always;
}
location = /status { ws_pubsub_status zone=main; }
"""}


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


def is_safe(answer):
    return (answer.headers.get("cache-control") == "no-cache"
            and answer.headers.get("x-content-type-options") == "nosniff")


def is_sandboxed(answer):
    return answer.headers.get("content-security-policy") == "sandbox"


def test_no_cache_and_nosniff_on_all_answers(http, topic):
    etag = http.publish(topic, "x").etag
    for answer in (
            http.publish(topic, "y"), http.publish(topic, "z", If_Match=etag),
            http.publish("a*", "y"), http.patch(topic, "{}"),
            http.get(topic), http.get(topic, method="HEAD"),
            http.get("none/" + topic), http.get(topic, "last=1"),
            http.get(topic, "since=" + etag.strip('"')),
            http.get(topic, "since=0abc.1"), http.get(query="select=**"),
            http.get(query="select=**", method="HEAD"), http.get(),
            http.request("OPTIONS", "/api/" + topic),
            http.request("POST", "/api/", "{}", {
                "Content-Type": "application/x-ndjson"}),
            http.delete(topic), http.delete(topic),
            http.request("GET", "/status"),
            http.request("GET", "/status?format=text"),
            http.request("GET", "/status?format=prometheus")):
        assert is_safe(answer), answer
        assert not is_sandboxed(answer), answer


def test_not_modified(http, topic):
    etag = http.publish(topic, "<p>", kind="text/html").etag
    answer = http.get(topic, headers={"If-None-Match": etag})
    assert answer.status == 304 and is_safe(answer) and is_sandboxed(answer)


@pytest.mark.parametrize("kind, body", [
    ("text/html", "<script>alert(1)</script>"),
    ("Text/HTML; charset=utf-8", "<p>"), ("image/svg+xml", "<svg/>"),
    ("text/xml", "<a/>"), ("application/xml", "<a/>"),
    ("application/xhtml+xml", "<html/>"), ("application/pdf", "%PDF-1.4"),
    ("text/javascript", "alert(1)"), ("text/css", "p{}"),
    ("application/x-shockwave-flash", "FWS"), ("unheard/of", "x"),
    # what a lenient parser takes for another type: the last of a list, or
    # what comes before something that is none
    ("text/plain, text/html", "<p>"), ("text/plain; a=b, text/html", "<p>"),
    ("text/plain;charset=\"x\",text/html", "<p>"),
    ("application/json,text/html", "1"), ("text/html ,a/b+json", "1"),
    ("text/html (+json", "1"), ("text/html +json", "1"), ("+json", "1"),
    ("text/html;+json", "<p>"), ("garbage", "x"), ("/", "x"),
], ids=repr)
def test_what_a_browser_might_run_is_sandboxed(http, topic, kind, body):
    http.put(topic, body, kind=kind)
    for method in ("GET", "HEAD"):
        answer = http.get(topic, method=method)
        assert answer.status == 200 and answer.headers["content-type"] == kind
        assert is_safe(answer) and is_sandboxed(answer)


@pytest.mark.parametrize("kind, body", [
    ("text/plain", "<script>"), ("TEXT/PLAIN ; charset=utf-8", "<p>"),
    ("application/json", "1"), ("application/vnd.x+json; v=1", "1"),
    ("application/octet-stream", "<p>"), ("image/png", "<p>"),
    ("image/jpeg", "x"), ("image/gif", "x"), ("image/webp", "x"),
    (None, "<p>"), ("application/x-www-form-urlencoded", "<p>"),
], ids=repr)
def test_what_none_runs_is_not(http, topic, kind, body):
    http.put(topic, body, kind=kind)
    answer = http.get(topic)
    assert is_safe(answer) and not is_sandboxed(answer)


def test_the_configuration_has_the_last_word(http, topic):
    """Headers of add_header go along; those of ours stay."""
    http.put(topic, "<p>", kind="text/html")
    answer = http.request("GET", "/expires/" + topic)
    assert answer.headers["cache-control"] == "max-age=60"
    assert is_sandboxed(answer)
    http.connection.request("GET", "/added/" + topic)
    raw = http.connection.getresponse()
    raw.read()
    assert raw.headers.get_all("X-Mine") == ["yes"]
    assert raw.headers.get_all("Cache-Control") == ["no-cache"]
    assert sorted(raw.headers.get_all("Content-Security-Policy")) == [
        "default-src 'none'", "sandbox"]


@pytest.mark.parametrize("sent", [
    b"text/plain\x01", b"text/\x1bplain", b"text/plain;\x7f", b"te\x08xt/a"])
def test_control_characters_in_a_type(ng, topic, sent):
    answer = raw_request(
        ng, b"PUT /api/" + topic.encode() + b" HTTP/1.1\r\nHost: a\r\n"
        b"Content-Type: " + sent + b"\r\nContent-Length: 1\r\n\r\nx")
    assert answer.status == 400 and answer.error_code() == 107
