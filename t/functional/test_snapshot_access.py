"""ws_pubsub_snapshot: what a zone keeps beside topics: revocations of tokens,
and events that a back end has not taken yet."""

import asyncio
import json
import time

import pytest

from support.backend import Backend
from support.httpc import Http
from support.processes import wait_until
from support.restarts import (
    INTERVAL_S, Slots, again, end, keeping, put_kept, restart)
from support.revocations import Table, cut, new, of_what, old, upgrade
from support.session import JsonSession
from support.tokens import Issuer

HS = Issuer("HS256")
SERVER = f"ws_pubsub_token_key HS256 data:{HS.key};"
LOCATIONS = """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /open/ {
    ws_pubsub_token off;
    location /open/api/ { ws_pubsub_api zone=main; }
    location /open/control/ { ws_pubsub_control zone=main; }
    location = /open/status { ws_pubsub_status zone=main; }
}
"""


def table_of(ng):
    return Table.of(ng, "/open/control/")


def start(kept):
    return kept(server=SERVER, locations=LOCATIONS)


@pytest.mark.parametrize("how", ["quit", "term", "kill"])
def test_a_banned_user_stays_out(kept, how):
    """Over two restarts; others get in."""
    ng = start(kept)
    stamps = Slots(ng).settle()
    users = {name: old(HS, name) for name in ("ann", "bob")}
    jti = new(HS, "cid", jti="id-7")
    table_of(ng).put(user="ann", before=cut())
    table_of(ng).put(jti="id-7", expires=int(time.time()) + 3600)
    rows = table_of(ng).rows()
    Slots(ng).wait_for_change(stamps)
    time.sleep(2 * INTERVAL_S)
    Slots(ng).settle()
    for _ in range(2):
        restart(ng, how)
        assert table_of(ng).rows() == rows
        assert upgrade(ng, "/ws", users["ann"]).status == 401
        assert upgrade(ng, "/ws", jti).status == 401
        assert upgrade(ng, "/ws", users["bob"]).status == 101
        assert upgrade(ng, "/ws", new(HS, "ann")).status == 101


def test_a_revocation_of_all(kept):
    ng = start(kept)
    table_of(ng).put(all=True, before=cut())
    restart(ng)
    assert [of_what(row)[0] for row in table_of(ng).rows()] == ["all"]
    assert upgrade(ng, "/ws", old(HS, "ann")).status == 401
    assert upgrade(ng, "/ws", new(HS, "ann")).status == 101


def test_one_that_was_taken_back_stays_so(kept):
    ng = start(kept)
    table_of(ng).put(user="ann", before=cut())
    restart(ng)
    assert table_of(ng).remove(user="ann") == 1
    restart(ng)
    assert table_of(ng).rows() == []
    assert upgrade(ng, "/ws", old(HS, "ann")).status == 101


def test_names_of_any_length(kept):
    ng = start(kept)
    taken = 0
    for size in (1, 63, 64, 65, 127, 128, 129, 254, 255, 256, 300):
        taken += table_of(ng).send(
            "PUT", {"user": "u" * size, "before": cut()}).status == 200
        taken += table_of(ng).send("PUT", {
            "jti": "j" * size, "expires": int(time.time()) + 900}).status == 200
    rows = table_of(ng).rows()
    assert len(rows) == taken > 4
    restart(ng)
    assert table_of(ng).rows() == rows


# -- events ------------------------------------------------------------------------

EVENTS = """
ws_pubsub_events zone=main sessions publishes=chat/*;
ws_pubsub_topic "$events/**" zone=main history=10000;
"""
EVENT_LOCATIONS = """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
location = /hook { internal; proxy_pass http://127.0.0.1:%d/in; }
"""


class Receiver:
    """A back end that may be down; what it has taken."""

    def __init__(self):
        self.backend = Backend()
        self.port = self.backend.port
        self.bodies = []

    def down(self):
        self.bodies += self._taken()
        self.backend.end()
        self.backend = None

    def up(self):
        self.backend = Backend(self.port)

    def _taken(self):
        return [json.loads(one.body) for one in list(self.backend.asked)
                if one.state == "answered"]

    def numbers(self):
        """Of the publishes, in the order that they came."""
        bodies = self.bodies + (self._taken() if self.backend else [])
        return [int(event["topic"].split("/")[1]) for body in bodies
                if body["topic"] == "$events/publishes"
                for event in body["events"] if event["event"] != "gap"]

    def gaps(self):
        bodies = self.bodies + (self._taken() if self.backend else [])
        return [event for body in bodies for event in body["events"]
                if event["event"] == "gap"]


@pytest.fixture(name="receiver")
def _receiver():
    made = Receiver()
    yield made
    if made.backend:
        made.backend.end()


def start_with(receiver, kept):
    return kept(http=keeping(topics=EVENTS),
                locations=EVENT_LOCATIONS % receiver.port,
                server="ws_pubsub_events_request zone=main /hook delay=0;")


def put(ng, numbers):
    with Http(ng) as http:
        for n in numbers:
            http.put(f"chat/{n}", "x")


@pytest.mark.parametrize("how", ["quit", "term", "kill"])
def test_events_not_taken_yet_come_after_the_restart(kept, receiver, how):
    ng = start_with(receiver, kept)
    put(ng, range(5))
    wait_until("they are taken", lambda: len(receiver.numbers()) >= 5, 30)
    receiver.down()
    put(ng, range(5, 30))
    put_kept(ng, "other")
    restart(ng, how)
    receiver.up()
    wait_until("the others are taken",
               lambda: set(receiver.numbers()) >= set(range(30)), 40)
    numbers = receiver.numbers()
    firsts = [n for at, n in enumerate(numbers) if n not in numbers[:at]]
    assert firsts == list(range(30)), "in order"
    assert receiver.gaps() == []
    put(ng, range(30, 35))
    wait_until("and the next ones",
               lambda: set(receiver.numbers()) >= set(range(35)), 30)
    assert receiver.gaps() == []


def test_events_that_were_taken_come_once(kept, receiver):
    """How far the back end is is kept, too."""
    ng = start_with(receiver, kept)
    put(ng, range(10))
    wait_until("nothing waits", lambda: (
        Http(ng).status()["webhook_lag"] == 0
        and len(receiver.numbers()) == 10), 30)
    restart(ng)
    put(ng, range(10, 13))
    wait_until("the next ones come", lambda: 12 in receiver.numbers(), 30)
    assert receiver.numbers() == list(range(13))


async def test_sessions_that_end_with_nginx_are_told(kept, receiver):
    """Their end is an event of the nginx that ends."""
    ng = start_with(receiver, kept)
    session = await JsonSession.open(ng)
    await asyncio.to_thread(end, ng)
    await session.closed()
    again(ng)

    def kinds():
        return [event["event"] for body in receiver._taken()
                if body["topic"] == "$events/sessions"
                for event in body["events"]]

    await asyncio.to_thread(wait_until, "the close is told",
                            lambda: "close" in kinds(), 30)
    assert kinds()[0] == "open"
