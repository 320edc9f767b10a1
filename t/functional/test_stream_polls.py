"""Long-polls: one answer, nothing lost between two."""

import json
import threading
import time

import pytest

from support.httpc import Http
from support.stream import path_of

CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:16m;
ws_pubsub_topic "short/**" zone=main history=3;
ws_pubsub_topic "**" zone=main history=5000;
""", "locations": """
location /events/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "t/**" "short/**";
}
location /api/ { ws_pubsub_api zone=main; }
"""}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def poll(http, *topics, **arguments):
    answer = http.request("GET", path_of("/events/", *topics, **arguments))
    assert answer.status == 200, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def texts(page):
    return [item["text"] for item in page["items"]]


def test_values_then_news(ng, http, topic):
    http.put(topic + "/a", "1")
    http.put(topic + "/b", "2")
    page = poll(http, topic + "/*", wait=10)
    assert texts(page) == ["1", "2"] and not page["more"]
    assert page["items"][0]["op"] == "msg" and page["items"][0]["epoch"]
    assert poll(http, topic + "/*", wait=0, since=page["cursor"])["items"] == []
    http.put(topic + "/b", "3")
    http.put(topic + "/a", "4")
    page = poll(http, topic + "/*", wait=10, since=page["cursor"])
    assert texts(page) == ["3", "4"]


def test_waits_for_something(ng, http, topic):
    at = poll(http, topic, wait=0)["cursor"]

    def publish():
        with Http(ng) as other:
            other.put(topic, "1")
    thread = threading.Timer(0.3, publish)
    thread.start()
    page = poll(http, topic, wait=20, since=at)
    thread.join()
    assert texts(page) == ["1"]


def test_its_time_is_over(ng, http, topic):
    at = poll(http, topic, wait=0)["cursor"]
    page = poll(http, topic, wait=1, since=at)
    assert page["items"] == [] and not page["more"]
    assert poll(http, topic, wait=0, since=page["cursor"])["items"] == []


def test_since_new(ng, http, topic):
    http.put(topic, "1")
    page = poll(http, topic, wait=0, since="new")
    assert page["items"] == [] and page["cursor"]
    assert texts(poll(http, topic, wait=0, since="last:9")) == ["1"]


def test_gap_and_reset(ng, http, topic):
    name = "short/" + topic
    at = poll(http, name, wait=0)["cursor"]
    for n in range(9):
        http.put(name, str(n))
    items = poll(http, name, wait=9, since=at)["items"]
    assert items[0]["op"] == "gap" and items[0]["to"] == 5
    assert [item["text"] for item in items[1:]] == ["5", "6", "7", "8"]
    items = poll(http, name, wait=9, since="zzz.1")["items"]
    assert items[0] == {"op": "reset"} and items[1]["text"] == "8"


def test_pages(ng, http, topic):
    at = poll(http, topic + "/*", wait=0)["cursor"]
    for n in range(30):
        http.put(f"{topic}/{n % 7}", f"{n:02}" + "x" * 60000)
    got = []
    pages = 0
    while True:
        page = poll(http, topic + "/*", wait=0, since=at)
        pages += 1
        got += [text[:2] for text in texts(page)]
        at = page["cursor"]
        if not page["more"]:
            break
    assert got == [f"{n:02}" for n in range(30)] and pages > 1


def test_a_topic_that_two_selectors_match(ng, http, topic):
    http.put(topic, topic)
    assert texts(poll(http, topic, "t/**", wait=0)).count(topic) == 1


def test_chains_lose_nothing(ng, http, topic):
    """A fast publisher, in several topics, on connections of all workers."""
    at = poll(http, topic + "/*", wait=0)["cursor"]
    most = 600

    def publish(who):
        with Http(ng) as client:
            for n in range(most):
                client.put(f"{topic}/{who}", str(n))
    threads = [threading.Thread(target=publish, args=(who,))
               for who in range(3)]
    for thread in threads:
        thread.start()
    got = {f"{topic}/{who}": [] for who in range(3)}
    deadline = time.monotonic() + 120
    while sum(map(len, got.values())) < 3 * most:
        assert time.monotonic() < deadline, got
        page = poll(http, topic + "/*", wait=5, since=at)
        at = page["cursor"]
        for item in page["items"]:
            assert item["op"] == "msg", item
            got[item["topic"]].append(int(item["text"]))
    for thread in threads:
        thread.join()
    assert all(one == list(range(most)) for one in got.values())
    assert json.dumps(poll(http, topic + "/*", wait=0, since=at)["items"]) == "[]"
