"""ws_pubsub_cluster: hosts that join, come back, were away for too long, or are
too small."""

import asyncio
import os

from support.cluster import (
    caught_up, host_stopped, key, log_length, parsed, position, ready, refuses,
    silent, start_all, state, status, wait_following, wait_hosts, wait_state,
    wait_working)
from support.cluster_load import Follower, all_equal, check_kept, loaded
from support.failover import following, heard
from support.httpc import Http
from support.restarts import (
    FOLDER, at, end, kill_all, prepared, resumed, whole_state)

JOINED = r'\[notice\].* zone "main": joined at (\d+-\d+): .+ snapshot, ' \
         r'([\d,]+) entr(?:y|ies)'


def fill(ng):
    """Topics of all kinds; returns what was told of one with a key."""
    with Http(ng) as http:
        http.batch([{"topic": f"many/{n}", "data": {"n": n}}
                    for n in range(300)])
        for n in range(1, 21):
            http.put("hist/a", f"{n}")
        http.publish("hist/binary", os.urandom(5000), kind="image/png")
        http.publish("hist/empty", "")
        http.publish("event/a", "x")
        for n in range(9):
            http.publish("log/a", f"{n}")
        http.put("hour/a", "x")
        http.put("hist/gone", "x")
        http.delete("hist/gone")
        return http.publish("hist/key", "pay 5", Idempotency_Key="k")


def has_key(ng, told):
    """The host knows that this was done."""
    with Http(ng) as http:
        again = http.publish("hist/key", "pay 5", Idempotency_Key="k")
        assert again.status == 202 and again.etag == told.etag
        assert http.publish(
            "hist/key", "pay 6", Idempotency_Key="k").status == 409


# -- joining -----------------------------------------------------------------------

async def test_a_host_that_joins_later_has_all(make_cluster):
    cluster = make_cluster({})
    told = fill(cluster.hosts[0])
    ng = cluster.add(size="16m")
    all_equal(*cluster.hosts)
    has_key(ng, told)
    said = ng.wait_for_log(JOINED)
    assert parsed(said[1]) >= parsed(status(ng)["snapshot_position"])
    assert int(said[2].replace(",", "")) > 300
    with Http(cluster.hosts[0]) as http:
        new = http.put("hist/a", "21")
        assert new["seq"] == 21
    assert await resumed(ng, "hist/a", at(new, 18)) == (
        True, [("msg", n) for n in range(19, 22)])
    wait_hosts(cluster.hosts, 2)


def test_until_it_has_caught_up(make_cluster):
    """It answers 503, and says so to load balancers."""
    cluster = make_cluster({})
    with Http(cluster.hosts[0]) as http:
        http.put("hist/any", "x")
    with silent(cluster.redis):
        ng = cluster.add(following=False, options="wait=1s")
        assert state(ng) == "joining" and ready(ng) == 503
        refuses(ng)
    wait_following(ng)
    with Http(ng) as http:
        assert http.get("hist/any").body == b"x"
        assert http.get("hist/b").status == 404


async def test_joining_amid_load(make_cluster):
    """Those who subscribe on it see what all see."""
    cluster = make_cluster({})
    async with loaded(cluster.hosts[:1], "load/a", cluster.hosts[:1]) as load:
        await load.more(200)
        ng = await asyncio.to_thread(cluster.add, size="12m")
        follower = Follower(ng, "load/a/*")
        await asyncio.wait_for(follower.subscribed.wait(), 20)
        await load.more(200)
    await asyncio.to_thread(caught_up, *cluster.hosts)
    check_kept(load, ng)
    await follower.stop()
    assert not follower.wrong and not follower.gaps
    all_equal(*cluster.hosts)


def test_many_join_at_once(make_cluster):
    cluster = make_cluster({})
    told = fill(cluster.hosts[0])
    cluster.grow(*[{"workers": 1, "connections": 128}] * 9)
    all_equal(*cluster.hosts)
    has_key(cluster.hosts[-1], told)
    wait_hosts(cluster.hosts, 10)


