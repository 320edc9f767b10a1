"""Clients of streams: HTTP/1.1 by hand, events and lines one at a time."""

import dataclasses
import json

from .rawws import connect_socket

TIMEOUT_S = 20.0


@dataclasses.dataclass
class Event:
    """What a browser would dispatch; `id` is None where there was none."""
    name: str
    data: str
    id: str | None

    def json(self):
        return json.loads(self.data)


class Stream:
    """One request; its answer as it comes. `retry`: what the server says of
    it; `comments`: how many there were."""

    def __init__(self, ng, path, scheme="http", headers=None, method="GET",
                 receive_buffer=None):
        self.sock = connect_socket(ng, scheme, receive_buffer)
        self.sock.settimeout(TIMEOUT_S)
        fields = {"Host": "localhost", **(headers or {})}
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._raw = b""  # of the answer
        self._body = b""  # without chunks
        self._left = None  # of a body with a length
        self.ended = False  # as HTTP ends it
        self.retry = None
        self.comments = 0
        self._read_head()

    def _more(self):
        """More bytes; EOFError: there are none."""
        got = self.sock.recv(65536)
        if not got:
            raise EOFError("the connection has ended")
        self._raw += got

    def _until(self, end):
        while end not in self._raw:
            self._more()
        part, _, self._raw = self._raw.partition(end)
        return part

    def _read_head(self):
        first, *lines = self._until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(first.split()[1])
        pairs = [line.split(": ", 1) for line in lines]
        self.headers = {name.lower(): value for name, value in pairs}
        self.chunked = "chunked" in self.headers.get("transfer-encoding", "")
        if not self.chunked:
            self._left = int(self.headers.get("content-length", "0"))

    def _read_body(self):
        """False: that was all."""
        if self.ended:
            return False
        if not self.chunked:
            while len(self._raw) < self._left:
                self._more()
            self._body += self._raw[:self._left]
            self.ended = True
            return True
        size = int(self._until(b"\r\n"), 16)
        while len(self._raw) < size + 2:
            self._more()
        self._body += self._raw[:size]
        self._raw = self._raw[size + 2:]
        self.ended = size == 0
        return not self.ended

    def _line(self, end):
        while end not in self._body:
            if not self._read_body():
                return None
        line, _, self._body = self._body.partition(end)
        return line.decode()

    def rest(self):
        """What comes until the answer ends."""
        while self._read_body():
            pass
        rest, self._body = self._body, b""
        return rest

    def event(self):
        """The next event; None: the stream has ended."""
        while True:
            block = self._line(b"\n\n")
            if block is None:
                return None
            fields = {"event": "message", "data": None, "id": None}
            for line in block.split("\n"):
                if line.startswith(":"):
                    self.comments += 1
                    continue
                name, _, value = line.partition(": ")
                if name == "data" and fields["data"] is not None:
                    fields["data"] += "\n" + value
                elif name == "retry":
                    self.retry = int(value)
                elif name:
                    fields[name] = value
            if fields["data"] is not None:
                return Event(fields["event"], fields["data"], fields["id"])

    def message(self):
        """The next event that is a message."""
        while True:
            event = self.event()
            if event is None or event.name == "message":
                return event

    def line(self):
        """The next object; None: the stream has ended."""
        while True:
            line = self._line(b"\n")
            if line is None:
                return None
            if line:
                return json.loads(line)
            self.comments += 1

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def path_of(where, *topics, **arguments):
    """A path with arguments; `as_` stands for `as`."""
    pairs = [f"topic={topic}" for topic in topics]
    pairs += [f"{name.rstrip('_')}={value}"
              for name, value in arguments.items()]
    return where + ("?" + "&".join(pairs) if pairs else "")
