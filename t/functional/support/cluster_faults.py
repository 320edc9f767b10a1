"""What goes wrong with a cluster's hosts and with its Redis. Both have
faults of their own, one at a time each; those of the hosts and those of Redis
overlap as it comes."""

import contextlib
import http.client
import random
import re
import threading
import time

from .cluster import (
    Cluster, cut, host_stopped, hung, key, seed, status, stopped, tailer)
from .nginx import KILLED, LOCKED_BY
from .processes import wait_until
from .redis import Redis
from .restarts import end, kill_all

MIB = 2 ** 20
SIZES_MIB = (32, 48, 64)
# What was answered so long before Redis was emptied may be on one host alone,
# as long as a host can be stopped.
SPREAD_S = 12.0
TOLD_LINES = 60


def zone_bytes(ng):
    return int(re.search(r"ws_pubsub_zone main:(\d+)m",
                         ng.config["http"])[1]) * MIB


class Site:
    """Three hosts and one that comes and goes, a master and a replica that can
    take its place. Thread safety: one thread for the hosts, one for Redis."""

    def __init__(self, more):
        self.master = Redis().start()
        seed(self.master)
        self.replica = Redis(replica_of=self.master).start()
        self.replica.wait_synced()
        self.cluster = Cluster(
            redis=self.master, seeded=False, options="wait=3s log=1m",
            urls=f"{self.master.url} {self.replica.url}")
        self.cluster.grow(*[{"more": more, "size": f"{mib}m"}
                            for mib in SIZES_MIB])
        self.running = list(self.cluster.hosts)
        self.extra = self.cluster.prepare(more=more, size=f"{SIZES_MIB[0]}m")
        for ng in self.cluster.hosts:
            ng.allow(KILLED)
            ng.allow(LOCKED_BY + r"\d+")

    def join(self):
        """A host more; or that one ends."""
        if self.extra in self.running:
            self.running = [one for one in self.running
                            if one is not self.extra]
            end(self.extra)
        else:
            self.extra.start()
            self.running = [*self.running, self.extra]

    def tell_logs(self):
        """The last lines of all hosts and of Redis; what became of them."""
        logs = {f"port {ng.port}": [
            line for line in ng.log_text().splitlines()
            if "ws_pubsub: zone" in line] for ng in self.cluster.hosts}
        logs |= {f"redis {one.port}": one.log_text().splitlines()
                 for one in (self.master, self.replica)}
        for name, lines in logs.items():
            print("\n".join([f"--- {name}", *lines[-TOLD_LINES:]]))
        for ng in self.running:
            with contextlib.suppress(OSError, AssertionError,
                                     http.client.HTTPException):
                print(f"--- port {ng.port}", status(ng), flush=True)

    def end(self):
        with contextlib.ExitStack() as stack:
            for one in (self.master, self.replica):
                stack.callback(one.remove)
            self.cluster.end()


class Faults:
    """One at a time, out of `table`: {name: (how often, what)}, for `names`.
    `done`: counts by name."""

    def __init__(self, site, seed_text, names):
        self.site = site
        self.done = {}
        self.chance = random.Random(seed_text)
        self._table = {name: row for name, row in self.table().items()
                       if not names or name in names}
        self._ended = threading.Event()

    def run(self):
        """In a thread of its own, until finish()."""
        weights = [row[0] for row in self._table.values()]
        while self._table and not self._ended.wait(
                self.chance.uniform(0.2, 3.0)):
            name = self.chance.choices(list(self._table), weights)[0]
            self.done[name] = self.done.get(name, 0) + 1
            print(f"    {time.monotonic():.1f} {time.strftime('%H:%M:%S')} "
                  f"{name}", flush=True)
            self._table[name][1]()

    def finish(self):
        self._ended.set()

    def nap(self, least_s, most_s):
        self._ended.wait(self.chance.uniform(least_s, most_s))


