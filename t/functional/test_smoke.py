"""The main job in a few seconds: for every build of nginx there is."""

from support.httpc import Http
from support.session import JsonSession, connect


async def test_publish_reaches_a_subscriber(nginx, scheme):
    ng = nginx(workers=2)
    http = Http(ng, scheme)
    first = http.publish_json("prices/fx/EURUSD", {"bid": 1.1})
    assert first.status == 202
    told = first.json()
    assert told["topic"] == "prices/fx/EURUSD"
    assert told["seq"] == 1 and told["subscribers"] == 0
    assert first.etag == f'"{told["epoch"]}.1"'

    async with await JsonSession.open(ng, scheme=scheme) as session:
        reply = await session.sub("prices/**")
        assert reply["topics"] == [{
            "topic": "prices/fx/EURUSD", "epoch": told["epoch"], "seq": 1}]
        assert reply["recovered"] is True
        assert await session.msg() == {
            "op": "msg", "topic": "prices/fx/EURUSD", "seq": 1,
            "data": {"bid": 1.1}}

        second = http.publish_json("prices/fx/EURUSD", {"bid": 1.2})
        assert second.status == 201
        assert second.json()["subscribers"] == 1
        said = await session.msg()
        assert said["seq"] == 2 and said["data"] == {"bid": 1.2}
    got = http.get("prices/fx/EURUSD")
    assert got.status == 200 and got.json() == {"bid": 1.2}


async def test_plain_clients_chat(nginx, scheme):
    ng = nginx(workers=2)
    ann = await connect(ng, "/plain/?topic=chat/1", scheme)
    bob = await connect(ng, "/plain/?topic=chat/1", scheme)
    await ann.send("hello")
    assert await ann.recv() == "hello"
    assert await bob.recv() == "hello"
    await bob.send(b"\x00\x01")
    assert await ann.recv() == b"\x00\x01"
    assert await bob.recv() == b"\x00\x01"
    await ann.close()
    await bob.close()


async def test_status_is_served(nginx):
    http = Http(nginx(workers=2))
    http.put("a", "b")
    status = http.status()
    assert status["zone"] == "main"
    assert status["topics"] == 1 and status["workers"] == 2
