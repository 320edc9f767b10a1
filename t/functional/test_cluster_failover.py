"""ws_pubsub_cluster: a failover that lost what was answered. Who saw lost
messages is told, on whichever host; nobody else notices anything, and no
position is ever wrongly good."""

import pytest

from support.cluster import (
    Cluster, caught_up, position, ready, seed, status, wait_working)
from support.httpc import Http
from support.processes import wait_until
from support.restarts import at, resumed, since, texts, whole_state
from support.session import JsonSession

LOST = r'\[error\].* zone "main": Redis lost at least ([\d,]+) entr\w+: ' \
       r'back to (\d+-\d+)'


class Failing:
    """Two hosts that know a master and its replica."""

    def __init__(self, make_redis):
        self.master = make_redis()
        seed(self.master)
        self.replica = make_redis(replica_of=self.master)
        self.replica.wait_synced()
        self.cluster = Cluster(
            redis=self.master, seeded=False,
            urls=f"{self.master.url} {self.replica.url}")

    def fail_over(self):
        """To a replica that does not have all."""
        self.master.kill()
        self.replica.promote()
        wait_working(*self.cluster.hosts)


@pytest.fixture(name="failing")
def _failing(make_redis):
    failing = Failing(make_redis)
    try:
        failing.cluster.grow({}, {"size": "12m"})
        yield failing
    finally:
        failing.cluster.end()


def lose(failing, count=2):
    """hist/lost has 3 messages and `count` that are lost, hist/kept has 3;
    returns what was told of both, before the failover."""
    a, b = failing.cluster.hosts
    with Http(a) as http, Http(b) as other:
        lost = [http.put("hist/lost", str(n)) for n in range(1, 4)]
        kept = [other.put("hist/kept", str(n)) for n in range(1, 4)]
        caught_up(a, b)
        failing.replica.wait_synced()
        failing.replica.detach()
        lost += [other.put("hist/lost", f"lost {n}")
                 for n in range(4, 4 + count)]
        caught_up(a, b)
    return lost, kept


async def following(ng, topic):
    """A session that has got all of the topic."""
    session = await JsonSession.open(ng)
    reply = await session.sub(topic, {"last": 100})
    await session.msgs(reply["topics"][0]["seq"])
    return session


async def sent_away(session):
    """By a host that has to load what there is."""
    said = await session.next()
    assert (said["op"], said["code"]) == ("bye", 1012)
    await session.closed()
    await session.close()


async def test_who_is_told(failing):
    """All come back; those who saw lost messages are told, on both hosts, and
    those alone."""
    a, b = failing.cluster.hosts
    told = dict(zip(("hist/lost", "hist/kept"), lose(failing)))
    sessions = {(ng, topic): await following(ng, topic)
                for ng in (a, b) for topic in told}
    failing.fail_over()
    for (ng, topic), session in sessions.items():
        await sent_away(session)
        session = sessions[ng, topic] = await JsonSession.open(ng)
        reply = await session.sub(topic, at(told[topic][-1]))
        assert reply["recovered"] == (topic == "hist/kept")
        if topic == "hist/lost":
            assert "was" not in reply["topics"][0]
            assert [one["seq"] for one in await session.msgs(3)] == [1, 2, 3]
        await session.quiet()
    with Http(a) as http:
        for topic, old in told.items():
            new = http.put(topic, "new")
            assert new["seq"] == 4 and new["epoch"] != old[0]["epoch"]
            for ng in (a, b):
                session = sessions[ng, topic]
                said = await session.next()
                assert (said["op"], said["epoch"]) == ("topic", new["epoch"])
                assert (said["seq"], said["was"]) == (3, old[0]["epoch"])
                said = await session.msg()
                assert (said["seq"], said["text"]) == (4, "new")
                await session.quiet()
                await session.close()


async def check_positions(ng, told, seqs, newest):
    """A client that comes back with a position of the old epoch: good up to
    the third message."""
    everything = [("msg", n) for n in range(1, newest + 1)]
    for seq in seqs:
        got = await resumed(ng, "hist/lost", at(told, seq))
        if seq <= 3:
            assert got == (True, everything[seq:]), seq
        else:
            assert got == (False, everything), seq
        with Http(ng) as http:
            answer = http.get("hist/lost", since(at(told, seq)))
            if seq <= 3:
                assert answer.status == 200, answer
                assert [one["seq"] for one in answer.json()["items"]] == list(
                    range(seq + 1, newest + 1))
            else:
                assert answer.status == 412, answer
                assert answer.error_code() == 112


