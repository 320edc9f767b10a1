"""Conflation: a reader that can't keep up gets each topic's newest message,
is told what it missed, and is not closed."""

import json

import pytest

from support.delta import Texts
from support.httpc import Http
from support.processes import wait_until
from support.rawws import RawWS
from support.session import JsonSession

CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:16m;
ws_pubsub_topic "t/*/full/**" zone=main conflate=full delta=on;
ws_pubsub_topic "t/*/always/**" zone=main conflate=always;
ws_pubsub_topic "t/*/events/**" zone=main retain=off conflate=always;
ws_pubsub_queue 64k;
ws_pubsub_ping_interval 0;  # nobody answers while nothing is read
"""}
SIZE = 32_000
COUNT = 750  # more than any socket buffer takes


class SlowReader:
    """Subscribes, and reads nothing until it is told to."""

    def __init__(self, ng, scheme, selector, **fields):
        self.ws = RawWS.open(ng, scheme=scheme, receive_buffer=8192)
        self.ws.text(json.dumps(
            {"id": 1, "op": "sub", "topic": selector, **fields}))
        self.next()

    def next(self):
        return json.loads(self.ws.recv_message()[2])

    def until(self, wanted):
        """Reads until the message of that seq came of all those topics."""
        pushes, waiting = [], set(wanted)
        while waiting:
            pushes.append(self.next())
            said = pushes[-1]
            if said["op"] in ("msg", "delta"):
                waiting.discard((said["topic"], said["seq"]))
        return pushes


def check(pushes, topic, last):
    told, messages = 0, 0
    for said in pushes:
        if said.get("topic") != topic:
            continue
        if said["op"] == "gap":
            assert said["from"] == told + 1 and said["cause"] == "conflated"
            told = said["to"]
        elif said["op"] in ("msg", "delta"):
            assert said["seq"] == told + 1, (told, said["seq"])
            told = said["seq"]
            messages += 1
    assert told == last
    return messages


@pytest.mark.parametrize("kind", ["full", "always", "events"])
async def test_slow_reader(ng, topic, scheme, kind):
    name = f"{topic}/{kind}/x"
    slow = SlowReader(ng, scheme, name)
    async with await JsonSession.open(ng) as fast:
        await fast.sub(name)
        with Http(ng) as http:
            for n in range(COUNT):
                http.publish_json(name, [n, "x" * SIZE])
            assert http.status()["slow"] == 0
        pushes = slow.until([(name, COUNT)])
        assert check(pushes, name, COUNT) < COUNT
        newest = [one for one in pushes if one["op"] == "msg"][-1]
        assert newest["data"][0] == COUNT - 1
        # and is up to date from here on
        await fast.pub(name, data="more")
        assert slow.next()["data"] == "more"
    slow.ws.close()
    with Http(ng) as http:
        wait_until("the sessions ended",
                   lambda: http.status()["sessions"] == 0)
        assert http.status()["conflated"] > 0


async def test_many_topics_take_turns(ng, topic):
    names = [f"{topic}/always/{n}" for n in range(50)]
    slow = SlowReader(ng, "http", f"{topic}/always/*")
    rounds = COUNT // len(names)
    with Http(ng) as http:
        for n in range(rounds):
            for name in names:
                http.publish_json(name, [n, "x" * SIZE])
    pushes = slow.until([(name, rounds) for name in names])
    for name in names:
        check(pushes, name, rounds)
    slow.ws.close()


async def test_deltas_stay_right(ng, topic, scheme):
    """A message after a gap is whole; deltas go on from it."""
    name, texts = f"{topic}/full/x", Texts()
    slow = SlowReader(ng, scheme, name, delta=True)
    value = {f"key{n}": "x" * 50 for n in range(200)}
    with Http(ng) as http:
        before = http.status()["conflated"]
        for n in range(COUNT):
            value[f"key{n % 200}"] = str(n)
            value["rest"] = str(n) * 6000  # too much for a small delta
            http.publish_json(name, value)
        for said in slow.until([(name, COUNT)]):
            texts.take(said)
        assert http.status()["conflated"] > before
        assert json.loads(texts.newest[name][1]) == value
        value["key7"] = "end"
        http.publish_json(name, value)
        said = slow.next()
        assert said["op"] == "delta"
        assert json.loads(texts.take(said)) == value
    slow.ws.close()


async def test_other_topics_still_close_a_slow_reader(ng, topic):
    slow = SlowReader(ng, "http", topic + "/**")
    with Http(ng) as http:
        before = http.status()["slow"]
        for n in range(COUNT):
            http.publish_json(topic + "/off/x", [n, "x" * SIZE])
            if http.status()["slow"] > before:
                break
        assert http.status()["slow"] == before + 1
    slow.ws.close()


async def test_plain_frames(ng, topic):
    """They have no word for a gap; the newest message comes all the same."""
    name = topic + "/always/x"
    slow = RawWS.open(ng, path="/plain/?topic=" + name, protocol=None,
                      receive_buffer=8192)
    with Http(ng) as http:
        for n in range(COUNT):
            http.publish(name, f"{n} " + "x" * SIZE)
    last, count = None, 0
    while last != COUNT - 1:
        got = int(slow.recv_message()[2].split()[0])
        assert last is None or got > last
        last, count = got, count + 1
    assert count < COUNT
    slow.close()
