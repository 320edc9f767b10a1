"""ws_pubsub_cluster: sessions of a host that has to load a snapshot, and is
kept from it, or from what the log has behind it: what they are told, and can
ask for, until it serves again; workers that die, or are replaced, meanwhile."""

import asyncio

import pytest

from support.cluster import (
    NOT_NOW, ready, refuses, state, tailer, wait_working)
from support.failover import (
    brief, following, goes_on, heard, lose, was_reset)
from support.httpc import Http
from support.restarts import at, resumed
from support.session import JsonSession, sessions_on_each_worker

LOST, KEPT = "hist/lost", "hist/kept"
ENDS_S = 60.0  # 15 without the zone, and until that is seen
both = pytest.mark.parametrize("holds", ["snapshot", "tail"])


class Held:
    """Two hosts whose Redis has lost LOST's last messages; the second one
    can't load what there is."""

    def __init__(self, failing, gate):
        self.failing = failing
        self.gate = gate
        self.a, self.b = failing.cluster.hosts
        self.lost, self.kept = lose(failing)

    async def begin(self):
        """The failover: the first host goes on, the second one is held."""
        await asyncio.to_thread(self.failing.promote)
        await self.gate.reached()
        await asyncio.to_thread(wait_working, self.a)

    async def end(self):
        self.gate.open()
        await asyncio.to_thread(wait_working, self.a, self.b)

    def publish(self, *topics):
        with Http(self.a) as http:
            return [http.put(topic, "new") for topic in topics]


@pytest.fixture(name="hold")
def _hold(made_failing, make_gate):
    """`holds` as of Gate; `how`: of the second host."""
    def hold(holds, **how):
        gate = make_gate(holds)
        made_failing.grow({}, {"gate": gate, "size": "12m", "workers": 3,
                               "options": "wait=1s", **how})
        return Held(made_failing, gate)

    return hold


async def test_commands_meanwhile(hold):
    """What needs the zone is answered 115, and works afterwards; nothing
    comes."""
    held = hold("tail")
    commands = [("sub", {"topic": "hist/*"}), ("get", {"topic": KEPT}),
                ("get", {"topic": "**"}), ("history", {"topic": KEPT, "last": 1}),
                ("pub", {"topic": "other/x", "data": 1}),
                ("sub", {"topic": KEPT, "since": at(held.kept[0])})]
    async with await JsonSession.open(held.b) as session:
        await session.sub(LOST, at(held.lost[-1]))
        await session.sub("other/*")
        await held.begin()
        assert state(held.b) == "joining" and ready(held.b) == 503
        for op, fields in commands:
            await session.fails(NOT_NOW, op, **fields)
        await session.ok("unsub", topic="other/*")
        await session.fails(102, "unsub", topic="other/*")
        await asyncio.to_thread(refuses, held.b)
        held.publish("other/y", "hist/new")
        await session.quiet()
        await held.end()
        assert await heard(session, LOST, 3) == was_reset(LOST, 3)
        await session.quiet()  # of other/y
        for op, fields in commands:
            await session.ok(op, **fields)


@both
async def test_all_goes_on(hold, holds):
    """On each worker: whoever has seen what is lost is told, and nobody else;
    what was published meanwhile comes once."""
    held = hold(holds)
    sessions = (await sessions_on_each_worker(held.b)).values()
    for session in sessions:
        await session.sub(LOST, at(held.lost[-1]))
        await session.sub(KEPT, at(held.kept[-1]))
    await held.begin()
    held.publish(*[KEPT] * 3, *[LOST] * 2)
    for session in sessions:
        await session.quiet()
    await held.end()
    for session in sessions:
        pushes = {topic: [] for topic in (LOST, KEPT)}
        while (pushes[KEPT][-1:] != [("msg", KEPT, 6)]
               or pushes[LOST][-1:] != [("msg", LOST, 5)]):
            said = brief(await session.next())
            pushes[said[1]].append(said)
        assert pushes[KEPT][0] == goes_on(KEPT, held.kept[0]["epoch"], 4)[0]
        assert pushes[KEPT][1:] == [("msg", KEPT, n) for n in (4, 5, 6)]
        assert pushes[LOST][0] == ("gone", LOST, "reset")
        assert pushes[LOST][1][::3] == ("topic", None)
        assert ("msg", LOST, 5) == pushes[LOST][-1]
        await session.quiet()
        await session.close()


async def test_for_too_long(hold):
    """Then they are sent away after all; and may come back when it serves
    again."""
    held = hold("tail")
    session = await following(held.b, KEPT)
    await held.begin()
    said = await session.next(ENDS_S)
    assert (said["op"], said["code"]) == ("bye", 1012)
    assert await session.closed() == 1012
    await asyncio.to_thread(refuses, held.b)
    await held.end()
    assert await resumed(held.b, KEPT, at(held.kept[-1])) == (True, [])


# -- workers --------------------------------------------------------------------

@both
@pytest.mark.parametrize("which", ["follows", "another"])
async def test_a_worker_is_killed(hold, holds, which):
    """The one that loads, or another one: sessions on the others go on."""
    held = hold(holds)
    sessions = await sessions_on_each_worker(held.b)
    for session in sessions.values():
        await session.sub(LOST, at(held.lost[-1]))
        await session.sub(KEPT, at(held.kept[-1]))
    await held.begin()
    pid = await asyncio.to_thread(tailer, held.b)
    if which == "another":
        pid = min(set(sessions) - {pid})
    await asyncio.to_thread(held.b.kill_worker, pid)
    assert await sessions.pop(pid).closed() == 1006
    await held.end()
    for session in sessions.values():
        assert await heard(session, LOST, 3) == was_reset(LOST, 3)
    held.publish(KEPT)
    for session in sessions.values():
        assert await heard(session, KEPT, 4) == goes_on(
            KEPT, held.kept[0]["epoch"], 4)
        await session.quiet()
        await session.close()


@both
async def test_reload(hold, holds):
    """Sessions of the old workers are sent away by the reload, as always, and
    resume when the new ones serve."""
    held = hold(holds)
    session = await following(held.b, KEPT)
    await held.begin()
    await asyncio.to_thread(held.b.reload)
    assert (await session.next())["code"] == 1001
    assert await session.closed() == 1001
    if holds == "tail":
        await asyncio.to_thread(refuses, held.b)
    await held.end()
    assert await resumed(held.b, KEPT, at(held.kept[-1])) == (True, [])
    recovered, got = await resumed(held.b, LOST, at(held.lost[-1]))
    assert not recovered and got[-1] == ("msg", 3)
