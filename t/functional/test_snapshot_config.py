"""ws_pubsub_snapshot: configurations that are accepted and those that are
told what is wrong."""

import pytest

from support.restarts import does_not_start, keeping

ZONE = "ws_pubsub_zone main:1m;"
PATH = "@PREFIX@/snap/main"
KEPT = f"ws_pubsub_snapshot zone=main {PATH};"


def checked(make_nginx, http, **more):
    ng = make_nginx(http=http, workers=1, locations="", **more)
    (ng.prefix / "snap").mkdir()
    ng.allow(r"\[emerg\]")
    return ng, *ng.test_config()


@pytest.mark.parametrize("http", [
    ZONE + KEPT,
    KEPT + ZONE,
    ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=60s;",
    ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=1m30s;",
    ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=500ms;",
    ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=5;",
    ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=1d;",
    ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=0;",
    ZONE + KEPT + 'ws_pubsub_topic "**" zone=main;',
    ZONE + KEPT + "ws_pubsub_zone other:1m;"
           "ws_pubsub_snapshot zone=other @PREFIX@/snap/other;",
    # the slots of one are no slots of the other
    ZONE + KEPT + "ws_pubsub_zone other:1m;"
           f"ws_pubsub_snapshot zone=other {PATH}2;",
], ids=str)
def test_good(make_nginx, http):
    _, accepted, said = checked(make_nginx, http)
    assert accepted, said


@pytest.mark.parametrize("http, words", [
    (ZONE + "ws_pubsub_snapshot;", ["ws_pubsub_snapshot"]),
    (ZONE + "ws_pubsub_snapshot zone=main;", ["ws_pubsub_snapshot"]),
    (ZONE + f"ws_pubsub_snapshot {PATH};", ["ws_pubsub_snapshot"]),
    (ZONE + f"ws_pubsub_snapshot zone= {PATH};", ["ws_pubsub_snapshot|zone"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} {PATH}2;",
     ["invalid|duplicate|ws_pubsub_snapshot"]),
    (ZONE + 'ws_pubsub_snapshot zone=main "";',
     ["ws_pubsub_snapshot|path|invalid parameter"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=;", ["interval"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=soon;",
     ["interval=soon"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=-1s;",
     ["interval=-1s"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=1x;",
     ["interval=1x"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} interval=off;",
     ["interval=off"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} "
            "interval=99999999999999999999s;", ["interval"]),
    (ZONE + f"ws_pubsub_snapshot zone=main {PATH} sync=on;", ["sync=on"]),
    (ZONE + f"ws_pubsub_snapshot zone=other {PATH};", ["other"]),
    (f"ws_pubsub_snapshot zone=other {PATH};", ["other"]),
    (ZONE + KEPT + KEPT, ["main|duplicate"]),
    (ZONE + KEPT + f"ws_pubsub_snapshot zone=main {PATH}2;",
     ["main|duplicate"]),
    (ZONE + KEPT + "ws_pubsub_zone other:1m;"
     f"ws_pubsub_snapshot zone=other {PATH};", ["snap/main"]),
    (ZONE + KEPT + "ws_pubsub_zone other:1m;"
     "ws_pubsub_snapshot zone=other snap/main;", ["snap/main"]),
    (ZONE + f"server {{ {KEPT} }}", ["not allowed here"]),
    (ZONE + f"server {{ location / {{ {KEPT} }} }}", ["not allowed here"]),
], ids=str)
def test_bad(make_nginx, http, words):
    """One line, which names what is wrong; and nothing is made."""
    ng, accepted, said = checked(make_nginx, http)
    assert not accepted
    lines = [line for line in said.splitlines() if "[emerg]" in line]
    assert len(lines) == 1, said
    for word in words:
        assert any(one in lines[0] for one in word.split("|")), lines
    assert lines == [line for line in lines if "unknown directive" not in line]
    assert list((ng.prefix / "snap").iterdir()) == []


@pytest.mark.parametrize("where", ["main", "events"])
def test_outside_http(make_nginx, where):
    _, accepted, said = checked(make_nginx, ZONE, **{where: KEPT})
    assert not accepted and "not allowed here" in said


def test_a_bad_one_does_not_start(make_nginx):
    ng = make_nginx(http=keeping("interval=never"), workers=1)
    (ng.prefix / "snap").mkdir()
    lines = does_not_start(ng)
    assert len(lines) == 1 and "interval=never" in lines[0]
