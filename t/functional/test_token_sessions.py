"""Sessions of tokens: who they are, what they may, when they end."""

import asyncio
import time

from support.httpc import Http, raw_request
from support.rawws import RawWS, head
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
GRACE_S = 25

CONFIG = {"workers": 2, "server": f"ws_pubsub_token_key HS256 data:{HS.key};",
          "http": 'ws_pubsub_zone main:8m; '
                  'ws_pubsub_topic "room/**" zone=main presence=on;',
          "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "room/*" "user/$ws_pubsub_user/**";
    ws_pubsub_allow_publish "room/$ws_pubsub_user";
    location /ws/at-connect {
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "room/*";
        ws_pubsub_log_at connect;
        ws_pubsub_ping_interval 0;
    }
    location /ws/optional {
        ws_pubsub zone=main;
        ws_pubsub_token optional;
        ws_pubsub_allow_subscribe "room/*";
    }
    location /ws/named {
        ws_pubsub zone=main;
        ws_pubsub_identity $arg_name;
        ws_pubsub_allow_subscribe "room/*";
    }
    location /ws/no-pings {
        ws_pubsub zone=main;
        ws_pubsub_ping_interval 0;
        ws_pubsub_allow_subscribe "room/*";
    }
}
location /grants {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "room/a";
    ws_pubsub_token_grants may;
}
location /plain {
    ws_pubsub zone=main topic=room/b;
    ws_pubsub_token_grants may;
}
location /moved { rewrite ^ /ws last; }
location /checked-before {
    ws_pubsub_token required;
    try_files /none /open;
}
location /open {
    ws_pubsub_token off;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
}
location /api/ { ws_pubsub_api zone=main; }
"""}


def opened(ng, path, token, **how):
    return JsonSession.open(ng, path, headers=bearer(token), **how)


async def test_what_it_may(ng, scheme):
    async with await opened(ng, "/ws", HS.token("ann"), scheme=scheme) as ann:
        await ann.sub("user/ann/**")
        await ann.fails(103, "sub", topic="user/bob/**")
        await ann.ok("pub", topic="room/ann", text="x")
        await ann.fails(103, "pub", topic="room/bob", text="x")


async def test_who_it_is(ng, topic):
    async def people(path, token):
        async with await opened(ng, path, token) as session:
            await session.sub("room/here")
            said = await session.ok("who", topic="room/here")
            return [one["identity"] if isinstance(one, dict) else one
                    for one in next(value for value in said.values()
                                    if isinstance(value, list))]
    assert await people("/ws", HS.token("ann")) == ["ann"]
    assert await people("/ws/named?name=bob", HS.token("ann")) == ["bob"]
    assert await people("/ws/named", HS.token("ann")) == []


async def test_internal_redirects(ng):
    async with await opened(ng, "/moved", HS.token("ann")) as session:
        await session.sub("user/ann/**")
    async with await opened(ng, "/checked-before", HS.token("ann")) as session:
        await session.sub("user/ann/**")
    assert raw_request(ng, head("/checked-before")).status == 401
    assert raw_request(ng, head("/open")).status == 403


async def test_grants(ng):
    may = {"sub": ["user/7/**"], "pub": ["chat/*/ann"]}
    async with await opened(ng, "/grants", HS.token("ann", may=may)) as ann:
        await ann.sub("user/7/**")
        await ann.sub("room/a")
        await ann.ok("pub", topic="chat/1/ann", text="x")
        await ann.fails(103, "pub", topic="chat/1/bob", text="x")
        await ann.fails(103, "sub", topic="user/8/x")
    async with await opened(ng, "/ws", HS.token("ann", may=may)) as ann:
        await ann.fails(103, "sub", topic="user/7/x")  # they are off
    for bad in ([], {"sub": ["a//b"]}, {"sub": ["a"] * 65}):
        seen = len(ng.log_text())
        async with await opened(ng, "/grants",
                                HS.token("ann", may=bad)) as ann:
            await ann.sub("room/a")
            await ann.fails(103, "sub", topic="a")
        assert "they allow nothing" in ng.log_text()[seen:]
    with RawWS.open(ng, "/plain", protocol=None, more=bearer(
            HS.token("ann", may={"sub": ["room/*"]}))):
        pass
    assert raw_request(ng, head("/plain", more=bearer(
        HS.token("ann", may={"sub": ["x"]})))).status == 403


async def outlives_its_token(ng, path, scheme):
    topic = "room/" + path.replace("/", "-") + scheme
    begun = time.time()
    async with await opened(ng, path, HS.token("ann", 1.5),
                            scheme=scheme) as ann:
        await ann.sub(topic)
        await asyncio.sleep(3)
        with Http(ng) as http:
            http.put(topic, "still there")
        assert (await ann.next_of("msg"))["text"] == "still there"
        await ann.closed(timeout_s=GRACE_S + 10)
        assert ann.close_code == 3005
        assert GRACE_S + 1.5 <= time.time() - begun <= GRACE_S + 6


async def test_the_end_of_a_token(ng):
    await asyncio.gather(*(
        outlives_its_token(ng, path, scheme)
        for scheme in ("http", "https")
        for path in ("/ws", "/ws/at-connect", "/ws/optional",
                     "/ws/no-pings")))


async def test_a_token_without_an_end(ng):
    async with await opened(ng, "/ws/no-pings", HS.token("ann", None)) as ann:
        async with await JsonSession.open(ng, "/ws/optional") as nobody:
            async with await opened(ng, "/ws", HS.token("a", 1e9)) as long:
                await asyncio.sleep(2)
                await ann.ping()
                await nobody.ping()
                await long.ping()


def test_many_reloads(nginx):
    ng = nginx(**CONFIG)
    for _ in range(3):
        with RawWS.open(ng, "/ws", more=bearer(HS.token("ann"))) as ws:
            ng.reload()
            ws.expect_close(1001, skip_data=True)
        assert raw_request(ng, head("/ws")).status == 401
