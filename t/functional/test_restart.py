"""A zone that is kept in a file outlives nginx, however that ends."""

import os
import time

from support.config import HISTORY
from support.httpc import Http
from support.processes import wait_until
from support.restarts import kill_all
from support.session import JsonSession

KEPT = HISTORY + "ws_pubsub_snapshot zone=main @PREFIX@/snap interval={};"


def kept(interval="0"):
    return {"http": KEPT.format(interval), "workers": 2}


def slot(ng, number):
    return ng.prefix / f"snap.{number}"


def status(ng):
    with Http(ng) as http:
        return http.request("GET", "/status").json()


async def test_clients_resume_after_a_clean_end(nginx):
    ng = nginx(**kept())
    with Http(ng) as http:
        for n in range(1, 21):
            at = http.publish_json("hist/a", n).json()
        http.put("b", b"\x00\xff", kind="image/png")
        before = http.get("b").etag
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/a", {"epoch": at["epoch"], "seq": 20})
        assert reply["recovered"] is True
    ng.quit()
    assert slot(ng, 0).stat().st_mode & 0o777 == 0o600
    ng.start()
    with Http(ng) as http:
        got = http.get("b")
        assert got.body == b"\x00\xff" and got.etag == before
        assert got.headers["content-type"] == "image/png"
        items = http.get("hist/a", "last=100").json()["items"]
        assert [one["data"] for one in items] == list(range(1, 21))
        told = http.publish_json("hist/a", 21).json()
        assert (told["epoch"], told["seq"]) == (at["epoch"], 21)
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/a", {"epoch": at["epoch"], "seq": 18})
        assert reply["recovered"] is True
        assert [msg["data"] for msg in await session.msgs(3)] == [19, 20, 21]
    assert status(ng)["snapshot_clean"] == 1


async def test_kill_of_all(nginx):
    ng = nginx(**kept("200ms"))
    with Http(ng) as http:
        for n in range(1, 4):
            at = http.publish_json("hist/a", n).json()
    wait_until("a snapshot is written",
               lambda: slot(ng, 0).stat().st_size > 600, timeout_s=10)
    time.sleep(0.5)
    kill_all(ng)
    ng.start()
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/a", {"epoch": at["epoch"], "seq": 2})
        assert reply["recovered"] is True
        assert (await session.msg())["data"] == 3
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("hist/a", {"epoch": at["epoch"], "seq": 5})
        assert reply["recovered"] is False
    assert status(ng)["snapshot_clean"] == 0, ng.log_text()


def test_test_makes_nothing(make_nginx):
    ng = make_nginx(**kept())
    accepted, said = ng.test_config()
    assert accepted, said
    assert not slot(ng, 0).exists() and not slot(ng, 1).exists()


def test_damaged(make_nginx):
    ng = make_nginx(**kept())
    ng.start()
    with Http(ng) as http:
        http.publish_json("a", 1)
    ng.quit()
    data = bytearray(slot(ng, 0).read_bytes())
    data[len(data) // 2] ^= 1
    slot(ng, 0).write_bytes(data)
    accepted, said = ng.test_config()
    assert not accepted and "move both files away" in said
    os.remove(slot(ng, 0))
    os.remove(slot(ng, 1))
    ng.allow("can't be read")
    ng.start()
    assert status(ng)["topics"] == 0


def test_reload_adds_it_and_takes_it_away(nginx):
    ng = nginx(http=HISTORY, workers=2)
    with Http(ng) as http:
        http.publish_json("a", 1)
    ng.reload(**kept("200ms"))
    wait_until("a snapshot is written",
               lambda: slot(ng, 0).stat().st_size > 600, timeout_s=10)
    ng.reload(http=HISTORY)
    was = [slot(ng, n).read_bytes() for n in range(2)]
    with Http(ng) as http:
        http.publish_json("a", 2)
    time.sleep(1.5)
    ng.quit()
    assert [slot(ng, n).read_bytes() for n in range(2)] == was


def test_reload_is_refused(nginx):
    ng = nginx(http=HISTORY, workers=2)
    ng.allow("can't open the snapshot")
    ng.reload(wait=False, http=HISTORY +
              "ws_pubsub_snapshot zone=main @PREFIX@/none/snap;")
    ng.wait_for_log("can't open the snapshot")
    with Http(ng) as http:
        assert http.publish_json("a", 1).status < 300
    ng.write_config(http=HISTORY)
