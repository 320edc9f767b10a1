"""Revocations: which tokens they refuse, where, and what is told."""

import time

import pytest

from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.revocations import (
    Table, cut, new, of_what, old, upgrade, upgrade_there)
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_zone other:8m;
log_format why "$uri $ws_pubsub_token_error";
""", "server": f"""
ws_pubsub_token_key HS256 data:{HS.key};
access_log logs/why.log why;
""", "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "room/**";
    location /ws/optional { ws_pubsub zone=main; ws_pubsub_token optional; }
    location /ws/later { ws_pubsub zone=main; ws_pubsub_token later; }
    location /ws/open { ws_pubsub zone=main; ws_pubsub_token off; }
}
location /plain {
    ws_pubsub zone=main topic=room/plain;
    ws_pubsub_allow_subscribe "room/**";
}
location /other {
    ws_pubsub zone=other;
    ws_pubsub_allow_subscribe "room/**";
}
location /api/ { ws_pubsub_token required; ws_pubsub_api zone=main; }
location /guarded/ { ws_pubsub_token required; ws_pubsub_control zone=main; }
location = /status/guarded {
    ws_pubsub_token required;
    ws_pubsub_status zone=main;
}
location = /gif {
    ws_pubsub_token required;
    ws_pubsub_token_check zone=main;
    empty_gif;
}
location = /gif/optional {
    ws_pubsub_token optional;
    ws_pubsub_token_check zone=main;
    empty_gif;
}
location /checked/ {
    ws_pubsub_token required;
    ws_pubsub_token_check zone=main leeway=1s;
    location = /checked/below { empty_gif; }
}
location = /gif/other {
    ws_pubsub_token required;
    ws_pubsub_token_check zone=other;
    empty_gif;
}
location = /gif/none { ws_pubsub_token required; empty_gif; }
location /first { ws_pubsub_token required; try_files /none /ws; }
location /first/open { ws_pubsub_token required; try_files /none /ws/open; }
location /control/ { ws_pubsub_control zone=main; }
location /control/other/ { ws_pubsub_control zone=other; }
location = /status { ws_pubsub_status zone=main; }
"""}
ENDPOINTS = ["/ws", "/ws/optional", "/ws/later", "/plain", "/first",
             "/first/open"]
OTHERS = {"/api/room/x": 404, "/guarded/sessions": 200,
          "/guarded/revocations": 200, "/status/guarded": 200, "/gif": 200,
          "/gif/optional": 200, "/checked/below": 200}
ELSEWHERE = {"/other": 101, "/gif/other": 200, "/gif/none": 200}


@pytest.fixture
def table(ng):
    one = Table.of(ng)
    yield one
    one.clear()
    one.http.close()


def answer_to(ng, path, token):
    if path in ENDPOINTS or path == "/other":
        return upgrade(ng, path, token, None if path == "/plain"
                       else "json.wspubsub.v1")
    with Http(ng) as http:
        return http.request("GET", path, headers=bearer(token))


def status(ng, token, path="/gif"):
    return answer_to(ng, path, token).status


@pytest.mark.parametrize("record", [
    {"user": "ann"}, {"jti": "t-1"}, {"all": True}], ids=lambda one: [*one][0])
def test_where_they_are_refused(ng, table, record):
    bad, good = (made(HS, "ann", jti="t-1") for made in (old, new))
    places = {**dict.fromkeys(ENDPOINTS, 101), **OTHERS, **ELSEWHERE}
    for path, wanted in places.items():
        assert status(ng, bad, path) == wanted, path
    table.put(before=cut(), **record)
    forged = Issuer("HS256").token("ann")
    for path, wanted in places.items():
        assert status(ng, good, path) == wanted, path
        if path in ELSEWHERE:
            assert status(ng, bad, path) == wanted, path
            continue
        said = [answer_to(ng, path, token) for token in (bad, forged)]
        for one in said:
            one.headers.pop("date")
        assert said[0].status == 401, path
        assert said[0].headers["www-authenticate"] == (
            'Bearer error="invalid_token"')
        assert said[0] == said[1], "it tells why"


@pytest.mark.parametrize("record", [
    {"user": "ann"}, {"jti": "t-1"}, {"all": True}], ids=lambda one: [*one][0])
