"""Cursors of streams over the hosts of a cluster, and over what Redis loses."""

import pytest

from support.cluster import Cluster, caught_up, seed, wait_working
from support.config import LOCATIONS
from support.httpc import Http
from support.stream import Stream, path_of

WHERE = LOCATIONS + """
location /events/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
}
"""
SSE = {"Accept": "text/event-stream"}


def events(ng, *topics, at=None, **more):
    headers = {"Last-Event-ID": at} if at else {}
    return Stream(ng, path_of("/events/", *topics, **more),
                  headers={**SSE, **headers})


def zone_of(cursor):
    return cursor.split(".")[0]


@pytest.fixture(name="hosts")
def _hosts(make_redis):
    redis = make_redis()
    cluster = Cluster(redis=redis)
    try:
        cluster.grow({"locations": WHERE},
                     {"locations": WHERE, "size": "12m"})
        yield cluster
    finally:
        cluster.end()


def test_go_on_at_another_host(hosts):
    a, b = hosts.hosts
    with Http(a) as http, Http(b) as other:
        with events(a, "hist/*") as stream:
            at = stream.event().id
            http.put("hist/a", "1")
            other.put("hist/b", "2")
            got = [stream.message() for _ in range(2)]
            assert [one.json()["text"] for one in got] == ["1", "2"]
            at = got[-1].id
        http.put("hist/b", "3")
        told = http.put("hist/a", "4")
        with events(b, "hist/*", at=at) as stream:
            texts = {stream.message().json()["text"] for _ in range(2)}
            assert texts == {"3", "4"}
            other.put("hist/a", "5")
            last = stream.message()
            assert last.json()["seq"] == told["seq"] + 1
            assert zone_of(last.id) == zone_of(at)
    # A host that joins has the same numbers.
    late = hosts.add(locations=WHERE)
    with events(late, "hist/*", at=at) as stream:
        got = {stream.message().json()["text"] for _ in range(3)}
        assert got == {"3", "4", "5"}
    with events(a, "hist/a", at=last.id) as stream:
        http = Http(late)
        http.put("hist/a", "6")
        event = stream.event()
        assert event.name == "message" and event.json()["text"] == "6"
        http.close()


def test_a_host_that_restarts(hosts):
    a, b = hosts.hosts
    with Http(a) as http:
        http.put("hist/a", "1")
        with events(a, "hist/a") as stream:
            at = stream.event().id
        a.quit()
        with Http(b) as other:
            other.put("hist/a", "2")
        a.start()
        wait_working(a, b)
        with events(a, "hist/a", at=at) as stream:
            assert stream.event().json()["text"] == "2"


def test_what_redis_lost(make_redis):
    master = make_redis()
    seed(master)
    replica = make_redis(replica_of=master)
    replica.wait_synced()
    cluster = Cluster(redis=master, seeded=False,
                      urls=f"{master.url} {replica.url}")
    try:
        cluster.grow({"locations": WHERE}, {"locations": WHERE})
        a, b = cluster.hosts
        for ng in (a, b):
            ng.allow(r"Redis lost at least")
        with Http(a) as http:
            http.put("hist/a", "1")
            with events(a, "hist/a") as stream:
                kept = stream.event().id
            caught_up(a, b)
            replica.wait_synced()
            replica.detach()
            http.put("hist/a", "lost")
            with events(a, "hist/a") as stream:
                lost = [stream.message() for _ in range(1)][-1].id
            caught_up(a, b)
        master.kill()
        replica.promote()
        wait_working(a, b)
        for ng in (a, b):
            with Http(ng) as http:
                http.put("hist/a", "new")
            with events(ng, "hist/a", at=lost) as stream:
                assert stream.event().name == "reset"
            with events(ng, "hist/a", at=kept) as stream:
                first = stream.event()
                while first.name == "topic":
                    first = stream.event()
                assert first.name == "message", first
                assert first.json()["text"] == "new"
    finally:
        cluster.end()
