"""A log that is a stream of Redis: what is appended and followed, and what
tells that entries may be lost. By a module for tests: see t/probe."""

import threading

import pytest

from support import ports, tls
from support.log_probe import LOG, LogProbe, log_config
from support.processes import wait_until
from support.redis_talker import RedisProxy, RedisTalker, bulk

MASTER = "role:master\r\n"


@pytest.fixture
def probe(nginx):
    """Starts an nginx with such a log at these servers, and waits for it."""
    def make(*words, is_open=True, **how):
        one = LogProbe(nginx(**log_config(*words, **how)))
        if is_open:
            one.wait_open()
        return one
    return make


@pytest.fixture
def make_talker():
    made = []

    def make(replies):
        made.append(RedisTalker(replies))
        return made[-1]

    yield make
    for one in made:
        one.end()


def begin(redis, *entries):
    """A log with these, by a client of the test's; their ids."""
    ids = []
    with redis.client() as client:
        for entry in entries or ["begin"]:
            ids.append(client.call("XADD", LOG, "*", "1", entry).decode())
    return ids


class Later:
    """A call that is answered while the test does something else."""

    def __init__(self, probe, what, **named):
        other = LogProbe(probe.ng)
        self._answers = []
        self._thread = threading.Thread(target=lambda: self._answers.append(
            other.call(what, **named)))
        self._thread.start()

    def result(self):
        self._thread.join(30)
        return self._answers[0]


def wait_blocked(redis):
    wait_until("it waits", lambda: any(
        client["flags"] == "b" for client in redis.clients()))


# -- calls --------------------------------------------------------------------

def test_append_begins_no_log(probe, redis):
    one = probe(redis.url)
    ended = one.append("a")
    assert (ended.kind, ended.why) == ("refused", "there is no log")
    assert redis.call("EXISTS", LOG) == 0
    begin(redis)
    assert one.append("a b\n\0c").kind == "done"
    assert one.append("").kind == "done"
    entries = redis.call("XRANGE", LOG, "-", "+")
    assert [fields for _, fields in entries] == [
        [b"1", b"begin"], [b"1", b"a b\n\0c"], [b"1", b""]]


def test_appended_in_order(probe, redis):
    begin(redis)
    one = probe(redis.url)
    assert {ended.kind for ended in one.append_many(5000)} == {"done"}
    entries = redis.call("XRANGE", LOG, "-", "+")
    assert [fields[1] for _, fields in entries[1:]] == [
        b"e%d" % i for i in range(5000)]


def test_look_up(probe, redis):
    first, second = begin(redis, "a", "b")
    one = probe(redis.url)
    ended = one.call("look_up", id=second)
    assert ended.kind == "done" and ended.texts == ["b"]
    redis.call("XDEL", LOG, first)
    ended = one.call("look_up", id=first)
    assert ended.kind == "done" and not ended.records


def test_tail(probe, redis):
    one = probe(redis.url)
    assert one.tail() == "0-0"
    *_, last = begin(redis, "a", "b")
    assert one.tail() == last
    redis.call("DEL", LOG)
    assert one.tail() == "0-0"


def test_trim(probe, redis):
    one = probe(redis.url)
    assert one.call("trim", id="1-0").kind == "done"
    redis.call("CONFIG", "SET", "stream-node-max-entries", 1)
    *_, third, fourth = begin(redis, "a", "b", "c", "d")
    assert one.call("trim", id=third).kind == "done"
    assert [id.decode() for id, _ in redis.call("XRANGE", LOG, "-", "+")] == [
        third, fourth]


# -- following ----------------------------------------------------------------

def test_follow(probe, redis):
    one = probe(redis.url)
    ended = one.follow()
    assert (ended.kind, ended.is_contiguous, ended.records) == (
        "done", True, [])
    first, second, third = begin(redis, "a", "b", "c")
    ended = one.follow()
    assert ended.is_contiguous and ended.texts == ["a", "b", "c"]
    assert [record.id for record in ended.records] == [first, second, third]
    ended = one.follow(first)
    assert ended.is_contiguous and ended.texts == ["b", "c"]
    ended = one.follow(third)
    assert ended.is_contiguous and ended.records == []


