"""Commands of a session take effect and are answered in the order in which
they came, though hooks of several are asked at the same time."""

import asyncio
import json
import random
import time

import pytest

from support.backend import HELD, Answer
from support.httpc import Http
from support.processes import wait_until
from support.rawws import CLOSE, PING, PONG, TEXT, RawWS, frame
from support.session import JsonSession

PENDING = 16  # the default
WATCHED_S = 1.2  # after that an endpoint gives up who does not answer
CONFIG = {"workers": 1, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main presence=on history=2000;
""", "locations": """
ws_pubsub_max_subscriptions 2000;
ws_pubsub_subscribe_request /may;
ws_pubsub_publish_request /may;
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "free/**";
    ws_pubsub_allow_publish "free/**";
}
location /connect { ws_pubsub zone=main; ws_pubsub_log_at connect; }
location /one { ws_pubsub zone=main; ws_pubsub_hook_pending 1; }
location /four { ws_pubsub zone=main; ws_pubsub_hook_pending 4; }
location /watched {
    ws_pubsub zone=main;
    ws_pubsub_hook_pending 4;
    ws_pubsub_ping_interval 200ms;
    ws_pubsub_ping_timeout 1s;
}
location /many { ws_pubsub zone=main; ws_pubsub_hook_pending 256; }
location = /may {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}


class Wire:
    """All that the server sends, in its order. `commands` are sent in frames
    of several, or one."""

    def __init__(self, ng, path, scheme="http"):
        self.ws = RawWS.open(ng, path, scheme)

    def send(self, commands, in_a_frame=1):
        for at in range(0, len(commands), in_a_frame):
            self.ws.text(" ".join(json.dumps(one) for one in
                                  commands[at:at + in_a_frame]))

    def next(self):
        return json.loads(self.ws.recv_message()[2])

    def replies(self, count):
        """So many replies, and the pushes before the last of them."""
        replies, pushes = [], []
        while len(replies) < count:
            said = self.next()
            (replies if "id" in said else pushes).append(said)
        return replies, pushes

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ws.close()


def mixed(topic, count, draw):
    """Commands whose outcome depends on those before them: each publish is
    the next of its topic, and reads find the newest."""
    seqs, commands, expected = {}, [], []
    for n in range(count):
        one = f"{draw.choice(('free/', ''))}{topic}/{draw.randrange(3)}"
        if draw.random() < 0.6:
            seqs[one] = seqs.get(one, 0) + 1
            commands.append({"id": n, "op": "pub", "topic": one, "data": n})
            expected.append(seqs[one])
        elif draw.random() < 0.2:
            commands.append({"id": n, "op": "ping"})
            expected.append(None)
        else:
            commands.append({"id": n, "op": "get", "topic": one})
            expected.append(seqs.get(one, 102))
    return commands, expected


def outcome(reply):
    if "error" in reply:
        return reply["error"]["code"]
    if reply.get("op") == "pong":
        return None
    ok = reply["ok"]
    return ok["items"][0]["seq"] if "items" in ok else ok["seq"]


@pytest.mark.parametrize("path", ["/ws", "/connect", "/one", "/many"])
@pytest.mark.parametrize("in_a_frame", [1, 20])
def test_a_thousand_mixed_commands(ng, backend, topic, path, in_a_frame):
    draw = random.Random(topic + path)
    backend.answer = lambda one: Answer(delay_s=draw.choice((0, .001, .02)))
    commands, expected = mixed(topic, 1000, draw)
    with Wire(ng, path) as wire:
        wire.send(commands, in_a_frame)
        replies, _ = wire.replies(1000)
    assert [one["id"] for one in replies] == list(range(1000))
    assert [outcome(one) for one in replies] == expected


def test_a_thousand_of_all_answers(ng, backend, topic):
    """Denials and failures do not get ahead of what was before."""
    draw = random.Random(7)
    statuses = {f"{topic}/{n}": draw.choice((204, 403, 422, 429, 500))
                for n in range(1000)}
    backend.answer = lambda one: Answer(
        statuses[one.topic], delay_s=draw.choice((0, .001, .02)))
    with Wire(ng, "/ws") as wire:
        wire.send([{"id": n, "op": "pub", "topic": one, "data": n}
                   for n, one in enumerate(statuses)])
        replies, _ = wire.replies(1000)
    codes = {204: 1, 403: 103, 422: 107, 429: 111, 500: 115}
    assert [one["id"] for one in replies] == list(range(1000))
    assert [outcome(one) for one in replies] == [
        codes[one] for one in statuses.values()]


