"""Paging through 100,000 topics while others come and go."""

import threading

import pytest

from support.httpc import Http

COUNT = 100_000
CONFIG = {"workers": 2, "http": "ws_pubsub_zone main:128m;"}


def name(n):
    """Of different depths, so that path order is not that of numbers."""
    return f"page/{n % 7}/{n:06}" if n % 3 else f"page/{n:06}"


@pytest.fixture(scope="module")
def names(shared):
    with Http(shared) as http:
        for start in range(0, COUNT, 10_000):
            told = http.batch([{"topic": name(n), "data": n}
                               for n in range(start, start + 10_000)])
            assert all("seq" in one for one in told)
    return sorted(map(name, range(COUNT)))


def pages(http, query):
    after = ""
    while True:
        told = http.get(query=query + after).json()
        yield told["topics"]
        if not told["more"]:
            return
        after = "&after=" + told["topics"][-1]["topic"]


def churn(ng, stop, failures):
    """Adds and removes topics among those that stay."""
    try:
        with Http(ng) as http:
            n = 0
            while not stop.is_set():
                n += 1
                some = [name(i * 997 % COUNT) + f"/{n}" for i in range(50)]
                http.batch([{"topic": one, "data": n} for one in some])
                for one in some:
                    assert http.delete(one).status == 204
    except Exception as failure:  # told by the test
        failures.append(failure)


def test_each_once_while_others_come_and_go(ng, names):
    stop, failures = threading.Event(), []
    thread = threading.Thread(target=churn, args=(ng, stop, failures))
    thread.start()
    try:
        with Http(ng) as http:
            got = [one["topic"] for page in pages(
                http, "select=page/**&limit=1000") for one in page]
    finally:
        stop.set()
        thread.join(60)
    assert not failures, failures
    assert got == sorted(got), "path order is bytewise"
    assert len(set(got)) == len(got), "none twice"
    staying = set(names)
    assert [one for one in got if one in staying] == names
    assert all("/" in one[len("page/"):] for one in got if one not in staying)


def test_values(ng, names):
    """Fewer topics a page where a page is full of bytes."""
    with Http(ng) as http:
        for page in pages(http, "select=page/*&values=1&limit=1000"):
            for one in page:
                assert name(one["data"]) == one["topic"]


def test_delete_all_but_some(ng, names):
    with Http(ng) as http:
        assert http.request(
            "DELETE", "/api/?select=page/*/*").status == 204
        got = [one["topic"] for page in pages(
            http, "select=page/**&limit=1000") for one in page]
        assert got == [one for one in names if one.count("/") == 1]
        assert http.request("DELETE", "/api/?select=**").status == 204
        assert http.get(query="select=**").json()["topics"] == []
        assert http.status()["topics"] == 0
