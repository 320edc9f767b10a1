"""ws_pubsub_cluster: Redis is slow, gone, restarted, refuses, is emptied. What
was answered is not lost, nothing is done twice, and nobody sees anything."""

import asyncio
import os
import time

import pytest

from support.cluster import (
    caught_up, cut, host_stopped, key, log_length, not_known, not_now, ready,
    silent, state, status, wait_following, wait_state, wait_working)
from support.cluster_load import all_equal, loaded
from support.httpc import Http
from support.processes import wait_until
from support.restarts import at, resumed, whole_state
from support.session import JsonSession

UNREACHABLE = r'\[warn\].* zone "main": Redis is not reachable: .+'
BACK = r'\[notice\].* zone "main": following again after .+ s'
EMPTY = r'\[error\].* zone "main": Redis was empty: gave it this host\'s state'
PREFIX = "load/a"
SLOW_S = 2
LONG_S = 20


def no_loss(cluster):
    """Nobody says that anything was lost."""
    for ng in cluster.hosts:
        assert "Redis lost" not in ng.log_text()
        assert status(ng)["rollbacks"] == 0


# -- slow, gone, back ---------------------------------------------------------------

async def test_silent_for_a_moment(pair):
    """Publishes wait, none fails; who is there has the values meanwhile."""
    with Http(pair.hosts[0]) as http:
        http.put("hist/a", "x")
    caught_up(*pair.hosts)
    async with loaded(pair.hosts, PREFIX, pair.hosts) as load:
        with silent(pair.redis):
            await asyncio.sleep(SLOW_S)
            for ng in pair.hosts:
                with Http(ng) as http:
                    assert http.get("hist/a").body == b"x"
                async with await JsonSession.open(ng) as session:
                    await session.sub("hist/a")
                    assert (await session.msg())["text"] == "x"
        await load.more(50)
    assert not load.refused and not load.unknown
    no_loss(pair)


async def test_silent_for_long(pair):
    """Longer than publishes wait, and than a host is thought to follow."""
    async with loaded(pair.hosts, PREFIX, pair.hosts) as load:
        with silent(pair.redis):
            await asyncio.to_thread(wait_state, "alone", *pair.hosts,
                                    timeout_s=LONG_S + 2)
            assert {ready(ng) for ng in pair.hosts} == {503}
            await asyncio.sleep(LONG_S - 5)
        await asyncio.to_thread(wait_following, *pair.hosts)
        await load.more(100)
    assert load.unknown or load.refused
    for ng in pair.hosts:
        ng.wait_for_log(UNREACHABLE)
        ng.wait_for_log(BACK)
        assert ng.log_text().count("Redis is not reachable") == 1
    no_loss(pair)


async def test_killed_and_restarted(pair):
    """With its append-only file: all that was answered is there."""
    before = status(pair.hosts[0])["terms"]
    async with loaded(pair.hosts, PREFIX, pair.hosts, keys=True) as load:
        for _ in range(2):
            await asyncio.to_thread(pair.redis.kill)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(pair.redis.start)
            await load.more(50)
        await asyncio.to_thread(pair.redis.restart)  # an orderly one
        await load.more(50)
    no_loss(pair)
    all_equal(*pair.hosts)
    # each start has a lineage of its own
    assert status(pair.hosts[0])["terms"] >= before + 3


async def test_a_failover_that_lost_nothing_is_seen_by_nobody(pair):
    """A topic goes on under another epoch, and older positions stay good."""
    a, b = pair.hosts
    async with await JsonSession.open(b) as session:
        await session.sub("hist/a")
        with Http(a) as http:
            told = [http.put("hist/a", str(n)) for n in range(1, 4)]
            await session.next_of("topic")
            await session.msgs(3)
            pair.redis.kill()
            pair.redis.start()
            wait_working(a, b)
            # nothing was published since: it is the same topic
            assert http.get("hist/a").etag == f'"{told[0]["epoch"]}.3"'
            new = http.put("hist/a", "4")
            assert new["seq"] == 4 and new["epoch"] != told[0]["epoch"]
        assert await session.next() == {
            "op": "topic", "topic": "hist/a", "epoch": new["epoch"],
            "seq": 3, "was": told[0]["epoch"]}
        assert (await session.msg())["seq"] == 4
        await session.quiet()
    for ng in pair.hosts:
        for one in (*told, new):
            assert await resumed(ng, "hist/a", at(one)) == (
                True, [("msg", n) for n in range(one["seq"] + 1, 5)])
        assert await resumed(ng, "hist/a", at(told[0], 4)) == (
            False, [("msg", n) for n in range(1, 5)])
    no_loss(pair)


