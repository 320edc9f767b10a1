"""A subscriber that moves between the hosts of a cluster with its positions,
and checks what it is told of each topic: one branch of it, without hole or
repetition, but where a notice says otherwise.

It forgets a topic where it is told to (`gone` with "reset", `recovered:false`,
a topic that stands before its own position), and goes on where a notice has a
`was`. What it had then is kept in `resets`, to be compared with what came of
those messages in the end.
"""

import asyncio
import collections
import contextlib
import dataclasses
import random

from .cluster import NOT_NOW
from .fastws import Subscriber

RETRY_S = 0.05
# Of the connections that it ends itself so many are just dropped.
DROPPED = 0.6


@dataclasses.dataclass
class Branch:
    """What is known of a topic. `seq`: up to there it has got all but `gaps`;
    `is_new`: any message may come first."""

    epoch: str
    seq: int
    is_new: bool = True
    seen: dict = dataclasses.field(default_factory=dict)


class Roamer:
    """`hosts`: a function that returns those that there are. It stays with one
    for about `stay_s`, if it may. Each violation is in `wrong`."""

    def __init__(self, hosts, selector, stay_s, seed, path="/ws"):
        self.topics = {}
        self.resets = []  # (topic, why, {seq: data} that it had)
        self.gaps = []
        self.wrong = []
        self.behind = []  # rows of a reply that stand before its position
        self.unrecovered = 0
        self.forks = 0
        self.moves = 0
        self.count = 0
        self.codes = collections.Counter()
        self.subscribed = asyncio.Event()
        self._hosts = hosts
        self._selector = selector
        self._stay_s = stay_s
        self._path = path
        self._chance = random.Random(seed)
        self._is_stopping = False
        self._stays = False
        self._client = None
        self._task = asyncio.ensure_future(self._run())

    # -- connections ----------------------------------------------------------

    async def _run(self):
        while not self._is_stopping:
            ended = asyncio.get_running_loop().create_future()

            def end(code, ended=ended):
                if not ended.done():
                    ended.set_result(code)

            try:
                self._client = await Subscriber.open(
                    self._chance.choice(self._hosts()).port, self._push, end,
                    self._path)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(RETRY_S)
                continue
            self._subscribe()
            self.codes[await self._until_it_ends(ended)] += 1
            self.subscribed.clear()

    def _subscribe(self):
        positions = {topic: {"epoch": one.epoch, "seq": one.seq}
                     for topic, one in self.topics.items()}
        self._client.command(
            id=1, op="sub", topic=self._selector,
            **({"positions": positions} if positions else {}))

    async def _until_it_ends(self, ended):
        """The code that the server has closed with; "moved"."""
        while not self._stays:
            stay_s = self._chance.uniform(0.2, 2) * self._stay_s
            with contextlib.suppress(asyncio.TimeoutError):
                return await asyncio.wait_for(asyncio.shield(ended), stay_s)
            if self._stays:
                break
            self.moves += 1
            if self._chance.random() < DROPPED:
                self._client.transport.abort()
            else:
                self._client.close()
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(asyncio.shield(ended), 5)
                self._client.transport.abort()
            await ended
            return "moved"
        return await ended

    def stay(self):
        """It moves only where it has to, from now on."""
        self._stays = True

    async def stop(self):
        self._is_stopping = True
        if self._client:
            self._client.transport.abort()
        try:
            await asyncio.wait_for(self._task, 10)
        except asyncio.TimeoutError:
            self._task.cancel()

    # -- what it is told ------------------------------------------------------

    def _push(self, said):
        op = said.get("op")
        if op == "msg":
            self._message(said)
        elif op == "topic":
            self._topic(said)
        elif op == "gap":
            self._gap(said)
        elif op == "gone":
            self._gone(said)
        elif "ok" in said:
            self._reply(said["ok"])
        elif said.get("error", {}).get("code") == NOT_NOW:
            self._client.close()  # and comes back
        elif op != "bye":
            self.wrong.append(said)

    def _reply(self, reply):
        is_good = reply["recovered"]
        self.unrecovered += not is_good
        for row in reply["topics"]:
            known = self.topics.get(row["topic"])
            if known is None:
                self.topics[row["topic"]] = Branch(row["epoch"], row["seq"])
            elif self._goes_on(known, row):
                continue
            elif is_good and row["epoch"] == known.epoch:
                self.behind.append((row, known.seq))
            else:
                if is_good:
                    self.wrong.append(["recovered, but lost", row, known.epoch,
                                       known.seq])
                self._forget(row["topic"], "recovered:false", row)
        self.subscribed.set()

    def _goes_on(self, known, told):
        """Whether the topic is the one that it knows, and has all that it
        had of it; takes the new epoch."""
        is_same = told["epoch"] == known.epoch
        if told["seq"] < known.seq or not (
                is_same or told.get("was") == known.epoch):
            return False
        self.forks += not is_same
        known.epoch = told["epoch"]
        return True

    def _forget(self, topic, why, told):
        known = self.topics[topic]
        self.resets.append((topic, why, known.seen))
        self.topics[topic] = Branch(told["epoch"], told["seq"])

    def _topic(self, told):
        topic = told["topic"]
        known = self.topics.get(topic)
        if known is None:
            self.topics[topic] = Branch(told["epoch"], told["seq"])
        elif "was" not in told or not self._goes_on(known, told):
            if told["seq"] >= known.seq:
                self.wrong.append(["another topic", told, known.epoch,
                                   known.seq])
            self._forget(topic, "topic", told)

    def _gone(self, told):
        known = self.topics.pop(told["topic"], None)
        if known is None or told["reason"] != "reset":
            self.wrong.append(told)
        if known:
            self.resets.append((told["topic"], "gone", known.seen))

    def _gap(self, told):
        known = self.topics[told["topic"]]
        self.gaps.append(told)
        if not known.is_new and told["from"] != known.seq + 1:
            self.wrong.append(["an odd gap", told, known.seq])
        known.seq = told["to"]
        known.is_new = False

    def _message(self, said):
        known = self.topics.get(said["topic"])
        if known is None:
            self.wrong.append(["a topic not told", said])
            return
        if not known.is_new and said["seq"] != known.seq + 1:
            self.wrong.append(["out of order", known.seq, said])
        known.is_new = False
        known.seq = said["seq"]
        known.seen[said["seq"]] = said["data"]
        self.count += 1

    def has(self, topic, seq):
        """Whether it has got that message, or a newer one."""
        known = self.topics.get(topic)
        return known is not None and known.seq >= seq
