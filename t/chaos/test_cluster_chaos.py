"""A zone on three hosts while all goes wrong at once, for
CHAOS_CLUSTER_SECONDS (else CHAOS_SECONDS): workers, hosts and Redis are killed,
stopped and started again, Redis fails over to a replica that is behind, is
emptied and trimmed, hosts come and go.

It goes by rounds, each with topics of its own. In a round there are faults for
a while, then all is mended, and what came of it is looked at: the hosts are
equal; what was answered is there once, or Redis was made to lose at the time;
who subscribed has seen one branch of each topic, or was told.

CHAOS_SEED repeats the choices; CHAOS_FAULTS names the faults that there are to
be, e.g. "kill-worker cut", else all (cluster_faults.py).
"""

import asyncio
import os
import random
import time

import pytest

from support.cluster import (
    caught_up, wait_following, wait_working)
from support.cluster_faults import NAMES, HostFaults, RedisFaults, Site
from support.cluster_writers import Records, Writer
from support.httpc import Http
from support.restarts import whole_state
from support.roamer import Roamer

SECONDS = float(os.environ.get("CHAOS_CLUSTER_SECONDS")
                or os.environ.get("CHAOS_SECONDS", "60"))
SEED = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1000000)))
CHOSEN = set(os.environ.get("CHAOS_FAULTS", "").split())
ROUND_S = 25.0
MENDED_S = 90.0
TOPICS = 12
CONTESTED = 3
ROAMERS = 8
WRITERS = 10  # each kind has its share
KEYS_ASKED = 40
HISTORY = 'ws_pubsub_topic "chaos/**" zone=main history=20000;'


