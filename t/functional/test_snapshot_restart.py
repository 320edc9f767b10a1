"""ws_pubsub_snapshot: a zone is after a clean stop and start what it was."""

import os
import signal

import pytest

from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.restarts import (
    AT_END, TOPICS, Slots, again, at, complaints, end, keeping, restart,
    resumed, since, texts, whole_state)
from support.session import JsonSession

CLEAN = pytest.mark.parametrize("how", ["quit", "term"])
LONG_TOPIC = "hist/" + "x" * 250
WIDE_TOPIC = "é😀/" + "ö" * 100
DEEP_TOPIC = "/".join(["s"] * 32)


def fill(http):
    """Something of each kind."""
    assert len(LONG_TOPIC) == 255
    assert len(WIDE_TOPIC.encode()) <= 255
    http.put("plain", "text")
    http.put("plain", "newer text")
    http.put("empty", "")
    http.put("empty/json", "", kind="text/html; charset=utf-8")
    http.put("binary", bytes(range(256)) * 8, kind="application/octet-stream")
    http.put("image", b"\x89PNG\r\n\0\xff", kind="image/png")
    http.put("large", os.urandom(60000), kind="application/octet-stream")
    http.publish_json("json", {"a": [1, "é😀\0", None, 1e99], "b": {}})
    http.put("é😀/line", "a\nb\0c\x7f")
    for topic in (LONG_TOPIC, WIDE_TOPIC, DEEP_TOPIC):
        http.put(topic, topic.encode())
    for n in range(1, 8):
        http.publish_json("hist/a", n)
        http.publish_json("short/a", n)
        http.put("hist/mixed", bytes([n] * n), kind=(
            "application/octet-stream" if n % 2 else "text/plain"))
        http.put("event/a", str(n))
        http.put("log/a", str(n))
    http.put("hist/one", "x")
    http.put("s", "a topic whose path is another one's beginning")


@CLEAN
@pytest.mark.parametrize("interval", ["", AT_END, "interval=500ms"])
def test_all_is_as_it_was(kept, how, interval):
    ng = kept(http=keeping(interval))
    with Http(ng) as http:
        fill(http)
        counted = http.status()
    before = whole_state(ng)
    assert len(before) == 18
    restart(ng, how)
    assert whole_state(ng) == before
    with Http(ng) as http:
        status = http.status()
        for name in ("topics", "messages"):
            assert status[name] == counted[name], name
        assert status["repairs"] == 0


def test_content_types_of_any_length(kept):
    """Whatever was taken can be loaded."""
    ng = kept(workers=1)
    taken = {}
    with Http(ng) as http:
        for size in (1, 3, 100, 127, 128, 129, 255, 256, 257, 1000, 3000):
            kind = "a/" + "b" * size
            if http.publish(f"a/{size}", "x", kind=kind).status == 202:
                taken[f"a/{size}"] = http.get(f"a/{size}").headers[
                    "content-type"]
    assert len(taken) > 2
    restart(ng)
    with Http(ng) as http:
        for topic, kind in taken.items():
            assert http.get(topic).headers["content-type"] == kind


def test_on_each_worker(kept):
    ng = kept(workers=4)
    with Http(ng) as http:
        fill(http)
    restart(ng)
    for one in http_on_each_worker(ng).values():
        assert one.get("plain").body == b"newer text"
        assert one.get("binary").body == bytes(range(256)) * 8
        assert list(texts(one, "log/a")) == [3, 4, 5, 6, 7]


@CLEAN
def test_seq_and_epoch_go_on(kept, how):
    ng = kept()
    with Http(ng) as http:
        told = [http.put(topic, "x") for topic in
                ("a", "hist/a", "hist/a", "event/a", "log/a")]
    restart(ng, how)
    with Http(ng) as http:
        for before in (told[0], *told[2:]):
            now = http.put(before["topic"], "y")
            assert at(now) == at(before, before["seq"] + 1)


async def test_a_clean_restart_is_no_fork(kept):
    """Who is there before the first publish is told of nothing else."""
    ng = kept()
    with Http(ng) as http:
        http.put("hist/a", "1")
    restart(ng)
    async with await JsonSession.open(ng) as session:
        await session.sub("hist/a", "new")
        with Http(ng) as http:
            http.put("hist/a", "2")
        said = await session.next()
        assert (said["op"], said["seq"]) == ("msg", 2)


@CLEAN
def test_what_was_removed_stays_removed(kept, how):
    ng = kept()
    slots = Slots(ng)
    with Http(ng) as http:
        first = {topic: http.put(topic, "kept for a while")
                 for topic in ("hist/a", "b", "event/c", "d/1", "d/2")}
        slots.wait_for("kept for a while")
        for topic in ("hist/a", "b", "event/c"):
            assert http.delete(topic).status == 204
        assert http.request("DELETE", "/api/?select=d/*").status == 204
    restart(ng, how)
    with Http(ng) as http:
        assert http.get(query="select=**").json()["topics"] == []
        for topic, told in first.items():
            assert http.get(topic).error_code() == 102
            anew = http.put(topic, "x")
            assert anew["seq"] == 1 and anew["epoch"] != told["epoch"]
            answer = http.get(topic, since(at(told)))
            assert answer.status == 412 and answer.error_code() == 112


def test_epochs_are_never_given_out_again(kept):
    ng = kept(http=keeping(AT_END))
    seen = set()
    for n in range(4):
        with Http(ng) as http:
            for _ in range(5):
                seen.add(http.put("a", "x")["epoch"])
                seen.add(http.put(f"b/{n}", "x")["epoch"])
                for topic in ("a", f"b/{n}"):
                    assert http.delete(topic).status == 204
        restart(ng)
    assert len(seen) == 4 * 5 * 2


