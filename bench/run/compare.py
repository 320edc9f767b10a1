"""Runs every scenario on every server, by turns, and writes the table."""

import json
import statistics

import load
import machine
import report
import servers
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


def compare(quick, rounds, only):
    seconds = 0.7 if quick else 2
    rounds = rounds or (1 if quick else 3)
    raw, rows = [], []
    for scenario in SCENARIOS:
        if only and scenario.key not in only:
            continue
        if quick and not scenario.in_quick:
            continue
        row = medians(run_rounds(scenario, rounds, seconds, raw))
        rows.append((scenario, row))
        print("\n".join(report.lines_of(scenario, row)), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "raw.json").write_text(json.dumps(raw, indent=1) + "\n")
    head = machine.description(servers.NGINX)
    (RESULTS / "results.md").write_text(
        report.document(head, rows, rounds, seconds))
    print(f"bench: see {RESULTS.relative_to(servers.ROOT)}/results.md")
