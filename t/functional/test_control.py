"""Control of live sessions: lists, closing, ending subscriptions, by orders to
all workers of the zone."""

import asyncio
import json
import os
import signal
import time
import urllib.parse

import pytest

from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.session import JsonSession, sessions_on_each_worker
from support.tokens import Issuer

HS = Issuer("HS256")
LOCATIONS = f"""
location /ws {{
    ws_pubsub zone=main;
    ws_pubsub_identity $arg_identity;
    ws_pubsub_allow_subscribe "**";
    add_header X-Worker $pid always;
}}
location /users {{
    ws_pubsub zone=main;
    ws_pubsub_token_key HS256 data:{HS.key};
    ws_pubsub_allow_subscribe "**";
    add_header X-Worker $pid always;
    add_header X-Session $ws_pubsub_session always;
}}
location /plain {{
    ws_pubsub zone=main topic=plain;
    ws_pubsub_token_key HS256 data:{HS.key};
    ws_pubsub_allow_subscribe "**";
}}
location /control/ {{ ws_pubsub_control zone=main; }}
location /api/ {{ ws_pubsub_api zone=main; }}
"""


@pytest.fixture(scope="module")
def ng(module_nginx):
    return module_nginx(locations=LOCATIONS)


def control(http, method, path="sessions", body=None, **arguments):
    query = urllib.parse.urlencode(arguments)
    headers = {}
    if body is not None:
        body, headers = json.dumps(body), {"Content-Type": "application/json"}
    return http.request(method, f"/control/{path}" + (query and "?" + query),
                        body, headers)


def sessions_of(http, **arguments):
    answer = control(http, "GET", **arguments)
    assert answer.status == 200, answer
    return answer.json()


def user_path(user, endpoint="/users"):
    return f"{endpoint}?token={HS.token(user)}"


async def close_all(sessions):
    for one in sessions:
        await one.close()


async def ended(session):
    """What the server said at last, and its code."""
    said = last = await session.next()
    while said is not None:
        last, said = said, await session.next()
    return last, await session.closed()


# -- what it does --------------------------------------------------------------

async def test_each_worker_reaches_the_sessions_of_all(ng):
    for pid, http in http_on_each_worker(ng).items():
        who = f"u{pid}"
        sessions = await sessions_on_each_worker(ng, user_path(who))
        other = await JsonSession.open(ng, user_path("other"))
        listed = await asyncio.to_thread(sessions_of, http, user=who)
        assert {row["worker"] for row in listed["sessions"]} == set(
            ng.worker_pids())
        answer = await asyncio.to_thread(
            control, http, "DELETE", user=who, reason="out")
        assert (answer.status, answer.json()) == (
            200, {"closed": len(sessions)})
        for one in sessions.values():
            bye, code = await ended(one)
            assert code == 3503
            assert bye["op"] == "bye" and bye["code"] == 3503, bye
            assert bye["reason"] == "out"
        await other.ping()
        await other.close()


async def test_a_session_of_the_list(ng):
    path = user_path("ann")
    began = time.time()
    one = await JsonSession.open(ng, path)
    await one.sub("a/*", rate=10)
    await one.sub("b")
    with Http(ng) as http:
        row, = sessions_of(http, user="ann")["sessions"]
        ident = one.response_headers["X-Session"]
        assert row["id"] == ident and len(ident) == 16
        assert (row["endpoint"], row["address"]) == ("/users", "127.0.0.1")
        assert row["protocol"] == "json.wspubsub.v1"
        assert row["user"] == "ann" and row["worker"] == one.worker
        assert abs(row["since"] - began) < 5
        assert row["expires"] > began + 500
        assert (row["subscriptions"], row["in"]) == (2, 2)
        assert control(http, "GET", "sessions/" + ident).json() == row
        answer = control(http, "GET", f"sessions/{ident}/subscriptions")
        assert answer.json() == {
            "subscriptions": [
                {"topic": "a/*", "interval": 100, "delta": False},
                {"topic": "b", "interval": 0, "delta": False}],
            "more": False, "missing": []}
        answer = control(http, "DELETE", "sessions/" + ident, code=4000)
        assert (answer.status, answer.json()) == (200, {"closed": 1})
        assert (await ended(one))[1] == 4000
        for method, more in (("GET", ""), ("DELETE", ""),
                             ("GET", "/subscriptions")):
            answer = control(http, method, f"sessions/{ident}{more}")
            assert answer.status == 404 and answer.error_code() == 102


