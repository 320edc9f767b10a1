"""What it costs that several hosts have the same topics, by way of a Redis:
ours and nchan's, by turns, on one machine. No nginx has a core of its own:
Redis and the other hosts need some, too."""

import contextlib
import json
import shutil
import statistics
import time
import urllib.request

import load
import machine
import outage
import servers
from redis_server import RedisServer

HOSTS = (0, 1, 2, 3)  # 0: one, without a Redis
FOLLOWS_WITHIN_S = 60

OURS_SUBSCRIBE = servers.OURS["subscribe"] + """
    location = /status {{ ws_pubsub_status zone=bench; }}
"""
OURS_REDIS = "ws_pubsub_cluster zone=bench redis://127.0.0.1:{redis};"
NCHAN_REDIS = """
    nchan_redis_url redis://127.0.0.1:{redis};
    nchan_use_redis on;
"""
# One subscriber, at the last host: a host of nchan's gets what it has
# subscribers for.
PUBLISH_LOAD = {"--subscribers": 1, "--publishers": 64, "--window": 64,
                "--pace": "answers"}
KEPT = 1000  # messages of a channel, by nchan, which loses some with less
LATENCY_LOAD = {"--subscribers": 10, "--rate": 200}


class Ours:
    name, module, load = "ws_pubsub", servers.MODULE, servers.PLAIN
    subscribe, publish = "/sub/?id=t0", "/pub/t0"

    @staticmethod
    def conf(redis):
        return {"http": servers.OURS["http"] + (OURS_REDIS if redis else ""),
                "subscribe": OURS_SUBSCRIBE,
                "publish": servers.OURS["publish"]}

    @staticmethod
    def wait(running, redis):
        if redis:
            wait_for_json(running.port, "/status",
                          lambda told: told["cluster"] == "following")


class Nchan:
    name, module, load = "nchan", servers.NCHAN, servers.NCHAN_LOAD
    subscribe, publish = "/sub/?id=t0", "/pub/?id=t0"

    @staticmethod
    def conf(redis):
        more = NCHAN_REDIS if redis else ""
        return {"http": servers.NCHAN_CONF["http"],
                "subscribe": with_words(servers.NCHAN_CONF["subscribe"], more),
                "publish": with_words(servers.NCHAN_CONF["publish"], more)}

    @staticmethod
    def wait(running, _):
        """Until it takes a publish."""
        until = time.monotonic() + FOLLOWS_WITHIN_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(urllib.request.Request(
                    f"http://127.0.0.1:{running.load['--publish-port']}"
                    "/pub/?id=ready", b"x"), timeout=5).close()
                return
            time.sleep(0.05)
        raise servers.DoesNotStart("nchan takes nothing")


PRODUCTS = (Ours, Nchan)


def with_words(location, more):
    """The words at the location's end."""
    return location.rstrip()[:-2] + more + "    }}\n"


