"""The application of backend.py, asked by FastCGI (its 1.0 specification)."""

import functools
import struct
import urllib.parse

from .backend import Asked, Backend

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
_HEADER = struct.Struct("!BBHHBx")


def _records(kind, request, data):
    """The data in records of that kind; one without any ends a stream."""
    for at in range(0, len(data), 65528):
        part = data[at:at + 65528]
        yield _HEADER.pack(1, kind, request, len(part), 0) + part


def _length(data, at):
    if data[at] < 128:
        return data[at], at + 1
    return struct.unpack_from("!I", data, at)[0] & 0x7FFFFFFF, at + 4


def parse_params(data):
    found, at = {}, 0
    while at < len(data):
        name, at = _length(data, at)
        value, at = _length(data, at)
        middle = at + name
        found[data[at:middle].decode()] = data[middle:middle + value].decode(
            "utf-8", "replace")
        at = middle + value
    return found


class FastCgi(Backend):
    """`Asked.fields` are the parameters. Each request has a connection."""

    async def _exchange(self, reader, writer, number):
        request, params, body = await self._read_request(reader)
        one = Asked(params.get("REQUEST_METHOD"),
                    params.get("REQUEST_URI", ""), list(params.items()), body,
                    number)
        answer = await self.decide(one, reader)
        if answer is None:
            return False
        self._end(one, "answered")
        text = f"Status: {answer.status}\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in answer.headers.items())
        whole = answer.cut is None
        data = text.encode() + b"\r\n" + answer.body[:answer.cut]
        writer.write(b"".join(_records(STDOUT, request, data)))
        if whole:
            writer.write(_HEADER.pack(1, STDOUT, request, 0, 0)
                         + _HEADER.pack(1, END, request, 8, 0) + bytes(8))
        await writer.drain()
        return False

    async def _read_request(self, reader):
        streams = {PARAMS: b"", STDIN: b""}
        while True:
            head = await reader.readexactly(_HEADER.size)
            _, kind, request, size, padding = _HEADER.unpack(head)
            data = (await reader.readexactly(size + padding))[:size]
            if kind == STDIN and not data:
                params = parse_params(streams[PARAMS])
                return request, params, streams[STDIN]
            if kind in streams:
                streams[kind] += data

    def params_of(self, topic):
        """The parameters of the topic's last request."""
        return dict(self.of(topic)[-1].fields)


def quoted(topic):
    """A topic as an argument has it."""
    return urllib.parse.quote(topic, safe="")


@functools.cache
def shared_fastcgi():
    """That of `@FASTCGI@` in configurations."""
    return FastCgi()
