"""Events for back ends: sessions that begin and end, topics that somebody is
subscribed to, what is published; over reloads, killed workers, a full zone."""

import asyncio
import collections
import re
import time

import pytest

from support.fastws import Subscriber
from support.httpc import Http
from support.processes import wait_until
from support.session import JsonSession, connect, sessions_on_each_worker
from support.tokens import Issuer

HS = Issuer("HS256")
EVENTS = """
ws_pubsub_zone main:32m;
ws_pubsub_events zone=main sessions topics=room/** publishes=chat/*;
ws_pubsub_topic "$events/**" zone=main history=100000;
"""
LOCATIONS = f"""
location /ws {{
    ws_pubsub zone=main;
    ws_pubsub_identity $arg_identity;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    add_header X-Worker $pid always;
}}
location /users {{
    ws_pubsub zone=main;
    ws_pubsub_token_key HS256 data:{HS.key};
    ws_pubsub_token later first=1s;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
}}
location /events {{
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "$$events/**";
}}
location /api/ {{ ws_pubsub_api zone=main; }}
location /user-api/ {{
    ws_pubsub_api zone=main;
    ws_pubsub_token_key HS256 data:{HS.key};
    ws_pubsub_token required;
    ws_pubsub_allow_publish "**";
}}
location = /status {{ ws_pubsub_status zone=main; }}
"""
CONFIG = {"http": EVENTS, "locations": LOCATIONS}


def events_of(ng, topic, since=None):
    """All events of `$events/TOPIC`, or those behind a position."""
    found = []
    with Http(ng) as http:
        first = http.get(f"$events/{topic}", "last=1")
        if first.status == 404:
            return found
        epoch = first.json()["items"][0]["epoch"]
        since = since or f"{epoch}.0"
        while True:
            page = http.get(f"$events/{topic}",
                            f"since={since}&limit=1000").json()
            found += [one["data"] for one in page["items"]]
            if not page["more"]:
                return found
            since = f"{epoch}.{page['items'][-1]['seq']}"


def told(ng, topic, count, select=lambda event: True):
    """That many events, once they are there, and no more."""
    found = []

    def there():
        found[:] = [one for one in events_of(ng, topic) if select(one)]
        return len(found) >= count

    wait_until(f"{count} events in {topic}", there, 30, step_s=0.1)
    assert len(found) == count, found
    return found


async def later(*arguments):
    return await asyncio.to_thread(told, *arguments)


def of_identity(who):
    return lambda event: event["identity"] == who


# -- sessions ------------------------------------------------------------------

async def test_open_and_close(ng):
    begun_ms = time.time() * 1000
    session = await JsonSession.open(ng, "/ws?identity=ann")
    opened, = await later(ng, "sessions", 1, of_identity("ann"))
    await session.sub("t")
    await session.pub("t", data=1)
    await session.next_of("msg")
    await session.close()
    again, closed = await later(ng, "sessions", 2, of_identity("ann"))
    assert again == opened
    assert opened.pop("event") == "open" and closed.pop("event") == "close"
    assert begun_ms - 1000 < opened.pop("time") <= closed.pop("time")
    assert closed.pop("code") == 1000
    assert 0 <= closed.pop("duration") < 60000
    assert (closed.pop("in"), closed.pop("out")) == (2, 1)
    assert opened == closed
    assert re.fullmatch("[0-9a-f]{16}", opened.pop("session"))
    assert opened == {
        "user": "", "identity": "ann", "address": "127.0.0.1",
        "endpoint": "/ws", "protocol": "json.wspubsub.v1"}


async def test_a_connection_that_breaks(ng):
    session = await connect(ng, "/ws?identity=broken",
                            subprotocols=["json.wspubsub.v1"])
    await later(ng, "sessions", 1, of_identity("broken"))
    session.transport.abort()
    _, closed = await later(ng, "sessions", 2, of_identity("broken"))
    assert closed["event"] == "close" and closed["code"] == 1006


async def test_a_session_is_told_once_it_is_somebodys(ng):
    def of_user(event):
        return event["user"] == "ann"
    nobody = await JsonSession.open(ng, "/users")
    session = await JsonSession.open(ng, "/users")
    for _ in range(2):
        await session.ok("auth", token=HS.token("ann"))
    opened, = await later(ng, "sessions", 1, of_user)
    assert opened["identity"] == "ann" and opened["endpoint"] == "/users"
    await session.close()
    await later(ng, "sessions", 2, of_user)
    assert await nobody.closed() == 3502
    assert all(event["user"] == "ann" for event in events_of(ng, "sessions")
               if event["endpoint"] == "/users")