async def test_connections_cut(pair):
    """Again and again: what was under way is done once."""
    async with loaded(pair.hosts, PREFIX, pair.hosts) as load:
        for number in range(8):
            if number % 2:  # what is sent is not done before the end
                pair.redis.call("CLIENT", "PAUSE", "300", "WRITE")
                await asyncio.sleep(0.1)
            await asyncio.to_thread(cut, pair.redis)
            await load.more(20)
    # One that is cut each time before its answer may be out of time.
    assert not load.refused
    assert sum(status(ng)["resent"] for ng in pair.hosts) > 0
    no_loss(pair)
    all_equal(*pair.hosts)


def test_replies_beyond_the_output_buffer(pair):
    """Redis closes the connection of who asks for more at once; a host that
    was away asks for less then."""
    a, b = pair.hosts
    pair.redis.call("CONFIG", "SET", "client-output-buffer-limit",
                    "normal 1048576 0 0")
    caught_up(a, b)
    with host_stopped(b), Http(a) as http:
        for n in range(200):
            http.put(f"big/{n % 10}", os.urandom(15_000).hex())
        http.put("hist/last", "x")
    caught_up(a, b)
    wait_following(a, b)
    assert whole_state(a) == whole_state(b)
    no_loss(pair)


# -- gone for longer than publishes wait -------------------------------------------------

@pytest.fixture(name="hasty")
def _hasty(make_cluster):
    """Two hosts whose publishes wait for a moment only."""
    return make_cluster({}, {}, options="wait=1500ms")


async def test_what_was_sent_is_not_known(hasty):
    """And is there once in the end, or not, but never twice."""
    a, b = hasty.hosts
    with Http(a) as http:
        http.put("hist/a", "first")
        with silent(hasty.redis):
            began = time.monotonic()
            answer = http.publish("hist/a", "second", Idempotency_Key="k")
            assert not_known(answer), answer
            assert time.monotonic() - began > 1.4
            async with await JsonSession.open(b) as session:
                await session.fails(116, "pub", topic="hist/b", data=1)
        assert status(a)["unknown"] == 1 and status(a)["unavailable"] == 0
        wait_working(a, b)
        told = http.publish("hist/a", "second", Idempotency_Key="k")
        assert told.json()["seq"] == 2
        with Http(b) as other:
            again = other.publish("hist/a", "second", Idempotency_Key="k")
            assert again.etag == told.etag
            caught_up(a, b)
            for one in (http, other):
                items = one.get("hist/a", "last=9").json()["items"]
                assert [item["text"] for item in items] == [
                    "first", "second"]


async def test_what_was_not_sent_was_not_done(hasty):
    """However a publish comes."""
    a, b = hasty.hosts
    with Http(a) as http:
        http.publish_json("hist/a", {"n": 1})
        caught_up(a, b)
        hasty.redis.kill()
        a.wait_for_log(UNREACHABLE)
        b.wait_for_log(UNREACHABLE)
        for answer in (
                http.publish("hist/a", "x"),
                http.publish("hist/a", "x", method="PUT"),
                http.publish("hist/a", "x", Idempotency_Key="k"),
                http.patch("hist/a", {"n": 2}), http.delete("hist/a"),
                http.request("DELETE", "/api/?select=hist/*")):
            assert not_now(answer), answer
        told = http.batch([{"topic": "hist/b", "text": "x"},
                           {"topic": "not//good", "text": "x"}])
        assert [one["error"]["code"] for one in told] == [115, 107]
        async with await JsonSession.open(b) as session:
            await session.fails(115, "pub", topic="hist/a", data=1)
            await session.fails(115, "pub", topic="hist/a", patch={"n": 2})
            # reads go on
            assert (await session.ok("get", topic="hist/a"))["items"][0][
                "data"] == {"n": 1}
        assert status(a)["unavailable"] >= 6 and status(a)["unknown"] == 0
        hasty.redis.start()
        wait_working(a, b)
        assert http.get("hist/a").json() == {"n": 1}
        assert http.get("hist/b").status == 404
        assert http.put("hist/a", "x", Idempotency_Key="k")["seq"] == 2


async def test_an_unknown_position_waits(hasty):
    """It may be ahead of this host; without Redis nobody can tell."""
    a, b = hasty.hosts
    with Http(a) as http:
        told = http.put("hist/a", "x")
        caught_up(a, b)
        hasty.redis.kill()
        b.wait_for_log(UNREACHABLE)
        with Http(b) as other:
            assert not_now(other.get(
                "hist/a", f"since={told['epoch']}.2"))
            assert other.get("hist/a", f"since={told['epoch']}.1").json()[
                "items"] == []
        async with await JsonSession.open(b) as session:
            await session.fails(115, "sub", topic="hist/a", since=at(told, 2))
            await session.fails(115, "history", topic="hist/a",
                                since=at(told, 2))
            reply = await session.sub("hist/a", at(told))
            assert reply["recovered"] is True
        hasty.redis.start()
        wait_working(a, b)
        assert await resumed(b, "hist/a", at(told, 2)) == (
            False, [("msg", 1)])


# -- refused ----------------------------------------------------------------------------

