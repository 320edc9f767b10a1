"""What a hook is asked: the request that its location gets."""

import asyncio
import json
import re
import urllib.parse

import pytest

from support.backend import HELD, Answer
from support.processes import wait_until
from support.rawws import RawWS
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
CONFIG = {"workers": 1, "http": f"""
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main presence=on;
ws_pubsub_token_key HS256 data:{HS.key};
map $ws_pubsub_topic $kind_of_topic {{ default other; "~^room/(.*)$" room-$1; }}
map $ws_pubsub_op/$ws_pubsub_user $who_does {{ default $ws_pubsub_op-any;
    "~^pub/(.+)$" pub-by-$1; }}
log_format hook "$uri?$args|$request_uri|$status|$ws_pubsub_topic";
""", "locations": """
ws_pubsub_token optional;
access_log logs/hook.log hook;
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_publish_request /may;
    location /ws/connect { ws_pubsub zone=main; ws_pubsub_log_at connect; }
    location /ws/identity {
        ws_pubsub zone=main;
        ws_pubsub_identity "$ws_pubsub_user at $arg_place";
    }
    location /ws/logged {
        ws_pubsub zone=main;
        ws_pubsub_subscribe_request /may-logged;
    }
    location /ws/variable {
        ws_pubsub zone=main;
        ws_pubsub_subscribe_request /may/$ws_pubsub_op/$kind_of_topic;
        ws_pubsub_publish_request /may/$arg_which;
    }
    location ~ ^/ws/passed/(?<captured>\\w+)$ {
        set $was_set "set for $arg_place";
        ws_pubsub zone=main;
        ws_pubsub_hook_pass $was_set $captured $arg_place;
    }
    location ~ ^/ws/kept-back/(?<captured>\\w+)$ {
        set $was_set "set for $arg_place";
        ws_pubsub zone=main;
    }
}
location /may {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@;
    proxy_set_header X-Request-Uri $request_uri;
    proxy_set_header X-Method $request_method;
    proxy_set_header X-Host $host;
    proxy_set_header X-Scheme $scheme;
    proxy_set_header X-Address $remote_addr;
    proxy_set_header X-Port $remote_port;
    proxy_set_header X-Server $server_addr:$server_port;
    proxy_set_header X-Agent $http_user_agent;
    proxy_set_header X-Cookie $cookie_a/$cookie_b;
    proxy_set_header X-Op $ws_pubsub_op;
    proxy_set_header X-Topic $ws_pubsub_topic;
    proxy_set_header X-User $ws_pubsub_user;
    proxy_set_header X-Identity $ws_pubsub_identity;
    proxy_set_header X-Session $ws_pubsub_session;
    proxy_set_header X-Claim $ws_pubsub_claim_plan/$ws_pubsub_claim_none;
    proxy_set_header X-Kind $kind_of_topic/$who_does;
    proxy_set_header X-Length $content_length;
    proxy_set_header X-Type $content_type;
    proxy_set_header X-Passed "$was_set/$captured/$arg_place";
    proxy_set_header X-Tls $ssl_protocol;
    proxy_set_header X-Upgrade "$http_upgrade$http_sec_websocket_key";
}
location = /may-logged {
    internal;
    log_subrequest on;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}
location /api/ { ws_pubsub_token off; ws_pubsub_api zone=main; }
"""}
PATHS = ["/ws", "/ws/connect"]


def component(text):
    return urllib.parse.quote(text, safe="")


async def asked(ng, backend, op, topic, path="/ws", **how):
    """The request for the one command of a session of its own."""
    fields = how.pop("fields", {})
    async with await JsonSession.open(ng, path, **how) as session:
        await session.command(op, topic=topic, **fields)
    return backend.of(topic)[-1]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("op, fields", [
    ("sub", {}), ("get", {}), ("history", {"last": 1}), ("who", {}),
    ("pub", {"text": "x"})])
async def test_the_line(ng, backend, scheme, topic, path, op, fields):
    one = await asked(ng, backend, op, topic, path, scheme=scheme,
                      fields=fields, headers=bearer(HS.token("ann")))
    assert one.method == "POST" == one.header("X-Method")
    assert one.path == "/may"
    assert [name for name, _ in one.arguments] == [
        "op", "topic", "user", "session"]
    session = one.argument("session")
    assert re.fullmatch("[0-9a-f]{16}", session)
    assert one.target == (f"/may?op={op}&topic={component(topic)}"
                          f"&user=ann&session={session}")
    assert one.header("X-Request-Uri") == one.target
    assert one.header("X-Session") == session
    assert one.header("X-Op") == op and one.header("X-Topic") == topic