async def test_who_may_read_them(ng):
    session = await JsonSession.open(ng, "/events")
    await session.sub("$events/sessions", since="new")
    other = await JsonSession.open(ng, "/ws?identity=seen")
    said = await session.msg()
    assert said["topic"] == "$events/sessions"
    assert said["data"]["identity"] == "seen"
    await other.fails(103, "sub", topic="$events/sessions")
    await other.fails(103, "pub", topic="$events/sessions", data=1)
    for one in session, other:
        await one.close()


async def sessions_that_come_back(ng, count, stop, codes):
    """As clients do it; `codes` gets those that they were closed with."""
    async def live():
        while not stop.is_set():
            ended = asyncio.get_running_loop().create_future()
            try:
                client = await Subscriber.open(
                    ng.port, lambda _: None, ended.set_result)
            except (OSError, asyncio.TimeoutError):
                continue
            waiting = asyncio.ensure_future(stop.wait())
            await asyncio.wait({ended, waiting},
                               timeout=0.5,
                               return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            client.close()
            codes[await ended] += 1
    await asyncio.gather(*(live() for _ in range(count)))


async def test_open_and_close_match_over_reloads(nginx):
    ng = nginx(**CONFIG)
    stop, codes = asyncio.Event(), collections.Counter()
    living = asyncio.ensure_future(
        sessions_that_come_back(ng, 200, stop, codes))
    for _ in range(3):
        await asyncio.sleep(1.5)
        await asyncio.to_thread(ng.reload)
    await asyncio.sleep(1)
    stop.set()
    await asyncio.wait_for(living, 60)
    total = sum(codes.values())
    assert total > 1000
    events = await asyncio.to_thread(
        wait_until, "all are told to have ended", lambda: (
            lambda all_: all_ if sum(
                one["event"] == "close" for one in all_) >= total else None
        )(events_of(ng, "sessions")), 30, 0.5)
    opened = {}
    closed = collections.Counter()
    for event in events:
        if event["event"] == "open":
            assert event["session"] not in opened
            opened[event["session"]] = event
        else:
            opened.pop(event["session"])  # once, and after its open
            closed[event["code"]] += 1
    assert not opened
    assert sum(closed.values()) == total
    # who is closed by both sides at once may see either's code
    assert abs(closed[1001] - codes[1001]) < 100 < closed[1001] + codes[1001]
    assert set(closed) <= {1000, 1001}
    assert Http(ng).status()["events_lost"] == 0


async def test_a_killed_worker(nginx):
    ng = nginx(**CONFIG)
    sessions = await sessions_on_each_worker(ng, "/ws?identity=one")
    await asyncio.to_thread(wait_until, "all others have ended",
                            lambda: len(live_ids(ng)) == len(sessions))
    before = live_ids(ng)
    await asyncio.to_thread(ng.kill_worker, ng.worker_pids()[1])
    closed, = await later(ng, "sessions", 1,
                          lambda event: event.get("code") == 1006)
    assert "in" not in closed and closed["duration"] >= 0
    assert before - live_ids(ng) == {closed["session"]}
    assert len(sessions) == 4
    for one in sessions.values():
        await one.close()


def live_ids(ng):
    """Of sessions that were opened and not closed, as events tell it."""
    ids = set()
    for event in events_of(ng, "sessions"):
        if event["event"] == "open":
            ids.add(event["session"])
        else:
            ids.discard(event["session"])
    return ids


# -- topics --------------------------------------------------------------------

def of_topic(topic):
    return lambda event: event["topic"] == topic


async def test_occupied_and_vacated_once_each(nginx):
    ng = nginx(**CONFIG)
    sessions = list((await sessions_on_each_worker(ng)).values())
    for one in sessions:
        await one.sub("room/1")
        await one.sub("other")
    await sessions[0].sub("room/*")
    for topic in "room/1", "room/2":
        await sessions[0].pub(topic, data=1)
    for topic in "room/1", "room/2":
        event, = await later(ng, "topics", 1, of_topic(topic))
        assert event["event"] == "occupied" and event["time"]
    await asyncio.to_thread(ng.reload)
    for one in sessions:
        await one.closed()
    back = await JsonSession.open(ng)
    await back.sub("room/*")
    await back.sub("room/1")
    await back.ok("unsub", topic="room/1")
    # by the selector it has both; a time that would tell of the reload passes
    await asyncio.sleep(7)
    assert [one["event"] for one in events_of(ng, "topics")] == ["occupied"] * 2
    await back.close()
    for topic in "room/1", "room/2":
        events = await later(ng, "topics", 2, of_topic(topic))
        assert [one["event"] for one in events] == ["occupied", "vacated"]
    again = await JsonSession.open(ng)
    await again.sub("room/1")
    events = await later(ng, "topics", 3, of_topic("room/1"))
    assert events[-1]["event"] == "occupied"
    await again.close()


async def test_a_killed_worker_vacates(nginx):
    ng = nginx(**CONFIG)
    session = await JsonSession.open(ng)
    await session.sub("room/1")
    await later(ng, "topics", 1)
    await asyncio.to_thread(ng.kill_worker, session.worker)
    await session.closed()
    events = await later(ng, "topics", 2)
    assert events[-1]["event"] == "vacated"


# -- publishes -----------------------------------------------------------------

async def test_publishes(ng):
    assert events_of(ng, "publishes") == []
    session = await JsonSession.open(ng, "/ws?identity=ann")
    at = await session.pub("chat/1", text="hello")
    await session.pub("news", text="hello")
    of_ann, = await later(ng, "publishes", 1)
    assert of_ann.pop("time") > 0
    assert of_ann.pop("session") in live_ids(ng)
    assert of_ann == {"event": "publish", "topic": "chat/1", "size": 5,
                      "user": "", "identity": "ann", **at}
    await session.close()
    user = await JsonSession.open(ng, "/users")
    await user.ok("auth", token=HS.token("bob"))
    await user.pub("chat/1", data={"a": 1})
    await user.close()
    http = Http(ng)
    http.put("chat/2", "xy")
    http.put("chat/2", "xyz", Idempotency_Key="k")
    http.put("chat/2", "xyz", Idempotency_Key="k")
    http.delete("chat/2")
    Http(ng, api="/user-api/").publish(
        "chat/3", "z", Authorization="Bearer " + HS.token("eve"))
    events = await later(ng, "publishes", 5)
    assert [(one["user"], one["identity"], one["size"], bool(one["session"]))
            for one in events[1:]] == [
                ("bob", "bob", 8, True), ("", "", 2, False),
                ("", "", 3, False), ("eve", "eve", 1, False)]


# -- what has no room, or is not asked for ---------------------------------------

async def test_lost_in_a_full_zone(nginx):
    """A zone that clients have filled has no room for records."""
    ng = nginx(http=EVENTS.replace("main:32m", "main:1m subscribers=1%"),
               locations=LOCATIONS, workers=1)
    sessions = []
    http = Http(ng)
    while http.status()["events_lost"] == 0:
        sessions.append(await JsonSession.open(ng))
        assert len(sessions) < 500
    lost = http.status()["events_lost"]
    for one in sessions:
        await one.close()
    wait_until("all have ended", lambda: http.status()["sessions"] == 0)
    assert http.status()["events_lost"] == 2 * lost
    async with await JsonSession.open(ng):
        pass
    events = await later(ng, "sessions", 2 * len(sessions) - 2 * lost + 2)
    assert sum(one.get("lost", 0) for one in events) == 2 * lost


async def test_nothing_is_told_unasked(nginx):
    ng = nginx(http="ws_pubsub_zone main:8m;", locations=LOCATIONS)
    async with await JsonSession.open(ng) as session:
        await session.sub("room/1")
        await session.pub("chat/1", data=1)
    with Http(ng) as http:
        for topic in "sessions", "topics", "publishes":
            assert http.get(f"$events/{topic}").status == 404
        assert http.status()["events_lost"] == 0


async def test_told_from_a_reload_on_and_no_more(nginx):
    ng = nginx(http="ws_pubsub_zone main:32m;", locations=LOCATIONS)
    session = await JsonSession.open(ng)
    await asyncio.to_thread(ng.reload, http=EVENTS)
    assert await session.closed() == 1001
    session = await JsonSession.open(ng)
    await later(ng, "sessions", 1)
    await asyncio.to_thread(ng.reload, http="ws_pubsub_zone main:32m;")
    assert await session.closed() == 1001
    await later(ng, "sessions", 2)
    async with await JsonSession.open(ng):
        pass
    assert len(events_of(ng, "sessions")) == 2


@pytest.mark.parametrize("line,said", [
    ("zone=main", "invalid number of arguments"),
    ("sessions topics=a", 'needs "zone="'),
    ("zone=main all", 'invalid parameter "all"'),
    ("zone=main sessions sessions", "invalid parameter"),
    ("zone=main topics=a topics=b", "invalid parameter"),
    ("zone=main topics=$events/**", "invalid parameter"),
    ("zone=main publishes=a/**/b", "invalid parameter"),
    ("zone=other sessions", 'zone "other" is not defined'),
])
def test_bad_directives(make_nginx, line, said):
    ng = make_nginx(http=f"ws_pubsub_zone main:8m; ws_pubsub_events {line};")
    ng.allow(r"\[emerg\]")
    accepted, text = ng.test_config()
    assert not accepted and said in text, text


def test_twice(make_nginx):
    ng = make_nginx(http="ws_pubsub_zone main:8m;"
                    "ws_pubsub_events zone=main sessions;"
                    "ws_pubsub_events zone=main topics=**;")
    ng.allow(r"\[emerg\]")
    accepted, text = ng.test_config()
    assert not accepted and "is duplicate for its zone" in text, text
