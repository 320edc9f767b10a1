"""A Redis that is found by asking sentinels: by a module for tests, see
t/probe."""

import pytest

from support import ports
from support.log_probe import LOG, LogProbe, log_config
from support.processes import wait_until
from support.redis import RedisError
from support.redis_talker import RedisTalker, bulk


@pytest.fixture
def probe(nginx):
    return lambda *words: LogProbe(nginx(**log_config(*words)))


@pytest.fixture
def make_talker():
    made = []

    def make(reply):
        """A sentinel that answers this."""
        made.append(RedisTalker({"SENTINEL": reply}))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def pair(make_redis):
    """A master with a replica that the sentinel knows, and the sentinel."""
    master = make_redis()
    master.call("XADD", LOG, "*", "1", "begin")
    replica = make_redis(replica_of=master)
    replica.wait_synced()
    sentinel = make_redis(sentinel_of=master)
    sentinel.wait_replicas(1)
    return master, replica, sentinel


def url(*the_ports, master="mymaster"):
    return "sentinel://" + ",".join(
        f"127.0.0.1:{port}" for port in the_ports) + "/" + master


def address(port, host="127.0.0.1"):
    return b"*2\r\n" + bulk(host) + bulk(str(port))


def lineage(redis):
    return redis.info()["master_replid"]


# -- failovers ----------------------------------------------------------------

def test_master_dies(probe, pair):
    master, replica, sentinel = pair
    one = probe(sentinel.url)
    assert one.wait_open() == lineage(master)
    assert one.append("a").kind == "done"
    replica.wait_synced()
    master.kill()
    assert one.wait_open(2) == lineage(replica)
    assert sentinel.master_port() == replica.port
    assert one.follow().texts == ["begin", "a"]
    assert one.append("b").kind == "done"


def fail_over(sentinel):
    """Once it knows a replica that is good enough."""
    def done():
        try:
            return sentinel.call("SENTINEL", "FAILOVER", "mymaster")
        except RedisError as error:
            assert "NOGOODSLAVE" in str(error), error
            return False
    wait_until("it begins a failover", done, 20)


def test_master_is_replaced(probe, pair):
    """It lives on, as a replica."""
    master, replica, sentinel = pair
    one = probe(sentinel.url)
    one.wait_open()
    fail_over(sentinel)
    assert one.wait_open(2) == lineage(replica)
    wait_until("it is appended", lambda: one.append("a").kind == "done")
    assert replica.call("XLEN", LOG) == 2
    wait_until("the old one is a replica", lambda: (
        master.info()["role"] == "slave"))


def test_sentinel_that_is_late(probe, make_redis, make_talker):
    """It names one that is no master any more: it is asked again."""
    master = make_redis()
    replica = make_redis(replica_of=master)
    replica.wait_synced()
    talker = make_talker(address(replica.port))
    one = probe(url(talker.port))
    one.wait_closed(f"127.0.0.1:{replica.port}: it is a replica")
    talker.replies["SENTINEL"] = address(master.port)
    assert one.wait_open() == lineage(master)


# -- several sentinels --------------------------------------------------------

def test_sentinels_in_turn(probe, pair, make_talker):
    master, _, sentinel = pair
    dead, = ports.take(1)
    knows_none = make_talker(b"*-1\r\n")
    one = probe(url(dead, knows_none.port, sentinel.port))
    assert one.wait_open() == lineage(master)
    assert one.events() == ["open " + lineage(master)]
    assert [b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", b"mymaster"] in (
        knows_none.asked)


def test_sentinel_that_is_wrong_is_not_the_only_one_asked(
        probe, pair, make_talker):
    master, _, sentinel = pair
    dead, = ports.take(1)
    wrong = make_talker(address(dead))
    one = probe(url(wrong.port, sentinel.port))
    assert one.wait_open() == lineage(master)
    assert f":{dead}: connect() failed" in one.events()[0]


def test_sentinels_beside_a_server(probe, redis):
    dead, = ports.take(1)
    one = probe(url(dead), redis.url)
    assert one.wait_open() == lineage(redis)
    assert f"sentinel 127.0.0.1:{dead}: connect() failed" in one.events()[0]


# -- who knows nothing --------------------------------------------------------

def test_unknown_master(probe, pair):
    _, _, sentinel = pair
    one = probe(url(sentinel.port, master="other"))
    one.wait_closed(
        f'sentinel 127.0.0.1:{sentinel.port}: it knows no "other"')
    assert one.append("a").kind == "not taken"


@pytest.mark.parametrize("reply, why", [
    (b"+OK\r\n", "it knows no"),
    (b"*0\r\n", "it knows no"),
    (address("x"), "it knows no"),
    (address("0"), "it knows no"),
    (address("65536"), "it knows no"),
    (address("1", host=""), "it knows no"),
    (b"-IDONTKNOW No such thing\r\n", "IDONTKNOW No such thing"),
    (address("6379", host="nowhere.invalid"), "there is no resolver"),
])
def test_strange_replies(probe, make_talker, reply, why):
    one = probe(url(make_talker(reply).port))
    one.wait_closed(why)
    assert not one.opened()


def test_silent_sentinel(probe, redis, make_talker):
    talker = make_talker(b"")
    one = probe(url(talker.port))
    wait_until("it was asked", lambda: any(
        words[0] == b"SENTINEL" for words in talker.asked))
    one.get("close")
    assert one.events() == ["closed closed by its owner"]
    one.wait_closed("it has not answered in time")
    talker.replies["SENTINEL"] = address(redis.port)
    assert one.wait_open() == lineage(redis)


# -- who is let in ------------------------------------------------------------

def test_logins(probe, make_redis):
    master = make_redis(password="secret")
    sentinel = make_redis(sentinel_of=master, password="other", more=[
        "user push on >third +sentinel|get-master-addr-by-name "
        "+client|setname"])
    one = probe(sentinel.url, "password=secret", "sentinel_user=push",
                "sentinel_password=third")
    assert one.wait_open() == lineage(master)
    one = probe(sentinel.url, "password=secret", "sentinel_password=other")
    assert one.wait_open() == lineage(master)
    one = probe(sentinel.url, "password=secret")
    one.wait_closed(f"sentinel 127.0.0.1:{sentinel.port}: ")
    assert "NOAUTH" in one.events()[0]
    one = probe(sentinel.url, "password=x", "sentinel_password=other")
    one.wait_closed(f"127.0.0.1:{master.port}: AUTH: WRONGPASS")
