"""nginx's access phases protect the endpoints."""

import asyncio

from support.httpc import Http
from support.rawws import PING, PONG, RawWS, frame, head
from support.session import JsonSession

CONFIG = {"workers": 2, "locations": """
location = /auth {
    internal;
    proxy_pass http://127.0.0.1:@PORT@/check;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header X-Token $http_authorization;
}
location = /check {
    add_header X-User $who always;
    if ($http_x_token = "") { return 401; }
    if ($http_x_token !~ "^Bearer ") { return 403; }
    return 204;
}
location /ws {
    auth_request /auth;
    auth_request_set $user $upstream_http_x_user;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "user/$user/**";
    ws_pubsub_allow_publish "user/$user/**";
}
location /api/ {
    auth_request /auth;
    ws_pubsub_api zone=main;
}
location /denied/ { deny all; ws_pubsub_api zone=main; }
location /denied-ws { deny all; ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**"; }
location /inside/ { internal; ws_pubsub_api zone=main; }
location /open/ { ws_pubsub_api zone=main; }
location /limited/ { limit_except GET { deny all; }
    ws_pubsub_api zone=main; }
""", "http": """
ws_pubsub_zone main:8m;
map $http_x_token $who { default ""; "~^Bearer (?<name>\\w+)" $name; }
"""}


def bearer(name):
    return {"Authorization": f"Bearer {name}"}


def test_the_api(ng, scheme, topic):
    http = Http(ng, scheme)
    assert http.publish(topic, "x").status == 401
    assert http.publish(topic, "x", Authorization="Basic x").status == 403
    assert http.get(topic).status == 401
    assert http.publish(topic, "x", **bearer("ann")).status == 202
    assert http.publish(topic, "y" * 60000, **bearer("ann")).status == 202
    assert http.get(topic, headers=bearer("ann")).body == b"y" * 60000
    assert http.delete(topic).status == 401


async def test_the_endpoint(ng, scheme):
    for more, status in (({}, 401), ({"Authorization": "x"}, 403)):
        ws = RawWS(ng, scheme)
        ws.handshake(more=more)
        assert ws.status == status
        ws.close()
    ann = await JsonSession.open(
        ng, scheme=scheme, headers=bearer("ann"))
    bob = await JsonSession.open(
        ng, scheme=scheme, headers=bearer("bob"))
    await ann.sub("user/ann/**", "new")
    await ann.fails(103, "sub", topic="user/bob/**")
    await bob.sub("user/bob/in", "new")
    await ann.fails(103, "pub", topic="user/bob/in", text="no")
    Http(ng, scheme).publish("user/bob/in", "hi", **bearer("app"))
    assert (await bob.next_of("msg"))["text"] == "hi"
    await ann.quiet()
    await ann.close()
    await bob.close()


def test_frames_pipelined_before_the_subrequest_ended(ng):
    """The head waits for auth_request; what follows must not be lost."""
    ws = RawWS(ng)
    ws.handshake(more=bearer("ann"), pipelined=b"".join(
        frame(PING, b"%d" % n) for n in range(5)))
    assert ws.status == 101
    for n in range(5):
        ws.expect(PONG, b"%d" % n)
    ws.close()


def test_a_client_that_leaves_amid_the_subrequest(ng):
    for _ in range(30):
        ws = RawWS(ng)
        ws.send(head(more=bearer("ann")))
        ws.close()


def test_deny_and_internal(ng, topic):
    http = Http(ng)
    for api, status in (("/denied/", 403), ("/inside/", 404)):
        http.api = api
        assert http.publish(topic, "x").status == status
        assert http.get(topic).status == status
    ws = RawWS(ng)
    ws.handshake(path="/denied-ws")
    assert ws.status == 403


def test_limit_except(ng, topic):
    http = Http(ng)
    http.api = "/open/"
    http.put(topic, "x")
    http.api = "/limited/"
    assert http.get(topic).body == b"x"
    assert http.publish(topic, "y").status == 403


async def test_many_at_once(ng):
    sessions = await asyncio.gather(*(
        JsonSession.open(ng, headers=bearer(f"u{n}"))
        for n in range(60)))
    for n, one in enumerate(sessions):
        await one.sub(f"user/u{n}/**")
        await one.fails(103, "sub", topic=f"user/u{n + 1}/**")
    for one in sessions:
        await one.close()
