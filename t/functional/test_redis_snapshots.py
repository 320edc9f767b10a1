"""Snapshots beside a log in Redis: how they come there, which ones stay, and
how a log begins. By a module for tests: see t/probe."""

import dataclasses
import threading

import pytest

from support.log_probe import KEY, LOG, LogProbe, log_config
from support.processes import wait_until
from support.redis_talker import RedisProxy

GENESIS = KEY + "genesis"
SNAP = KEY + "snap"
SEED = KEY + "seed"
LEASE = KEY + "lease"
NONE = "0 0-0 0 0-0 0 0 0 0"


def chunks(number):
    return f"{SNAP}:{number}"


@pytest.fixture
def probe(nginx):
    """Starts an nginx with a log at these servers, and waits for it."""
    def make(*words):
        one = LogProbe(nginx(**log_config(*words)))
        one.wait_open()
        return one
    return make


@pytest.fixture
def make_proxy():
    made = []

    def make(redis, meddle):
        made.append(RedisProxy(redis, meddle))
        return made[-1]

    yield make
    for one in made:
        one.end()


@dataclasses.dataclass
class Snapshot:
    id: int = 1
    position: str = "5-0"
    nonce: int = 7
    genesis: str = "1-0"
    chunks: int = 1
    bytes: int = 4
    crc: int = 4294967295
    format: int = 1

    @property
    def line(self):
        return (f"{self.id} {self.position} {self.nonce} {self.genesis} "
                f"{self.chunks} {self.bytes} {self.crc} {self.format}")


def put(one, number, data="data"):
    ended = one.call("put", id=number, chunk=0, data=data)
    assert ended.kind == "done", ended


def commit(one, snapshot):
    ended = one.call("commit", **dataclasses.asdict(snapshot))
    return ended.kind, ended.why


def found(one, snapshot, entry="genesis", before=""):
    ended = one.call("found", entry=entry, before=before,
                     **dataclasses.asdict(snapshot))
    return ended.kind, ended.why


@dataclasses.dataclass
class Ground:
    has_log: bool
    genesis: str
    newest: str
    previous: str
    foreign: str


def look(one):
    ended = one.call("look")
    assert ended.kind == "done", ended
    log, *rest = ended.lines
    return Ground(log == "log", *rest)


def begin(redis):
    """A log of the test's own."""
    redis.call("XADD", LOG, "1-0", "1", "genesis")
    redis.call("SET", GENESIS, "1-0")


# -- snapshots ----------------------------------------------------------------

def test_nothing_there(probe, redis):
    one = probe(redis.url)
    assert look(one) == Ground(False, "none", NONE, NONE, "")
    ended = one.call("get", id=1, chunk=0)
    assert ended.kind == "done" and ended.lines == []


def test_put_and_get(probe, redis):
    one = probe(redis.url)
    put(one, 1, "a b")
    big = one.call("put", id=1, chunk=1, x=256 * 1024)
    assert big.kind == "done"
    assert one.call("get", id=1, chunk=0).lines == ["a b"]
    assert one.call("get", id=1, chunk=1).lines == ["x" * 256 * 1024]
    assert one.call("get", id=1, chunk=2).lines == []
    assert one.call("get", id=2, chunk=0).lines == []
    assert 590 < redis.call("TTL", chunks(1)) <= 600


def test_committed(probe, redis):
    one = probe(redis.url)
    begin(redis)
    snapshots = [Snapshot(id=i, position=f"{i}-3") for i in range(1, 5)]
    for snapshot in snapshots:
        put(one, snapshot.id)
    assert commit(one, snapshots[0]) == ("done", "")
    assert look(one) == Ground(True, "1-0", snapshots[0].line, NONE, "")
    assert redis.call("TTL", chunks(1)) == -1
    assert commit(one, snapshots[1]) == ("done", "")
    assert look(one) == Ground(True, "1-0", snapshots[1].line,
                               snapshots[0].line, "")
    assert commit(one, snapshots[2]) == ("done", "")
    assert look(one).previous == snapshots[1].line
    # of what is there no more the pieces have gone
    assert redis.call("EXISTS", chunks(1)) == 0
    assert [redis.call("TTL", chunks(i)) for i in (2, 3)] == [-1, -1]
    assert redis.call("TTL", chunks(4)) > 0
    # as when it is not known whether it was done
    assert commit(one, snapshots[2]) == ("done", "")
    assert look(one) == Ground(True, "1-0", snapshots[2].line,
                               snapshots[1].line, "")
    assert [redis.call("TTL", chunks(i)) for i in (2, 3)] == [-1, -1]
    assert redis.call("GET", SNAP).decode() == (
        snapshots[2].line + "\n" + snapshots[1].line + "\n")