def test_a_zone_that_is_too_small(make_cluster):
    """It does not join; the others go on, and take what they took."""
    cluster = make_cluster({"size": "32m"})
    value = "x" * 50_000
    with Http(cluster.hosts[0]) as http:
        for n in range(100):
            http.put(f"hist/{n}", value)
        small = cluster.prepare(size="4m")
        small.allow("too small to follow the log")
        small.start()
        wait_state("stuck", small)
        small.wait_for_log(
            r'\[emerg\].* zone "main".* too small to follow the log')
        assert ready(small) == 503
        refuses(small)
        for n in range(100, 110):
            http.put(f"hist/{n}", value)
    assert state(cluster.hosts[0]) == "following"


def test_values_beyond_the_budget(make_cluster):
    """507 on all hosts alike, by the least of them; without values it goes
    on."""
    cluster = make_cluster({"size": "32m"}, {"size": "8m"})
    value, taken = "x" * 50_000, 0
    wait_hosts(cluster.hosts, 2)
    with Http(cluster.hosts[0]) as http, Http(cluster.hosts[1]) as other:
        answer = http.publish("full/0", value)
        while answer.status == 202:
            taken += 1
            answer = (http, other)[taken % 2].publish(f"full/{taken}", value)
        assert answer.status == 507 and answer.error_code() == 108
        # the budget is 60 % of the smaller zone
        assert 0.5 * 0.6 * 8 * 2 ** 20 < taken * 50_000 <= 0.6 * 8 * 2 ** 20
        for one in (http, other):
            assert one.publish("full/more", value).status == 507
        assert http.publish("full/0", value).status == 202
        assert other.delete("full/0").status == 204
        assert http.publish("full/more", value).status == 202
    all_equal(*cluster.hosts)


# -- coming back ----------------------------------------------------------------------

async def came_back(cluster, ng, told, leave):
    """The host leaves, misses something, and is started again."""
    first = cluster.hosts[0]
    leave(ng)
    with Http(first) as http:
        missed = [http.put("hist/a", f"{n}") for n in range(21, 31)]
    ng.start()
    wait_following(ng)
    all_equal(*cluster.hosts)
    has_key(ng, told)
    assert {one["epoch"] for one in missed} == {missed[0]["epoch"]}
    assert await resumed(ng, "hist/a", at(missed[0], 15)) == (
        True, [("msg", n) for n in range(16, 31)])


async def test_a_host_restarts(pair):
    told = fill(pair.hosts[0])
    await came_back(pair, pair.hosts[1], told, end)


async def test_a_host_dies_and_comes_back(pair):
    told = fill(pair.hosts[0])
    await came_back(pair, pair.hosts[1], told, kill_all)


async def all_came_back(cluster, leave):
    """Nothing is lost, and no topic has another epoch: Redis was there."""
    told = fill(cluster.hosts[0])
    caught_up(*cluster.hosts)
    before = whole_state(cluster.hosts[0])
    for ng in cluster.hosts:
        leave(ng)
    start_all(*cluster.hosts)
    wait_working(*cluster.hosts)
    for ng in cluster.hosts:
        now = whole_state(ng)
        now.pop("probe")
        assert now == before
        has_key(ng, told)
    with Http(cluster.hosts[1]) as http:
        new = http.put("hist/a", "21")
    epoch, seq = before["hist/a"][0]
    assert (new["epoch"], new["seq"]) == (epoch, seq + 1)
    for ng in cluster.hosts:
        assert await resumed(ng, "hist/a", at(new, 10)) == (
            True, [("msg", n) for n in range(11, 22)])


async def test_all_hosts_restart(pair):
    await all_came_back(pair, end)


async def test_all_hosts_die(pair):
    await all_came_back(pair, kill_all)


async def test_a_host_stops_amid_load(pair):
    """Its clients try elsewhere, with their keys."""
    a, b = pair.hosts
    async with loaded([a], "load/a", [a], keys=True) as load:
        with Http(b) as http:
            first = http.publish("load/a/0", '"own"', Idempotency_Key="own",
                                 kind="application/json")
        load.unknown.add("own")
        await asyncio.to_thread(kill_all, b)
        await load.more(50)
        with Http(a) as http:
            again = http.publish("load/a/0", '"own"', Idempotency_Key="own",
                                 kind="application/json")
        assert again.etag == first.etag
        await asyncio.to_thread(b.start)
        await asyncio.to_thread(wait_following, b)
        await load.more(50)
    all_equal(a, b)


