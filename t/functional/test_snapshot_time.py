"""ws_pubsub_snapshot: time goes on while nginx is down: for ttl, idle topics
and idempotency keys."""

import asyncio
import time

import pytest

from support.clock import Clock
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.restarts import (
    INTERVAL_S, Slots, again, at, end, keeping, kill_all, put_kept, restart,
    resumed, since, topics_of)
from support.session import JsonSession

TOPICS = """
ws_pubsub_topic "short/**" zone=main ttl=2s history=100;
ws_pubsub_topic "hour/**" zone=main ttl=1h history=100;
ws_pubsub_topic "idle/**" zone=main idle=2s history=10;
ws_pubsub_topic "soon/**" zone=main idle=500ms;
ws_pubsub_topic "late/**" zone=main idle=1h;
ws_pubsub_topic "hist/**" zone=main history=100;
"""
TIME_S = 2.0
HOUR_S = 3600
KEY_S = 300


def start(kept, **more):
    return kept(http=keeping(topics=TOPICS), **more)


def exists(ng, topic):
    with Http(ng) as http:
        return topic in topics_of(http)


# -- by waiting ---------------------------------------------------------------

@pytest.mark.parametrize("how", ["quit", "kill"])
def test_ttl_passes_while_it_is_down(kept, how):
    ng = start(kept)
    with Http(ng) as http:
        http.put("short/a", "1")
        told = http.put("short/a", "2")
        stays = http.put("hour/a", "x")
    put_kept(ng, "other")
    if how == "quit":
        end(ng)
    else:
        kill_all(ng)
    time.sleep(TIME_S)
    again(ng)
    with Http(ng) as http:
        assert http.get("short/a").error_code() == 109
        assert http.get("short/a", "last=9").json()["items"] == []
        assert http.get("hour/a").etag == f'"{stays["epoch"]}.1"'
        assert http.publish("short/a", "3", If_None_Match="*").json()[
            "seq"] == told["seq"] + 1


def test_ttl_that_had_passed_before(kept):
    """The topic is the same: it had a value, which is too old."""
    ng = start(kept)
    told = Http(ng).put("short/a", "x")
    wait_until("it is too old", lambda: Http(ng).get("short/a").status == 404)
    for _ in range(2):
        with Http(ng) as http:
            assert http.get("short/a").error_code() == 109
            assert topics_of(http) == {"short/a": (told["epoch"], 1)}
        restart(ng)
    assert at(Http(ng).put("short/a", "y")) == at(told, 2)


def test_ttl_goes_on_and_does_not_begin_anew(kept):
    """Three starts while it lasts; the value is gone when its time is over."""
    ng = start(kept)
    began = time.monotonic()
    told = Http(ng).put("short/a", "x")
    for _ in range(3):
        restart(ng)
        answer = Http(ng).get("short/a")
        if time.monotonic() - began < 0.9 * TIME_S:
            assert answer.status == 200 and answer.body == b"x"
        time.sleep(0.2)
    wait_until("it is too old", lambda: Http(ng).get("short/a").status == 404)
    passed = time.monotonic() - began
    assert 0.9 * TIME_S < passed < 1.9 * TIME_S
    assert topics_of(Http(ng)) == {"short/a": (told["epoch"], 1)}


async def test_resuming_past_what_got_too_old(kept):
    ng = start(kept)
    with Http(ng) as http:
        told = [http.put("short/a", str(n)) for n in range(3)][-1]
    end(ng)
    await asyncio.sleep(TIME_S)
    again(ng)
    Http(ng).put("short/a", "late")
    assert await resumed(ng, "short/a", at(told)) == (True, [("msg", 4)])
    assert await resumed(ng, "short/a", at(told, 1)) == (
        False, [("gap", None), ("msg", 4)])


def test_an_idle_topic_goes(kept):
    ng = start(kept)
    with Http(ng) as http:
        told = http.put("idle/a", "x")
        http.put("late/a", "x")
    end(ng)
    time.sleep(TIME_S)
    again(ng)
    wait_until("it goes", lambda: not exists(ng, "idle/a"), timeout_s=1.5)
    with Http(ng) as http:
        assert http.get("late/a").body == b"x"
        anew = http.put("idle/a", "x")
        assert anew["seq"] == 1 and anew["epoch"] != told["epoch"]


