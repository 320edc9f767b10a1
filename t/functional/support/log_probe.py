"""The module for tests (t/probe) that has a log of Redis: what it is asked."""

import dataclasses
import urllib.parse

from .httpc import Http
from .probe import config
from .processes import wait_until

KEY = "{ws_pubsub:z:0}:"
LOG = KEY + "log"


def log_config(*words, **how):
    """As config(), whose /log is a log of a zone z."""
    return config(*words, "name=z", directive="redis_log_probe", path="/log",
                  **how)


@dataclasses.dataclass
class Record:
    id: str
    kind: str
    bytes: str


@dataclasses.dataclass
class Ended:
    """How a call has ended: "done", "refused", "unsent", "unknown", or
    "not taken"."""
    kind: str
    why: str
    lines: list

    @property
    def is_contiguous(self):
        return self.lines[0] == "contiguous"

    @property
    def records(self):
        return [Record(*line.split(" ", 2)) for line in self.lines
                if line[0].isdigit()]

    @property
    def texts(self):
        return [record.bytes for record in self.records]


def _ended(text):
    first, *lines = text.split("\n")
    if first == "not taken":
        return Ended(first, "", lines)
    kind, _, why = first.partition(" ")
    return Ended(kind, why, lines)


class LogProbe:
    def __init__(self, ng, path="/log"):
        self.ng = ng
        self.path = path
        self.http = Http(ng)

    def get(self, what, **named):
        query = urllib.parse.urlencode({"do": what, **named},
                                       quote_via=urllib.parse.quote)
        answer = self.http.request("GET", f"{self.path}?{query}")
        assert answer.status == 200, answer.body
        return answer.body.decode("utf-8", "surrogateescape")

    def call(self, what, **named):
        return _ended(self.get(what, **named))

    def append(self, entry, **named):
        return self.call("append", entry=entry, **named)

    def append_many(self, count, size=0):
        """e0, e1, ... in one turn; how each has ended."""
        text = self.get("append", entry="e", n=count, x=size)
        return [_ended(line) for line in text.split("\n")]

    def follow(self, last="0-0", wait=0):
        return self.call("follow", last=last, wait=wait)

    def tail(self):
        return self.call("tail").lines[0]

    # -- what the owner was told ------------------------------------------

    def events(self):
        return self.get("events").splitlines()

    def opened(self):
        """The lineages, in order."""
        return [event.split(" ")[1] for event in self.events()
                if event.startswith("open ")]

    def wait_open(self, opened=1):
        def is_open():
            events = self.events()
            opens = [one for one in events if one.startswith("open ")]
            return len(opens) >= opened and events[-1].startswith("open ")
        wait_until(f"it is open: {opened}", is_open, 20)
        return self.opened()[-1]

    def wait_closed(self, pattern):
        wait_until(f"it is closed: {pattern}", lambda: any(
            event.startswith("closed ") and pattern in event
            for event in self.events()), 20)