def test_whom_it_concerns(ng, table, record):
    table.put(before=cut(), **record)
    for claims in ({"sub": "ann"}, {"sub": "bob"}, {"sub": "Ann"},
                   {"sub": "t-1"}, {"jti": "t-1"}, {"jti": "ann"},
                   {"jti": "t-10"}, {"sub": "bob", "jti": "t-1"},
                   {"sub": "ann", "jti": "x"}, {"org": "ann"}):
        kind, = record
        meant = kind == "all" or claims.get(
            {"user": "sub"}.get(kind, kind)) == record[kind]
        for token in (old(HS, **claims), HS.token(**claims)):
            assert status(ng, token) == (401 if meant else 200), claims
        assert status(ng, new(HS, **claims)) == 200, claims


def test_the_edges_of_before(ng, table):
    before = cut()
    table.put(user="ann", before=before)
    for iat, wanted in ((before - 1, 401), (before - 0.5, 401),
                        (before, 200), (before + 0.5, 200)):
        assert status(ng, HS.token("ann", iat=iat)) == wanted, iat
    table.put(user="ann", before=0)
    assert status(ng, HS.token("ann")) == 401
    assert status(ng, HS.token("ann", iat=1)) == 200


def test_now(ng, table):
    """So much as the next full second: what was issued in this one, too."""
    asked = int(time.time())
    tokens = [HS.token("ann", iat=iat) for iat in (asked, time.time())]
    table.put(user="ann")
    answered = int(time.time())
    row, = table.rows()
    assert asked + 1 <= row["before"] <= answered + 1
    for token in tokens:
        assert status(ng, token) == 401
    wait_until("it is later", lambda: time.time() > row["before"])
    assert status(ng, HS.token("ann", iat=row["before"])) == 200


def test_a_time_to_come(ng, table):
    before = int(time.time()) + 30 * 3600
    table.put(user="ann", before=before)
    assert status(ng, HS.token("ann", iat=time.time())) == 401
    row, = table.rows()
    assert row["before"] == before
    assert row["expires"] > before, "it would end before it begins"


def test_a_record_takes_the_place_of_the_same_ones(ng, table):
    now = int(time.time())
    token = HS.token("ann", iat=now - 50, jti="t")
    for record in ({"user": "ann"}, {"jti": "t"}, {"all": True}):
        for before, wanted in ((now - 40, 401), (now - 60, 200)):
            table.put(before=before, **record)
            row, = table.rows()
            assert row["before"] == before
            assert status(ng, token) == wanted
        table.clear()
    # Any of them is enough.
    table.put(user="ann", before=now - 60)
    table.put(jti="t", before=now - 40)
    table.put(all=True, before=now - 60)
    assert status(ng, token) == 401


def test_on_every_worker_at_once(ng, table):
    https = http_on_each_worker(ng)
    for n, http in enumerate(https.values()):
        bad = old(HS, f"user-{n}")
        for one in https.values():
            assert one.request("GET", "/gif", headers=bearer(
                bad)).status == 200
        Table(http).put(user=f"user-{n}", before=cut())
        for one in https.values():
            assert upgrade_there(one, "/ws", bad).status == 401
            assert one.request("GET", "/gif", headers=bearer(
                bad)).status == 401
            assert len(Table(one).rows()) == n + 1
        for one in https.values():
            removed = Table(one).remove(user=f"user-{n}")
            assert removed == (one is next(iter(https.values())))
        for one in https.values():
            assert one.request("GET", "/gif", headers=bearer(
                bad)).status == 200
        Table(http).put(user=f"user-{n}", before=cut())


@pytest.mark.parametrize("jti", [
    5, 1.5, True, None, [], {}, ["x"], "", "x" * 256, "é" * 128],
    ids=lambda one: f"{type(one).__name__}-{one!r:.3}")
async def test_tokens_that_could_not_be_revoked(ng, jti):
    token = new(HS, "ann", jti=jti)
    for path in ("/gif", "/ws", "/plain"):
        assert status(ng, token, path) == 401
    async with await JsonSession.open(
            ng, headers=bearer(new(HS, "ann"))) as ann:
        await ann.fails(101, "auth", token=token)
        await ann.fails(103, "sub", topic="vip", ticket=new(
            HS, topic="vip", jti=jti))
        await ann.sub("vip", ticket=new(HS, topic="vip", jti="x"))


@pytest.mark.parametrize("text", [
    "x", "x" * 255, "é" * 127 + "x", 'a"\\ /?&=+%41:', "all", "user:ann"],
    ids=lambda one: one[:8])
