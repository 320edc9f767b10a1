"""Events are posted to a back end: all of them, in order, whoever dies."""

import asyncio
import http.client
import json
import os
import re
import signal
import threading

import pytest

from support.backend import HELD, Answer, Backend
from support.httpc import Http
from support.processes import wait_until
from support.session import JsonSession

EVENTS = """
ws_pubsub_zone main:32m;
ws_pubsub_events zone=main sessions publishes=chat/*;
ws_pubsub_topic "$events/**" zone=main history=100000;
"""
LOCATIONS = """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_identity $arg_identity;
    ws_pubsub_allow_subscribe "**";
    add_header X-Worker $pid always;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
location = /hook { internal; proxy_pass http://127.0.0.1:%d/in; }
"""
PUBLISHES = "$events/publishes"


class Receiver:
    """The back end of one nginx. Whatever it has taken of a topic is checked:
    each event is there, in order, maybe again with those behind it."""

    def __init__(self):
        self.backend = Backend()
        self.port = self.backend.port
        self.before = []

    def ups_and_downs(self):
        """Nobody listens any more; or somebody does again."""
        if self.backend:
            self.before += self.backend.asked
            self.backend.end()
            self.backend = None
        else:
            self.backend = Backend(self.port)

    def asked(self):
        return self.before + (list(self.backend.asked) if self.backend else [])

    def taken(self, topic=PUBLISHES):
        """[(position, event)], gaps without a position left out."""
        found, gaps = {}, []
        last = 0
        for one in self.asked():
            batch = json.loads(one.body)
            if one.state != "answered" or batch["topic"] != topic:
                continue
            if one.answer.status >= 300 or one.answer.ends_connection:
                continue
            events = batch["events"]
            seq = int(batch["first"].split(".")[1])
            if events[0]["event"] == "gap":
                gaps.append(events.pop(0))
                last = int(gaps[-1]["to"].split(".")[1])
            assert seq <= last + 1, "none is left out"
            for event in events:
                assert found.setdefault(seq, event) == event
                last = max(last, seq)
                seq += 1
        assert list(found) == sorted(found)
        return [found[seq] for seq in found], gaps

    def wait_taken(self, count, topic=PUBLISHES, timeout_s=60):
        wait_until(f"{count} events are taken",
                   lambda: len(self.taken(topic)[0]) >= count, timeout_s, 0.1)
        return self.taken(topic)[0]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    if made.backend:
        made.backend.end()


@pytest.fixture
def start(nginx, receiver):
    """An nginx that posts to the receiver."""
    def started(options="", events=EVENTS, **more):
        return nginx(
            http=events, locations=LOCATIONS % receiver.port,
            server=f"ws_pubsub_events_request zone=main /hook {options};",
            **more)
    return started


def put(ng, numbers):
    with Http(ng) as client:
        for n in numbers:
            client.put(f"chat/{n}", "x")


def events_in(ng, topic):
    """All that the topic keeps."""
    found = []
    with Http(ng) as client:
        since = client.get(topic, "last=1").json()["items"][0]["epoch"] + ".0"
        while True:
            page = client.get(topic, f"since={since}&limit=1000").json()
            found += [one["data"] for one in page["items"]]
            if not page["more"]:
                return found
            since = (since.split(".")[0]
                     + f".{page['items'][-1]['seq']}")


def numbers_of(events):
    return [int(event["topic"].split("/")[1]) for event in events]


def leader_of(ng):
    """The last that has said so."""
    def last():
        return re.findall(r"(\d+)#\d+:.*this worker posts its events",
                          ng.log_text())
    return int(wait_until("a worker leads", last, 20)[-1])


# -- what comes ----------------------------------------------------------------