def test_follow_what_was_trimmed(probe, redis):
    first, _, third, _ = begin(redis, "a", "b", "c", "d")
    one = probe(redis.url)
    redis.call("XTRIM", LOG, "MINID", third)
    ended = one.follow(first)
    assert not ended.is_contiguous and ended.texts == ["c", "d"]
    redis.call("DEL", LOG)
    ended = one.follow(first)
    assert ended.kind == "done"
    assert not ended.is_contiguous and ended.records == []


def test_follow_waits(probe, redis):
    last, = begin(redis)
    one = probe(redis.url)
    ended = one.follow(last, wait=50)
    assert ended.is_contiguous and ended.records == []
    later = Later(one, "follow", last=last, wait=20000)
    wait_blocked(redis)
    assert one.follow(last).kind == "not taken"  # one at a time
    begin(redis, "a")
    ended = later.result()
    assert ended.is_contiguous and ended.texts == ["a"]


def test_follow_waits_longer_than_for_a_reply(probe, redis):
    """What is behind it has as much time."""
    last, = begin(redis)
    one = probe(redis.url)
    later = Later(one, "follow", last=last, wait=4000)
    wait_blocked(redis)
    assert one.append("a").kind == "done"  # waits behind it
    assert later.result().kind == "done"
    assert len(one.events()) == 1


def test_trimmed_while_it_waits(probe, redis):
    last, = begin(redis)
    one = probe(redis.url)
    later = Later(one, "follow", last=last, wait=20000)
    wait_blocked(redis)
    with redis.client() as client:
        client.call("MULTI")
        client.call("XADD", LOG, "*", "1", "lost")
        client.call("XADD", LOG, "MAXLEN", "1", "*", "1", "a")
        client.call("EXEC")
    ended = later.result()
    assert not ended.is_contiguous and ended.texts == ["a"]


def test_fields(probe, redis):
    adds = [["1", "a"], ["2", "b"], ["x", "c", "1", "d"], ["x", "e"],
            ["x", "1", "y", "2"], ["9", "f", "1", "g"], ["x", "h", "9", "i"],
            ["0", "j"], ["10", "k"], ["1", "l", "1", "m"]]
    with redis.client() as client:
        for fields in adds:
            client.call("XADD", LOG, "*", *fields)
    one = probe(redis.url)
    assert [(record.kind, record.bytes) for record in one.follow().records] == [
        ("entry", "a"), ("newer", ""), ("entry", "d"), ("foreign", ""),
        ("foreign", ""), ("entry", "g"), ("newer", ""), ("foreign", ""),
        ("foreign", ""), ("entry", "l")]


def test_much_at_once(probe, redis):
    """As many at once as make some 1 MB."""
    begin(redis, *["x" * 20000] * 200)
    one = probe(redis.url)
    last, counts = "0-0", []
    while records := one.follow(last).records:
        counts.append(len(records))
        last = records[-1].id
    assert sum(counts) == 200
    assert max(counts) <= 1024 * 1024 / 20000
    assert counts[0] < counts[1]
    begin(redis, *["x"] * 2000)
    counts = []
    while records := one.follow(last).records:
        counts.append(len(records))
        last = records[-1].id
    assert sum(counts) == 2000 and 512 in counts and max(counts) == 512


@pytest.mark.parametrize("config, size", [
    # (a limit below what is buffered for a client anyway has no effect)
    (["client-output-buffer-limit normal 1000000 0 0"], 100_000),
    ([], 5_000_000),  # a reply beyond our own limit
])
def test_replies_that_are_too_long(probe, make_redis, config, size):
    redis = make_redis(more=config, aof=False)
    begin(redis, *["x" * size] * 20)
    one = probe(redis.url)
    last, count = "0-0", 0

    def advance():
        nonlocal last, count
        ended = one.follow(last)
        if ended.kind == "done":
            assert ended.records
            last = ended.records[-1].id
            count += len(ended.records)
        return count == 20

    wait_until("all was read", advance, 60)
    assert any(event.startswith("closed") for event in one.events())


