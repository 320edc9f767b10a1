"""Bodies that are not what they seem: encoded, or with a byte order mark."""

import gzip
import json

import pytest

from support.httpc import Http
from support.rawws import CLOSE, RawWS

CONFIG = {"workers": 1}
MARK = b"\xef\xbb\xbf"
LINES = "application/x-ndjson"
PATCHES = ["application/merge-patch+json", "application/json-patch+json"]


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


def send(http, method, path, body, kind, coding=None):
    headers = {"Content-Type": kind}
    if coding is not None:
        headers["Content-Encoding"] = coding
    return http.request(method, path, body, headers)


def ways(topic):
    """Each request that takes a body, with one that would do."""
    line = json.dumps({"topic": topic, "data": 2}).encode()
    yield "POST", "/api/" + topic, b"2", "application/json"
    yield "PATCH", "/api/" + topic, b"2", PATCHES[0]
    yield "PATCH", "/api/" + topic, b"[]", PATCHES[1]
    yield "PUT", "/api/" + topic, b"2", "text/plain"
    yield "POST", "/api/", line, LINES


@pytest.mark.parametrize("coding", [
    "gzip", "GZIP", "br", "x-gzip", "identity, gzip", "gzip,identity",
    "identity gzip"])
def test_encoded(http, topic, coding):
    etag = http.publish_json(topic, 1).etag
    for method, path, body, kind in ways(topic):
        answer = send(http, method, path, gzip.compress(body), kind, coding)
        assert answer.status == 415 and answer.error_code() == 107
        assert answer.headers["accept-encoding"] == "identity"
    assert http.get(topic).etag == etag


@pytest.mark.parametrize("coding", ["identity", "Identity", "",
                                    "identity, identity", " , "])
def test_not_encoded(http, topic, coding):
    http.publish_json(topic, 1)
    for method, path, body, kind in ways(topic):
        assert send(http, method, path, body, kind, coding).status in (
            200, 202)


def test_json_with_a_mark(http, topic):
    """Nothing of it is done; it is told why."""
    etag = http.publish_json(topic, 1).etag
    for method, path, body, kind in ways(topic):
        if kind != "text/plain":
            answer = send(http, method, path, MARK + body, kind)
            assert answer.status == 415 and answer.error_code() == 107
            assert "byte order mark" in answer.json()["error"]["message"]
    assert http.get(topic).etag == etag


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream",
                                  "text/csv; charset=utf-8"])
def test_anything_else_with_a_mark(http, topic, kind):
    assert http.publish(topic, MARK + b"a", kind=kind).status == 202
    assert http.get(topic).body == MARK + b"a"


def test_a_mark_in_a_later_line(http, topic):
    line = json.dumps({"topic": topic, "data": 2}).encode()
    told = send(http, "POST", "/api/", line + b"\n" + MARK + line, LINES)
    first, second = map(json.loads, told.body.splitlines())
    assert first["seq"] == 1 and second["error"]["code"] == 107


def test_a_frame_with_a_mark(ng, scheme):
    """No JSON by its grammar."""
    with RawWS.open(ng, scheme=scheme) as ws:
        ws.text((MARK + b'{"op":"ping"}').decode())
        assert json.loads(ws.recv_message()[2])["code"] == 3500
        ws.expect_close(3500)
