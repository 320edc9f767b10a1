"""ws_pubsub_status: counters as JSON and as text."""

import re

from support.httpc import Http
from support.processes import title, wait_until
from support.rawws import connect_socket
from support.session import JsonSession, sessions_on_each_worker

FIELDS = ["zone", "size", "free", "topics", "messages", "subscriptions",
          "sessions", "workers", "published", "delivered", "evicted",
          "expired", "refused", "refused_subscriptions", "slow",
          "subscribers_held", "interests", "keys_held", "client_keys_held",
          "hooks", "hooks_pending", "hooks_denied", "hooks_failed"]


def test_fields(nginx, scheme):
    with Http(nginx(), scheme) as http:
        answer = http.request("GET", "/status")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/json")
        status = answer.json()
        for name in FIELDS:
            assert name in status, name
        assert status["zone"] == "main" and status["size"] == 8 << 20
        assert 0 < status["free"] < status["size"]
        assert status["workers"] == 4
        for name in FIELDS[3:]:
            if name != "workers":
                assert status[name] == 0, name


def test_text(nginx):
    with Http(nginx(workers=2)) as http:
        for path, headers in (("/status?format=text", {}),
                              ("/status", {"Accept": "text/plain"})):
            answer = http.request("GET", path, headers=headers)
            assert answer.status == 200
            assert answer.headers["content-type"].startswith("text/plain")
            lines = dict(line.split(" ", 1)
                         for line in answer.body.decode().splitlines())
            assert set(FIELDS) <= set(lines)
            assert lines["zone"] == "main" and lines["workers"] == "2"
        assert http.request("HEAD", "/status").status == 200
        assert http.request("POST", "/status", b"x").status == 405


async def test_counters(nginx):
    ng = nginx()
    sessions = await sessions_on_each_worker(ng)
    http = Http(ng)
    for one in sessions.values():
        await one.sub("hist/a")
        await one.sub("b/**")
    status = http.status()
    assert status["sessions"] == 4 and status["subscriptions"] == 8
    for n in range(10):
        http.publish_json("hist/a", n)
    await next(iter(sessions.values())).pub("b/1", text="x")
    for one in sessions.values():
        for _ in range(11):
            await one.next_of("msg")
    wait_until("deliveries are counted", lambda: (
        http.status()["delivered"] == 44))
    status = http.status()
    assert status["topics"] == 2 and status["published"] == 11
    assert status["messages"] == 11
    free = status["free"]
    http.put("c", "x" * 50000)
    assert http.status()["free"] <= free - 50000
    http.delete("c")
    assert http.status()["free"] >= free - 4096
    for one in sessions.values():
        await one.close()
    wait_until("sessions are counted down", lambda: (
        http.status()["sessions"] == 0))
    assert http.status()["subscriptions"] == 0


METRIC = re.compile(r'(ws_pubsub_[a-z_]+)\{zone="main"\} (\d+(?:\.\d+)?)')


def test_prometheus(nginx):
    """As a scraper asks, or by name; each figure of the JSON is there."""
    ng = nginx(workers=1)
    http = Http(ng)
    http.put("a", "x")
    scrape = ("application/openmetrics-text;version=1.0.0;q=0.5,"
              "text/plain;version=0.0.4;q=0.3,*/*;q=0.1")
    for path, headers in (("/status", {"Accept": scrape}),
                          ("/status?format=prometheus", {})):
        answer = http.request("GET", path, headers=headers)
        assert answer.headers["content-type"] == (
            "text/plain; version=0.0.4; charset=utf-8")
        lines = answer.body.decode().split("\n")
        assert lines.pop() == ""
        found = {}
        while lines:
            help_line, type_line, value_line = lines[:3]
            del lines[:3]
            name, value = METRIC.fullmatch(value_line).groups()
            kind = "counter" if name.endswith("_total") else "gauge"
            assert help_line.startswith(f"# HELP {name} ")
            assert type_line == f"# TYPE {name} {kind}"
            found[name] = float(value)
        assert found["ws_pubsub_published_total"] == 1
        assert found["ws_pubsub_zone_size_bytes"] == 8 << 20
        assert len(found) == len(http.status()) - 1


def test_a_zone_of_its_own(nginx):
    ng = nginx(workers=2, http="""
        ws_pubsub_zone one:2m;
        ws_pubsub_zone two:4m;
        """, locations="""
        location /api/ { ws_pubsub_api zone=one; }
        location /api2/ { ws_pubsub_api zone=two; }
        location = /status { ws_pubsub_status zone=one; }
        location = /status2 { ws_pubsub_status zone=two; }
        """)
    http = Http(ng)
    http.put("a", "one")
    assert http.request("GET", "/api2/a").status == 404
    assert http.status()["topics"] == 1
    two = http.status("/status2")
    assert two["topics"] == 0 and two["zone"] == "two"
    assert two["size"] == 4 << 20


async def test_zones_with_the_same_sessions(nginx):
    """Sessions of two zones in one worker keep apart."""
    ng = nginx(workers=1, http="""
        ws_pubsub_zone one:2m;
        ws_pubsub_zone two:2m;
        ws_pubsub_allow_subscribe "**";
        ws_pubsub_allow_publish "**";
        """, locations="""
        location /one { ws_pubsub zone=one; }
        location /two { ws_pubsub zone=two; }
        """)
    async with await JsonSession.open(ng, "/one") as one, \
            await JsonSession.open(ng, "/two") as two:
        await one.sub("a")
        await two.sub("a")
        await one.pub("a", data=1)
        assert (await one.next_of("msg"))["data"] == 1
        await two.quiet()
        await two.pub("a", data=2)
        assert (await two.next_of("msg"))["data"] == 2
        await one.quiet()


def test_ready(nginx, scheme):
    ng = nginx(workers=1)
    with Http(ng, scheme) as http:
        for query in ("?ready", "?ready=1", "?ready&x"):
            answer = http.request("GET", "/status" + query)
            assert answer.status == 200 and answer.json() == {"ready": True}
        assert http.request("HEAD", "/status?ready").status == 200
        answer = http.request("POST", "/status?ready", b"x")
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD"
        assert "topics" in http.request("GET", "/status?readyness").json()


async def test_a_worker_on_its_way_out_is_not_ready(nginx):
    """Asked over a connection that it has still."""
    ng = nginx(workers=1)
    async with await JsonSession.open(ng):
        # nginx closes idle connections of a worker that ends, but answers
        # what has begun: this request's head has.
        sock = connect_socket(ng)
        sock.sendall(b"GET /status?ready HTTP/1.1\r\nHost: localhost\r\n")
        with Http(ng) as http:
            http.request("GET", "/status?ready")
        old = ng.worker_pids()[0]
        ng.reload()
        wait_until("the worker is on its way out", lambda: (
            "shutting down" in title(old)))
        sock.sendall(b"\r\n")
        said = sock.recv(4096)
        sock.close()
        assert said.startswith(b"HTTP/1.1 503 "), said
        assert b'{"ready":false}' in said
