"""What a message costs as the work around it grows: a plot each."""

import dataclasses
import json
import statistics
import typing

import load
import machine
import servers
import svg
from compare import RESULTS
from scenarios import MARKERS, cpu_us
from servers import FLOOR, JSON_OURS, NCHAN_SERVER, PLAIN_OURS

PLAIN = [FLOOR, PLAIN_OURS, NCHAN_SERVER]
OURS = [PLAIN_OURS]

# nginx closes idle connections when less than a sixteenth is free.
MOST_CONNECTIONS = servers.DESCRIPTORS * 9 // 10
SUBSCRIPTIONS_EACH = 500


@dataclasses.dataclass
class Growth:
    key: str
    title: str
    x_name: str
    y_name: str
    steps: list
    options: typing.Callable  # of a step: the generator's options
    value: typing.Callable = lambda r: cpu_us(r, "delivered")
    servers: list = dataclasses.field(default_factory=lambda: PLAIN)
    server: typing.Callable = lambda step: {}
    # Beyond it nchan takes more memory than is fair to ask for.
    most: dict = dataclasses.field(default_factory=dict)


def powers(first, last):
    steps = [first]
    while steps[-1] * 10 <= last:
        steps.append(steps[-1] * 10)
    return steps + ([last] if steps[-1] < last else [])


def subscribers(step):
    return {"--subscribers": step, "--window": 1}


def topics(step):
    return {"--topics": step, "--fill": 1, "--publishers": 16, "--window": 16,
            "--pace": "answers"}


def selectors(step):
    each = min(step, SUBSCRIPTIONS_EACH)
    return {"--topics": step, "--subscriptions": each,
            "--subscribers": step // each, "--fill": 1, "--window": 16,
            "--pace": "answers", "--marker": MARKERS["text"],
            "--publish-path": "/pub/s/%/x", "--subscribe-command":
            '{"id":%,"op":"sub","topic":"s/%/**"}'}


def sizes(step):
    return {"--subscribers": 100, "--window": 4, "--size": step}


def burst(_step):
    return {"--subscribers": 1000, "--window": 16}


def publishing(_step):
    return {"--publishers": 32, "--window": 32, "--topics": 1000,
            "--pace": "answers"}


def workers(step):
    return {"workers": step}


def big_zone(step):
    return {"zone": "2048m" if step > 100_000 else "512m"}


PER_DELIVERY = "µs of CPU a delivery"
PER_PUBLISH = "µs of CPU a publish"
WORKERS = [1, 2, 4, 8]
TOPICS = powers(1, 1_000_000)
NCHAN_TOPICS = {"nchan": 100_000}


def per_answer(result):
    return cpu_us(result, "answered")


GROWTHS = [
    Growth("subscribers", "One message to more subscribers",
           "subscribers of the topic", PER_DELIVERY,
           powers(10, min(30_000, MOST_CONNECTIONS)), subscribers),
    Growth("topics", "Publishing by turns to more topics, no subscriber",
           "topics", PER_PUBLISH, TOPICS, topics, per_answer,
           server=big_zone, most=NCHAN_TOPICS),
    Growth("topic-memory", "Memory of a topic that keeps 64 bytes", "topics",
           "bytes a topic", powers(1000, 1_000_000), topics,
           lambda r: r["topic_pss"], server=big_zone, most=NCHAN_TOPICS),
    Growth("selectors", "One message that one of more selectors matches",
           "selectors, 500 a session", PER_PUBLISH, powers(1, 100_000),
           selectors, per_answer, [JSON_OURS], big_zone),
    Growth("sizes", "Larger messages, 100 subscribers", "bytes a message",
           PER_DELIVERY, [16, 64, 256, 1024, 4096, 16384, 65536], sizes),
    Growth("workers", "More workers, burst of 16 to 1,000 subscribers",
           "workers", PER_DELIVERY, WORKERS, burst,
           servers=[PLAIN_OURS, NCHAN_SERVER], server=workers),
    Growth("publish-workers", "More workers that publish, 1,000 topics",
           "workers", PER_PUBLISH, WORKERS, publishing, per_answer,
           servers=[PLAIN_OURS, NCHAN_SERVER], server=workers),
]


def measure(growth, server, step, rounds, seconds, raw):
    values = []
    for _ in range(rounds):
        options = {"--duration": seconds, "--warmup": seconds / 4,
                   **growth.options(step)}
        result = load.run(server, options, growth.server(step))
        raw.append({"growth": growth.key, "server": server.name, "step": step,
                    "result": result})
        if "failed" in result:
            print(f"bench: {growth.key} {server.name} {step}: "
                  f"{result['failed']}")
            continue
        value = growth.value(result)
        if value > 0:
            values.append(value)
    return statistics.median(values) if values else None


def draw(growth, rounds, seconds, raw):
    series = {}
    for step in growth.steps:
        for server in growth.servers:
            if (not server.available() or
                    step > growth.most.get(server.name, step)):
                continue
            value = measure(growth, server, step, rounds, seconds, raw)
            if value is not None:
                series.setdefault(server.name, []).append((step, value))
                print(f"{growth.key:16} {step:>9,} {server.name:16} "
                      f"{value:.3f} {growth.y_name}", flush=True)
    (RESULTS / f"growth-{growth.key}.svg").write_text(
        svg.lines(growth.title, growth.x_name, growth.y_name, series))
    return series


def table(growth, series):
    names = list(series)
    lines = [f"## {growth.title}", "",
             f"{growth.y_name}; ![plot](growth-{growth.key}.svg)", "",
             f"| {growth.x_name} | " + " | ".join(names) + " |",
             "|---" * (len(names) + 1) + "|"]
    for step in growth.steps:
        cells = [f"{dict(series[name])[step]:.3g}"
                 if step in dict(series[name]) else "" for name in names]
        lines.append(f"| {step:,} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def grow(quick, rounds, only):
    seconds = 0.5 if quick else 1.5
    rounds = rounds or (1 if quick else 3)
    RESULTS.mkdir(exist_ok=True)
    raw, lines = [], ["# Results of `make bench-growth`", ""]
    lines += [f"- {line}" for line in machine.description(servers.NGINX)]
    lines += [f"- {rounds} round(s) of {seconds} s each; the median", ""]
    if MOST_CONNECTIONS < 30_000:
        lines += [f"This machine allows {MOST_CONNECTIONS:,} connections a "
                  "process, not 30,000.", ""]
    for growth in GROWTHS:
        if not only or growth.key in only:
            lines += table(growth, draw(growth, rounds, seconds, raw))
    (RESULTS / "raw-growth.json").write_text(json.dumps(raw, indent=1) + "\n")
    (RESULTS / "growth.md").write_text("\n".join(lines))
    print(f"bench: see {RESULTS.relative_to(servers.ROOT)}/growth.md")
