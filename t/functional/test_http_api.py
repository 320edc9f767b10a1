"""The resource API: publishing, reading, deleting; bodies of every kind."""

import email.utils
import time

import pytest

from support.httpc import Http, raw_request
from support.rawws import RawWS, connect_socket
from support.session import JsonSession

CONFIG = {"workers": 2, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
location /to-file/ {
    client_body_in_file_only clean;
    ws_pubsub_api zone=main;
}
location /small-buffer/ {
    client_body_buffer_size 1k;
    ws_pubsub_api zone=main;
}
location /fixed { ws_pubsub_api zone=main topic=fixed/$arg_name; }
location /only { ws_pubsub_api zone=main topic=$arg_topic; }
location /set {
    set $name $ws_pubsub_arg_name;
    ws_pubsub_api zone=main topic=fixed/$name;
}
location = /status { ws_pubsub_status zone=main; }
"""}


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_publish(ng, http, topic, method):
    first = http.publish(topic, "one", method=method)
    assert first.status == 202
    assert first.headers["content-type"].startswith("application/json")
    told = first.json()
    assert told == {"topic": topic, "epoch": told["epoch"], "seq": 1,
                    "subscribers": 0}
    assert first.etag == f'"{told["epoch"]}.1"'
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        second = http.publish(topic, "two", method=method)
        assert second.status == 201
        assert second.json() == {
            "topic": topic, "epoch": told["epoch"], "seq": 2,
            "subscribers": 1}
        assert second.etag == f'"{told["epoch"]}.2"'


def test_get_and_head(http, topic):
    for n in (1, 2):
        etag = http.publish(topic, f"value {n}", kind="text/csv").etag
    got = http.get(topic)
    assert got.status == 200 and got.body == b"value 2"
    assert got.headers["content-type"] == "text/csv"
    assert got.etag == etag
    when = email.utils.parsedate_to_datetime(got.headers["last-modified"])
    assert abs(when.timestamp() - time.time()) < 60
    head = http.get(topic, method="HEAD")
    assert head.status == 200 and head.body == b""
    for name in ("content-type", "etag", "last-modified", "content-length"):
        assert head.headers[name] == got.headers[name]


def test_get_of_nothing(http, topic):
    got = http.get(topic)
    assert got.status == 404 and got.error_code() == 102
    assert http.get(topic, method="HEAD").status == 404
    assert http.get(topic, "last=3").status == 404


def test_nothing_is_kept_with_retain_off(http, topic):
    assert http.publish("event/" + topic, "x").status == 202
    assert http.get("event/" + topic).status == 404


def test_delete(http, topic):
    http.put(topic, "x")
    gone = http.delete(topic)
    assert gone.status == 204 and gone.body == b""
    again = http.delete(topic)
    assert again.status == 404 and again.error_code() == 102
    assert http.get(topic).status == 404


@pytest.mark.parametrize("sent, body, back", [
    ("application/json", b'{"a": [1, 2]}', "application/json"),
    ("application/json; charset=utf-8", b" 1 ",
     "application/json; charset=utf-8"),
    ("application/vnd.x+json", b"null", "application/vnd.x+json"),
    ("Application/X-WWW-Form-Urlencoded", b"any case",
     "text/plain; charset=utf-8"),
    ("Application/JSON", b"[]", "Application/JSON"),
    ("Text/Plain", b"x", "Text/Plain"),
    ("text/plain", "é".encode(), "text/plain"),
    ("text/html; charset=utf-8", b"<p>", "text/html; charset=utf-8"),
    ("image/png", b"\x89PNG\x00\xff", "image/png"),
    ("application/octet-stream", b"", "application/octet-stream"),
    ("application/x-www-form-urlencoded", b"from curl -d",
     "text/plain; charset=utf-8"),
    ("application/x-www-form-urlencoded", b"\xff",
     "application/octet-stream"),
    # curl -d '{"a":1}' means JSON, and a number may be anything
    ("application/x-www-form-urlencoded", b' \n{"a": [1]}\r\n',
     "application/json"),
    ("application/x-www-form-urlencoded; charset=UTF-8", b"[1]",
     "application/json"),
    (None, b'{"a":1}', "application/json"),
    (None, b"[]", "application/json"),
    (None, b"42", "text/plain; charset=utf-8"),
    (None, b'"x"', "text/plain; charset=utf-8"),
    (None, b"{not JSON}", "text/plain; charset=utf-8"),
    (None, b'{"a":1} x', "text/plain; charset=utf-8"),
    (None, b'\xef\xbb\xbf{"a":1}', "text/plain; charset=utf-8"),
    (None, b'{"a":"\xff"}', "application/octet-stream"),
    ("text/plain", b'{"a":1}', "text/plain"),
    (None, b"plain", "text/plain; charset=utf-8"),
    (None, b"\xff\xfe", "application/octet-stream"),
    ("text/plain", b"", "text/plain"),
], ids=repr)
def test_content_types(http, topic, sent, body, back):
    http.put(topic, body, kind=sent)
    got = http.get(topic)
    assert got.body == body and got.headers["content-type"] == back
    if body == b"":
        assert got.headers["content-length"] == "0"


@pytest.mark.parametrize("kind, body", [
    ("application/json", b""), ("application/json", b"{"),
    ("application/json", b"{} x"), ("application/json", b"{'a':1}"),
    ("application/json", b'"\xff"'), ("APPLICATION/json", b"{"), ("application/x+json", b"nope"),
    ("text/plain", b"\xff"), ("text/html", b"cut \xe2\x82"),
    ("Application/JSON", b"{"), ("application/X+Json", b"{"),
    ("TEXT/plain", b"\xff"),
], ids=repr)
def test_bodies_that_are_not_what_they_say(http, topic, kind, body):
    answer = http.publish(topic, body, kind=kind)
    assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).status == 404, "nothing is stored"


async def test_the_kind_tells_the_frame(ng, http, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        http.put(topic, '{"a":1}', kind="application/json")
        http.put(topic, '{"a":1}', kind="text/plain")
        http.put(topic, '{"a":1}', kind="application/octet-stream")
        http.put(topic, '{"a":1}', kind=None)
        http.put(topic, '{"a":', kind=None)
        got = [await session.next_of("msg") for _ in range(5)]
        assert got[0]["data"] == {"a": 1}
        assert got[1]["text"] == '{"a":1}'
        assert got[2]["b64"] == "eyJhIjoxfQ=="
        assert got[3]["data"] == {"a": 1}
        assert got[4]["text"] == '{"a":'


@pytest.mark.parametrize("kind", [
    "multipart/form-data; boundary=x", "Multipart/Mixed"])
def test_a_form_of_parts_is_no_message(http, topic, kind):
    for method in ("POST", "PUT"):
        answer = http.publish(topic, "--x\r\n", kind, method=method)
        assert answer.status == 415 and answer.error_code() == 107
        assert "send the message as the body" in answer.json()["error"][
            "message"]
    assert http.get(topic).status == 404


@pytest.mark.parametrize("api", ["/api/", "/to-file/", "/small-buffer/"])
@pytest.mark.parametrize("size", [0, 1, 1023, 1025, 20000, 65536])
def test_where_nginx_keeps_the_body(http, topic, api, size):
    body = bytes(n * 7 % 251 for n in range(size))
    http.api = api
    http.put(topic, body, kind="application/octet-stream")
    assert http.get(topic).body == body


def test_messages_stay_in_memory(ng, http, topic):
    """Unless the configuration says otherwise."""
    for api, files in (("/api/", 0), ("/small-buffer/", 1)):
        before = ng.log_text().count("buffered to a temporary file")
        http.api = api
        http.put(topic, "x" * 65536)
        http.request("PUT", api + topic, iter([b"x" * 40000, b"y" * 20000]),
                     encode_chunked=True)
        after = ng.log_text().count("buffered to a temporary file")
        assert (after > before) == bool(files), api


@pytest.mark.parametrize("api", ["/api/", "/to-file/", "/small-buffer/"])
def test_chunked_body(http, topic, api):
    parts = [b"one ", b"t" * 5000, b" three"]
    answer = http.request(
        "POST", api + topic, iter(parts), {"Content-Type": "text/plain"},
        encode_chunked=True)
    assert answer.status == 202
    assert http.get(topic).body == b"".join(parts)


@pytest.mark.parametrize("chunked", [False, True])
def test_body_over_the_limit(http, topic, chunked):
    body = b"x" * 65537
    answer = http.request(
        "POST", "/api/" + topic, iter([body]) if chunked else body,
        {"Content-Type": "text/plain"}, encode_chunked=chunked)
    assert answer.status == 413 and answer.error_code() == 106
    assert http.get(topic).status == 404
    http.put(topic, b"x" * 65536)


def test_no_length(ng, scheme, topic):
    for method in ("POST", "PUT"):
        answer = raw_request(
            ng, f"{method} /api/{topic} HTTP/1.1\r\nHost: a\r\n\r\n"
            .encode(), scheme)
        assert answer.status == 411 and answer.error_code() == 107


def test_body_sent_byte_by_byte(ng, topic):
    ws = RawWS(ng)
    ws.bytewise(f"POST /api/{topic} HTTP/1.1\r\nHost: a\r\n"
                "Content-Length: 5\r\n\r\nhello".encode())
    ws.read_answer()
    assert ws.status == 202
    assert Http(ng).get(topic).body == b"hello"


@pytest.mark.parametrize("method", ["OPTIONS", "MKCOL", "LOCK"])
def test_other_methods(http, topic, method):
    answer = http.request(method, "/api/" + topic)
    assert answer.status == 405 and answer.error_code() == 104
    allowed = {one.strip() for one in answer.headers["allow"].split(",")}
    assert allowed == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize("path", [
    "", "a/", "*", "a/*", "**", "a*b", "%01", "a%0Ab", "%7F", "%FF",
    "a/%C3", "x" * 256, "/".join("a" * 33)], ids=lambda one: one[:12])
def test_bad_topics(http, path):
    for method in ("PUT", "GET", "DELETE"):
        answer = http.request(
            method, "/api/" + path, b"x" if method == "PUT" else None)
        assert answer.status == 400, (method, answer)
        assert answer.error_code() == 107


def test_the_modules_own_topics(http):
    answer = http.publish("$SYS/x", "1")
    assert answer.status == 403 and answer.error_code() == 103


@pytest.mark.parametrize("path, topic", [
    ("a%20b/c", "a b/c"), ("%C3%A9", "é"), ("q/%F0%9F%98%80", "q/😀"),
    ("n/x/../y", "n/y"), ("n//slashes", "n/slashes"), ("n/a+b", "n/a+b"),
    ("n/%2e/y", "n/y"), ("n/.../..y", "n/.../..y"),
    ("n/%2f/z", None), ("n/?x=1", None)])
def test_the_normalised_uri_names_the_topic(http, path, topic):
    answer = http.request("PUT", "/api/" + path, b"x")
    if topic is not None:
        assert answer.json()["topic"] == topic
        assert http.get(topic).body == b"x"
    else:
        assert answer.status in (202, 400)


def test_topic_of_the_directive(http):
    answer = http.request("POST", "/fixed?name=one", b"x")
    assert answer.json()["topic"] == "fixed/one"
    assert http.request("GET", "/fixed?name=one").body == b"x"
    assert http.request("GET", "/fixed/other?name=one").body == b"x"
    assert http.request("POST", "/fixed", b"x").status == 400
    assert http.request("POST", "/fixed?name=a*", b"x").status == 400


@pytest.mark.parametrize("name, topic", [
    ("caf%C3%A9", "café"), ("caf%c3%a9", "café"), ("a%20b+c", "a b+c"),
    ("a%2Fb", "a/b"), ("%2541", "%41"), ("%F0%9F%98%80", "😀"),
    ("%24x", "$x"), ("a%26b%3D", "a&b=")])
def test_arguments_are_decoded(http, name, topic):
    """An argument names the topic that the URI names, too."""
    for location in ("/fixed", "/set"):
        told = http.request("POST", f"{location}?name={name}", b"x").json()
        assert told["topic"] == "fixed/" + topic
    assert http.get("fixed/" + topic).body == b"x"


@pytest.mark.parametrize("name", [
    "%", "a%", "a%2", "%zz", "100%", "%FF", "%C3", "%00", "%0A", "%2A", ".",
    "..", "%2e%2E", "a/%2e/b", "%2F"])
@pytest.mark.parametrize("location", ["/fixed?name=", "/only?topic="])
def test_bad_arguments(http, location, name):
    answer = http.request("POST", location + name, b"x")
    assert answer.status == 400 and answer.error_code() == 107


def test_a_directive_without_a_value_is_no_root(http, topic):
    """An empty variable must not open the whole zone."""
    http.put(topic, "x")
    for method, query, body in (
            ("GET", "?select=**", None), ("DELETE", "?select=**", None),
            ("POST", "", b'{"topic":"a","data":1}')):
        answer = http.request(method, "/only" + query, body, {
            "Content-Type": "application/x-ndjson"} if body else {})
        assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).body == b"x"
    assert http.request("GET", "/only?topic=" + topic).body == b"x"


def test_the_connection_goes_on_after_errors(http, topic):
    http.put(topic, "x")
    port = http.local_port()
    assert port
    for method, path, body, status in (
            ("GET", "none", None, 404), ("PUT", "a*", b"x", 400),
            ("PATCH", "a", b"{}", 415), ("POST", "$a", b"x", 403),
            ("LOCK", "a", b"{}", 405), ("POST", "", b"x", 415),
            ("DELETE", "none", None, 404), ("GET", "", None, 400),
            ("PUT", "big", b"x" * 70000, 413)):
        answer = http.request(method, "/api/" + path, body)
        assert answer.status == status
        if status != 413:
            assert http.local_port() == port, (method, path)
        port = http.local_port()
    assert http.get(topic).body == b"x"


def test_pipelined_requests(ng, topic):
    ws = RawWS(ng)
    ws.send(b"".join(
        f"POST /api/{topic} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
        f"\r\n{n}".encode() for n in range(10)))
    for n in range(10):
        ws.headers = {}
        ws.read_answer()
        assert ws.status == 202 and b'"seq":%d' % (n + 1) in ws.body
        ws.buffer = ws.buffer[len(ws.body):]
    assert Http(ng).get(topic).body == b"9"


def test_a_client_that_leaves_amid_its_body(ng, topic):
    for _ in range(10):
        sock = connect_socket(ng)
        sock.sendall(f"PUT /api/{topic} HTTP/1.1\r\nHost: a\r\n"
                     "Content-Length: 5000\r\n\r\nhalf".encode())
        sock.close()
    assert Http(ng).get(topic).status == 404
