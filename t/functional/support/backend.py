"""An application that is asked: an HTTP server whose answers a test decides,
topic by topic, and that tells what it was asked.

It runs in a thread of its own, so that blocking tests can use it too.
"""

import asyncio
import dataclasses
import functools
import threading
import urllib.parse

from . import ports
from .processes import wait_until

TIMEOUT_S = 30.0
REASONS = {200: "OK", 204: "No Content", 403: "Forbidden"}


@dataclasses.dataclass
class Answer:
    """`cut`: the connection ends behind so many bytes of the body, though its
    length was told; `stalled`: it does not end, but nothing more comes.
    `held`: not before the test releases it. `raw`: these bytes in place of
    all else, then the end of the connection."""
    status: int = 204
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    delay_s: float = 0.0
    held: bool = False
    cut: int = None
    stalled: bool = False
    raw: bytes = None
    chunked: bool = False

    def whole(self):
        if self.raw is not None:
            return self.raw
        fields = dict(self.headers)
        body = self.body
        if self.chunked:
            fields["Transfer-Encoding"] = "chunked"
            size = len(body) if self.cut is None else self.cut
            body = b"%x\r\n%s\r\n" % (size, body[:size]) if size else b""
            if self.cut is None:
                body += b"0\r\n\r\n"
        elif self.status != 204:
            fields["Content-Length"] = str(len(body))
            body = body[:self.cut]
        head = f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'X')}\r\n"
        head += "".join(f"{name}: {value}\r\n"
                        for name, value in fields.items())
        return head.encode() + b"\r\n" + body

    @property
    def ends_connection(self):
        return self.raw is not None or self.cut is not None


HELD = Answer(held=True)


def json_answer(status, text, kind="application/json"):
    return Answer(status, text.encode(), {"Content-Type": kind})


@dataclasses.dataclass
class Asked:
    """One request, as it came. `connection` counts from 1."""
    method: str
    target: str
    fields: list
    body: bytes
    connection: int = 0
    answer: Answer = None
    state: str = "pending"  # then "answered", or "gone": the client went

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def arguments(self):
        """Pairs of a name and its value, not decoded."""
        query = self.target.partition("?")[2]
        return [tuple(one.partition("=")[::2])
                for one in query.split("&") if one]

    def argument(self, name):
        for known, value in self.arguments:
            if known == name:
                return urllib.parse.unquote(value)
        return None

    @property
    def topic(self):
        return self.argument("topic")

    @property
    def op(self):
        return self.argument("op")

    def header(self, name):
        """The value; None without such a field. Twice is a failure."""
        found = [value for known, value in self.fields
                 if known.lower() == name.lower()]
        assert len(found) < 2, f"{name}: {found}"
        return found[0] if found else None