async def test_pages(ng):
    all_of_them = [await JsonSession.open(ng, "/ws?identity=pages")
                   for _ in range(25)]
    with Http(ng) as http:
        whole = sessions_of(http, identity="pages")
        assert not whole["more"] and whole["missing"] == []
        ids = [row["id"] for row in whole["sessions"]]
        assert len(ids) == 25 and ids == sorted(set(ids))
        got, after = [], {}
        while True:
            page = sessions_of(http, identity="pages", limit=4, **after)
            assert 0 < len(page["sessions"]) <= 4
            got += [row["id"] for row in page["sessions"]]
            after = {"after": got[-1]}
            if not page["more"]:
                break
        assert got == ids
        assert control(http, "HEAD").status == 200
    await close_all(all_of_them)


async def test_filters(ng):
    one = await JsonSession.open(ng, "/ws?identity=f1")
    two = await JsonSession.open(ng, user_path("f2"))
    await one.sub("room/7")
    await two.sub("room/*")
    with Http(ng) as http:
        for arguments, count in (
                ({"identity": "f1"}, 1), ({"user": "f2"}, 1),
                ({"topic": "room/7"}, 1), ({"topic": "room/*"}, 1),
                ({"topic": "room/8"}, 0),
                ({"endpoint": "/users", "user": "f2"}, 1),
                ({"endpoint": "/ws", "user": "f2"}, 0),
                ({"identity": "f1", "topic": "room/*"}, 0)):
            listed = sessions_of(http, **arguments)["sessions"]
            assert len(listed) == count, (arguments, listed)
        answer = control(http, "DELETE", topic="room/7", code=1008)
        assert answer.json() == {"closed": 1}
        assert (await ended(one))[1] == 1008
        await two.ping()
        answer = control(http, "DELETE", all=1, code=1001)
        assert answer.json()["closed"] >= 1
        assert (await ended(two))[1] == 1001


async def test_plain_endpoint(ng):
    """A session without words of its own, known by its token's user."""
    one = await JsonSession.open(ng, user_path("plain", "/plain"))
    with Http(ng) as http:
        row, = sessions_of(http, user="plain")["sessions"]
        assert row["endpoint"] == "/plain" and row["subscriptions"] == 1
        assert control(http, "DELETE", user="plain").json() == {"closed": 1}
        assert await one.closed() == 3503


async def test_unsubscribe(ng):
    sessions = await sessions_on_each_worker(ng, user_path("un"))
    other = await JsonSession.open(ng, "/ws?identity=un")
    for one in (*sessions.values(), other):
        for topic in ("room/7", "room/*", "**", "a"):
            await one.sub(topic)
    with Http(ng) as http:
        answer = control(http, "POST", "sessions/unsubscribe",
                         {"user": "un", "topic": "room/**"})
        assert (answer.status, answer.json()) == (
            200, {"unsubscribed": 2 * len(sessions)})
        for one in sessions.values():
            told = [await one.next_of("unsub") for _ in range(2)]
            assert {said["topic"] for said in told} == {"room/7", "room/*"}
            assert {said["error"]["code"] if "error" in said else said["code"]
                    for said in told} == {103}
        await other.quiet()
        ident = sessions_of(http, identity="un")["sessions"][0]["id"]
        path = f"sessions/{ident}/unsubscribe"
        assert control(http, "POST", path, {"topic": "a"}).json() == {
            "unsubscribed": 1}
        assert control(http, "POST", path, {"topic": "a"}).json() == {
            "unsubscribed": 0}
        assert control(http, "POST", "sessions/0123456789abcdef/unsubscribe",
                       {"topic": "a"}).status == 404
    await close_all([*sessions.values(), other])


