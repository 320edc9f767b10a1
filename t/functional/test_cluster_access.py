"""ws_pubsub_cluster: how Redis lets hosts in: users, passwords, TLS, sockets,
databases. Nobody reads a password in a log or a status."""

import pathlib
import re

import pytest

from support import tls
from support.cluster import (
    Cluster, caught_up, cut, key, ready, set_password, start_all, state, status,
    wait_following, wait_working)
from support.httpc import Http

SECRET = "Pa55-of-the-tests"
CERT = str(tls.certificate()[0])
UNREACHABLE = r'\[warn\].* zone "main": Redis is not reachable: .*'

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/cluster.md"
# What the page says that a host needs.
RULES = re.search(r"^```text acl\nuser push (.*)$", PAGE.read_text("utf-8"),
                  re.M)[1].replace("choose-a-long-password", SECRET)
BY_NAME = "user=push password_file=@PREFIX@/redis.pass"


@pytest.fixture(name="clusters")
def _clusters():
    """Makes one with a Redis that is made so."""
    made = []

    def make(**how):
        made.append(Cluster(**how))
        return made[-1]

    yield make
    for one in made:
        one.end()


def works(*hosts):
    """What one takes all have."""
    for number, ng in enumerate(hosts):
        with Http(ng) as http:
            told = http.put(f"hist/works/{number}", "x")
            assert told["seq"] == 1
    caught_up(*hosts)
    for ng in hosts:
        with Http(ng) as http:
            for number in range(len(hosts)):
                assert http.get(f"hist/works/{number}").body == b"x"


def everything_said(ng):
    """By its logs and its status page."""
    with Http(ng) as http:
        pages = [http.request("GET", "/status" + query).body.decode()
                 for query in ("", "?format=text", "?format=prometheus",
                               "?ready")]
    return "\n".join([ng.log_text(), ng.stderr_text(), *pages])


def wait_refused(ng, pattern):
    ng.wait_for_log(UNREACHABLE + pattern, timeout_s=20)
    assert ready(ng) == 503


def test_least_rights(clusters):
    """A user who may do what the page says and nothing else, from an empty
    Redis on, and for a host that joins later."""
    cluster = clusters(seeded=False, options=BY_NAME, users={
        "default": "on nopass ~* +@all", "push": RULES})
    cluster.grow({"password": SECRET})
    cluster.add(password=SECRET, size="12m")
    works(*cluster.hosts)
    assert {one["user"] for one in cluster.redis.clients()} == {"push"}
    for ng in cluster.hosts:
        assert SECRET not in everything_said(ng)


def test_password_alone(clusters):
    cluster = clusters(password=SECRET,
                       options="password_file=@PREFIX@/redis.pass")
    cluster.grow({"password": SECRET}, {"password": SECRET})
    works(*cluster.hosts)
    for ng in cluster.hosts:
        assert SECRET not in everything_said(ng)


@pytest.mark.parametrize("password", ["wrong-" + SECRET, None],
                         ids=["wrong", "none"])
def test_not_let_in(clusters, password):
    cluster = clusters(password=SECRET, options=(
        "password_file=@PREFIX@/redis.pass" if password else ""))
    ng = cluster.add(password=password, following=False)
    wait_refused(ng, "WRONGPASS" if password else "NOAUTH")
    assert state(ng) == "joining"
    assert SECRET not in everything_said(ng)
    cluster.redis.call("CONFIG", "SET", "requirepass", password or "")
    cluster.redis.password = password
    wait_following(ng)
    assert SECRET not in everything_said(ng)


def test_password_changed(clusters):
    """A reload reads the new one."""
    cluster = clusters(options=BY_NAME + " wait=1s", users={
        "default": "on nopass ~* +@all", "push": RULES})
    cluster.grow({"password": SECRET}, {"password": SECRET})
    redis, hosts = cluster.redis, cluster.hosts
    redis.call("ACL", "SETUSER", "push", "resetpass", ">new-" + SECRET)
    cut(redis)
    for ng in hosts:
        ng.wait_for_log(UNREACHABLE, timeout_s=20)
        with Http(ng) as http:
            answer = http.publish("hist/a", "x")
            assert answer.status == 503 and answer.error_code() == 115
    for ng in hosts:
        set_password(ng, "new-" + SECRET)
        ng.reload()
    wait_working(*hosts)
    works(*hosts)
    for ng in hosts:
        assert SECRET not in everything_said(ng)


def test_tls(clusters):
    cluster = clusters(secure=True, password=SECRET, options=(
        f"trusted_certificate={CERT} password_file=@PREFIX@/redis.pass"))
    cluster.grow({"password": SECRET}, {"password": SECRET})
    assert cluster.redis.url.startswith("rediss://")
    works(*cluster.hosts)
    cluster.redis.kill()
    cluster.redis.start()
    wait_working(*cluster.hosts)
    for ng in cluster.hosts:
        assert SECRET not in everything_said(ng)


def test_tls_of_a_stranger(clusters, tmp_path):
    """It hears no password."""
    cluster = clusters(
        secure=True, seeded=False, users={
            "default": "on nopass ~* +@all", "push": RULES},
        certificate=tls.make_certificate(tmp_path),
        options=f"trusted_certificate={CERT} " + BY_NAME)
    ng = cluster.add(password=SECRET, following=False, workers=1)
    wait_refused(ng, "certificate")
    assert state(ng) == "joining"
    told = cluster.redis.info("commandstats")
    assert "cmdstat_auth" not in told and "cmdstat_xread" not in told


def test_tls_of_another_address(clusters):
    cluster = clusters(host="127.0.0.2", secure=True, seeded=False,
                       options=f"trusted_certificate={CERT}")
    ng = cluster.add(following=False, workers=1)
    wait_refused(ng, "mismatch")


def test_tls_not_looked_at(clusters, tmp_path):
    cluster = clusters(secure=True, options="verify=off",
                       certificate=tls.make_certificate(tmp_path))
    cluster.grow({"workers": 1})
    works(*cluster.hosts)


def test_socket_and_another_database(clusters):
    """Of the URLs the first one that answers."""
    cluster = clusters(seeded=False)
    cluster.urls = f"redis://127.0.0.1:1 {cluster.redis.url}/3"
    first = cluster.prepare(workers=1)
    cluster.urls = f"unix:{cluster.redis.socket}"
    ng = cluster.prepare(workers=1, options="name=other")
    start_all(first, ng)
    wait_following(first, ng)
    works(first)
    works(ng)
    with cluster.redis.client() as client:
        assert client.call("EXISTS", key("log", "other")) == 1
        assert client.call("EXISTS", key("log")) == 0
        client.call("SELECT", "3")
        assert client.call("EXISTS", key("log")) == 1
    assert status(ng)["hosts"] == 1