def test_what_needs_no_hook_waits_too(ng, backend, topic):
    backend.say(topic, HELD)
    http = Http(ng)
    with Wire(ng, "/ws") as wire:
        wire.send([
            {"id": 1, "op": "sub", "topic": topic},
            {"id": 2, "op": "pub", "topic": "free/" + topic, "text": "x"},
            {"id": 3, "op": "sub", "topic": "free/" + topic},
            {"id": 4, "op": "nonsense"},
            {"id": 5, "op": "ping"},
            {"id": 6, "op": "unsub", "topic": topic},
            {"id": 7, "op": "unsub", "topic": topic}])
        wire.ws.send_frame(PING, b"read to here")
        wire.ws.expect(PONG, b"read to here")
        backend.wait_asked(topic)
        assert http.get("free/" + topic).status == 404
        backend.release(topic)
        replies, pushes = wire.replies(7)
        while not any(one["op"] == "msg" for one in pushes):
            pushes.append(wire.next())
    assert [one["id"] for one in replies] == list(range(1, 8))
    assert [one.get("error", {}).get("code") for one in replies] == [
        None, None, None, 104, None, None, 102]
    assert [one["topic"] for one in pushes if one["op"] == "msg"] == [
        "free/" + topic]


def test_a_sub_that_is_denied_while_its_unsub_waits(ng, backend, topic):
    backend.say(topic, HELD)
    with Wire(ng, "/ws") as wire:
        wire.send([{"id": 1, "op": "sub", "topic": topic},
                   {"id": 2, "op": "unsub", "topic": topic},
                   {"id": 3, "op": "sub", "topic": topic}])
        backend.wait_asked(topic, 2)
        backend.release(topic, Answer(403))
        replies, _ = wire.replies(3)
    assert [outcome(one) if "error" in one else None
            for one in replies] == [103, 102, 103]


def test_a_bad_frame_behind_a_pending_hook(ng, backend, topic):
    """What came before it is done."""
    backend.say(topic, Answer(delay_s=0.3))
    with Wire(ng, "/ws") as wire:
        wire.send([{"id": 1, "op": "pub", "topic": topic, "text": "x"}])
        wire.ws.text("not a command")
        seen = []
        while (one := wire.ws.recv_frame()).opcode != CLOSE:
            seen.append(json.loads(one.payload))
        assert [said.get("id", said.get("op")) for said in seen][-1] == "bye"
        assert one.payload[:2] == (3500).to_bytes(2, "big")
    if seen[0].get("id") == 1:
        assert Http(ng).get(topic).body == b"x"


@pytest.mark.parametrize("path, most", [
    ("/ws", PENDING), ("/four", 4), ("/one", 1), ("/many", 100)])
