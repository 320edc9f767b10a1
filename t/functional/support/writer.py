"""A publisher that goes on over reloads and deaths of workers, and remembers
what it was answered."""

import asyncio
import collections

from .fastws import Publisher


class Writer:
    """Publishes at its share of the rate, one message at a time; what was
    answered 2xx is `told`: (topic, seq) -> data."""

    def __init__(self, ng, number, topics, pause_s):
        self.number = number
        self.topics = topics
        self.pause_s = pause_s
        self.client = Publisher(ng.port)
        self.told = {}
        self.unknown = []
        self.workers = collections.Counter()

    async def run(self, stop):
        loop = asyncio.get_running_loop()
        count, due = 0, loop.time()
        while not stop.is_set():
            data = f"{self.number}.{count}"
            topic = self.topics[
                (count + self.number) % len(self.topics)]
            answer = await self.client.publish(topic, f'"{data}"')
            if answer is None:
                self.unknown.append((topic, data))
                await asyncio.sleep(0.02)
            else:
                self.told[topic, answer["seq"]] = data
            count += 1
            due = max(due + self.pause_s, loop.time() - 1)
            await asyncio.sleep(max(0, due - loop.time()))
            if count % 50 == 0:
                await self._move()
        self.client.drop()

    async def _move(self):
        """To another connection, so that each worker gets its share."""
        try:
            self.workers[await asyncio.wait_for(
                self.client.worker(), 10)] += 1
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.client.drop()
