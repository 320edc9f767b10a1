"""Load on a cluster: publishers at all hosts that remember what they were
answered, subscribers that check that nothing is lost, twice or reset, and what
the hosts must have in the end."""

import asyncio
import contextlib
import json
import os

from . import follow
from .asynchttp import AsyncHttp
from .cluster import NOT_KNOWN, NOT_NOW, caught_up
from .httpc import Http
from .restarts import topics_of, whole_state

AGAIN_S = 0.05
ANSWER_TIMEOUT_S = 60.0


class _Link:
    """A keep-alive connection to one host, opened again when it is gone."""

    def __init__(self, ng):
        self._ng = ng
        self._client = None

    async def post(self, topic, data, key):
        """The answer; None where the connection has ended without one."""
        headers = {"Idempotency-Key": key} if key else {}
        try:
            if self._client is None:
                self._client = await AsyncHttp.open(self._ng)
            answer = await self._client.request(
                "POST", "/api/" + topic, json.dumps(data).encode(),
                {"Content-Type": "application/json", **headers})
        except (OSError, asyncio.IncompleteReadError):
            self.drop()
            return None
        if answer.headers.get("connection") == "close":
            self.drop()
        return answer

    def drop(self):
        if self._client:
            self._client.writer.close()
        self._client = None


class Load:
    """`told`: what was answered 2xx, (topic, seq) -> data. `refused`: what was
    answered 503 and so was not done. `unknown`: what was answered 504, or not
    at all. With `keys` each message is tried until it is told; then `first`
    counts those that the first try had no good answer to."""

    def __init__(self, hosts, topics, keys=False, clients=2, pause_s=0.02):
        self.topics = topics
        self.told = {}
        self.refused = set()
        self.unknown = set()
        self.first = 0
        self.wrong = []
        self._keys = keys
        self._pause_s = pause_s
        self._stop = asyncio.Event()
        self._mark = os.urandom(4).hex()
        self._tasks = [
            asyncio.ensure_future(self._run(ng, f"{n}.{number}"))
            for n, ng in enumerate(hosts) for number in range(clients)]

    async def _run(self, ng, name):
        link, count = _Link(ng), 0
        while not self._stop.is_set():
            data = f"{self._mark}.{name}.{count}"
            topic = self.topics[count % len(self.topics)]
            try:
                await asyncio.wait_for(
                    self._publish(link, topic, data), ANSWER_TIMEOUT_S)
            except asyncio.TimeoutError:
                self.wrong.append(["no answer", topic, data])
                break
            count += 1
            await asyncio.sleep(self._pause_s)
        link.drop()

    async def _publish(self, link, topic, data):
        answer = await link.post(topic, data, self._keys and data)
        if not self._keys:
            return self._note(answer, topic, data)
        self.first += not self._is_good(answer)
        while not self._is_good(answer):
            await asyncio.sleep(AGAIN_S)
            answer = await link.post(topic, data, data)
        return self._note(answer, topic, data)

    def _is_good(self, answer):
        """Anything but what asks for another try."""
        return answer is not None and not self._asks_for_another(answer)

    def _asks_for_another(self, answer):
        return answer.status in (503, 504) and not self._malformed(answer)

    def _malformed(self, answer):
        """What is wrong with a 503 or 504."""
        if answer.status == 503:
            return (answer.error_code() != NOT_NOW
                    or answer.headers.get("retry-after") != "1")
        return answer.error_code() != NOT_KNOWN

    def _note(self, answer, topic, data):
        if answer is None:
            self.unknown.add(data)
        elif answer.status in (201, 202):
            at = topic, answer.json()["seq"]
            if self.told.setdefault(at, data) != data:
                self.wrong.append(["two for one position", at, data])
        elif answer.status not in (503, 504) or self._malformed(answer):
            self.wrong.append([topic, data, answer])
        else:
            (self.refused if answer.status == 503
             else self.unknown).add(data)

    async def more(self, count):
        """Waits until so many more have been answered 2xx."""
        least = len(self.told) + count

        async def come():
            while len(self.told) < least:
                assert not self.wrong, self.wrong[:3]
                await asyncio.sleep(0.02)

        try:
            await asyncio.wait_for(come(), ANSWER_TIMEOUT_S)
        except asyncio.TimeoutError:
            raise AssertionError(
                f"{len(self.told)} of {least} were answered") from None

    async def everywhere(self):
        """Waits until each topic is there."""
        while {topic for topic, _ in self.told} != set(self.topics):
            await self.more(1)

    async def end(self):
        self._stop.set()
        await asyncio.gather(*self._tasks)
        assert not self.wrong, self.wrong[:3]

    def cancel(self):
        for task in self._tasks:
            task.cancel()


