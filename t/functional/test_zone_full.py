"""A full zone is ordinary: history goes first, then publishes are refused."""

import re
import time

from support.httpc import Http
from support.session import JsonSession

CONFIG = {
    "workers": 2,
    "http": """
        ws_pubsub_zone main:1m;
        ws_pubsub_topic "hist/**" zone=main history=1000;
        """,
}
BODY = "x" * 4000


def fill(http, prefix):
    """Publishes new topics until one is refused; returns those kept."""
    for n in range(2000):
        answer = http.publish(f"{prefix}/{n}", f"{n} {BODY}")
        if answer.status == 507:
            assert answer.error_code() == 108
            return n
        assert answer.status == 202, answer
    raise AssertionError("1 MiB holds no 8 MB")


async def test_full_and_usable_again(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    count = fill(http, "v")
    assert count > 50
    more = f"{count} {BODY}"
    for n in range(count):
        got = http.get(f"v/{n}")
        assert got.status == 200 and got.body == f"{n} {BODY}".encode()
    refused = http.status()["refused"]
    assert refused >= 1
    told = r'zone "main" is full: refused a message'
    ng.wait_for_log(told)
    began = time.monotonic()
    for _ in range(50):
        assert http.publish("v/more", more).status == 507
    # once a second and worker, the first of them before
    seconds = time.monotonic() - began
    assert len(re.findall(told, ng.log_text())) <= 2 * (seconds + 2)
    refused += 50
    async with await JsonSession.open(ng) as session:
        await session.fails(108, "pub", topic="new/one", text=more)
        assert http.status()["refused"] == refused + 1
        await session.fails(102, "get", topic="new/one")
        got = await session.ok("get", topic="v/0")
        assert got["items"][0]["text"].endswith(BODY)
    for n in range(count):
        assert http.delete(f"v/{n}").status == 204
    assert http.status()["topics"] == 0
    again = fill(http, "w")
    assert again >= count * 0.9, (again, count)


async def test_a_full_zone_still_serves(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    count = fill(http, "v")
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("v/*")
        assert len(reply["topics"]) == count
        got = await session.msgs(count)
        assert {one["topic"] for one in got} == {
            f"v/{n}" for n in range(count)}
        # each value may be replaced by one that is not larger
        for turn in range(3):
            for n in range(count):
                body = f"{n} {BODY[turn:]}"
                assert http.publish(f"v/{n}", body).status == 201
                assert (await session.msg())["text"] == body
        assert http.publish("v/0", BODY * 2).status == 507
        assert http.get("v/0").body == f"0 {BODY[2:]}".encode()
        assert http.publish("v/0", "small").status == 201
        assert http.delete("v/0").status == 204
        while (said := await session.next())["op"] != "gone":
            assert said["topic"] == "v/0" and said["op"] == "msg"
    assert http.delete("v/1").status == 204
    assert http.publish("v/1", BODY).status == 202


def test_history_goes_before_values(nginx):
    """Old history makes room; every topic's value stays."""
    ng = nginx(**CONFIG)
    http = Http(ng)
    for n in range(20):
        http.put(f"v/{n}", f"{n} {BODY}")
    for n in range(1, 1001):
        assert http.publish("hist/a", f"{n} {BODY}").status == 202
    got = http.get("hist/a")
    assert got.body == f"1000 {BODY}".encode()
    for n in range(20):
        assert http.get(f"v/{n}").body == f"{n} {BODY}".encode()
    items = http.get("hist/a", "last=1000").json()["items"]
    seqs = [one["seq"] for one in items]
    assert 10 < len(seqs) < 300
    assert seqs == list(range(1001 - len(seqs), 1001)), "the newest"
    status = http.status()
    assert status["evicted"] > 0 and status["refused"] == 0


async def test_a_gap_for_evicted_history(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    for n in range(1, 601):
        epoch = http.put("hist/a", f"{n} {BODY}")["epoch"]
    kept = http.get("hist/a", "last=1000").json()["items"]
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/a", {"epoch": epoch, "seq": 3})
        assert reply["recovered"] is False
        gap = await session.next()
        assert gap == {"op": "gap", "topic": "hist/a", "from": 4,
                       "to": kept[0]["seq"] - 1, "cause": "evicted"}
        got = await session.msgs(len(kept))
        assert [one["seq"] for one in got] == [
            one["seq"] for one in kept]


def test_a_message_larger_than_the_zone(nginx):
    ng = nginx(workers=2, http="ws_pubsub_zone main:1m;", server="""
        ws_pubsub_max_message 8m;
        client_max_body_size 8m;
        """)
    http = Http(ng)
    http.put("a", "kept")
    answer = http.publish("b", "x" * (2 << 20))
    assert answer.status == 507 and answer.error_code() == 108
    assert http.get("b").status == 404 and http.get("a").body == b"kept"
    http.put("c", "goes on")


def test_the_log_is_not_flooded(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    fill(http, "v")
    start = len(ng.log_text())
    for n in range(300):
        assert http.publish(f"more/{n}", BODY).status == 507
    lines = [line for line in ng.log_text()[start:].splitlines()
             if "zone" in line and "[info]" not in line]
    assert len(lines) <= 20, len(lines)


def test_small_topics_fill_it_too(nginx):
    ng = nginx(**CONFIG)
    http = Http(ng)
    count = 0
    while True:
        answer = http.publish(f"a/rather/long/name/of/a/topic/{count}", "")
        if answer.status == 507:
            break
        count += 1
        assert count < 50000
    assert count > 500
    page = http.get(query="select=**&limit=1000").json()
    assert len(page["topics"]) == min(count, 1000)
    # Some: the last of the room is for others than messages.
    for n in range(10):
        assert http.delete(f"a/rather/long/name/of/a/topic/{n}").status == 204
    assert http.publish("b", "").status == 202
