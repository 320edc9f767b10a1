"""An asynchronous HTTP client: many at once, each on its own connection."""

import asyncio
import json

from .httpc import Response

TIMEOUT_S = 200.0  # a hundred clients may wait for a busy machine


class AsyncHttp:
    """One keep-alive connection. Thread safety: one request at a time."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, ng):
        return cls(*await asyncio.open_connection("127.0.0.1", ng.port))

    async def request(self, method, path, body=b"", headers=None):
        fields = {"Host": "localhost", "Content-Length": str(len(body)),
                  **(headers or {})}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in fields.items())
        self.writer.write(head.encode() + b"\r\n" + body)
        return await asyncio.wait_for(self._answer(method), TIMEOUT_S)

    async def _answer(self, method):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {}
        for line in head[1:]:
            name, colon, value = line.partition(": ")
            if colon:
                fields[name.lower()] = value
        length = int(fields.get("content-length", 0))
        body = b"" if method == "HEAD" else await self.reader.readexactly(
            length)
        return Response(int(head[0].split()[1]), fields, body)

    async def send_json(self, method, path, value,
                        kind="application/json", **headers):
        return await self.request(method, path, json.dumps(value).encode(), {
            "Content-Type": kind,
            **{name.replace("_", "-"): text
               for name, text in headers.items()}})

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.writer.close()