class Round:
    """`number` is in the names of its topics."""

    def __init__(self, site, number, chance):
        self.site = site
        self.prefix = f"chaos/{number}"
        self.chance = chance
        self.records = Records()
        self.host_faults = HostFaults(site, chance.random(), CHOSEN)
        self.redis_faults = RedisFaults(site, chance.random(), CHOSEN)
        self.topics = [f"{self.prefix}/all/{n}" for n in range(TOPICS)]
        self.contested = [f"{self.prefix}/one/{n}" for n in range(CONTESTED)]
        self.roamers = []
        self.final = {}
        self.lost = []

    async def run(self):
        await asyncio.to_thread(self._begin)
        self.roamers = [
            Roamer(self._hosts, f"{self.prefix}/**", 2.5, self.chance.random())
            for _ in range(ROAMERS)]
        await asyncio.gather(*(asyncio.wait_for(one.subscribed.wait(), 60)
                               for one in self.roamers))
        stop = asyncio.Event()
        writing = [asyncio.ensure_future(one.run(stop))
                   for one in self._writers()]
        try:
            await self._disturb()
            stop.set()
            await asyncio.wait_for(asyncio.gather(*writing), 150)
            await asyncio.to_thread(self._settle)
            await self._caught_up()
        finally:
            for one in writing:
                one.cancel()
            for one in self.roamers:
                await one.stop()
        self.check()
        await asyncio.to_thread(self._clear)

    def _begin(self):
        """Each topic is there, on all that may become the master, too."""
        with Http(self.site.running[0]) as http:
            for topic in self.topics + self.contested:
                self._put_first(http, topic)
        caught_up(*self.site.running)
        self.site.replica.wait_synced()

    def _put_first(self, http, topic):
        data = f"first.{topic}"
        told = http.publish_json(topic, data)
        assert told.status in (201, 202), told
        self.records.unknown.add(data)

    def _hosts(self):
        return self.site.running

    def _writers(self):
        for n in range(WRITERS):
            yield Writer(self._hosts, self.records,
                         self.contested if n % 5 > 2 else self.topics,
                         f"w{n}", self.chance.random(), keyed=n % 2 == 0,
                         conditional=n % 5 > 2)

    async def _disturb(self):
        both = self.host_faults, self.redis_faults
        running = [asyncio.ensure_future(asyncio.to_thread(one.run))
                   for one in both]
        await asyncio.wait(running, timeout=ROUND_S,
                           return_when=asyncio.FIRST_EXCEPTION)
        for one in both:
            one.finish()
        await asyncio.gather(*running)
        await asyncio.to_thread(self._mend)
        self.redis_faults.mended()

    def _mend(self):
        wait_working(*self.site.running, timeout_s=MENDED_S)

    def _settle(self):
        wait_following(*self.site.running)
        caught_up(*self.site.running)
        for ng in self.site.running:
            ng.check()
        states = [whole_state(ng) for ng in self.site.running]
        for ng, state in zip(self.site.running, states):
            assert state.keys() == states[0].keys(), ng.prefix
            for topic, told in state.items():
                assert told == states[0][topic], (topic, ng.prefix)
        for topic in self.topics + self.contested:
            items = states[0][topic][4] if topic in states[0] else []
            self.final[topic] = {one["seq"]: one["data"] for one in items}

    async def _caught_up(self):
        for one in self.roamers:
            one.stay()
        last = {topic: max(have) for topic, have in self.final.items() if have}
        until = time.monotonic() + 60
        while not all(one.has(topic, seq) for one in self.roamers
                      for topic, seq in last.items()):
            assert time.monotonic() < until, [
                (topic, seq, n) for n, one in enumerate(self.roamers)
                for topic, seq in last.items() if not one.has(topic, seq)][:9]
            await asyncio.sleep(0.05)

    # -- what came of it ----------------------------------------------------------

    def check(self):
        self.lost = [one for one in self.records.told
                     if self.final[one.topic].get(one.seq) != one.data]
        assert not self.records.wrong, self.records.wrong[:5]
        self._check_messages()
        self._check_conditions()
        for one in self.roamers:
            self._check_roamer(one)
        self._check_keys()

    def _check_messages(self):
        messages = [data for have in self.final.values()
                    for data in have.values()]
        there = set(messages)
        assert len(there) == len(messages), "done twice"
        for data in self.records.refused.keys() & there:
            at = self.records.refused[data]
            # The state that a 412 was about may be lost.
            assert at and self.redis_faults.may_be_lost(at), (
                "refused, and done", data, at)
        assert there <= self.records.everything()
        for one in self.lost:
            assert self.redis_faults.may_be_lost(one.at), (
                "lost", one, self._around(one))
            assert one.data not in there, ("elsewhere", one)

    def _around(self, one):
        """What there is in place of a message that was lost."""
        return [(seq, data) for seq, data in self.final[one.topic].items()
                if abs(seq - one.seq) < 4]

    def _check_conditions(self):
        """Each change of a contested topic is one of the value before it."""
        for topic in self.contested:
            have = self.final[topic]
            for seq, data in have.items():
                before = have.get(seq - 1, "first").split(" after ")[0]
                assert data.startswith("first") or seq - 1 not in have or (
                    data.split(" after ")[1] == before), (topic, seq, data)

    def _check_roamer(self, one):
        assert not one.wrong, one.wrong[:3]
        assert not one.behind, ("recovered, but before it", one.behind[:3])
        for topic, known in one.topics.items():
            have = self.final[topic]
            for seq, data in known.seen.items():
                assert have.get(seq) == data, ("not told", topic, seq, data)
        if not self.redis_faults.losses:
            assert not one.gaps and not one.unrecovered, (
                one.gaps[:3], one.unrecovered)
        safe = {told.data for told in self.records.told
                if not self.redis_faults.may_be_lost(told.at)}
        for topic, why, seen in one.resets:
            assert set(seen.values()) - safe, ("nothing was lost", topic, why)

    def _check_keys(self):
        """What has a key is answered as it was, by all hosts."""
        kept = [one for one in self.records.told
                if one.key and one not in self.lost]
        for one in self.chance.sample(kept, min(len(kept), KEYS_ASKED)):
            answers = []
            for ng in self.site.running:
                with Http(ng) as http:
                    answer = http.publish_json(
                        one.topic, one.data, Idempotency_Key=one.key)
                assert answer.status in (201, 202), (one, answer)
                assert answer.json()["seq"] == one.seq, (one, answer)
                answers.append(answer.etag)
            assert len(set(answers)) == 1, (one, answers)

    def _clear(self):
        with Http(self.site.running[0]) as http:
            answer = http.request(
                "DELETE", f"/api/?select={self.prefix}/**")
            assert answer.status == 204, answer

    def report(self):
        records, roamers = self.records, self.roamers
        return (f"{self.prefix}: {len(records.told)} answered, "
                f"{len(self.lost)} of them lost; {records.unavailable} 503, "
                f"{records.not_known} unknown; "
                f"{sum(one.count for one in roamers)} deliveries, "
                f"{sum(one.moves for one in roamers)} moves, "
                f"{sum(one.forks for one in roamers)} forks seen, "
                f"{sum(len(one.resets) for one in roamers)} resets, "
                f"{sum(len(one.gaps) for one in roamers)} gaps; "
                f"{self.host_faults.done} {self.redis_faults.done}")


async def rounds(site, chance):
    until = time.monotonic() + SECONDS
    number = 0
    while number == 0 or time.monotonic() < until:
        one = Round(site, number, chance)
        try:
            await one.run()
        except BaseException:
            print(one.report(), flush=True)
            site.tell_logs()
            raise
        print(one.report(), flush=True)
        assert one.records.told
        number += 1


@pytest.mark.skipif(SECONDS <= 0, reason="CHAOS_SECONDS is 0")
def test_cluster_chaos():
    print(f"CHAOS_SEED={SEED}")
    assert CHOSEN <= NAMES, f"CHAOS_FAULTS: of {sorted(NAMES)}"
    site = Site(HISTORY)
    try:
        asyncio.run(rounds(site, random.Random(SEED)))
    finally:
        site.end()
