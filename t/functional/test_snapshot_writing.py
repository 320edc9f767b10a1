"""ws_pubsub_snapshot: when a slot is written, by whom, and what is told of it."""

import os
import re
import signal
import time

import pytest

from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.restarts import (
    AT_END, INTERVAL_S, Slots, again, complaints, end, keeping, kill_all,
    marker, put_kept, restart, small_disk, texts)

FIELDS = ["snapshot_age", "snapshot_bytes", "snapshot_seconds",
          "snapshot_failures", "snapshot_clean"]


# -- when ------------------------------------------------------------------------

def test_slots_are_written_in_turn(kept):
    ng = kept()
    slots = Slots(ng)
    before = None
    for _ in range(4):
        text = marker()
        Http(ng).put("a", text)
        number = slots.wait_for(text)
        if before:
            assert number == 1 - before[0]
            assert slots.read()[before[0]] == before[1], "it is let alone"
        before = number, slots.read()[number]


def test_nothing_is_written_if_nothing_has_changed(kept):
    """Reads, sessions and refused requests are no changes."""
    ng = kept()
    slots = Slots(ng)
    put_kept(ng, "hist/a")
    time.sleep(2 * INTERVAL_S)
    before = slots.settle(), slots.read()
    with Http(ng) as http:
        for _ in range(3):
            assert http.get("hist/a").status == 200
            assert http.get("hist/a", "last=9").status == 200
            assert http.publish("hist/a", "x", If_None_Match="*").status == 412
            assert http.delete("hist/none").status == 404
            http.status()
            time.sleep(INTERVAL_S)
    assert (slots.stamps(), slots.read()) == before


def test_a_start_writes_no_more_than_that_it_is_up(kept):
    """After a restart without a change nothing but the head that says so."""
    ng = kept()
    put_kept(ng, "a")
    end(ng)
    slots = Slots(ng)
    before, newest = slots.read(), slots.newest()
    again(ng)
    time.sleep(3 * INTERVAL_S)
    now = slots.read()
    assert now[newest][512:] == before[newest][512:]
    assert now[newest][:512] != before[newest][:512]
    assert now[1 - newest] == before[1 - newest]
    kill_all(ng)
    assert slots.read() == now


def test_it_is_written_without_an_end_to_publishing(kept):
    """A zone that changes all the time is written every interval, too, and
    not much more often."""
    interval_s = 1
    ng = kept(http=keeping("interval=1s"))
    slots = Slots(ng)
    stamps = set()
    began = time.monotonic()
    with Http(ng) as http:
        while time.monotonic() < began + 4.5 * interval_s:
            http.put("a", "x" * 1000)
            stamps.add(slots.newest())
            stamps.add(max(slots.stamps()))
    seconds = time.monotonic() - began
    assert {0, 1} <= stamps
    moments = sorted(stamps - {0, 1})
    writes = 1 + sum(later - earlier > interval_s * 0.3e9 for earlier, later
                     in zip(moments, moments[1:]))
    assert 3 <= writes <= seconds / interval_s + 2


@pytest.mark.parametrize("change", [
    "put", "delete", "delete selection", "patch", "batch", "same value"])
def test_what_is_a_change(kept, change):
    ng = kept()
    with Http(ng) as http:
        http.publish_json("a/1", {"n": 1})
        http.put("a/2", "same")
    put_kept(ng, "other")
    stamps = Slots(ng).settle()
    with Http(ng) as http:
        if change == "put":
            http.put("new", "x")
        elif change == "delete":
            http.delete("a/1")
        elif change == "delete selection":
            http.request("DELETE", "/api/?select=a/*")
        elif change == "patch":
            http.patch("a/1", {"n": 2})
        elif change == "batch":
            http.batch([{"topic": "a/1", "data": 3}])
        else:
            http.put("a/2", "same")
        expected = http.get(query="select=**").json()
    Slots(ng).wait_for_change(stamps)
    restart(ng, "kill")
    assert Http(ng).get(query="select=**").json() == expected


# -- by whom -----------------------------------------------------------------------

def test_any_worker_may_end(kept):
    """One after the other is killed: another one goes on writing."""
    ng = kept(workers=3, listen="")
    for pid in ng.worker_pids():
        ng.kill_worker(pid)
        text = put_kept(ng, "hist/a")[1]
    restart(ng, "kill")
    with Http(ng) as http:
        assert http.get("hist/a").body.decode() == text
        assert len(texts(http, "hist/a")) == 3


def test_any_worker_may_hang(kept):
    """And goes on later, as if nothing was: it overwrites nothing newer."""
    ng = kept(workers=3, listen="")
    clients = http_on_each_worker(ng)
    pids = list(clients)
    for number, pid in enumerate(pids):
        os.kill(pid, signal.SIGSTOP)
        try:
            text = marker()
            clients[pids[number - 1]].put("hist/a", text)
            Slots(ng).wait_for(text)
        finally:
            os.kill(pid, signal.SIGCONT)
    time.sleep(2 * INTERVAL_S)
    assert Slots(ng).newest() in Slots(ng).holding(text)
    restart(ng, "kill")
    with Http(ng) as http:
        assert http.get("hist/a").body.decode() == text
        assert len(texts(http, "hist/a")) == 3


