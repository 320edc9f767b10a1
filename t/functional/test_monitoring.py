"""The dashboard and the alert rules name metrics that there are."""

import json
import pathlib
import re

from support.httpc import Http

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples/monitoring"


def metrics_in(text):
    return set(re.findall(r"\bws_pubsub_\w+", text))


def test_metrics_are_there(nginx):
    text = Http(nginx(workers=1)).request(
        "GET", "/status?format=prometheus").body.decode()
    there = {name: kind for name, kind in re.findall(
        r"^# TYPE (\w+) (\w+)$", text, re.M)}
    board = json.loads((FOLDER / "grafana.json").read_text())
    queries = [target["expr"] for panel in board["panels"]
               for target in panel["targets"]]
    queries += [one["query"] for one in board["templating"]["list"]]
    rules = re.findall(r"^ +expr: (.+)$", (FOLDER / "alerts.yml").read_text(),
                       re.M)
    assert len(rules) >= 5
    assert len(metrics_in(" ".join(queries))) >= 12
    for query in queries + rules:
        for name in metrics_in(query):
            assert name in there, f"{name} in {query}"
            rated = re.search(rf"(rate|increase)\({name}\b", query)
            assert bool(rated) == (there[name] == "counter"), query
