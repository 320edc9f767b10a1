"""ws_pubsub_cluster: what else may be in Redis: keys of another type, entries
of somebody else, of a newer format, and damaged ones."""

import re

import pytest

from support.cluster import (
    Cluster, caught_up, key, ready, refuses, state, status, wait_following,
    wait_state, wait_working)
from support.cluster_load import loaded
from support.httpc import Http
from support.processes import wait_until
from support.restarts import at, complaints, resumed
from support.session import JsonSession


def emergency(ng, pattern):
    """A line of it; returns what was found."""
    return ng.wait_for_log(
        r'\[emerg\].* zone "main": .*' + pattern, timeout_s=20)


def allowing(*hosts):
    for ng in hosts:
        ng.allow(r'\[emerg\].* zone "main": ')


# -- keys that are not ours ----------------------------------------------------------

@pytest.mark.parametrize("fill", [
    [("SET", key("log"), "precious")],
    [("HSET", key("log"), "a", "precious")],
    [("XADD", key("log"), "*", "mine", "1"),
     ("XADD", key("log"), "*", "mine", "2")],
], ids=["text", "hash", "stream"])
def test_not_ours_at_the_start(make_cluster, fill):
    """It is refused, and nothing is touched."""
    cluster = make_cluster(seeded=False)
    for words in fill:
        cluster.redis.call(*words)
    before = cluster.redis.call("DUMP", key("log"))
    ng = cluster.prepare(workers=1)
    allowing(ng)
    ng.start()
    wait_state("stuck", ng)
    assert ready(ng) == 503
    refuses(ng)
    said = [line for line in complaints(ng.log_text())
            if 'zone "main": ' in line and key("log") in line]
    assert len(said) == 1, ng.log_text()
    assert cluster.redis.call("DUMP", key("log")) == before
    assert cluster.redis.call("EXISTS", key("genesis"), key("snap")) == 0


def test_log_replaced_by_another_type(pair):
    """Amid operation."""
    a, b = pair.hosts
    allowing(a, b)
    with Http(a) as http:
        http.put("hist/a", "x")
        with pair.redis.client() as client:
            client.call("MULTI")
            client.call("DEL", key("log"))
            client.call("SET", key("log"), "precious")
            client.call("EXEC")
        wait_state("stuck", a, b)
        assert http.publish("hist/a", "y").status == 503
    assert pair.redis.call("GET", key("log")) == b"precious"
    for ng in (a, b):
        assert any(key("log") in line for line in complaints(ng.log_text()))


async def test_foreign_entries_are_passed_over(pair):
    async with loaded(pair.hosts, "load/a", pair.hosts) as load:
        for n in range(20):
            pair.redis.call("XADD", key("log"), "*", "somebody", f"else {n}")
            pair.redis.call("XADD", key("log"), "*", "10", "x", "a", "b")
            pair.redis.call("XADD", key("log"), "*", "", "")
            await load.more(5)
    assert not load.refused and not load.unknown
    # also by a host that reads them when it joins
    ng = pair.add(size="16m")
    caught_up(*pair.hosts)
    with Http(ng) as http, Http(pair.hosts[0]) as other:
        assert http.get("load/a/1").etag == other.get("load/a/1").etag


# -- entries that can't be done ------------------------------------------------------

async def stuck_by(cluster, pattern, *fields):
    """An entry with these fields stops all hosts: the line says which it is;
    sessions end with 1012, and all is answered 503. What was before it is
    done."""
    hosts = cluster.hosts
    allowing(*hosts)
    with Http(hosts[0]) as http:
        http.put("hist/a", "x")
    caught_up(*hosts)
    session = await JsonSession.open(hosts[1])
    await session.sub("hist/a")
    entry = cluster.redis.call("XADD", key("log"), "*", *fields).decode()
    wait_state("stuck", *hosts)
    for ng in hosts:
        emergency(ng, pattern.replace("ID", re.escape(entry)))
        assert ready(ng) == 503
        refuses(ng)
    assert (await session.next_of("bye"))["code"] == 1012
    assert await session.closed() == 1012
    return entry


async def test_an_entry_of_a_newer_format(pair):
    await stuck_by(pair, "entry ID is of format 2: upgrade this host",
                   "2", b"\x01\x02\x03")


async def test_an_entry_of_the_last_format(pair):
    await stuck_by(pair, "entry ID is of format 9: upgrade this host",
                   "9", b"")


