"""ws_pubsub_cluster: one zone on three hosts. What is published on one is on
all, in one order, at one position."""

import asyncio
import json
import os

import pytest

from support.asynchttp import AsyncHttp
from support.cluster import caught_up
from support.cluster_load import loaded
from support.httpc import Http
from support.rawws import BINARY, RawWS, TEXT
from support.restarts import at, resumed, since, whole_state
from support.session import JsonSession

HOSTS = [{"size": "8m", "mixed": 100}, {"size": "12m", "mixed": 20},
         {"size": "16m", "mixed": 3}]


@pytest.fixture(name="hosts")
def _hosts(cluster):
    return cluster.hosts


@pytest.fixture(name="https")
def _https(hosts):
    """A connection to each host, in their order."""
    found = [Http(ng) for ng in hosts]
    yield found
    for one in found:
        one.close()


def position_of(answer):
    return answer.json()["epoch"], answer.json()["seq"]


# -- publish here, read there ---------------------------------------------------

async def test_publish_here_subscribe_there(hosts, https, topic):
    sessions = [await JsonSession.open(ng) for ng in hosts]
    for one in sessions:
        assert await one.sub(topic) == {"topics": [], "recovered": True}
    for number, http in enumerate(https, 1):
        told = http.put(topic, f"message {number}")
        assert told["seq"] == number
        for one in sessions:
            if number == 1:
                assert await one.next() == {
                    "op": "topic", "topic": topic, "epoch": told["epoch"],
                    "seq": 0}
            assert await one.msg() == {
                "op": "msg", "topic": topic, "seq": number,
                "text": f"message {number}"}
    for one in sessions:
        await one.quiet()
        await one.close()


async def test_kinds_of_payloads(hosts, https, topic):
    caught_up(*hosts)
    async with await JsonSession.open(hosts[1]) as session:
        await session.sub(topic)
        https[0].publish(topic, '{"a": [1,2.50]}', kind="application/json")
        https[0].publish(topic, "é\n", kind="text/plain")
        https[0].publish(topic, b"\0\xff", kind="image/png")
        await session.next_of("topic")
        assert (await session.msg())["data"] == {"a": [1, 2.5]}
        assert (await session.msg())["text"] == "é\n"
        assert (await session.msg())["b64"] == "AP8="
    first, other = https[0].get(topic), https[1].get(topic)
    for name in ("content-type", "etag", "last-modified"):
        assert first.headers[name] == other.headers[name]
    assert first.body == other.body == b"\0\xff"


async def test_value_on_subscribe(hosts, https, topic):
    told = https[0].put(topic, "value")
    caught_up(*hosts)
    for ng in hosts:
        async with await JsonSession.open(ng) as session:
            reply = await session.sub(topic)
            assert reply["topics"] == [{
                "topic": topic, "epoch": told["epoch"], "seq": 1}]
            assert (await session.msg())["text"] == "value"


@pytest.mark.parametrize("way", ["resume", "history", "http"])
async def test_read_your_write_elsewhere(hosts, https, way):
    """A position of another host may be ahead of this one: it waits for the
    log, and is good."""
    topic = f"hist/{os.urandom(4).hex()}"
    for n in range(1, 21):
        told = https[n % 3].put(topic, str(n))
        other = (n + 1) % 3
        if way == "resume":
            assert await resumed(hosts[other], topic, at(told)) == (True, [])
        elif way == "http":
            answer = https[other].get(topic, since(at(told)))
            assert answer.status == 200, answer
            assert answer.json()["items"] == []
        else:
            async with await JsonSession.open(hosts[other]) as session:
                assert (await session.ok("history", topic=topic,
                                         since=at(told)))["items"] == []


async def test_history_and_resume_elsewhere(hosts, https):
    topic = f"hist/{os.urandom(4).hex()}"
    told = [https[n % 3].put(topic, str(n)) for n in range(1, 13)]
    assert [one["seq"] for one in told] == list(range(1, 13))
    assert len({one["epoch"] for one in told}) == 1
    caught_up(*hosts)
    for ng, http in zip(hosts, https):
        items = http.get(topic, "last=100").json()["items"]
        assert [one["text"] for one in items] == [
            str(n) for n in range(1, 13)]
        assert items == https[0].get(topic, "last=100").json()["items"]
        assert len(http.get(topic, since(at(told[4]))).json()["items"]) == 7
        assert await resumed(ng, topic, at(told[8])) == (
            True, [("msg", 10), ("msg", 11), ("msg", 12)])