@pytest.mark.parametrize("refuse, allow", [
    (("CONFIG", "SET", "maxmemory", "1"),
     ("CONFIG", "SET", "maxmemory", "0")),
    (("ACL", "SETUSER", "default", "-xadd"),
     ("ACL", "SETUSER", "default", "+xadd")),
], ids=["OOM", "NOPERM"])
async def test_refused(hasty, refuse, allow):
    """For a moment nobody notices; for longer it was not done. Either way
    hosts go on when they are let."""
    hosts = hasty.hosts
    async with loaded(hosts, PREFIX, hosts) as load:
        await asyncio.to_thread(hasty.redis.call, *refuse)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(hasty.redis.call, *allow)
        await load.more(50)
        assert not load.refused and not load.unknown
        await asyncio.to_thread(hasty.redis.call, *refuse)
        with Http(hosts[0]) as http:
            answer = await asyncio.to_thread(
                http.publish, "hist/a", "x", Idempotency_Key="k")
            assert not_now(answer), answer
            await asyncio.to_thread(hasty.redis.call, *allow)
            await load.more(50)
            assert http.get("hist/a").status == 404
            assert http.put("hist/a", "x", Idempotency_Key="k")["seq"] == 1
    assert load.refused and not load.unknown
    no_loss(hasty)


async def test_loading(make_cluster):
    """Redis answers, but has not read its file yet."""
    cluster = make_cluster({}, {}, more=["key-load-delay 300"])
    with cluster.redis.client() as client:
        for _ in range(8000):
            client.send("LPUSH", "another", "x")
        for _ in range(8000):
            client.read()
    async with loaded(cluster.hosts, PREFIX, cluster.hosts, keys=True) as load:
        await asyncio.to_thread(cluster.redis.kill)
        await asyncio.to_thread(cluster.redis.start)
        await load.more(50)
    no_loss(cluster)


# -- emptied ------------------------------------------------------------------------------

async def test_flushed(pair):
    """The most advanced host gives its state; positions go on, and nobody
    sees anything but another epoch."""
    with Http(pair.hosts[0]) as http:
        told = http.put("hist/before", "x")
    async with loaded(pair.hosts, PREFIX, pair.hosts, keys=True) as load:
        await asyncio.to_thread(pair.redis.call, "FLUSHALL")
        await load.more(100)
    wait_following(*pair.hosts)
    assert sum(ng.log_text().count("Redis was empty: gave it this host's")
               for ng in pair.hosts) == 1
    for ng in pair.hosts:
        assert await resumed(ng, "hist/before", at(told)) == (True, [])
    all_equal(*pair.hosts)
    assert pair.redis.call("EXISTS", key("genesis"), key("snap")) == 2


async def test_comes_back_empty(make_cluster):
    """Without an append-only file."""
    cluster = make_cluster({}, {}, aof=False)
    with Http(cluster.hosts[1]) as http:
        told = http.put("hist/before", "x")
    async with loaded(cluster.hosts, PREFIX, cluster.hosts,
                      keys=True) as load:
        await asyncio.to_thread(cluster.redis.kill)
        await asyncio.to_thread(cluster.redis.start)
        await load.more(100)
    wait_following(*cluster.hosts)
    for ng in cluster.hosts:
        assert await resumed(ng, "hist/before", at(told)) == (True, [])
    all_equal(*cluster.hosts)


async def test_only_the_log_is_deleted(pair):
    async with loaded(pair.hosts, PREFIX, pair.hosts, keys=True) as load:
        await asyncio.to_thread(pair.redis.call, "DEL", key("log"))
        await load.more(100)
    all_equal(*pair.hosts)


def test_flushed_while_nothing_is_published(pair):
    with Http(pair.hosts[0]) as http, Http(pair.hosts[1]) as other:
        told = http.put("hist/a", "x")
        caught_up(*pair.hosts)
        pair.redis.call("FLUSHALL")
        wait_until("it has a log again", lambda: log_length(pair.redis) > 0,
                   20)
        wait_working(*pair.hosts)
        new = other.put("hist/a", "y")
        assert new["seq"] == 2 and new["epoch"] != told["epoch"]
        caught_up(*pair.hosts)
        assert http.get("hist/a").body == b"y"
        log = "".join(ng.log_text() for ng in pair.hosts)
        assert "Redis was empty: gave it this host's state" in log


async def test_flushed_as_an_empty_host_joins(pair):
    """A host without a state never wins over one that has some."""
    with Http(pair.hosts[0]) as http:
        told = http.put("hist/a", os.urandom(8).hex())
    caught_up(*pair.hosts)
    new = pair.prepare(size="16m")
    pair.redis.call("FLUSHALL")
    new.start()
    wait_working(*pair.hosts)
    assert state(new) == "following"
    all_equal(*pair.hosts)
    assert await resumed(new, "hist/a", at(told)) == (True, [])
