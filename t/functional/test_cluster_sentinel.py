"""ws_pubsub_cluster: a zone whose Redis is found by asking a sentinel."""

import pytest

from support.cluster import (
    caught_up, seed, status, wait_following, wait_working)
from support.cluster_load import all_equal, loaded
from support.httpc import Http
from support.processes import wait_until

PREFIX = "load/a"


@pytest.fixture(name="made")
def _made(make_redis, make_cluster):
    """The cluster, the master's replica, and the sentinel."""
    master = make_redis()
    seed(master)
    replica = make_redis(replica_of=master)
    replica.wait_synced()
    sentinel = make_redis(sentinel_of=master)
    sentinel.wait_replicas(1)
    cluster = make_cluster({}, {"size": "12m"}, redis=master, seeded=False,
                           urls=sentinel.url)
    return cluster, replica, sentinel


async def test_under_load(made):
    cluster, _, _ = made
    async with loaded(cluster.hosts, PREFIX, cluster.hosts, keys=True) as load:
        await load.more(50)
    assert not load.refused and not load.unknown


def test_a_failover(made):
    """The hosts are told of the new master, and find what the old one had."""
    cluster, replica, sentinel = made
    with Http(cluster.hosts[0]) as http:
        http.put("hist/a", "1")
    caught_up(*cluster.hosts)
    replica.wait_synced()
    cluster.redis.kill()
    wait_until("another one is the master",
               lambda: sentinel.master_port() == replica.port, 30)
    wait_following(*cluster.hosts)
    wait_working(*cluster.hosts)
    for ng in cluster.hosts:
        with Http(ng) as http:
            assert http.put("hist/a", "x")["seq"] > 1
        assert status(ng)["rollbacks"] == 0
    all_equal(*cluster.hosts)
