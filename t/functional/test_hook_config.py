"""The directives of hooks: what is accepted, and what is told to be wrong."""

import re

import pytest

from support.rawws import RawWS
from support.session import JsonSession

ZONE = "ws_pubsub_zone main:1m;"
GOOD = [
    "ws_pubsub_subscribe_request /may;",
    "ws_pubsub_subscribe_request /may always;",
    "ws_pubsub_subscribe_request /may again=1m;",
    "ws_pubsub_subscribe_request /may always again=30s;",
    "ws_pubsub_subscribe_request /may again=30s always;",
    "ws_pubsub_subscribe_request $arg_where;",
    "ws_pubsub_subscribe_request /may/$ws_pubsub_op/$ws_pubsub_topic;",
    "ws_pubsub_subscribe_request off;",
    "ws_pubsub_publish_request /may;",
    "ws_pubsub_publish_request /may always;",
    "ws_pubsub_publish_request /$ws_pubsub_session always;",
    "ws_pubsub_publish_request off;",
    "ws_pubsub_hook_timeout 300ms;",
    "ws_pubsub_hook_timeout 1m;",
    "ws_pubsub_hook_pending 1;",
    "ws_pubsub_hook_pending 256;",
    "ws_pubsub_hook_pass $arg_a;",
    "ws_pubsub_hook_pass $arg_a $cookie_b $remote_user;",
]
BAD = [
    ("ws_pubsub_subscribe_request;", "ws_pubsub_subscribe_request"),
    ("ws_pubsub_subscribe_request /may never;", "never"),
    ("ws_pubsub_subscribe_request /may /other;", "/other"),
    ("ws_pubsub_subscribe_request /may again;", "again"),
    ("ws_pubsub_subscribe_request /may again=;", "again="),
    ("ws_pubsub_subscribe_request /may again=x;", "again=x"),
    ("ws_pubsub_subscribe_request /may again=0;", "again=0"),
    ("ws_pubsub_subscribe_request /may again=-1s;", "again=-1s"),
    ("ws_pubsub_subscribe_request off always;", "always|off"),
    ("ws_pubsub_subscribe_request $nothing_like_it;", "nothing_like_it"),
    ("ws_pubsub_subscribe_request /a; ws_pubsub_subscribe_request /b;",
     "ws_pubsub_subscribe_request.*duplicate"),
    ("ws_pubsub_publish_request;", "ws_pubsub_publish_request"),
    ("ws_pubsub_publish_request /may again=1s;", "again=1s"),
    ("ws_pubsub_publish_request /may sometimes;", "sometimes"),
    ("ws_pubsub_publish_request off always;", "always|off"),
    ("ws_pubsub_publish_request /$nothing_like_it;", "nothing_like_it"),
    ("ws_pubsub_publish_request /a; ws_pubsub_publish_request off;",
     "ws_pubsub_publish_request.*duplicate"),
    ("ws_pubsub_hook_timeout;", "ws_pubsub_hook_timeout"),
    ("ws_pubsub_hook_timeout soon;", "soon"),
    ("ws_pubsub_hook_timeout -1s;", "-1s"),
    ("ws_pubsub_hook_timeout 1s 2s;", "ws_pubsub_hook_timeout"),
    ("ws_pubsub_hook_timeout 1s; ws_pubsub_hook_timeout 1s;",
     "ws_pubsub_hook_timeout.*duplicate"),
    ("ws_pubsub_hook_pending;", "ws_pubsub_hook_pending"),
    ("ws_pubsub_hook_pending many;", '"many"'),
    ("ws_pubsub_hook_pending 0;", '"0"'),
    ("ws_pubsub_hook_pending 257;", '"257"'),
    ("ws_pubsub_hook_pending -1;", '"-1"'),
    ("ws_pubsub_hook_pending 4; ws_pubsub_hook_pending 4;",
     "ws_pubsub_hook_pending.*duplicate"),
    ("ws_pubsub_hook_pass;", "ws_pubsub_hook_pass"),
    ("ws_pubsub_hook_pass arg_a;", "arg_a"),
    ("ws_pubsub_hook_pass $;", r"\$"),
    ("ws_pubsub_hook_pass $nothing_like_it;", "nothing_like_it"),
    ("ws_pubsub_hook_pass $arg_a; ws_pubsub_hook_pass $arg_b;",
     "ws_pubsub_hook_pass.*duplicate"),
]