async def test_positions_that_never_were(hosts, https):
    """Past the newest message: after asking the log it is no good."""
    topic = f"hist/{os.urandom(4).hex()}"
    told = https[0].put(topic, "x")
    caught_up(*hosts)
    for ng, http in zip(hosts, https):
        answer = http.get(topic, since(at(told, 2)))
        assert answer.status == 412 and answer.error_code() == 112
        assert answer.etag == f'"{told["epoch"]}.1"'
        assert await resumed(ng, topic, at(told, 2)) == (
            False, [("msg", 1)])
        async with await JsonSession.open(ng) as session:
            await session.fails(112, "history", topic=topic,
                                since={"epoch": "abc", "seq": 1})


def test_lists(hosts, https, topic):
    for n in range(9):
        https[n % 3].put(f"{topic}/{n}", str(n))
    caught_up(*hosts)
    pages = [http.get(query=f"select={topic}/*&values=1").json()
             for http in https]
    assert len(pages[0]["topics"]) == 9
    assert pages[0] == pages[1] == pages[2]


async def test_subscribers_are_those_of_the_host(hosts, https, topic):
    async with await JsonSession.open(hosts[1]) as session:
        await session.sub(topic)
        here, there = (http.publish(topic, "x") for http in https[1::-1])
        assert (here.status, here.json()["subscribers"]) == (201, 1)
        assert (there.status, there.json()["subscribers"]) == (202, 0)


# -- conditions and keys ------------------------------------------------------------

def test_conditions_over_hosts(hosts, https, topic):
    first = https[0].publish(topic, "one")
    # is decided in the log: whether the host has caught up does not matter
    second = https[1].publish(topic, "two", If_Match=first.etag)
    assert second.status == 202, second
    late = https[2].publish(topic, "three", If_Match=first.etag)
    assert late.status == 412 and late.etag == second.etag
    assert late.error_code() == 114
    there = https[0].publish(topic, "four", If_None_Match="*")
    assert there.status == 412 and there.etag == second.etag
    caught_up(*hosts)
    for http in https:
        assert http.get(topic).body == b"two"
        assert http.get(topic, headers={
            "If-None-Match": second.etag}).status == 304
        assert http.get(topic, headers={
            "If-None-Match": first.etag}).status == 200


async def at_once(hosts, publish, each=3):
    """publish(client, n) from several connections of each host; returns what
    came of it."""
    clients = [await AsyncHttp.open(ng) for ng in hosts for _ in range(each)]
    try:
        return await asyncio.gather(*(
            publish(one, n) for n, one in enumerate(clients)))
    finally:
        for one in clients:
            one.writer.close()


async def test_racing_to_be_the_first(hosts, https, topic):
    for n in range(5):
        name = f"{topic}/{n}"
        answers = await at_once(hosts, lambda client, me, name=name: (
            client.request("POST", "/api/" + name, b"mine %d" % me, {
                "Content-Type": "text/plain", "If-None-Match": "*"})))
        won = [me for me, one in enumerate(answers) if one.status == 202]
        assert len(won) == 1
        assert {one.status for one in answers} == {202, 412}
        caught_up(*hosts)
        for http in https:
            assert http.get(name).body == b"mine %d" % won[0]


async def test_racing_compare_and_set(hosts, https, topic):
    """A counter: nobody's step is lost."""
    https[0].publish_json(topic, 0)
    caught_up(*hosts)
    path, steps = "/api/" + topic, 5

    async def count(client, _):
        for _ in range(steps):
            status = 412
            while status == 412:
                have = await client.request("GET", path)
                status = (await client.send_json(
                    "PUT", path, have.json() + 1,
                    If_Match=have.headers["etag"])).status
            assert status == 202

    await at_once(hosts, count, each=2)
    caught_up(*hosts)
    for http in https:
        assert http.get(topic).json() == 6 * steps
        assert http.get(topic).etag.endswith(f'.{6 * steps + 1}"')


