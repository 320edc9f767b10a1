"""ws_pubsub_cluster: workers that die, hang and are replaced amid load; several
of them; what the status page tells; large messages."""

import asyncio
import os
import re

import pytest

from support.cluster import (
    caught_up, hung, parsed, ready, status, tailer, wait_following,
    wait_hosts)
from support.cluster_load import loaded
from support.httpc import Http, http_on_each_worker
from support.processes import state, wait_until
from support.rawws import RawWS, TEXT
from support.session import JsonSession, sessions_on_each_worker

HOSTS = [{"workers": 4}, {"size": "12m"}]
FIELDS = {
    "cluster", "hosts", "lag_ms", "log_clock_ms", "position", "applied",
    "pending", "resent", "unavailable", "unknown", "terms", "rollbacks",
    "log_bytes", "snapshot_position", "snapshot_age", "snapshot_failures"}
MOST = 8 * 2 ** 20


@pytest.fixture(name="hosts")
def _hosts(cluster):
    return cluster.hosts


@pytest.fixture(name="prefix")
def _prefix():
    return "load/" + os.urandom(4).hex()


# -- what is told of it -------------------------------------------------------------

def test_status(hosts):
    wait_hosts(hosts, 2)
    with Http(hosts[0]) as http:
        http.put("hist/status", "x")
    caught_up(*hosts)
    for ng in hosts:
        told = status(ng)
        assert told.keys() >= FIELDS
        assert told["cluster"] == "following"
        assert told["hosts"] == 2
        assert told["lag_ms"] < 5000
        assert abs(told["log_clock_ms"]) < 10000
        assert parsed(told["position"]) > parsed(told["snapshot_position"])
        assert told["applied"] > 0 and told["log_bytes"] >= 0
        assert told["terms"] >= 1
        for name in ("pending", "unavailable", "unknown", "rollbacks",
                     "snapshot_failures"):
            assert told[name] == 0, name
        assert ready(ng) == 200


def test_status_counts_what_is_applied(hosts):
    before = [status(ng)["applied"] for ng in hosts]
    with Http(hosts[0]) as http:
        http.batch([{"topic": f"hist/status/{n}", "text": "x"}
                    for n in range(50)])
    caught_up(*hosts)
    for ng, count in zip(hosts, before):
        assert status(ng)["applied"] >= count + 50


def test_status_as_text(hosts):
    with Http(hosts[0]) as http:
        text = http.request("GET", "/status?format=text").body.decode()
    lines = dict(line.split(" ", 1) for line in text.splitlines())
    assert lines.keys() >= FIELDS
    assert lines["cluster"] == "following" and lines["hosts"] == "2"


def test_status_for_prometheus(hosts):
    with Http(hosts[0]) as http:
        text = http.request("GET", "/status?format=prometheus").body.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(
            r'[a-z_]+\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\} -?[\d.e+]+',
            line), line
    names = {line.split("{")[0] for line in lines}
    for name in ("hosts", "log_bytes", "applied_total", "resent_total",
                 "unavailable_total", "unknown_total", "rollbacks_total",
                 "snapshot_failures_total"):
        assert "ws_pubsub_" + name in names
    for beginning in ("cluster", "lag_", "log_clock_", "pending", "terms",
                      "snapshot_age"):
        assert any(name.startswith("ws_pubsub_" + beginning)
                   for name in names), beginning
    assert 'ws_pubsub_hosts{zone="main"} 2' in lines


# -- several workers ------------------------------------------------------------------

async def test_each_worker_publishes_and_delivers(hosts, topic):
    """On a host of four, of which one follows the log."""
    sessions = await sessions_on_each_worker(hosts[0])
    sessions[0] = await JsonSession.open(hosts[1])
    for one in sessions.values():
        await one.sub(topic)
    clients = {**http_on_each_worker(hosts[0]), 0: Http(hosts[1])}
    assert len(sessions) == len(clients) == 5
    for number, http in enumerate(clients.values(), 1):
        assert http.put(topic, str(number))["seq"] == number
    for one in sessions.values():
        await one.next_of("topic")
        assert [said["text"] for said in await one.msgs(5)] == list("12345")
        await one.close()
    for http in clients.values():
        http.close()


async def test_read_your_write_on_each_worker(hosts, topic):
    """When a publish is answered this host has it, on all workers."""
    clients = list(http_on_each_worker(hosts[0]).values())
    for n in range(20):
        clients[n % 4].put(topic, str(n))
        for http in clients:
            assert http.get(topic).body == b"%d" % n
    for http in clients:
        http.close()


def test_one_worker_follows(hosts):
    pid = tailer(hosts[0])
    said = re.findall(r"worker (\d+) follows the log", hosts[0].log_text())
    assert said[-1] == str(pid)


# -- workers that die and hang ----------------------------------------------------------

async def test_a_killed_worker(hosts, prefix):
    """One that does not follow. Its clients' retries with their keys give the
    first answer."""
    async with loaded(hosts, prefix, [hosts[1]], keys=True) as load:
        other = min(set(hosts[0].worker_pids()) - {tailer(hosts[0])})
        await asyncio.to_thread(hosts[0].kill_worker, other)
        await load.more(50)