async def test_a_batch(start, receiver):
    ng = start("delay=300ms")
    leader_of(ng)
    put(ng, range(3))
    session = await JsonSession.open(ng, "/ws?identity=ann")
    await session.close()
    events = await asyncio.to_thread(receiver.wait_taken, 3)
    assert numbers_of(events) == [0, 1, 2]
    opened, closed = await asyncio.to_thread(
        receiver.wait_taken, 2, "$events/sessions")
    assert (opened["event"], closed["event"]) == ("open", "close")
    assert opened["session"] == closed["session"]
    one = receiver.asked()[0]
    assert one.method == "POST" and one.target == "/in"
    assert one.header("Content-Type") == "application/json"
    assert re.fullmatch(r"[0-9a-z]+\.1", json.loads(one.body)["first"])
    with Http(ng) as client:
        status = client.status()
        assert status["webhook_events"] == 5
        assert status["webhook_lag"] == status["webhook_lost"] == 0
        assert status["webhook_failures"] == 0
        assert status["webhook_leaders"] == 1
        metrics = client.request("GET", "/status?format=prometheus").body
    assert b'ws_pubsub_webhook_events_total{zone="main"} 5\n' in metrics
    assert b'ws_pubsub_events_lost_total{zone="main"} 0\n' in metrics


def test_many_in_batches(start, receiver):
    ng = start("batch=7 delay=0")
    put(ng, range(100))
    assert numbers_of(receiver.wait_taken(100)) == list(range(100))
    assert all(len(json.loads(one.body)["events"]) <= 7
               for one in receiver.asked())


def test_half_of_what_is_too_large(start, receiver):
    ng = start("delay=200ms", events=EVENTS + "client_max_body_size 4k;")
    leader_of(ng)
    put(ng, range(60))
    assert numbers_of(receiver.wait_taken(60)) == list(range(60))
    assert "finds 60 events too large" in ng.log_text()


def test_one_at_a_time(start, receiver):
    receiver.backend.answer = Answer(delay_s=0.1)
    ng = start("batch=10")
    put(ng, range(60))
    assert numbers_of(receiver.wait_taken(60)) == list(range(60))
    assert receiver.backend.most_pending == 1


# -- back ends that don't take them ----------------------------------------------

@pytest.mark.parametrize("refusal", [
    Answer(503), Answer(404), Answer(302), Answer(200, b"abc", cut=1),
    Answer(raw=b"")])
def test_the_same_again(start, receiver, refusal):
    receiver.backend.rules[None] = [refusal, Answer(200, b"ok")]
    ng = start()
    put(ng, range(5))
    assert numbers_of(receiver.wait_taken(5)) == list(range(5))
    first, second = receiver.asked()[:2]
    assert first.body == second.body
    ng.wait_for_log("has not taken events: .*; again in 1s")
    ng.wait_for_log("takes events again")
    with Http(ng) as client:
        assert client.status()["webhook_failures"] == 1


def test_down_for_some_seconds(start, receiver):
    ng = start("batch=10")
    put(ng, range(20))
    receiver.wait_taken(20)
    receiver.ups_and_downs()
    put(ng, range(20, 60))
    ng.wait_for_log("has not taken events: .*; again in 2s")
    with Http(ng) as client:
        assert client.status()["webhook_lag"] == 40
    put(ng, range(60, 80))
    receiver.ups_and_downs()
    assert numbers_of(receiver.wait_taken(80)) == list(range(80))


def test_what_history_has_lost(start, receiver):
    ng = start(events=EVENTS.replace("history=100000", "history=4"))
    put(ng, range(10))
    receiver.wait_taken(1)
    wait_until("all are taken", lambda: Http(ng).status()["webhook_lag"] == 0)
    before = len(receiver.taken()[0])
    receiver.ups_and_downs()
    put(ng, range(10, 30))
    ng.wait_for_log("has not taken events")
    receiver.ups_and_downs()
    events = receiver.wait_taken(before + 5)
    gap = receiver.taken()[1][-1]
    assert numbers_of(events)[-5:] == list(range(25, 30))
    assert [int(gap[end].split(".")[1]) for end in ("from", "to")] == [11, 25]


# -- workers that come and go ------------------------------------------------------

def test_the_leader_is_killed(start, receiver):
    receiver.backend.answer = Answer(delay_s=0.05)
    ng = start("batch=5")
    count = 0
    for _ in range(3):
        put(ng, range(count, count + 40))
        count += 40
        leader = leader_of(ng)
        ng.kill_worker(leader)
        wait_until("another one leads", lambda: leader_of(ng) != leader)
    put(ng, range(count, count + 10))
    assert numbers_of(receiver.wait_taken(count + 10)) == list(
        range(count + 10))


