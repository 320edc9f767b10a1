"""A body that nginx has read or thrown away before is not an empty message."""

import http.client

import pytest

from support.httpc import Http, Response
from support.rawws import connect_socket

CONFIG = {"workers": 1, "http": """
ws_pubsub_zone main:8m;
server {
    listen unix:@PREFIX@/backend;
    location = /late { proxy_pass http://unix:@PREFIX@/backend:/bad; }
    location = /bad { return 502; }
    location = /good { return 200 "good"; }
}
""", "locations": """
location /api/ { ws_pubsub_api zone=main; }
location @pub { ws_pubsub_api zone=main topic=a; ws_pubsub_max_message 1m; }
location @batch { rewrite ^ /api/ last; }

location = /handed-on {
    proxy_request_buffering off;
    proxy_http_version 1.1;
    proxy_pass http://unix:@PREFIX@/backend:/late;
    proxy_intercept_errors on;
    error_page 502 = @pub;
}
location = /batch-handed-on {
    proxy_request_buffering off;
    proxy_pass http://unix:@PREFIX@/backend:/late;
    proxy_intercept_errors on;
    error_page 502 = @batch;
}
location = /thrown-away {
    client_max_body_size 1;
    error_page 413 = @pub;
}
location = /afterwards { return 200 "answered"; post_action @pub; }
location = /mirrored {
    mirror /copy;
    mirror_request_body off;
    proxy_pass http://unix:@PREFIX@/backend:/good;
}
location = /copy {
    internal;
    ws_pubsub_api zone=main topic=a;
    ws_pubsub_max_message 1m;
}

location = /kept {
    proxy_pass http://unix:@PREFIX@/backend:/bad;
    proxy_intercept_errors on;
    error_page 502 = @pub;
}
location = /kept-afterwards {
    proxy_pass http://unix:@PREFIX@/backend:/good;
    post_action @pub;
}
"""}

TOLD = "the body was read or thrown away before"


def send(ng, path, body, chunked, slowly, kind="text/plain"):
    """One request; slowly: the head in a segment of its own."""
    length = ("Transfer-Encoding: chunked" if chunked
              else f"Content-Length: {len(body)}")
    head = (f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\n"
            f"{length}\r\n\r\n").encode()
    if chunked:
        body = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        body += b"0\r\n\r\n"
    sock = connect_socket(ng)
    if slowly:
        sock.sendall(head)
        Http(ng).request("GET", "/pid")  # the worker has seen the head
        half = len(body) // 2
        sock.sendall(body[:half])
        Http(ng).request("GET", "/pid")
        sock.sendall(body[half:])
    else:
        sock.sendall(head + body)
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    got = Response(answer.status, {}, answer.read())
    sock.close()
    return got


WAYS = [(size, chunked, slowly) for size in (3, 100_000)
        for chunked in (False, True) for slowly in (False, True)]


def fits_the_first_read(size, slowly):
    """Then nginx has it all before it hands it on, and keeps it."""
    return size < 1000 and not slowly


@pytest.mark.parametrize("size, chunked, slowly", WAYS)
@pytest.mark.parametrize("path, status", [
    ("/handed-on", 500), ("/thrown-away", 500), ("/afterwards", 200),
    ("/mirrored", 200), ("/kept-afterwards", 200)])
def test_what_is_lost_is_no_message(ng, path, status, size, chunked, slowly):
    if path == "/handed-on" and fits_the_first_read(size, slowly):
        pytest.skip("nothing is lost")
    if path == "/kept-afterwards" and size == 3:
        pytest.skip("only a file is closed")
    if path == "/thrown-away" and chunked:
        pytest.skip("nginx finds out only while it reads")
    Http(ng).delete("a")
    Http(ng).put("a", "kept")
    seen = len(ng.log_text())
    answer = send(ng, path, b"x" * size, chunked, slowly)
    assert answer.status == status, answer
    ng.wait_for_log(TOLD, start=seen)
    assert Http(ng).get("a").body == b"kept"
    assert Http(ng).put("a", "x")["seq"] == 2


def test_a_batch_that_is_lost(ng):
    seen = len(ng.log_text())
    lines = b'{"topic":"b","text":"x"}\n' * 4000
    answer = send(ng, "/batch-handed-on", lines, False, True,
                  "application/x-ndjson")
    assert answer.status == 500
    ng.wait_for_log(TOLD, start=seen)
    assert Http(ng).get("b").status == 404


@pytest.mark.parametrize("size, chunked, slowly", WAYS)
@pytest.mark.parametrize("path", ["/kept", "/kept-afterwards", "/handed-on"])
def test_what_is_at_hand_is_published(ng, path, size, chunked, slowly):
    if path == "/handed-on" and not fits_the_first_read(size, slowly):
        pytest.skip("it is lost")
    if path == "/kept-afterwards" and size > 3:
        pytest.skip("its file is closed")
    body = b"y" * size
    Http(ng).delete("a")
    assert send(ng, path, body, chunked, slowly).status in (200, 202)
    assert Http(ng).request("GET", "/pid").status == 200
    assert Http(ng).get("a").body == body


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("path", [
    "/kept", "/kept-afterwards", "/afterwards", "/handed-on", "/mirrored"])
def test_an_empty_message_is_one(ng, path, chunked):
    if chunked and path in ("/afterwards", "/mirrored"):
        pytest.skip("nobody has read that it is empty")
    Http(ng).put("a", "something")
    assert send(ng, path, b"", chunked, False).status in (200, 202)
    assert Http(ng).request("GET", "/pid").status == 200
    assert Http(ng).get("a").body == b""
    Http(ng).delete("a")
