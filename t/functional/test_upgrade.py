"""Upgrades: what is refused and how, and heads that come in odd pieces."""

import base64

import pytest

from support.httpc import Http, raw_request
from support.processes import wait_until
from support.rawws import (
    JSON_V1, PING, PONG, TEXT, RawWS, connect_socket, frame, head)

CONFIG = {"workers": 2, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    add_header X-Worker $pid always;
}
location /plain/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
}
location /silent { ws_pubsub zone=main; }
location /plain-silent/ { ws_pubsub zone=main topic=a; }
location /one {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_connections 1;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}

KEY = base64.b64encode(b"0123456789abcdef").decode()


def refused(ng, scheme="http", **how):
    return raw_request(ng, head(**how), scheme)


def test_plain_request_is_asked_to_upgrade(ng, scheme):
    answer = Http(ng, scheme).request("GET", "/ws")
    assert answer.status == 426
    assert answer.headers["upgrade"].lower() == "websocket"


def test_other_version_is_told_ours(ng):
    for version in ("8", "12", "14", "x", "0"):
        answer = refused(ng, more={"Sec-WebSocket-Version": version})
        assert answer.status == 426, version
        assert answer.headers["sec-websocket-version"] == "13"
    assert refused(ng, drop=["Sec-WebSocket-Version"]).status in (400, 426)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE",
                                    "OPTIONS"])
def test_other_methods(ng, method):
    sent = head(method=method, more={"Content-Length": "0"})
    sock = connect_socket(ng)
    sock.sendall(sent)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(4096)
    sock.close()
    assert answer.startswith(b"HTTP/1.1 405 "), answer
    assert b"\r\nallow: get\r\n" in answer.lower()


@pytest.mark.parametrize("how", [
    {"version": "HTTP/1.0"},
    {"drop": ["Sec-WebSocket-Key"]},
    {"more": {"Sec-WebSocket-Key": ""}},
    {"more": {"Sec-WebSocket-Key": "short"}},
    {"more": {"Sec-WebSocket-Key": base64.b64encode(b"x" * 15).decode()}},
    {"more": {"Sec-WebSocket-Key": base64.b64encode(b"x" * 17).decode()}},
    {"more": {"Sec-WebSocket-Key": KEY[:-2] + "!="}},
    {"more": {"Sec-WebSocket-Key": "*" * 22 + "=="}},
    {"more": {"Sec-WebSocket-Key": KEY + "AAAA"}},
    {"more": {"Connection": "keep-alive"}},
    {"drop": ["Connection"]},
    {"protocol": None},
    {"protocol": "mqtt"},
    {"protocol": JSON_V1 + "x"},
    {"protocol": "chat, json.wspubsub"},
    {"extensions": "permessage-deflate; ="},
    {"extensions": "permessage-deflate; server_max_window_bits=\"15"},
    {"extensions": ";"},
], ids=str)
def test_bad_requests(ng, how):
    assert refused(ng, **how).status == 400


def test_a_head_without_host(ng):
    assert refused(ng, drop=["Host"]).status == 400


def test_no_upgrade_field_but_the_rest(ng):
    assert refused(ng, drop=["Upgrade"]).status == 426
    assert refused(ng, more={"Upgrade": "h2c"}).status == 426


@pytest.mark.parametrize("path", ["/silent", "/plain-silent/"])
def test_nothing_allowed_is_403(ng, scheme, path):
    assert refused(ng, scheme, path=path).status == 403
    # Whoever asks without an upgrade what is wrong is told the same.
    assert Http(ng, scheme).request("GET", path).status == 403


@pytest.mark.parametrize("topic", [
    "", "a//b", "/a", "a/", "*", "a/**", "a*b", "x" * 256,
    "/".join("a" * 33)], ids=lambda one: one[:12])
def test_bad_topic_of_a_plain_endpoint(ng, topic):
    assert refused(ng, path="/plain/?topic=" + topic,
                   protocol=None).status == 400


def test_connections_reached_is_503(ng, scheme):
    wait_until("earlier sessions end", lambda: (
        Http(ng).status()["sessions"] == 0))
    with RawWS.open(ng, path="/one", scheme=scheme):
        assert refused(ng, scheme, path="/one").status == 503


@pytest.mark.parametrize("how", [
    {"more": {"Connection": "keep-alive, Upgrade"}},
    {"more": {"Connection": "upgrade"}},
    {"more": {"Connection": "foo ,UPGRADE, bar"}},
    {"more": {"Upgrade": "WebSocket"}},
    {"more": {"Upgrade": "WEBSOCKET"}},
    {"protocol": f"chat, {JSON_V1}"},
    {"protocol": f"{JSON_V1},chat"},
    {"extensions": "x-unknown; a=1; b"},
    {"more": {"Origin": "http://example.com", "Host": "example.com",
              "Cookie": "a=b"}},
], ids=str)
def test_good_requests(ng, how):
    with RawWS.open(ng, **how) as ws:
        assert ws.headers["sec-websocket-protocol"] == JSON_V1
        assert "sec-websocket-extensions" not in ws.headers
        ws.send_frame(PING, b"x")
        ws.expect(PONG, b"x")


