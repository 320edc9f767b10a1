"""The system's clock is set: what is told by age goes on as if nothing was."""

import email.utils
import time

import pytest

from support.clock import Clock
from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until

pytestmark = pytest.mark.skipif(
    sanitizing(), reason="two libraries that replace the C library's calls")

HOURS = 3600
HTTP = """
ws_pubsub_zone main:8m;
ws_pubsub_topic "second/**" zone=main ttl=1s;
ws_pubsub_topic "hour/**" zone=main ttl=1h;
ws_pubsub_topic "idle/**" zone=main retain=off idle=1s;
"""


@pytest.fixture(name="clock")
def _clock(open_path):
    return Clock(open_path)


@pytest.fixture(name="http")
def _http(nginx, clock):
    """Of an nginx whose workers keep what the clock's library reads."""
    return Http(nginx(http=HTTP, main=clock.kept(), workers=2,
                      environment=clock.environment))


def has_stepped(http, seconds):
    """Whether nginx itself has seen the step."""
    date = http.request("GET", "/pid").headers["date"]
    shown = email.utils.parsedate_to_datetime(date).timestamp()
    return abs(shown - time.time() - seconds) < HOURS / 2


def step(http, clock, seconds):
    assert has_stepped(http, 0)
    clock.set(seconds)
    wait_until("nginx sees the step", lambda: has_stepped(http, seconds))


def test_two_hours_back(http, clock):
    http.put("second/a", "x")
    http.publish("idle/a", "x")
    step(http, clock, -2 * HOURS)
    http.put("second/b", "x")
    for topic in ("second/a", "second/b"):
        wait_until("it is too old",
                   lambda: http.get(topic).status == 404)  # pylint: disable=W0640
    wait_until("an idle topic goes", lambda: (
        http.get(query="select=idle/**").json()["topics"] == []))


def test_two_hours_on(http, clock):
    http.put("hour/a", "x")
    first = http.publish("hour/b", "pay 5", Idempotency_Key="k-1")
    step(http, clock, 2 * HOURS)
    assert http.get("hour/a").body == b"x"
    again = http.publish("hour/b", "pay 5", Idempotency_Key="k-1")
    assert again.status == first.status and again.json() == first.json()
    # Whatever a worker does about once a second it has done by then.
    http.put("second/a", "x")
    wait_until("it is too old", lambda: http.get("second/a").status == 404)
    assert http.get("hour/a").body == b"x"
    assert http.get("hour/b").body == b"pay 5"