async def test_positions(failing):
    """On both hosts, before and after their numbers are given out again."""
    a, b = failing.cluster.hosts
    lost, _ = lose(failing)
    failing.fail_over()
    for ng in (a, b):
        await check_positions(ng, lost[0], range(6), 3)
    with Http(b) as http:
        new = [http.put("hist/lost", f"new {n}") for n in range(4, 8)]
    caught_up(a, b)
    assert [one["seq"] for one in new] == [4, 5, 6, 7]
    for ng in (a, b):
        await check_positions(ng, lost[0], range(7), 7)
        for seq in range(8):
            recovered, got = await resumed(
                ng, "hist/lost", at(new[0], seq))
            assert recovered, seq
            assert got == [("msg", n) for n in range(seq + 1, 8)]


async def test_conditions(failing):
    """What was lost can't be a condition; what was not can, until the next
    publish."""
    a, b = failing.cluster.hosts
    lost, _ = lose(failing)
    epoch = lost[0]["epoch"]
    failing.fail_over()
    with Http(a) as http, Http(b) as other:
        late = other.publish("hist/lost", "x", If_Match=f'"{epoch}.5"')
        assert late.status == 412 and late.etag == f'"{epoch}.3"'
        assert http.publish(
            "hist/lost", "x", If_Match=f'"{epoch}.3"').status == 202
        assert other.publish(
            "hist/lost", "x", If_Match=f'"{epoch}.4"').status == 412
        caught_up(a, b)
        assert list(texts(http, "hist/lost")) == [1, 2, 3, 4]


async def test_a_topic_that_was_lost(failing):
    """It is not there; who comes back with its position is told."""
    a, b = failing.cluster.hosts
    lose(failing, 1)
    with Http(a) as http:
        told = http.put("hist/new", "x")
        caught_up(a, b)
        session = await following(b, "hist/new")
        failing.fail_over()
        assert http.get("hist/new").status == 404
        await sent_away(session)
        for ng in (a, b):
            recovered, got = await resumed(ng, "hist/new", at(told))
            assert not recovered and ("msg", 1) not in got
        again = http.put("hist/new", "y")
        assert again["seq"] == 1 and again["epoch"] != told["epoch"]


def test_what_the_log_says(failing):
    """And the hosts are equal, and ready."""
    a, b = failing.cluster.hosts
    _, kept = lose(failing, 5)
    before = position(a)
    failing.fail_over()
    for ng in (a, b):
        found = ng.wait_for_log(LOST)
        assert int(found[1].replace(",", "")) >= 5
        back = tuple(map(int, found[2].split("-")))
        assert back < before
        assert status(ng)["rollbacks"] == 1 and ready(ng) == 200
    caught_up(a, b)
    assert whole_state(a) == whole_state(b)
    with Http(a) as http:
        assert http.get("hist/kept").etag == f'"{kept[0]["epoch"]}.3"'
        assert http.get("hist/lost").body == b"3"


async def test_nothing_that_anybody_saw_is_lost(failing):
    """The replica had all messages: nobody sees the failover."""
    a, b = failing.cluster.hosts
    with Http(a) as http:
        told = [http.put("hist/a", str(n)) for n in range(1, 4)]
        caught_up(a, b)
        sessions = [await following(ng, "hist/a") for ng in (a, b)]
        failing.replica.wait_synced()
        failing.fail_over()
        new = http.put("hist/a", "4")
        assert new["seq"] == 4
        for session in sessions:
            assert (await session.next())["was"] == told[0]["epoch"]
            assert (await session.msg())["seq"] == 4
            await session.quiet()
            await session.close()
    for ng in (a, b):
        assert await resumed(ng, "hist/a", at(told[2])) == (
            True, [("msg", 4)])


async def test_demoted_alive(failing):
    """The old master lives on as a replica: hosts find the new one."""
    a, b = failing.cluster.hosts
    with Http(a) as http:
        told = http.put("hist/a", "1")
        caught_up(a, b)
        failing.replica.wait_synced()
        failing.replica.promote()
        failing.master.demote(failing.replica)
        wait_working(a, b)
        new = http.put("hist/a", "2")
        assert new["seq"] == 2
        failing.master.wait_synced()
    for ng in (a, b):
        assert await resumed(ng, "hist/a", at(told)) == (True, [("msg", 2)])


async def test_two_failovers_in_a_row(failing):
    """A position from before both is as good as one from before one."""
    a, b = failing.cluster.hosts
    with Http(a) as http:
        first = http.put("hist/a", "1")
        caught_up(a, b)
        failing.replica.wait_synced()
        failing.fail_over()
        second = http.put("hist/a", "2")
        wait_until("its file has all", lambda: failing.replica.info(
            "persistence")["aof_rewrite_in_progress"] == "0")
        failing.replica.kill()
        failing.replica.start()
        wait_working(a, b)
        third = http.put("hist/a", "3")
        assert [one["seq"] for one in (second, third)] == [2, 3]
    caught_up(a, b)
    for ng in (a, b):
        for one in (first, second, third):
            assert await resumed(ng, "hist/a", at(one)) == (
                True, [("msg", n) for n in range(one["seq"] + 1, 4)])
        assert (await resumed(ng, "hist/a", at(first, 2)))[0] is False