# -- lineages -----------------------------------------------------------------

def test_lineage(probe, redis):
    one = probe(redis.url)
    assert one.opened() == [redis.info()["master_replid"]]
    one.get("close")
    one.wait_open(2)
    assert len(set(one.opened())) == 1
    redis.restart()
    one.wait_open(3)
    assert one.opened()[2] == redis.info()["master_replid"]
    assert len(set(one.opened())) == 2


def test_promoted(probe, make_redis):
    """A server that becomes another's successor while it is connected to."""
    first = make_redis()
    redis = make_redis(replica_of=first)
    redis.wait_synced()
    one = probe(redis.url, is_open=False)
    one.wait_closed("it is a replica")
    assert one.append("a").kind == "not taken"
    redis.promote()
    one.wait_open()
    assert one.opened() == [redis.info()["master_replid"]]


def test_lineage_changes_while_it_is_open(probe, make_redis):
    """Calls that wait for the other lineage's answer are ended; those that come
    then get their own answers all the same."""
    redis = make_redis(more=["enable-debug-command yes"])
    last, = begin(redis)
    one = probe(redis.url)

    def ended():
        redis.call("DEBUG", "CHANGE-REPL-ID")
        for wait in (1100, 800):  # then it is asked for, behind the first
            ended = one.follow(last, wait=wait)
            if ended.kind == "unknown":
                return ended
        return None

    assert wait_until("a call has ended", ended, 20).why == (
        "the log is of another lineage")
    assert one.append("a").kind == "done"
    assert one.follow(last).texts == ["a"]
    assert all(event.startswith("open") for event in one.events())
    wait_until("it is known", lambda: (
        one.opened()[-1] == redis.info()["master_replid"]))


def test_asked_again_after_a_late_answer(probe, redis):
    asked = []

    def delay(words):
        if words[0] == b"INFO":
            asked.append(words)
            if len(asked) == 2:  # beyond the next time when it is asked
                threading.Event().wait(2)

    proxy = RedisProxy(redis, delay)
    one = probe(f"redis://127.0.0.1:{proxy.port}")
    wait_until("it is asked again", lambda: len(asked) >= 4)
    assert len(one.events()) == 1
    proxy.end()


@pytest.mark.parametrize("follows", [False, True])
def test_demoted(probe, make_redis, follows):
    redis = make_redis()
    last, = begin(redis)
    one = probe(redis.url)
    later = Later(one, "follow", last=last, wait=20000) if follows else None
    if follows:
        wait_blocked(redis)
    redis.demote(make_redis())
    one.wait_closed("UNBLOCKED" if follows else "it is a replica")
    if follows:
        ended = later.result()
        assert ended.kind == "refused" and "UNBLOCKED" in ended.why


def test_demoted_between_reads(probe, make_redis):
    """Who reads all the time and is never blocked hears of it, too."""
    redis = make_redis()
    last, = begin(redis)
    one = probe(redis.url)
    redis.demote(make_redis())

    def closed():
        one.follow(last, wait=10)
        return one.events()[-1].startswith("closed ")

    wait_until("it is closed", closed, 10)
    one.wait_closed("it is a replica")


def test_readonly(probe, make_redis):
    """Before it was asked who it is."""
    redis = make_redis()
    begin(redis)
    one = probe(redis.url)
    redis.demote(make_redis())
    ended = one.append("a")
    assert ended.kind == "refused" and ended.why.startswith("READONLY ")
    one.wait_closed("READONLY ")


def test_no_lineage(probe, make_talker):
    """Each connection may be to another server."""
    talker = make_talker({"INFO": bulk(MASTER)})
    one = probe(f"redis://127.0.0.1:{talker.port}")
    one.get("close")
    one.wait_open(2)
    assert len(set(one.opened())) == 2


