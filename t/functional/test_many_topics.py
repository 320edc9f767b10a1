"""A selector over more topics than a reply and a queue can hold."""

import pytest

from support.httpc import Http
from support.session import JsonSession

COUNT = 1500
VALUE = "v" * 400
CONFIG = {
    "workers": 2,
    "http": "ws_pubsub_zone main:16m;",
    "server": "ws_pubsub_queue 64k;",
}


@pytest.fixture(scope="module")
def names(shared):
    """1,500 topics whose values are ten times what a queue may hold."""
    with Http(shared) as http:
        made = [f"many/{n:04}" for n in range(COUNT)]
        for name in made:
            http.put(name, name + VALUE)
    return made


async def test_reply_then_notices_then_every_value(ng, names, scheme):
    async with await JsonSession.open(ng, scheme=scheme) as session:
        reply = await session.sub("many/*")
        assert [one["topic"] for one in reply["topics"]] == names[:1000]
        assert reply["recovered"] is True
        told, values = [], []
        while len(values) < COUNT:
            said = await session.next()
            assert said, f"closed: {session.close_code}"
            if said["op"] == "topic":
                assert said["seq"] == 1 and said["epoch"]
                told.append(said["topic"])
            else:
                assert said["op"] == "msg", said
                assert said["text"] == said["topic"] + VALUE
                values.append(said["topic"])
        assert values == names and told == names[1000:]
        await session.quiet()


async def test_changes_come_after_the_values(ng, names):
    """Publishing amid the pacing: no value after its own change."""
    async with await JsonSession.open(ng) as session:
        with Http(ng) as http:
            await session.sub("many/**")
            http.put(names[-1], "changed")
            http.put(names[0], "changed")
        seen = {}
        while len(seen) < COUNT or any(
                seen.get(name, ("", ""))[1] != "changed"
                for name in (names[0], names[-1])):
            said = await session.next_of("msg")
            before = seen.get(said["topic"], (0, ""))[0]
            assert said["seq"] > before, said
            seen[said["topic"]] = said["seq"], said["text"]
        assert len(seen) == COUNT
    with Http(ng) as http:
        assert http.status()["slow"] == 0


async def test_get_and_select_page_through_all(ng, names):
    async with await JsonSession.open(ng) as session:
        got, more = [], {}
        while True:
            page = await session.ok(
                "get", topic="many/**", limit=1000, **more)
            got += [one["topic"] for one in page["items"]]
            if not page["more"]:
                break
            more = {"after": got[-1]}
        assert got == names
    with Http(ng) as http:
        got, after = [], ""
        while True:
            page = http.get(query="select=many/*&limit=1000" + after).json()
            got += [one["topic"] for one in page["topics"]]
            if not page["more"]:
                break
            after = "&after=" + got[-1]
        assert got == names
