"""ws_pubsub_snapshot: a reload keeps the zone and loads no file; the directive
may come, go and change by it."""

import os
import time

import pytest

from support.httpc import Http
from support.processes import wait_until
from support.restarts import (
    AT_END, INTERVAL_S, TOPICS, Slots, again, at, end, keeping, kill_all,
    marker, put_kept, restart, resumed)

WITHOUT = f"ws_pubsub_zone main:8m; {TOPICS}"


def old_ones_end(old):
    wait_until("the old workers end", lambda: not any(
        os.path.exists(f"/proc/{pid}") for pid in old), timeout_s=20)


async def test_the_zone_is_kept_not_loaded(kept):
    ng = kept()
    told, first = put_kept(ng, "hist/a")
    Http(ng).put("gone", "x")
    put_kept(ng, "other")
    ng.reload(http=keeping(AT_END))
    with Http(ng) as http:
        http.delete("gone")
        http.put("hist/a", "newer")
    ng.reload()
    with Http(ng) as http:
        assert http.get("gone").status == 404
        assert http.get("hist/a").body == b"newer"
        assert at(http.put("hist/a", "x")) == at(told, 3), "no fork"
        items = http.get("hist/a", "last=9").json()["items"]
        assert [one["text"] for one in items] == [first, "newer", "x"]
    assert await resumed(ng, "hist/a", at(told)) == (
        True, [("msg", 2), ("msg", 3)])


def test_it_is_written_after_a_reload(kept):
    ng = kept()
    for _ in range(3):
        ng.reload()
        text = put_kept(ng, "a")[1]
    restart(ng, "kill")
    assert Http(ng).get("a").body.decode() == text


def test_a_bad_file_does_not_matter_to_a_reload(kept):
    """It is not read; the next writes make it good."""
    ng = kept()
    put_kept(ng, "a")
    for path in Slots(ng).paths:
        path.write_bytes(b"noise" * 300)
    ng.reload()
    assert Http(ng).get("a").status == 200
    put_kept(ng, "a")
    text = put_kept(ng, "a")[1]
    restart(ng, "kill")
    assert Http(ng).get("a").body.decode() == text


@pytest.mark.parametrize("how", ["quit", "kill"])
def test_a_reload_that_adds_it(kept, how):
    """What was there before is written, though nothing changes from then
    on."""
    ng = kept(http=WITHOUT)
    text = marker()
    told = Http(ng).put("hist/a", text)
    assert not any(path.exists() for path in Slots(ng).paths)
    ng.reload(http=keeping())
    Slots(ng).wait_for(text)
    restart(ng, how)
    with Http(ng) as http:
        assert http.get("hist/a").etag == f'"{told["epoch"]}.1"'


def test_a_reload_that_adds_it_and_an_end_at_once(kept):
    ng = kept(http=WITHOUT)
    Http(ng).put("hist/a", "x")
    ng.reload(http=keeping(AT_END))
    restart(ng)
    assert Http(ng).get("hist/a").body == b"x"


def test_a_reload_that_adds_it_over_a_file(kept):
    """The zone that runs counts, not what a file had."""
    ng = kept()
    put_kept(ng, "old")
    put_kept(ng, "old")
    restart(ng, http=WITHOUT)
    assert Http(ng).get("old").status == 404
    text = marker()
    Http(ng).put("new", text)
    ng.reload(http=keeping())
    Slots(ng).wait_for(text)
    restart(ng, "kill")
    with Http(ng) as http:
        assert http.get("old").status == 404
        assert http.get("new").body.decode() == text


@pytest.mark.parametrize("how", ["quit", "term"])
def test_a_reload_that_removes_it(kept, how):
    """Nothing is written any more, neither at the end, and the file stays."""
    ng = kept()
    text = put_kept(ng, "a")[1]
    old_ones_end(ng.reload(http=WITHOUT))
    before = Slots(ng).read(), Slots(ng).settle()
    with Http(ng) as http:
        assert http.get("a").body.decode() == text
        http.put("a", "newer")
    time.sleep(2 * INTERVAL_S)
    assert (Slots(ng).read(), Slots(ng).stamps()) == before
    end(ng, how)
    assert (Slots(ng).read(), Slots(ng).stamps()) == before
    again(ng, http=keeping())
    assert Http(ng).get("a").body.decode() == text


