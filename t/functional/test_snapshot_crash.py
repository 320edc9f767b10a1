"""ws_pubsub_snapshot: kill -9 of all of nginx at once. What the file has is
there and its positions are good; those beyond it never are."""

import os
import signal
import time

import pytest

from support import processes
from support.httpc import Http
from support.restarts import (
    AT_END, Slots, again, at, end, keeping, kill_all, launch, marker,
    put_kept, restart, resumed, since, texts, topics_of)
from support.session import JsonSession


def fill(ng, topic, count):
    """Publishes so many, the last of which is in a slot; returns its
    answer."""
    with Http(ng) as http:
        for n in range(1, count):
            http.put(topic, str(n))
    return put_kept(ng, topic)[0]


def lose(ng, topic, count):
    """Publishes so many and kills all before they are in a slot."""
    with Http(ng) as http:
        told = [http.put(topic, marker()) for _ in range(count)]
    kill_all(ng)
    return told


def rarely(ng):
    """The next start: nothing is written but at the end."""
    return again(ng, http=keeping(AT_END))


@pytest.fixture(name="crashed")
def _crashed(kept):
    """hist/a is in the file up to 3, and 4 and 5 are lost; returns nginx and
    what the publisher of 5 was told."""
    ng = kept()
    fill(ng, "hist/a", 3)
    restart(ng, "quit", http=keeping(AT_END))
    told = lose(ng, "hist/a", 2)[-1]
    assert told["seq"] == 5
    rarely(ng)
    return ng, told


async def test_positions_in_the_file_and_beyond(crashed):
    ng, told = crashed
    for seq in range(4):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            True, [("msg", n) for n in range(seq + 1, 4)])
    for seq in (4, 5, 6, 1000):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            False, [("msg", 1), ("msg", 2), ("msg", 3)]), seq


async def test_and_after_the_next_publish(crashed):
    """The position of a lost message stays bad when its number is given out
    again; one that the file has stays good."""
    ng, told = crashed
    with Http(ng) as http:
        new = [http.put("hist/a", str(n)) for n in range(3)]
    assert [one["seq"] for one in new] == [4, 5, 6]
    assert {one["epoch"] for one in new} != {told["epoch"]}
    assert len({one["epoch"] for one in new}) == 1
    for seq in range(4):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            True, [("msg", n) for n in range(seq + 1, 7)])
    everything = [("msg", n) for n in range(1, 7)]
    for seq in (4, 5, 6, 7):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            False, everything), seq
    for seq in range(7):
        assert await resumed(ng, "hist/a", at(new[0], seq)) == (
            True, everything[seq:])
    assert await resumed(ng, "hist/a", at(new[0], 7)) == (False, everything)


async def test_by_selector(crashed):
    ng, told = crashed
    with Http(ng) as http:
        http.put("hist/b", "x")
    for seq, recovered in ((2, True), (3, True), (4, False), (5, False)):
        async with await JsonSession.open(ng) as session:
            reply = await session.sub("hist/*", positions={
                "hist/a": at(told, seq)})
            assert reply["recovered"] is recovered, seq


async def test_reading_from_a_position(crashed):
    ng, told = crashed
    now = f'"{told["epoch"]}.3"'
    with Http(ng) as http:
        for seq in (0, 2, 3):
            answer = http.get("hist/a", since(at(told, seq)))
            assert [one["seq"] for one in answer.json()["items"]] == list(
                range(seq + 1, 4))
        for seq in (4, 5):
            answer = http.get("hist/a", since(at(told, seq)))
            assert answer.status == 412 and answer.error_code() == 112
            assert answer.etag == now
    async with await JsonSession.open(ng) as session:
        await session.ok("history", topic="hist/a", since_=at(told, 3))
        await session.fails(112, "history", topic="hist/a",
                            since_=at(told, 4))


def test_conditions(crashed):
    ng, told = crashed
    with Http(ng) as http:
        for seq in (2, 4, 5):
            answer = http.publish(
                "hist/a", "x", If_Match=f'"{told["epoch"]}.{seq}"')
            assert answer.status == 412 and answer.error_code() == 114
            assert answer.etag == f'"{told["epoch"]}.3"'
        good = f'"{told["epoch"]}.3"'
        assert http.get("hist/a", headers={
            "If-None-Match": good}).status == 304
        answer = http.publish("hist/a", "x", If_Match=good)
        assert answer.status == 202 and answer.json()["seq"] == 4
        lost = f'"{told["epoch"]}.4"'
        assert http.publish("hist/a", "y", If_Match=lost).status == 412
        assert http.get("hist/a", headers={
            "If-None-Match": lost}).status == 200
        assert http.publish("hist/a", "y", If_Match=answer.etag).status == 202