def test_names(ng, table, text):
    for kind, claim in (("user", "sub"), ("jti", "jti")):
        token = old(HS, **{claim: text})
        assert status(ng, token) == 200
        table.put(before=cut(), **{kind: text})
        assert [of_what(row) for row in table.rows()] == [(kind, text)]
        assert status(ng, token) == 401
        assert table.page(after=f"{kind}:{text}")[0] == []
        assert table.remove(**{kind: text}) == 1
        assert table.remove(**{kind: text}) == 0
        assert status(ng, token) == 200


def test_a_name_with_a_zero_is_not_cut_off(ng, table):
    answer = table.send("PUT", {"user": "ann\0x", "before": cut()})
    assert answer.status in (200, 400)
    assert status(ng, old(HS, "ann")) == 200


def test_the_log_knows_why(ng, table):
    bad = old(HS, "eve", jti="secret-id")
    table.put(jti="secret-id", before=cut())
    seen = len(ng.log_text())
    for path in ("/gif", "/ws", "/plain"):
        assert status(ng, bad, path) == 401
    ng.wait_for_log("the token is refused: revoked", start=seen)
    log = ng.prefix / "logs" / "why.log"
    wait_until("all are logged", lambda: {
        "/gif revoked", "/ws revoked", "/plain revoked"} <= set(
            log.read_text().splitlines()))
    for text in (bad, "secret-id"):
        assert text not in ng.log_text()


async def test_in_band(ng, table):
    forged = Issuer("HS256").token("ann")
    bad, good = (made(HS, "ann", jti="t") for made in (old, new))
    for record in ({"user": "ann"}, {"jti": "t"}, {"all": True}):
        table.put(before=cut(), **record)
        said = []
        for token in (bad, forged):
            first = await JsonSession.open(ng, "/ws/later")
            said.append(await first.fails(101, "auth", token=token))
            assert await first.closed() == 3502
        async with await JsonSession.open(ng, "/ws/later") as ann:
            await ann.ok("auth", token=good)
            await ann.sub("room/a")
            for token in (bad, forged):
                said.append(await ann.fails(101, "auth", token=token))
            await ann.ok("auth", token=good)
        assert said[0] == said[1] and said[2] == said[3], "it tells why"
        table.clear()


async def test_tickets(ng, table):
    def all_of(made, **claims):
        return made(HS, topic="vip/*", sub="ann", jti="t", pub=True, **claims)

    forged = Issuer("HS256").token(topic="vip/*")
    bad, good = all_of(old), all_of(new)
    for record in ({"user": "ann"}, {"jti": "t"}, {"all": True}):
        async with await JsonSession.open(
                ng, headers=bearer(new(HS, "ann"))) as ann:
            await ann.sub("vip/held", ticket=good)
            for ticket in (bad, good):
                await ann.ok("get", topic="vip/*", ticket=ticket)
            table.put(before=cut(), **record)
            for op, more in (("sub", {"topic": "vip/b"}),
                             ("get", {"topic": "vip/*"}),
                             ("who", {"topic": "vip/a"}),
                             ("history", {"topic": "vip/a", "last": 1}),
                             ("pub", {"topic": "vip/a", "text": "x"}),
                             ("auth", {"topic": "vip/held"})):
                said = [await ann.fails(103, op, ticket=ticket, **more)
                        for ticket in (bad, forged)]
                assert said[0] == said[1], "it tells why"
            await ann.ok("pub", topic="vip/a", text="y", ticket=good)
            await ann.ok("auth", topic="vip/held", ticket=good)
        table.clear()


def test_who_revokes_himself(ng, table):
    """A control location asks for tokens as others do."""
    guarded = Table(table.http, "/guarded/")
    body = {"all": True, "before": cut()}
    for token in (None, Issuer("HS256").token("root")):
        answer = guarded.send("PUT", body, bearer(token) if token else {})
        assert answer.status == 401
    assert table.rows() == []
    root = bearer(old(HS, "root"))
    assert guarded.send("PUT", body, root).status == 200
    for method, arguments in (("GET", {}), ("DELETE", {"all": 1})):
        assert guarded.send(method, headers=root,
                            **arguments).status == 401
    assert guarded.send("DELETE", headers=bearer(new(HS, "root")),
                        all=1).json() == {"removed": 1}
