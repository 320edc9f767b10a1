"""The dashboard and the alert rules name metrics that there are."""

import json
import pathlib
import re
import textwrap

from support.httpc import Http

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples/monitoring"


def metrics_in(text):
    return set(re.findall(r"\bws_pubsub_\w+", text))


def test_metrics_are_there(nginx):
    # In a cluster, which has metrics of its own, though nobody is there.
    text = Http(nginx(workers=1, http="""
        ws_pubsub_zone main:1m;
        ws_pubsub_cluster zone=main redis://127.0.0.1:1;
    """)).request("GET", "/status?format=prometheus").body.decode()
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


def test_alerts_of_a_cluster():
    """The page shows those that there are."""
    page = (FOLDER.parents[1] / "docs/cluster.md").read_text()
    shown = re.search(r"^```text alerts\n(.*?)^```", page, re.M | re.S)[1]
    assert textwrap.indent(shown, " " * 6) in (
        FOLDER / "alerts.yml").read_text()
