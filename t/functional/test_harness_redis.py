"""The harness' own Redis servers and sentinels."""

import os
import signal

import pytest

from support.processes import wait_until
from support.redis import Redis, RedisError


def test_commands(redis):
    with redis.client() as client:
        assert client.call("SET", "k", b"a\0\r\n") == "OK"
        assert client.call("GET", "k") == b"a\0\r\n"
        assert client.call("GET", "none") is None
        assert client.call("XADD", "s", "1-0", "1", "x") == b"1-0"
        assert client.call("XRANGE", "s", "-", "+") == [
            [b"1-0", [b"1", b"x"]]]
        with pytest.raises(RedisError, match="WRONGTYPE"):
            client.call("GET", "s")
        client.call("MULTI")
        client.call("GET", "s")
        reply = client.call("EXEC")
        assert isinstance(reply[0], RedisError)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_was_answered_is_kept(redis, end):
    lineage = redis.info()["master_replid"]
    for number in range(1000):
        redis.call("INCR", "n")
        assert int(redis.call("GET", "n")) == number + 1
    getattr(redis, end)()
    assert not redis.is_running
    with pytest.raises(OSError):
        redis.client()
    redis.start()
    assert redis.call("GET", "n") == b"1000"
    assert redis.info()["master_replid"] != lineage


def test_without_a_file_all_is_lost(make_redis):
    redis = make_redis(aof=False)
    redis.call("SET", "k", "v")
    redis.kill()
    redis.start()
    assert redis.call("GET", "k") is None


def test_paused(redis):
    with redis.client() as client:
        client.call("PING")
        redis.pause()
        client.send("PING")
        client._sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client._sock.recv(1)
        redis.resume()
        client._sock.settimeout(10)
        assert client._sock.recv(100) == b"+PONG\r\n"
    redis.pause()  # and is ended so


def test_users(make_redis):
    redis = make_redis(users={"push": "on >secret ~a* +get"})
    with redis.client() as client:
        client.call("AUTH", "push", "secret")
        assert client.call("GET", "a") is None
        for words in (["GET", "b"], ["SET", "a", "x"]):
            with pytest.raises(RedisError, match="NOPERM"):
                client.call(*words)


def test_password(make_redis):
    redis = make_redis(password="secret")
    redis.restart()
    assert redis.call("PING") == "PONG"
    password, redis.password = redis.password, None
    with pytest.raises(RedisError, match="NOAUTH"):
        redis.call("PING")
    redis.password = password


def test_tls(make_redis):
    redis = make_redis(secure=True)
    assert redis.url.startswith("rediss://")
    assert redis.call("PING") == "PONG"


def test_replica(make_redis):
    """One that is cut off does not have what was written later; once it is
    the master that is lost."""
    master = make_redis()
    replica = make_redis(replica_of=master)
    master.call("SET", "k", "1")
    replica.wait_synced()
    assert replica.call("GET", "k") == b"1"
    with pytest.raises(RedisError, match="READONLY"):
        replica.call("SET", "k", "2")
    replica.detach()
    master.call("SET", "k", "2")
    master.kill()
    replica.promote()
    assert replica.call("GET", "k") == b"1"
    replica.call("SET", "k", "3")
    master.start()
    master.demote(replica)
    master.wait_synced()
    assert master.call("GET", "k") == b"3"


def test_sentinel(make_redis):
    master = make_redis(password="secret")
    replica = make_redis(password="secret", replica_of=master)
    replica.wait_synced()
    sentinel = make_redis(sentinel_of=master)
    assert sentinel.master_port() == master.port
    sentinel.wait_replicas(1)
    master.kill()
    wait_until("the replica is the master",
               lambda: sentinel.master_port() == replica.port, 30)
    wait_until("it takes writes", lambda: (
        replica.info()["role"] == "master"), 30)


def test_clients(redis):
    with redis.client() as client:
        client.call("CLIENT", "SETNAME", "me")
        assert [one["name"] for one in redis.clients()] == ["me"]
    wait_until("nobody is there", lambda: not redis.clients())


def test_unexpected_death_is_a_failure():
    redis = Redis().start()
    os.kill(redis.pid, signal.SIGSEGV)
    redis.process.wait(20)
    with pytest.raises(AssertionError, match="has died"):
        redis.remove()
    assert not redis.dir.exists()