def test_again_and_again(kept):
    ng = kept()
    with Http(ng) as http:
        epoch = http.put("hist/a", "1")["epoch"]
    for n in range(2, 9):
        restart(ng, "quit" if n % 2 else "term")
        with Http(ng) as http:
            told = http.put("hist/a", str(n))
            assert (told["epoch"], told["seq"]) == (epoch, n)
            assert texts(http, "hist/a") == {
                seq: str(seq) for seq in range(1, n + 1)}


def test_restarts_with_nothing_done(kept):
    ng = kept()
    with Http(ng) as http:
        fill(http)
    before = whole_state(ng)
    for _ in range(3):
        restart(ng)
    assert whole_state(ng) == before


@CLEAN
def test_an_empty_zone(kept, how):
    ng = kept()
    restart(ng, how)
    with Http(ng) as http:
        assert http.status()["topics"] == 0
        http.put("a", "x")
    restart(ng, how)
    assert Http(ng).get("a").body == b"x"


def test_no_complaint(kept):
    """Neither where there is no file yet, nor where there is one."""
    ng = kept()
    with Http(ng) as http:
        fill(http)
    restart(ng)
    restart(ng, "term")
    end(ng)
    assert complaints(ng.log_text()) == []


def test_other_numbers_of_workers(kept):
    ng = kept(workers=4)
    with Http(ng) as http:
        fill(http)
    before = whole_state(ng)
    for workers in (1, 3):
        restart(ng, workers=workers)
        assert whole_state(ng) == before
        assert Http(ng).status()["workers"] == workers


def test_without_a_master(kept):
    """master_process off: the one process does all."""
    ng = kept(master="off")
    with Http(ng) as http:
        fill(http)
    before = whole_state(ng)
    for how in ("quit", "term"):
        restart(ng, how)
        assert whole_state(ng) == before
    with Http(ng) as http:
        http.put("late", "<written at the interval>")
    Slots(ng).wait_for("<written at the interval>")
    restart(ng, "kill")
    assert Http(ng).get("late").body == b"<written at the interval>"


async def test_sessions_and_people_are_not_kept(kept):
    ng = kept(http=keeping(topics='ws_pubsub_topic "**" zone=main '
                           'presence=on;'),
              server="ws_pubsub_identity $arg_who;")
    session = await JsonSession.open(ng, "/ws?who=ann")
    await session.sub("room/a")
    await session.pub("room/a", text="x")
    end(ng)
    assert await session.closed() == 1001
    again(ng)
    with Http(ng) as http:
        status = http.status()
        assert status["sessions"] == status["subscriptions"] == 0
        assert http.put("room/a", "y")["subscribers"] == 0
    async with await JsonSession.open(ng, "/ws?who=bob") as session:
        assert (await session.ok("who", topic="room/a"))["who"] == []


async def test_a_worker_that_hangs_at_the_end(kept):
    """nginx kills it: what it published is there, and nothing is unclean."""
    ng = kept(http=keeping(AT_END), listen="")
    told = [one.put("hist/a", "x") for one in http_on_each_worker(ng).values()]
    victim = ng.worker_pids()[0]
    ng.allow_killed(victim)
    os.kill(victim, signal.SIGSTOP)
    end(ng, "term")
    again(ng)
    assert await resumed(ng, "hist/a", at(told[0])) == (True, [("msg", 2)])
    assert at(Http(ng).put("hist/a", "y")) == at(told[1], 3)


def test_another_policy(kept):
    """As after a reload: for each topic from its next message on."""
    ng = kept()
    with Http(ng) as http:
        for n in range(1, 51):
            http.put("hist/a", str(n))
            http.put("short/a", str(n))
            http.put("plain/a", str(n))
    restart(ng, http=keeping(topics=TOPICS.replace(
        "history=100", "history=5").replace("history=3", "history=10")))
    with Http(ng) as http:
        for topic, kept_seqs in (("hist/a", range(46, 52)),
                                 ("short/a", range(47, 52)),
                                 ("plain/a", range(51, 52))):
            assert http.get(topic).body == b"50"
            assert http.put(topic, "51")["seq"] == 51
            assert list(texts(http, topic)) == list(kept_seqs)


def test_the_files_can_be_moved(kept):
    """To another folder, as to another host."""
    ng = kept()
    with Http(ng) as http:
        fill(http)
    before = whole_state(ng)
    end(ng)
    (ng.prefix / "snap").rename(ng.prefix / "elsewhere")
    again(ng, http=keeping(path="@PREFIX@/elsewhere/main"))
    assert whole_state(ng) == before


def test_without_the_files_the_zone_is_empty(kept):
    ng = kept()
    told = Http(ng).put("a", "x")
    end(ng)
    Slots(ng).write([None, None])
    again(ng)
    with Http(ng) as http:
        assert http.get("a").status == 404
        assert http.put("a", "x")["epoch"] != told["epoch"]


def test_the_end_waits_for_what_was_answered(kept):
    """Each 2xx before the signal is in the file."""
    ng = kept(http=keeping(AT_END))
    for n in range(1, 6):
        with Http(ng) as http:
            assert http.put("hist/a", str(n))["seq"] == n
            ng.process.send_signal(signal.SIGTERM)
            wait_until("nginx ends",
                       lambda: ng.process.poll() is not None)
        again(ng)
    assert list(texts(Http(ng), "hist/a")) == [1, 2, 3, 4, 5]
