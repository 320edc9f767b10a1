#!/usr/bin/python3
"""Bytes on the wire for the trading page's data, as a markdown table.

The same run of examples/trading/feed.py, on an nginx of its own, reaches
subscribers that differ in what they ask for, and one that polls over HTTP.
Counted is what TCP brings one of them during the run, frame and HTTP headers
included; of the one that polls also its requests. In the end each
subscriber's books must be those that the server has.

    bench/bytes.py [--instruments 50] [--rate 10] [--seconds 20]
"""

import argparse
import collections
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "t" / "functional"))

# pylint: disable=wrong-import-position
from support import delta, deflate  # noqa: E402
from support.nginx import Nginx  # noqa: E402
from support.rawws import RawWS, connect_socket  # noqa: E402

CONFIG = {
    "workers": 2,
    "http": """
        ws_pubsub_zone main:32m;
        ws_pubsub_topic "books/*" zone=main delta=on conflate=full;
        ws_pubsub_queue 8m;""",
    "locations": """
        ws_pubsub_allow_subscribe "books/*";
        location = /ws { ws_pubsub zone=main; }
        location = /deflated { ws_pubsub zone=main; ws_pubsub_compression on; }
        location /api/ { ws_pubsub_api zone=main; }""",
}

SETTLE_S = 3.0  # without a byte: nothing is under way any more
WARM_UP_S = 5.0  # each book is there once, also on a slow machine

# name: path, what is asked for
SUBSCRIBERS = {
    "full messages": ("/ws", {}),
    "full messages, permessage-deflate": ("/deflated", {}),
    "deltas": ("/ws", {"delta": True}),
    "deltas, permessage-deflate": ("/deflated", {"delta": True}),
    "deltas, `rate` 1": ("/ws", {"delta": True, "rate": 1}),
    "deltas, `rate` 1, permessage-deflate": (
        "/deflated", {"delta": True, "rate": 1}),
}


class Subscriber(threading.Thread):
    """Reads until it is stopped. `bytes` and `messages` count what came."""

    def __init__(self, ng, path, asked):
        super().__init__(daemon=True)
        offer = "permessage-deflate" if path == "/deflated" else None
        self.ws = RawWS.open(ng, path, extensions=offer)
        self.codec = deflate.Codec(deflate.parse_answer(self.ws.headers[
            "sec-websocket-extensions"])) if offer else None
        self.bytes = self.messages = self.skipped = 0
        self.texts = delta.Texts()
        self.values = {}
        self.heard_at = time.monotonic()
        self.error = None
        self.ws.sock.settimeout(0.2)
        self._ask({"id": 1, "op": "sub", "topic": "books/*", **asked})
        self.stopped = threading.Event()

    def _ask(self, command):
        text = json.dumps(command).encode()
        self.ws.send_frame(1, text)

    def run(self):
        try:
            while not self.stopped.is_set():
                self._read()
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def _read(self):
        try:
            data = self.ws.sock.recv(1 << 18)
        except TimeoutError:
            return
        if not data:
            raise EOFError("the server closed")
        self.bytes += len(data)
        self.heard_at = time.monotonic()
        self.ws.buffer += data
        at = 0
        while (end := self._frame(at)) is not None:
            at = end
        self.ws.buffer = self.ws.buffer[at:]

    def _frame(self, at):
        """Takes the frame that begins there; where it ends, or None."""
        data = self.ws.buffer
        if len(data) < at + 4:
            return None
        size, begin = data[at + 1], at + 2
        if size >= 126:
            begin += 2 if size == 126 else 8
            size = int.from_bytes(data[at + 2:begin], "big")
        if len(data) < begin + size:
            return None
        if data[at] & 0xf == 1:
            payload = data[begin:begin + size]
            if data[at] & 0x40:
                payload = self.codec.decompress(payload)
            self._take(json.loads(payload))
        return begin + size

    def _take(self, said):
        if said.get("op") == "gap":
            self.skipped += said["to"] - said["from"] + 1
        if said.get("op") not in ("msg", "delta"):
            return
        self.messages += 1
        if "data" in said:
            self.values[said["topic"]] = said["data"]
        else:
            text = self.texts.take(said)
            self.values[said["topic"]] = text

    def books(self):
        return {topic: json.loads(one) if isinstance(one, (str, bytes))
                else one for topic, one in self.values.items()}


