"""Runs every scenario on every server, by turns, and writes the table."""

import json
import statistics

import load
import machine
import report
import servers
import svg
from scenarios import SCENARIOS

RESULTS = servers.ROOT / "bench/results"


def run_rounds(scenario, rounds, seconds, raw):
    """server name -> value name -> list of values, one a round."""
    values = {}
    for number in range(rounds):
        for server in scenario.servers:
            if not server.available():
                continue
            result = load.run(server, scenario.options(server, seconds),
                              scenario.server)
            raw.append({"scenario": scenario.key, "server": server.name,
                        "round": number, "result": result})
            mine = values.setdefault(server.name, {})
            if "failed" in result:
                mine.setdefault("failed", []).append(result["failed"])
                continue
            for name, value in scenario.values(result).items():
                mine.setdefault(name, []).append(value)
            mine.setdefault("unsound", []).append(unsound(result))
    return values


def unsound(result):
    """How many messages went wrong."""
    return sum(result.get(name, 0) for name in
               ("lost", "repeated", "misrouted", "refused"))


def medians(values):
    return {
        server: {name: (per_round if name == "failed"
                        else statistics.median(per_round))
                 for name, per_round in mine.items()}
        for server, mine in values.items()
    }


def plot(scenarios, rows):
    """The first value of each row, less being better."""
    groups = []
    for scenario in scenarios:
        row = rows[scenario.key]
        name = next(iter(report.value_names(row)), None)
        mine = {server: row[server][name] for server in report.NAMES
                if name in row.get(server, {})}
        if scenario.less_is_better and mine and min(mine.values()) > 0:
            groups.append((f"{scenario.title}: {name.split(' (')[0]}", mine))
    return svg.bars("Multiples of the least, and the value itself (less is "
                    "better)", report.NAMES, groups)


def compare(quick, rounds, only):
    seconds = 0.7 if quick else 2
    rounds = rounds or (1 if quick else 3)
    scenarios = [s for s in SCENARIOS if not only or s.key in only]
    raw, rows = [], {}
    for scenario in scenarios:
        rows[scenario.key] = medians(
            run_rounds(scenario, rounds, seconds, raw))
        print("\n".join(report.lines_of(scenario, rows) +
                        report.failures(scenario, rows[scenario.key])),
              flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "raw.json").write_text(json.dumps(raw, indent=1) + "\n")
    head = machine.description(servers.NGINX)
    (RESULTS / "results.md").write_text(
        report.document(head, scenarios, rows, rounds, seconds))
    (RESULTS / "results.svg").write_text(plot(scenarios, rows))
    print(f"bench: see {RESULTS.relative_to(servers.ROOT)}/results.md")