def wait_for_json(port, path, is_right):
    until = time.monotonic() + FOLLOWS_WITHIN_S
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(
                f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            if is_right(json.load(answer)):
                return
        time.sleep(0.02)
    raise servers.DoesNotStart(f"not within {FOLLOWS_WITHIN_S} s: {path}")


class Site:
    """So many hosts of a product, all with the same Redis; with 0 one that
    has none."""

    def __init__(self, product, count, stack):
        self.product = product
        self.redis = stack.enter_context(RedisServer()) if count else None
        self.hosts = []
        self.runs = 0
        for number in range(max(count, 1)):
            host = servers.Nginx(f"{product.name} {number}", product.module,
                                 product.conf(count > 0), product.load)
            running = stack.enter_context(host.start(
                connections=1000, cores=len(machine.cores()), kept=KEPT,
                redis=self.redis.port if count else 0))
            product.wait(running, count > 0)
            self.hosts.append(running)

    def run(self, options, subscribe_at):
        """Publishes at the first host, to a topic of its own; subscribers are
        at that one."""
        first, there = self.hosts[0], self.hosts[subscribe_at]
        pids = [pid for one in self.hosts for pid in one.pids]
        if self.redis:
            pids.append(self.redis.pid)
        self.runs += 1
        paths = {name: path.replace("t%", f"r{self.runs}.%")
                 for name, path in self.product.load.items()}
        running = servers.Running(None, there.port, pids, {
            **paths, "--publish-port": first.load["--publish-port"]})
        result = load.run_against(running, options, {"workers": 2}, None)
        if "failed" in result:
            print(f"bench: {self.product.name}: {result['failed']}")
        return result


def publishing(site, seconds):
    result = site.run({**PUBLISH_LOAD, "--duration": seconds,
                       "--warmup": seconds / 3}, len(site.hosts) - 1)
    if "failed" in result:
        return {}
    count = max(result["answered"], 1)
    spent = [ns / 1e3 / count for ns in result["servers_ns"]]
    values = {"publishes a second": count / result["wall_ns"] * 1e9,
              "publishing host: µs of CPU a publish": spent[0]}
    hosts = len(site.hosts)
    if hosts > 2:
        values["host without subscribers: µs of CPU a publish"] = spent[1]
    if hosts > 1:
        values["host of the subscriber: µs of CPU a publish"] = \
            spent[hosts - 1]
    if site.redis:
        values["Redis: µs of CPU a publish"] = spent[-1]
    values["all of it: µs of CPU a publish"] = sum(spent)
    for name, why in (("refused", "refused"), ("lost", "not delivered")):
        if result[name]:
            values[f"{why}, of a million"] = round(
                result[name] * 1e6 / count)
    return values


def latencies(site, seconds):
    """At each end: to a socket of the same host, and of the last one."""
    values = {}
    places = {"the same host": 0}
    if len(site.hosts) > 1:
        places["another host"] = len(site.hosts) - 1
    for name, at in places.items():
        result = site.run({**LATENCY_LOAD, "--duration": seconds,
                           "--warmup": seconds / 3}, at)
        if "failed" not in result:
            values[f"publish to a socket of {name}, p50: µs"] = \
                result["p50_us"]
            values[f"publish to a socket of {name}, p99: µs"] = \
                result["p99_us"]
    return values


def of_site(product, count, seconds, rounds):
    """value name -> median over the rounds"""
    with contextlib.ExitStack() as stack:
        site = Site(product, count, stack)
        found = {}
        for _ in range(rounds):
            for name, value in {**publishing(site, seconds),
                                **latencies(site, seconds)}.items():
                found.setdefault(name, []).append(value)
        return {name: statistics.median(values)
                for name, values in found.items()}


def of_outage(product):
    with contextlib.ExitStack() as stack:
        site = Site(product, 2, stack)
        return outage.measure(
            site.redis, site.hosts[0].load["--publish-port"], product.publish,
            site.hosts[1].port, product.subscribe)


def title(count):
    return {0: "one host, no Redis", 1: "1 host"}.get(count, f"{count} hosts")


def cell(value):
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def lines_of(name, ours, nchan):
    lines = []
    for what in dict.fromkeys([*ours, *nchan]):
        mine, other = ours.get(what), nchan.get(what)
        are_numbers = not any(isinstance(one, str) for one in (mine, other))
        ratio = (f"{mine / other:.2f}" if are_numbers and mine and other
                 else "")
        lines.append(
            f"| {name}: {what} | {cell(mine)} | {cell(other)} | {ratio} |")
    return lines


def measure(quick, rounds):
    seconds, rounds = (0.6 if quick else 1.2), rounds or (1 if quick else 3)
    lines = []
    for count in HOSTS:
        row = [of_site(product, count, seconds, rounds)
               for product in PRODUCTS]
        lines += lines_of(title(count), *row)
        print("\n".join(lines_of(title(count), *row)), flush=True)
    row = [of_outage(product) for product in PRODUCTS]
    lines += lines_of("Redis killed, back after 1 s", *row)
    print("\n".join(lines_of("Redis killed, back after 1 s", *row)))
    write(lines, rounds, seconds)


def write(lines, rounds, seconds):
    head = machine.description(servers.NGINX)
    redis = machine.first_line("redis-server", "--version")
    text = ["# Results of `make bench-cluster`", "",
            *(f"- {line}" for line in head), f"- {redis}",
            f"- {rounds} round(s) of {seconds} s each; the median. What is "
            "killed, once",
            "- All hosts, Redis and the generator share the cores: publishes a "
            "second are those of all of them together. Ratios are what "
            "compares; the last column is the first divided by the second",
            "", "| | ws_pubsub | nchan | ratio |", "|---|---|---|---|",
            *lines]
    path = servers.ROOT / "bench/results/cluster.md"
    path.write_text("\n".join(text) + "\n")
    shutil.rmtree(servers.RUN / "redis", ignore_errors=True)
    print(f"bench: see {path.relative_to(servers.ROOT)}")