class Poller(threading.Thread):
    """GETs each book once a second, on one keep-alive connection."""

    def __init__(self, ng, topics, seconds):
        super().__init__(daemon=True)
        self.sock = connect_socket(ng)
        self.topics, self.seconds = topics, seconds
        self.bytes = self.messages = self.skipped = 0
        self.error = None

    def run(self):
        try:
            began = time.monotonic()
            for count in range(self.seconds):
                time.sleep(max(0, began + count - time.monotonic()))
                for topic in self.topics:
                    self._get(topic)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def _get(self, topic):
        request = (f"GET /api/{topic} HTTP/1.1\r\n"
                   "Host: localhost\r\n\r\n").encode()
        self.sock.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._recv()
        head, body = data.split(b"\r\n\r\n", 1)
        size = int(head.lower().split(b"content-length: ")[1].split()[0])
        while len(body) < size:
            body += self._recv()
        assert head.startswith(b"HTTP/1.1 200") and len(body) == size
        self.bytes += len(request) + len(head) + 4 + size
        self.messages += 1

    def _recv(self):
        data = self.sock.recv(1 << 16)
        if not data:
            raise EOFError("the server closed")
        return data


def feed(ng, asked, seconds, seed):
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "trading" / "feed.py",
         "--url", f"http://127.0.0.1:{ng.port}/api/", "--seed", str(seed),
         "--instruments", str(asked.instruments), "--rate", str(asked.rate),
         "--seconds", str(seconds)],
        check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 60
    ).stdout


def get(ng, path):
    with socket.create_connection(("127.0.0.1", ng.port), timeout=20) as one:
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
                    "Connection: close\r\n\r\n".encode())
        data = b""
        while piece := one.recv(1 << 16):
            data += piece
    return json.loads(data.split(b"\r\n\r\n", 1)[1])


def measure(ng, asked):
    """{name: a Subscriber or Poller that has ended}, and the ticks."""
    # The books are there before: what is counted are changes.
    feed(ng, asked, WARM_UP_S, seed=7)
    topics = [one["topic"] for one in get(
        ng, "/api/?select=books/*&limit=1000")["topics"]]
    assert len(topics) == asked.instruments, len(topics)
    running = {name: Subscriber(ng, *how)
               for name, how in SUBSCRIBERS.items()}
    for one in running.values():
        one.start()
    while any(len(one.values) < len(topics) for one in running.values()):
        fail_early(running)
        time.sleep(0.1)
    time.sleep(2)  # a rate's interval is over, too
    for one in running.values():
        one.bytes = one.messages = one.skipped = 0
    polling = Poller(ng, topics, asked.seconds)
    polling.start()
    said = feed(ng, asked, asked.seconds, seed=7)
    polling.join()
    while time.monotonic() - max(
            one.heard_at for one in running.values()) < SETTLE_S:
        time.sleep(0.1)
    for one in running.values():
        one.stopped.set()
        one.join()
    fail_early(running)
    fail_early({"polling": polling})
    at_server = {topic: get(ng, f"/api/{topic}") for topic in topics}
    for name, one in running.items():
        assert one.books() == at_server, f"{name}: other books"
    ticks = int(said.split("feed: ")[-1].split()[0])
    return {"polling each book once a second": polling, **running}, ticks


def fail_early(running):
    for name, one in running.items():
        if one.error:
            raise RuntimeError(name) from one.error


def table(results, seconds):
    most = results["full messages"].bytes
    Row = collections.namedtuple("Row", "name values size speed each part")
    rows = [Row("", "values", "bytes", "kB/s", "bytes a value",
                "of full messages")]
    rows += [Row(name, f"{one.messages:,}", f"{one.bytes:,}",
                 f"{one.bytes / seconds / 1000:.1f}",
                 f"{one.bytes / max(1, one.messages):.0f}",
                 f"{100 * one.bytes / most:.1f} %")
             for name, one in results.items()]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" + "|---:" * 5 + "|", *lines[1:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instruments", type=int, default=50)
    parser.add_argument("--rate", type=float, default=10)
    parser.add_argument("--seconds", type=int, default=20)
    asked = parser.parse_args()
    ng = Nginx(**CONFIG).start()
    try:
        results, ticks = measure(ng, asked)
    finally:
        ng.stop()
    print(f"{asked.instruments} books, {ticks:,} ticks in "
          f"{asked.seconds} s ({ticks / asked.seconds:.0f} a second)\n")
    print(table(results, asked.seconds))


if __name__ == "__main__":
    main()
