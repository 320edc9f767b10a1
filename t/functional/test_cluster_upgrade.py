"""ws_pubsub_cluster: a binary upgrade (USR2). The new master is a host of its
own beside the old one, at the same ports; then the old one goes."""

import asyncio

import pytest

from support.cluster import status, wait_following
from support.cluster_load import all_equal, loaded
from support.nginx import sanitizing
from support.processes import wait_until
from support.upgrades import end_old, start_alone, upgrade

PREFIX = "load/a"
JOINED = ": joined at "

pytestmark = pytest.mark.skipif(
    sanitizing(), reason="nginx hands no preloaded library to its next binary")


@pytest.fixture(name="cluster")
def _cluster(make_cluster):
    """Two hosts; the first one's master takes USR2."""
    cluster = make_cluster()
    start_alone(cluster.prepare())
    cluster.add()
    wait_following(*cluster.hosts)
    return cluster


async def test_nothing_is_lost(cluster):
    """Neither of what is published meanwhile, nor of what its subscribers get
    who come back to the new one."""
    a, b = cluster.hosts
    async with loaded(cluster.hosts, PREFIX, cluster.hosts, keys=True) as load:
        await load.more(20)
        old = await asyncio.to_thread(upgrade, a)
        await asyncio.to_thread(
            wait_until, "the new one has joined",
            lambda: a.log_text().count(JOINED) == 2, 20)
        await load.more(20)
        await asyncio.to_thread(end_old, old)
        await load.more(20)
    all_equal(a, b)
    assert all(status(ng)["rollbacks"] == 0 for ng in (a, b))