async def test_one_that_had_a_subscriber_waits_for_it(kept):
    """Its time begins when the last one left: when nginx ended."""
    ng = start(kept)
    told = Http(ng).put("idle/a", "x")
    session = await JsonSession.open(ng)
    await session.sub("idle/a")
    await asyncio.sleep(1.5 * TIME_S)
    assert exists(ng, "idle/a")
    await asyncio.to_thread(end, ng)
    again(ng)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("idle/a", at(told))
        assert reply["recovered"] is True
        assert reply["topics"] == [{"topic": "idle/a", **at(told)}]
        await asyncio.sleep(1.5 * TIME_S)
        await session.quiet()
        assert exists(ng, "idle/a")
    wait_until("it goes", lambda: not exists(ng, "idle/a"))


@pytest.mark.parametrize("how", ["idle", "ttl"])
def test_what_time_removes_is_a_change(kept, how):
    """The file is written again, though nobody has published."""
    ng = start(kept)
    slots = Slots(ng)
    topic = "soon/a" if how == "idle" else "short/a"
    with Http(ng) as http:
        http.put(topic, "<goes soon>")
    wait_until("it is in a slot", lambda: slots.holding("<goes soon>"))
    wait_until("it is gone",
               lambda: Http(ng).get(topic).status == 404)
    wait_until("the newest slot is without it", lambda: (
        slots.newest() not in slots.holding("<goes soon>")))
    slots.settle()
    before = slots.stamps()
    time.sleep(3 * INTERVAL_S)
    assert slots.stamps() == before


# -- by the clock -------------------------------------------------------------

@pytest.fixture(name="clock")
def _clock(open_path):
    if sanitizing():
        pytest.skip("two libraries that replace the C library's calls")
    return Clock(open_path)


@pytest.fixture(name="ng")
def _ng(kept, clock):
    return start(kept, main=clock.kept(), environment=clock.environment)


def pay(http):
    return http.publish("hist/a", "pay 5", Idempotency_Key="k-1").json()


def restart_at(ng, clock, seconds, how="quit"):
    """The clock is set while nginx is down."""
    if how == "quit":
        end(ng)
    else:
        kill_all(ng)
    clock.set(seconds)
    again(ng)


@pytest.mark.parametrize("how", ["quit", "kill"])
def test_a_key_ends_after_its_time(ng, clock, how):
    with Http(ng) as http:
        first = pay(http)
    put_kept(ng, "other")
    passed = 0
    for more in (100, 150):
        passed += more
        restart_at(ng, clock, passed, how)
        assert at(pay(Http(ng))) == at(first), passed
    restart_at(ng, clock, KEY_S + 20, how)
    again_told = pay(Http(ng))
    assert again_told["seq"] == 2, "a key of more than 5 minutes ago"
    assert Http(ng).status()["keys_held"] > 0


def test_hours_of_being_down(ng, clock):
    with Http(ng) as http:
        told = {topic: http.put(topic, "x")
                for topic in ("hour/a", "late/a", "hist/a")}
    end(ng)
    clock.set(HOUR_S + 60)
    again(ng)
    with Http(ng) as http:
        assert http.get("hour/a").error_code() == 109
        assert http.get("hist/a").body == b"x"
    wait_until("the idle one goes", lambda: not exists(ng, "late/a"))
    with Http(ng) as http:
        answer = http.get("late/a", since(at(told["late/a"])))
        assert answer.status == 404
        assert at(http.put("hour/a", "y")) == at(told["hour/a"], 2)


def test_a_clock_that_is_behind_after_the_restart(ng, clock):
    """No time has passed then: nothing ends early, nothing is kept longer
    than it would have been."""
    with Http(ng) as http:
        http.put("hour/a", "x")
        http.put("late/a", "x")
        told = http.put("short/a", "x")
        first = pay(http)
    end(ng)
    clock.set(-2 * HOUR_S)
    again(ng)
    with Http(ng) as http:
        assert http.get("hour/a").body == b"x"
        assert http.get("late/a").body == b"x"
        assert at(pay(http)) == at(first)
    wait_until("a short time is over all the same",
               lambda: Http(ng).get("short/a").status == 404,
               timeout_s=2 * TIME_S)
    assert at(Http(ng).put("short/a", "y")) == at(told, 2)


def test_times_that_are_shown_stay(ng, clock):
    with Http(ng) as http:
        http.put("hist/a", "x")
        modified = http.get("hist/a").headers["last-modified"]
        shown = http.get("hist/a", "last=1").json()["items"][0]["time"]
    end(ng)
    clock.set(HOUR_S)
    again(ng)
    with Http(ng) as http:
        assert http.get("hist/a").headers["last-modified"] == modified
        assert http.get("hist/a", "last=1").json()["items"][0][
            "time"] == shown


def test_written_in_the_future(ng, clock):
    """The clock was put back: no time has passed."""
    Http(ng).put("hist/a", "x")
    restart_at(ng, clock, -HOUR_S)
    assert 'written 0 s ago, clean' in ng.log_text()
