"""json.wspubsub.v1: commands, replies, errors (SPEC section 4)."""

import json

import pytest

from support.httpc import Http
from support.rawws import BINARY, TEXT, RawWS
from support.session import JsonSession

CONFIG = {"workers": 2}
IDS = [0, 1, -1, 2 ** 31, 2 ** 53, "a", "", "é€😀", "x" * 64, "\"\\\n\t/"]


@pytest.fixture
def raw(ng, scheme):
    with RawWS.open(ng, scheme=scheme) as ws:
        yield ws


def ask(ws, text):
    """Sends the text as one frame; returns the next frame's object."""
    ws.text(text if isinstance(text, str) else json.dumps(text))
    opcode, _, data = ws.recv_message()
    assert opcode == TEXT
    return json.loads(data)


def bye_and_close(ws, code):
    """`bye` with the code, then the Close with it."""
    opcode, _, data = ws.recv_message()
    said = json.loads(data)
    assert opcode == TEXT and said["op"] == "bye", said
    assert said["code"] == code and isinstance(said["reason"], str)
    assert isinstance(said["after"], int) and said["after"] >= 0
    ws.expect_close(code)


def test_ping(raw):
    for text in ('{"op":"ping"}', ' {"op" : "ping"}\n', '\n{"op":"ping"}'):
        assert ask(raw, text) == {"op": "pong"}


@pytest.mark.parametrize("ident", IDS, ids=ascii)
def test_ids(raw, ident):
    answer = ask(raw, {"id": ident, "op": "unsub", "topic": "no"})
    assert answer["id"] == ident and type(answer["id"]) is type(ident)
    assert answer["error"]["code"] == 102


@pytest.mark.parametrize("ident", [
    1.5, True, None, [], {}, "x" * 65, "é" * 33], ids=ascii)
def test_bad_ids(raw, ident):
    answer = ask(raw, {"id": ident, "op": "sub", "topic": "a"})
    assert answer["error"]["code"] == 107 and "id" not in answer
    assert ask(raw, '{"op":"ping"}') == {"op": "pong"}


def test_without_an_id_only_errors_are_answered(raw, topic):
    raw.text(json.dumps({"op": "pub", "topic": topic, "data": 1}))
    raw.text(json.dumps({"op": "sub", "topic": topic}))
    assert json.loads(raw.recv_message()[2]) == {
        "op": "msg", "topic": topic, "seq": 1, "data": 1}
    answer = ask(raw, {"op": "sub", "topic": topic})
    assert answer["error"]["code"] == 105 and "id" not in answer


def test_several_commands_in_a_frame(raw, topic):
    raw.text("\n".join(json.dumps(one) for one in (
        {"id": 1, "op": "sub", "topic": topic},
        {"id": 2, "op": "pub", "topic": topic, "text": "a"},
        {"op": "ping"},
        {"id": 3, "op": "unsub", "topic": topic},
        {"id": 4, "op": "nonsense"})) + "\r\n\n")
    got = [json.loads(raw.recv_message()[2]) for _ in range(7)]
    replies = [one for one in got if "id" in one]
    assert [one["id"] for one in replies] == [1, 2, 3, 4]
    assert replies[0]["ok"] == {"topics": [], "recovered": True}
    assert replies[1]["ok"]["seq"] == 1
    assert replies[2]["ok"] == {}
    assert replies[3]["error"]["code"] == 104
    pushed = [one for one in got if "id" not in one]
    assert [one["op"] for one in pushed if one["op"] != "pong"] == [
        "topic", "msg"]


@pytest.mark.parametrize("text", [
    "", " \n", "[]", "1", "\"x\"", "null", "{", '{"op":"ping"', "{}}",
    "not json", '{"op":"ping"} x', '[{"op":"ping"}]', '{"op":"ping",}',
    "{'op':'ping'}", '{"op":"pi\x01ng"}', '{"a":"\\ud80"}',
    '{"op":"ping","x":1\0}'], ids=ascii)
def test_a_frame_that_is_no_object(ng, text):
    """What is whole before the fault is answered, then the session ends."""
    ws = RawWS.open(ng)
    ws.text(text)
    got = ws.recv_frame()
    said = json.loads(got.payload)
    if said == {"op": "pong"} or "error" in said:
        said = json.loads(ws.recv_frame().payload)
    assert said["op"] == "bye" and said["code"] == 3500, said
    ws.expect_close(3500)