def test_not_committed(probe, redis):
    one = probe(redis.url)
    put(one, 1)
    assert commit(one, Snapshot()) == (
        "refused", "the log has another genesis")
    begin(redis)
    assert commit(one, Snapshot(genesis="1-1")) == (
        "refused", "the log has another genesis")
    assert commit(one, Snapshot(id=2)) == (
        "refused", "the snapshot's pieces have gone")
    put(one, 3)
    assert commit(one, Snapshot(id=3, position="9-0")) == ("done", "")
    assert commit(one, Snapshot(position="8-9")) == (
        "refused", "there is a later one")
    assert redis.call("TTL", chunks(1)) > 0
    redis.call("DEL", SNAP)
    redis.call("HSET", SNAP, "a", "b")
    kind, why = commit(one, Snapshot())
    assert kind == "refused" and why.startswith("WRONGTYPE ")
    # and nothing that was refused has an effect on what follows
    redis.call("DEL", SNAP)
    assert commit(one, Snapshot()) == ("done", "")


def test_genesis_changes_meanwhile(probe, make_redis, make_proxy):
    """Between what was looked at and what follows from it."""
    redis = make_redis()
    begin(redis)

    def meddle(words):
        if words[0] == b"MULTI":
            redis.call("SET", GENESIS, "2-0")

    proxy = make_proxy(redis, meddle)
    one = probe(f"redis://127.0.0.1:{proxy.port}")
    redis.call("HSET", chunks(1), "0", "data")
    assert commit(one, Snapshot()) == (
        "refused", "somebody else has changed it meanwhile")
    assert redis.call("EXISTS", SNAP) == 0
    assert redis.call("TTL", chunks(1)) > 0


def test_many_in_one_turn(probe, redis):
    """Transactions do not mix."""
    begin(redis)
    one = probe(redis.url)
    text = one.get("many", n=50, position="5-0", genesis="1-0", chunks=1)
    assert text.split("\n") == ["done"] * 100
    assert look(one).newest.startswith("50 5-50 ")
    assert look(one).previous.startswith("49 5-49 ")
    keys = {key.decode() for key in redis.call("KEYS", SNAP + ":*")}
    assert keys == {chunks(49), chunks(50)}
    assert [redis.call("TTL", key) for key in keys] == [-1, -1]


def test_no_memory(probe, make_redis):
    redis = make_redis(more=["maxmemory-policy noeviction"])
    begin(redis)
    one = probe(redis.url)
    put(one, 1)
    redis.call("CONFIG", "SET", "maxmemory", 1)
    ended = one.call("put", id=2, chunk=0, data="a")
    assert ended.kind == "refused" and ended.why.startswith("OOM ")
    kind, why = commit(one, Snapshot())
    assert kind == "refused" and why.startswith("OOM ")
    kind, why = found(one, Snapshot(position="2-0"), before="1-0")
    assert kind == "refused" and why.startswith("OOM ")
    redis.call("CONFIG", "SET", "maxmemory", 0)
    assert redis.call("XLEN", LOG) == 1
    assert commit(one, Snapshot()) == ("done", "")


def test_ended_amid_transactions(probe, redis):
    begin(redis)
    one = probe(redis.url)
    put(one, 1)
    redis.pause()
    answers = []
    waits = threading.Thread(target=lambda: answers.extend(one.get(
        "many", n=10, position="5-0", genesis="1-0").split("\n")))
    waits.start()
    waits.join(20)
    assert len(answers) == 20
    kinds = [answer.split(" ")[0] for answer in answers]
    assert kinds == ["unknown"] + ["unsent"] * 19
    redis.resume()
    one.wait_open(2)
    assert commit(one, Snapshot()) == ("done", "")


# -- the writer's lease -------------------------------------------------------

