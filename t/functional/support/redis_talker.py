"""A server that answers Redis' commands with what a test has written down."""

import socket
import threading


def bulk(text):
    data = text.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


def _read_words(file):
    """Of a command; none at the end."""
    line = file.readline()
    words = []
    for _ in range(int(line[1:]) if line else 0):
        size = int(file.readline()[1:])
        words.append(file.read(size + 2)[:-2])
    return words


class RedisTalker:
    """`replies`: bytes by a command's name; others are answered +OK. What was
    asked is in `asked`, as lists of bytes."""

    def __init__(self, replies):
        self.replies = replies
        self.asked = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def end(self):
        self._listener.close()

    def _serve(self):
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[one],
                             daemon=True).start()

    def _talk(self, one):
        with one, one.makefile("rb") as file:
            try:
                while words := _read_words(file):
                    self.asked.append(words)
                    one.sendall(self.replies.get(words[0].decode(),
                                                 b"+OK\r\n"))
            except (OSError, ValueError):
                pass


class RedisProxy(RedisTalker):
    """Between a client and a Redis, one command after the other: `meddle` is
    called with each before it goes on."""

    def __init__(self, redis, meddle):
        self._redis = redis
        self._meddle = meddle
        super().__init__({})

    def _talk(self, one):
        with one, one.makefile("rb") as file, self._redis.client() as client:
            try:
                while words := _read_words(file):
                    self._meddle(words)
                    client.send(*words)
                    one.sendall(client.read_bytes())
            except (OSError, ValueError):
                pass
