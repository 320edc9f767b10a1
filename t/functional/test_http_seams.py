"""Answers as nginx's own parts see them: filters, Expect, error pages."""

import re
import subprocess

import pytest

from support.httpc import Http, raw_request
from support.nginx import nginx_binary
from support.rawws import connect_socket

TYPE = b"Content-Type: text/plain\r\n"
CONFIG = {"workers": 1, "http": """
    ws_pubsub_zone main:8m;
    ws_pubsub_topic "event/**" zone=main retain=off;
    """, "locations": """
location /api/ { ws_pubsub_api zone=main; }
location /ws { ws_pubsub zone=main; ws_pubsub_allow_subscribe "**"; }
location /page {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    error_page 426 /told;
}
location /other {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    error_page 426 =200 /told;
    error_page 403 /never;
}
location /again {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    error_page 426 /ws;
}
location = /told { return 200 "open it with a WebSocket"; }
"""}


def built_with(what):
    said = subprocess.run([nginx_binary(), "-V"], capture_output=True,
                          text=True, timeout=30, check=True).stderr
    return what in said


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


@pytest.mark.skipif(not built_with("http_addition_module"),
                    reason="nginx has no addition filter")
def test_an_empty_value_with_additions(nginx):
    """The answer ends, whatever a filter adds to it."""
    ng = nginx(workers=1, http="ws_pubsub_zone main:8m;", locations="""
        location /api/ {
            ws_pubsub_api zone=main;
            addition_types *;
            add_before_body /before;
            add_after_body /after;
        }
        location /sub/ {
            addition_types *;
            add_before_body /api/t/empty;
            add_after_body /api/t/empty;
            return 200 "main";
        }
        location = /before { return 200 "before-"; }
        location = /after { return 200 "-after"; }
        """)
    with Http(ng) as http:
        for body in ("", "x"):
            http.put("t/a", body)
            for _ in range(2):
                answer = http.get("t/a")
                assert answer.body.decode() == f"before-{body}-after"
            assert http.get("t/a", method="HEAD").status == 200
            etag = http.get("t/a").etag
            assert http.get("t/a", headers={
                "If-None-Match": etag or "*"}).status in (200, 304)
        assert http.request("POST", "/api/", "", {
            "Content-Type": "application/x-ndjson"}).body == b"before--after"
        http.put("t/empty", "")
        assert http.request("GET", "/sub/").body == b"main"
        assert http.delete("t/a").status == 204
        assert http.get("t/a").status == 404


def test_an_empty_value(http, topic):
    http.put(topic, "")
    for method in ("GET", "HEAD"):
        answer = http.get(topic, method=method)
        assert answer.status == 200 and answer.body == b""
        assert answer.headers["content-length"] == "0"
    assert http.get(topic, headers={
        "If-None-Match": answer.etag}).status == 304


def first_line(ng, head):
    """What is answered to a head that asks whether to send the body."""
    sock = connect_socket(ng, "http")
    try:
        sock.sendall(head + b"Host: a\r\nExpect: 100-continue\r\n\r\n")
        got = b""
        while b"\r\n\r\n" not in got:
            more = sock.recv(4096)
            assert more, got
            got += more
        return got
    finally:
        sock.close()


@pytest.mark.parametrize("line, headers, status", [
    (b"PUT /api/a", TYPE + b"Content-Length: 70000\r\n", 413),
    (b"PUT /api/a*", TYPE + b"Content-Length: 3\r\n", 400),
    (b"PUT /api/$a", TYPE + b"Content-Length: 3\r\n", 403),
    (b"PUT /api/a", b"Content-Type: " + b"x" * 128
     + b"\r\nContent-Length: 3\r\n", 400),
    (b"PUT /api/a", TYPE + b"If-Match: x\r\nContent-Length: 3\r\n", 400),
    (b"PUT /api/a", TYPE + b"Idempotency-Key: " + b"k" * 129
     + b"\r\nContent-Length: 3\r\n", 400),
    (b"PATCH /api/a", TYPE + b"Transfer-Encoding: chunked\r\n", 415),
    (b"POST /api/", TYPE + b"Content-Length: 3\r\n", 415),
    (b"POST /api/", b"Content-Type: application/x-ndjson\r\n"
     b"Idempotency-Key: k\r\nContent-Length: 3\r\n", 400),
    (b"POST /api/", b"Content-Type: application/x-ndjson\r\n"
     b"Content-Length: 1048577\r\n", 413),
    (b"OPTIONS /api/a", b"Content-Length: 3\r\n", 405),
])
def test_a_bad_request_is_not_asked_for_its_body(ng, line, headers, status):
    got = first_line(ng, line + b" HTTP/1.1\r\n" + headers)
    assert got.startswith(b"HTTP/1.1 %d " % status), got
    assert b"\r\nConnection: close\r\n" in got, "or the body is a request"


def test_a_good_request_is(ng, topic):
    got = first_line(ng, b"PUT /api/" + topic.encode() + b" HTTP/1.1\r\n"
                     + TYPE + b"Content-Length: 3\r\n")
    assert got == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_other_errors_keep_the_connection(http):
    assert http.publish("a*", "x").status == 400
    port = http.local_port()
    assert http.publish("a*", "x").status == 400
    assert http.local_port() == port


def test_an_error_page_for_426(http):
    answer = http.request("GET", "/page")
    assert answer.status == 426
    assert answer.body == b"open it with a WebSocket"
    assert answer.headers["upgrade"] == "websocket"
    assert answer.headers["sec-websocket-version"] == "13"
    answer = http.request("GET", "/other")
    assert answer.status == 200
    assert answer.body == b"open it with a WebSocket"


@pytest.mark.parametrize("path", ["/ws", "/again"])
def test_426_without_one(ng, path):
    """Our own; also where the page is such a place itself."""
    start = len(ng.log_text())
    answer = raw_request(ng, b"GET " + path.encode()
                         + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.status == 426
    assert answer.body == b"this is a WebSocket endpoint\n"
    assert answer.headers["upgrade"] == "websocket"
    ng.wait_for_log("upgrade refused", start=start)
    for line in ng.log_text()[start:].splitlines():
        assert re.match(r"\d{4}/\d\d/\d\d ", line), line
        if "upgrade refused" in line:
            assert "endpoint, client: 127.0.0.1" in line
    answer = raw_request(ng, b"GET /ws HTTP/1.1\r\nHost: a\r\n"
                         b"Upgrade: websocket\r\nConnection: upgrade\r\n"
                         b"Sec-WebSocket-Version: 8\r\n\r\n")
    assert answer.status == 426
    assert answer.body == b"WebSocket version 13 is needed\n"
