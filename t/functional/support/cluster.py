"""A zone on many hosts: several nginx masters on one machine, and one Redis.

A cluster that begins with an empty Redis takes more than 5 seconds until its
first host has given it a state. So that is done once a run, of an empty zone,
and each further Redis begins with what came of it.
"""

import concurrent.futures
import contextlib
import functools
import os
import re
import signal

import pytest

from . import processes
from .httpc import Http
from .nginx import Nginx
from .processes import wait_until
from .rawws import RawWS
from .redis import Redis

JOIN_TIMEOUT_S = 40.0
STATE_TIMEOUT_S = 15.0
NOT_NOW, NOT_KNOWN = 115, 116
ZONE = "main"

TOPICS = """
ws_pubsub_topic "hist/**" zone=main history=100;
ws_pubsub_topic "load/**" zone=main history=999;
ws_pubsub_topic "short/**" zone=main history=3;
ws_pubsub_topic "event/**" zone=main retain=off;
ws_pubsub_topic "log/**" zone=main retain=off history=5;
ws_pubsub_topic "second/**" zone=main ttl=1s;
ws_pubsub_topic "hour/**" zone=main ttl=1h;
ws_pubsub_topic "idle/**" zone=main idle=2s history=10;
ws_pubsub_topic "rooms/**" zone=main presence=on;
"""
SERVER = """
ws_pubsub_identity $arg_who;
client_max_body_size 40m;
"""


def directives(words, size="8m", mixed=100, more=""):
    """The zone; `words` of ws_pubsub_cluster behind `zone=`. `mixed` is the
    history of the topics that the hosts have different policies for."""
    return f"""
    ws_pubsub_zone {ZONE}:{size};
    ws_pubsub_cluster zone={ZONE} {words};
    {TOPICS}
    ws_pubsub_topic "mixed/**" zone={ZONE} history={mixed};
    {more}
    """


def key(suffix="", name=ZONE):
    """A key in Redis: "log", "snap" and so on."""
    return f"{{ws_pubsub:{name}:0}}:{suffix}"


class Cluster:
    """`urls`: those of the directive, by default that of `redis`. `options`:
    more words of the directive, for all hosts. `seeded`: Redis begins with
    the log of an empty zone."""

    def __init__(self, redis=None, seeded=True, urls=None, options="",
                 **redis_config):
        self._stack = contextlib.ExitStack()
        self.redis = redis or Redis(**redis_config)
        self._stack.callback(self.redis.remove)
        self.urls = urls or self.redis.url
        self.options = options
        self.hosts = []
        try:
            if not self.redis.is_running:
                self.redis.start()
            if seeded:
                seed(self.redis)
        except BaseException:
            self.end()
            raise

    def prepare(self, size="8m", mixed=100, options="", more="",
                password=None, **how):
        """A host that has not been started. `password`: for a file that the
        directive names as @PREFIX@/redis.pass."""
        words = f"{self.urls} {self.options} {options}"
        ng = Nginx(http=directives(words, size, mixed, more),
                   **{"workers": 2, "server": SERVER, "connections": 512,
                      **how})
        self._stack.callback(ng.stop)
        self.hosts.append(ng)
        if password is not None:
            set_password(ng, password)
        return ng

    def add(self, following=True, **how):
        """A host more, that follows."""
        ng = self.prepare(**how).start()
        if following:
            wait_following(ng)
        return ng

    def grow(self, *specifications):
        """Several at once; they follow."""
        new = [self.prepare(**how) for how in specifications]
        start_all(*new)
        wait_following(*new)
        return self

    def check(self):
        """After each test that shares these hosts."""
        wait_following(*self.hosts)
        for ng in self.hosts:
            ng.check_running()

    def end(self):
        """All are ended, whatever one of them has to complain of."""
        self._stack.close()


def set_password(ng, password):
    path = ng.prefix / "redis.pass"
    path.write_text(password + "\n")
    path.chmod(0o600)


def start_all(*hosts):
    """At once."""
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(Nginx.start, hosts))


@functools.lru_cache(maxsize=None)
def _first_state():
    """What the first host of an empty cluster has put into Redis."""
    cluster = Cluster(seeded=False)
    try:
        ng = cluster.add(workers=1)
        ng.quit()
        with cluster.redis.client() as client:
            keys = [one for one in client.call("KEYS", key("*"))
                    if not one.endswith((b":lease", b":seed"))
                    and client.call("PTTL", one) == -1]
            assert len(keys) >= 2, keys
            return [(one, client.call("DUMP", one)) for one in keys]
    finally:
        cluster.end()


def seed(redis):
    """REQUIRES: Redis is empty."""
    with redis.client() as client:
        for name, value in _first_state():
            client.call("RESTORE", name, 0, value)


# -- fixtures -------------------------------------------------------------------

@contextlib.contextmanager
def _making():
    with contextlib.ExitStack() as stack:
        def make(*hosts, **options):
            cluster = Cluster(**options)
            stack.callback(cluster.end)
            return cluster.grow(*hosts) if hosts else cluster
        yield make


@pytest.fixture
def make_cluster():
    """Makes a Cluster with hosts as the words for `prepare` say: each a
    dict. They follow."""
    with _making() as make:
        yield make


