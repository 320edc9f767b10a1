"""What the log says of an error 103: what was wanted, and what is allowed."""

import pytest

from support.httpc import Http, raw_request
from support.rawws import head
from support.session import JsonSession

CONFIG = {"workers": 1, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_identity $arg_name;
    ws_pubsub_allow_subscribe "user/$arg_name/**" "news";
    ws_pubsub_allow_publish "chat/*";
}
location /useless {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "user/$arg_name";
}
location /read/ {
    ws_pubsub_api zone=main;
    ws_pubsub_identity $arg_name;
    ws_pubsub_allow_subscribe "news";
}
location /api/ { ws_pubsub_api zone=main; }
"""}

READS = '(allowed: "user/ann/**" "news"; identity: "ann")'
WRITES = '(allowed: "chat/*"; identity: "ann")'


def said_since(ng, seen):
    return ng.log_text()[seen:]


@pytest.mark.parametrize("command, said", [
    ({"op": "sub", "topic": "user/bob"}, f'subscribe to "user/bob" {READS}'),
    ({"op": "sub", "topic": "**"}, f'subscribe to "**" {READS}'),
    ({"op": "get", "topic": "x"}, f'subscribe to "x" {READS}'),
    ({"op": "history", "topic": "x", "last": 1}, f'subscribe to "x" {READS}'),
    ({"op": "who", "topic": "x"}, f'subscribe to "x" {READS}'),
    ({"op": "pub", "topic": "chat/a/b", "text": "x"},
     f'publish to "chat/a/b" {WRITES}'),
    ({"op": "pub", "topic": "$own", "text": "x"},
     f'publish to "$own" {WRITES}'),
], ids=str)
async def test_commands(ng, scheme, command, said):
    async with await JsonSession.open(
            ng, scheme=scheme, path="/ws?name=ann") as session:
        seen = len(ng.log_text())
        await session.fails(103, **command)
        lines = [line for line in said_since(ng, seen).splitlines()
                 if "not allowed to" in line]
        assert len(lines) == 1
        assert f"ws_pubsub: not allowed to {said}" in lines[0]
        assert "[info]" in lines[0] and "client: 127.0.0.1" in lines[0]


@pytest.mark.parametrize("method, topic, said", [
    ("GET", "x", 'read "x" (allowed: "news"; identity: "ann")'),
    ("GET", "?select=**&", 'read "**" (allowed: "news"; identity: "ann")'),
    ("POST", "x", 'publish to "x" (allowed: nothing; identity: "ann")'),
    ("DELETE", "x", 'remove "x" (allowed: nothing; identity: "ann")'),
    ("DELETE", "?select=a/*&",
     'remove "a/*" (allowed: nothing; identity: "ann")'),
])
def test_requests(ng, method, topic, said):
    seen = len(ng.log_text())
    path = "/read/" + topic + ("" if "?" in topic else "?") + "name=ann"
    answer = Http(ng).request(method, path, "x" if method == "POST" else None,
                              {"Content-Type": "text/plain"})
    assert answer.status == 403 and answer.error_code() == 103
    assert f"ws_pubsub: not allowed to {said}" in said_since(ng, seen)


def test_an_argument_can_not_add_lines_to_the_log(ng):
    seen = len(ng.log_text())
    assert raw_request(ng, head(
        path="/useless?name=x%0A2026/11/29%20[warn]%20forged%1b[31m")
        ).status == 403
    said = said_since(ng, seen)
    assert '"user/$ws_pubsub_arg_name" allows nothing here' in said
    assert "[warn] forged" not in said  # the request's line has it encoded
    assert "\n2026/11/29 [warn] forged" not in said


def test_a_name_can_not_add_lines_to_the_log(ng):
    seen = len(ng.log_text())
    assert Http(ng).request(
        "GET", "/read/x?name=ann%0A%22forged").status == 403
    assert r'identity: "ann\n\"forged")' in said_since(ng, seen)
    assert "\n\"forged" not in said_since(ng, seen)