@pytest.mark.parametrize("name", [
    "a&op=pub", "a=b", "a b", "a+b", "a%2Fb", "é😀", "a?b", "a#b", "a;b",
    "it's \"x\"", "$x", "a\\b", "<a>", "~-_."])
async def test_what_is_percent_encoded(ng, backend, topic, name):
    topic = f"{topic}/{name}"
    token = HS.token(name)
    one = await asked(ng, backend, "get", topic, headers=bearer(token))
    assert one.argument("op") == "get" and one.argument("topic") == topic
    assert one.argument("user") == name
    assert re.fullmatch(r"/may\?[A-Za-z0-9%&=._~!*'()-]*", one.target)
    assert len(one.arguments) == 4
    assert one.header("X-Request-Uri") == one.target


@pytest.mark.parametrize("selector", ["*", "**", "x/**"])
async def test_a_selector(ng, backend, topic, selector):
    one = await asked(ng, backend, "sub", f"{topic}/{selector}")
    assert one.argument("topic") == f"{topic}/{selector}"


@pytest.mark.parametrize("path", PATHS)
async def test_headers_of_the_upgrade(ng, backend, topic, path):
    sent = {"Cookie": "a=1; b=2", "X-Own": "x",
            "Origin": f"http://127.0.0.1:{ng.port}",
            "Accept-Language": "de", "Referer": "http://localhost/page",
            "X-Forwarded-For": "192.0.2.1", "X-Empty": "",
            "Authorization": bearer(HS.token("ann"))["Authorization"]}
    one = await asked(ng, backend, "sub", topic, path, headers=sent)
    for name, value in sent.items():
        if value:
            assert one.header(name) == value, name
    assert one.header("X-Cookie") == "1/2"
    assert one.header("X-Agent") == one.header("User-Agent") != ""


@pytest.mark.parametrize("path", PATHS)
async def test_headers_that_are_not_passed(ng, backend, topic, path):
    dropped = {
        "TE": "trailers", "Trailer": "X-Own", "Range": "bytes=0-1",
        "If-Match": '"x"', "If-None-Match": '"x"', "If-Range": '"x"',
        "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
        "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Accept-Encoding": "gzip", "Keep-Alive": "timeout=5",
        "Content-Language": "de", "Content-Encoding": "gzip",
        "Content-Type": "text/x-own", "Sec-WebSocket-Own": "x"}
    one = await asked(ng, backend, "sub", topic, path, headers=dropped)
    assert one.header("X-Upgrade") is None
    for name in [*dropped, "Upgrade", "Sec-WebSocket-Key",
                 "Sec-WebSocket-Version", "Sec-WebSocket-Protocol",
                 "Sec-WebSocket-Extensions", "Transfer-Encoding", "Expect"]:
        assert one.header(name) is None, name
    assert one.header("Connection") in (None, "close")  # nginx's own
    assert one.body == b""
    assert one.header("Content-Length") in (None, "0")
    assert one.header("X-Type") is None


async def test_the_clients_address_and_host(ng, backend, topic, scheme):
    one = await asked(ng, backend, "sub", topic, scheme=scheme)
    port = ng.port if scheme == "http" else ng.tls_port
    assert one.header("X-Address") == "127.0.0.1"
    assert one.header("X-Server") == f"127.0.0.1:{port}"
    assert one.header("X-Host") == "127.0.0.1"
    assert one.header("X-Scheme") == scheme
    assert one.header("X-Port") not in (None, "0")
    tls = one.header("X-Tls") or ""
    assert tls.startswith("TLSv1") if scheme == "https" else tls == ""


async def test_a_host_of_another_name(ng, backend, topic):
    with RawWS.open(ng, more={"Host": "Chat.Example:8080"}) as ws:
        ws.text(json.dumps({"id": 1, "op": "sub", "topic": topic}))
        ws.recv_message()
    assert backend.of(topic)[0].header("X-Host") == "chat.example"


@pytest.mark.parametrize("path", PATHS)
async def test_the_token(ng, backend, topic, path):
    one = await asked(ng, backend, "sub", topic, path,
                      headers=bearer(HS.token("ann", plan="gold")))
    assert one.header("X-User") == "ann" == one.argument("user")
    assert one.header("X-Identity") == "ann"
    assert one.header("X-Claim") == "gold/"
    nobody = await asked(ng, backend, "sub", topic, path)
    assert nobody.argument("user") == ""
    assert nobody.header("X-User") is None
    assert nobody.header("X-Claim") == "/"