@pytest.fixture
def pair(make_cluster):
    """Two hosts of the test's own."""
    return make_cluster({}, {"size": "12m"})


@pytest.fixture(scope="module")
def shared_cluster(request):
    """One for a file; its `HOSTS` says of which hosts."""
    with _making() as make:
        yield make(*request.module.HOSTS)


@pytest.fixture
def cluster(shared_cluster):
    """The file's; after each test its hosts follow, and their logs and
    workers are checked."""
    yield shared_cluster
    shared_cluster.check()


# -- what a host is like ----------------------------------------------------------

def status(ng):
    with Http(ng) as http:
        return http.status()


def state(ng):
    return status(ng)["cluster"]


def ready(ng):
    """What load balancers are told."""
    with Http(ng) as http:
        return http.request("GET", "/status?ready").status


def wait_state(word, *hosts, timeout_s=STATE_TIMEOUT_S):
    """Until all of them are in it."""
    try:
        wait_until(f"all are {word}", lambda: all(
            state(ng) == word for ng in hosts), timeout_s, 0.05)
    except AssertionError as failure:
        told = "\n".join(f"{status(ng)}\n{ng.log_text()[-2000:]}"
                         for ng in hosts)
        raise AssertionError(f"{failure}\n{told}") from None


def wait_following(*hosts, timeout_s=JOIN_TIMEOUT_S):
    """And have heard so lately: load balancers are told to use them."""
    wait_state("following", *hosts, timeout_s=timeout_s)
    wait_until("all are ready", lambda: all(
        ready(ng) == 200 for ng in hosts), timeout_s, 0.05)


def wait_hosts(hosts, count, timeout_s=20.0):
    """Until all of them know that so many are there."""
    wait_until(f"{count} hosts are known", lambda: all(
        status(ng)["hosts"] == count for ng in hosts), timeout_s, 0.05)


def wait_working(*hosts, timeout_s=JOIN_TIMEOUT_S):
    """Until each takes publishes, and so has found the Redis that there is
    now, and what its log is; for a few seconds without Redis a host is still
    said to follow."""
    for ng in hosts:
        with Http(ng) as http:
            wait_until("it takes publishes", lambda: (
                http.publish("probe", "x").status in (201, 202)),  # pylint: disable=W0640
                timeout_s, 0.05)
    wait_following(*hosts, timeout_s=timeout_s)
    caught_up(*hosts)


def parsed(text):
    """An id of the log, so that it can be compared."""
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    assert found, text
    return int(found[1]), int(found[2])


def position(ng):
    """Up to where it has applied the log."""
    return parsed(status(ng)["position"])


def caught_up(*hosts):
    """Waits until each has applied all that any of them has by now."""
    least = max(position(ng) for ng in hosts)
    wait_until("all have applied it", lambda: all(
        position(ng) >= least for ng in hosts), JOIN_TIMEOUT_S)


def refuses(ng):
    """Asserts that reads, publishes and upgrades are answered 503."""
    with Http(ng) as http:
        for answer in (http.get("hist/any"), http.get(query="select=**"),
                       http.get("hist/any", "last=1"),
                       http.publish("hist/any", "x"), http.delete("hist/any")):
            assert not_now(answer), answer
    with RawWS(ng) as ws:
        ws.handshake()
        assert ws.status == 503


def not_now(answer):
    """It is a whole 503 / 115."""
    return (answer.status == 503 and answer.error_code() == NOT_NOW
            and answer.headers.get("retry-after") == "1")


def not_known(answer):
    return answer.status == 504 and answer.error_code() == NOT_KNOWN


# -- processes ----------------------------------------------------------------------

def tailer(ng):
    """The worker that follows the log."""
    def found():
        pids = re.findall(r"worker (\d+) follows the log", ng.log_text())
        return pids and int(pids[-1]) in ng.worker_pids() and int(pids[-1])

    return wait_until("a worker follows the log", found, 15)


@contextlib.contextmanager
def stopped(*pids):
    """Of processes, in that order."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def hung(pid, zone_bytes):
    """A worker that is stopped, but not while it holds the zone's lock: that
    would stop everybody."""
    for _ in range(200):
        with stopped(pid):
            wait_until("it is stopped", lambda: processes.state(pid) == "T")
            if processes.zone_lock_holder(pid, zone_bytes) != pid:
                yield
                return
    raise AssertionError(f"{pid} has the lock all the time")


def host_stopped(ng):
    """All of a host's processes."""
    return stopped(ng.pid, *processes.children(ng.pid))


def silent(redis):
    """Redis keeps its connections, and answers nothing."""
    return stopped(redis.pid)


def cut(redis):
    """All connections but the one that says so."""
    redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


# -- the log in Redis ---------------------------------------------------------------

def log_length(redis):
    return redis.call("XLEN", key("log"))


def first_entry(redis):
    """The id of the oldest one."""
    (one,) = redis.call("XRANGE", key("log"), "-", "+", "COUNT", "1")
    return parsed(one[0].decode())


def snapshot(redis):
    """What is said of the newest one."""
    return redis.call("GET", key("snap"))


def snapshots(redis):
    """Keys of their chunks."""
    return sorted(redis.call("KEYS", key("snap:*")))
