"""What a patch costs, and that others don't wait for many of them."""

import json

import pytest

from support.httpc import Http
from support.rawws import RawWS
from support.stall import assert_bounded, longest_stall_s

CONFIG = {"workers": 1, "http": "ws_pubsub_zone main:64m;",
          "server": "ws_pubsub_max_message 1m; client_max_body_size 4m;"}
ELEMENTS = 30_000
MANY_ELEMENTS = 300_000

OPERATIONS = {
    "moves": lambda n: {"op": "move", "from": "/a" if n % 2 == 0 else "/b",
                        "path": "/b" if n % 2 == 0 else "/a"},
    "removals": lambda n: {"op": "remove", "path": "/a/0"},
    "insertions": lambda n: {"op": "add", "path": "/a/0", "value": n},
}


def put(ng, topic, value):
    with Http(ng) as http:
        assert http.publish_json(topic, value).status == 202


@pytest.mark.parametrize("kind", OPERATIONS)
def test_operations_of_one_patch(ng, topic, kind):
    """A quarter of the operations, or all of them: nearly the same."""
    def stall(count):
        put(ng, topic, {"a": [0] * MANY_ELEMENTS})
        patch = [OPERATIONS[kind](n) for n in range(count)]
        with Http(ng) as http:
            return longest_stall_s(
                ng, lambda: http.patch(topic, patch).json()["seq"])
    assert_bounded(stall, 250)


def test_patches_in_a_frame(ng, topic):
    """Each has a turn of its own."""
    def stall(count):
        put(ng, topic, {"a": [0] * ELEMENTS})
        with RawWS.open(ng) as ws:
            ws.sock.settimeout(60)

            def work():
                ws.text("\n".join(json.dumps(
                    {"id": n, "op": "pub", "topic": topic, "patch": {"n": n}})
                    for n in range(count)))
                for n in range(count):
                    assert json.loads(ws.recv_message()[2])["id"] == n
            return longest_stall_s(ng, work)
    assert_bounded(stall, 10)


def test_patches_in_a_batch(ng, topic):
    def stall(count):
        put(ng, topic, {"a": [0] * ELEMENTS})
        with Http(ng) as http:
            return longest_stall_s(ng, lambda: http.batch(
                [{"topic": topic, "patch": {"n": n}} for n in range(count)]))
    assert_bounded(stall, 10)
