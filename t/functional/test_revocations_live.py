"""Revocations of what is there already: sessions, subscriptions by tickets."""

import asyncio

import pytest

from support.httpc import Http
from support.revocations import Crowd, Table, cut, ends, new, old
from support.session import JsonSession, connect, sessions_on_each_worker
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
RECORDS = [{"user": "ann"}, {"jti": "t"}, {"all": True}]
CONFIG = {"workers": 4,
          "http": "ws_pubsub_zone main:8m; ws_pubsub_zone other:8m;",
          "server": f"ws_pubsub_token_key HS256 data:{HS.key};",
          "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_max_subscriptions 400;
    ws_pubsub_allow_subscribe "room/**";
    add_header X-Worker $pid always;
    location /ws/at-connect {
        ws_pubsub zone=main;
        ws_pubsub_log_at connect;
    }
    location /ws/optional { ws_pubsub zone=main; ws_pubsub_token optional; }
    location /ws/later { ws_pubsub zone=main; ws_pubsub_token later; }
    location /ws/named { ws_pubsub zone=main; ws_pubsub_identity $arg_name; }
    location /ws/none {
        ws_pubsub zone=main;
        ws_pubsub_token off;
        ws_pubsub_subscription_token_key HS256 data:%KEY%;
    }
    location /ws/claims {
        ws_pubsub zone=main;
        ws_pubsub_token_grants may;
    }
    location /ws/open { ws_pubsub zone=main; ws_pubsub_token off; }
}
location /first { ws_pubsub_token required; try_files /none /ws; }
location /first-open { ws_pubsub_token required; try_files /none /ws/open; }
location /plain {
    ws_pubsub zone=main topic=room/plain;
    ws_pubsub_allow_subscribe "room/**";
    add_header X-Worker $pid always;
}
location /other {
    ws_pubsub zone=other;
    ws_pubsub_allow_subscribe "room/**";
}
location /api/ { ws_pubsub_api zone=main; }
location /control/ { ws_pubsub_control zone=main; }
location = /status { ws_pubsub_status zone=main; }
""".replace("%KEY%", HS.key)}


@pytest.fixture
def table(ng):
    one = Table.of(ng)
    yield one
    one.clear()
    one.http.close()


async def opened(ng, token, path="/ws", **how):
    return await JsonSession.open(ng, path, headers=bearer(token), **how)


async def put(table, **record):
    return await asyncio.to_thread(table.put, **record)


async def stay(*sessions):
    for one in sessions:
        await one.ping()
        await one.close()


# -- sessions -----------------------------------------------------------------

@pytest.mark.parametrize("record", RECORDS, ids=lambda one: [*one][0])
@pytest.mark.parametrize("path", ["/ws", "/ws/at-connect"])
async def test_sessions_on_all_workers(ng, table, scheme, path, record):
    bad, good = (made(HS, "ann", jti="t") for made in (old, new))
    gone = await sessions_on_each_worker(ng, path, scheme,
                                         headers=bearer(bad))
    others = [await opened(ng, good), await opened(ng, new(HS, "bob")),
              await opened(ng, bad, "/other"),
              await JsonSession.open(ng, "/ws/optional"),
              await JsonSession.open(ng, "/ws/none"),
              await JsonSession.open(ng, "/ws/later")]
    bob = await opened(ng, old(HS, "bob", jti="b"))
    for one in gone.values():
        await one.sub("room/a")
    wanted = len(gone) + ("all" in record)
    assert await put(table, before=cut(), **record) == wanted
    for one in gone.values():
        await ends(one)
    if "all" in record:
        await ends(bob)
    else:
        others.append(bob)
    assert await put(table, before=cut(), **record) == 0
    await others[-1].ping()
    await stay(*others)


@pytest.mark.parametrize("path", ["/ws/named?name=bob", "/first",
                                  "/first-open", "/ws/optional"])
async def test_whichever_way_it_came(ng, table, path):
    for record in RECORDS:
        ann = await opened(ng, old(HS, "ann", jti="t"), path)
        row, = table.sessions(user="ann")
        assert await put(table, before=cut(), **record) == 1, row
        await ends(ann)
        assert table.sessions(user="ann") == []
        table.clear()


async def test_plain_endpoints(ng, table):
    for record in RECORDS:
        bad, good = [await connect(ng, "/plain", headers=bearer(
            made(HS, "ann", jti="t"))) for made in (old, new)]
        assert await put(table, before=cut(), **record) == 1
        await bad.wait_closed()
        assert bad.close_code == 3005
        await (await good.ping())
        await good.close()
        table.clear()


async def test_whom_it_concerns(ng, table):
    """Names are not mixed up, and are the token's, not the session's."""
    claims = [{"sub": "ann"}, {"sub": "t"}, {"jti": "t"}, {"jti": "ann"},
              {"sub": "bob", "jti": "t"}, {"sub": "bob"}, {}]
    sessions = [await opened(ng, old(HS, **one), "/ws/named?name=ann")
                for one in claims]
    sessions.append(await opened(ng, HS.token("ann")))  # without `iat`
    for record, meant in (({"user": "ann"}, (0, 7)), ({"jti": "t"}, (2, 4)),
                          ({"user": "t"}, (1,)), ({"jti": "ann"}, (3,)),
                          ({"all": True}, (5, 6))):
        assert await put(table, before=cut(), **record) == len(meant)
        for n in meant:
            await ends(sessions[n])
        for one in sessions:
            if one.close_code is None:
                await one.ping()


@pytest.mark.parametrize("text", ["x" * 255, "é" * 127, 'a"\\ /?&=+%41'],
                         ids=["long", "utf-8", "quotes"])
async def test_names(ng, table, text):
    for kind, claim in (("user", "sub"), ("jti", "jti")):
        ann = await opened(ng, old(HS, **{claim: text}))
        others = [await opened(ng, old(HS, **{claim: text[:-1]})),
                  await opened(ng, old(HS, **{claim: "x" + text[1:-1] + "y"}))]
        assert await put(table, before=cut(), **{kind: text}) == 1
        await ends(ann)
        await stay(*others)


@pytest.mark.parametrize("path", ["/ws/later", "/ws/at-connect"])
async def test_the_last_token_counts(ng, table, path):
    """Refreshed by a newer one, or by one of another id."""
    for record in RECORDS:
        if path == "/ws/later":
            one, other = [await JsonSession.open(ng, path) for _ in range(2)]
            for session in (one, other):
                await session.ok("auth", token=old(HS, "ann", jti="t"))
        else:
            one, other = [await opened(ng, old(HS, "ann", jti="t"), path)
                          for _ in range(2)]
        await one.ok("auth", token=new(HS, "ann", jti="t"))
        await other.fails(101, "auth", token=Issuer("HS256").token("ann"))
        assert await put(table, before=cut(), **record) == 1
        await ends(other)
        await stay(one)
        table.clear()
    ann = await opened(ng, old(HS, "ann", jti="a"), path)
    await ann.ok("auth", token=old(HS, "ann", jti="b"))
    await put(table, jti="b2", before=cut())
    await ann.fails(101, "auth", token=old(HS, "ann", jti="b2"))
    assert await put(table, jti="a", before=cut()) == 0
    assert await put(table, jti="b2", before=cut()) == 0
    await ann.ping()
    assert await put(table, jti="b", before=cut()) == 1
    await ends(ann)


async def test_before_the_first_token(ng, table):
    """A session that has none has nothing that could be revoked."""
    ann = await JsonSession.open(ng, "/ws/later")
    for record in RECORDS:
        assert await put(table, before=cut(), **record) == 0
    await ann.ok("auth", token=new(HS, "ann", jti="t"))
    await stay(ann)


async def test_by_now(ng, table):
    """Without `before` it is all that there are."""
    ann = [await opened(ng, HS.token("ann", jti=jti, **claims))
           for jti, claims in (("a", {}), ("b", {"iat": 1}))]
    ann.append(await opened(ng, new(HS, "ann")))
    assert await put(table, user="ann") == 3
    for one in ann:
        await ends(one)


async def test_nothing_comes_after_the_end(ng, table):
    ann = await opened(ng, old(HS, "ann"))
    await ann.sub("room/secret", since="new")
    assert await put(table, user="ann", before=cut()) == 1
    with Http(ng) as http:
        http.put("room/secret", "x")
    said = []
    while (one := await ann.next()) is not None:
        said.append(one["op"])
    assert said == ["bye"]


async def test_more_sessions_than_a_turn_closes(nginx):
    ng = nginx(**{**CONFIG, "workers": 1, "connections": 8192,
                  "main": "worker_rlimit_nofile 16384;"})
    table, crowd, count = Table.of(ng), Crowd(ng.port), 2200
    bad = await opened(ng, old(HS, "ann"))
    good = await opened(ng, new(HS, "ann"))
    path = "/ws?token=" + old(HS, "ann", jti="t")
    for _ in range(count // 100):
        await asyncio.gather(*(crowd.connect(path) for _ in range(100)))
    assert len(crowd.inside) == count
    assert await put(table, user="ann", before=cut()) == count + 1
    await ends(bad)
    while len(crowd.codes) < count:
        await asyncio.sleep(0.01)
    assert set(crowd.codes) == {3005}
    await stay(good)


# -- subscriptions by tickets -------------------------------------------------

def ticket(made, topic="vip/*", **claims):
    return made(HS, topic=topic, **claims)


@pytest.mark.parametrize("path", ["/ws", "/ws/at-connect", "/ws/none"])
async def test_a_subscription_ends_with_its_ticket(ng, table, path):
    sessions = [await opened(ng, new(HS, "ann"), path) for _ in range(2)]
    for one in sessions:
        await one.sub("vip/gone", since="new", ticket=ticket(old, jti="t"))
        await one.sub("vip/stays", since="new", ticket=ticket(old, jti="u"))
        await one.sub("vip/newer", since="new", ticket=ticket(new, jti="t"))
        await one.sub("room/a", since="new",
                      ticket=ticket(old, "room/*", jti="t"))
        await one.sub("vip/again", since="new", ticket=ticket(old, jti="t"))
        await one.ok("auth", topic="vip/again", ticket=ticket(new, jti="t"))
    assert await put(table, jti="t", before=cut()) == 0
    for one in sessions:
        said = await one.next()
        assert (said["op"], said["topic"], said["code"]) == (
            "unsub", "vip/gone", 109)
        assert said["reason"]
    with Http(ng) as http:
        for topic in ("vip/gone", "vip/stays", "vip/newer", "vip/again",
                      "room/a"):
            http.publish(topic, "x")
    for one in sessions:
        got = [(await one.next_of("msg"))["topic"] for _ in range(4)]
        assert got == ["vip/stays", "vip/newer", "vip/again", "room/a"]
        await one.fails(102, "unsub", topic="vip/gone")
        await one.sub("vip/gone", ticket=ticket(new, jti="t"))
    await stay(*sessions)


@pytest.mark.parametrize("record", [{"user": "ann"}, {"all": True}],
                         ids=lambda one: [*one][0])
async def test_a_ticket_of_whom_is_revoked(ng, table, record):
    """In a session that has a newer token."""
    ann = await opened(ng, new(HS, "ann"))
    await ann.sub("vip/a", ticket=ticket(old, sub="ann"))
    await ann.sub("vip/b", ticket=ticket(new, sub="ann"))
    assert await put(table, before=cut(), **record) == 0
    said = await ann.next()
    assert (said["op"], said["topic"], said["code"]) == (
        "unsub", "vip/a", 109)
    await ann.quiet()
    await stay(ann)


async def test_more_tickets_than_a_turn_ends(ng, table):
    ann = await opened(ng, new(HS, "ann"))
    bad = ticket(old, "many/*", jti="t")
    for n in range(300):
        await ann.sub(f"many/{n}", since="new", ticket=bad)
    assert await put(table, jti="t", before=cut()) == 0
    ended = [await ann.next() for _ in range(300)]
    assert {one["code"] for one in ended} == {109}
    assert {one["topic"] for one in ended} == {f"many/{n}" for n in range(300)}
    await stay(ann)


@pytest.mark.parametrize("topic", ["vip/a", "vip/*"])
async def test_it_does_not_stand_by_a_ticket_that_is_no_good(ng, table, topic):
    """Its token allows it, too, but the next one does not."""
    wide = {"sub": ["vip/**"]}
    ann = await opened(ng, new(HS, "ann", may=wide), "/ws/claims")
    other = await opened(ng, new(HS, "ann"), "/ws/claims")
    for one in (ann, other):
        await one.sub(topic, since="new", ticket=ticket(old, jti="t"))
    assert await put(table, jti="t", before=cut()) == 0
    assert (await other.next())["topic"] == topic
    await ann.quiet()
    with Http(ng) as http:
        http.publish("vip/a", "seen")
        assert (await ann.next_of("msg"))["text"] == "seen"
        await ann.ok("auth", token=new(HS, "ann"))
        said = await ann.next()
        assert (said["op"], said["topic"]) == ("unsub", topic)
        http.publish("vip/a", "secret")
    await ann.quiet()
    await stay(ann, other)


async def test_once_it_is_removed_the_ticket_is_good_again(ng, table):
    ann = await opened(ng, new(HS, "ann"))
    await put(table, jti="t", before=cut())
    bad = ticket(old, jti="t")
    await ann.fails(103, "sub", topic="vip/back", ticket=bad)
    assert table.remove(jti="t") == 1
    await ann.sub("vip/back", since="new", ticket=bad)
    assert await put(table, jti="u", before=cut()) == 0
    await ann.quiet()
    await stay(ann)
