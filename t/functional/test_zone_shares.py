"""What a zone is shared by has a share each: subscribers fill theirs, not the
zone, and push out nobody's messages; so do idempotency keys."""

import asyncio
import json

import pytest
from support.httpc import Http
from support.processes import wait_until
from support.session import JsonSession

MANY = 128  # subscriptions of a session: the default limit


def config(size, workers=2, **more):
    return {"workers": workers, "http": f"""
        ws_pubsub_zone main:{size};
        ws_pubsub_topic "hist/*" zone=main history=20000;
        ws_pubsub_topic "room/**" zone=main presence=on;
        ws_pubsub_identity $arg_who;
        """, **more}


def put_history(http, topic, count):
    for first in range(0, count, 1000):
        http.batch([{"topic": topic, "text": f"message {n}"}
                    for n in range(first, min(first + 1000, count))])
    assert http.status()["evicted"] == 0


def assert_served(http, topic, count):
    """Nobody's messages are gone, and publishing goes on."""
    http.put("one/more", "value")
    assert http.get("one/more").body == b"value"
    assert http.put(topic, "and one more")["seq"] == count + 1
    newest = http.get(topic, "last=1000").json()["items"]
    assert [one["seq"] for one in newest] == list(
        range(count - 998, count + 2))
    status = http.status()
    assert status["evicted"] == 0 and status["refused"] == 0
    assert status["messages"] == count + 2


async def subscribe_to(ng, selectors, who):
    """A session that asks for all of them at once, and the errors it got."""
    session = await JsonSession.open(ng, f"/ws?who={who}")
    await session.ws.send("\n".join(
        json.dumps({"op": "sub", "topic": selector})
        for selector in selectors))
    await session.ping()
    codes = []
    while not session.orphans.empty():
        codes.append(session.orphans.get_nowait()["code"])
    return session, codes


async def subscribe_all(ng, sessions, selectors_of, who="w"):
    """So many sessions with selectors_of(n); returns them and the errors."""
    opened, codes = [], []
    for first in range(0, sessions, 20):
        for session, refused in await asyncio.gather(*(
                subscribe_to(ng, selectors_of(n), f"{n}{who}")
                for n in range(first, min(first + 20, sessions)))):
            opened.append(session)
            codes += refused
    return opened, codes


async def close_all(http, sessions):
    await asyncio.gather(*(session.ws.close() for session in sessions))
    wait_until("their subscriptions are gone", lambda: (
        http.status()["subscriptions"] == 0))


def absent(n):
    return [f"{'x' * 240}/{n}/{i}" for i in range(MANY)]


def rooms(_):
    return [f"room/{i}" for i in range(MANY)]


def wild(n):
    return [f"{'x' * 240}/{n}/{i}/*" for i in range(MANY)]


def overlapping(n):
    """Each matches x/x/…, so that all of them overlap."""
    return ["/".join("*" if n * MANY + i >> bit & 1 else "x"
                     for bit in range(30)) for i in range(MANY)]


async def test_the_limits_of_305_sessions(nginx):
    """Topics that there are not, with long names, within all defaults."""
    ng = nginx(**config("8m"))
    http = Http(ng)
    put_history(http, "hist/a", 10000)
    sessions, codes = await subscribe_all(ng, 305, absent)
    assert_served(http, "hist/a", 10000)
    assert set(codes) == {108}
    status = http.status()
    assert status["subscriptions"] + len(codes) == 305 * MANY
    assert status["refused_subscriptions"] == len(codes)
    assert 0 < status["subscribers_held"] <= status["subscribers_limit"]
    # What is left of a share is not for one kind alone.
    assert status["subscribers_held"] > status["subscribers_limit"] * 0.99
    async with await JsonSession.open(ng) as session:
        # What the last ones refused had taken for a moment is there again.
        replies = [await session.command("sub", topic=f"{'x' * 240}/999/{n}")
                   for n in range(900, 916)]
        assert replies[-1]["error"]["code"] == 108
        await session.sub("hist/a", "new")  # a topic that there is
    await close_all(http, sessions)
    assert http.status()["subscribers_held"] == 0
    async with await JsonSession.open(ng) as session:
        await session.sub("one/more/absent")


@pytest.mark.parametrize("selectors_of,who", [
    (absent, ""), (rooms, "w" * 240), (wild, ""), (overlapping, "")],
    ids=["absent", "presence", "selectors", "overlaps"])
async def test_subscribers_fill_their_share(nginx, selectors_of, who):
    ng = nginx(**config("1m"))
    http = Http(ng)
    put_history(http, "hist/a", 1000)
    sessions, codes = await subscribe_all(ng, 40, selectors_of, who)
    assert_served(http, "hist/a", 1000)
    assert len(codes) > 100 and set(codes) == {108}
    status = http.status()
    assert status["subscribers_held"] > status["subscribers_limit"] * 0.8
    await close_all(http, sessions)


