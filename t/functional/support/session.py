"""A json.wspubsub.v1 session over the `websockets` library."""

import asyncio
import inspect
import json

import websockets

from . import tls
from .rawws import JSON_V1

TIMEOUT_S = 10.0

# What the library called `extra_headers` until its version 14.
_HEADERS = ("additional_headers" if "additional_headers"
            in inspect.signature(websockets.connect).parameters
            else "extra_headers")


def uri(ng, path, scheme="http"):
    if scheme == "http":
        return f"ws://127.0.0.1:{ng.port}{path}", {}
    return f"wss://127.0.0.1:{ng.tls_port}{path}", {
        "ssl": tls.client_context()}


async def connect(ng, path, scheme="http", headers=None, **how):
    """The library's own connection: for plain endpoints and odd cases.
    `headers`: of the request."""
    where, more = uri(ng, path, scheme)
    if headers:
        more[_HEADERS] = headers
    options = {"ping_interval": None, "max_size": None, "compression": None,
               "open_timeout": TIMEOUT_S, **more, **how}
    return await websockets.connect(where, **options)


class JsonSession:
    """Replies go to who asked; what the server pushes waits in order."""

    def __init__(self, ws):
        self.ws = ws
        self.pushes = asyncio.Queue()
        self.orphans = asyncio.Queue()  # errors without an id
        self._waiting = {}
        self._pongs = asyncio.Queue()
        self._id = 0
        self._reader = asyncio.ensure_future(self._read())

    @classmethod
    async def open(cls, ng, path="/ws", scheme="http", **how):
        return cls(await connect(
            ng, path, scheme, subprotocols=[JSON_V1], **how))

    @property
    def worker(self):
        return int(self.response_headers["X-Worker"])

    @property
    def response_headers(self):
        if hasattr(self.ws, "response"):  # since version 14
            return self.ws.response.headers
        return self.ws.response_headers

    async def _read(self):
        try:
            async for text in self.ws:
                assert isinstance(text, str), text
                self._sort(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        finally:
            for waiter in self._waiting.values():
                if not waiter.done():
                    waiter.set_exception(EOFError(self.close_code))
            self.pushes.put_nowait(None)

    def _sort(self, said):
        if "id" in said:
            waiter = self._waiting.pop(json.dumps(said["id"]), None)
            assert waiter, f"a reply that nobody waits for: {said}"
            waiter.set_result(said)
        elif said.get("op") == "pong":
            self._pongs.put_nowait(said)
        elif "error" in said:
            self.orphans.put_nowait(said["error"])
        else:
            self.pushes.put_nowait(said)

    # -- commands ---------------------------------------------------------

    def expect_reply(self, ident):
        """A future for the reply to that id; for frames sent by hand."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiting[json.dumps(ident)] = waiter
        return waiter

    async def command(self, op, **fields):
        """Sends one command and returns its whole reply."""
        self._id += 1
        fields = {name.rstrip("_"): value for name, value in fields.items()}
        waiter = self.expect_reply(self._id)
        await self.ws.send(json.dumps({"id": self._id, "op": op, **fields}))
        return await asyncio.wait_for(waiter, TIMEOUT_S)

    async def ok(self, op, **fields):
        reply = await self.command(op, **fields)
        assert "ok" in reply, reply
        return reply["ok"]

    async def fails(self, code, op, **fields):
        reply = await self.command(op, **fields)
        assert "error" in reply, reply
        assert reply["error"]["code"] == code, reply
        assert reply["error"]["message"], reply
        return reply["error"]

    async def sub(self, topic, since=None, **fields):
        if since is not None:
            fields["since"] = since
        return await self.ok("sub", topic=topic, **fields)

    async def pub(self, topic, **fields):
        return await self.ok("pub", topic=topic, **fields)

    # -- what the server tells ---------------------------------------------

    async def next(self, timeout_s=TIMEOUT_S):
        """The next push; None once the server has closed."""
        return await asyncio.wait_for(self.pushes.get(), timeout_s)

    async def next_of(self, *ops):
        """The next push of those kinds; others before it are dropped."""
        while True:
            said = await self.next()
            assert said is not None, f"closed: {self.close_code}"
            if said["op"] in ops:
                return said

    async def msg(self):
        said = await self.next()
        assert said and said["op"] == "msg", said
        return said

    async def msgs(self, count):
        return [await self.msg() for _ in range(count)]

    async def quiet(self, wait_s=0.15):
        """Asserts that nothing is waiting and nothing comes soon."""
        await asyncio.sleep(wait_s)
        await self.ping()
        assert self.pushes.empty(), self.pushes.get_nowait()

    async def ping(self):
        await self.ws.send('{"op":"ping"}')
        return await asyncio.wait_for(self._pongs.get(), TIMEOUT_S)

    # -- the end ------------------------------------------------------------

    @property
    def close_code(self):
        return self.ws.close_code

    async def closed(self, timeout_s=TIMEOUT_S):
        await asyncio.wait_for(self.ws.wait_closed(), timeout_s)
        await asyncio.wait_for(self._reader, timeout_s)
        return self.close_code

    async def close(self):
        await self.ws.close()
        await self._reader

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.close()


async def sessions_on_each_worker(ng, path="/ws", scheme="http", **how):
    """A session on every worker: {pid: JsonSession}."""
    found = {}
    workers = len(ng.worker_pids())
    for _ in range(400):
        session = await JsonSession.open(ng, path, scheme, **how)
        if session.worker in found:
            await session.close()
            continue
        found[session.worker] = session
        if len(found) == workers:
            return found
    raise AssertionError(f"workers reached: {sorted(found)}")
