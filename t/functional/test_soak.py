"""The main promise under load: 50 subscribers, publishers on every worker,
three reloads, three kill -9: nothing lost, nothing twice, in order."""

import asyncio
import collections

from support.follow import Follower, caught_up
from support.nginx import sanitizing
from support.writer import Writer

SUBSCRIBERS = 50
PUBLISHERS = 8
TOPICS = [f"soak/{n}" for n in range(4)]
RATE_PER_S = 100 if sanitizing() else 400
PHASES = ["reload", "kill", "reload", "kill", "reload", "kill"]
PHASE_S = 5.0
CONFIG = """
ws_pubsub_zone main:32m;
ws_pubsub_topic "soak/**" zone=main history=10000;
"""


async def disturb(ng):
    for n, what in enumerate(PHASES):
        await asyncio.sleep(PHASE_S)
        if what == "reload":
            await asyncio.to_thread(ng.reload)
        else:
            pids = ng.worker_pids()
            await asyncio.to_thread(ng.kill_worker, pids[n % len(pids)])
    await asyncio.sleep(PHASE_S)


def check_writers(writers):
    """Returns what the topics must hold: topic -> {seq: data}."""
    told = collections.defaultdict(dict)
    for one in writers:
        for (topic, seq), data in one.told.items():
            assert seq not in told[topic], "a seq was given twice"
            told[topic][seq] = data
    return told


def check_follower(one, told, unknown):
    assert not one.wrong, one.wrong[:5]
    assert not one.gaps, one.gaps[:5]
    assert all(one.recovered), one.recovered
    for topic, held in told.items():
        got = dict(one.got[topic])
        assert len(got) == len(one.got[topic]), "delivered twice"
        first = one.got[topic][0][0]
        for seq, data in held.items():
            if seq >= first:
                assert got.get(seq) == data, (topic, seq, data)
        for seq, data in got.items():
            assert held.get(seq, data) == data, (topic, seq)
            if seq not in held:
                assert (topic, data) in unknown, (topic, seq, data)


async def test_soak(nginx):
    ng = nginx(workers=4, http=CONFIG)
    followers = [Follower(ng, "soak/*") for _ in range(SUBSCRIBERS)]
    await asyncio.gather(*(
        asyncio.wait_for(one.subscribed.wait(), 20) for one in followers))
    writers = [Writer(ng, n, TOPICS, PUBLISHERS / RATE_PER_S)
               for n in range(PUBLISHERS)]
    stop = asyncio.Event()
    writing = [asyncio.ensure_future(one.run(stop)) for one in writers]
    await disturb(ng)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*writing), 60)

    told = check_writers(writers)
    unknown = {item for one in writers for item in one.unknown}
    last = {topic: max(held) for topic, held in told.items()}
    await caught_up(followers, last)
    for one in followers:
        await one.stop()
    for one in followers:
        check_follower(one, told, unknown)
    assert sum(last.values()) > RATE_PER_S * PHASE_S * len(PHASES) / 2
    assert len(unknown) <= 3 * PUBLISHERS * 2
    ends = {code for one in followers for code in one.ends}
    assert ends <= {None, 1000, 1001}, ends
    assert len({pid for one in writers for pid in one.workers}) >= 8