def test_commands_before_the_bad_one_are_done(raw, ng, topic):
    raw.text(json.dumps({"id": 1, "op": "pub", "topic": topic, "text": "in"})
             + "\nbad")
    assert json.loads(raw.recv_message()[2])["ok"]["seq"] == 1
    bye_and_close(raw, 3500)
    assert Http(ng).get(topic).body == b"in"


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"op":"ping"}', b"\xff"])
def test_a_binary_frame(raw, payload):
    raw.send_frame(BINARY, payload)
    bye_and_close(raw, 1003)


def test_deep_nesting_is_survived(raw, ng):
    raw.text('{"id":1,"op":"x","a":' + "[" * 30000 + "]" * 30000 + "}")
    said = json.loads(raw.recv_message()[2])
    assert said.get("op") == "bye" or said["error"]["code"] in (104, 107)
    with RawWS.open(ng) as other:
        assert ask(other, '{"op":"ping"}') == {"op": "pong"}


@pytest.mark.parametrize("command, code", [
    ({}, 107), ({"op": 1}, 107), ({"op": None}, 107),
    ({"op": "SUB"}, 104), ({"op": "nope"}, 104),
    ({"op": "who", "topic": "a"}, 107),
    ({"op": "sub"}, 107), ({"op": "sub", "topic": 1}, 107),
    ({"op": "sub", "topic": ""}, 107), ({"op": "sub", "topic": "/a"}, 107),
    ({"op": "sub", "topic": "a/"}, 107), ({"op": "sub", "topic": "a//b"}, 107),
    ({"op": "sub", "topic": "a*"}, 107), ({"op": "sub", "topic": "**/a"}, 107),
    ({"op": "sub", "topic": "***"}, 107),
    ({"op": "sub", "topic": "a/**/b"}, 107),
    ({"op": "sub", "topic": "a\u0001"}, 107),
    ({"op": "sub", "topic": "a\u007f"}, 107),
    ({"op": "sub", "topic": "x" * 256}, 107),
    ({"op": "sub", "topic": "/".join("a" * 33)}, 107),
    ({"op": "sub", "topic": "a", "since": "old"}, 107),
    ({"op": "sub", "topic": "a", "since": 5}, 107),
    ({"op": "sub", "topic": "a", "since": {}}, 107),
    ({"op": "sub", "topic": "a", "since": {"last": -1}}, 107),
    ({"op": "sub", "topic": "a", "since": {"last": "2"}}, 107),
    ({"op": "sub", "topic": "a", "since": {"epoch": "x"}}, 107),
    ({"op": "sub", "topic": "a", "since": {"epoch": 1, "seq": 1}}, 107),
    ({"op": "sub", "topic": "a", "since": {"epoch": "x", "seq": -1}}, 107),
    ({"op": "sub", "topic": "a/*", "since": {"epoch": "x", "seq": 1}}, 107),
    ({"op": "sub", "topic": "a/*", "positions": []}, 107),
    ({"op": "sub", "topic": "a/*", "positions": {"a/b": 1}}, 107),
    ({"op": "unsub"}, 107), ({"op": "unsub", "topic": "none"}, 102),
    ({"op": "pub"}, 107), ({"op": "pub", "topic": "a"}, 107),
    ({"op": "pub", "topic": "a/*", "data": 1}, 107),
    ({"op": "pub", "topic": "", "data": 1}, 107),
    ({"op": "pub", "topic": "a", "data": 1, "text": "x"}, 107),
    ({"op": "pub", "topic": "a", "text": 1}, 107),
    ({"op": "pub", "topic": "a", "text": None}, 107),
    ({"op": "pub", "topic": "a", "b64": "?"}, 107),
    ({"op": "pub", "topic": "a", "b64": "AAA"}, 107),
    ({"op": "pub", "topic": "a", "b64": 1}, 107),
    ({"op": "pub", "topic": "a", "data": 1, "if": "present"}, 107),
    ({"op": "pub", "topic": "a", "data": 1, "if": {"epoch": "x"}}, 107),
    ({"op": "pub", "topic": "a", "data": 1, "key": 1}, 107),
    ({"op": "pub", "topic": "$SYS/a", "data": 1}, 103),
    ({"op": "pub", "topic": "$x", "data": 1}, 103),
    ({"op": "get"}, 107), ({"op": "get", "topic": "a//"}, 107),
    ({"op": "get", "topic": "none/here"}, 102),
    ({"op": "get", "topic": "a/**", "limit": 1001}, 107),
    ({"op": "get", "topic": "a/**", "limit": "5"}, 107),
    ({"op": "get", "topic": "a/**", "after": 5}, 107),
    ({"op": "history", "topic": "none/here", "last": 1}, 102),
    ({"op": "history", "topic": "a/*", "last": 1}, 107),
    ({"op": "history", "topic": "none/here", "last": -1}, 107),
    ({"op": "history", "last": 1}, 107),
], ids=lambda one: json.dumps(one)[:60])
def test_errors(ng, command, code):
    """Each is told, with its id, and the session goes on."""
    with RawWS.open(ng) as ws:
        answer = ask(ws, {"id": "e", **command})
        assert answer.get("id") == "e" and set(answer) == {"id", "error"}
        assert answer["error"]["code"] == code, answer
        assert answer["error"]["message"]
        assert ask(ws, '{"op":"ping"}') == {"op": "pong"}


