"""ws_pubsub_snapshot: many topics, long histories, several zones, and zones
of another size than before."""

import json
import re
import time

import pytest

from support.httpc import Http
from support.restarts import (
    AT_END, Slots, again, at, end, keeping, kill_all, marker, restart,
    resumed, topics_of)

KIB = 1024


def put_many(http, topics, per_batch=2000):
    """[(topic, text)], in batches."""
    for first in range(0, len(topics), per_batch):
        told = http.batch([{"topic": topic, "text": text}
                           for topic, text in topics[first:first + per_batch]])
        assert not [one for one in told if "error" in one]


def values_of(http, selector):
    """{topic: text} of all that match."""
    found, after = {}, ""
    while True:
        page = http.get(query=f"select={selector}&values=1&limit=1000{after}"
                        ).json()
        found.update((one["topic"], one.get("text"))
                     for one in page["topics"])
        if not page["more"]:
            return found
        after = "&after=" + page["topics"][-1]["topic"]


def history_of(http, topic):
    """[(seq, text)] of all that is kept of it."""
    last = http.get(topic, "last=1").json()["items"][0]
    found, seq = [], 0
    while True:
        page = http.get(
            topic, f"since={last['epoch']}.{seq}&limit=1000").json()
        found += [(one["seq"], one["text"]) for one in page["items"]]
        if not page["more"]:
            return found
        seq = found[-1][0]


def start_seconds(ng, **changes):
    began = time.monotonic()
    again(ng, **changes)
    assert Http(ng).get(query="select=none").status == 200
    return time.monotonic() - began


# -- much of it --------------------------------------------------------------------

@pytest.mark.parametrize("how", ["quit", "kill"])
def test_many_topics(kept, how):
    count = 20_000
    ng = kept(http=keeping(size="64m"), server="ws_pubsub_max_batch 8m; "
              "client_max_body_size 8m;")
    topics = [(f"many/{n % 97}/{n:05}", f"value {n}") for n in range(count)]
    last = marker()
    with Http(ng) as http:
        put_many(http, topics)
        http.put("last", last)
        positions = topics_of(http)
    Slots(ng).wait_for(last)
    if how == "quit":
        end(ng)
    else:
        kill_all(ng)
    assert start_seconds(ng) < 5
    with Http(ng) as http:
        assert http.status()["topics"] == count + 1
        assert topics_of(http) == positions
        assert values_of(http, "many/**") == dict(topics)
        http.put("many/0/new", "x")
        assert http.delete("many/0/00000").status == 204
    restart(ng)
    with Http(ng) as http:
        assert http.status()["topics"] == count + 1
        assert http.get("many/0/00000").status == 404


async def test_a_long_history(kept):
    count = 5000
    ng = kept(http=keeping(size="64m", topics=(
        'ws_pubsub_topic "long/**" zone=main history=10000;')),
              server="ws_pubsub_max_batch 8m; client_max_body_size 8m;")
    told = [(n, f"{n} " + "x" * KIB) for n in range(1, count + 1)]
    with Http(ng) as http:
        put_many(http, [("long/a", text) for _, text in told])
        epoch = topics_of(http)["long/a"][0]
    for how in ("quit", "term"):
        restart(ng, how)
        with Http(ng) as http:
            assert topics_of(http) == {"long/a": (epoch, count)}
            assert history_of(http, "long/a") == told
    position = {"epoch": epoch, "seq": count - 50}
    assert await resumed(ng, "long/a", position) == (
        True, [("msg", n) for n in range(count - 49, count + 1)])


def test_a_value_as_large_as_can_be(kept):
    """Larger than what is written in a turn."""
    ng = kept(http=keeping(size="64m"), server="""
        ws_pubsub_max_message 8m;
        client_max_body_size 8m;
        """)
    body = json.dumps(["y" * 50] * 100_000)
    last = marker()
    with Http(ng) as http:
        for n in range(2):
            http.publish("hist/large", body + " " * n, kind="application/json")
        http.put("zz", last)
    Slots(ng).wait_for(last)
    for how in ("kill", "quit"):
        restart(ng, how)
        answer = Http(ng).get("hist/large")
        assert answer.body.decode() == body + " "
        assert answer.etag.endswith('.2"')


# -- several zones -------------------------------------------------------------------

ZONES = """
ws_pubsub_zone one:4m;
ws_pubsub_zone two:4m;
ws_pubsub_zone none:4m;
ws_pubsub_snapshot zone=one @PREFIX@/snap/one interval=500ms;
ws_pubsub_snapshot zone=two @PREFIX@/snap/two interval=0;
"""
LOCATIONS = "".join(f"""
location /api/{zone}/ {{ ws_pubsub_api zone={zone}; }}
location = /status/{zone} {{ ws_pubsub_status zone={zone}; }}
""" for zone in ("one", "two", "none"))


def put_to_zones(ng, text):
    for zone in ("one", "two", "none"):
        with Http(ng, api=f"/api/{zone}/") as http:
            http.put("a", f"{zone} {text}")


def zones_have(ng):
    return [Http(ng).request("GET", f"/api/{zone}/a").body.decode()
            for zone in ("one", "two", "none")]


def test_several_zones(kept):
    ng = kept(http=ZONES, locations=LOCATIONS)
    first, second = marker(), marker()
    put_to_zones(ng, first)
    restart(ng)
    assert zones_have(ng)[:2] == [f"one {first}", f"two {first}"]
    assert '"code":102' in zones_have(ng)[2], "this one is kept nowhere"
    put_to_zones(ng, second)
    Slots(ng, ng.prefix / "snap" / "one").wait_for(second)
    restart(ng, "kill")
    assert zones_have(ng)[:2] == [f"one {second}", f"two {first}"]
    with Http(ng) as http:
        for zone in ("one", "two"):
            status = http.status(f"/status/{zone}")
            assert not status["snapshot_clean"] and status["topics"] == 1


