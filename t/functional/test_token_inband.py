"""Tokens that sessions bring while they live: the first one, further ones, and
tickets for some topics."""

import asyncio
import json
import time

import pytest

from support.httpc import Http, raw_request
from support.rawws import RawWS, head
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
TICKETS = Issuer("ES256")
GRACE_S = 25

CONFIG = {"workers": 2, "server": f"ws_pubsub_token_key HS256 data:{HS.key};",
          "http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "room/**" zone=main presence=on history=100;
map $ws_pubsub_claim_plan $plan_topics {
    default "none/*";
    gold    "gold/**";
}
map $plan_topics $by_a_map {
    default $plan_topics;
}
log_format who "$uri $ws_pubsub_user $plan_topics $ws_pubsub_close_code";
""",
          "locations": """
set $said_before "said/before";
access_log logs/who.log who;
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "room/*" "user/$ws_pubsub_user/**" $by_a_map
                              "$said_before" "id/$request_id";
    ws_pubsub_allow_publish "room/$ws_pubsub_user";
    ws_pubsub_token_grants may;
    location /ws/later {
        ws_pubsub zone=main;
        ws_pubsub_token later;
        add_header X-Request-Id $request_id always;
    }
    location /ws/soon {
        ws_pubsub zone=main;
        ws_pubsub_token later first=1s;
    }
    location /ws/at-connect {
        ws_pubsub zone=main;
        ws_pubsub_token later;
        ws_pubsub_log_at connect;
    }
    location /ws/optional {
        ws_pubsub zone=main;
        ws_pubsub_token optional;
    }
    location /ws/tickets {
        ws_pubsub zone=main;
        ws_pubsub_max_subscriptions 400;
        ws_pubsub_subscription_token_key ES256 %TICKETS%;
    }
    location /ws/none {
        ws_pubsub zone=main;
        ws_pubsub_token off;
    }
}
location /plain {
    ws_pubsub zone=main topic=room/b;
    ws_pubsub_allow_subscribe "room/*";
    ws_pubsub_token later;
}
location /api/ { ws_pubsub_api zone=main; ws_pubsub_token off; }
location /api/guarded/ {
    ws_pubsub_token later;
    ws_pubsub_api zone=main;
}
location = /status { ws_pubsub_token off; ws_pubsub_status zone=main; }
""".replace("%TICKETS%", json.dumps("data:" + TICKETS.text()))}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


async def begin(ng, path="/ws/later", token=None, **how):
    session = await JsonSession.open(ng, path, **how)
    if token is not None:
        await session.ok("auth", token=token)
    return session


@pytest.mark.parametrize("path", ["/ws/later", "/ws/at-connect"])
async def test_the_first_token(ng, scheme, path):
    async with await begin(ng, path, scheme=scheme) as ann:
        await ann.ping()
        for op in ("sub", "get", "who"):
            await ann.fails(101, op, topic="room/a")
        await ann.fails(101, "history", topic="room/a", last=1)
        await ann.fails(101, "pub", topic="room/ann", text="x")
        token = HS.token("ann", expires_s=None, exp=int(time.time()) + 100)
        told = await ann.ok("auth", token=token)
        assert told["user"] == "ann"
        assert abs(told["expires"] / 1000 - time.time() - 100) < 30
        await ann.sub("user/ann/**")
        await ann.ok("pub", topic="room/ann", text="x")
        await ann.fails(103, "sub", topic="user/bob/a")


async def test_one_without_an_end(ng):
    async with await begin(ng) as ann:
        told = await ann.ok("auth", token=HS.token("ann", expires_s=None))
        assert "expires" not in told


async def test_the_first_comes_with_the_upgrade(ng):
    async with await begin(ng, headers=bearer(HS.token("ann"))) as ann:
        await ann.sub("user/ann/**")
    for path in ("/ws/later", "/ws/optional"):
        answer = raw_request(ng, head(path, more=bearer("a.b.c")))
        assert answer.status == 401


async def test_elsewhere_later_is_at_once(ng):
    assert raw_request(ng, head("/plain", protocol=None)).status == 401
    with Http(ng) as http:
        assert http.request("GET", "/api/guarded/room/a").status == 401
    with RawWS.open(ng, "/plain", protocol=None,
                    more=bearer(HS.token("ann"))):
        pass


@pytest.mark.parametrize("path", ["/ws/later", "/ws/at-connect"])
async def test_the_first_is_bad(ng, path):
    for token, code in ((Issuer("HS256").token("ann"), 101), ("x", 101),
                        (HS.token("ann", expires_s=-5), 109)):
        session = await begin(ng, path)
        await session.fails(code, "auth", token=token)
        assert await session.closed() == 3502


async def test_none_comes(ng):
    session = await begin(ng, "/ws/soon")
    await session.ping()
    assert await session.closed() == 3502
    async with await begin(ng, "/ws/soon", HS.token("ann")) as ann:
        await asyncio.sleep(2)
        await ann.sub("user/ann/**")


async def test_a_refresh(ng, http, topic):
    room = "room/refreshed"
    async with await begin(ng, token=HS.token("ann", expires_s=100)) as ann:
        await ann.sub(room, since="new")
        for n in range(5):
            http.publish(room, str(n))
            told = await ann.ok("auth", token=HS.token(
                "ann", expires_s=1000 + n))
            assert told["expires"] / 1000 - time.time() > 900
        assert [(await ann.next_of("msg"))["text"] for _ in range(5)] == \
            list("01234")


async def test_refreshes_that_fail_change_nothing(ng):
    async with await begin(ng, token=HS.token("ann")) as ann:
        await ann.sub("user/ann/**")
        await ann.fails(101, "auth", token=HS.token("bob"))
        await ann.fails(101, "auth", token=HS.token())
        await ann.fails(101, "auth", token="x")
        await ann.fails(109, "auth", token=HS.token("ann", expires_s=-1))
        await ann.fails(103, "sub", topic="user/bob/a")
        await ann.sub("user/ann/b")


async def test_too_many_refreshes(ng):
    async with await begin(ng, token=HS.token("ann")) as ann:
        for _ in range(10):
            await ann.ok("auth", token=HS.token("ann"))
        await ann.fails(111, "auth", token=HS.token("ann"))
        await ann.sub("user/ann/**")


async def test_expiry_is_that_of_the_last_token(ng):
    """Their time is over 25 s after they end, so one that ended before that
    is refused, and one that ends soon is the way to see it."""
    def soon():
        return HS.token("ann", expires_s=None, exp=int(time.time()) + 2)

    dies = await begin(ng, token=soon())
    lives = await begin(ng, token=soon())
    async with lives:
        await lives.ok("auth", token=HS.token("ann"))
        assert await dies.closed(GRACE_S + 20) == 3005
        await lives.sub("user/ann/**")


async def test_narrower_claims_end_subscriptions(ng, http):
    wide = HS.token("ann", plan="gold", may={"sub": ["extra/**"]})
    async with await begin(ng, token=wide) as ann:
        for one in ("gold/**", "extra/a", "room/a", "user/ann/x"):
            await ann.sub(one, since="new")
        told = ann.command("auth", token=HS.token("ann", plan="tin"))
        assert "ok" in await told
        ended = [await ann.next(), await ann.next()]
        assert {(one["op"], one["topic"], one["code"]) for one in ended} == {
            ("unsub", "gold/**", 103), ("unsub", "extra/a", 103)}
        assert all(one["reason"] for one in ended)
        for one in ("gold/x", "extra/a"):
            http.publish(one, "secret")
        http.publish("room/a", "seen")
        assert [(await ann.next())["topic"] for _ in range(2)] == [
            "room/a", "room/a"]  # it has come to be, and its first message
        await ann.fails(103, "sub", topic="gold/x")
        await ann.ok("auth", token=wide)
        await ann.sub("gold/**", since="new")


async def test_what_does_not_depend_on_the_token_stays(ng):
    """Also what nginx has worked out only once, or would make anew."""
    async with await begin(ng, "/ws/later?id", token=HS.token("ann")) as ann:
        identity = "id/" + ann.response_headers["X-Request-Id"]
        await ann.sub("said/before")
        await ann.sub(identity)
        await ann.ok("auth", token=HS.token("ann", plan="gold"))
        await ann.sub("gold/a")
        await ann.ok("unsub", topic=identity)
        await ann.sub(identity)
        await ann.ok("unsub", topic="said/before")
        await ann.sub("said/before")


async def test_the_log_knows_the_last_token(ng):
    async with await begin(ng, "/ws/later?log", token=HS.token("cleo")) as one:
        await one.ok("auth", token=HS.token("cleo", plan="gold"))
    assert await lines_of(ng, "cleo") == ["/ws/later cleo gold/** 1000"]


async def test_presence_follows(ng):
    async with await begin(ng, "/ws/optional") as watcher, \
            await begin(ng, "/ws/optional") as other:
        await watcher.sub("room/people")
        await other.sub("room/people")
        await other.ok("auth", token=HS.token("dora"))
        said = await watcher.next_of("join")
        assert (said["topic"], said["who"]) == ("room/people", "dora")
        assert "dora" in json.dumps(await watcher.ok(
            "who", topic="room/people"))


async def test_endpoints_without_tokens(ng):
    async with await begin(ng, "/ws/none") as session:
        await session.fails(107, "auth", token=HS.token("ann"))
        await session.sub("room/a")


async def test_nothing_secret_is_logged(ng):
    token = Issuer("HS256").token("eve")
    session = await begin(ng)
    await session.fails(101, "auth", token=token)
    await session.closed()
    assert token not in ng.log_text()
    assert "the token is refused: signature" in ng.log_text()


async def lines_of(ng, query):
    """The access log's, once it has any with that."""
    log = ng.prefix / "logs" / "who.log"
    for _ in range(100):
        found = [line for line in log.read_text().splitlines()
                 if query in line]
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"no line of {query}")


async def test_logged_once_at_connect(ng):
    """Though its request is needed until it ends."""
    def lines():
        log = (ng.prefix / "logs" / "who.log").read_text().splitlines()
        return [line for line in log if line.startswith("/ws/at-connect")]

    before = len(lines())
    async with await begin(ng, "/ws/at-connect") as session:
        while len(lines()) == before:
            await asyncio.sleep(0.01)
        assert lines()[before:] == ["/ws/at-connect - none/* 0"]
        await session.ok("auth", token=HS.token("ann", plan="gold"))
        await session.sub("gold/a")
    async with await begin(ng, "/ws/none"):
        pass
    await lines_of(ng, "/ws/none ")
    assert len(lines()) == before + 1


async def test_tickets(ng, http):
    def ticket(topic, **more):
        return TICKETS.token(topic=topic, **more)

    http.put("vip/a", "seen")
    async with await begin(ng, "/ws/tickets",
                           headers=bearer(HS.token("ann"))) as ann:
        await ann.fails(103, "sub", topic="vip/a")
        for bad in (HS.token(topic="vip/a"), ticket("vip/b"), "x",
                    ticket("vip/a", sub="bob"), TICKETS.token("ann"),
                    ticket("$SYS/a")):
            await ann.fails(103, "sub", topic="vip/a", ticket=bad)
        await ann.fails(109, "sub", topic="vip/a",
                        ticket=ticket("vip/a", expires_s=-1))
        good = ticket("vip/*", sub="ann")
        for op, more in (("get", {}), ("history", {"last": 1}), ("sub", {})):
            await ann.ok(op, topic="vip/a", ticket=good, **more)
        await ann.fails(103, "get", topic="vip/a")
        await ann.fails(103, "pub", topic="vip/a", text="x", ticket=good)
        await ann.ok("pub", topic="vip/a", text="x",
                     ticket=ticket("vip/a", pub=True))
        assert (await ann.next_of("msg"))["text"] == "seen"
        assert (await ann.next_of("msg"))["text"] == "x"
        await ann.fails(103, "auth", topic="vip/a", ticket=ticket("vip/b"))
        await ann.ok("auth", topic="vip/a", ticket=ticket("vip/a"))
        # What only the ticket allows stays when the token is another one.
        await ann.ok("auth", token=HS.token("ann", plan="gold"))
        http.put("vip/a", "still")
        assert (await ann.next_of("msg"))["text"] == "still"


async def test_a_subscription_ends_with_its_ticket(ng, http):
    def soon():
        return TICKETS.token(topic="vip/*", expires_s=None,
                             exp=int(time.time()) + 2)

    async with await begin(ng, "/ws/tickets",
                           headers=bearer(HS.token("ann"))) as ann:
        await ann.sub("vip/ends", since="new", ticket=soon())
        await ann.sub("vip/goes-on", since="new", ticket=soon())
        await ann.ok("auth", topic="vip/goes-on",
                     ticket=TICKETS.token(topic="vip/*"))
        said = await ann.next(GRACE_S + 20)
        assert (said["op"], said["topic"], said["code"]) == (
            "unsub", "vip/ends", 109)
        http.publish("vip/ends", "secret")
        http.publish("vip/goes-on", "seen")
        assert (await ann.next_of("msg"))["topic"] == "vip/goes-on"


async def test_more_tickets_end_at_once_than_a_turn_ends(ng):
    """The session goes on, and the others end in later turns."""
    ticket = TICKETS.token(topic="many/*", expires_s=None,
                           exp=int(time.time()) + 10)
    async with await begin(ng, "/ws/tickets",
                           headers=bearer(HS.token("ann"))) as ann:
        for n in range(300):
            await ann.sub(f"many/{n}", since="new", ticket=ticket)
        ended = {(await ann.next(GRACE_S + 30))["topic"] for _ in range(300)}
        assert ended == {f"many/{n}" for n in range(300)}
        await ann.ping()
