"""Redis is killed and started again while one host is published to and
another one is subscribed to: what is lost, and for how long nothing comes.

Each message has a number of its own, and its publisher waits for the answer,
so that for each of them it is known whether it was taken.
"""

import base64
import http.client
import os
import socket
import struct
import threading
import time

PUBLISHERS = 8
RATE_PER_S = 400
BEFORE_S, DOWN_S, AFTER_S = 2.0, 1.0, 4.0
DRAIN_S = 3.0
AGAIN_S = 15.0  # until messages come again
ANSWER_S = 20.0


class Subscriber(threading.Thread):
    """`came`: (number, when), in the order in which they came. It connects
    again if it is closed; then what it misses is not asked for."""

    def __init__(self, port, path):
        super().__init__(daemon=True)
        self.came = []
        self.closed = 0
        self._port, self._path = port, path
        self._ended = False
        self._socket = None
        self.ready = threading.Event()

    def run(self):
        while not self._ended:
            try:
                self._read()
            except OSError:
                if not self._ended:
                    self.closed += 1
                    time.sleep(0.02)

    def _read(self):
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall((
            f"GET {self._path} HTTP/1.1\r\nHost: bench\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode())
        stream = self._socket.makefile("rb")
        if b" 101 " not in stream.readline():
            raise OSError("no upgrade")
        while stream.readline() not in (b"\r\n", b""):
            pass
        self.ready.set()
        while True:
            head = stream.read(2)
            if len(head) < 2:
                raise OSError("closed")
            size = head[1]
            if size == 126:
                size = struct.unpack(">H", stream.read(2))[0]
            payload = stream.read(size)
            if head[0] == 0x81:
                self.came.append((int(payload.split()[0]), time.monotonic()))
            elif head[0] == 0x88:
                raise OSError("closed")

    def end(self):
        self._ended = True
        if self._socket:
            self._socket.close()


class Publisher(threading.Thread):
    """`taken`, `refused`, `unknown`: numbers of messages."""

    def __init__(self, port, path, first):
        super().__init__(daemon=True)
        self.taken, self.refused, self.unknown = [], [], []
        self._port, self._path, self._number = port, path, first
        self._connection = None
        self.ended = threading.Event()

    def run(self):
        due = time.monotonic()
        while not self.ended.is_set():
            self._publish(self._number)
            self._number += PUBLISHERS
            due = max(due + PUBLISHERS / RATE_PER_S, time.monotonic())
            self.ended.wait(due - time.monotonic())

    def _publish(self, number):
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self._port, timeout=ANSWER_S)
            self._connection.request(
                "POST", self._path, f"{number} {'x' * 56}",
                {"Content-Type": "text/plain"})
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection = None
            self.unknown.append(number)
            return
        if answer.status == 504:
            self.unknown.append(number)
        else:
            (self.taken if answer.status < 300 else self.refused).append(
                number)


def measure(redis, publish_port, publish_path, port, path):
    """Values of one outage."""
    subscriber = Subscriber(port, path)
    subscriber.start()
    subscriber.ready.wait(10)
    publishers = [Publisher(publish_port, publish_path, n)
                  for n in range(PUBLISHERS)]
    for one in publishers:
        one.start()
    time.sleep(BEFORE_S)
    redis.kill()
    time.sleep(DOWN_S)
    redis.start()
    back = time.monotonic()
    while (not subscriber.came or subscriber.came[-1][1] < back) and (
            time.monotonic() < back + AGAIN_S):
        time.sleep(0.005)
    time.sleep(AFTER_S)
    for one in publishers:
        one.ended.set()
    for one in publishers:
        one.join(ANSWER_S)
    time.sleep(DRAIN_S)
    came = list(subscriber.came)
    subscriber.end()
    return values(publishers, came, back, subscriber.closed)


def values(publishers, came, back, closed):
    numbers = [number for number, _ in came]
    there = set(numbers)
    taken = [n for one in publishers for n in one.taken]
    refused = [n for one in publishers for n in one.refused]
    again = [at for _, at in came if at >= back]
    return {
        "published and answered 2xx": len(taken),
        "answered 5xx, so to be tried again": len(refused),
        "without a known outcome": sum(len(one.unknown)
                                       for one in publishers),
        "answered 2xx, and never delivered": len(set(taken) - there),
        "refused, and delivered all the same": len(set(refused) & there),
        "delivered twice": len(numbers) - len(there),
        "connections of subscribers closed": closed,
        "messages come again after … s": again[0] - back if again
        else f"not within {AGAIN_S + AFTER_S + DRAIN_S:.0f}",
    }