def test_idempotency_key_over_hosts(hosts, https, topic):
    first = https[0].publish(topic, "pay 5", Idempotency_Key="k-1")
    for http in https:
        again = http.publish(topic, "pay 5", Idempotency_Key="k-1")
        assert again.status == 202, again
        assert again.etag == first.etag
        assert position_of(again) == position_of(first)
        other = http.publish(topic, "pay 6", Idempotency_Key="k-1")
        assert other.status == 409 and other.error_code() == 114
    caught_up(*hosts)
    for http in https:
        assert http.get(topic).etag == first.etag


async def test_one_key_on_all_hosts_at_once(hosts, https, topic):
    answers = await at_once(hosts, lambda client, _: client.request(
        "POST", "/api/" + topic, b"pay 5", {
            "Content-Type": "text/plain", "Idempotency-Key": "k"}))
    assert {one.status for one in answers} == {202}
    assert len({one.headers["etag"] for one in answers}) == 1
    caught_up(*hosts)
    assert {http.get(topic).etag for http in https} == {
        answers[0].headers["etag"]}


async def test_keys_and_conditions_by_websocket(hosts, topic):
    sessions = [await JsonSession.open(ng) for ng in hosts]
    told = await sessions[0].pub(topic, data={"n": 1}, key="k", if_="absent")
    assert told["seq"] == 1
    for one in sessions:
        assert await one.pub(topic, data={"n": 1}, key="k",
                             if_="absent") == told
        await one.fails(114, "pub", topic=topic, data={"n": 2}, key="k")
        await one.fails(114, "pub", topic=topic, data=1, if_="absent")
    second = await sessions[1].pub(topic, data=2, if_=at(told))
    assert second == {"epoch": told["epoch"], "seq": 2}
    await sessions[2].fails(114, "pub", topic=topic, data=3, if_=at(told))
    for one in sessions:
        await one.close()


# -- batches, removals, patches -------------------------------------------------------

