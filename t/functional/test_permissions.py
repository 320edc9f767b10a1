"""What clients may do: nothing, until it is named."""

import pytest

from support.rawws import TEXT, RawWS
from support.session import JsonSession, connect

CONFIG = {"workers": 1, "locations": """
location /none { ws_pubsub zone=main; }
location /off {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe off;
    ws_pubsub_allow_publish off;
}
location /sub-only {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "open/**" "also/*/x";
}
location /pub-only {
    ws_pubsub zone=main;
    ws_pubsub_allow_publish "open/*";
}
location /user {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "user/$arg_id/**" "room/$arg_room";
    ws_pubsub_allow_publish "user/$arg_id/out";
}
location /first {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "$arg_id/**";
}
location /whole {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe $arg_selector;
    ws_pubsub_allow_publish $arg_selector;
}
location /everything {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
}
location /own {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "$$SYS/**";
}
location /plain/ {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "open/**";
    ws_pubsub_allow_publish "open/$arg_id/*";
}
location /api/ { ws_pubsub_api zone=main; }
"""}


def status(ng, path, protocol="json.wspubsub.v1"):
    ws = RawWS(ng)
    ws.handshake(path=path, protocol=protocol)
    ws.close()
    return ws.status


async def allowed(ng, path, op, topic):
    """Tells whether the one command is allowed there."""
    fields = {"data": 1} if op == "pub" else {}
    async with await JsonSession.open(ng, path) as session:
        reply = await session.command(op, topic=topic, **fields)
    if "ok" in reply or reply["error"]["code"] == 102:
        return True
    assert reply["error"]["code"] == 103, reply
    return False


@pytest.mark.parametrize("path, answer", [
    ("/none", 403), ("/off", 403), ("/sub-only", 101), ("/pub-only", 101),
    ("/user", 403), ("/user?id=", 403), ("/user?id=1", 101),
    ("/user?room=1", 101), ("/whole", 403), ("/whole?selector=a", 101),
    ("/everything", 101)])
def test_the_upgrade(ng, path, answer):
    assert status(ng, path) == answer


@pytest.mark.parametrize("op", ["sub", "get"])
@pytest.mark.parametrize("path, topic, may", [
    ("/sub-only", "open/a", True), ("/sub-only", "open/a/b/c", True),
    ("/sub-only", "open/**", True), ("/sub-only", "open/*", True),
    ("/sub-only", "open/*/x", True), ("/sub-only", "open/a/**", True),
    ("/sub-only", "also/a/x", True), ("/sub-only", "also/*/x", True),
    ("/sub-only", "open", False), ("/sub-only", "other", False),
    ("/sub-only", "**", False), ("/sub-only", "*", False),
    ("/sub-only", "*/a", False), ("/sub-only", "*/**", False),
    ("/sub-only", "also/*", False), ("/sub-only", "also/**", False),
    ("/sub-only", "also/a/*", False), ("/sub-only", "also/a/x/y", False),
    ("/sub-only", "Open/a", False),
    ("/pub-only", "open/a", False),
    ("/everything", "**", True), ("/everything", "*/x/**", True),
    ("/everything", "$SYS/a", False), ("/everything", "$SYS/**", False),
    ("/own", "$SYS/**", True), ("/own", "$SYS/a/b", True),
    ("/own", "$other/a", False), ("/own", "SYS/a", False),
])
async def test_reading(ng, op, path, topic, may):
    assert await allowed(ng, path, op, topic) is may


async def test_history_needs_the_same(ng):
    async with await JsonSession.open(ng, "/sub-only") as session:
        await session.fails(103, "history", topic="other", last=1)
        await session.fails(102, "history", topic="open/none", last=1)


@pytest.mark.parametrize("path, topic, may", [
    ("/pub-only", "open/a", True), ("/pub-only", "open/a/b", False),
    ("/pub-only", "open", False), ("/pub-only", "other/a", False),
    ("/sub-only", "open/a", False), ("/everything", "any/thing", True),
    ("/everything", "$SYS/a", False), ("/own", "$SYS/a", False),
])
async def test_publishing(ng, path, topic, may):
    assert await allowed(ng, path, "pub", topic) is may


async def test_a_denial_changes_nothing(ng, topic):
    async with await JsonSession.open(ng, "/everything") as all_of_it, \
            await JsonSession.open(ng, "/sub-only") as session:
        await all_of_it.sub("no/" + topic)
        await session.fails(103, "pub", topic="no/" + topic, data=1)
        await session.fails(103, "sub", topic="no/" + topic)
        await session.sub("open/" + topic)
        await all_of_it.pub("no/" + topic, data=2)
        assert (await all_of_it.next_of("msg"))["seq"] == 1
        await session.quiet()