def test_lease(probe, redis):
    one = probe(redis.url)
    assert one.call("take_lease", host=11).kind == "done"
    assert redis.call("GET", LEASE) == b"11"
    assert 25000 < redis.call("PTTL", LEASE) <= 30000
    ended = one.call("take_lease", host=12)
    assert (ended.kind, ended.why) == ("refused", "another host has it")
    redis.call("PEXPIRE", LEASE, 10000)
    assert one.call("take_lease", host=11).kind == "done"
    assert redis.call("PTTL", LEASE) > 25000
    redis.call("PEXPIRE", LEASE, 1)
    wait_until("it is over", lambda: redis.call("EXISTS", LEASE) == 0)
    assert one.call("take_lease", host=12).kind == "done"


def test_lease_that_two_want(probe, make_redis, make_proxy):
    redis = make_redis()

    def meddle(words):
        if words[0] == b"MULTI":
            redis.call("SET", LEASE, "12", "PX", 30000)

    proxy = make_proxy(redis, meddle)
    one = probe(f"redis://127.0.0.1:{proxy.port}")
    assert one.call("take_lease", host=11).kind == "refused"
    assert redis.call("GET", LEASE) == b"12"


# -- how a log begins ---------------------------------------------------------

def next_id(one):
    ended = one.call("next_id")
    assert ended.kind == "done"
    ms, number = ended.lines[0].split("-")
    return int(ms), int(number)


def test_next_id(probe, redis):
    one = probe(redis.url)
    now_ms = int(redis.call("TIME")[0]) * 1000
    ms, number = next_id(one)
    assert now_ms <= ms < now_ms + 60000 and number == 0
    ahead = now_ms + 10**9
    redis.call("XADD", LOG, f"{ahead}-5", "1", "a")
    assert next_id(one) == (ahead, 6)
    redis.call("XDEL", LOG, f"{ahead}-5")
    assert next_id(one) == (ahead, 6)
    redis.call("DEL", LOG)
    redis.call("SET", GENESIS, f"{ahead + 1}-18446744073709551615")
    assert next_id(one) == (ahead + 2, 0)
    redis.call("SET", SNAP, Snapshot(position=f"{ahead + 3}-0").line)
    assert next_id(one) == (ahead + 3, 1)


def test_founded(probe, redis):
    one = probe(redis.url)
    ms, number = next_id(one)
    position = f"{ms}-{number}"
    put(one, 1)
    snapshot = Snapshot(position=position, genesis=position)
    assert found(one, snapshot, "a b") == ("done", "")
    assert look(one) == Ground(True, position, snapshot.line, NONE, "")
    assert redis.call("TTL", chunks(1)) == -1
    assert one.follow().texts == ["a b"]
    assert one.append("next").kind == "done"
    # once
    put(one, 2)
    assert found(one, Snapshot(id=2)) == (
        "refused", "the log has another genesis")
    assert one.follow().texts == ["a b", "next"]


def test_founded_again(probe, redis):
    """In place of a log that no snapshot leads to."""
    begin(redis)
    one = probe(redis.url)
    for i in (1, 2, 3):
        put(one, i)
        assert commit(one, Snapshot(id=i, position=f"{i}-0")) == ("done", "")
    put(one, 4)
    snapshot = Snapshot(id=4, position="9-0", genesis="9-0")
    assert found(one, snapshot, before="1-1") == (
        "refused", "the log has another genesis")
    assert found(one, snapshot, before="1-0") == ("done", "")
    assert look(one) == Ground(True, "9-0", snapshot.line, NONE, "")
    assert redis.call("KEYS", SNAP + ":*") == [chunks(4).encode()]
    assert one.follow().texts == ["genesis"]


def test_not_founded(probe, redis):
    one = probe(redis.url)
    assert found(one, Snapshot()) == (
        "refused", "the snapshot's pieces have gone")
    put(one, 1)
    kind, _ = found(one, Snapshot(position="0-0"))
    assert kind == "refused"
    assert redis.call("KEYS", "*") == [chunks(1).encode()]


def test_two_found_at_once(probe, make_redis, make_proxy):
    redis = make_redis()

    def meddle(words):
        if words[0] == b"MULTI" and redis.call("EXISTS", LOG) == 0:
            begin(redis)

    proxy = make_proxy(redis, meddle)
    one = probe(f"redis://127.0.0.1:{proxy.port}")
    redis.call("HSET", chunks(1), "0", "data")
    assert found(one, Snapshot()) == (
        "refused", "somebody else has changed it meanwhile")
    assert look(one).genesis == "1-0"