def test_what_is_refused(ng):
    with Http(ng) as http:
        for method, path, arguments in (
                ("DELETE", "sessions", {}),
                ("DELETE", "sessions", {"code": 3503}),
                ("DELETE", "sessions", {"user": ""}),
                ("DELETE", "sessions", {"all": 2}),
                ("DELETE", "sessions", {"user": "x", "code": 1002}),
                ("DELETE", "sessions", {"user": "x", "code": 2999}),
                ("DELETE", "sessions", {"user": "x", "code": 5000}),
                ("DELETE", "sessions", {"user": "x", "reason": "x" * 124}),
                ("DELETE", "sessions", {"user": "x", "topic": "a//b"}),
                ("GET", "sessions", {"limit": 0}),
                ("GET", "sessions", {"limit": 1001}),
                ("GET", "sessions", {"after": "x"})):
            answer = control(http, method, path, **arguments)
            assert answer.status == 400, (arguments, answer)
            assert answer.error_code() == 107
        for body in ({"topic": "a"}, {"user": "x"}, {"user": 5, "topic": "a"},
                     {"user": "x", "topic": "a//b"}, [], "x"):
            answer = control(http, "POST", "sessions/unsubscribe", body)
            assert (answer.status, answer.error_code()) == (400, 107), body
        for method, path, allowed in (
                ("POST", "sessions", "GET, HEAD, DELETE"),
                ("PUT", "sessions/0123456789abcdef", "GET, HEAD, DELETE"),
                ("DELETE", "sessions/0123456789abcdef/subscriptions",
                 "GET, HEAD"),
                ("GET", "sessions/unsubscribe", "POST")):
            answer = control(http, method, path)
            assert (answer.status, answer.error_code()) == (405, 104), path
            assert answer.headers["allow"] == allowed
        for path in ("", "sessions/", "sessions/x", "other",
                     "sessions/0123456789abcdef/x"):
            answer = control(http, "GET", path)
            assert (answer.status, answer.error_code()) == (404, 102), path
        answer = http.request(
            "DELETE", "/control/sessions?all=1",
            headers={"Origin": "https://elsewhere.example"})
        assert (answer.status, answer.error_code()) == (403, 103)


# -- workers that do not answer ------------------------------------------------

async def test_a_worker_that_hangs(nginx):
    ng = nginx(locations=LOCATIONS)
    sessions = await sessions_on_each_worker(ng, "/ws?identity=hang")
    https = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    http = next(one for pid, one in https.items() if pid != victim)
    hidden, = (row["id"] for row in sessions_of(http)["sessions"]
               if row["worker"] == victim)
    os.kill(victim, signal.SIGSTOP)
    try:
        began = time.monotonic()
        listed = sessions_of(http)
        assert 0.9 < time.monotonic() - began < 3
        assert listed["missing"] == [victim]
        assert {row["worker"] for row in listed["sessions"]} == (
            set(sessions) - {victim})
        assert control(http, "GET", "sessions/" + hidden).status == 503
        answer = control(http, "DELETE", "sessions/" + hidden, code=4002)
        assert (answer.status, answer.json()) == (
            202, {"closed": 0, "missing": [victim]})
        answer = control(http, "DELETE", identity="hang")
        assert (answer.status, answer.json()) == (
            202, {"closed": 3, "missing": [victim]})
        assert sessions[victim].ws.close_code is None
    finally:
        os.kill(victim, signal.SIGCONT)
    for pid, one in sessions.items():
        assert (await ended(one))[1] == (4002 if pid == victim else 3503)
    assert sessions_of(http) == {"sessions": [], "more": False, "missing": []}


async def test_a_worker_that_was_killed(nginx):
    """Nobody waits for it, and no order stays for it."""
    ng = nginx(locations=LOCATIONS)
    sessions = await sessions_on_each_worker(ng, "/ws?identity=kill")
    https = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    http = next(one for pid, one in https.items() if pid != victim)
    await asyncio.to_thread(ng.kill_worker, victim)
    answer = control(http, "DELETE", identity="kill")
    assert (answer.status, answer.json()) == (200, {"closed": 3})
    for pid, one in sessions.items():
        if pid != victim:
            assert (await ended(one))[1] == 3503


async def test_a_worker_that_dies_while_it_is_waited_for(nginx):
    ng = nginx(locations=LOCATIONS)
    sessions = await sessions_on_each_worker(ng, "/ws?identity=dies")
    https = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    http = next(one for pid, one in https.items() if pid != victim)
    os.kill(victim, signal.SIGSTOP)
    waiting = asyncio.ensure_future(asyncio.to_thread(
        control, http, "DELETE", identity="dies"))
    await asyncio.sleep(0.2)
    await asyncio.to_thread(ng.kill_worker, victim, False)
    answer = await waiting
    assert (answer.status, answer.json()) == (200, {"closed": 3})
    for pid, one in sessions.items():
        if pid != victim:
            assert (await ended(one))[1] == 3503


