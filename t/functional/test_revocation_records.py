"""The records of revocations: written, listed page by page, removed; and
what is refused."""

import json
import random
import time

import pytest

from support.httpc import http_on_each_worker
from support.revocations import (
    Table, after, cut, of_what, old, put_users, upgrade)
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
DAY_S = 24 * 3600
CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_zone other:8m;
""", "locations": """
location /control/ { ws_pubsub_control zone=main; }
location /control/other/ { ws_pubsub_control zone=other; }
location = /status { ws_pubsub_status zone=main; }
"""}


@pytest.fixture
def table(ng):
    one = Table.of(ng)
    yield one
    one.clear()
    one.http.close()


def test_the_list(table):
    assert table.page() == ([], False)
    began = int(time.time())
    users = ["Z", "a", "aa", "b", "all", "é", "x:y", "jti:x"]
    for name in users:
        table.put(user=name, before=5)
        table.put(jti=name, before=6)
    table.put(all=True, before=7)
    ended = int(time.time())
    rows, more = table.page()
    assert not more
    assert [(*of_what(row), row["before"]) for row in rows] == [
        ("all", None, 7), *(("user", name, 5) for name in sorted(users)),
        *(("jti", name, 6) for name in sorted(users))]
    for row in rows:  # a second more or less, by where it began
        assert began + DAY_S - 1 <= row["expires"] <= ended + DAY_S + 2
    for size in (1, 4, 17, 1000):
        walked, more, arguments = [], True, {}
        while more:
            page, more = table.page(limit=size, **arguments)
            assert len(page) == size or not more
            walked += page
            arguments = {"after": after(page[-1])}
        assert [of_what(row) for row in walked] == [
            of_what(row) for row in rows]
    # What it is to be after need not be there.
    assert of_what(table.page(after="user:ab")[0][0]) == ("user", "all")
    assert of_what(table.page(after="jti:ab", limit=1)[0][0]) == ("jti", "all")
    assert of_what(table.page(after="user:" + "\uffff")[0][0]) == ("jti", "Z")
    assert table.remove(all=1) == 1 and table.remove(all=1) == 0
    assert of_what(table.page(after="all")[0][0]) == ("user", "Z")
    assert len(table.rows()) == 2 * len(users)
    assert Table(table.http, "/control/other/").rows() == []


def test_a_page_of_long_names(table):
    """Six bytes of JSON for each of theirs."""
    names = [f"{n:04}" + "\x01" * 251 for n in range(1000)]
    for name in names:
        table.put(jti=name, before=5)
    rows, more = table.page(limit=1000)
    assert [row["jti"] for row in rows] == names and not more
    assert len(table.page()[0]) <= 1000
    rows, more = table.page(limit=999, after="jti:" + names[0])
    assert [row["jti"] for row in rows] == names[1:] and not more


def test_many_written_and_removed(ng, table):
    """By all workers in turn; what is there is what was left there."""
    tables = [Table(http) for http in http_on_each_worker(ng).values()]
    chance, wanted = random.Random(7), {}
    for n in range(3000):
        kind = chance.choice(("user", "jti"))
        name = str(chance.randrange(300)) * chance.choice((1, 1, 60))
        one = tables[n % len(tables)]
        if chance.random() < 0.6:
            wanted[kind, name] = n
            one.put(before=n, **{kind: name})
        else:
            removed = wanted.pop((kind, name), None) is not None
            assert one.remove(**{kind: name}) == removed
    for one in tables:
        rows = one.rows()
        assert {of_what(row): row["before"] for row in rows} == wanted
        assert [of_what(row) for row in rows] == sorted(
            wanted, key=lambda key: (key[0] == "jti", key[1]))
        assert one.http.status()["revocations"] == len(wanted)
        one.http.close()


def test_names_as_they_are_escaped(table):
    table.put(user="zoë", before=5)
    for body in ('{"user":"zo\\u00eb","before":6}',
                 '{"user":"zoë","before":6}', ' {"before":6,"user":"zoë"}\n'):
        assert table.send("PUT", body).status == 200
        row, = table.rows()
        assert (row["user"], row["before"]) == ("zoë", 6)
    answer = table.http.request(
        "DELETE", "/control/revocations?user=zo%c3%AB")
    assert answer.json() == {"removed": 1}


def test_a_body_in_chunks(table):
    text = json.dumps({"user": "ann", "before": cut()}).encode()
    answer = table.http.request(
        "PUT", "/control/revocations", iter([text[:3], text[3:]]),
        {"Content-Type": "application/json"}, encode_chunked=True)
    assert answer.status in (200, 411), answer
    assert len(table.rows()) == (answer.status == 200)


def test_what_is_refused(table):
    table.put(user="kept", before=5)
    for body in (None, "", "x", "[]", "null", '"ann"', "{", {}, {"before": 5},
                 {"user": "ann", "jti": "x"}, {"user": "ann", "all": True},
                 {"user": "ann", "jti": "x", "all": True},
                 {"user": ""}, {"user": "x" * 256}, {"user": "é" * 128},
                 {"user": 5}, {"user": True}, {"user": ["ann"]},
                 {"user": None}, {"jti": ""}, {"jti": "x" * 256},
                 {"jti": 5}, {"jti": None}, {"all": False}, {"all": 1},
                 {"all": "true"}, {"all": None},
                 b'{"user":"\xff"}', b'{"jti":"a\xc3"}', '{"user":"\\ud800"}',
                 *({"user": "ann", "before": before} for before in (
                     -1, 1.5, "5", True, None, [5], {})),
                 '{"user":"ann","before":1e400}',
                 '{"user":"ann","before":99999999999999999999}'):
        answer = table.send("PUT", body)
        assert (answer.status, answer.error_code()) == (400, 107), body
    for method, arguments in (
            ("DELETE", {}), ("DELETE", {"all": 0}), ("DELETE", {"all": 2}),
            ("DELETE", {"all": "true"}), ("DELETE", {"user": "x", "jti": "x"}),
            ("DELETE", {"user": "x", "all": 1}),
            ("DELETE", {"jti": "x", "all": 1}),
            ("GET", {"limit": 0}), ("GET", {"limit": 1001}),
            ("GET", {"limit": "x"}), ("GET", {"limit": ""}),
            ("GET", {"limit": -1}), ("GET", {"after": "x"}),
            ("GET", {"after": "kept"}), ("GET", {"after": "users:x"})):
        answer = table.send(method, **arguments)
        assert (answer.status, answer.error_code()) == (400, 107), (
            method, arguments)
    assert [of_what(row) for row in table.rows()] == [("user", "kept")]


@pytest.mark.parametrize("text", ["", "x" * 256, "é" * 128, b"\xff"],
                         ids=["empty", "long", "long-too", "no-utf-8"])
def test_removing_what_no_record_can_be_of(table, text):
    for kind in ("user", "jti"):
        answer = table.send("DELETE", **{kind: text})
        assert (answer.status, answer.error_code()) == (400, 107)


def test_other_methods(table):
    head = table.send("HEAD")
    for method in ("POST", "PATCH", "OPTIONS"):
        answer = table.send(method, {"user": "ann"})
        assert (answer.status, answer.error_code()) == (405, 104), method
        allowed = set(answer.headers["allow"].split(", "))
        assert {"GET", "PUT", "DELETE"} <= allowed <= {
            "GET", "HEAD", "PUT", "DELETE"}
        assert head.status == (200 if "HEAD" in allowed else 405)
    for what in ("revocations/", "revocations/x", "revocation"):
        assert table.send("GET", what=what).status == 404
    assert table.rows() == []


def test_pages_of_other_sites(table):
    table.put(user="kept", before=5)
    origin = {"Origin": "https://elsewhere.example"}
    for method, body, arguments in (
            ("PUT", {"all": True}, {}), ("DELETE", None, {"user": "kept"})):
        answer = table.send(method, body, origin, **arguments)
        assert (answer.status, answer.error_code()) == (403, 103)
    assert [of_what(row) for row in table.rows()] == [("user", "kept")]


def test_the_status_page(table):
    def figure():
        return table.http.status()["revocations"]

    assert figure() == 0
    table.put(user="ann")
    table.put(user="ann", before=7)
    table.put(jti="ann")
    table.put(all=True)
    Table(table.http, "/control/other/").put(user="bob")
    assert figure() == 3
    text = table.http.request("GET", "/status?format=text").body
    assert b"revocations 3" in text.splitlines()
    text = table.http.request("GET", "/status?format=prometheus").body
    assert b'ws_pubsub_revocations{zone="main"} 3' in text.splitlines()
    table.remove(all=1)
    table.remove(user="nobody")
    assert figure() == 2
    Table(table.http, "/control/other/").clear()


# -- a full table -------------------------------------------------------------

async def test_a_full_table(nginx):
    ng = nginx(workers=1, http="ws_pubsub_zone main:64m;",
               server=f"ws_pubsub_token_key HS256 data:{HS.key};",
               locations="""
        location /ws { ws_pubsub zone=main; ws_pubsub_allow_subscribe "**"; }
        location /control/ { ws_pubsub_control zone=main; }
        location = /status { ws_pubsub_status zone=main; }
        """)
    table, limit = Table.of(ng), 10_000
    put_users(ng, limit)
    assert table.http.status()["revocations"] == limit
    assert [row["user"] for row in table.rows()] == [
        f"u{n:05}" for n in range(limit)]
    ann = await JsonSession.open(ng, headers=bearer(old(HS, "ann", jti="t")))
    for record in ({"user": "ann"}, {"jti": "t"}, {"all": True}):
        answer = table.send("PUT", {"before": cut(), **record})
        assert answer.status == 507 and answer.error_code() == 108
    await ann.ping()
    assert upgrade(ng, "/ws", old(HS, "ann", jti="t")).status == 101
    assert table.http.status()["revocations"] == limit
    # Those that are there can be others.
    table.put(user="u00007", before=cut())
    assert upgrade(ng, "/ws", old(HS, "u00007")).status == 401
    assert table.remove(user="u00009") == 1
    assert table.put(user="ann", before=cut()) == 1
    assert await ann.closed() == 3005
    assert table.send("PUT", {"user": "bob"}).status == 507
    assert table.http.status()["revocations"] == limit


def full_of_records(nginx):
    """A zone that values have filled first, and what a control location has
    answered: (nginx, Table, the users of the answers 200, other answers)."""
    ng = nginx(workers=2, http="ws_pubsub_zone main:1m;",
               server=f"ws_pubsub_token_key HS256 data:{HS.key};",
               locations="""
        location /ws { ws_pubsub zone=main; ws_pubsub_allow_subscribe "**"; }
        location /api/ { ws_pubsub_api zone=main; }
        location /control/ { ws_pubsub_control zone=main; }
        """)
    table, done, refused = Table.of(ng), [], []
    for n in range(3000):
        if table.http.publish(f"a/{n}", "x" * 1000).status == 507:
            break
    for size in (200, 100, 50, 1) * 3:
        while True:
            name = f"u{len(done) + len(refused):05}" + "x" * size
            answer = table.send("PUT", {"user": name, "before": cut()})
            if answer.status != 200:
                break
            done.append(name)
        refused.append(answer)
    return ng, table, done, refused


def test_a_zone_without_room(nginx):
    """Where there is none for values, records find some still."""
    ng, table, done, refused = full_of_records(nginx)
    assert len(done) > 100
    for name in (done[0], done[-1]):
        assert upgrade(ng, "/ws", old(HS, name)).status == 401
    for n in range(100):
        table.http.publish(f"b/{n}", "x" * 1000)
    assert {row["user"] for row in table.rows()} >= set(done)
    # No worker hangs, so that none is 202; and they have revoked nothing.
    assert {one.status for one in refused} == {507}
    assert [row["user"] for row in table.rows()] == done


def test_records_leave_room_for_other_orders(nginx):
    _, table, _, _ = full_of_records(nginx)
    answer = table.send("DELETE", what="sessions", user="nobody")
    assert (answer.status, answer.json()) == (200, {"closed": 0})
    assert table.sessions() == []
