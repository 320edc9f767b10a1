"""ws_pubsub_cluster on a Redis Cluster of three: the zone's keys are all in
one slot, and hosts go where that is."""

import asyncio
import contextlib

import pytest

from support import ports
from support.cluster import (
    key, log_length, status, wait_following, wait_working)
from support.cluster_load import all_equal, loaded
from support.httpc import Http
from support.processes import wait_until
from support.redis import Redis

MASTERS = 3
SLOTS = 16384
PREFIX = "load/a"


def node(**how):
    bus, = ports.take(1)
    return Redis(more=["cluster-enabled yes", "cluster-node-timeout 1000",
                       f"cluster-port {bus}"], **how)


def bus_of(redis):
    return redis.call("CONFIG", "GET", "cluster-port")[1].decode()


def id_of(redis):
    return redis.call("CLUSTER", "MYID").decode()


class Slots:
    """`masters`, each with a third of the slots; `owner` has the zone's, and
    `others` have not."""

    def __init__(self, masters):
        self.masters = masters
        first = masters[0]
        for n, one in enumerate(masters):
            begin, end = SLOTS * n // MASTERS, SLOTS * (n + 1) // MASTERS - 1
            one.call("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
            one.call("CLUSTER", "ADDSLOTSRANGE", begin, end)
            if one is not first:
                self.meet(one)
        for one in masters:
            wait_until("the slots are known",
                       lambda: self.is_whole(one), 20)  # pylint: disable=W0640
        self.slot = first.call("CLUSTER", "KEYSLOT", key("log"))
        self.owner = masters[self.slot * MASTERS // SLOTS]
        self.others = [one for one in masters if one is not self.owner]

    def meet(self, one):
        first = self.masters[0]
        one.call("CLUSTER", "MEET", first.host, first.port, bus_of(first))

    @staticmethod
    def is_whole(one):
        return b"cluster_state:ok" in one.call("CLUSTER", "INFO")

    def move(self, to):
        """The zone's slot, as `redis-cli --cluster reshard` does it."""
        source = self.owner
        to.call("CLUSTER", "SETSLOT", self.slot, "IMPORTING", id_of(source))
        source.call("CLUSTER", "SETSLOT", self.slot, "MIGRATING", id_of(to))
        while keys := source.call("CLUSTER", "GETKEYSINSLOT", self.slot, 100):
            source.call("MIGRATE", to.host, to.port, "", 0, 5000, "KEYS", *keys)
        for one in (to, source, *self.masters):
            one.call("CLUSTER", "SETSLOT", self.slot, "NODE", id_of(to))
        self.owner = to


@pytest.fixture(name="slots")
def _slots():
    with contextlib.ExitStack() as stack:
        masters = []
        for _ in range(MASTERS):
            one = node()
            stack.callback(one.remove)
            masters.append(one.start())
        yield Slots(masters)


@pytest.fixture(name="cluster")
def _cluster(slots, make_cluster):
    """Hosts that are told only of who has nothing of the zone."""
    return make_cluster({}, {"size": "12m"}, redis=slots.owner,
                        urls=" ".join(one.url for one in slots.others))


def all_workers_publish(cluster):
    for ng in cluster.hosts:
        for _ in range(8):
            with Http(ng) as http:
                http.put("each", "x")


async def test_goes_where_the_slot_is(slots, cluster):
    async with loaded(cluster.hosts, PREFIX, cluster.hosts, keys=True) as load:
        await load.more(50)
    assert not load.refused and not load.unknown
    assert log_length(slots.owner) > 50
    for one in slots.others:
        assert one.call("DBSIZE") == 0
    all_workers_publish(cluster)
    all_equal(*cluster.hosts)


async def test_the_slot_moves(slots, cluster):
    """Nothing that was answered is lost, and nobody is reset."""
    async with loaded(cluster.hosts, PREFIX, cluster.hosts, keys=True) as load:
        await load.more(20)
        before = slots.owner
        await asyncio.to_thread(slots.move, slots.others[0])
        await asyncio.to_thread(wait_working, *cluster.hosts)
        await load.more(20)
    assert before.call("DBSIZE") == 0 and log_length(slots.owner) > 40
    for ng in cluster.hosts:
        assert "Redis lost" not in ng.log_text()
        assert status(ng)["rollbacks"] == 0
    all_workers_publish(cluster)
    all_equal(*cluster.hosts)


def test_a_replica_takes_its_place(slots, cluster):
    """It was not named to the hosts; by the nodes that were they find it."""
    with contextlib.ExitStack() as stack:
        replica = node()
        stack.callback(replica.remove)
        slots.meet(replica.start())
        owner = id_of(slots.owner)
        for one in (replica, *slots.others):
            wait_until("all know each other", lambda: one.call(  # pylint: disable=W0640
                "CLUSTER", "NODES").count(b" connected") == MASTERS + 1, 20)
        replica.call("CLUSTER", "REPLICATE", owner)
        with Http(cluster.hosts[0]) as http:
            http.put("kept", "x")
        replica.replica_of = slots.owner
        replica.wait_synced()
        slots.owner.kill()
        wait_until("it is a master", lambda: b"myself,master" in
                   replica.call("CLUSTER", "NODES"), 30)
        wait_following(*cluster.hosts)
        wait_working(*cluster.hosts)
        for ng in cluster.hosts:
            with Http(ng) as http:
                assert http.get("kept").body == b"x"
            assert status(ng)["rollbacks"] == 0
        assert log_length(replica) > 0
        all_workers_publish(cluster)
        all_equal(*cluster.hosts)
