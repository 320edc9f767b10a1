"""More comes at once than ws_pubsub_queue holds: whoever reads gets all of it.
The queue is what waits beyond what the kernel takes."""

import json
import os
import signal
import threading

import pytest

from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.rawws import CLOSE, TEXT, RawWS

CONFIG = {"workers": 2, "http": """
    ws_pubsub_zone main:32m;
    ws_pubsub_topic "t/*/full/**" zone=main conflate=full;
    """, "locations": """
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
    ws_pubsub_max_message 64k;
    ws_pubsub_max_batch 2m;
    location /ws { ws_pubsub zone=main; add_header X-Worker $pid always; }
    location /plain/ {
        ws_pubsub zone=main topic=$arg_topic;
        add_header X-Worker $pid always;
    }
    location /64k/ws { ws_pubsub zone=main; ws_pubsub_queue 64k; }
    location /64k/plain/ {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_queue 64k;
    }
    location /256k/ws { ws_pubsub zone=main; ws_pubsub_queue 256k; }
    location /api/ { ws_pubsub_api zone=main; }
    location = /status { ws_pubsub_status zone=main; }
    """}
LINE = "x" * 4000


class Reader:
    """A subscriber that only reads, until it has `wanted` messages or is
    closed."""

    def __init__(self, ng, topic, wanted, kind="json", scheme="http", base="",
                 **how):
        path = f"{base}/ws"
        if kind == "plain":
            path = f"{base}/plain/?topic={topic}"
        self.ws = RawWS.open(ng, path, scheme,
                             "json.wspubsub.v1" if kind == "json" else None,
                             **how)
        self.worker = self.ws.headers.get("x-worker")
        self.wanted = wanted
        self.got = []
        self.gaps = self.code = self.failed = None
        if kind == "json":
            self.ws.text(json.dumps(
                {"id": 1, "op": "sub", "topic": topic, "since": "new"}))
            assert b'"ok"' in self.ws.recv_message()[2]
            self._number = self._number_of_json
        else:
            self._number = lambda text: int(text.split()[0])
        self._thread = threading.Thread(target=self._run)

    def start(self):
        self._thread.start()
        return self

    def _number_of_json(self, text):
        said = json.loads(text)
        if said["op"] == "gap":
            self.gaps = said
        return int(said["text"].split()[0]) if said["op"] == "msg" else None

    def _run(self):
        try:
            while len(self.got) < self.wanted and self.code is None:
                one = self.ws.recv_frame()
                if one.opcode == CLOSE:
                    self.code = int.from_bytes(one.payload[:2], "big")
                elif one.opcode == TEXT:
                    number = self._number(one.payload)
                    if number is not None:
                        self.got.append(number)
        except Exception as failure:  # pylint: disable=broad-except
            self.failed = failure

    def ended_by(self, code):
        """Waits for its end."""
        self._thread.join()
        return self.code == code

    def check(self):
        """It got all of them in order."""
        self._thread.join()
        assert self.failed is None, self.failed
        assert (self.code, self.gaps) == (None, None), len(self.got)
        assert self.got == sorted(self.got) and len(self.got) == self.wanted
        self.ws.close()


def lines(topic, first, count):
    return [{"topic": topic, "text": f"{n} {LINE}"}
            for n in range(first, first + count)]


def slow_ones(ng):
    with Http(ng) as http:
        return http.status()["slow"]


@pytest.mark.parametrize("kind", ["json", "plain"])
def test_a_batch(ng, topic, scheme, kind):
    """Fifteen times what the queue holds, in one turn of the event loop."""
    readers = [Reader(ng, topic, 240, kind, scheme, "/64k").start()
               for _ in range(10)]
    with Http(ng) as http:
        http.batch(lines(topic, 0, 240))
    for reader in readers:
        reader.check()