@pytest.mark.parametrize("payload", [b"", b"\x02", b"\x02" * 20, b"\xff" * 64],
                         ids=["empty", "short", "cut", "unknown op"])
async def test_a_damaged_entry(pair, payload):
    """It is not guessed at."""
    await stuck_by(pair, "ID", "1", payload)


async def test_an_entry_cut_at_its_end(pair):
    """One that was good, but for its last byte."""
    with Http(pair.hosts[0]) as http:
        http.put("hist/cut", "y" * 50)
    caught_up(*pair.hosts)
    entries = pair.redis.call(
        "XREVRANGE", key("log"), "+", "-", "COUNT", "20")
    payloads = [fields[1] for _, fields in entries if b"y" * 50 in fields[1]]
    assert len(payloads) == 1
    await stuck_by(pair, "ID", "1", payloads[0][:-1])


async def test_an_entry_again(pair):
    """The same bytes once more: its number was done already."""
    a, b = pair.hosts
    with Http(a) as http:
        told = http.put("hist/twice", "y" * 50)
        caught_up(a, b)
        entries = pair.redis.call(
            "XREVRANGE", key("log"), "+", "-", "COUNT", "20")
        (payload,) = [fields[1] for _, fields in entries
                      if b"y" * 50 in fields[1]]
        pair.redis.call("XADD", key("log"), "*", "1", payload)
        assert http.put("hist/other", "x")["seq"] == 1
        caught_up(a, b)
        assert http.get("hist/twice").etag == f'"{told["epoch"]}.1"'
    for ng in (a, b):
        assert await resumed(ng, "hist/twice", at(told)) == (True, [])


async def test_stuck_until_somebody_sees_to_it(pair):
    """The entry is removed, and the hosts are started again."""
    with Http(pair.hosts[0]) as http:
        told = http.put("hist/before", "x")
    caught_up(*pair.hosts)
    entry = await stuck_by(pair, "ID", "2", "x")
    pair.redis.call("XDEL", key("log"), entry)
    for ng in pair.hosts:
        ng.quit()
        ng.start()
    wait_working(*pair.hosts)
    for ng in pair.hosts:
        assert await resumed(ng, "hist/before", at(told)) == (True, [])


# -- two clusters in one Redis -----------------------------------------------------------

def test_names_are_apart(make_redis):
    """Each has its keys; two zones of one host, too."""
    redis = make_redis()
    cluster = Cluster(redis=redis, seeded=False, options="name=one")
    try:
        cluster.grow({"workers": 1, "more": f"""
            ws_pubsub_zone other:4m;
            ws_pubsub_cluster zone=other {redis.url};
            """, "locations": """
            location /api/ { ws_pubsub_api zone=main; }
            location /other/ { ws_pubsub_api zone=other; }
            location = /status { ws_pubsub_status zone=main; }
            location = /status-other { ws_pubsub_status zone=other; }
            """})
        (ng,) = cluster.hosts
        with Http(ng) as http, Http(ng, api="/other/") as other:
            http.put("hist/a", "x")
            wait_until("the other zone follows, too", lambda: other.request(
                "GET", "/status-other").json()["cluster"] == "following")
            assert other.put("hist/b", "y")["seq"] == 1
            assert http.get("hist/b").status == 404
            assert other.get("hist/a").status == 404
        assert redis.call(
            "EXISTS", key("log", "one"), key("log", "other")) == 2
        assert redis.call("EXISTS", key("log")) == 0
    finally:
        cluster.end()


def test_a_cluster_of_one(make_cluster):
    """It begins with an empty Redis, and is a cluster all the same."""
    cluster = make_cluster({"workers": 1}, seeded=False)
    (ng,) = cluster.hosts
    assert state(ng) == "following" and status(ng)["hosts"] == 1
    with Http(ng) as http:
        assert http.put("hist/a", "x")["seq"] == 1
        assert http.get("hist/a").body == b"x"
    assert cluster.redis.call(
        "EXISTS", key("log"), key("genesis"), key("snap")) == 3


def test_two_hosts_begin_together(make_cluster):
    """With an empty Redis: one of them gives its empty state."""
    cluster = make_cluster({}, {}, seeded=False)
    a, b = cluster.hosts
    with Http(a) as http, Http(b) as other:
        told = http.put("hist/a", "x")
        assert other.put("hist/a", "y")["seq"] == told["seq"] + 1
    caught_up(a, b)
    wait_following(a, b)
