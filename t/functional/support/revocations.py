"""Revocations of tokens as a back end writes them, and tokens of an age."""

import contextlib
import json
import time
import urllib.parse

from .fastws import Subscriber
from .httpc import Http, raw_request
from .rawws import JSON_V1, connect_socket, head
from .tokens import bearer

UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
           "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": JSON_V1}
OLD_S, CUT_S, NEW_S = 100, 50, 10


def cut():
    """A `before` between old() and new()."""
    return int(time.time()) - CUT_S


def old(issuer, sub=None, **claims):
    return issuer.token(sub, iat=time.time() - OLD_S, **claims)


def new(issuer, sub=None, **claims):
    return issuer.token(sub, iat=time.time() - NEW_S, **claims)


class Table:
    """The revocations of a zone, as a control location has them."""

    def __init__(self, http, location="/control/"):
        self.http = http
        self.location = location

    @classmethod
    def of(cls, ng, location="/control/"):
        return cls(Http(ng), location)

    def send(self, method, body=None, headers=None, what="revocations",
             **arguments):
        query = urllib.parse.urlencode(
            arguments, quote_via=urllib.parse.quote)
        if isinstance(body, dict):
            body = json.dumps(body)
        if body is not None:
            headers = {"Content-Type": "application/json", **(headers or {})}
        return self.http.request(
            method, self.location + what + (query and "?" + query), body,
            headers)

    def put(self, **record):
        """How many sessions have been closed."""
        answer = self.send("PUT", record)
        assert answer.status == 200, answer
        assert list(answer.json()) == ["closed"], answer
        return answer.json()["closed"]

    def page(self, **arguments):
        answer = self.send("GET", **arguments)
        assert answer.status == 200, answer
        page = answer.json()
        assert set(page) == {"revocations", "more"}, page
        return page["revocations"], page["more"]

    def rows(self):
        """All of them."""
        rows, more = self.page(limit=1000)
        while more:
            page, more = self.page(limit=1000, after=after(rows[-1]))
            assert page or not more
            rows += page
        return rows

    def remove(self, **arguments):
        answer = self.send("DELETE", **arguments)
        assert answer.status == 200, answer
        assert list(answer.json()) == ["removed"], answer
        return answer.json()["removed"]

    def clear(self):
        for row in self.rows():
            kind, name = of_what(row)
            assert self.remove(**{kind: name or 1}) == 1

    def sessions(self, **arguments):
        answer = self.send("GET", what="sessions", **arguments)
        assert answer.status == 200, answer
        return answer.json()["sessions"]


def of_what(row):
    """The kind of the record, and its name; None for all."""
    kind, = set(row) & {"all", "user", "jti"}
    assert set(row) == {kind, "before", "expires"}, row
    if kind == "all":
        assert row["all"] is True, row
        return kind, None
    return kind, row[kind]


def after(row):
    kind, name = of_what(row)
    return kind if name is None else f"{kind}:{name}"


def upgrade(ng, path, token=None, protocol=JSON_V1):
    """The answer to it, which may be 101: then it is closed at once."""
    return raw_request(ng, head(path, protocol=protocol,
                                more=bearer(token) if token else None))


def upgrade_there(http, path, token):
    """The answer of that connection's worker, which is not to be 101."""
    return http.request("GET", path, headers={**UPGRADE, **bearer(token)})


def put_users(ng, count):
    """u00000 and so on, over one connection of the one worker."""
    def request(n):
        body = b'{"user":"u%05d","before":5}' % n
        return (b"PUT /control/revocations HTTP/1.1\r\nHost: a\r\n"
                b"Content-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    with contextlib.closing(connect_socket(ng)) as sock:
        for first in range(0, count, 100):
            sock.sendall(b"".join(request(first + n) for n in range(100)))
            answers = b""
            while answers.count(b'{"closed":0}') < 100:
                answers += sock.recv(65536)
            assert answers.count(b"HTTP/1.1 200 ") == 100


async def ends(session, *codes):
    """It is told so, and closed with one of these codes, or 3005."""
    said = last = await session.next()
    while said is not None:
        last, said = said, await session.next()
    assert await session.closed() in (codes or (3005,))
    assert (last["op"], last["code"]) == ("bye", session.close_code)


class Crowd:
    """Many sessions in one event loop: how many were let in, refused, and
    with which codes those let in have ended."""

    def __init__(self, port):
        self.port = port
        self.inside = []
        self.refused = 0
        self.failed = []  # in other ways than by 401
        self.codes = []
        self.said = []

    async def connect(self, path):
        try:
            self.inside.append(await Subscriber.open(
                self.port, self.said.append, self.codes.append, path))
        except ConnectionError as answer:
            if b" 401 " in str(answer).encode():
                self.refused += 1
            else:
                self.failed.append(answer)

    def close(self):
        for one in self.inside:
            one.close()
