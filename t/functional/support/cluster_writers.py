"""Publishers that go from host to host of a cluster, with and without
Idempotency-Key and If-Match, and remember what they were answered."""

import asyncio
import dataclasses
import json
import random
import time

from .asynchttp import AsyncHttp
from .cluster import NOT_KNOWN, NOT_NOW

AGAIN_S = 0.1
ANSWER_TIMEOUT_S = 30.0  # far more than `wait`
MOST_TRIES_S = 120.0
NONE = ""  # the value before the first one


@dataclasses.dataclass
class Told:
    """A publish that was answered 2xx. `retried`: not by the first try."""

    topic: str
    epoch: str
    seq: int
    data: str
    at: float
    key: str = None
    retried: bool = False


class Records:
    """What all writers were answered. `refused`: was not done, {data: when a
    412 was told}, None for another answer. `unknown`: may have been."""

    def __init__(self):
        self.told = []
        self.refused = {}
        self.unknown = set()
        self.wrong = []
        self.unavailable = 0  # answers 503
        self.not_known = 0  # answers 504, or none at all

    def everything(self):
        return {one.data for one in self.told} | self.unknown


class Writer:
    """One message after the other. `keyed`: each is tried until it is known
    what came of it. `conditional`: it reads a topic first, and publishes if
    nobody else has since; the data names the value before."""

    def __init__(self, hosts, records, topics, name, seed,
                 keyed=False, conditional=False, pause_s=0.02):
        self._hosts = hosts
        self._records = records
        self._topics = topics
        self._name = name
        self._chance = random.Random(seed)
        self._keyed = keyed
        self._conditional = conditional
        self._pause_s = pause_s
        self._client = None

    async def run(self, stop):
        count = 0
        while not stop.is_set():
            topic = self._chance.choice(self._topics)
            name = f"{self._name}.{count}"
            if self._conditional:
                await self._change(topic, name)
            else:
                await self._publish(topic, name, {})
            if self._chance.random() < 0.02:
                self._leave()
            count += 1
            await asyncio.sleep(self._chance.uniform(0, 2) * self._pause_s)
        self._leave()

    # -- requests ---------------------------------------------------------------

    async def _ask(self, method, topic, body=b"", headers=None):
        """The answer; None where there is none."""
        try:
            return await asyncio.wait_for(
                self._request(method, topic, body, headers), ANSWER_TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            self._leave()
            return None

    async def _request(self, method, topic, body, headers):
        if self._client is None:
            self._client = await AsyncHttp.open(
                self._chance.choice(self._hosts()))
        answer = await self._client.request(
            method, "/api/" + topic, body, headers)
        if answer.headers.get("connection") == "close":
            self._leave()
        return answer

    def _leave(self):
        """The next request goes to any host."""
        if self._client:
            self._client.writer.close()
        self._client = None

    # -- publishing ---------------------------------------------------------------

    async def _change(self, topic, name):
        value = await self._ask("GET", topic)
        if value is None or value.status == 503:
            self._leave()
            await asyncio.sleep(AGAIN_S)
        elif value.status == 404:
            await self._publish(topic, f"{name} after {NONE}",
                                {"If-None-Match": "*"})
        else:
            before = value.json().split(" after ")[0]
            await self._publish(topic, f"{name} after {before}",
                                {"If-Match": value.etag})

    async def _publish(self, topic, data, headers):
        fields = {"Content-Type": "application/json", **headers}
        if self._keyed:
            fields["Idempotency-Key"] = data.split(" ")[0]
        until = time.monotonic() + MOST_TRIES_S
        may_be_done = False
        while True:
            answer = await self._ask(
                "POST", topic, json.dumps(data).encode(), fields)
            if answer is not None and answer.status not in (503, 504):
                return self._note(topic, data, answer, may_be_done)
            may_be_done |= self._note_failure(answer, topic, data)
            self._leave()
            if not self._keyed:
                if may_be_done:
                    self._records.unknown.add(data)
                else:
                    self._records.refused[data] = None
                return await asyncio.sleep(AGAIN_S)
            if time.monotonic() > until:
                self._records.wrong.append(["never answered", topic, data])
                self._records.unknown.add(data)
                return None
            await asyncio.sleep(AGAIN_S)

    def _note_failure(self, answer, topic, data):
        """Whether it may have been done all the same."""
        records = self._records
        if answer is None:
            records.not_known += 1
            return True
        code, again = answer.error_code(), answer.headers.get("retry-after")
        if answer.status == 504:
            records.not_known += 1
            if code != NOT_KNOWN:
                records.wrong.append([topic, data, answer])
            return True
        records.unavailable += 1
        if code != NOT_NOW or again != "1":
            records.wrong.append([topic, data, answer])
        return False

    def _note(self, topic, data, answer, may_be_done):
        records = self._records
        if answer.status in (201, 202):
            told = answer.json()
            records.told.append(Told(
                topic, told["epoch"], told["seq"], data, time.monotonic(),
                data.split(" ")[0] if self._keyed else None, may_be_done))
        elif answer.status == 412 and self._conditional:
            if may_be_done:
                records.unknown.add(data)
            else:
                records.refused[data] = time.monotonic()
        else:
            records.wrong.append([topic, data, answer])