def test_all_workers_killed_amid_writes(kept):
    """The master goes on; so does the writing, and a torn slot is no loss."""
    ng = kept(http=keeping("interval=100ms", size="64m"), workers=3)
    slots = Slots(ng)
    with Http(ng) as http:
        for n in range(80):
            http.put(f"fill/{n}", os.urandom(60000), kind="image/png")
    for n in range(4):
        stamps = slots.stamps()
        with Http(ng) as http:
            http.put("hist/a", str(n))
        wait_until("it is being written", lambda: slots.stamps() != stamps,
                   step_s=0.001)
        for pid in ng.worker_pids():
            ng.allow_killed(pid)
            os.kill(pid, signal.SIGKILL)
        ng._expected_pids = set()
        wait_until("new workers are there", lambda: len(
            ng.worker_pids()) == 3, timeout_s=20)
    text = put_kept(ng, "hist/a")[1]
    restart(ng, "kill")
    with Http(ng) as http:
        assert http.get("hist/a").body.decode() == text
        assert http.status()["topics"] == 81


# -- writes that fail ------------------------------------------------------------------

@pytest.fixture(name="disk")
def _disk(open_path):
    with small_disk(open_path / "disk", "1m") as disk:
        yield disk


def fill_up(disk):
    with open(disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass


def test_a_full_disk(disk, kept):
    """It is counted, told once, costs no good slot, and ends."""
    ng = kept(http=keeping(path=f"{disk}/main"))
    slots = Slots(ng, disk / "main")
    kept_text = put_kept(ng, "a", slots)[1]
    kept_slot = slots.read()[slots.newest()]
    fill_up(disk)
    with Http(ng) as http:
        assert http.status()["snapshot_failures"] == 0
        start = len(ng.log_text())
        lost = marker()
        http.put("a", lost)
        http.put("large", os.urandom(60000), kind="image/png")
        http.put("larger", os.urandom(60000), kind="image/png")
        wait_until("a failure is counted", lambda: (
            http.status()["snapshot_failures"] >= 3))
        lines = complaints(ng.log_text()[start:])
        assert len(lines) == 1, lines
        assert f"{disk}/main" in lines[0] and "No space left" in lines[0]
        assert kept_slot in slots.read(), "the good one"
        assert http.put("a", "goes on")["seq"] == 3
        # An end now loses what is new, and no more.
        (disk / "filler").unlink()
        http.put("a", "<after all>")
        slots.wait_for("<after all>")
        failures = http.status()["snapshot_failures"]
        time.sleep(2 * INTERVAL_S)
        assert http.status()["snapshot_failures"] == failures
    assert kept_text != lost
    restart(ng, "kill")
    assert Http(ng).get("a").body == b"<after all>"


@pytest.mark.parametrize("how", ["quit", "kill"])
def test_an_end_with_a_full_disk(disk, kept, how):
    """The last good slot is there when nginx starts again."""
    ng = kept(http=keeping(path=f"{disk}/main"))
    slots = Slots(ng, disk / "main")
    text = put_kept(ng, "a", slots)[1]
    fill_up(disk)
    ng.allow("snap|ws_pubsub")
    with Http(ng) as http:
        for n in range(4):
            http.put(f"large/{n}", os.urandom(60000), kind="image/png")
        http.put("a", "lost")
        wait_until("a failure is counted", lambda: (
            http.status()["snapshot_failures"] >= 2))
    restart(ng, how)
    with Http(ng) as http:
        assert http.get("a").body.decode() == text
        assert http.put("a", "x")["seq"] == 2


# -- what is told ------------------------------------------------------------------------

def test_status(kept):
    ng = kept()
    with Http(ng) as http:
        http.put("filler", os.urandom(50000), kind="image/png")
    put_kept(ng, "a")
    slots = Slots(ng)
    with Http(ng) as http:
        status = http.status()
        for name in FIELDS:
            assert name in status, name
        size = slots.paths[slots.newest()].stat().st_size
        assert 50000 < status["snapshot_bytes"] <= size
        assert status["snapshot_failures"] == 0
        assert 0 <= status["snapshot_seconds"] < 10
        before = status["snapshot_age"]
        assert before >= 0
        wait_until("it grows older", lambda: (
            http.status()["snapshot_age"] > before), timeout_s=5)
        text = http.request("GET", "/status?format=text").body.decode()
        assert set(FIELDS) <= {line.split(" ")[0]
                               for line in text.splitlines()}
        aged = http.status()["snapshot_age"]
        put_kept(ng, "a")
        assert http.status()["snapshot_age"] < aged + 1


def test_whether_the_last_end_was_clean(kept):
    ng = kept(http=keeping(AT_END))
    Http(ng).put("a", "x")
    for how in ("quit", "kill", "quit", "term", "kill", "kill"):
        restart(ng, how)
        told = Http(ng).status()["snapshot_clean"]
        assert bool(told) == (how != "kill"), (how, told)


def test_prometheus(kept):
    ng = kept()
    put_kept(ng, "a")
    text = Http(ng).request("GET", "/status?format=prometheus").body.decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    for name, kind in (("snapshot_age_seconds", "gauge"),
                       ("snapshot_bytes", "gauge"),
                       ("snapshot_seconds", "gauge"),
                       ("snapshot_failures_total", "counter"),
                       ("snapshot_clean", "gauge")):
        assert kinds.get("ws_pubsub_" + name) == kind, name
        assert re.search(
            rf'^ws_pubsub_{name}\{{zone="main"\}} [0-9.e+-]+$', text, re.M)
