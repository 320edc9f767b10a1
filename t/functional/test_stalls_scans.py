"""What looks through many topics, or ends much at once, is done in steps, of
which all clients of a worker have their shares: how long others wait does not
grow with it (SPEC promise 2)."""

import json
import pathlib
import time

import pytest

from support.httpc import Http
from support.nginx import sanitizing
from support.processes import wait_until
from support.rawws import CLOSE, TEXT, RawWS, close_payload, frame
from support.stall import assert_bounded, longest_stall_s, probing

CONFIG = {
    "workers": 1, "connections": 2048, "http": """
ws_pubsub_zone main:128m;
ws_pubsub_topic "slow/**" zone=main conflate=always;
""",
    "server": """
ws_pubsub_max_message 8m;
ws_pubsub_max_batch 16m;
ws_pubsub_max_subscriptions 1000000;
ws_pubsub_queue 8m;
ws_pubsub_ping_interval 1h;
client_max_body_size 16m;
"""}
SESSIONS = 20


@pytest.fixture(scope="module")
def base():
    """A new place for topics each time."""
    return iter(range(1000))


def fill(ng, base, count, under="many", value=0):
    """So many topics `place/n`; returns the place."""
    place = f"{under}/{next(base)}"
    with Http(ng) as http:
        for start in range(0, count, 5000):
            http.batch([{"topic": f"{place}/{n:06}", "data": value}
                        for n in range(start, min(start + 5000, count))])
    return place


def clear(ng, place):
    with Http(ng) as http:
        http.request("DELETE", f"/api/?select={place}/**")


def opened(ng, count):
    found = [RawWS.open(ng) for _ in range(count)]
    for ws in found:
        ws.sock.settimeout(120)
    return found


def reply(ws):
    """The next reply; what is pushed is passed over."""
    while True:
        said = json.loads(ws.recv_message()[2])
        if "id" in said:
            return said


def say(ws, **command):
    ws.text(json.dumps({"id": 1, **command}))


def all_say(sessions, **command):
    for ws in sessions:
        say(ws, **command)
    return [reply(ws) for ws in sessions]


def close_all(sessions):
    for ws in sessions:
        ws.close()


@pytest.mark.parametrize("command", [
    {"op": "get"}, {"op": "sub"}, {"op": "sub", "since": "new"}],
    ids=["get", "sub", "sub-new"])
def test_a_selector_of_few_among_many(ng, base, command):
    """20 sessions look for topics that are not there, again and again."""
    def stall_of(count):
        place = fill(ng, base, count)
        sessions = opened(ng, SESSIONS)

        def work():
            for ws in sessions:
                ws.text("\n".join(json.dumps(
                    {"topic": f"{place}/*/no{n}", **command})
                    for n in range(10)))
            for said in all_say(sessions, op="ping"):
                assert said == {"id": 1, "op": "pong"}

        stall = longest_stall_s(ng, work)
        close_all(sessions)
        clear(ng, place)
        return stall

    assert_bounded(stall_of, 5000)


def test_pages_of_many_values(ng, base):
    def stall_of(sessions):
        readers = opened(ng, sessions)

        def work():
            for ws in readers:
                ws.text("\n".join([json.dumps(
                    {"op": "get", "topic": f"{place}/*", "limit": 1000})] * 5))
            for said in all_say(readers, op="get", topic=f"{place}/*",
                                limit=1000):
                assert len(said["ok"]["items"]) == 1000

        stall = longest_stall_s(ng, work)
        close_all(readers)
        return stall

    place = fill(ng, base, 1000)
    assert_bounded(stall_of, 20)


def test_new_selectors_over_local_topics(ng, base):
    """Sessions with many selectors, in a worker that has many topics of the
    same prefix for another session's sake; and when they leave."""
    def stall_of(count):
        place = fill(ng, base, count)
        other, = opened(ng, 1)
        say(other, op="sub", topic=f"{place}/**", since="new")
        reply(other)
        sessions = opened(ng, SESSIONS)

        def work():
            for i, ws in enumerate(sessions):
                ws.text("\n".join(json.dumps(
                    {"op": "sub", "topic": f"{place}/*/s{i}-{n}"})
                    for n in range(5)))
            for said in all_say(sessions, op="ping"):
                assert said == {"id": 1, "op": "pong"}
            close_all(sessions)

        stall = longest_stall_s(ng, work)
        other.close()
        clear(ng, place)
        return stall

    assert_bounded(stall_of, 5000)


def subscribed_by_name(ng, count):
    ws, = opened(ng, 1)
    step = 2000
    for start in range(0, count, step):
        ws.text("\n".join([json.dumps({"op": "sub", "topic": f"name/{n}"})
                           for n in range(start, min(start + step, count))]
                          + ['{"id":1,"op":"ping"}']))
        reply(ws)
    return ws


