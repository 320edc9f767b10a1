"""A subscriber that reconnects and resumes, and checks promise 1 of the
contract: each message once and in order, or a gap that tells of it."""

import asyncio

from .fastws import Subscriber

RETRY_S = 0.05


class Follower:
    """Follows a selector's topics by epoch and seq over every disconnect.

    Invariant: for each topic, `got[topic]` is the list of (seq, data) in
    the order they came; every violation is in `wrong`.
    """

    def __init__(self, ng, selector, path="/ws"):
        self.ng = ng
        self.selector = selector
        self.path = path
        self.positions = {}
        self.got = {}
        self.gaps = []
        self.wrong = []
        self.ends = []
        self.recovered = []
        self.subscribed = asyncio.Event()
        self._stop = False
        self._client = None
        self._task = asyncio.ensure_future(self._run())

    async def _run(self):
        while not self._stop:
            ended = asyncio.get_running_loop().create_future()

            def end(code, ended=ended):
                if not ended.done():
                    ended.set_result(code)

            try:
                self._client = await Subscriber.open(
                    self.ng.port, self._push, end, self.path)
            except (OSError, ConnectionError, asyncio.TimeoutError):
                await asyncio.sleep(RETRY_S)
                continue
            fields = {}
            if self.positions:
                fields["positions"] = {
                    topic: {"epoch": at[0], "seq": at[1]}
                    for topic, at in self.positions.items()}
            self._client.command(
                id=1, op="sub", topic=self.selector, **fields)
            self.ends.append(await ended)
            self.subscribed.clear()

    def _push(self, said):
        op = said.get("op")
        if op == "msg":
            self._message(said)
        elif op == "topic":
            self._position(said)
        elif op == "gap":
            self.gaps.append(said)
        elif op == "gone":
            self.wrong.append(said)
        elif "ok" in said:
            self.recovered.append(said["ok"]["recovered"])
            for one in said["ok"]["topics"]:
                self._position(one)
            self.subscribed.set()
        elif op != "bye":
            self.wrong.append(said)

    def _position(self, told):
        """The epoch of a topic; its seq stays what was got of it."""
        topic, epoch = told["topic"], told["epoch"]
        known = self.positions.get(topic)
        if known and known[0] != epoch:
            self.wrong.append(["another epoch", told, known])
        if known is None:
            self.positions[topic] = (epoch, 0)
            self.got[topic] = []

    def _message(self, said):
        topic, seq = said["topic"], said["seq"]
        if topic not in self.positions:
            self.wrong.append(["a topic not told", said])
            return
        epoch, before = self.positions[topic]
        if self.got[topic] and seq != before + 1:
            self.wrong.append(["out of order", before, said])
        self.positions[topic] = (epoch, seq)
        self.got[topic].append((seq, said.get("data")))

    def last(self, topic):
        return self.positions.get(topic, ("", 0))[1]

    async def stop(self):
        self._stop = True
        if self._client:
            self._client.close()
        try:
            await asyncio.wait_for(self._task, 10)
        except asyncio.TimeoutError:
            self._task.cancel()


async def caught_up(followers, seqs, timeout_s=30.0):
    """Waits until each follower has each topic up to its seq."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while asyncio.get_running_loop().time() < deadline:
        if all(one.last(topic) >= seq for one in followers
               for topic, seq in seqs.items()):
            return
        await asyncio.sleep(0.05)
    behind = [(topic, one.last(topic), seq, one.ends)
              for one in followers for topic, seq in seqs.items()
              if one.last(topic) < seq]
    raise AssertionError(f"behind: {behind[:5]} and {len(behind)} in all")
