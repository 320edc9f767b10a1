"""Conditional requests and idempotency keys."""

import email.utils
import json
import threading

import pytest

from support.httpc import Http, http_on_each_worker
from support.session import JsonSession

CONFIG = {"workers": 2}
OTHER = '"0other0.1"'


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_if_match(http, topic, method):
    first = http.publish(topic, "1").etag
    second = http.publish(topic, "2", method=method, If_Match=first)
    assert second.status == 202 and second.json()["seq"] == 2
    for stale in (first, OTHER, '"garbage"', f'"x", {first}'):
        answer = http.publish(topic, "3", method=method, If_Match=stale)
        assert answer.status == 412 and answer.error_code() == 114
        assert answer.etag == second.etag, "the current one"
    assert http.get(topic).body == b"2"
    assert http.publish(
        topic, "3", If_Match=f"{OTHER}, {second.etag}").status == 202


def test_if_match_any(http, topic):
    answer = http.publish(topic, "1", If_Match="*")
    assert answer.status == 412 and answer.error_code() == 114
    assert http.get(topic).status == 404, "nothing is stored"
    http.put(topic, "1")
    assert http.publish(topic, "2", If_Match="*").status == 202


def test_if_match_of_a_topic_that_is_not_there(http, topic):
    assert http.publish(topic, "1", If_Match=OTHER).status == 412
    etag = http.publish(topic, "1").etag
    http.delete(topic)
    assert http.publish(topic, "2", If_Match=etag).status == 412


def test_a_weak_etag_does_not_match(http, topic):
    """RFC 9110 section 13.1.1: If-Match compares strongly."""
    etag = http.publish(topic, "1").etag
    assert http.publish(topic, "2", If_Match="W/" + etag).status == 412


def test_if_none_match_any(http, topic):
    first = http.publish(topic, "1", If_None_Match="*")
    assert first.status == 202
    answer = http.publish(topic, "2", If_None_Match="*")
    assert answer.status == 412 and answer.error_code() == 114
    assert answer.etag == first.etag
    assert http.get(topic).body == b"1"


def test_compare_and_set_has_one_winner(ng, topic):
    """Eight writers on all workers count up; no count is lost."""
    clients = [client for _ in range(4)
               for client in http_on_each_worker(ng).values()]
    clients[0].publish_json(topic, 0)

    def count(client):
        for _ in range(25):
            while True:
                now = client.get(topic)
                answer = client.publish_json(
                    topic, now.json() + 1, If_Match=now.etag)
                if answer.status in (201, 202):
                    break
                assert answer.status == 412

    threads = [threading.Thread(target=count, args=(one,))
               for one in clients]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    got = clients[0].get(topic)
    assert got.json() == 25 * len(clients)
    assert got.etag.endswith(f'.{25 * len(clients) + 1}"')


def test_get_with_if_none_match(http, topic):
    etag = http.publish(topic, "1").etag
    for fields in (etag, f"{OTHER}, {etag}", "*", "W/" + etag):
        answer = http.get(topic, headers={"If-None-Match": fields})
        assert answer.status == 304 and answer.body == b"", fields
        assert answer.etag == etag
        assert http.get(topic, method="HEAD", headers={
            "If-None-Match": fields}).status == 304
    assert http.get(topic, headers={"If-None-Match": OTHER}).body == b"1"
    http.put(topic, "2")
    answer = http.get(topic, headers={"If-None-Match": etag})
    assert answer.status == 200 and answer.body == b"2"


def test_get_with_if_modified_since(http, topic):
    http.put(topic, "1")
    when = http.get(topic).headers["last-modified"]
    answer = http.get(topic, headers={"If-Modified-Since": when})
    assert answer.status == 304
    past = email.utils.formatdate(
        email.utils.parsedate_to_datetime(when).timestamp() - 100,
        usegmt=True)
    answer = http.get(topic, headers={"If-Modified-Since": past})
    assert answer.status == 200
    answer = http.get(topic, headers={
        "If-Modified-Since": when, "If-None-Match": OTHER})
    assert answer.status == 200, "If-None-Match goes first"


def test_delete_with_a_condition(http, topic):
    first = http.publish(topic, "1").etag
    second = http.publish(topic, "2").etag
    for name, value in (("If-Match", first), ("If-Match", OTHER),
                        ("If-None-Match", "*")):
        answer = http.request("DELETE", "/api/" + topic, headers={name: value})
        assert answer.status == 412 and answer.error_code() == 114
        assert answer.etag == second
    answer = http.request("DELETE", "/api/" + topic, headers={
        "If-Match": "no tag"})
    assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic).body == b"2"
    for status in (204, 404):
        answer = http.request(
            "DELETE", "/api/" + topic, headers={"If-Match": second})
        assert answer.status == status


async def test_idempotency_key(ng, http, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic)
        first = http.publish(topic, "pay 5", Idempotency_Key="k-1")
        assert first.status == 201
        for _ in range(3):
            again = http.publish(topic, "pay 5", Idempotency_Key="k-1")
            assert again.status == 201
            assert again.json() == first.json()
            assert again.etag == first.etag
        other = http.publish(topic, "pay 6", Idempotency_Key="k-1")
        assert other.status == 409 and other.error_code() == 114
        assert (await session.next_of("msg"))["seq"] == 1
        assert http.publish(
            topic, "pay 5", Idempotency_Key="k-2").json()["seq"] == 2
        assert (await session.next_of("msg"))["seq"] == 2
        await session.quiet()


def test_first_answer_after_others(http, topic):
    """The first answer, though the topic has gone on."""
    first = http.publish(topic, "a", Idempotency_Key="k")
    for n in range(5):
        http.put(topic, str(n))
    again = http.publish(topic, "a", Idempotency_Key="k")
    assert (again.status, again.json(), again.etag) == (
        first.status, first.json(), first.etag)
    assert http.get(topic).body == b"4"


def test_a_key_is_of_its_topic(http, topic):
    http.put(topic + "/a", "x", Idempotency_Key="k")
    assert http.put(topic + "/b", "x", Idempotency_Key="k")["seq"] == 1
    assert http.put(topic + "/b", "y")["seq"] == 2


def test_a_key_with_a_condition(http, topic):
    """A replay is answered as before, though its condition fails now."""
    first = http.publish(topic, "a", Idempotency_Key="k", If_None_Match="*")
    assert first.status == 202
    again = http.publish(topic, "a", Idempotency_Key="k", If_None_Match="*")
    assert again.status == 202 and again.json() == first.json()


def test_a_refused_publish_uses_up_no_key(http, topic):
    assert http.publish(
        topic, "a", Idempotency_Key="k", If_Match=OTHER).status == 412
    assert http.publish(topic, "b", Idempotency_Key="k").status == 202


def test_keys_over_workers(ng, topic):
    answers = [json.dumps(client.put(topic, "x", Idempotency_Key="k"))
               for client in http_on_each_worker(ng).values()]
    assert len(answers) == 2 and len(set(answers)) == 1


def test_many_keys(http, topic):
    """Keys of one topic don't push each other out at once."""
    for n in range(200):
        http.put(topic, str(n), Idempotency_Key=f"k{n}")
    for n in (0, 100, 199):
        assert http.put(
            topic, str(n), Idempotency_Key=f"k{n}")["seq"] == n + 1


def test_a_long_key(http, topic):
    assert http.publish(
        topic, "x", Idempotency_Key="k" * 128).status == 202
    answer = http.publish(topic, "x", Idempotency_Key="k" * 4000)
    assert answer.status == 400 and answer.error_code() == 107