def cpu_s(ng):
    pid, = ng.worker_pids()
    return int(pathlib.Path(
        f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


@pytest.mark.skipif(sanitizing(), reason="a sanitizer has costs of its own")
def test_subscriptions_by_name_cost_the_same(ng):
    """The 20,000th as much as the first: to begin and to end."""
    def cost_of(count):
        before = cpu_s(ng)
        ws = subscribed_by_name(ng, count)
        ws.close()
        with Http(ng) as http:
            wait_until("all have ended",
                       lambda: http.status()["subscriptions"] == 0)
        return cpu_s(ng) - before

    cost_of(100)
    for _ in range(3):
        few, many = cost_of(5000), cost_of(20000)
        if many < 6.5 * few:
            return
    raise AssertionError(f"5,000: {few:.3f} s, 20,000: {many:.3f} s")


@pytest.mark.parametrize("goodbye", [True, False], ids=["close", "abort"])
def test_a_session_with_many_subscriptions_ends(ng, goodbye):
    def stall_of(count):
        ws = subscribed_by_name(ng, count)
        with Http(ng) as http, probing(ng) as probe:
            if goodbye:
                ws.send(frame(CLOSE, close_payload(1000)))
                ws.expect_close(1000, skip_data=True)
            ws.close()
            wait_until("all have ended",
                       lambda: http.status()["subscriptions"] == 0)
        return probe.longest_s

    assert_bounded(stall_of, 5000)


def test_conflated_topics_go(ng, base):
    """Many of them, of which stalled sessions have missed messages."""
    def stall_of(count):
        place = fill(ng, base, count, under="slow", value="x" * 100)
        sessions = [RawWS.open(ng, receive_buffer=4096) for _ in range(30)]
        for ws in sessions:
            say(ws, op="sub", topic=f"{place}/*", since="new")
        time.sleep(0.3)
        with Http(ng) as http:
            for _ in range(3):
                http.batch([{"topic": f"{place}/{n:06}", "data": "y" * 500}
                            for n in range(count)])
            time.sleep(0.5)
            stall = longest_stall_s(ng, lambda: (
                http.request("DELETE", f"/api/?select={place}/**"),
                time.sleep(0.5)))
        for ws in sessions:
            ws.sock.close()
        return stall

    assert_bounded(stall_of, 1000)


def test_commands_behind_a_long_one_wait(ng, base, scheme):
    """The order of replies holds, and what a later command does comes later:
    here the page does not have the topic that is published behind it."""
    place = fill(ng, base, 12000)
    ws = RawWS.open(ng, scheme=scheme)
    new = f"{place}/new/one"
    ws.send(b"".join(frame(TEXT, json.dumps(one).encode()) for one in [
        {"id": 1, "op": "get", "topic": f"{place}/*/*"},
        {"id": 2, "op": "pub", "topic": new, "data": 1},
        {"id": 3, "op": "sub", "topic": f"{place}/*/one"},
        {"id": 4, "op": "get", "topic": new},
        {"id": 5, "op": "history", "topic": new, "last": 1},
        {"id": 6, "op": "unsub", "topic": f"{place}/*/one"},
        {"id": 7, "op": "ping"}]))
    got = []
    while not got or got[-1].get("id") != 7:
        got.append(json.loads(ws.recv_message()[2]))
    assert [one["id"] for one in got if "id" in one] == list(range(1, 8))
    assert got[0]["ok"]["items"] == []
    by_id = {one["id"]: one for one in got if "id" in one}
    assert [one["topic"] for one in by_id[3]["ok"]["topics"]] == [new]
    assert [one["topic"] for one in by_id[4]["ok"]["items"]] == [new]
    ws.close()
    clear(ng, place)


def test_a_session_ends_amid_its_command(ng, base):
    """Nothing of it is left, and the selector can be had by others."""
    place = fill(ng, base, 20000)
    for n in range(8):
        ws, = opened(ng, 1)
        say(ws, op="get" if n % 2 else "sub", topic=f"{place}/*/no")
        if n % 4 < 2:
            ws.send(frame(CLOSE, close_payload(1000)))
        ws.sock.close()
    with Http(ng) as http:
        wait_until("all are gone", lambda: http.status()["sessions"] == 0)
        assert http.status()["subscriptions"] == 0
    ws, = opened(ng, 1)
    say(ws, op="sub", topic=f"{place}/*/no")
    assert reply(ws)["ok"]["topics"] == []
    ws.close()
    clear(ng, place)