def test_the_file_of_another_zone(kept):
    """Paths are changed over: a file is what it holds, whatever it is
    called; nobody gets a mixture."""
    ng = kept(http=ZONES, locations=LOCATIONS)
    put_to_zones(ng, "x")
    swapped = ZONES.replace("snap/one", "snap/-").replace(
        "snap/two", "snap/one").replace("snap/-", "snap/two")
    end(ng)
    again(ng, http=swapped)
    assert zones_have(ng)[:2] == ["two x", "one x"]


# -- another size ---------------------------------------------------------------------

def test_a_larger_zone(kept):
    ng = kept(http=keeping(AT_END, size="2m"))
    topics = [(f"a/{n:03}", f"{n} " + "x" * KIB) for n in range(400)]
    with Http(ng) as http:
        put_many(http, topics, 200)
    restart(ng, http=keeping(AT_END, size="32m"))
    with Http(ng) as http:
        assert values_of(http, "a/*") == dict(topics)
        put_many(http, [(f"b/{n}", "y" * KIB) for n in range(8000)], 500)
        assert http.status()["size"] == 32 << 20
        assert http.status()["evicted"] == 0


async def test_a_smaller_zone_without_history(kept):
    """Values first, then the newest of the history; it is said how much was
    left."""
    topics = 'ws_pubsub_topic "hist/**" zone=main history=1000;'
    ng = kept(http=keeping(AT_END, size="16m", topics=topics))
    values = [(f"a/{n:03}", f"{n} " + "x" * KIB) for n in range(500)]
    with Http(ng) as http:
        put_many(http, values, 500)
        for name in "ab":
            put_many(http, [(f"hist/{name}", f"{n} " + "y" * 2 * KIB)
                            for n in range(1, 1001)], 300)
        positions = topics_of(http)
    end(ng)
    start = len(ng.log_text())
    again(ng, http=keeping(AT_END, size="3m", topics=topics))
    warned = [line for line in ng.log_text()[start:].splitlines()
              if "[warn]" in line and "ws_pubsub" in line]
    assert len(warned) == 1 and "main" in warned[0], warned
    with Http(ng) as http:
        assert topics_of(http) == positions
        assert values_of(http, "a/*") == dict(values)
        kept_items = 0
        for name in "ab":
            items = history_of(http, f"hist/{name}")
            assert [seq for seq, _ in items] == list(range(
                1001 - len(items), 1001)), "the newest"
            assert all(text.startswith(f"{seq} ") for seq, text in items)
            assert 1 <= len(items) < 1000
            kept_items += len(items)
        assert 100 < kept_items, "much of 3 MB is free"
        left = 2000 - kept_items
        assert re.search(rf"\b{left}\b", warned[0]), (left, warned)
        first = history_of(http, "hist/a")[0][0]
        told = http.put("hist/a", "goes on")
        assert told["seq"] == 1001
        http.put("new", "z" * KIB)
    epoch = positions["hist/a"][0]
    recovered, pushed = await resumed(
        ng, "hist/a", {"epoch": epoch, "seq": first - 5})
    assert recovered is False and pushed[0] == ("gap", None)
    recovered, pushed = await resumed(
        ng, "hist/a", {"epoch": epoch, "seq": 999})
    assert recovered is True and pushed == [("msg", 1000), ("msg", 1001)]


def test_a_zone_too_small_for_the_values(kept):
    """Some are left: each that is there is whole; nginx starts, and warns."""
    ng = kept(http=keeping(AT_END, size="16m"))
    values = [(f"a/{n:04}", f"{n} " + "x" * KIB) for n in range(4000)]
    with Http(ng) as http:
        put_many(http, values, 500)
    end(ng)
    start = len(ng.log_text())
    again(ng, http=keeping(AT_END, size="1m"))
    warned = [line for line in ng.log_text()[start:].splitlines()
              if "[warn]" in line and "ws_pubsub" in line]
    assert len(warned) == 1 and "main" in warned[0], warned
    with Http(ng) as http:
        found = values_of(http, "a/*")
        valued = {topic: text for topic, text in found.items() if text}
        assert 200 < len(valued) < 1000
        assert valued.items() <= dict(values).items()
        first = next(iter(valued))
        assert http.delete(first).status == 204
        http.put("new", "x")
    restart(ng)
    with Http(ng) as http:
        assert http.get("new").body == b"x"
        assert http.get(first).status == 404


async def test_positions_of_what_did_not_fit(kept):
    """A topic that is left out is lost, not removed: its clients are told,
    and one that comes anew is another."""
    ng = kept(http=keeping(AT_END, size="16m"))
    values = [(f"a/{n:04}", f"{n} " + "x" * KIB) for n in range(4000)]
    with Http(ng) as http:
        put_many(http, values, 500)
        before = topics_of(http)
    restart(ng, http=keeping(AT_END, size="1m"))
    with Http(ng) as http:
        lost = sorted(set(before) - set(topics_of(http)))
        if not lost:
            pytest.skip("topics without their values are kept")
        there = sorted(topics_of(http))[:20]
        for topic in there:
            http.delete(topic)
        anew = http.put(lost[0], "x")
    assert anew["epoch"] != before[lost[0]][0]
    position = dict(zip(("epoch", "seq"), before[lost[0]]))
    assert await resumed(ng, lost[0], position) == (False, [("msg", 1)])
    assert (await resumed(ng, lost[0], at(anew)))[0] is True
