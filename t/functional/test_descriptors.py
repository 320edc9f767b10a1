"""Descriptors: how many the module takes, and what happens without them."""

import asyncio
import contextlib
import os
import pathlib
import resource
import signal

from support import processes
from support.httpc import Http, http_on_each_worker
from support.processes import wait_until
from support.session import JsonSession, sessions_on_each_worker


def zones(count):
    return "ws_pubsub_zone main:1m;" + "".join(
        f"ws_pubsub_zone more{n}:1m;" for n in range(count - 1))


def is_eventfd(path):
    with contextlib.suppress(FileNotFoundError):  # closed meanwhile
        return os.readlink(path) == "anon_inode:[eventfd]"
    return False


def eventfds(pid):
    return sum(map(is_eventfd, pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def reload_all(ng, **changes):
    ng.reload(**changes)
    wait_until("the old workers are gone", lambda: (
        set(processes.children(ng.pid)) == set(ng.worker_pids())))


def test_as_many_as_the_docs_say(nginx):
    """Twice the workers and 4; in a reload, those that run beside."""
    none = nginx(workers=2, http="", locations="")
    own, = {eventfds(pid) for pid in none.worker_pids()}
    for count in (1, 5):
        ng = nginx(workers=2, http=zones(count))
        assert eventfds(ng.pid) == 2 * 2 + 4
        assert [eventfds(pid) for pid in ng.worker_pids()] == [own + 8] * 2
        reload_all(ng, workers=3)
        assert eventfds(ng.pid) == 2 + 2 * 3 + 4
        reload_all(ng)
        reload_all(ng, workers=1, http=zones(7))
        assert eventfds(ng.pid) == 3 + 2 * 3 + 4


def set_limit(ng, descriptors):
    _, hard = resource.prlimit(ng.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(ng.pid, resource.RLIMIT_NOFILE, (descriptors, hard))


async def test_many_zones_and_workers(nginx):
    """It was one for each zone and worker, twice: more than there are."""
    ng = nginx(workers=1, http=zones(20))
    set_limit(ng, 1024)
    await asyncio.to_thread(ng.reload, workers=16, listen="reuseport")
    await asyncio.to_thread(ng.reload)
    sessions = await sessions_on_each_worker(ng)
    for session in sessions.values():
        await session.sub("a")
    Http(ng).put("a", "x")
    for session in sessions.values():
        assert (await session.next_of("msg"))["text"] == "x"
        await session.close()


async def test_all_zones_wake_a_worker(nginx):
    """By one descriptor."""
    ng = nginx(workers=2, http=zones(2), locations="""
location /ws { ws_pubsub zone=main; ws_pubsub_allow_subscribe "**";
    add_header X-Worker $pid always; }
location /more { ws_pubsub zone=more0; ws_pubsub_allow_subscribe "**";
    add_header X-Worker $pid always; }
location /api/ { ws_pubsub_api zone=main; }
location /api-more/ { ws_pubsub_api zone=more0; }
""")
    for path, api in (("/ws", "/api/"), ("/more", "/api-more/")):
        sessions = await sessions_on_each_worker(ng, path)
        for session in sessions.values():
            await session.sub("a")
        for client in http_on_each_worker(ng).values():
            client.api = api
            client.put("a", "x")
            for session in sessions.values():
                assert (await session.next_of("msg"))["text"] == "x"
            client.close()
        for session in sessions.values():
            await session.close()


@contextlib.contextmanager
def only(ng, worker):
    """As long as that one has to take all connections."""
    others = [pid for pid in ng.worker_pids() if pid != worker]
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    wait_until("the others stand still", lambda: all(
        processes.state(pid) == "T" for pid in others))
    try:
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


async def test_a_reload_that_lacks_descriptors(nginx):
    """nginx goes on; workers that can't be woken look once a second."""
    ng = nginx(workers=1)
    Http(ng).put("a", "kept")
    # Enough for two sockets for each worker, but not for as many eventfds.
    set_limit(ng, processes.open_descriptors(ng.pid) + 2 * 8 + 8)
    await asyncio.to_thread(ng.reload, workers=8, listen="")
    ng.wait_for_log(r"eventfd\(\) failed: raise the limit")
    deaf = int(ng.wait_for_log(
        r"\[error\] (\d+)#\d+: ws_pubsub: no eventfd for this worker")[1])
    assert deaf in ng.worker_pids()
    with only(ng, deaf):
        session = await JsonSession.open(ng)
        await session.sub("a")
        assert (await session.next_of("msg"))["text"] == "kept"
    assert session.worker == deaf
    hearing = next(pid for pid in ng.worker_pids() if pid != deaf)
    with only(ng, hearing):
        http = Http(ng)
        http.put("a", "late")
    assert (await session.next_of("msg"))["text"] == "late"
    await session.close()
    set_limit(ng, 1024)
    await asyncio.to_thread(ng.reload)  # as soon as there are enough
    await asyncio.to_thread(ng.reload)
    seen = len(ng.log_text())
    await asyncio.to_thread(ng.reload)
    assert "eventfd" not in ng.log_text()[seen:]
