"""History and lists of topics over HTTP."""

import time
import urllib.parse

import pytest

from support.httpc import Http

CONFIG = {"workers": 2}


@pytest.fixture
def http(ng, scheme):
    with Http(ng, scheme) as client:
        yield client


def fill(http, name, count):
    for n in range(1, count + 1):
        told = http.publish_json(name, n).json()
    return told["epoch"]


def seqs(answer):
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("application/json")
    told = answer.json()
    assert set(told) == {"items", "more"}
    return [one["seq"] for one in told["items"]]


def test_last(http, topic):
    name = "short/" + topic
    epoch = fill(http, name, 10)
    got = http.get(name, "last=2")
    assert seqs(got) == [9, 10]
    item = got.json()["items"][0]
    assert item == {"topic": name, "epoch": epoch, "seq": 9,
                    "time": item["time"], "data": 9}
    assert abs(item["time"] - time.time() * 1000) < 60000
    assert seqs(http.get(name, "last=100")) == [7, 8, 9, 10]
    assert seqs(http.get(name, "last=4")) == [7, 8, 9, 10]
    assert seqs(http.get(name, "last=0")) == []


def test_since(http, topic):
    name = "hist/" + topic
    epoch = fill(http, name, 10)
    assert seqs(http.get(name, f"since={epoch}.7")) == [8, 9, 10]
    assert seqs(http.get(name, f"since={epoch}.0")) == list(range(1, 11))
    assert seqs(http.get(name, f"since={epoch}.10")) == []
    got = http.get(name, f"since={epoch}.2&limit=3")
    assert seqs(got) == [3, 4, 5] and got.json()["more"] is True
    got = http.get(name, f"since={epoch}.7&limit=3")
    assert seqs(got) == [8, 9, 10] and got.json()["more"] is False


def test_since_of_another_epoch(http, topic):
    name = "hist/" + topic
    fill(http, name, 3)
    answer = http.get(name, "since=0other0.1")
    assert answer.status == 412
    assert answer.etag == http.get(name).etag


def test_kinds_of_items(http, topic):
    name = "hist/" + topic
    http.put(name, '{"a":1}', kind="application/json")
    http.put(name, "é")
    http.put(name, b"\x00\xff", kind="application/octet-stream")
    items = http.get(name, "last=3").json()["items"]
    assert items[0]["data"] == {"a": 1}
    assert items[1]["text"] == "é"
    assert items[2]["b64"] == "AP8="


@pytest.mark.parametrize("query", [
    "since=", "since=abc", "since=abc.", "since=.1", "since=abc.x",
    "since=abc.-1", "last=", "last=x", "last=-1", "last=1x"])
def test_malformed(http, topic, query):
    http.put(topic, "x")
    answer = http.get(topic, query)
    assert answer.status == 400 and answer.error_code() == 107


def test_head_of_history(http, topic):
    name = "hist/" + topic
    fill(http, name, 3)
    answer = http.get(name, "last=2", method="HEAD")
    assert answer.status == 200 and answer.body == b""


@pytest.fixture
def names(http, topic):
    made = sorted((f"{topic}/{one}" for one in (
        "b", "a", "a/b", "a/b/c", "é", "A", "a b", "x", "y")),
        key=str.encode)
    for name in reversed(made):
        http.put(name, name)
    return made


def select(http, selector, more=""):
    answer = http.get(query="select=" + urllib.parse.quote(
        selector, safe="/*") + more)
    assert answer.status == 200, answer
    told = answer.json()
    assert set(told) == {"topics", "more"}
    return told


def test_select(http, names, topic):
    told = select(http, topic + "/**")
    assert [one["topic"] for one in told["topics"]] == names
    assert told["more"] is False
    for one in told["topics"]:
        assert set(one) == {"topic", "epoch", "seq"} and one["seq"] == 1
    told = select(http, topic + "/*")
    assert [one["topic"] for one in told["topics"]] == [
        name for name in names if name.count("/") == 2]
    told = select(http, names[0])
    assert [one["topic"] for one in told["topics"]] == names[:1]
    assert select(http, topic + "/none/*") == {"topics": [], "more": False}


def test_select_values(http, names, topic):
    told = select(http, topic + "/**", "&values=1")
    assert [one["topic"] for one in told["topics"]] == names
    for one in told["topics"]:
        assert set(one) == {"topic", "epoch", "seq", "time", "text"}
        assert one["text"] == one["topic"]


def test_select_pages(http, names, topic):
    got, more = [], "&limit=2"
    while True:
        page = select(http, topic + "/**", more)
        got += [one["topic"] for one in page["topics"]]
        if not page["more"]:
            break
        assert len(page["topics"]) == 2
        more = "&limit=2&after=" + urllib.parse.quote(got[-1])
    assert got == names


@pytest.mark.parametrize("query", [
    "select=", "select=a*", "select=**/a", "select=a//b", "select=***",
    "select=a/**&limit=x", "select=a/**&limit=1001",
    "select=a/**&limit=-1", "select=%FF", "select=a/**&values=2",
    "select=a/**&values=", "selct=a/**", "select=%zz", "select=a/%",
    "select=a/../b", "select=./**", "select=a/**&after=%zz"])
def test_bad_select(http, query):
    answer = http.get(query=query)
    assert answer.status == 400 and answer.error_code() == 107


def test_select_of_a_topic(http, topic):
    """A selection is asked of the root: else it would be lost."""
    http.put(topic, "x")
    for method in ("GET", "DELETE"):
        answer = http.get(topic, "select=a/**", method=method)
        assert answer.status == 400 and answer.error_code() == 107
    assert http.get(topic, "other=1&token=abc").body == b"x"


def test_the_root(http):
    answer = http.get()
    assert answer.status == 400 and answer.error_code() == 107


def test_select_does_not_show_the_modules_own(http):
    for selector in ("*", "**", "*/*"):
        assert not [one for one in select(http, selector)["topics"]
                    if one["topic"].startswith("$")]


def test_select_with_retain_off(http, topic):
    http.put(f"event/{topic}/a", "x")
    told = select(http, f"event/{topic}/*")
    assert [one["topic"] for one in told["topics"]] == [f"event/{topic}/a"]
