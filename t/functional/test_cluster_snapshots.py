"""ws_pubsub_cluster: the snapshots that hosts store in Redis, and the log that
is trimmed behind them."""

import asyncio
import collections
import os
import threading
import time

import pytest

from support.cluster import (
    caught_up, first_entry, host_stopped, key, parsed, snapshot, snapshots,
    state, status, wait_following, wait_working)
from support.cluster_load import all_equal, check_kept, loaded
from support.httpc import Http
from support.log_lines import above_info
from support.processes import wait_until
from support.restarts import kill_all

BIG = 50_000
TO_STORE_S = 20.0


@pytest.fixture(name="cluster")
def _cluster(make_cluster):
    """Two hosts that store a snapshot after each MB of log."""
    return make_cluster({}, {"size": "12m"}, options="log=1m")


def write(http, count, first=0):
    """So many times 50 KB into a few topics, each time something else."""
    for n in range(first, first + count):
        http.put(f"big/{n % 12}", os.urandom(BIG // 2).hex())


def store(cluster, http):
    """Publishes until one more snapshot is there; returns what is said of
    it."""
    before, written = snapshot(cluster.redis), 0

    def stored():
        nonlocal written
        if written < 60:
            write(http, 1, written)
            written += 1
        now = snapshot(cluster.redis)
        return now != before and now

    return wait_until("a snapshot is stored", stored, TO_STORE_S, 0.02)


def stored_at(ng):
    """The position of the newest one, as the host knows it."""
    return parsed(status(ng)["snapshot_position"])


def test_stored_and_trimmed(cluster):
    """Two at most are kept, and the log begins at the one before the newest:
    Redis does not grow."""
    a, b = cluster.hosts
    began = first_entry(cluster.redis)
    with Http(a) as http:
        http.put("hist/first", "x")
        stored = stored_at(a)
        for _ in range(4):
            store(cluster, http)
            for ng in (a, b):
                wait_until("it is told of",
                           lambda: stored_at(ng) > stored, 10)  # pylint: disable=W0640
            stored = stored_at(a)
        wait_until("the log is trimmed",
                   lambda: first_entry(cluster.redis) > began, 10)
        assert first_entry(cluster.redis) <= stored
        wait_until("old ones are removed",
                   lambda: len(snapshots(cluster.redis)) <= 2, 10)
        for ng in (a, b):
            told = status(ng)
            assert told["snapshot_failures"] == 0
            assert told["log_bytes"] < 4 * 2 ** 20
            assert 0 <= float(told["snapshot_age"]) < 60
        memory = int(cluster.redis.info("memory")["used_memory"])
        assert memory < 32 * 2 ** 20
        # what is older than the log is in the snapshot
        new = cluster.add()
        with Http(new) as other:
            assert other.get("hist/first").body == b"x"
    all_equal(*cluster.hosts)


def test_not_before_the_log_is_long(cluster):
    """And only one host stores."""
    before = snapshot(cluster.redis)
    with Http(cluster.hosts[0]) as http:
        write(http, 10)
        assert snapshot(cluster.redis) == before
        store(cluster, http)
    caught_up(*cluster.hosts)
    assert len(snapshots(cluster.redis)) <= 2


def test_nobody_stores_without_the_lease(cluster):
    a, b = cluster.hosts
    with Http(a) as http:
        assert cluster.redis.call(
            "SET", key("lease"), "somebody else", "NX", "PX", "600000")
        before = snapshot(cluster.redis)
        write(http, 70)
        caught_up(a, b)
        assert snapshot(cluster.redis) == before
        assert cluster.redis.call(
            "GET", key("lease")) == b"somebody else"
        cluster.redis.call("DEL", key("lease"))
        wait_until("a snapshot is stored",
                   lambda: snapshot(cluster.redis) != before, TO_STORE_S)
        # which ends by itself, whatever becomes of who has it
        left = cluster.redis.call("PTTL", key("lease"))
        assert left == -2 or 0 < left <= 30_000
    assert {state(ng) for ng in (a, b)} == {"following"}


async def test_exact_amid_load(cluster):
    """Hosts that load one that was made while topics changed are equal to
    those that have read all of the log."""
    hosts = list(cluster.hosts)
    async with loaded(hosts, "load/a", hosts) as load:
        for _ in range(3):
            with Http(hosts[0]) as http:
                await asyncio.to_thread(store, cluster, http)
            ng = await asyncio.to_thread(cluster.add, workers=1)
            assert "joined at" in ng.log_text()
            await load.more(50)
    caught_up(*cluster.hosts)
    for ng in cluster.hosts:
        check_kept(load, ng)
    all_equal(*cluster.hosts)


def chunks(redis, name):
    return redis.call("HGETALL", name)[::2]


@pytest.mark.parametrize("damage", ["flip", "remove", "empty"])
def test_damaged_chunk(cluster, damage):
    """Of the newest: a host that joins takes the one before, or says what is
    wrong; it never serves anything else."""
    redis = cluster.redis
    with Http(cluster.hosts[0]) as http:
        http.put("hist/a", "x")
        store(cluster, http)
        old = set(snapshots(redis))
        store(cluster, http)
    caught_up(*cluster.hosts)
    wait_until("it is whole", lambda: set(snapshots(redis)) - old, 10)
    (newest,) = set(snapshots(redis)) - old
    number = chunks(redis, newest)[0]
    whole = redis.call("HGET", newest, number)
    if damage == "flip":
        middle = len(whole) // 2
        redis.call("HSET", newest, number, whole[:middle] + bytes(
            [whole[middle] ^ 1]) + whole[middle + 1:])
    elif damage == "empty":
        redis.call("HSET", newest, number, b"")
    else:
        redis.call("DEL", newest)
    ng = cluster.prepare(workers=1)
    ng.allow("snapshot")
    ng.start()

    def decided():
        lines = [line for line in above_info(ng.log_text())
                 if 'zone "main"' in line and "snapshot" in line]
        return state(ng) == "following" or lines

    wait_until("it has joined, or says why not", decided, TO_STORE_S)
    # until there is a good one, at the latest
    with Http(cluster.hosts[0]) as http:
        store(cluster, http)
    wait_following(ng)
    all_equal(*cluster.hosts)


def test_chunks_that_never_became_a_snapshot(cluster):
    """A host died amid storing: what it left ends by itself, and harms
    nobody."""
    redis = cluster.redis
    redis.call("HSET", key("snap:1-1"), "0", "rubbish")
    redis.call("PEXPIRE", key("snap:1-1"), "600000")
    with Http(cluster.hosts[0]) as http:
        store(cluster, http)
    cluster.add(workers=1)
    all_equal(*cluster.hosts)


async def test_who_stores_dies(cluster):
    """The lease ends, and the other host stores."""
    a, b = cluster.hosts
    async with loaded([a], "load/a", [a], keys=True) as load:
        await asyncio.to_thread(b.kill_worker, b.worker_pids()[0])
        with Http(a) as http:
            await asyncio.to_thread(store, cluster, http)
        for pid in b.worker_pids():
            await asyncio.to_thread(b.kill_worker, pid)
        with Http(a) as http:
            await asyncio.to_thread(store, cluster, http)
        await load.more(20)
    all_equal(a, b)


@pytest.mark.parametrize("left", [0, 2])
def test_a_log_that_was_trimmed_by_hand(make_cluster, left):
    """Hosts that follow it go on; one that comes finds a snapshot again from
    which the log goes on."""
    cluster = make_cluster({}, {})
    a, b = cluster.hosts
    with Http(a) as http:
        write(http, 5)
        caught_up(a, b)
        kill_all(b)
        for n in range(3):
            http.put("more", f"{n}")
        cluster.redis.call("XTRIM", key("log"), "MAXLEN", left)
        b.start()
        wait_following(a, b)
        http.put("after", "x")
    all_equal(a, b)


def test_nobody_can_follow_what_was_left(make_cluster):
    """All hosts have missed entries that were trimmed. What is published
    meanwhile is refused, and is not taken for a host that follows: they begin
    the log anew with what they have."""
    cluster = make_cluster({}, {}, options="wait=1s")
    a, b = cluster.hosts
    with Http(a) as http:
        http.put("kept", "x")
        caught_up(a, b)
        with host_stopped(a), host_stopped(b):
            for _ in range(2):  # for the first one both wait
                cluster.redis.call("XADD", key("log"), "*", "somebody", "else")
            cluster.redis.call("XTRIM", key("log"), "MAXLEN", 1)
        stop = threading.Event()
        answers = collections.Counter()

        def publish():
            with Http(b) as other:
                while not stop.is_set():
                    answers[other.publish("more", "x").status] += 1
                    time.sleep(0.05)

        writer = threading.Thread(target=publish)
        writer.start()
        try:
            wait_until("the log has begun anew", lambda: any(
                "gave it this host's state" in ng.log_text() for ng in (a, b)),
                60)
            wait_working(a, b)
        finally:
            stop.set()
            writer.join()
        assert answers[503] and not set(answers) - {201, 202, 503, 504}
        assert http.get("kept").body == b"x"
    all_equal(a, b)