async def test_topics_of_subscribers_come_to_be(nginx):
    """A topic that is published to is the publisher's from then on."""
    ng = nginx(**config("1m", workers=1))
    http = Http(ng)
    topics = absent(1)
    session, codes = await subscribe_to(ng, topics, "me")
    assert not codes
    held = http.status()["subscribers_held"]
    assert held > MANY * 400 and http.status()["interests"] == 0
    for name in topics:
        http.put(name, "x")
    status = http.status()
    assert status["subscribers_held"] == 0
    assert status["interests"] == MANY * 80
    for name in topics:
        assert http.delete(name).status == 204
    status = http.status()
    assert status["subscribers_held"] == held and status["interests"] == 0
    await close_all(http, [session])


async def test_new_topics_for_selectors_of_a_full_share(nginx):
    """Who has selectors is told of what comes to be, however full the share
    is; that costs the publisher."""
    ng = nginx(**config("1m", workers=1))
    http = Http(ng)
    async with await JsonSession.open(ng) as listener:
        await listener.sub("new/*")
        sessions, codes = await subscribe_all(ng, 20, absent)
        assert codes
        for n in range(100):
            http.put(f"new/{n}", f"{n}")
            assert (await listener.next_of("msg"))["text"] == f"{n}"
        assert http.status()["interests"] == 100 * 80
        await close_all(http, [*sessions, listener])


async def test_a_wide_selector_in_a_full_zone(nginx):
    """Clients can still subscribe to all that a zone is full of."""
    ng = nginx(**config("1m", workers=1))
    http = Http(ng)
    count = 0
    while True:
        answers = http.batch([{"topic": f"v/{n:05}", "text": "x" * 100}
                              for n in range(count, count + 100)])
        taken = [one for one in answers if "error" not in one]
        count += len(taken)
        if len(taken) < 100:
            break
    assert 1000 < count < 5000
    async with await JsonSession.open(ng) as session:
        reply = await session.sub("v/*")
        assert len(reply["topics"]) == 1000
        seen = set()
        while len(seen) < count:
            seen.add((await session.next_of("msg"))["topic"])
        await session.sub("not/there")
        await session.sub("not/there/*")
        # and each value may still be replaced
        for n in range(0, count, 50):
            http.put(f"v/{n:05}", "y" * 80)
            assert (await session.msg())["text"] == "y" * 80


def test_keys_of_an_application(nginx):
    """Once their share is in use a new key is refused, and none is lost."""
    ng = nginx(**config("1m"))
    http = Http(ng)
    put_history(http, "hist/a", 1000)
    for count in range(5000):
        answer = http.publish("k", "x", Idempotency_Key=f"{count:0120}")
        if answer.status == 507:
            break
        assert answer.status == 202
    assert 100 < count < 1000
    assert answer.error_code() == 108 and b"idempotency" in answer.body
    status = http.status()
    assert 0 < status["keys_held"] <= status["keys_limit"]
    assert status["refused"] == 1 and status["evicted"] == 0
    for n in (0, count - 1):
        answer = http.publish("k", "x", Idempotency_Key=f"{n:0120}")
        assert answer.json()["seq"] == n + 1
    assert http.publish("k", "x").json()["seq"] == count + 1
    newest = http.get("hist/a", "last=1000").json()["items"]
    assert len(newest) == 1000


async def test_keys_of_clients(nginx):
    """They take nothing of the application's, nor of each other's."""
    ng = nginx(**config("1m"))
    http = Http(ng)
    put_history(http, "hist/a", 1000)
    http.put("k", "x", Idempotency_Key="order")
    async with await JsonSession.open(ng) as session:
        for first in range(0, 3000, 100):
            await session.ws.send("\n".join(json.dumps(
                {"op": "pub", "topic": "k", "text": "x", "key": f"{n:0120}"})
                for n in range(first, first + 100)))
            await session.ping()
        assert session.orphans.empty()
        status = http.status()
        assert 0 < status["client_keys_held"] <= status["keys_limit"]
        assert status["evicted"] == 0 and status["refused"] == 0
        # the newest are known, the oldest have given way
        newest = await session.pub("k", text="x", key=f"{2999:0120}")
        assert newest["seq"] == 3001
        oldest = await session.pub("k", text="x", key=f"{0:0120}")
        assert oldest["seq"] == 3002
    assert http.put("k", "x", Idempotency_Key="order")["seq"] == 1
    assert http.publish("k", "x", Idempotency_Key="next").status == 202


async def test_shares_change_with_a_reload(nginx):
    ng = nginx(**config("1m"))
    http = Http(ng)
    before = http.status()
    ng.reload(http="""
        ws_pubsub_zone main:1m subscribers=50% keys=1%;
        """)
    after = Http(ng).status()
    assert after["subscribers_limit"] // before["subscribers_limit"] == 2
    assert before["keys_limit"] // after["keys_limit"] == 10