async def test_nothing_lost(kept):
    """All was in the file: nobody is told of anything."""
    ng = kept()
    told = fill(ng, "hist/a", 5)
    restart(ng, "kill")
    with Http(ng) as http:
        assert topics_of(http) == {"hist/a": (told["epoch"], 5)}
    for seq in (0, 3, 5):
        assert await resumed(ng, "hist/a", at(told, seq)) == (
            True, [("msg", n) for n in range(seq + 1, 6)])


async def test_a_topic_that_was_lost(kept):
    ng = kept()
    fill(ng, "hist/a", 1)
    restart(ng, "quit", http=keeping(AT_END))
    told = lose(ng, "hist/lost", 3)[-1]
    rarely(ng)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/lost", at(told))
        assert reply == {"topics": [], "recovered": False}
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/*", positions={"hist/lost": at(told)})
        assert reply["recovered"] is False
    with Http(ng) as http:
        assert http.get("hist/lost").error_code() == 102
        anew = http.put("hist/lost", "x")
        assert anew["seq"] == 1 and anew["epoch"] != told["epoch"]
        answer = http.get("hist/lost", since(at(told, 1)))
        assert answer.status == 412 and answer.error_code() == 112
        assert http.publish("hist/lost", "y", If_Match=(
            f'"{told["epoch"]}.1"')).status == 412
    for seq in (1, 3):
        assert await resumed(ng, "hist/lost", at(told, seq)) == (
            False, [("msg", 1)])


async def test_lost_epochs_never_come_back(kept):
    """Each life makes as many topics as the others, and loses them."""
    ng = kept(http=keeping(AT_END))
    seen = {}
    for life in range(4):
        with Http(ng) as http:
            for n in range(20):
                told = http.put(f"hist/{n}", f"{life}.{n}")
                assert told["seq"] == 1 and told["epoch"] not in seen
                seen[told["epoch"]] = f"hist/{n}"
        restart(ng, "kill")
        with Http(ng) as http:
            assert topics_of(http) == {}
    with Http(ng) as http:
        for n in range(20):
            http.put(f"hist/{n}", "x")
    for epoch, topic in list(seen.items())[::7]:
        assert await resumed(ng, topic, {"epoch": epoch, "seq": 1}) == (
            False, [("msg", 1)])


async def test_right_after_a_clean_start(kept):
    """The slot says clean until nginx has started, not longer."""
    ng = kept(http=keeping(AT_END))
    told = Http(ng).put("hist/a", "x")
    restart(ng)
    lost = lose(ng, "hist/a", 2)[-1]
    assert lost["epoch"] == told["epoch"]
    rarely(ng)
    new = Http(ng).put("hist/a", "y")
    assert new["seq"] == 2 and new["epoch"] != told["epoch"]
    everything = [("msg", 1), ("msg", 2)]
    assert await resumed(ng, "hist/a", at(told)) == (True, everything[1:])
    assert await resumed(ng, "hist/a", at(lost, 2)) == (False, everything)


async def test_an_idle_nginx_that_was_killed(kept):
    """Twice, without anything done: no position is the worse for it."""
    ng = kept(http=keeping(AT_END))
    told = Http(ng).put("hist/a", "x")
    restart(ng)
    restart(ng, "kill")
    restart(ng, "kill")
    assert await resumed(ng, "hist/a", at(told)) == (True, [])
    restart(ng)
    assert await resumed(ng, "hist/a", at(told)) == (True, [])
    Http(ng).put("hist/a", "y")
    assert await resumed(ng, "hist/a", at(told)) == (True, [("msg", 2)])


@pytest.mark.parametrize("interval", [AT_END, "interval=1h"])
def test_only_the_end_writes(kept, interval):
    ng = kept(http=keeping(interval))
    with Http(ng) as http:
        http.put("a", "<before>")
        restart(ng)
    with Http(ng) as http:
        assert http.get("a").body == b"<before>"
        http.put("a", "<after>")
        assert Slots(ng).holding("<after>") == []
    restart(ng, "kill")
    assert Http(ng).get("a").body == b"<before>"


def test_before_anything_was_written(kept):
    ng = kept(http=keeping(AT_END))
    told = lose(ng, "hist/a", 2)[-1]
    rarely(ng)
    with Http(ng) as http:
        assert topics_of(http) == {}
        assert http.put("hist/a", "x")["epoch"] != told["epoch"]


def test_keys_that_the_file_has(kept):
    ng = kept()
    with Http(ng) as http:
        first = http.publish("hist/a", "pay 5", Idempotency_Key="k-1")
    put_kept(ng, "other")
    restart(ng, "quit", http=keeping(AT_END))
    with Http(ng) as http:
        assert http.put("hist/a", "pay 6", Idempotency_Key="k-2")["seq"] == 2
    kill_all(ng)
    rarely(ng)
    with Http(ng) as http:
        again_told = http.publish("hist/a", "pay 5", Idempotency_Key="k-1")
        assert at(again_told.json()) == at(first.json())
        assert http.publish("hist/a", "other",
                            Idempotency_Key="k-1").status == 409
        assert list(texts(http, "hist/a")) == [1]
        # What was lost is done: once.
        second = http.put("hist/a", "pay 6", Idempotency_Key="k-2")
        assert second["seq"] == 2 and second["epoch"] != first.json()["epoch"]
        assert http.put("hist/a", "pay 6", Idempotency_Key="k-2") == second
        # And a key of before the fork is still the first message's.
        again_told = http.publish("hist/a", "pay 5", Idempotency_Key="k-1")
        assert at(again_told.json()) == at(first.json())
        assert http.get("hist/a", since(at(again_told.json()))).status == 200
        assert texts(http, "hist/a") == {1: "pay 5", 2: "pay 6"}


def test_what_was_removed_since(kept):
    """It is there again, as the file has it; then it can be removed."""
    ng = kept()
    told = fill(ng, "hist/a", 2)
    restart(ng, "quit", http=keeping(AT_END))
    assert Http(ng).delete("hist/a").status == 204
    kill_all(ng)
    rarely(ng)
    with Http(ng) as http:
        assert topics_of(http) == {"hist/a": (told["epoch"], 2)}
        assert http.delete("hist/a").status == 204
        anew = http.put("hist/a", "x")
        assert anew["seq"] == 1 and anew["epoch"] != told["epoch"]


async def test_removed_and_made_anew_since(kept):
    """Two lives of a topic, of which the file has the first: a position of
    the second is never good."""
    ng = kept()
    told = fill(ng, "hist/a", 5)
    restart(ng, "quit", http=keeping(AT_END))
    Http(ng).delete("hist/a")
    lost = lose(ng, "hist/a", 3)[-1]
    assert lost["epoch"] != told["epoch"]
    rarely(ng)
    recovered, _ = await resumed(ng, "hist/a", at(lost))
    assert recovered is False
    assert await resumed(ng, "hist/a", at(told, 4)) == (True, [("msg", 5)])
    Http(ng).put("hist/a", "x")
    for seq in (2, 3):
        recovered, _ = await resumed(ng, "hist/a", at(lost, seq))
        assert recovered is False


def test_a_clean_end_after_a_crash(kept):
    ng = kept()
    fill(ng, "hist/a", 2)
    restart(ng, "kill")
    told = Http(ng).put("hist/a", "x")
    restart(ng)
    assert at(Http(ng).put("hist/a", "y")) == at(told, 4)


def test_an_end_within_the_start(kept):
    """Killed when it has hardly begun, again and again."""
    ng = kept(http=keeping(AT_END))
    told = Http(ng).put("hist/a", "x")
    end(ng)
    for n in range(6):
        ng.process = launch(ng)
        time.sleep(0.01 * n)
        assert ng.process.poll() is None, ng.log_text()[-2000:]
        kill_all(ng)
    rarely(ng)
    with Http(ng) as http:
        assert topics_of(http) == {"hist/a": (told["epoch"], 1)}


def test_only_the_workers_are_killed(kept):
    """No restart: nothing forks, nothing is loaded."""
    ng = kept(http=keeping(AT_END))
    told = Http(ng).put("hist/a", "x")
    for pid in ng.worker_pids():
        ng.allow_killed(pid)
        os.kill(pid, signal.SIGKILL)
    ng._expected_pids = set()
    processes.wait_until("new workers are there",
                         lambda: len(ng.worker_pids()) == 2)
    assert at(Http(ng).put("hist/a", "y")) == at(told, 2)
    restart(ng)
    assert at(Http(ng).put("hist/a", "z")) == at(told, 3)
