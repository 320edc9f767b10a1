"""$ws_pubsub_* in an access log; when its line is written."""

import asyncio

from support.httpc import Http
from support.processes import wait_until
from support.rawws import RawWS
from support.session import JsonSession, connect

HTTP = """
ws_pubsub_zone main:8m;
log_format ws '$status|$uri|$ws_pubsub_protocol|$ws_pubsub_topics|'
              '$ws_pubsub_messages_in|$ws_pubsub_messages_out|'
              '$ws_pubsub_close_code|$ws_pubsub_dropped|$bytes_sent';
"""
LOCATIONS = """
access_log @PREFIX@/logs/access.log ws;
ws_pubsub_allow_subscribe "**";
ws_pubsub_allow_publish "**";
location /ws { ws_pubsub zone=main; }
location /early { ws_pubsub zone=main; ws_pubsub_log_at connect; }
location /plain/ { ws_pubsub zone=main topic=$arg_topic; }
location /api/ { ws_pubsub_api zone=main; access_log off; }
location = /status { ws_pubsub_status zone=main; access_log off; }
location = /other { return 204; }
"""


def lines(ng):
    path = ng.prefix / "logs" / "access.log"
    text = path.read_text() if path.exists() else ""
    return [line.split("|") for line in text.splitlines()]


def start(nginx):
    return nginx(workers=1, http=HTTP, locations=LOCATIONS)


async def line(ng, count=1):
    await asyncio.to_thread(
        wait_until, "a line in the access log",
        lambda: len(lines(ng)) >= count)
    assert len(lines(ng)) == count
    return lines(ng)[-1]


async def test_at_close(nginx, scheme):
    ng = start(nginx)
    session = await JsonSession.open(ng, scheme=scheme)
    await session.sub("a")
    await session.sub("b/**")
    for n in range(5):
        await session.pub("a", text="x" * 100)
    for _ in range(5):
        await session.next_of("msg")
    assert lines(ng) == []
    await session.close()
    status, uri, protocol, topics, came, went, code, dropped, size = (
        await line(ng))
    assert (status, uri, protocol) == ("101", "/ws", "json.wspubsub.v1")
    assert topics not in ("", "-") and code == "1000" and dropped == "0"
    assert int(came) >= 5 and int(went) >= 5
    assert int(size) > 500, "$bytes_sent has the frames"


async def test_at_connect(nginx):
    ng = start(nginx)
    session = await JsonSession.open(ng, "/early")
    got = await line(ng)
    assert got[:2] == ["101", "/early"]
    await session.sub("a")
    await session.pub("a", text="x")
    await session.next_of("msg")
    await session.close()
    await asyncio.sleep(0.2)
    assert len(lines(ng)) == 1, "one line a session"


async def test_close_codes(nginx):
    ng = start(nginx)
    ws = RawWS.open(ng)
    ws.send_frame(3)
    ws.expect_close(1002, skip_data=True)
    assert (await line(ng, 1))[6] == "1002"
    ws = RawWS.open(ng)
    ws.text("x")
    ws.expect_close(3500, skip_data=True)
    assert (await line(ng, 2))[6] == "3500"
    RawWS.open(ng).close()
    assert (await line(ng, 3))[6] in ("1006", "-", "")
    session = await JsonSession.open(ng)
    await session.ws.close(4321)
    assert (await line(ng, 4))[6] == "4321"


async def test_plain(nginx):
    ng = start(nginx)
    ws = await connect(ng, "/plain/?topic=a")
    for n in range(3):
        await ws.send("x")
        await ws.recv()
    await ws.close()
    got = await line(ng)
    assert got[0] == "101" and got[4] == "3" and got[5] == "3"


async def test_other_requests_have_none(nginx):
    ng = start(nginx)
    assert Http(ng).request("GET", "/other").status == 204
    got = await line(ng)
    assert got[0] == "204" and got[2:8] == ["-"] * 6
    ws = RawWS(ng)
    ws.handshake(path="/ws", protocol="no")
    assert (await line(ng, 2))[0] == "400"
