"""What is measured: the rows of the table."""

import dataclasses
import typing

from servers import ALL, FLOOR, JSON_OURS, NCHAN_SERVER, PLAIN_OURS

PLAIN = [FLOOR, PLAIN_OURS, NCHAN_SERVER]
NGINX_ONLY = [PLAIN_OURS, NCHAN_SERVER]
MARKERS = {"text": '"text":"', "json": '"s":"'}


def cpu_us(result, per):
    return sum(result["servers_ns"]) / 1e3 / max(result[per], 1)


def per_delivery(result):
    return {"µs a delivery": cpu_us(result, "delivered")}


def per_publish(result):
    return {"µs a publish": cpu_us(result, "answered")}


def publish_rate(result):
    """What the server could do a second with a core of its own, and what was
    done in this one's share of it."""
    return {"publishes a CPU second": 1e6 / cpu_us(result, "answered"),
            "publishes a second": result["answered"] / result["wall_ns"] * 1e9,
            "lost, of a million": result["lost"] * 1e6 /
            max(result["answered"], 1)}


def session_bytes(result):
    return {"bytes a session (PSS)": result["pss"],
            "of them shared memory": result["pss_shmem"],
            "kernel's, both ends": result["slab"]}


def latency(result):
    return {"p50 µs": result["p50_us"], "p99 µs": result["p99_us"]}


def capacity(result):
    """Deliveries a second if each worker had a core of its own: the busiest
    one is what ends it. On a machine with few cores it says what the wall
    clock can't."""
    return {"1,000 deliveries a second of the busiest worker's CPU":
            result["delivered"] / max(result["servers_ns"]) * 1e6}


@dataclasses.dataclass
class Scenario:
    key: str
    title: str
    load: dict
    values: typing.Callable = per_delivery
    servers: list = dataclasses.field(default_factory=lambda: ALL)
    server: dict = dataclasses.field(default_factory=dict)
    reach: str = ""
    reached_by: int = 0  # which of the values
    less_is_better: bool = True
    least_seconds: float = 0
    relative_to: str = ""  # another scenario that this one is measured by

    def options(self, server, seconds):
        """The generator's options for that server."""
        kind = "json" if self.load.get("--json") else "text"
        options = {"--duration": max(seconds, self.least_seconds),
                   "--warmup": seconds / 4}
        if server is JSON_OURS or kind == "json":
            options["--marker"] = MARKERS[kind]
        if kind == "json":
            options["--content-type"] = "application/json"
        return {**options, **self.load}


def fan_out(subscribers, **more):
    load = {"--subscribers": subscribers}
    load.update({"--" + name: value for name, value in more.items()})
    return load


def publishing(**more):
    return fan_out(0, publishers=16, window=16, pace="answers", **more)


# 4 KiB, so that what a stalled reader leaves behind fills its sockets and its
# queue in the time measured.
STALLED_LOAD = {"rate": 300, "size": 4096}

SCENARIOS = [
    Scenario("single", "1,000 subscribers, 64 B, single",
             fan_out(1000, window=1), reach="<= 1.05x floor"),
    Scenario("burst", "1,000 subscribers, 64 B, burst of 16",
             fan_out(1000, window=16), reach="<= 1.10x floor"),
    Scenario("many", "10,000 subscribers, 64 B, single",
             fan_out(10000, window=1), servers=PLAIN, reach="<= 1.12x floor"),
    Scenario("kilobyte", "1,000 subscribers, 1 KiB, burst of 16",
             fan_out(1000, window=16, size=1024), reach="<= 1.12x floor"),
    Scenario("tls", "TLS 1.3, 1,000 subscribers, 64 B, burst of 16",
             fan_out(1000, window=16), servers=NGINX_ONLY,
             server={"tls": True}, reach="<= 0.50, 9x better than nchan"),
    Scenario("deflate", "deflate, 1,000 subscribers, 1 KiB JSON, burst of 16",
             fan_out(1000, window=16, size=1024, json=1), servers=NGINX_ONLY,
             server={"deflate": True}, reach="<= 0.45"),
    Scenario("topics", "1,000 topics x 10 subscribers, 64 B",
             fan_out(10000, topics=1000, window=16),
             lambda r: {"µs a publish": cpu_us(r, "published")},
             servers=PLAIN, reach="<= 46"),
    Scenario("publish", "HTTP publish, keep-alive, no subscriber",
             publishing(), per_publish, servers=PLAIN, reach="<= 4.0"),
    Scenario("flood", "HTTP publish into one topic, 1 subscriber",
             fan_out(1, window=64, pace="answers"), publish_rate,
             servers=PLAIN, reach="no limit, none lost", reached_by=2,
             least_seconds=2, less_is_better=False),
    Scenario("idle", "idle session", fan_out(1000, idle=5000), session_bytes,
             servers=PLAIN, reach="<= 1,500"),
    Scenario("idle-tls", "idle TLS session", fan_out(1000, idle=3000),
             session_bytes, servers=NGINX_ONLY, server={"tls": True},
             reach="<= 14,000"),
    Scenario("one-worker", "1 worker, burst of 16", fan_out(1000, window=16),
             capacity, servers=NGINX_ONLY, less_is_better=False),
    Scenario("two-workers", "2 workers, burst of 16", fan_out(1000, window=16),
             capacity, servers=NGINX_ONLY, server={"workers": 2},
             reach=">= 1.85x one worker", relative_to="one-worker",
             less_is_better=False),
    Scenario("slow-rate", "1,000 subscribers, 50 messages a second",
             fan_out(1000, rate=50), latency, servers=PLAIN,
             reach="both <= 1.10x floor", least_seconds=2),
    Scenario("fast-rate", "10 subscribers, 1,000 messages a second",
             fan_out(10, rate=1000), latency, servers=PLAIN,
             reach="both <= 1.10x floor", least_seconds=2),
    Scenario("no-stall", "100 readers, 4 KiB, 300 a second",
             fan_out(100, **STALLED_LOAD), latency, servers=PLAIN,
             least_seconds=2),
    Scenario("stalled", "the same, 10 stalled: the others",
             fan_out(100, stalled=10, **STALLED_LOAD), latency, servers=PLAIN,
             reach="p99 <= 1.2x no stall", reached_by=1, least_seconds=2,
             relative_to="no-stall"),
]