@pytest.mark.parametrize("query, topic, may", [
    ("id=7", "user/7/a", True), ("id=7", "user/7/**", True),
    ("id=7", "user/8/a", False), ("id=7", "user/**", False),
    ("id=7", "user/*/a", False), ("id=7", "user/7", False),
    ("id=7", "room/7", False), ("id=7&room=r", "room/r", True),
    ("id=7&room=r", "room/*", False),
    # what a variable brings is text: it can't widen the selector
    ("room=r&id=*", "user/8/a", False), ("room=r&id=*", "user/*/a", False),
    # decoded, and text all the same
    ("id=caf%C3%A9", "user/café/a", True), ("id=a%20b+c", "user/a b+c/a", True),
    ("id=caf%C3%A9", "user/caf%C3%A9/a", False),
    ("room=r&id=%2A", "user/8/a", False),
    ("room=r&id=%2A%2A", "user/8/a", False),
    ("room=r&id=a%2Fb", "user/a/b/c", False),
    ("room=r&id=..", "user/../a", None), ("room=r&id=%", "user/%/a", False),
    ("room=r&id=%zz", "user/%zz/a", False),
    ("room=r&id=**", "user/8/a", False), ("room=r&id=a*", "user/ab/x", False),
    ("room=r&id=7/8", "user/7/8/a", False),
    ("room=r&id=7/**", "user/7/x", False), ("id=7&room=a/b", "room/a/b",
                                            False),
    ("id=7&room=*", "room/x", False), ("id=7&room=**", "room/x/y", False),
    ("room=r&id=", "user//a", None), ("room=r&id=", "user/a", False),
    ("room=r", "user/a/b", False),
])
async def test_variables(ng, query, topic, may):
    if may is None:
        async with await JsonSession.open(ng, "/user?" + query) as session:
            await session.fails(107, "sub", topic=topic)
        return
    assert await allowed(ng, "/user?" + query, "sub", topic) is may


async def test_a_variable_names_no_reserved_topics(ng):
    assert status(ng, "/first?id=$SYS") == 403
    assert await allowed(ng, "/first?id=a", "sub", "a/b")
    assert await allowed(ng, "/whole?selector=$SYS/**", "sub", "$SYS/x")


async def test_a_variable_decides_at_the_upgrade(ng):
    assert status(ng, "/user?id=*") == 403
    assert status(ng, "/user?id=a/b") == 403
    async with await JsonSession.open(ng, "/user?id=7") as session:
        await session.pub("user/7/out", data=1)
        await session.fails(103, "pub", topic="user/7/in", data=1)
        await session.fails(103, "pub", topic="user/8/out", data=1)


@pytest.mark.parametrize("selector, topic, may", [
    ("a/**", "a/b/c", True), ("a/*", "a/b", True), ("a/*", "a/b/c", False),
    ("a", "a", True), ("a", "b", False), ("**", "x/y", True),
])
async def test_a_variable_alone_may_be_a_selector(ng, selector, topic, may):
    path = "/whole?selector=" + selector
    assert await allowed(ng, path, "sub", topic) is may
    assert await allowed(ng, path, "pub", topic) is may


def test_a_variable_alone_that_is_none(ng):
    for bad in ("a//b", "a*", "**/a", "/a"):
        assert status(ng, "/whole?selector=" + bad) == 403


@pytest.mark.parametrize("query, answer", [
    ("topic=open/a", 101), ("topic=open/7/a&id=7", 101),
    ("topic=other/a", 403), ("topic=open", 403), ("topic=open//", 400)])
def test_plain(ng, query, answer):
    assert status(ng, "/plain/?" + query, None) == answer


async def test_plain_publishing(ng):
    ws = await connect(ng, "/plain/?topic=open/7/a&id=7")
    await ws.send("mine")
    assert await ws.recv() == "mine"
    await ws.close()
    ws = RawWS.open(ng, "/plain/?topic=open/8/a&id=7", protocol=None)
    ws.send_frame(TEXT, b"not mine")
    ws.expect_close(1008)


async def test_inheritance(nginx):
    ng = nginx(workers=1, http="""
        ws_pubsub_zone main:8m;
        ws_pubsub_allow_subscribe "http/**";
        ws_pubsub_allow_publish "http/**";
        """, server='ws_pubsub_allow_subscribe "server/**";', locations="""
        location /inherits { ws_pubsub zone=main; }
        location /own {
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe "location/**";
        }
        location /off {
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe off;
        }
        location /all-off {
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe off;
            ws_pubsub_allow_publish off;
        }
        """)
    for path, topic in (("/inherits", "server/a"), ("/own", "location/a")):
        assert await allowed(ng, path, "sub", topic)
        assert not await allowed(ng, path, "sub", "http/a")
        assert await allowed(ng, path, "pub", "http/a")
    assert not await allowed(ng, "/own", "sub", "server/a")
    assert not await allowed(ng, "/off", "sub", "server/a")
    assert await allowed(ng, "/off", "pub", "http/a")
    assert status(ng, "/all-off") == 403
