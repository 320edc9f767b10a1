"""Many clients change one value at a time; no change is lost."""

import asyncio
import random

from support.asynchttp import AsyncHttp

CONFIG = {"workers": 4}
COUNTERS, INCREMENTS = 100, 2
PATCHERS, PATCHES = 50, 20
MOST_REFUSED = PATCHERS * PATCHES // 100  # after kMaxPatchAttempts


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


async def patch_until_done(http, path, change, content_type):
    """Returns how often a worker lost kMaxPatchAttempts races, and said so."""
    refused = 0
    while True:
        answer = await http.send_json("PATCH", path, change, content_type)
        if answer.status in (201, 202):
            return refused
        refused += 1
        assert answer.status == 409, answer
        assert answer.json()["error"] == {
            "code": 114, "message": "others are changing the value"}


async def patch(ng, path, member, times):
    async with await AsyncHttp.open(ng) as http:
        return sum([
            await patch_until_done(http, path, {member: n},
                                   "application/merge-patch+json")
            for n in range(1, times + 1)])


async def append(ng, path, member, times):
    async with await AsyncHttp.open(ng) as http:
        return sum([
            await patch_until_done(http, path, [
                {"op": "add", "path": "/list/-", "value": [member, n]}],
                "application/json-patch+json")
            for n in range(times)])


async def test_no_change_is_lost(ng, topic):
    counter, members = f"/api/{topic}/counter", f"/api/{topic}/members"
    async with await AsyncHttp.open(ng) as http:
        await http.send_json("PUT", counter, 0)
        await http.send_json("PUT", members, {})
    refused = await asyncio.gather(
        *(increment(ng, counter, INCREMENTS) for _ in range(COUNTERS)),
        *(patch(ng, members, f"m{n}", PATCHES) for n in range(PATCHERS)))
    assert sum(refused[:COUNTERS]) > 0, "they met"
    assert sum(refused[COUNTERS:]) <= MOST_REFUSED
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
    refused = await asyncio.gather(
        *(append(ng, path, member, PATCHES) for member in range(PATCHERS)))
    assert sum(refused) <= MOST_REFUSED
    async with await AsyncHttp.open(ng) as http:
        told = (await http.request("GET", path)).json()["list"]
        assert sorted(told) == [
            [member, n] for member in range(PATCHERS) for n in range(PATCHES)]
        for member in range(PATCHERS):
            own = [n for who, n in told if who == member]
            assert own == sorted(own), "each in its order"
