"""ws_pubsub_cluster: a failover that lost what was answered. Who saw lost
messages is told, on whichever host; nobody else notices anything, and no
position is ever wrongly good."""

from support.cluster import (
    caught_up, position, ready, status, wait_working)
from support.failover import (
    following, goes_on, heard, lose, was_reset)
from support.httpc import Http
from support.processes import wait_until
from support.restarts import at, resumed, since, texts, whole_state
from support.session import JsonSession

LOST = r'\[error\].* zone "main": Redis lost at least ([\d,]+) entr\w+: ' \
       r'back to (\d+-\d+)'


async def test_who_is_told(failing):
    """Those who saw lost messages, on both hosts, and those alone; nobody has
    to come back."""
    a, b = failing.cluster.hosts
    old = dict(zip(("hist/lost", "hist/kept"), lose(failing)))
    sessions = {(ng, topic): await following(ng, topic)
                for ng in (a, b) for topic in old}
    failing.fail_over()
    for ng in (a, b):
        said = await heard(sessions[ng, "hist/lost"], "hist/lost", 3)
        assert said == was_reset("hist/lost", 3)
        for topic in old:
            await sessions[ng, topic].quiet()
    with Http(a) as http:
        for topic in old:
            new = http.put(topic, "new")
            epoch = old[topic][0]["epoch"]
            assert new["seq"] == 4 and new["epoch"] != epoch
            for ng in (a, b):
                said = await heard(sessions[ng, topic], topic, 4)
                assert said == goes_on(topic, epoch, 4)
                await sessions[ng, topic].quiet()
    for session in sessions.values():
        await session.close()


async def test_who_comes_back(failing):
    """The same by `recovered`, on both hosts."""
    old = dict(zip(("hist/lost", "hist/kept"), lose(failing)))
    failing.fail_over()
    for ng in failing.cluster.hosts:
        assert await resumed(ng, "hist/kept", at(old["hist/kept"][-1])) == (
            True, [])
        async with await JsonSession.open(ng) as session:
            reply = await session.sub("hist/lost", at(old["hist/lost"][-1]))
            assert reply["recovered"] is False
            assert "was" not in reply["topics"][0]
            assert [one["seq"] for one in await session.msgs(3)] == [1, 2, 3]
            await session.quiet()


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
        old = http.put("hist/new", "x")
        caught_up(a, b)
        session = await following(b, "hist/new")
        failing.fail_over()
        assert http.get("hist/new").status == 404
        for ng in (a, b):
            recovered, got = await resumed(ng, "hist/new", at(old))
            assert not recovered and ("msg", 1) not in got
        again = http.put("hist/new", "y")
        assert again["seq"] == 1 and again["epoch"] != old["epoch"]
        assert await heard(session, "hist/new", 1) == [
            ("gone", "hist/new", "reset"), ("topic", "hist/new", 0, None),
            ("msg", "hist/new", 1)]
        await session.close()


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
