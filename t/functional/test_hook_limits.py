"""Limits, caches, files and filters in the location of a hook."""

import json

import pytest

from support.backend import HELD, Answer
from support.httpc import Http
from support.session import JsonSession

APP = "proxy_pass http://127.0.0.1:@BACKEND@/may;"
HOOKS = {
    "requests": f"limit_req zone=each; limit_req_status 429; {APP}",
    "requests-503": f"limit_req zone=each; {APP}",
    "requests-of-all": f"limit_req zone=all; limit_req_status 429; {APP}",
    "connections": f"limit_conn one 1; {APP}",
    "body": f"client_max_body_size 100; {APP}",
    "cached": "proxy_cache hooks; proxy_cache_methods POST; "
              f"proxy_cache_valid any 1h; {APP}",
    "cached-by-topic": "proxy_cache hooks; proxy_cache_methods POST; "
                       'proxy_cache_key "$ws_pubsub_op $ws_pubsub_topic"; '
                       "proxy_cache_lock on; aio threads; "
                       f"proxy_cache_valid any 1h; {APP}",
    "files": "root @PREFIX@; error_page 405 =200 /files$uri;",
    "files-in-threads": "root @PREFIX@; "
                        "error_page 405 =200 /threads$uri;",
    "filtered": "sub_filter old new; sub_filter_once off; "
                f"sub_filter_types *; {APP}",
    "added-to": "add_before_body /part; add_after_body /part; "
                f"addition_types *; {APP}",
}
HTTP = """
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main presence=on;
limit_req_zone $ws_pubsub_topic zone=each:1m rate=1r/m;
limit_req_zone $ws_pubsub_session zone=all:1m rate=1r/m;
limit_conn_zone $ws_pubsub_session zone=one:1m;
proxy_cache_path @PREFIX@/temp/cache keys_zone=hooks:1m;
"""
LOCATIONS = """
location ~ ^/files(/.*)$ { internal; alias @PREFIX@$1; sendfile on; }
location ~ ^/threads(/.*)$ {
    internal;
    alias @PREFIX@$1;
    sendfile on;
    aio threads;
    output_buffers 1 4k;
}
location = /part { internal; proxy_pass http://127.0.0.1:@BACKEND@/part; }
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""
KINDS = ["close", "connect"]
CONFIG = {"workers": 1, "http": HTTP, "locations": LOCATIONS + "".join(f"""
location = /hook/{name} {{ internal; {text} }}
""" + "".join(f"""
location /{kind}/{name} {{
    ws_pubsub zone=main;
    ws_pubsub_log_at {kind};
    ws_pubsub_subscribe_request /hook/{name};
    ws_pubsub_publish_request /hook/{name};
}}
""" for kind in KINDS) for name, text in HOOKS.items())}


@pytest.fixture(params=KINDS)
def log_at(request):
    return request.param


@pytest.mark.parametrize("name, code", [
    ("requests", 111), ("requests-503", 115)])
async def test_requests_are_counted_each(ng, topic, backend, log_at, name,
                                         code):
    async with await JsonSession.open(ng, f"/{log_at}/{name}") as session:
        await session.sub(topic)
        for _ in range(4):
            await session.fails(code, "get", topic=topic)
        await session.sub(topic + "/other")  # which has a count of its own
    assert len(backend.of(topic)) == 1


async def test_requests_of_a_session(ng, topic, backend, log_at):
    path = f"/{log_at}/requests-of-all"
    for n in range(2):
        async with await JsonSession.open(ng, path) as session:
            await session.sub(f"{topic}/{n}/a")
            await session.fails(111, "sub", topic=f"{topic}/{n}/b")
            await session.fails(111, "pub", topic=f"{topic}/{n}/b", text="x")


async def test_connections(ng, topic, backend, log_at):
    """One hook of a session at a time; the count goes down again."""
    path = f"/{log_at}/connections"
    backend.say(topic + "/held", HELD)
    async with await JsonSession.open(ng, path) as session:
        for _ in range(2):
            waits = [session.expect_reply("held"), session.expect_reply("no")]
            await session.ws.send(json.dumps(
                {"id": "held", "op": "who", "topic": topic + "/held"}))
            await backend.until_pending(1)
            await session.ws.send(json.dumps(
                {"id": "no", "op": "who", "topic": topic + "/no"}))
            await (await session.ws.ping())  # it has been read
            async with await JsonSession.open(ng, path) as other:
                await other.ok("who", topic=topic + "/other")
            backend.release()
            held, refused = [await one for one in waits]
            assert "ok" in held and refused["error"]["code"] == 115
        assert "ok" in await session.command("who", topic=topic + "/no")


async def test_the_size_of_a_body(ng, topic, backend, log_at):
    async with await JsonSession.open(ng, f"/{log_at}/body") as session:
        await session.pub(topic, text="x" * 100)
        await session.fails(107, "pub", topic=topic, text="x" * 101)
        await session.sub(topic)
    assert len(backend.of(topic)) == 2
    assert Http(ng).get(topic).body == b"x" * 100


async def test_a_cache_knows_topics_apart(ng, topic, backend, log_at):
    backend.say(topic + "/no", [Answer(403), Answer(204)])
    backend.say(topic + "/yes", [Answer(204), Answer(403)])
    async with await JsonSession.open(ng, f"/{log_at}/cached") as session:
        for _ in range(3):
            await session.fails(103, "who", topic=topic + "/no")
            await session.ok("who", topic=topic + "/yes")
    for one in ("/no", "/yes"):
        assert len(backend.of(topic + one)) == 1
    async with await JsonSession.open(ng, f"/{log_at}/cached") as session:
        await session.ok("who", topic=topic + "/no")


async def test_a_cache_that_sessions_share(ng, topic, backend, log_at):
    backend.say(topic + "/no", Answer(403))
    path = f"/{log_at}/cached-by-topic"
    for _ in range(3):
        async with await JsonSession.open(ng, path) as session:
            await session.fails(103, "who", topic=topic + "/no")
            await session.ok("who", topic=topic + "/yes")
            await session.pub(topic + "/yes", text="x")
    assert len(backend.of(topic + "/no")) == 1
    assert [one.op for one in backend.of(topic + "/yes")] == ["who", "pub"]


async def test_a_cached_body_replaces(ng, topic, backend, log_at):
    """It is in a file."""
    backend.say(topic, Answer(200, b"y" * 20000))
    path = f"/{log_at}/cached-by-topic"
    async with await JsonSession.open(ng, path) as session:
        for n in range(3):
            await session.pub(topic, text=str(n))
            assert Http(ng).get(topic).body == b"y" * 20000
    assert len(backend.of(topic)) == 1


@pytest.mark.parametrize("name", ["files", "files-in-threads"])
@pytest.mark.parametrize("size", [0, 1, 5000, 60000, 70000])
async def test_a_file_answers(ng, topic, log_at, name, size):
    """nginx gives a static file to no POST, but that of an error page."""
    file = ng.prefix / "hook" / name
    file.parent.mkdir(exist_ok=True)
    file.parent.chmod(0o755)
    file.write_bytes(b"f" * size)
    http = Http(ng)
    async with await JsonSession.open(ng, f"/{log_at}/{name}") as session:
        if size > 65536:
            await session.fails(115, "pub", topic=topic, text="x")
            await session.fails(115, "sub", topic=topic)
            return
        await session.sub(topic)
        for n in range(5):
            await session.pub(topic, text=f"x{n}")
            assert http.get(topic).body == (
                b"f" * size or f"x{n}".encode())


@pytest.mark.parametrize("name", ["files", "files-in-threads"])
async def test_no_file(ng, topic, log_at, name):
    (ng.prefix / "hook" / name).unlink(missing_ok=True)
    async with await JsonSession.open(ng, f"/{log_at}/{name}") as session:
        await session.fails(103, "pub", topic=topic, text="x")


async def test_a_body_that_filters_change(ng, topic, backend, log_at):
    backend.say(topic, Answer(200, b"an old text, old as that"))
    async with await JsonSession.open(ng, f"/{log_at}/filtered") as session:
        await session.pub(topic, text="x")
    assert Http(ng).get(topic).body == b"an new text, new as that"


async def test_a_body_of_parts(ng, topic, backend, log_at):
    """Put together of subrequests."""
    backend.say(topic, Answer(200, b"middle"))
    backend.say(None, Answer(200, b"|part|"))
    async with await JsonSession.open(ng, f"/{log_at}/added-to") as session:
        for n in range(3):
            await session.pub(topic, text=str(n))
            assert Http(ng).get(topic).body == b"|part|middle|part|"