async def test_batch(hosts, https, topic):
    async with await JsonSession.open(hosts[2]) as session:
        await session.sub(topic + "/*")
        lines = [{"topic": f"{topic}/{n % 3}", "text": str(n)}
                 for n in range(30)]
        lines.insert(10, {"topic": "not//good", "text": "x"})
        lines.insert(20, {"topic": topic + "/0", "text": "x", "if": "absent"})
        lines.append({"topic": topic + "/0", "text": "27", "key": "k"})
        lines.append({"topic": topic + "/0", "text": "27", "key": "k"})
        told = https[0].batch(lines)
        assert told.pop(10)["error"]["code"] == 107
        assert told.pop(19)["error"]["code"] == 114
        assert told[-1] == told[-2]
        assert [one["seq"] for one in told[:30]] == [
            n // 3 + 1 for n in range(30)]
        got = {}
        for _ in range(31):
            said = await session.next_of("msg")
            got.setdefault(said["topic"], []).append(
                (said["seq"], said["text"]))
        await session.quiet()
        for m in range(3):
            assert got[f"{topic}/{m}"][:10] == [
                (n // 3 + 1, str(n)) for n in range(m, 30, 3)]


async def test_delete(hosts, https, topic):
    first = https[0].put(topic, "x")
    caught_up(*hosts)
    sessions = [await JsonSession.open(ng) for ng in hosts]
    for one in sessions:
        await one.sub(topic, "new")
    assert https[1].delete(topic).status == 204
    for one in sessions:
        assert await one.next() == {
            "op": "gone", "topic": topic, "reason": "deleted"}
    for http in https:
        assert http.get(topic).error_code() == 102
    assert https[2].delete(topic).error_code() == 102
    anew = https[2].put(topic, "y")
    assert anew["seq"] == 1 and anew["epoch"] != first["epoch"]
    for one in sessions:
        assert await one.next() == {
            "op": "topic", "topic": topic, "epoch": anew["epoch"], "seq": 0}
        assert (await one.msg())["text"] == "y"
        await one.close()


def test_delete_with_a_condition(https, topic):
    first = https[0].publish(topic, "x")
    second = https[1].publish(topic, "y")
    path = "/api/" + topic
    assert https[2].request("DELETE", path, headers={
        "If-Match": first.etag}).status == 412
    assert https[2].request("DELETE", path, headers={
        "If-Match": second.etag}).status == 204


def test_delete_by_selector(hosts, https, topic):
    https[0].batch([{"topic": f"{topic}/{n % 2}/{n}", "text": "x"}
                    for n in range(60)])
    caught_up(*hosts)
    assert https[1].request(
        "DELETE", f"/api/?select={topic}/0/*").status == 204
    caught_up(*hosts)
    for http in https:
        page = http.get(query=f"select={topic}/**&limit=100").json()
        assert {one["topic"] for one in page["topics"]} == {
            f"{topic}/1/{n}" for n in range(1, 60, 2)}


@pytest.mark.parametrize("form", ["merge", "json"])
async def test_racing_patches(hosts, https, topic, form):
    """Of two at once one is done first, and the other with what it made."""
    https[0].publish_json(topic, {"first": 0})
    caught_up(*hosts)

    async def change(client, me):
        for n in range(6):
            name = f"m{me}-{n}"
            patch = ({name: n} if form == "merge" else
                     [{"op": "add", "path": "/" + name, "value": n}])
            status = 409  # others have changed it 64 times meanwhile
            while status == 409:
                status = (await client.send_json(
                    "PATCH", "/api/" + topic, patch,
                    f"application/{form}-patch+json")).status
            assert status == 202, status

    await at_once(hosts, change, each=2)
    caught_up(*hosts)
    expected = {"first": 0, **{
        f"m{me}-{n}": n for me in range(6) for n in range(6)}}
    for http in https:
        assert http.get(topic).json() == expected
        assert http.get(topic).etag.endswith('.37"')


def test_patches_and_their_errors(hosts, https, topic):
    https[0].publish_json(topic, {"a": 1, "b": 2})
    caught_up(*hosts)
    assert https[1].patch(topic, {"a": None, "c": 3}).status == 202
    test = [{"op": "test", "path": "/c", "value": 4}]
    assert https[1].patch(topic, test).status == 409
    assert https[1].patch(topic, [
        {"op": "remove", "path": "/none"}]).status == 422
    assert https[1].patch(topic + "/none", {"a": 1}).status == 404
    caught_up(*hosts)
    assert https[2].get(topic).body == b'{"b":2,"c":3}'


# -- plain endpoints, policies, order -------------------------------------------------

def test_plain_endpoints(hosts, topic):
    path = "/plain/?topic=" + topic
    with RawWS.open(hosts[0], path=path, protocol=None) as here, \
            RawWS.open(hosts[1], path=path, protocol=None) as there:
        for one, opcode, payload in (
                (here, TEXT, b"hello"), (there, BINARY, b"\0\xff"),
                (here, TEXT, b'{"a":1}')):
            one.send_frame(opcode, payload)
            here.expect(opcode, payload)
            there.expect(opcode, payload)


def test_the_policy_of_the_publishing_host_counts(hosts, https):
    topic = f"mixed/{os.urandom(4).hex()}"
    for n in range(1, 31):
        https[0].put(topic, str(n))
    for http, least in ((https[0], 1), (https[1], 12), (https[2], 30)):
        n = int(http.put(topic, "x")["seq"])
        caught_up(*hosts)
        for other in https:
            seqs = [one["seq"] for one in
                    other.get(topic, "last=100").json()["items"]]
            assert seqs == list(range(least, n + 1))


async def test_one_order_for_all(hosts, topic):
    async with loaded(hosts, "load/" + topic[2:], hosts) as load:
        await load.more(600)
    assert not load.refused and not load.unknown


def test_all_hosts_are_equal(hosts):
    """After all that this file has done to them."""
    caught_up(*hosts)
    first = whole_state(hosts[0])
    assert len(first) > 10
    for ng in hosts[1:]:
        other = whole_state(ng)
        assert sorted(other) == sorted(first)
        for topic, told in first.items():
            assert other[topic] == told, topic


def test_json_is_handed_on_as_it_was_written(hosts, https, topic):
    text = json.dumps({"n": 12345678901234567890, "é": [1, None]}, indent=1)
    https[0].publish(topic, text, kind="application/json")
    caught_up(*hosts)
    assert https[1].get(topic).body == text.encode()