async def test_unknown_fields_are_ignored(ng, topic):
    async with await JsonSession.open(ng) as session:
        await session.sub(topic, future=1)
        await session.pub(topic, data=1, more={"a": []})


@pytest.mark.parametrize("data", [
    "1e999", "9" * 400, '{"\\u0000":1}', "[" * 3000 + "]" * 3000,
    '"\\ud83d"', '"\\ude00"', '["\\ud83dx"]', '{"\\ud83d":1}'],
    ids=["number", "digits", "name", "depth", "high", "low", "inside",
         "half-name"])
def test_beyond_the_limits_of_json(raw, ng, topic, data):
    """An error for that command, not the end of the session."""
    said = ask(raw, '{"id":7,"op":"pub","topic":"%s","data":%s}\n'
               '{"id":8,"op":"pub","topic":"%s","data":1}'
               % (topic, data, topic))
    assert (said["id"], said["error"]["code"]) == (7, 107)
    assert json.loads(raw.recv_message()[2])["ok"]["seq"] == 1
    assert Http(ng).publish(topic, data, kind="application/json").status == 400


@pytest.mark.parametrize("command", [
    '{"id":7,"op":"pub","topic":"%s","text":"hi \\ud83d"}',
    '{"id":7,"op":"pub","topic":"%s\\ud83d","text":"hi"}',
    '{"id":7,"op":"pub","topic":"%s","text":"hi","key":"\\ude00"}',
    '{"id":7,"op":"pub","topic":"%s","patch":{"a":"\\ud83d"}}',
    '{"id":7,"op":"pub","topic":"%s","patch":[{"op":"\\ud83d"}]}',
    '{"id":7,"op":"pub","topic":"%s","text":"hi","\\ud83d":0}',
    '{"id":7,"op":"get","topic":"%s","after":"\\ud83d"}',
    '{"id":7,"op":"sub","topic":"%s","positions":{"\\ud83d":0}}',
], ids=["text", "topic", "key", "merge-patch", "json-patch", "name",
        "after", "positions"])
def test_half_an_emoji(raw, topic, command):
    """Cutting a text by UTF-16 units makes one: the command's error."""
    said = ask(raw, {"id": 6, "op": "pub", "topic": topic, "data": {}})
    assert said["ok"]["seq"] == 1
    said = ask(raw, command % topic + '{"id":8,"op":"get","topic":"%s"}'
               % topic)
    assert (said["id"], said["error"]["code"]) == (7, 107)
    assert "surrogate" in said["error"]["message"]
    (kept,) = json.loads(raw.recv_message()[2])["ok"]["items"]
    assert kept["data"] == {}, "nothing was published"


def test_half_an_emoji_as_an_id(raw):
    """There is no id that could be told back."""
    said = ask(raw, '{"id":"\\ud83d","op":"ping"}{"id":8,"op":"ping"}')
    assert "id" not in said and said["error"]["code"] == 107
    assert json.loads(raw.recv_message()[2]) == {"id": 8, "op": "pong"}