async def test_reload(nginx):
    """Old workers, too, carry out what is ordered."""
    ng = nginx(locations=LOCATIONS)
    one = await JsonSession.open(ng, "/ws?identity=old")
    await asyncio.to_thread(ng.reload)
    two = await JsonSession.open(ng, "/ws?identity=new")
    with Http(ng) as http:
        assert control(http, "DELETE", identity="new").json() == {"closed": 1}
    assert (await ended(two))[1] == 3503
    assert (await ended(one))[1] == 1001


async def test_a_client_that_leaves(nginx):
    """Its order goes on; nothing of its request is left."""
    ng = nginx(locations=LOCATIONS)
    sessions = await sessions_on_each_worker(ng, "/ws?identity=leave")
    https = http_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    asks = next(one for pid, one in https.items() if pid != victim)
    os.kill(victim, signal.SIGSTOP)
    try:
        asks.connection.request("DELETE", "/control/sessions?identity=leave")
        await asyncio.sleep(0.2)
        asks.close()
        await asyncio.sleep(0.2)
    finally:
        os.kill(victim, signal.SIGCONT)
    for one in sessions.values():
        assert (await ended(one))[1] == 3503
    with Http(ng) as http:
        assert sessions_of(http)["missing"] == []


async def test_ids_of_lists_and_logs(nginx):
    """A session that nobody has asked for its id before has one in a list, and
    the same in the access log; and the other way round."""
    log = "log_format ids '$uri $ws_pubsub_session';"
    ng = nginx(http="ws_pubsub_zone main:8m;" + log,
               locations=LOCATIONS + """
        location /logged {
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe "**";
            access_log @PREFIX@/logs/ids.log ids;
        }
        location /early {
            ws_pubsub zone=main;
            ws_pubsub_log_at connect;
            ws_pubsub_allow_subscribe "**";
            access_log @PREFIX@/logs/ids.log ids;
        }""")
    sessions = [await JsonSession.open(ng, path)
                for path in ("/logged", "/early", "/logged", "/early")]
    with Http(ng) as http:
        rows = sessions_of(http)["sessions"]
    ids = {row["id"] for row in rows}
    assert len(ids) == 4
    await close_all(sessions)
    path = ng.prefix / "logs" / "ids.log"
    wait_until("all are logged",
               lambda: len(path.read_text().splitlines()) == 4)
    logged = [line.split() for line in path.read_text().splitlines()]
    assert {ident for _, ident in logged} == ids, (logged, rows)


async def test_many_sessions_take_turns(nginx):
    """More than one turn goes through; each is closed once."""
    ng = nginx(locations=LOCATIONS, workers=1, connections=8192,
               main="worker_rlimit_nofile 16384;")
    count = 2500
    sessions = []
    for _ in range(count // 50):
        sessions += await asyncio.gather(*(
            JsonSession.open(ng, "/ws?identity=many") for _ in range(50)))
    with Http(ng) as http:
        page = sessions_of(http, identity="many", limit=1000)
        assert len(page["sessions"]) > 100 and page["more"]
        answer = control(http, "DELETE", identity="many")
        assert (answer.status, answer.json()) == (200, {"closed": count})
    for one in sessions:
        assert await one.closed() == 3503


async def test_a_worker_that_missed_orders(nginx):
    """More orders than the zone keeps: it can't know what they were about."""
    ng = nginx(locations=LOCATIONS)
    sessions = await sessions_on_each_worker(ng)
    victim = ng.worker_pids()[0]
    https = []
    while len(https) < 12:
        http = Http(ng)
        if int(http.request("GET", "/pid").body) == victim:
            http.close()
        else:
            https.append(http)
    os.kill(victim, signal.SIGSTOP)
    try:
        for _ in range(5):
            for http in https:
                http.connection.request(
                    "DELETE", "/control/sessions?user=" + "x" * 7000)
            for http in https:
                answer = http.connection.getresponse()
                assert answer.status == 202
                assert json.loads(answer.read()) == {
                    "closed": 0, "missing": [victim]}
    finally:
        os.kill(victim, signal.SIGCONT)
    bye, code = await ended(sessions[victim])
    assert (bye["reason"], code) == ("orders were missed", 1001)
    ng.wait_for_log("orders of control were missed")
    for pid, one in sessions.items():
        if pid != victim:
            await one.ping()
            await one.close()
    assert sessions_of(https[0]) == {
        "sessions": [], "more": False, "missing": []}