def test_subprotocol_on_two_lines(ng):
    sent = head(protocol="chat", key=KEY).replace(
        b"Upgrade: websocket",
        b"Upgrade: websocket\r\nSec-WebSocket-Protocol: " + JSON_V1.encode())
    ws = RawWS(ng)
    ws.send(sent)
    ws.read_answer(KEY)
    assert ws.status == 101
    assert ws.headers["sec-websocket-protocol"] == JSON_V1


def test_plain_endpoint_answers_no_subprotocol(ng):
    for protocol in (None, JSON_V1, "chat, superchat"):
        with RawWS.open(ng, path="/plain/?topic=a/b",
                        protocol=protocol) as ws:
            assert "sec-websocket-protocol" not in ws.headers


def test_filters_see_the_101(ng):
    with RawWS.open(ng) as ws:
        assert int(ws.headers["x-worker"]) in ng.worker_pids()
        assert ws.headers["server"].startswith("nginx")
        assert "content-type" not in ws.headers
        assert "keep-alive" not in ws.headers.get("connection", "")


def test_head_byte_by_byte(ng, scheme):
    ws = RawWS(ng, scheme)
    ws.bytewise(head(key=KEY) + frame(PING, b"one"))
    ws.read_answer(KEY)
    assert ws.status == 101
    ws.expect(PONG, b"one")
    ws.close()


def test_frames_in_the_heads_segment(ng, scheme):
    pings = [b"%d" % n for n in range(20)]
    ws = RawWS(ng, scheme)
    ws.handshake(pipelined=b"".join(frame(PING, one) for one in pings)
                 + frame(TEXT, b'{"op":"ping"}'))
    assert ws.status == 101
    for one in pings:
        ws.expect(PONG, one)
    ws.expect(TEXT, b'{"op":"pong"}')
    ws.close()


def test_head_and_half_a_frame(ng, scheme):
    ws = RawWS(ng, scheme)
    whole = frame(TEXT, b'{"op":"ping"}')
    ws.handshake(pipelined=whole[:3])
    ws.bytewise(whole[3:])
    ws.expect(TEXT, b'{"op":"pong"}')
    ws.close()


def test_a_large_frame_after_the_head(ng, scheme):
    text = b'{"op":"ping"}' + b" " * 60000
    ws = RawWS(ng, scheme)
    ws.handshake(pipelined=frame(TEXT, text))
    ws.expect(TEXT, b'{"op":"pong"}')
    ws.close()


def test_close_in_the_heads_segment(ng, scheme):
    ws = RawWS(ng, scheme)
    ws.handshake(pipelined=frame(8, b"\x03\xe8"))
    assert ws.status == 101
    ws.expect_close(1000)


def test_a_request_that_is_refused_keeps_the_connection(ng):
    with Http(ng) as http:
        assert http.request("GET", "/ws").status == 426
        port = http.local_port()
        assert http.request("GET", "/pid").status == 200
        assert port is not None and http.local_port() == port


def test_upgrade_after_requests_on_one_connection(ng, scheme):
    ws = RawWS(ng, scheme)
    for _ in range(3):
        ws.send(b"GET /pid HTTP/1.1\r\nHost: a\r\n\r\n")
        ws.headers = {}
        ws.read_answer()
        assert ws.status == 200 and ws.body
        ws.buffer = ws.buffer[len(ws.body):]
    ws.headers = {}
    ws.handshake()
    assert ws.status == 101
    ws.send_frame(PING)
    ws.expect(PONG, b"")
    ws.close()


def test_pipelined_request_and_upgrade(ng, scheme):
    ws = RawWS(ng, scheme)
    ws.send(b"GET /pid HTTP/1.1\r\nHost: a\r\n\r\n" + head(key=KEY)
            + frame(PING, b"z"))
    ws.read_answer()
    assert ws.status == 200
    ws.buffer = ws.buffer[len(ws.body):]
    ws.headers = {}
    ws.read_answer(KEY)
    assert ws.status == 101
    ws.expect(PONG, b"z")
    ws.close()


def test_client_gone_at_once(ng, scheme):
    for _ in range(20):
        ws = RawWS(ng, scheme)
        ws.send(head())
        ws.close()
    for _ in range(20):
        ws = RawWS(ng, scheme)
        ws.send(head()[:-2])
        ws.close()
    with RawWS.open(ng, scheme=scheme) as ws:
        ws.send_frame(PING)
        ws.expect(PONG, b"")