def test_batches_in_a_row(ng, topic, scheme):
    readers = [Reader(ng, topic, 5 * 240, "json", scheme, "/256k").start()
               for _ in range(10)]
    with Http(ng) as http:
        for n in range(5):
            http.batch(lines(topic, 240 * n, 240))
    for reader in readers:
        reader.check()


def test_publishers_side_by_side(ng, topic, scheme):
    """Each of eight sends a batch of almost the whole queue. Here they and the
    readers take turns in one interpreter: where the machine is busy, one may
    not read for longer than it is waited for, so that not every try counts."""
    for n in range(3):
        readers = [Reader(ng, f"{topic}/{n}/*", 8 * 240, "json", scheme).start()
                   for _ in range(4)]
        publish_side_by_side(ng, f"{topic}/{n}")
        if all(reader.ended_by(None) for reader in readers):
            break
    for reader in readers:
        reader.got.sort()
        reader.check()


def publish_side_by_side(ng, topic):
    def publish(n):
        with Http(ng) as http:
            http.batch(lines(f"{topic}/{n}", 240 * n, 240))
    publishers = [threading.Thread(target=publish, args=(n,))
                  for n in range(8)]
    for one in publishers:
        one.start()
    for one in publishers:
        one.join()


@pytest.mark.parametrize("kind", ["json", "plain"])
def test_a_worker_that_stood_still(ng, topic, scheme, kind):
    """It finds more in its inbox than the queue of any of its sessions."""
    readers = [Reader(ng, topic, 200, kind, scheme) for _ in range(8)]
    stopped = int(readers[0].worker)
    https = http_on_each_worker(ng)
    https.pop(stopped).close()
    (publisher,) = https.values()
    os.kill(stopped, signal.SIGSTOP)
    try:
        for n in range(200):
            publisher.put(topic, f"{n} " + "x" * 8000)
    finally:
        os.kill(stopped, signal.SIGCONT)
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.check()
    publisher.close()


def test_not_full_before_the_kernel_is(ng, topic, scheme):
    """conflate=full is for who can't keep up."""
    name = topic + "/full/x"
    readers = [Reader(ng, name, 240, "json", scheme, "/64k").start()
               for _ in range(10)]
    with Http(ng) as http:
        http.batch(lines(name, 0, 240))
    for reader in readers:
        reader.check()


def test_replies(ng, topic, scheme):
    """What a session asks for may be more than its queue, too."""
    with Http(ng) as http:
        http.put(topic, "y" * 8000)
    ws = RawWS.open(ng, "/64k/ws", scheme)
    count = 60
    ws.text("\n".join(json.dumps({"id": n, "op": "get", "topic": topic})
                      for n in range(count)))
    for n in range(count):
        assert json.loads(ws.recv_message()[2])["id"] == n
    ws.close()


def test_who_does_not_read_is_closed(ng, topic, scheme):
    before = slow_ones(ng)
    stuck = Reader(ng, topic, 10000, "json", scheme, "/64k",
                   receive_buffer=8192)
    reading = Reader(ng, topic, 2400, "json", scheme).start()
    with Http(ng) as http:
        for n in range(10):
            http.batch(lines(topic, 240 * n, 240))
        wait_until("the one that does not read is closed",
                   lambda: http.status()["slow"] == before + 1)
    reading.check()
    stuck.start()
    stuck._thread.join()
    assert stuck.code == 3008
    assert stuck.got == list(range(len(stuck.got)))
    stuck.ws.close()


def test_small_buffers(nginx, topic, scheme):
    """The kernel takes little, and the queue is a small part of the burst: the
    worker waits for who reads."""
    ng = nginx(**{**CONFIG, "workers": 1, "listen": "sndbuf=64k"})
    readers = [Reader(ng, topic, 120, "json", scheme, "/64k",
                      receive_buffer=65536).start() for _ in range(3)]
    with Http(ng) as http:
        http.batch(lines(topic, 0, 120))
    for reader in readers:
        reader.check()
