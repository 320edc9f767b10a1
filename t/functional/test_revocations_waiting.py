"""Upgrades and commands that wait while what lets them in is revoked."""

import asyncio

import pytest

from support.backend import HELD, Answer
from support.httpc import Http
from support.rawws import RawWS, head
from support.revocations import Table, cut, ends, new, old
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
RECORDS = [{"user": "ann"}, {"jti": "t"}, {"all": True}]
CONFIG = {"workers": 4, "http": "ws_pubsub_zone main:8m;",
          "server": f"ws_pubsub_token_key HS256 data:{HS.key};",
          "locations": """
location /ws/asks {
    ws_pubsub zone=main;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_publish_request /may;
    ws_pubsub_hook_timeout 60s;
}
location /plain/asks {
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /may;
    ws_pubsub_hook_timeout 60s;
    location /plain/asks/at-connect {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_log_at connect;
    }
    location /plain/asks/always {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_allow_subscribe "**";
        ws_pubsub_subscribe_request /may always;
    }
    location /plain/asks/optional {
        ws_pubsub zone=main topic=$arg_topic;
        ws_pubsub_token optional;
    }
}
location /plain/asks/open {
    ws_pubsub_token off;
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_subscribe_request /may;
}
location /plain/first {
    ws_pubsub_token required;
    try_files /none /plain/asks/open?$args;
}
location /plain/asked-before {
    set $asked_topic $arg_topic;
    auth_request /asked;
    ws_pubsub zone=main topic=$arg_topic;
    ws_pubsub_allow_subscribe "**";
}
location = /may { internal; proxy_pass http://127.0.0.1:@BACKEND@/may; }
location = /asked {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may?topic=$asked_topic;
}
location /api/ { ws_pubsub_api zone=main; }
location /control/ { ws_pubsub_control zone=main; }
"""}


@pytest.fixture
def table(ng):
    one = Table.of(ng)
    yield one
    one.clear()
    one.http.close()


async def opened(ng, token):
    return await JsonSession.open(ng, "/ws/asks", headers=bearer(token))


@pytest.mark.parametrize("record", RECORDS, ids=lambda one: [*one][0])
@pytest.mark.parametrize("path", [
    "/plain/asks", "/plain/asks/at-connect", "/plain/asks/always",
    "/plain/asks/optional", "/plain/asked-before", "/plain/first"])
def test_an_upgrade_that_waits(ng, table, backend, topic, path, record):
    backend.say(topic, HELD)
    path += f"?topic={topic}"
    tokens = [old(HS, "ann", jti="t"), new(HS, "ann", jti="t")]
    waiting = []
    for token in tokens * 3:
        waiting.append(RawWS(ng))
        waiting[-1].send(head(path, None, more=bearer(token)))
        backend.wait_asked(topic, len(waiting))
    assert table.put(before=cut(), **record) == 0
    backend.release(topic, Answer(200))
    for n, one in enumerate(waiting):
        one.read_answer()
        assert one.status == (101 if n % 2 else 401), n
        if one.status == 401:
            assert one.headers["www-authenticate"] == (
                'Bearer error="invalid_token"')
        one.close()


def test_an_upgrade_that_waits_without_a_token(ng, table, backend, topic):
    backend.say(topic, HELD)
    with RawWS(ng) as one:
        one.send(head(f"/plain/asks/optional?topic={topic}", None))
        backend.wait_asked(topic)
        table.put(all=True)
        backend.release(topic)
        one.read_answer()
        assert one.status == 101


@pytest.mark.parametrize("op, more", [
    ("sub", {}), ("get", {}), ("pub", {"text": "secret"})])
async def test_a_command_that_waits(ng, table, backend, topic, op, more):
    backend.say(topic, HELD)
    ann = await opened(ng, old(HS, "ann"))
    waits = asyncio.ensure_future(ann.command(op, topic=topic, **more))
    await backend.until_asked(topic)
    assert await asyncio.to_thread(table.put, user="ann", before=cut()) == 1
    await ends(ann)
    await backend.until_gone(topic)
    assert isinstance((await asyncio.gather(
        waits, return_exceptions=True))[0], EOFError)
    with Http(ng) as http:
        assert http.get(topic).status == 404


async def test_commands_behind_one_that_waits(ng, table, backend, topic):
    """Their token or ticket was good when they came."""
    backend.say(topic, HELD)
    ann = await opened(ng, new(HS, "ann", jti="a"))
    waits = [asyncio.ensure_future(one) for one in (
        ann.command("sub", topic=topic),
        ann.command("sub", topic="vip/a", since="new",
                    ticket=old(HS, topic="vip/*", jti="t")),
        ann.command("auth", token=old(HS, "ann", jti="t")))]
    await backend.until_asked(topic)
    assert await asyncio.to_thread(table.put, jti="t", before=cut()) == 0
    backend.release(topic)
    first, by_ticket, auth = await asyncio.gather(*waits)
    assert "ok" in first
    if "ok" in by_ticket:
        said = await ann.next()
        assert (said["topic"], said["code"]) == ("vip/a", 109)
    else:
        assert by_ticket["error"]["code"] == 103
    assert auth["error"]["code"] == 101
    with Http(ng) as http:
        http.publish("vip/a", "secret")
    await ann.quiet()
    await ann.close()


async def test_tickets_of_commands_behind_one_that_waits(ng, table, backend,
                                                         topic):
    """What they allow is seen when it is their turn."""
    backend.say(topic, HELD)
    with Http(ng) as http:
        http.put("vip/a", "secret")
        ann = await opened(ng, new(HS, "ann"))
        bad = old(HS, topic="vip/*", jti="t", pub=True)
        waits = [asyncio.ensure_future(one) for one in (
            ann.command("sub", topic=topic),
            ann.command("get", topic="vip/a", ticket=bad),
            ann.command("get", topic="vip/*", ticket=bad),
            ann.command("history", topic="vip/a", last=1, ticket=bad),
            ann.command("pub", topic="vip/a", text="x", ticket=bad))]
        await backend.until_asked(topic)
        assert await asyncio.to_thread(table.put, jti="t", before=cut()) == 0
        backend.release(topic)
        first, *others = await asyncio.gather(*waits)
        assert "ok" in first
        assert [one.get("error", {}).get("code") for one in others] == [
            103] * 4, others
        assert http.get("vip/a").body == b"secret"
    await ann.close()
