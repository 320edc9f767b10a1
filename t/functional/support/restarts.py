"""A zone that is kept in files: an nginx that ends in any way, and is started
again on its prefix and ports.

Nothing here knows how a slot is laid out, but that a payload is in it as it
was published, and that a write changes the file's time.
"""

import asyncio
import contextlib
import itertools
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

import pytest

from . import processes
from .httpc import Http
from .log_lines import above_info
from .processes import wait_until
from .session import JsonSession

INTERVAL = "interval=200ms"
INTERVAL_S = 0.2
AT_END = "interval=0"
SETTLED_S = 0.12
ENDS = {"quit": signal.SIGQUIT, "term": signal.SIGTERM}
TOPICS = """
ws_pubsub_topic "hist/**" zone=main history=100;
ws_pubsub_topic "short/**" zone=main history=3;
ws_pubsub_topic "event/**" zone=main retain=off;
ws_pubsub_topic "log/**" zone=main retain=off history=5;
"""
FOLDER = "snap"

_numbers = itertools.count(1)


def keeping(interval=INTERVAL, size="8m", topics=TOPICS, path=None):
    """The configuration of a zone that is kept in `path`.0 and .1."""
    return f"""
    ws_pubsub_zone main:{size};
    ws_pubsub_snapshot zone=main {path or f"@PREFIX@/{FOLDER}/main"} {interval};
    {topics}
    """


def prepared(ng):
    """With a folder that only the master can look into."""
    (ng.prefix / FOLDER).mkdir(mode=0o700, exist_ok=True)
    return ng


def complaints(text):
    """Lines of the error log above information, but those of nginx itself
    about large bodies."""
    return [line for line in above_info(text)
            if "is buffered to a temporary file" not in line]


def marker():
    """A text that is nowhere else."""
    return f"<{os.getpid()}.{next(_numbers)}.{os.urandom(6).hex()}>"


# -- the ends of an nginx, and its next start ----------------------------------

def end(ng, how="quit"):
    """A clean end; the log has no complaint."""
    ng.process.send_signal(ENDS[how])
    ng.process.wait(15)
    ng.check()
    assert ng.process.returncode == 0, ng.stderr_text()
    ng.process = None


def kill_all(ng):
    """kill -9 of the master and all workers, as if at once: the master can't
    replace one, and none sees another one's end."""
    pids = [ng.pid]
    os.kill(ng.pid, signal.SIGSTOP)
    pids += processes.children(ng.pid)
    for pid in pids[1:]:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    ng.process.wait(15)
    wait_until("all are gone",
               lambda: not any(processes.alive(pid) for pid in pids))
    ng.check()
    ng.process = None


def again(ng, **changes):
    """The next start."""
    ng.config.update(changes)
    return ng.start()


def restart(ng, how="quit", **changes):
    """`how`: quit, term or kill."""
    if how == "kill":
        kill_all(ng)
    else:
        end(ng, how)
    return again(ng, **changes)


def launch(ng):
    """The process of the next start, which has hardly begun."""
    with open(ng.prefix / "logs" / "stderr.log", "ab") as out:
        return subprocess.Popen(
            ng._command(), env=ng._environment(), stdout=out, stderr=out,
            stdin=subprocess.DEVNULL)


def does_not_start(ng, **changes):
    """Asserts it; returns the lines of [emerg] that say why."""
    ng.config.update(changes)
    ng.write_config()
    ng.allow(r"\[emerg\]")
    start = len(ng.log_text())
    ng.process = launch(ng)
    try:
        code = ng.process.wait(8)
    except subprocess.TimeoutExpired:
        kill_all(ng)
        raise AssertionError("nginx has started, or hangs") from None
    ng.process = None
    assert code == 1, (code, ng.log_text()[start:])
    return [line for line in ng.log_text()[start:].splitlines()
            if "[emerg]" in line]