@pytest.mark.parametrize("make, foreign", [
    (lambda redis: redis.call("SET", LOG, "x"), "of another type"),
    (lambda redis: redis.call("XADD", LOG, "*", "x", "y"), "somebody else"),
    (lambda redis: (redis.call("XADD", LOG, "*", "1", "y"),
                    redis.call("XADD", LOG, "*", "x", "y")), "somebody else"),
    (lambda redis: redis.call("SET", GENESIS, "x"), "something else"),
    (lambda redis: redis.call("HSET", GENESIS, "x", "y"), "of another type"),
    (lambda redis: redis.call("HSET", SNAP, "x", "y"), "of another type"),
    (lambda redis: (begin(redis), redis.call("SET", LOG, "x")),
     "of another type"),
])
def test_what_is_not_ours(probe, redis, make, foreign):
    make(redis)
    one = probe(redis.url)
    put(one, 1)
    assert foreign in look(one).foreign
    before = {key: redis.call("DUMP", key) for key in redis.call("KEYS", "*")}
    for genesis in ("", "1-0"):
        kind, why = found(one, Snapshot(), before=genesis)
        assert kind == "refused" and foreign in why
    assert before == {
        key: redis.call("DUMP", key) for key in redis.call("KEYS", "*")}


@pytest.mark.parametrize("make", [
    # its genesis was lost; an entry of a later version; it is empty
    lambda redis: redis.call("XADD", LOG, "1-0", "1", "y"),
    lambda redis: redis.call("XADD", LOG, "1-0", "2", "y"),
    lambda redis: (redis.call("XADD", LOG, "1-0", "x", "y"),
                   redis.call("XDEL", LOG, "1-0")),
])
def test_what_may_be_ours(probe, redis, make):
    make(redis)
    one = probe(redis.url)
    put(one, 1)
    assert look(one) == Ground(True, "none", NONE, NONE, "")
    assert found(one, Snapshot()) == ("done", "")


def test_text_of_snapshots_that_can_not_be_read(probe, redis):
    one = probe(redis.url)
    good = Snapshot(id=2)
    for text in ("", "x", "1 2 3", "1 5-0 7 1-0 1 4 4294967296 1",
                 f"x\n{good.line}", f"\n{good.line} and more\nmore"):
        redis.call("SET", SNAP, text)
        ground = look(one)
        assert ground.newest == NONE and ground.foreign == ""
        assert ground.previous == (good.line if good.line in text else NONE)


# -- offers -------------------------------------------------------------------

def offer(one, host, position):
    ended = one.call("offer", host=host, position=position)
    assert ended.kind == "done"
    return dict(line.split(" ") for line in ended.lines)


def test_offers(probe, redis):
    one = probe(redis.url)
    assert offer(one, 1, "5-0") == {"1": "5-0"}
    assert offer(one, 2, "6-0") == {"1": "5-0", "2": "6-0"}
    assert offer(one, 1, "7-1") == {"1": "7-1", "2": "6-0"}
    assert 0 < redis.call("TTL", SEED) <= 10


def test_old_offers(probe, redis):
    """One that nobody makes any more goes, though others keep the key."""
    one = probe(redis.url)
    now_ms = int(redis.call("TIME")[0]) * 1000
    redis.call("HSET", SEED, "3", f"9-0 {now_ms - 11000}", "4",
               f"8-0 {now_ms - 5000}", "5", "x", "6", "7-0")
    assert offer(one, 1, "5-0") == {"1": "5-0", "4": "8-0"}


def test_not_open(probe, redis):
    one = probe(redis.url)
    redis.kill()
    one.wait_closed("")
    for what in ("look", "get", "put", "commit", "take_lease", "offer",
                 "next_id", "found"):
        assert one.call(what).kind == "not taken"


def test_no_rights(probe, make_redis):
    redis = make_redis(users={
        "push": "on >secret ~{ws_pubsub:z:0}:* +@read -xinfo|stream "
                "+@transaction +info +client|setname +time"})
    one = probe(redis.url, "user=push", "password=secret")
    assert one.call("get", id=1, chunk=0).kind == "done"
    for what in ("look", "put", "commit", "take_lease", "offer", "next_id",
                 "found"):
        ended = one.call(what, id=1)
        assert ended.kind == "refused" and ended.why.startswith("NOPERM ")
    assert len(one.events()) == 1


def test_demoted(probe, make_redis):
    redis = make_redis()
    one = probe(redis.url)
    redis.demote(make_redis())
    # of a transaction the rest has no answer any more
    assert one.call("put", id=1, chunk=0).kind in ("unknown", "not taken")
    one.wait_closed("READONLY")