async def test_a_killed_tailer(hosts, prefix):
    """Another one follows, and says so."""
    async with loaded(hosts, prefix, [hosts[1]], keys=True) as load:
        pid = await asyncio.to_thread(tailer, hosts[0])
        await asyncio.to_thread(hosts[0].kill_worker, pid)
        assert await asyncio.to_thread(tailer, hosts[0]) != pid
        await load.more(50)


async def test_all_workers_killed_in_turn(hosts, prefix):
    """Between append and answer, too: each message is there once, and its
    publisher is told where."""
    async with loaded(hosts, prefix, [hosts[1]], keys=True,
                      pause_s=0.005) as load:
        for pid in hosts[0].worker_pids():
            await asyncio.to_thread(hosts[0].kill_worker, pid)
            await load.more(20)


async def test_a_tailer_that_hangs(hosts, prefix):
    """For longer than another one waits. When it wakes up nothing is done
    twice."""
    pid = await asyncio.to_thread(tailer, hosts[0])
    async with loaded(hosts, prefix, [hosts[1]], keys=True) as load:
        with hung(pid, 8 * 2 ** 20):
            other = await asyncio.to_thread(wait_until, "another one follows",
                                            lambda: _another(hosts[0], pid),
                                            15)
            # what its own workers take is answered again
            async with await _session_elsewhere(hosts[0], pid) as session:
                assert (await session.pub("hist/hung", data=1))["seq"]
        assert other != pid and state(pid) != "T"
        await load.more(100)
    assert pid in hosts[0].worker_pids()


def _another(ng, pid):
    said = re.findall(r"worker (\d+) follows the log", ng.log_text())
    return int(said[-1]) != pid and int(said[-1])


async def _session_elsewhere(ng, pid):
    """On a worker that is not that one, which answers no upgrade."""
    for _ in range(50):
        try:
            session = await JsonSession.open(ng, open_timeout=0.3)
        except asyncio.TimeoutError:
            continue
        assert session.worker != pid
        return session
    raise AssertionError("no other worker takes a session")


async def test_reload(hosts, prefix):
    """Of both hosts, one after the other: old workers give up the log, and no
    publish fails."""
    async with loaded(hosts, prefix, hosts, keys=True) as load:
        for ng in hosts:
            old = await asyncio.to_thread(ng.reload)
            assert await asyncio.to_thread(tailer, ng) not in old
            await load.more(50)
    assert load.first <= 8  # connections that ended just as they were used


async def test_reload_with_a_session(hosts, topic):
    """Who comes back elsewhere has missed nothing."""
    async with await JsonSession.open(hosts[0]) as session:
        await session.sub(topic)
        with Http(hosts[1]) as http:
            http.put(topic, "1")
            assert (await session.next_of("msg"))["text"] == "1"
            told = http.get(topic).etag.strip('"').split(".")
            await asyncio.to_thread(hosts[0].reload)
            assert await session.closed() == 1001
            http.put(topic, "2")
    async with await JsonSession.open(hosts[1]) as session:
        reply = await session.sub(
            topic, {"epoch": told[0], "seq": int(told[1])})
        assert reply["recovered"] is True
        assert (await session.msg())["text"] == "2"


# -- large messages -----------------------------------------------------------------------

LARGE = {"size": "96m", "workers": 1, "server": """
    client_max_body_size 40m;
    ws_pubsub_max_message 20m;
    ws_pubsub_max_batch 20m;
    ws_pubsub_queue 40m;
    """}


async def test_large_messages(make_cluster, topic):
    """8 MB, and not a byte more."""
    hosts = make_cluster(LARGE, LARGE).hosts
    body = os.urandom(16).hex() * (MOST // 32)
    assert len(body) == MOST
    async with await JsonSession.open(hosts[1]) as session:
        await session.sub(topic)
        with Http(hosts[0]) as http:
            assert http.publish(topic, body).status == 202
            assert (await session.next_of("msg"))["text"] == body
            for method in ("POST", "PUT"):
                answer = http.publish(topic, body + "x", method=method)
                assert answer.status == 413
                assert answer.error_code() == 106
            told = http.batch([{"topic": topic, "text": body + "x"},
                               {"topic": topic, "text": "small"}])
            assert told[0]["error"]["code"] == 106
            assert told[1]["seq"] == 2
        assert (await session.next_of("msg"))["text"] == "small"


def test_too_large_by_websocket(make_cluster, topic):
    (ng,) = make_cluster(LARGE).hosts
    path = "/plain/?topic=" + topic
    with RawWS.open(ng, path=path, protocol=None) as ws:
        ws.send_frame(TEXT, b"x" * MOST)
        assert ws.recv_message()[2] == b"x" * MOST
        ws.send_frame(TEXT, b"x" * (MOST + 1))
        ws.expect_close(1009)
    with Http(ng) as http:
        assert http.get(topic).etag.endswith('.1"')


def test_workers_are_many_while_redis_stays(make_cluster):
    """A reload with more workers, and with fewer."""
    (ng,) = make_cluster({"workers": 1}).hosts
    with Http(ng) as http:
        told = http.put("hist/a", "x")
    for count in (3, 1):
        ng.reload(workers=count, listen="")
        wait_following(ng)
        with Http(ng) as http:
            assert http.get("hist/a").etag == f'"{told["epoch"]}.{told["seq"]}"'
            told = http.put("hist/a", "x")
