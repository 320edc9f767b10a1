"""Workers on their way out publish to workers that came after them."""

import asyncio

from support.httpc import Http
from support.rawws import connect_socket
from support.session import sessions_on_each_worker

BODY = b"x"
HEAD = (b"POST /api/%s HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"
        b"Content-Length: 1\r\nConnection: close\r\n\r\n")


def read_all(sock):
    data = b""
    while piece := sock.recv(65536):
        data += piece
    sock.close()
    return data


async def test_wakes_reach_workers_and_nobody_else(nginx):
    """An old worker does not have the eventfds that were made after its
    fork: those descriptors are its clients' sockets."""
    ng = nginx(workers=1)
    waiting = [connect_socket(ng) for _ in range(64)]
    for one in waiting:
        one.sendall(HEAD % b"hist/b")
    Http(ng).put("hist/a", "at all of them")  # the heads were read by now
    await asyncio.to_thread(ng.reload, workers=8)
    sessions = await sessions_on_each_worker(ng)
    for one in sessions.values():
        await one.sub("hist/b")
    publisher = waiting.pop()
    publisher.sendall(BODY)
    assert read_all(publisher).startswith(b"HTTP/1.1 201")
    for one in sessions.values():
        assert (await one.next_of("msg"))["seq"] == 1
    for one in waiting:
        one.sendall(BODY)
    answers = [read_all(one) for one in waiting]
    assert [one for one in answers if not one.startswith(b"HTTP/1.1 2")] == []