def test_a_reload_to_another_path(kept):
    """The new files get all, the old ones stay as they are."""
    ng = kept()
    text = put_kept(ng, "a")[1]
    old = ng.reload(http=keeping(path="@PREFIX@/snap/new"))
    new = Slots(ng, ng.prefix / "snap" / "new")
    new.wait_for(text)
    old_ones_end(old)
    before = Slots(ng).read(), Slots(ng).stamps()
    newer = put_kept(ng, "a", new)[1]
    restart(ng, "kill")
    assert Http(ng).get("a").body.decode() == newer
    assert (Slots(ng).read(), Slots(ng).stamps()) == before


def test_another_interval(kept):
    ng = kept(http=keeping("interval=1h"))
    Http(ng).put("a", "<first>")
    time.sleep(2 * INTERVAL_S)
    assert Slots(ng).holding("<first>") == []
    ng.reload(http=keeping())
    Slots(ng).wait_for("<first>")
    old_ones_end(ng.reload(http=keeping(AT_END)))
    Slots(ng).settle()
    Http(ng).put("a", "<second>")
    time.sleep(2 * INTERVAL_S)
    assert Slots(ng).holding("<second>") == []
    restart(ng)
    assert Http(ng).get("a").body == b"<second>"


@pytest.mark.parametrize("path", ["@PREFIX@/nothing/main",
                                  "@PREFIX@/snap/folder"])
def test_a_path_that_cannot_be_opened(kept, path):
    """The reload is refused; nginx goes on, and writes where it did."""
    ng = kept()
    (ng.prefix / "snap" / "folder.1").mkdir()
    put_kept(ng, "a")
    workers = ng.worker_pids()
    ng.allow(r"\[emerg\]")
    ng.reload(wait=False, http=keeping(path=path))
    ng.wait_for_log(r"\[emerg\].*" + path.replace("@PREFIX@/", ".*"))
    time.sleep(0.2)
    assert ng.worker_pids() == workers
    text = put_kept(ng, "a")[1]
    restart(ng, "kill", http=keeping())
    assert Http(ng).get("a").body.decode() == text
    assert (ng.prefix / "snap" / "folder.1").is_dir()
    assert not (ng.prefix / "nothing").exists()


def test_a_reload_that_is_refused_for_another_reason(kept):
    ng = kept()
    put_kept(ng, "a")
    ng.allow(r"\[emerg\]")
    for more in ("ws_pubsub_topic bad//x zone=main;", "nonsense;"):
        start = len(ng.log_text())
        ng.reload(wait=False, http=keeping() + more)
        ng.wait_for_log(r"\[emerg\]", start=start)
    text = put_kept(ng, "a")[1]
    restart(ng, "kill", http=keeping())
    assert Http(ng).get("a").body.decode() == text


def test_a_zone_that_comes_with_a_file(kept):
    """A zone that a reload adds is new to this nginx: it is loaded, as one
    is when nginx starts, or else its file would be overwritten by nothing."""
    ng = kept(http=keeping())
    text = put_kept(ng, "a")[1]
    end(ng)
    again(ng, http="ws_pubsub_zone other:8m;", locations="""
        location /api/ { ws_pubsub_api zone=other; }
        """)
    ng.reload(http=keeping() + "ws_pubsub_zone other:8m;", locations="""
        location /api/ { ws_pubsub_api zone=main; }
        """)
    assert Http(ng).get("a").body.decode() == text


def test_many_reloads_under_writes(kept):
    """Old and new workers never write at once: what is loaded after each
    kill -9 is whole and the newest."""
    ng = kept(http=keeping("interval=100ms"), workers=3)
    for _ in range(3):
        old = []
        for _ in range(3):
            Http(ng).put("a", marker())
            old += ng.reload()
            text = marker()
            Http(ng).put("a", text)
        Slots(ng).wait_for(text)
        kill_all(ng)
        again(ng)
        assert Http(ng).get("a").body.decode() == text
