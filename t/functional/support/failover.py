"""A cluster whose Redis fails over to a replica that has not got all; a host
that is kept from loading what there is, or from reading on behind it."""

import asyncio
import threading

import pytest

from .cluster import STATE_TIMEOUT_S, Cluster, caught_up, seed, wait_working
from .httpc import Http
from .redis_talker import RedisProxy
from .session import JsonSession

ALL = {"last": 100}
PAIR = ({}, {"size": "12m"})


class Failing:
    """Hosts that know a master and its replica."""

    def __init__(self, make_redis):
        self.master = make_redis()
        seed(self.master)
        self.replica = make_redis(replica_of=self.master)
        self.replica.wait_synced()
        self.cluster = Cluster(redis=self.master, seeded=False)

    def grow(self, *specifications):
        """Hosts, by default two. `gate` of one: through which alone it comes
        to the replica."""
        hosts = []
        for how in specifications or PAIR:
            url = how.get("gate", self.replica).url
            hosts.append({
                **how, "options": f"{url} {how.get('options', '')}"})
            hosts[-1].pop("gate", None)
        self.cluster.grow(*hosts)
        return self.cluster.hosts

    def detach(self):
        """The replica has all that there is, and gets nothing more."""
        caught_up(*self.cluster.hosts)
        self.replica.wait_synced()
        self.replica.detach()

    def promote(self):
        """In place of the master, which dies."""
        self.master.kill()
        self.replica.promote()

    def fail_over(self):
        """To a replica that may not have all; all hosts work again."""
        self.promote()
        wait_working(*self.cluster.hosts)

    def swap(self):
        """The master that died comes back as the replica."""
        self.master, self.replica = self.replica, self.master
        self.replica.replica_of = self.master
        self.replica.start().wait_synced()


class Gate:
    """Between one host and a Redis. `holds`: "snapshot", the host can't fetch
    one; "tail", it can, but reads nothing of the log behind it. Both until
    open()."""

    HELD = {"snapshot": (b"HGET",), "tail": (b"XREAD", b"XRANGE")}

    def __init__(self, redis, holds):
        self._held = self.HELD[holds]
        self._is_due = holds == "snapshot"
        self._reached = threading.Event()
        self._opened = threading.Event()
        self._proxy = RedisProxy(redis, self._meddle)
        self.url = f"redis://127.0.0.1:{self._proxy.port}"

    def _meddle(self, words):
        name = words[0].upper()
        if self._is_due and name in self._held:
            self._reached.set()
            self._opened.wait()
        self._is_due |= name == b"HGET"

    async def reached(self):
        """The host stands before it."""
        assert await asyncio.to_thread(
            self._reached.wait, STATE_TIMEOUT_S), "nobody has come"

    def open(self):
        self._opened.set()

    def end(self):
        self.open()
        self._proxy.end()


@pytest.fixture
def made_failing(make_redis):
    """A Failing without hosts."""
    failing = Failing(make_redis)
    try:
        yield failing
    finally:
        failing.cluster.end()


@pytest.fixture
def failing(made_failing):  # pylint: disable=redefined-outer-name
    """With two."""
    made_failing.grow()
    return made_failing


@pytest.fixture
def make_gate(made_failing):  # pylint: disable=redefined-outer-name
    """Makes a Gate to its replica."""
    gates = []

    def make(holds):
        gates.append(Gate(made_failing.replica, holds))
        return gates[-1]

    yield make
    for gate in gates:
        gate.end()


def lose(failing, count=2):
    """hist/lost has 3 messages and `count` that are lost, hist/kept has 3;
    returns what was told of both, before the failover."""
    a, b = failing.cluster.hosts[:2]
    with Http(a) as http, Http(b) as other:
        lost = [http.put("hist/lost", str(n)) for n in range(1, 4)]
        kept = [other.put("hist/kept", str(n)) for n in range(1, 4)]
        failing.detach()
        lost += [other.put("hist/lost", f"lost {n}")
                 for n in range(4, 4 + count)]
        caught_up(*failing.cluster.hosts)
    return lost, kept


async def following(ng, topic, since=ALL, path="/ws", **fields):
    """A session that has got all there is of the topics, from the first."""
    session = await JsonSession.open(ng, path)
    reply = await session.sub(topic, since, **fields)
    await session.msgs(sum(one["seq"] for one in reply["topics"]))
    return session


# -- what a session is told ----------------------------------------------------

def brief(said):
    """A push, without what only some of them have."""
    op, topic = said["op"], said.get("topic")
    if op in ("msg", "delta"):
        return op, topic, said["seq"]
    if op == "topic":
        return op, topic, said["seq"], said.get("was")
    if op == "gap":
        return op, topic, said["from"], said["to"]
    return op, topic, said.get("reason", said.get("who"))


async def heard(session, topic, seq):
    """All that is pushed up to that message."""
    pushes = []
    while not pushes or pushes[-1] not in (
            ("msg", topic, seq), ("delta", topic, seq)):
        said = await session.next()
        assert said, f"closed: {session.close_code}; {pushes}"
        pushes.append(brief(said))
    return pushes


def was_reset(topic, seq):
    """What they are told of a topic that stands there again."""
    return [("gone", topic, "reset"), ("topic", topic, seq - 1, None),
            ("msg", topic, seq)]


def goes_on(topic, epoch, seq):
    """What they are told of its next message, the first after a failover."""
    return [("topic", topic, seq - 1, epoch), ("msg", topic, seq)]