class Orphan:
    """A master that is nobody's child, in place of a Popen."""

    returncode = 0

    def __init__(self, pid):
        self.pid = pid

    def poll(self):
        return None if processes.alive(self.pid) else self.returncode

    def send_signal(self, which):
        os.kill(self.pid, which)

    def wait(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        while processes.alive(self.pid):
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("nginx", timeout_s)
            time.sleep(0.01)
        return self.returncode


@contextlib.contextmanager
def small_disk(folder, size):
    """A disk of that size at the folder; skips the test where none can be
    mounted."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}",
                           "none", str(folder)], capture_output=True)
    if done.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# -- the files -------------------------------------------------------------------

class Slots:
    """The two files of a zone."""

    def __init__(self, ng, path=None):
        base = path or ng.prefix / FOLDER / "main"
        self.paths = [pathlib.Path(f"{base}.{n}") for n in range(2)]

    def read(self):
        """Their bytes; None for one that is not there."""
        return [one.read_bytes() if one.exists() else None
                for one in self.paths]

    def write(self, contents):
        """In place; None: no such file."""
        for path, data in zip(self.paths, contents):
            if data is not None:
                path.write_bytes(data)
            elif path.exists():
                path.unlink()

    def stamps(self):
        return [one.stat().st_mtime_ns if one.exists() else 0
                for one in self.paths]

    def newest(self):
        """The number of the one that was written last."""
        stamps = self.stamps()
        return stamps.index(max(stamps))

    def holding(self, text):
        """The numbers of those with that text."""
        return [number for number, data in enumerate(self.read())
                if data and text.encode() in data]

    def settle(self, timeout_s=15):
        """Waits until nothing is being written; returns the stamps."""
        deadline = time.monotonic() + timeout_s
        before = self.stamps()
        while True:
            time.sleep(SETTLED_S)
            now = self.stamps()
            if now == before:
                return now
            assert time.monotonic() < deadline, "it is written all the time"
            before = now

    def wait_for(self, text, timeout_s=20):
        """Waits until a whole slot has it, the newest; returns its number."""
        wait_until(f"{text} is in a slot",
                   lambda: self.newest() in self.holding(text), timeout_s)
        self.settle()
        return self.newest()

    def wait_for_change(self, since, timeout_s=20):
        """Waits until something was written after those stamps."""
        wait_until("a slot is written",
                   lambda: self.stamps() != since, timeout_s)
        return self.settle()


def put_kept(ng, topic, slots=None):
    """Publishes a text to the topic that is then in a slot; returns what the
    publisher was told, and the text."""
    text = marker()
    with Http(ng) as http:
        told = http.put(topic, text)
    (slots or Slots(ng)).wait_for(text)
    return told, text


# -- what there is ---------------------------------------------------------------

def at(told, seq=None):
    """The position that a publisher was told, or another one of its epoch."""
    return {"epoch": told["epoch"],
            "seq": told["seq"] if seq is None else seq}


def since(position):
    return f"since={position['epoch']}.{position['seq']}"


def topics_of(http):
    """All topics with their positions: {topic: (epoch, seq)}."""
    found, after = {}, ""
    while True:
        page = http.get(query=f"select=**&limit=1000{after}").json()
        for one in page["topics"]:
            found[one["topic"]] = (one["epoch"], one["seq"])
        if not page["more"]:
            return found
        after = "&after=" + urllib.parse.quote(page["topics"][-1]["topic"])


def whole_state(ng):
    """All that can be read of a small zone by HTTP."""
    kept = ("content-type", "etag", "last-modified")
    with Http(ng) as http:
        found = {}
        for topic, position in topics_of(http).items():
            value = http.get(topic)
            found[topic] = (
                position, value.status, value.body,
                [value.headers.get(name) for name in kept],
                whole_history(http, topic, position))
        return found


def whole_history(http, topic, position):
    """All that is kept of it: items, page by page."""
    items, more = [], True
    at = f"{position[0]}.0"
    while more:
        page = http.get(topic, f"since={at}&limit=1000").json()
        items += page["items"]
        more = page["more"]
        if more:
            at = f"{items[-1]['epoch']}.{items[-1]['seq']}"
    return items


def texts(http, topic):
    """Its history: {seq: text}."""
    items = http.get(topic, "last=1000").json()["items"]
    return {one["seq"]: one["text"] for one in items}


async def resumed(ng, topic, position, **fields):
    """What a client that comes back to there is told: `recovered`, and what
    is pushed, for (op, seq)."""
    async with await JsonSession.open(ng) as session:
        reply = await session.sub(topic, position, **fields)
        await asyncio.sleep(0.05)
        await session.ping()
        told = []
        while not session.pushes.empty():
            told.append(session.pushes.get_nowait())
        return reply["recovered"], [
            (one["op"], one.get("seq")) for one in told]