# -- refusals -----------------------------------------------------------------

def test_no_memory(probe, make_redis):
    redis = make_redis(more=["maxmemory-policy noeviction"])
    begin(redis)
    one = probe(redis.url)
    redis.call("CONFIG", "SET", "maxmemory", 1)
    ended = one.append("a")
    assert ended.kind == "refused" and ended.why.startswith("OOM ")
    redis.call("CONFIG", "SET", "maxmemory", 0)
    assert one.append("a").kind == "done"
    assert len(one.events()) == 1


def test_no_rights(probe, make_redis):
    redis = make_redis(users={
        "push": "on >secret ~{ws_pubsub:z:0}:* +@read +info +client|setname"})
    begin(redis)
    one = probe(redis.url, "user=push", "password=secret")
    ended = one.append("a")
    assert ended.kind == "refused" and ended.why.startswith("NOPERM ")
    assert one.follow().texts == ["begin"]
    assert len(one.events()) == 1


def test_no_right_to_ask(probe, make_redis):
    redis = make_redis(users={"push": "on >secret ~* +@all -info"})
    one = probe(redis.url, "user=push", "password=secret", is_open=False)
    one.wait_closed("INFO: NOPERM ")


def test_key_of_another_type(probe, redis):
    redis.call("SET", LOG, "x")
    one = probe(redis.url)
    for ended in [one.append("a"), one.call("trim", id="1-0")]:
        assert ended.kind == "refused" and ended.why.startswith("WRONGTYPE ")
    for ended in [one.follow(), one.follow("1-0"),
                  one.follow("1-0", wait=100), one.call("look_up", id="1-0"),
                  one.call("tail")]:
        assert ended.kind == "done"
    assert len(one.events()) == 1


# -- how it ends --------------------------------------------------------------

def test_not_there(probe, redis):
    port, = ports.take(1)
    one = probe(f"redis://127.0.0.1:{port}", is_open=False)
    one.wait_closed("Connection refused")
    assert one.append("a").kind == "not taken"
    assert one.follow().kind == "not taken"


def test_stopped(probe, redis):
    last, = begin(redis)
    one = probe(redis.url)
    redis.pause()
    ended = one.append("a")
    assert ended.kind == "unknown"
    assert ended.why.endswith("it has not answered in time")
    redis.resume()
    one.wait_open(2)
    # what was unknown has happened
    wait_until("it is there", lambda: one.follow(last).texts == ["a"])


def test_killed_amid_calls(probe, redis):
    last, = begin(redis)
    one = probe(redis.url)
    later = Later(one, "follow", last=last, wait=20000)
    wait_blocked(redis)
    redis.kill()
    assert later.result().kind == "unknown"
    redis.start()
    one.wait_open(2)
    assert one.follow().texts == ["begin"]


def test_moved(probe, make_redis, make_talker):
    """The next connection goes where it was sent, and only that one."""
    redis = make_redis()
    begin(redis)
    talker = make_talker({
        "INFO": bulk(MASTER + "master_replid:other\r\n"),
        "XADD": b"-MOVED 3999 127.0.0.1:%d\r\n" % redis.port})
    one = probe(f"redis://127.0.0.1:{talker.port}")
    ended = one.append("a")
    assert ended.kind == "refused" and ended.why.startswith("MOVED ")
    one.wait_open(2)
    assert one.opened() == ["other", redis.info()["master_replid"]]
    assert one.append("a").kind == "done"
    one.get("close")
    one.wait_open(3)
    assert one.opened()[2] == "other"


def test_tls_and_database(probe, make_redis):
    redis = make_redis(secure=True, password="secret")
    cert, _ = tls.certificate()
    one = probe(redis.url + "/2", "password=secret",
                f"trusted_certificate={cert}")
    with redis.client() as client:
        client.call("SELECT", 2)
        client.call("XADD", LOG, "*", "1", "begin")
    assert one.append("a").kind == "done"
    assert one.follow().texts == ["begin", "a"]