# -- away for too long -------------------------------------------------------------------

async def trimmed_past(cluster, ng, publish):
    """While the host is stopped the log is trimmed past what it has read."""
    first = cluster.hosts[0]
    caught_up(*cluster.hosts)
    had = position(ng)
    with host_stopped(ng):
        with Http(first) as http:
            publish(http)
            # of its own accord: a snapshot is stored
            filler = 0
            while parsed(status(first)["snapshot_position"]) <= had:
                http.put(f"filler/{filler % 10}", "x" * 50_000)
                filler += 1
                assert filler < 400
                await asyncio.sleep(0.02)
        cluster.redis.call("XTRIM", key("log"), "MINID",
                           status(first)["snapshot_position"])
        assert log_length(cluster.redis) > 0
    wait_working(*cluster.hosts)
    assert len(ng.log_text().split("joined at")) == 3  # twice


async def test_trimmed_past_a_host(make_cluster):
    """It loads. Its sessions stay, and get what they missed as far as it is
    kept, a gap for the rest, and nothing where nothing was missed."""
    cluster = make_cluster({}, {}, options="log=1m")
    a, b = cluster.hosts
    topics = ("hist/a", "hist/same", "short/a", "hist/deleted")
    with Http(a) as http:
        for topic in topics:
            http.put(topic, "1")
    caught_up(a, b)
    sessions = {topic: await following(b, topic) for topic in topics}
    sessions["new/a"] = await following(b, "new/*")

    def publish(http):
        for n in range(2, 22):
            http.put("hist/a", f"{n}")
            http.put("short/a", f"{n}")
        http.delete("hist/deleted")
        http.put("new/a", "1")

    await trimmed_past(cluster, b, publish)
    assert await heard(sessions["hist/a"], "hist/a", 21) == [
        ("msg", "hist/a", n) for n in range(2, 22)]
    pushes = await heard(sessions["short/a"], "short/a", 21)
    # what was on its way when the host was stopped comes first
    (gap,) = [one for one in pushes if one[0] == "gap"]
    assert pushes == [
        *[("msg", "short/a", n) for n in range(2, gap[2])],
        ("gap", "short/a", gap[2], 17),
        *[("msg", "short/a", n) for n in range(18, 22)]]
    said = await sessions["hist/deleted"].next()
    assert (said["op"], said["reason"]) == ("gone", "deleted")
    pushes = await heard(sessions["new/a"], "new/a", 1)
    assert [one[0] for one in pushes] == ["topic", "msg"]
    for session in sessions.values():
        await session.quiet()
    with Http(a) as http:
        http.put("hist/same", "2")
    assert await heard(sessions["hist/same"], "hist/same", 2) == [
        ("msg", "hist/same", 2)]
    for session in sessions.values():
        await session.close()
    all_equal(a, b)


# -- with a snapshot file ---------------------------------------------------------------

def filed(**how):
    return {"more": f"ws_pubsub_snapshot zone=main @PREFIX@/{FOLDER}/main "
                    "interval=200ms;", **how}


def grow_filed(cluster, count):
    for _ in range(count):
        prepared(cluster.prepare(**filed()))
    start_all(*cluster.hosts)
    wait_following(*cluster.hosts)


async def test_a_file_is_a_head_start(make_cluster):
    """What came since it was written is read from the log."""
    cluster = make_cluster()
    grow_filed(cluster, 2)
    told = fill(cluster.hosts[0])
    await came_back(cluster, cluster.hosts[1], told, end)


async def test_files_when_redis_was_emptied(make_cluster):
    """All hosts end, Redis loses all: what the files have is the state."""
    cluster = make_cluster()
    grow_filed(cluster, 2)
    told = fill(cluster.hosts[0])
    caught_up(*cluster.hosts)
    before = whole_state(cluster.hosts[0])
    for ng in cluster.hosts:
        end(ng)
    cluster.redis.call("FLUSHALL")
    start_all(*cluster.hosts)
    wait_working(*cluster.hosts)
    for ng in cluster.hosts:
        now = whole_state(ng)
        assert now.pop("probe")
        assert now == before
        has_key(ng, told)