class HostFaults(Faults):
    """What goes wrong with hosts. No host is the object of two at once."""

    def table(self):
        return {
            "kill-worker": (4, self.kill_worker),
            "kill-tailer": (3, self.kill_tailer),
            "hang-tailer": (3, self.hang_tailer),
            "stop-host": (2, self.stop_host),
            "kill-host": (3, self.kill_host),
            "end-host": (1, self.end_host),
            "reload": (2, self.reload),
            "join": (2, self.site.join),
        }

    def _host(self):
        return self.chance.choice(self.site.running)

    def kill_worker(self):
        ng = self._host()
        ng.kill_worker(self.chance.choice(ng.worker_pids()))

    def kill_tailer(self):
        ng = self._host()
        ng.kill_worker(tailer(ng))

    def hang_tailer(self):
        ng = self._host()
        with hung(tailer(ng), zone_bytes(ng)):
            self.nap(0.5, 6)

    def stop_host(self):
        with host_stopped(self._host()):
            self.nap(0.5, 8)

    def kill_host(self):
        self._away(kill_all)

    def end_host(self):
        self._away(end)

    def _away(self, leave):
        ng = self._host()
        leave(ng)
        self.nap(0, 4)
        ng.start()

    def reload(self):
        self._host().reload()


class RedisFaults(Faults):
    """What goes wrong with Redis. `losses`: [from, to] of when something may
    have been lost that was answered then, by time.monotonic(); the end is open
    until all is mended."""

    def __init__(self, site, seed_text, names):
        super().__init__(site, seed_text, names)
        self.losses = []

    def table(self):
        return {
            "stop-redis": (3, self.stop_redis),
            "kill-redis": (3, self.kill_redis),
            "restart-redis": (2, self.restart_redis),
            "cut": (3, self.cut),
            "fail-over": (3, self.fail_over),
            "flush": (1, self.flush),
            "trim": (2, self.trim),
        }

    def stop_redis(self):
        with stopped(self.site.master.pid):
            self.nap(0.3, 7)

    def _wait_for_file(self):
        """Who was a replica until lately may still be writing a file that has
        all; before that it would come back without."""
        def is_written():
            told = self.site.master.info("persistence")
            return (told["aof_rewrite_in_progress"] == "0"
                    and told["aof_rewrite_scheduled"] == "0")

        wait_until("the file has all", is_written, 20)

    def kill_redis(self):
        self._wait_for_file()
        self.site.master.kill()
        self.nap(0, 4)
        self.site.master.start()

    def restart_redis(self):
        self._wait_for_file()
        self.site.master.restart()

    def cut(self):
        cut(self.site.master)

    def fail_over(self):
        """The replica is behind, and becomes the master; the old one comes
        back as its replica."""
        master, replica = self.site.master, self.site.replica
        replica.wait_synced()
        self._may_lose(1.0)
        replica.detach()
        self.nap(0, 3)
        master.kill()
        self.nap(0, 2)
        replica.promote()
        self.nap(0, 3)
        master.replica_of = replica
        master.start()
        self.site.master, self.site.replica = replica, master
        master.wait_synced()

    def flush(self):
        self._may_lose(SPREAD_S)
        self.site.master.call("FLUSHALL")

    def trim(self):
        """Up to what some host has; sometimes all that is there."""
        if self.chance.random() < 0.3:
            self._may_lose(SPREAD_S)
            self.site.master.call("XTRIM", key("log"), "MAXLEN", 0)
            return
        try:
            at = status(self.chance.choice(self.site.running))["position"]
        except (OSError, AssertionError, http.client.HTTPException):
            return  # it is not there, or does not follow
        self.site.master.call("XTRIM", key("log"), "MINID", at)

    def _may_lose(self, before_s):
        self.losses.append([time.monotonic() - before_s, None])

    def mended(self):
        for one in self.losses:
            one[1] = time.monotonic()

    def may_be_lost(self, at):
        """Of what was answered at that time."""
        return any(begin <= at <= until for begin, until in self.losses)


NAMES = {
    "kill-worker", "kill-tailer", "hang-tailer", "stop-host", "kill-host",
    "end-host", "reload", "join", "stop-redis", "kill-redis", "restart-redis",
    "cut", "fail-over", "flush", "trim"}