def check(make_nginx, **config):
    ng = make_nginx(workers=1, **config)
    ng.allow(r"\[emerg\]")
    return ng.test_config()


@pytest.mark.parametrize("text", GOOD)
@pytest.mark.parametrize("where", ["http", "server", "location"])
def test_good(make_nginx, text, where):
    parts = {"http": ZONE, "locations": "location /ws { ws_pubsub zone=main; "
             "%s }" % (text if where == "location" else "")}
    if where == "http":
        parts["http"] += text
    elif where == "server":
        parts["server"] = text
    accepted, said = check(make_nginx, **parts)
    assert accepted, said
    assert "[warn]" not in said and "[error]" not in said


@pytest.mark.parametrize("text, named", BAD, ids=lambda one: one[:70])
def test_bad(make_nginx, text, named):
    accepted, said = check(
        make_nginx, http=ZONE, locations="location /ws { %s }" % text)
    assert not accepted
    line = next(line for line in said.splitlines() if "[emerg]" in line)
    assert re.search(named, line), line


def status(ng, path):
    ws = RawWS(ng)
    ws.handshake(path=path)
    ws.close()
    return ws.status


def test_a_hook_alone_opens_an_endpoint(nginx):
    ng = nginx(workers=1, http=ZONE, locations="""
        location = /may { internal; return 403; }
        location /none { ws_pubsub zone=main; }
        location /reads {
            ws_pubsub zone=main;
            ws_pubsub_subscribe_request /may;
        }
        location /writes {
            ws_pubsub zone=main;
            ws_pubsub_publish_request /may;
        }
        location /empty {
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe $arg_none;
            ws_pubsub_subscribe_request /may;
        }
        location /off {
            ws_pubsub zone=main;
            ws_pubsub_subscribe_request off;
            ws_pubsub_publish_request off;
        }
        """)
    for path in ("/none", "/off"):
        assert status(ng, path) == 403
    for path in ("/reads", "/writes", "/empty"):
        assert status(ng, path) == 101


async def test_where_there_is_no_such_location(nginx, topic):
    """It is a request like others: nginx looks for a file, finds none, and
    404 is a no. An URI that is none is a failure."""
    ng = nginx(workers=1, http=ZONE, locations="""
        location /ws {
            ws_pubsub zone=main;
            ws_pubsub_subscribe_request /none/such;
            ws_pubsub_publish_request $arg_where;
        }
        """)
    async with await JsonSession.open(ng) as session:
        await session.fails(103, "sub", topic=topic)
        await session.fails(115, "pub", topic=topic, text="x")
        await session.ping()
    async with await JsonSession.open(ng, "/ws?where=relative") as session:
        await session.fails(115, "pub", topic=topic, text="x")
        await session.ping()


async def test_a_reload_turns_them_on_and_off(nginx, topic):
    endpoint = """
        location = /may { internal; return 204; }
        location /ws {
            ws_pubsub zone=main;
            ws_pubsub_allow_subscribe "**";
            ws_pubsub_publish_request %s;
        }
        """
    ng = nginx(workers=1, http=ZONE, locations=endpoint % "off")
    for what, code in (("/may", None), ("off", 103), ("/may", None)):
        ng.reload(locations=endpoint % what)
        async with await JsonSession.open(ng) as session:
            if code:
                await session.fails(code, "pub", topic=topic, text="x")
            else:
                await session.pub(topic, text="x")