def test_the_leader_hangs(start, receiver):
    """Another one goes on, also with what the hanging one has not told to be
    taken; and when that goes on itself it leaves all to the other."""
    receiver.backend.answer = Answer(delay_s=0.05)
    ng = start("batch=5", listen="")
    leader = leader_of(ng)
    put(ng, range(50))
    os.kill(leader, signal.SIGSTOP)
    wait_until("another one leads", lambda: leader_of(ng) != leader, 20)
    receiver.wait_taken(50)
    os.kill(leader, signal.SIGCONT)
    other = leader_of(ng)
    put(ng, range(50, 100))
    assert numbers_of(receiver.wait_taken(100)) == list(range(100))
    assert leader_of(ng) == other


def test_all_at_once(start, receiver):
    """While events go on: leaders that die and hang, reloads, a back end that
    is down. What it has taken is what there is."""
    ng = start("batch=20", listen="")
    stop = threading.Event()

    def publish():
        count = 0
        while not stop.wait(0.002):
            try:
                put(ng, [count])
            except (OSError, http.client.HTTPException):
                pass  # of a worker that was killed
            count += 1

    publisher = threading.Thread(target=publish)
    publisher.start()
    for _ in range(2):
        ng.kill_worker(leader_of(ng))
        receiver.ups_and_downs()
        ng.reload()
        receiver.ups_and_downs()
        wait_until("somebody leads",
                   lambda: leader_of(ng) in ng.worker_pids(), 20)
        hanging = leader_of(ng)
        os.kill(hanging, signal.SIGSTOP)
        wait_until("another one leads", lambda: leader_of(ng) != hanging, 20)
        os.kill(hanging, signal.SIGCONT)
    stop.set()
    publisher.join()
    told = events_in(ng, PUBLISHES)
    assert len(told) > 1000
    assert receiver.wait_taken(len(told)) == told
    assert not receiver.taken()[1]


def test_reloads(start, receiver):
    receiver.backend.answer = Answer(delay_s=0.02)
    ng = start("batch=5")
    for n in range(3):
        put(ng, range(n * 50, n * 50 + 50))
        ng.reload()
    assert numbers_of(receiver.wait_taken(150)) == list(range(150))
    # an old worker waits for its answer, so that nothing came twice
    assert sum(len(json.loads(one.body)["events"])
               for one in receiver.asked()) == 150


def test_a_reload_waits_for_the_answer(start, receiver):
    receiver.backend.answer = HELD
    ng = start()
    put(ng, range(3))
    wait_until("a batch is posted", receiver.backend.pending)
    old = set(ng.reload())
    put(ng, range(3, 6))
    assert receiver.backend.pending() == 1
    receiver.backend.answer = Answer()
    receiver.backend.release()
    wait_until("the old workers end",
               lambda: not old & set(ng.worker_pids()))
    receiver.backend.asked[0].answer = Answer()
    assert numbers_of(receiver.wait_taken(6)) == list(range(6))


def test_a_reload_without(start, receiver):
    ng = start()
    put(ng, range(3))
    receiver.wait_taken(3)
    ng.reload(server="")
    put(ng, range(3, 6))
    wait_until("nobody leads",
               lambda: Http(ng).status()["webhook_leaders"] == 0)
    ng.reload(server="ws_pubsub_events_request zone=main /hook;")
    assert numbers_of(receiver.wait_taken(6)) == list(range(6))


# -- what can't be -----------------------------------------------------------------

@pytest.mark.parametrize("line,said", [
    ("zone=main", "invalid number of arguments"),
    ("/hook batch=1", 'needs "zone="'),
    ("zone=main batch=1", "needs a location"),
    ("zone=main /hook batch=0", "invalid parameter"),
    ("zone=main /hook batch=1001", "invalid parameter"),
    ("zone=main /hook delay=2m", "invalid parameter"),
    ("zone=main /hook /other", "invalid parameter"),
    ("zone=main /hook$arg_a", "invalid parameter"),
    ("zone=main http://a/", "invalid parameter"),
    ("zone=other /hook", 'needs "ws_pubsub_events" for the zone "other"'),
    ("zone=main /hook; ws_pubsub_events_request zone=main /hook",
     "is duplicate for its zone"),
])
def test_bad_directives(make_nginx, line, said):
    ng = make_nginx(http=EVENTS + "ws_pubsub_zone other:8m;",
                    server=f"ws_pubsub_events_request {line};")
    ng.allow(r"\[emerg\]")
    accepted, text = ng.test_config()
    assert not accepted and said in text, text
