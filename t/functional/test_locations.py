"""Where nginx lets a location's handler run: `if` blocks, limit_except,
nested locations, subrequests, internal redirects, unix sockets."""

import socket

from support.httpc import Http
from support.rawws import RawWS, head
from support.session import JsonSession

LOCATIONS = """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    set $who nobody;
    if ($arg_who) { set $who $arg_who; }
    add_header X-Topics "$ws_pubsub_protocol" always;
    location /ws/nested { }
}
location /api/ {
    ws_pubsub_api zone=main;
    ws_pubsub_max_message 20;
    if ($http_x_test) { set $x 1; }
    location /api/nested/ { return 204; }
}
location /read/ {
    limit_except GET { deny all; }
    ws_pubsub_api zone=main;
}
location /local/ {
    limit_except GET { allow 127.0.0.1; deny all; }
    ws_pubsub_api zone=main;
}
location = /fixed {
    limit_except GET { allow 127.0.0.1; deny all; }
    ws_pubsub_api zone=main topic=fixed;
}
location = /status {
    ws_pubsub_status zone=main;
    if ($arg_x) { set $x 1; }
}
location = /subrequests {
    auth_request /api/allowed;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
location = /page.html {
    ssi on;
    root @PREFIX@;
}
location = /copied {
    mirror /mirror;
    mirror_request_body on;
    client_body_in_file_only clean;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
location = /sink { return 200 "sunk"; }
location = /mirror {
    internal;
    ws_pubsub_api zone=main topic=mirrored;
}
location = /missing { error_page 404 /api/missing; return 404; }
location = /named { error_page 418 = @named; return 418; }
location @named { ws_pubsub_api zone=main topic=named; }
"""

CONFIG = {"workers": 2, "locations": LOCATIONS, "server": """
listen unix:@PREFIX@/socket;
listen unix:@PREFIX@/proxied proxy_protocol;
"""}


async def test_an_if_keeps_the_endpoint(ng, topic):
    async with await JsonSession.open(ng, "/ws?who=me") as session:
        await session.sub(topic)
        http = Http(ng)
        assert http.publish(topic, "x", X_Test="1").status == 201
        assert (await session.next_of("msg"))["text"] == "x"
        assert http.get(topic, headers={"X-Test": "1"}).body == b"x"
        assert http.publish(topic, "x" * 21, X_Test="1").status == 413
    assert http.status("/status?x=1")["zone"] == "main"


def test_a_nested_location_is_no_endpoint(ng):
    http = Http(ng)
    assert http.get("nested/a").status == 204
    assert http.request("GET", "/ws/nested").status == 404


def test_limit_except(ng, topic):
    http = Http(ng)
    http.put(topic, "x")
    http.api = "/read/"
    assert http.get(topic).body == b"x"
    assert http.publish(topic, "y").status == 403
    assert http.delete(topic).status == 403
    http.api = "/local/"
    assert http.publish(topic, "y").status == 202
    assert http.get(topic).body == b"y"
    assert http.delete(topic).status == 204
    assert http.request("POST", "/fixed", "z").status == 202
    assert http.request("GET", "/fixed").body == b"z"


def test_auth_request_asks_a_topic(ng):
    http = Http(ng)
    http.delete("allowed")
    assert http.request("GET", "/subrequests").status == 500  # a 404
    http.put("allowed", "yes")
    assert http.request("GET", "/subrequests").body == b"sunk"


def test_mirror_publishes(ng):
    http = Http(ng)
    for body in ("short", ""):
        answer = http.request("POST", "/copied", body, {
            "Content-Type": "text/plain"})
        assert answer.body == b"sunk"
        http.api = "/api/"
        assert http.get("mirrored").body == body.encode()


def test_error_pages_and_names(ng):
    http = Http(ng)
    http.put("missing", "no such page")
    answer = http.request("GET", "/missing")
    assert answer.status == 404 and answer.body == b"no such page"
    assert http.request("POST", "/named", "by name").status in (201, 202)
    assert http.request("GET", "/named").body == b"by name"


def test_included_in_a_page(ng):
    http = Http(ng)
    http.put("part", "a part")
    http.put("void", "")
    (ng.prefix / "page.html").write_text(
        '[<!--# include virtual="/api/part" -->]'
        '[<!--# include virtual="/api/void" -->]'
        '[<!--# include virtual="/api/?select=part" -->]')
    body = http.request("GET", "/page.html").body
    assert body.startswith(b'[a part][][{"topics":[{"topic":"part",'), body


def connect_unix(ng, name, first=b""):
    ws = RawWS.__new__(RawWS)
    ws.sock = socket.socket(socket.AF_UNIX)
    ws.sock.settimeout(10)
    ws.sock.connect(str(ng.prefix / name))
    ws.buffer, ws.status, ws.headers, ws.body = b"", None, {}, b""
    ws.send(first + head())
    ws.read_answer()
    assert ws.status == 101
    return ws


def test_unix_sockets(ng):
    for ws in (connect_unix(ng, "socket"),
               connect_unix(ng, "proxied",
                            b"PROXY TCP4 10.1.1.1 10.1.1.2 1 2\r\n")):
        ws.text('{"op":"ping"}')
        assert ws.recv_message()[2] == b'{"op":"pong"}'
        ws.close()
