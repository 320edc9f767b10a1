#!/usr/bin/env python3
"""A market that is made up: order books of about 2 KB, published over HTTP.

Each tick changes three fields of a book: the time, the last price, and the
size of one level. Always the whole book is published; it is the server that
finds out what has changed. What is due together goes in one batch. Ends after
--seconds. While nginx is away it says so, once, and goes on trying.
"""

import argparse
import dataclasses
import http.client
import itertools
import json
import math
import random
import sys
import time
import urllib.parse

LEVELS = 70  # of each side
MAX_RATE = 1000.0
BATCH_S = 0.02
MAX_BATCH = 256  # books
RETRY_S = 0.5
FIRST = "ABCDEFGHIKLMNOPRSTUVWZ"


def symbols(count):
    """That many different ones, always the same."""
    choose, made = random.Random(1), {}
    while len(made) < count:
        made["".join(choose.choices(FIRST, k=4))] = None
    return list(made)


@dataclasses.dataclass
class Book:
    """Prices are in cents; the levels of a side are [price, size], the best
    one first."""

    symbol: str
    value: dict
    walk: int = 0

    @staticmethod
    def of(symbol, choose):
        middle = choose.randrange(2_000, 60_000)
        sides = [[[middle + way * (5 * n + 5), 10 * choose.randrange(1, 900)]
                  for n in range(LEVELS)] for way in (-1, 1)]
        return Book(symbol, {
            "symbol": symbol, "currency": "EUR", "name": f"{symbol} plc",
            "open": middle, "bids": sides[0], "asks": sides[1],
            "time": 0, "last": middle})

    def tick(self, choose, now_ms):
        value = self.value
        value["time"] = now_ms
        self.walk = max(-40, min(40, self.walk + choose.randrange(-3, 4)))
        value["last"] = value["open"] + self.walk
        side = value[choose.choice(("bids", "asks"))]
        level = int(choose.triangular(0, LEVELS - 1, 0))
        side[level][1] = 10 * choose.randrange(1, 900)

    def text(self):
        return json.dumps(self.value, separators=(",", ":"))


class Publisher:
    """One keep-alive connection to a ws_pubsub_api location."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        kind = {"http": http.client.HTTPConnection,
                "https": http.client.HTTPSConnection}[parts.scheme]
        self.connection = kind(parts.hostname, parts.port, timeout=10)
        self.path = parts.path.rstrip("/") + "/"

    def publish(self, books):
        lines = "".join(f'{{"topic":"books/{book.symbol}","data":'
                        f'{book.text()}}}\n' for book in books)
        for tries in itertools.count():
            try:
                return self._post(lines)
            except (OSError, http.client.HTTPException) as failure:
                self.connection.close()
                if tries == 1:
                    print(f"feed: no answer ({failure}); trying again",
                          file=sys.stderr, flush=True)
            if tries > 0:
                time.sleep(RETRY_S)

    def _post(self, lines):
        self.connection.request("POST", self.path, lines,
                                {"Content-Type": "application/x-ndjson"})
        answer = self.connection.getresponse()
        said = answer.read().decode()
        if answer.status != 200 or '"error"' in said:
            raise SystemExit(f"feed: {answer.status} {said}")


def run(publisher, books, rate, seconds, choose):
    """`rate` ticks a second of each book, spread evenly. Returns the count of
    ticks, which is less where the server or this machine is too slow."""
    began, count = time.monotonic(), 0
    while (passed_s := time.monotonic() - began) < (seconds or math.inf):
        due = int(passed_s * rate * len(books)) + 1 - count
        batch = [books[(count + n) % len(books)]
                 for n in range(min(due, MAX_BATCH, len(books)))]
        for book in batch:
            book.tick(choose, time.time_ns() // 1_000_000)
        if batch:
            publisher.publish(batch)
            count += len(batch)
        if due <= len(batch):
            time.sleep(BATCH_S)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080/api/")
    parser.add_argument("--instruments", type=int, default=300)
    parser.add_argument("--rate", type=float, default=2,
                        help="ticks a second of each (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=600,
                        help="0: until ctrl-C (default %(default)g)")
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    if not (1 <= asked.instruments <= 2000 and 0 < asked.rate <= MAX_RATE):
        parser.error("1 to 2000 instruments, up to 1000 ticks a second")
    choose = random.Random(asked.seed)
    books = [Book.of(one, choose) for one in symbols(asked.instruments)]
    print(f"feed: {len(books)} books of {len(books[0].text())} bytes to "
          f"{asked.url} for {asked.seconds:g} s", flush=True)
    publisher = Publisher(asked.url)
    try:
        count = run(publisher, books, asked.rate, asked.seconds, choose)
        print(f"feed: {count} ticks")
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
