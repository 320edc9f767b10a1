"""Many clients change one value at a time; no change is lost."""

import asyncio
import random

from support.asynchttp import AsyncHttp

CONFIG = {"workers": 4}
COUNTERS, INCREMENTS = 100, 2
PATCHERS, PATCHES = 50, 20


async def increment(ng, path, times):
    """Read, add one, write if nobody else has; again until it is done."""
    refused = 0
    async with await AsyncHttp.open(ng) as http:
        for _ in range(times):
            while True:
                got = await http.request("GET", path)
                answer = await http.send_json(
                    "PUT", path, got.json() + 1, If_Match=got.etag)
                if answer.status in (201, 202):
                    break
                assert answer.status == 412, answer
                refused += 1
                # a hundred that begin anew at once would be in each other's way
                await asyncio.sleep(random.uniform(0, 0.05))
    return refused


async def change(http, path, what, content_type):
    answer = await http.send_json("PATCH", path, what, content_type)
    assert answer.status in (201, 202), answer


async def patch(ng, path, member, times):
    async with await AsyncHttp.open(ng) as http:
        for n in range(1, times + 1):
            await change(http, path, {member: n},
                         "application/merge-patch+json")


async def append(ng, path, member, times):
    async with await AsyncHttp.open(ng) as http:
        for n in range(times):
            await change(http, path, [
                {"op": "add", "path": "/list/-", "value": [member, n]}],
                "application/json-patch+json")


async def test_no_change_is_lost(ng, topic):
    counter, members = f"/api/{topic}/counter", f"/api/{topic}/members"
    async with await AsyncHttp.open(ng) as http:
        await http.send_json("PUT", counter, 0)
        await http.send_json("PUT", members, {})
    refused = await asyncio.gather(
        *(increment(ng, counter, INCREMENTS) for _ in range(COUNTERS)),
        *(patch(ng, members, f"m{n}", PATCHES) for n in range(PATCHERS)))
    assert sum(refused[:COUNTERS]) > 0, "they met"
    async with await AsyncHttp.open(ng) as http:
        got = await http.request("GET", counter)
        assert got.json() == COUNTERS * INCREMENTS
        assert got.etag.endswith(f'.{COUNTERS * INCREMENTS + 1}"')
        got = await http.request("GET", members)
        assert got.json() == {f"m{n}": PATCHES for n in range(PATCHERS)}
        assert got.etag.endswith(f'.{PATCHERS * PATCHES + 1}"')


async def test_no_operation_is_lost(ng, topic):
    path = f"/api/{topic}"
    async with await AsyncHttp.open(ng) as http:
        await http.send_json("PUT", path, {"list": []})
    await asyncio.gather(
        *(append(ng, path, member, PATCHES) for member in range(PATCHERS)))
    async with await AsyncHttp.open(ng) as http:
        told = (await http.request("GET", path)).json()["list"]
        assert sorted(told) == [
            [member, n] for member in range(PATCHERS) for n in range(PATCHES)]
        for member in range(PATCHERS):
            own = [n for who, n in told if who == member]
            assert own == sorted(own), "each in its order"