@pytest.mark.parametrize("path", PATHS)
async def test_the_token_of_the_moment(ng, backend, topic, path):
    async with await JsonSession.open(ng, path) as session:
        await session.command("get", topic=topic)
        for plan in ("tin", "gold"):
            await session.ok("auth", token=HS.token("ann", plan=plan))
            await session.command("get", topic=topic)
            one = backend.of(topic)[-1]
            assert one.header("X-Claim") == plan + "/"
            assert one.argument("user") == "ann"
    assert len({one.argument("session")
                for one in backend.of(topic)}) == 1


async def test_the_identity(ng, backend, topic):
    one = await asked(ng, backend, "sub", topic, "/ws/identity?place=home",
                      headers=bearer(HS.token("ann")))
    assert one.header("X-Identity") == "ann at home"
    assert one.argument("user") == "ann"


async def test_sessions_differ(ng, backend, topic):
    seen = {(await asked(ng, backend, "get", topic)).argument("session")
            for _ in range(20)}
    assert len(seen) == 20


@pytest.mark.parametrize("path", PATHS)
async def test_each_topic_has_variables_of_its_own(ng, backend, topic, path):
    """Also while others are asked for in the same session."""
    backend.answer = HELD
    names = [f"room/{topic}/{n}" for n in range(5)] + [f"{topic}/6"]
    async with await JsonSession.open(
            ng, path, headers=bearer(HS.token("ann"))) as session:
        waits = [session.expect_reply(n) for n in range(6)]
        for n, one in enumerate(names):
            await session.ws.send(json.dumps(
                {"id": n, "op": "sub" if n % 2 else "pub", "topic": one,
                 **({} if n % 2 else {"text": "x"})}))
        await backend.until_pending(6)
        backend.release()
        for one in waits:
            assert "ok" in await one
    for n, one in enumerate(names):
        kind = "other" if n == 5 else one.replace("room/", "room-", 1)
        does = "sub-any" if n % 2 else "pub-by-ann"
        assert backend.of(one)[0].header("X-Kind") == f"{kind}/{does}"
        assert backend.of(one)[0].header("X-Topic") == one


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fields, kind, body", [
    ({"text": "é"}, "text/plain; charset=utf-8", "é".encode()),
    ({"text": ""}, "text/plain; charset=utf-8", b""),
    ({"data": {"a": [1, "x"]}}, "application/json", b'{"a": [1, "x"]}'),
    ({"data": None}, "application/json", b"null"),
    ({"b64": "AP8="}, "application/octet-stream", b"\x00\xff"),
    ({"patch": {"a": None}}, "application/merge-patch+json", b'{"a": null}'),
    ({"patch": [{"op": "test", "path": "", "value": 1}]},
     "application/json-patch+json",
     b'[{"op": "test", "path": "", "value": 1}]'),
    ({"text": "x" * 60000}, "text/plain; charset=utf-8", b"x" * 60000),
], ids=lambda one: str(one)[:30])
async def test_the_body_of_a_publish(ng, backend, topic, path, fields, kind,
                                     body):
    one = await asked(ng, backend, "pub", topic, path, fields=fields)
    if kind.startswith("application/") and kind.endswith("json"):
        assert json.loads(one.body) == json.loads(body)
    else:
        assert one.body == body
    assert one.header("Content-Type") == kind == one.header("X-Type")
    assert one.header("Content-Length") == str(len(one.body))
    assert one.header("X-Length") == str(len(one.body))


async def test_an_uri_with_variables(ng, backend, topic):
    one = await asked(ng, backend, "sub", "room/7", "/ws/variable")
    assert one.path == "/may/sub/room-7"
    one = await asked(ng, backend, "get", topic, "/ws/variable")
    assert one.path == "/may/get/other"
    one = await asked(ng, backend, "pub", topic, "/ws/variable?which=pubs",
                      fields={"text": "x"})
    assert one.path == "/may/pubs"


async def test_variables_of_the_upgrade(ng, backend, topic):
    place = "?place=home"
    one = await asked(ng, backend, "sub", topic, "/ws/passed/ann" + place)
    assert one.header("X-Passed") == "set for home/ann/home"
    one = await asked(ng, backend, "sub", topic, "/ws/kept-back/ann" + place)
    assert one.header("X-Passed") == "//"


def log_lines(ng):
    path = ng.prefix / "logs" / "hook.log"
    return path.read_text().splitlines() if path.exists() else []


async def test_a_line_of_the_access_log(ng, backend, topic):
    """Where the hook's location asks for it; by default there is none."""
    backend.say(topic, Answer(403))
    for path in ("/ws", "/ws/logged"):
        await asked(ng, backend, "sub", topic, path)
    lines = await asyncio.to_thread(
        wait_until, "a line is written", lambda: [
            one for one in log_lines(ng) if one.endswith("|" + topic)])
    target = backend.of(topic)[-1].target.replace("/may", "/may-logged")
    assert lines == [f"{target}|{target}|403|{topic}"]
