"""ws_pubsub_snapshot: a binary upgrade (USR2): the new master starts from the
last slot, as after a crash; the old one must not spoil its file."""

import signal

import pytest

from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.restarts import (
    AT_END, Slots, again, at, end, keeping, kill_all, marker, prepared, put_kept,
    restart, resumed)
from support.upgrades import end_old, start_alone, upgrade


pytestmark = pytest.mark.skipif(
    sanitizing(), reason="nginx hands no preloaded library to its next binary")


@pytest.fixture(name="ng")
def _ng(make_nginx):
    """An nginx whose master's parent has gone: another one takes no USR2."""
    ng = prepared(make_nginx(http=keeping(), workers=2))
    start_alone(ng)
    yield ng


async def test_it_starts_from_the_last_slot(ng):
    told, text = put_kept(ng, "hist/a")
    old = upgrade(ng)
    end_old(old)
    with Http(ng) as http:
        assert http.get("hist/a").body.decode() == text
        assert await resumed(ng, "hist/a", at(told)) == (True, [])
        new = http.put("hist/a", "x")
    assert new["seq"] == 2 and new["epoch"] != told["epoch"], "not clean"
    assert await resumed(ng, "hist/a", at(told)) == (True, [("msg", 2)])


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGTERM])
@pytest.mark.parametrize("last", ["quit", "kill"])
def test_the_file_is_the_new_ones(ng, how, last):
    """Whatever the old one still writes at its end, the next start has what
    the new one kept."""
    put_kept(ng, "hist/a")
    old = upgrade(ng)
    end_old(old, how)
    texts = []
    for _ in range(2):
        texts.append(put_kept(ng, "hist/a")[1])
    if last == "quit":
        end(ng)
    else:
        kill_all(ng)
    again(ng)
    with Http(ng) as http:
        assert http.get("hist/a").body.decode() == texts[-1]
        items = http.get("hist/a", "last=2").json()["items"]
        assert [one["text"] for one in items] == texts


async def test_what_the_old_one_still_took_is_lost(ng):
    """And its positions are never good."""
    put_kept(ng, "hist/a")
    with Http(ng) as http:
        old = upgrade(ng)
        # Over a connection to one of the old one's workers.
        lost = http.put("hist/a", marker())
    end_old(old)
    new = Http(ng).put("hist/a", "x")
    if new["seq"] == lost["seq"]:
        assert new["epoch"] != lost["epoch"]
        recovered, _ = await resumed(ng, "hist/a", at(lost))
        assert recovered is False
    put_kept(ng, "hist/a", Slots(ng))
    restart(ng)
    if new["seq"] == lost["seq"]:
        recovered, _ = await resumed(ng, "hist/a", at(lost))
        assert recovered is False


@pytest.mark.parametrize("interval", [AT_END, "interval=1s"])
def test_before_anything_was_written(make_nginx, interval):
    """The new one's zone counts, from its first message on."""
    ng = prepared(make_nginx(http=keeping(interval), workers=2))
    start_alone(ng)
    ng.allow("another nginx writes")
    with Http(ng) as http:
        http.put("hist/old", "x")
    end_old(upgrade(ng))
    text = marker()
    with Http(ng) as http:
        http.put("hist/new", text)
    if interval == AT_END:
        end(ng)
    else:
        Slots(ng).wait_for(text)
        kill_all(ng)
    again(ng)
    with Http(ng) as http:
        assert http.get("hist/new").body.decode() == text


def put_in_new(ng):
    """Both of them take connections, but only the new one writes."""
    texts = []

    def kept_one():
        texts.append(marker())
        Http(ng).put("hist/new", texts[-1])
        return any(Slots(ng).holding(text) for text in texts)

    wait_until("the new one has written", kept_one, 20, 0.1)


def end_new(ng, old):
    """The upgrade is undone: `ng` is the old one again."""
    end_old(ng.process)
    ng.process = old
    ng._expected_pids = set()


@pytest.mark.parametrize("last", ["quit", "kill"])
def test_it_is_undone(ng, last):
    """The old one has the file again once the new one has ended."""
    ng.allow("another nginx writes")
    put_kept(ng, "hist/a")
    old = upgrade(ng)
    put_in_new(ng)
    end_new(ng, old)
    text = put_kept(ng, "hist/a")[1]
    if last == "quit":
        end(ng)
    else:
        kill_all(ng)
    again(ng)
    with Http(ng) as http:
        assert http.get("hist/a").body.decode() == text