async def test_as_many_as_may_are_asked_at_once(ng, backend, topic, path,
                                                most):
    """A hundred subscriptions are so many round trips by the hundred."""
    backend.answer = HELD
    async with await JsonSession.open(ng, path) as session:
        waits = [session.expect_reply(n) for n in range(100)]
        for n in range(100):
            await session.ws.send(json.dumps(
                {"id": n, "op": "sub", "topic": f"{topic}/{n}"}))
        rounds = released = 0
        while released < 100:
            await backend.until_pending(min(most, 100 - released))
            released += backend.release()
            rounds += 1
        for one in waits:
            assert "ok" in await one
    assert backend.most_pending == most
    assert rounds == -(-100 // most)
    assert len(backend.asked) == 100
    assert {one.topic for one in backend.asked[:most]} == {
        f"{topic}/{n}" for n in range(most)}


def blocked(wire, data):
    """Sends until the connection takes nothing more; at most 64 MB. Returns
    what is left of the data that was being sent."""
    wire.ws.sock.settimeout(1.0)
    rest = memoryview(data)
    try:
        for _ in range(64 * 2**20 // len(data)):
            rest = memoryview(data)
            while rest:
                rest = rest[wire.ws.sock.send(rest):]
    except TimeoutError:
        return bytes(rest)
    finally:
        wire.ws.sock.settimeout(15.0)
    raise AssertionError("64 MB have been read")


def test_beyond_that_nothing_is_read(ng, backend, topic):
    """And a client that can not be heard is not taken for dead."""
    backend.answer = HELD
    with Wire(ng, "/watched") as wire:
        wire.send([{"id": n, "op": "get", "topic": f"{topic}/{n}"}
                   for n in range(6)])
        wait_until("four are pending", lambda: backend.pending() == 4)
        rest = blocked(wire, frame(PONG, b"x" * 125) * 250)
        time.sleep(3 * WATCHED_S)
        assert backend.most_pending == 4
        backend.answer = Answer()
        backend.release()
        wire.ws.sock.settimeout(60.0)
        wire.ws.sock.sendall(rest)
        got = []
        while len(got) < 6:
            one = wire.ws.recv_frame()
            if one.opcode == PING:
                wire.ws.send_frame(PONG, one.payload)
            else:
                assert one.opcode == TEXT, one
                got.append(json.loads(one.payload)["id"])
    assert got == list(range(6))


def be_silent(ng, topic):
    """A session with a pending hook that answers no ping, to its end."""
    with RawWS.open(ng, "/watched") as ws:
        ws.text(json.dumps({"op": "who", "topic": topic}))
        while (one := ws.recv_frame()).opcode != CLOSE:
            assert one.opcode in (PING, TEXT)
        return int.from_bytes(one.payload[:2], "big")


async def test_keepalive_goes_on_below_it(ng, backend, topic):
    """Who answers lives, whatever the hook does; who does not is closed."""
    backend.answer = HELD
    async with await JsonSession.open(ng, "/watched") as lives:
        waits = lives.expect_reply("held")
        await lives.ws.send(json.dumps(
            {"id": "held", "op": "who", "topic": topic}))
        await backend.until_asked(topic)
        silent = topic + "/silent"
        assert await asyncio.to_thread(be_silent, ng, silent) == 3012
        await backend.until_gone(silent)
        backend.release()
        assert "ok" in await waits


async def test_messages_keep_coming(ng, backend, topic):
    http = Http(ng)
    async with await JsonSession.open(ng, "/ws") as session:
        await session.sub(topic)
        backend.answer = HELD
        for n in range(PENDING + 5):
            await session.ws.send(json.dumps(
                {"op": "who", "topic": f"{topic}/{n}"}))
        await backend.until_pending(PENDING)
        for n in range(100):
            http.put(topic, str(n))
        got = [(await session.next_of("msg"))["text"] for _ in range(100)]
        assert got == [str(n) for n in range(100)]
        backend.answer = Answer()
        backend.release()
        await session.ping()


async def test_sessions_do_not_wait_for_each_other(ng, backend, topic):
    backend.say(topic, HELD)
    async with await JsonSession.open(ng) as slow, \
            await JsonSession.open(ng) as quick:
        asks = asyncio.ensure_future(slow.command("sub", topic=topic))
        await backend.until_asked(topic)
        for n in range(50):
            await quick.sub(f"{topic}/{n}")
        assert not asks.done()
        backend.release()
        assert "ok" in await asks


async def test_a_hook_between_steps_of_long_commands(ng, backend, topic):
    """Those that look through many topics are done in turns of theirs."""
    http = Http(ng)
    http.batch([{"topic": f"{topic}/{n:04}", "text": "x" * 20}
                for n in range(2000)])
    commands = []
    for n in range(20):
        commands += [{"op": "get", "topic": topic + "/*", "limit": 1000},
                     {"op": "pub", "topic": topic + "/0000", "data": n}]
    with Wire(ng, "/ws") as wire:
        wire.send([{"id": n, **one} for n, one in enumerate(commands)], 4)
        replies, _ = await asyncio.to_thread(wire.replies, 40)
    assert [one["id"] for one in replies] == list(range(40))
    for n, one in enumerate(replies):
        if n % 2:
            assert one["ok"]["seq"] == n // 2 + 2
        else:
            assert one["ok"]["items"][0]["seq"] == n // 2 + 1
