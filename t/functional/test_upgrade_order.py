"""Who has read the 101 of a plain endpoint has its subscription: nothing that
is published from then on, by whichever worker, is missing."""

import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.httpc import http_on_each_worker
from support.nginx import sanitizing
from support.rawws import RawWS

pytestmark = pytest.mark.skipif(
    sanitizing(), reason="two libraries that replace the C library's calls")

LOCATIONS = """
location /read/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
    add_header X-Large $arg_large;
}
location /limited/ {
    ws_pubsub zone=limited topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
"""
HTTP = """
ws_pubsub_zone main:8m;
ws_pubsub_zone limited:8m;
ws_pubsub_topic "**" zone=limited max_subscribers=1;
"""


@pytest.fixture(name="late")
def _late(nginx, open_path):
    library = open_path / "late_101.so"
    source = pathlib.Path(__file__).parent / "support" / "late_101.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library),
                    str(source)], check=True)
    return nginx(workers=2, http=HTTP, locations=LOCATIONS,
                 environment={"LD_PRELOAD": str(library)})


@pytest.mark.parametrize("more", ["", "&large=" + "x" * 3000],
                         ids=["small", "large"])
def test_published_right_after_the_101(late, more):
    publishers = list(http_on_each_worker(late).values())
    publishers[0].publish("a", "before")
    with RawWS.open(late, path="/read/?topic=a" + more, protocol=None) as ws, \
            ThreadPoolExecutor() as pool:
        # One of them is not that worker.
        told = pool.map(lambda one: one.publish("a", "after"), publishers)
        assert [one.json()["subscribers"] for one in told] == [1, 1]
        for expected in (b"before", b"after", b"after"):
            assert ws.recv_frame().payload == expected


def test_one_too_many_is_told_so_after_the_101(late):
    with RawWS.open(late, path="/limited/?topic=a", protocol=None), \
            RawWS.open(late, path="/limited/?topic=a", protocol=None) as ws:
        ws.expect_close(1008)
