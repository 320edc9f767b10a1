"""ws_pubsub_snapshot: nginx restarts and dies while many publish and follow;
every message is accounted for."""

import asyncio

import pytest

from support.config import LOCATIONS
from support.follow import Follower, caught_up
from support.httpc import Http
from support.restarts import INTERVAL, keeping, restart
from support.writer import Writer

TOPICS = [f"hist/{name}" for name in "abcd"]
LONG = 'ws_pubsub_topic "hist/**" zone=main history=100000;'


def history_of(http, topic):
    """{seq: data} of all that is kept of it."""
    last = http.get(topic, "last=1").json()["items"][0]
    found, seq = {}, 0
    while True:
        page = http.get(topic, f"since={last['epoch']}.{seq}&limit=1000")
        assert page.status == 200, page
        for one in page.json()["items"]:
            found[one["seq"]] = one["data"]
            seq = one["seq"]
        if not page.json()["more"]:
            return found


class BranchFollower(Follower):
    """One that knows forks. What it has had of a topic since it was last told
    `recovered:false` is `got`, and must be what is kept in the end.

    It can't tell which topics a `recovered:false` is about, so that it is
    unsure of all, and keeps their positions of before, until the next message
    of each: that is the next one, or the first there is.
    """

    def __init__(self, *values, **options):
        super().__init__(*values, **options)
        self.forks = 0
        self.unsure = {}  # topic -> its epoch of now

    def _push(self, said):
        if "ok" in said:
            self.unsure = {} if said["ok"]["recovered"] else {
                one["topic"]: one["epoch"] for one in said["ok"]["topics"]
                if one["topic"] in self.positions}
        if said.get("op") != "gone":
            super()._push(said)
            return
        # It was lost: what was had of it never was.
        for known in (self.positions, self.got, self.unsure):
            known.pop(said["topic"], None)

    def _position(self, told):
        topic, epoch = told["topic"], told["epoch"]
        if topic not in self.positions:
            super()._position(told)
            return
        known = self.positions[topic]
        if "was" in told:
            self.forks += 1
            now = (self.unsure[topic], told["seq"]) if (
                topic in self.unsure) else known
            # It may be amid what it has missed.
            if told["was"] != now[0] or told["seq"] < now[1]:
                self.wrong.append(["a fork from elsewhere", told, known])
        if topic in self.unsure:
            self.unsure[topic] = epoch
        else:
            self.positions[topic] = (epoch, known[1])

    def _message(self, said):
        topic, seq = said["topic"], said["seq"]
        if topic in self.unsure:
            if seq != self.positions[topic][1] + 1:
                self.got[topic] = []
            self.positions[topic] = (self.unsure.pop(topic), seq - 1)
        super()._message(said)


async def while_publishing(ng, followers, harm, times, pause_s):
    """Lets 4 writers publish while nginx is harmed; returns all that each was
    told, {(topic, seq): data}."""
    stop = asyncio.Event()
    writers = [Writer(ng, n, TOPICS, 0.004) for n in range(4)]
    running = [asyncio.ensure_future(one.run(stop)) for one in writers]
    await asyncio.sleep(pause_s)
    for _ in range(times):
        await asyncio.to_thread(harm)
        await asyncio.wait_for(asyncio.gather(
            *(one.subscribed.wait() for one in followers)), 20)
        await asyncio.sleep(pause_s)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*running), 60)
    return [one.told for one in writers]


@pytest.mark.parametrize("how", ["quit", "term"])
async def test_clean_restarts_lose_nothing(kept, how):
    ng = kept(http=keeping(INTERVAL, size="64m", topics=LONG), workers=3,
              locations=LOCATIONS)
    followers = [Follower(ng, "hist/*") for _ in range(4)]
    await asyncio.gather(*(one.subscribed.wait() for one in followers))
    told = {}
    for one in await while_publishing(
            ng, followers, lambda: restart(ng, how), 3, 0.5):
        assert not told.keys() & one.keys(), "each seq is given out once"
        told.update(one)
    assert len(told) > 300
    with Http(ng) as http:
        kept_items = {topic: history_of(http, topic) for topic in TOPICS}
    for (topic, seq), data in told.items():
        assert kept_items[topic].get(seq) == data, (topic, seq, data)
    for topic, items in kept_items.items():
        assert list(items) == list(range(1, len(items) + 1)), topic
        # Of each publisher in its order.
        for number in range(4):
            mine = [int(data.split(".")[1]) for data in items.values()
                    if data.startswith(f"{number}.")]
            assert mine == sorted(mine)
    await caught_up(followers, {topic: max(items)
                                for topic, items in kept_items.items()})
    for one in followers:
        await one.stop()
        assert not one.wrong and not one.gaps, (one.wrong, one.gaps)
        assert all(one.recovered), one.recovered
        assert {topic: dict(got) for topic, got in one.got.items()} == (
            kept_items)


async def test_crashes_are_told(kept):
    """kill -9 of all, again and again: nobody who is told `recovered` holds a
    message that is not kept, or lacks one that is; what was lost is of the
    last interval."""
    ng = kept(http=keeping("interval=200ms", size="64m", topics=LONG),
              workers=3, locations=LOCATIONS)
    followers = [BranchFollower(ng, "hist/*") for _ in range(4)]
    await asyncio.gather(*(one.subscribed.wait() for one in followers))
    told = await while_publishing(
        ng, followers, lambda: restart(ng, "kill"), 5, 0.7)
    with Http(ng) as http:
        kept_items = {topic: history_of(http, topic) for topic in TOPICS}
    await caught_up(followers, {topic: max(items)
                                for topic, items in kept_items.items()})
    for one in followers:
        await one.stop()
        assert not one.wrong and not one.gaps, (one.wrong, one.gaps)
        assert {topic: dict(got) for topic, got in one.got.items()} == (
            kept_items)
    answered = {data for one in told for data in one.values()}
    there = {data for items in kept_items.values() for data in items.values()}
    assert len(answered & there) > len(answered) / 4, "most is kept"
    for topic, items in kept_items.items():
        assert list(items) == list(range(1, len(items) + 1)), topic
        assert len(set(items.values())) == len(items)
