"""Many subscribers in one event loop: a json.wspubsub.v1 client that costs
a few microseconds a message, and a keep-alive publisher."""

import asyncio
import base64
import json
import os
import struct

from .rawws import CLOSE, PING, PONG, TEXT, frame, head

CONNECT_TIMEOUT_S = 10.0


class Subscriber(asyncio.Protocol):
    """Calls on_push(object) for each message, on_end(code) at the end;
    code is None where TCP ended without a Close."""

    def __init__(self, on_push, on_end):
        self.on_push = on_push
        self.on_end = on_end
        self.code = None
        self.transport = None
        self.ready = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        self._upgraded = False

    @classmethod
    async def open(cls, port, on_push, on_end, path="/ws"):
        loop = asyncio.get_running_loop()
        _, self = await asyncio.wait_for(loop.create_connection(
            lambda: cls(on_push, on_end), "127.0.0.1", port),
            CONNECT_TIMEOUT_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(head(path, key=key))
        try:
            await asyncio.wait_for(self.ready, CONNECT_TIMEOUT_S)
        except (OSError, ConnectionError):
            self.transport.abort()
            raise
        return self

    def command(self, **fields):
        self.transport.write(frame(TEXT, json.dumps(fields).encode()))

    def close(self):
        if self.transport:
            self.transport.write(frame(CLOSE, struct.pack("!H", 1000)))

    # -- asyncio.Protocol ---------------------------------------------------

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, _):
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("closed at upgrade"))
        elif self._upgraded:
            self.on_end(self.code)

    def data_received(self, data):
        self._buffer += data
        if not self._upgraded:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            first = bytes(self._buffer[:end])
            del self._buffer[:end + 4]
            if not first.startswith(b"HTTP/1.1 101"):
                if not self.ready.done():
                    self.ready.set_exception(ConnectionError(first))
                self.transport.close()
                return
            self._upgraded = True
            self.ready.set_result(None)
        self._frames()

    def _frames(self):
        buffer, at, have = self._buffer, 0, len(self._buffer)
        while have - at >= 2:
            first, size, body = buffer[at], buffer[at + 1], at + 2
            if size == 126:
                if have - at < 4:
                    break
                size = struct.unpack_from("!H", buffer, at + 2)[0]
                body = at + 4
            elif size == 127:
                if have - at < 10:
                    break
                size = struct.unpack_from("!Q", buffer, at + 2)[0]
                body = at + 10
            if have < body + size:
                break
            payload = bytes(buffer[body:body + size])
            at = body + size
            if first == 0x80 | TEXT:
                self.on_push(json.loads(payload))
            elif first == 0x80 | CLOSE:
                self.code = struct.unpack("!H", payload[:2])[0]
                self.transport.write(frame(CLOSE, payload[:2]))
            elif first == 0x80 | PING:
                self.transport.write(frame(PONG, payload))
            else:
                raise AssertionError(f"odd frame: {first:#x}")
        del buffer[:at]


class Publisher:
    """One keep-alive connection. publish() answers the JSON of a 2xx, and
    None where the connection ended before an answer came."""

    def __init__(self, port, prefix="/api/"):
        self.port = port
        self.prefix = prefix
        self.reader = self.writer = None
        self.pid = None

    async def _request(self, data):
        if self.writer is None:
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", self.port),
                CONNECT_TIMEOUT_S)
        self.writer.write(data)
        raw = await self.reader.readuntil(b"\r\n\r\n")
        low = raw.lower()
        size = int(low.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await self.reader.readexactly(size)
        if b"connection: close" in low:
            self.drop()
        return int(raw.split(b" ", 2)[1]), body

    def drop(self):
        if self.writer:
            self.writer.close()
        self.writer = None

    async def worker(self):
        """The pid of the worker that this connection is at."""
        _, body = await self._request(
            b"GET /pid HTTP/1.1\r\nHost: a\r\n\r\n")
        return int(body)

    async def publish(self, topic, body, key=None, timeout_s=20.0):
        extra = f"Idempotency-Key: {key}\r\n" if key else ""
        text = (f"POST {self.prefix}{topic} HTTP/1.1\r\nHost: a\r\n{extra}"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
        try:
            status, answer = await asyncio.wait_for(
                self._request(text), timeout_s)
        except (OSError, asyncio.IncompleteReadError):
            self.drop()
            return None
        assert status in (201, 202), (status, answer)
        return json.loads(answer)