class Backend:
    """`answer`: what a topic without a rule gets, an Answer or a function of
    the Asked. Thread safety: tests' threads may call all but what begins
    with `_`."""

    def __init__(self, port=None):
        self.port = port or ports.take(1)[0]
        self.answer = Answer()
        self.rules = {}
        self.asked = []
        self.connections = 0
        self.most_pending = 0
        self._pending = 0
        self._releases = {}
        self._writers = set()
        self._server = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._call(self._listen())

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(
            TIMEOUT_S)

    # -- what a test says ---------------------------------------------------

    def say(self, topic, answer):
        """An Answer, a function of the Asked, or a list: one after another,
        the last one for ever."""
        self.rules[topic] = answer

    def release(self, topic=None, answer=None):
        """Lets go those held now, of the topic or all; returns how many.
        `answer`: this in place of 204."""
        return self._call(self._release(topic, answer or Answer()))

    def reset(self):
        self.answer = Answer()
        self.rules = {}
        self._call(self._release(None, Answer()))
        self.asked = []
        self.most_pending = self.pending()

    def die(self):
        """As if killed: all connections break, nobody listens."""
        self._call(self._die())

    def end(self):
        self.die()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()

    # -- what a test sees ---------------------------------------------------

    def of(self, topic, path=None):
        return [one for one in list(self.asked) if one.topic == topic
                and path in (None, one.path)]

    def pending(self):
        return self._pending

    def held(self):
        """Topics of those that wait for their release."""
        return [one.topic for one in list(self.asked)
                if one.state == "pending"]

    def wait_asked(self, topic, count=1):
        """The last of that many requests for the topic."""
        wait_until(f"{count} requests for {topic}",
                   lambda: len(self.of(topic)) >= count, TIMEOUT_S)
        return self.of(topic)[count - 1]

    async def until_asked(self, topic, count=1):
        return await asyncio.to_thread(self.wait_asked, topic, count)

    async def until_pending(self, count):
        await asyncio.to_thread(
            wait_until, f"{count} requests are pending",
            lambda: self.pending() == count, TIMEOUT_S)

    async def until_gone(self, topic, count=1):
        """The module has given up so many requests for the topic."""
        await asyncio.to_thread(
            wait_until, f"{count} requests for {topic} are given up",
            lambda: sum(one.state == "gone" for one in self.of(topic))
            >= count, TIMEOUT_S)

    # -- in its own thread --------------------------------------------------

    async def _listen(self):
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, backlog=1024)

    async def _die(self):
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._release(None, Answer())

    async def _release(self, topic, answer):
        count = 0
        for one, future in list(self._releases.values()):
            if topic in (None, one.topic) and not future.done():
                future.set_result(answer)
                self._end(one, "answered")
                count += 1
        return count

    async def _serve(self, reader, writer):
        self.connections += 1
        number = self.connections
        self._writers.add(writer)
        try:
            while await self._exchange(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _exchange(self, reader, writer, number):
        """Answers one request; tells whether there may be another one."""
        one = await self._read(reader)
        one.connection = number
        answer = await self.decide(one, reader)
        if answer is None:
            return False
        if not answer.stalled:
            self._end(one, "answered")  # before the client can have it
        writer.write(answer.whole())
        await writer.drain()
        if answer.stalled:
            await reader.read(1)
            self._end(one, "gone")
            return False
        return not answer.ends_connection and (
            one.header("Connection") or "").lower() != "close"

    async def _read(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
        first, *lines = head[:-4].split("\r\n")
        fields = [tuple(line.split(": ", 1)) if ": " in line
                  else (line.rstrip(": "), "") for line in lines]
        one = Asked(*first.split(" ")[:2], fields, b"")
        one.body = await reader.readexactly(
            int(one.header("Content-Length") or 0))
        return one

    async def decide(self, one, reader):
        """The answer, in its time; None once the client has gone."""
        self.asked.append(one)
        self._pending += 1
        self.most_pending = max(self.most_pending, self._pending)
        answer = one.answer = self._rule(one)
        if not answer.held and not answer.delay_s:
            return answer
        waits = asyncio.ensure_future(
            self._held(one) if answer.held
            else asyncio.sleep(answer.delay_s, answer))
        leaves = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({waits, leaves},
                           return_when=asyncio.FIRST_COMPLETED)
        if waits.done():
            leaves.cancel()
            await asyncio.gather(leaves, return_exceptions=True)
            return waits.result()
        waits.cancel()
        self._end(one, "gone")
        leaves.exception()
        return None

    def _end(self, one, state):
        if one.state == "pending":
            one.state = state
            self._pending -= 1

    async def _held(self, one):
        future = self._loop.create_future()
        self._releases[id(one)] = one, future
        try:
            return await future
        finally:
            del self._releases[id(one)]

    def _rule(self, one):
        rule = self.rules.get(one.topic, self.answer)
        if isinstance(rule, list):
            rule = rule.pop(0) if len(rule) > 1 else rule[0]
        return rule(one) if callable(rule) else rule


@functools.cache
def shared_backend():
    """That of `@BACKEND@` in configurations; lives as long as the tests."""
    return Backend()