class Follower(follow.Follower):
    """Of a topic that goes on under another epoch nothing is lost."""

    def __init__(self, ng, selector, path="/ws"):
        self.forks = 0
        super().__init__(ng, selector, path)

    def _push(self, said):
        if said.get("error", {}).get("code") == NOT_NOW:
            self._client.close()  # and comes back
            return
        super()._push(said)

    def _position(self, told):
        known = self.positions.get(told["topic"])
        if known and told.get("was") == known[0]:
            self.forks += 1
            if told["seq"] < known[1]:
                self.wrong.append(["a message was lost", told, known])
            self.positions[told["topic"]] = (told["epoch"], known[1])
            return
        super()._position(told)


@contextlib.asynccontextmanager
async def loaded(hosts, prefix, followers=(), topics=6, **how):
    """Load on some topics behind that prefix, and a follower at each host of
    `followers`; yields the load. At the end all is checked: each of them has
    seen each message once and in order, and was told of nothing else; and
    `followers` have what was answered."""
    following = [Follower(ng, prefix + "/*") for ng in followers]
    await asyncio.gather(*(asyncio.wait_for(one.subscribed.wait(), 20)
                           for one in following))
    load = Load(hosts, [f"{prefix}/{n}" for n in range(topics)], **how)
    try:
        await load.everywhere()
        await follow.caught_up(following, dict.fromkeys(load.topics, 1))
        yield load
        await load.more(20)
        await load.end()
        await check(load, followers, following)
    finally:
        load.cancel()
        for one in following:
            await one.stop()


def all_equal(*hosts):
    """Once they have caught up all have the same topics."""
    caught_up(*hosts)
    first = whole_state(hosts[0])
    for ng in hosts[1:]:
        other = whole_state(ng)
        assert other.keys() == first.keys()
        for topic, told in first.items():
            assert other[topic] == told, topic


async def check(load, hosts, following):
    """What `loaded` says of its end. The hosts follow, or will soon."""
    await asyncio.to_thread(caught_up, *hosts)
    for ng in hosts:
        check_kept(load, ng)
    with Http(hosts[0]) as http:
        have = {topic: at[1] for topic, at in topics_of(http).items()
                if topic in load.topics}
    await follow.caught_up(following, have)
    for one in following:
        assert not one.wrong, one.wrong[:3]
        assert not one.gaps, one.gaps[:3]
        assert one.got == following[0].got
        for (topic, seq), data in load.told.items():
            assert (seq, data) in one.got[topic]


def kept(http, topic):
    """What a topic of the load has: {seq: data}; all of it."""
    items = http.get(topic, "last=1000").json()["items"]
    assert items and items[0]["seq"] == 1 and len(items) < 1000, topic
    return {one["seq"]: one["data"] for one in items}


def check_kept(load, ng):
    """The host has what was answered 2xx, at its position; each message at
    most once; none that was refused; and nothing else."""
    may_be = set(load.told.values()) | load.unknown
    with Http(ng) as http:
        have = {topic: kept(http, topic) for topic in load.topics}
    for (topic, seq), data in load.told.items():
        assert have[topic].get(seq) == data, (topic, seq)
    everything = [data for one in have.values() for data in one.values()]
    assert len(set(everything)) == len(everything)
    assert not load.refused & set(everything)
    assert set(everything) <= may_be
