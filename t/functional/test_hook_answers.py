"""What each answer of a hook means for the command that waits for it, also
where the answer is no answer."""

import json

import pytest

from support.backend import HELD, Answer, json_answer
from support.httpc import Http
from support.session import JsonSession

MAX_MESSAGE = 4096
# Answers that nginx gives by itself.
OWN = {
    "200": "return 200 '';", "201": "return 201 '';", "204": "return 204;",
    "301": "return 301 /x;", "302": "return 302 http://localhost/;",
    "400": "return 400;", "401": "return 401;", "403": "return 403;",
    "404": "return 404;", "405": "return 405;", "413": "return 413;",
    "422": "return 422 x;", "429": "return 429;", "444": "return 444;",
    "500": "return 500;", "503": "return 503;",
    "none": "root @PREFIX@/none;",
    "refused": "proxy_pass http://127.0.0.1:1;",
    "page": "error_page 403 /page-of-it; return 403;",
    "page-yes": "error_page 403 =200 /page-of-it; return 403;",
    "page-no": "error_page 502 =403 /page-of-it; "
               "proxy_pass http://127.0.0.1:1;",
    "page-away": "error_page 403 http://localhost/; return 403;",
    "no-such-page": "error_page 403 /no-such-page; return 403;",
    "intercepted": "proxy_intercept_errors on; error_page 500 =204 @yes; "
                   "proxy_pass http://127.0.0.1:@BACKEND@/may;",
    "slow": "proxy_read_timeout 200ms; "
            "proxy_pass http://127.0.0.1:@BACKEND@/may;",
    "loop": "rewrite ^ /hook/loop last;",
}
HTTP = """
ws_pubsub_zone main:8m;
ws_pubsub_topic "t/**" zone=main presence=on history=10;
"""
ENDPOINT = """
location /%(kind)s/%(name)s {
    ws_pubsub zone=main;
    ws_pubsub_log_at %(kind)s;
    ws_pubsub_max_message %(max)d;
    ws_pubsub_subscribe_request /hook/%(name)s;
    ws_pubsub_publish_request /hook/%(name)s;
    %(more)s
}
"""


def endpoints(name, more=""):
    return "".join(ENDPOINT % {
        "kind": kind, "name": name, "more": more, "max": MAX_MESSAGE}
        for kind in ("close", "connect"))


CONFIG = {"workers": 1, "http": HTTP, "locations": "".join(
    endpoints(name)
    + f"location = /hook/{name} {{ internal; {what} }}"
    for name, what in OWN.items()) + endpoints("proxied") + endpoints(
        "soon", "ws_pubsub_hook_timeout 300ms;") + """
location = /hook/proxied {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}
location = /hook/soon {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
}
location = /page-of-it { internal; return 200 ""; }
location @yes { return 204; }
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
"""}

OPS = {
    "sub": {"since": "new"}, "get": {}, "history": {"last": 1}, "who": {},
    "pub": {"text": "asked"},
}
ALLOWED = 0


@pytest.fixture(params=["close", "connect"])
def log_at(request):
    return request.param


async def code_of(session, op, topic):
    """Of the error; 0 where it was allowed."""
    reply = await session.command(op, topic=topic, **OPS[op])
    return reply["error"]["code"] if "error" in reply else ALLOWED


async def check_each_op(ng, path, topic, code, **how):
    """All of them in one session, which is well all the while."""
    http = Http(ng)
    async with await JsonSession.open(ng, path, **how) as session:
        for op in OPS:
            http.put(topic, "before")
            assert await code_of(session, op, topic) == code, op
            if op == "sub" and code == ALLOWED:
                await session.ok("unsub", topic=topic)
        await session.ping()
        assert http.get(topic).body == (
            b"asked" if code == ALLOWED else b"before")


CODES = {
    "200": 0, "201": 0, "204": 0, "301": 115, "302": 115, "400": 115,
    "401": 103, "403": 103, "404": 103, "405": 115, "413": 107, "422": 107,
    "429": 111, "444": 115, "500": 115, "503": 115, "none": 103,
    "refused": 115, "page-yes": 0, "page-no": 103, "page-away": 115,
    "page": 103, "no-such-page": 103, "intercepted": 0, "slow": 115,
    "loop": 115,
}


@pytest.mark.parametrize("name", list(OWN))
async def test_of_nginx_itself(ng, backend, topic, log_at, name):
    backend.say(topic, Answer(500) if name == "intercepted" else HELD)
    await check_each_op(ng, f"/{log_at}/{name}", topic, CODES[name])


@pytest.mark.parametrize("status, code", [
    (200, 0), (201, 0), (202, 0), (204, 0), (203, 115), (205, 115),
    (206, 115), (207, 115), (299, 115), (300, 115), (301, 115), (302, 115),
    (304, 115), (307, 115), (400, 115), (401, 103), (402, 115), (403, 103),
    (404, 103), (405, 115), (408, 115), (409, 115), (410, 115), (413, 107),
    (418, 115), (422, 107), (429, 111), (499, 115), (500, 115), (502, 115),
    (503, 115), (504, 115), (599, 115)])
async def test_of_an_application(ng, backend, topic, status, code):
    backend.say(topic, Answer(status))
    await check_each_op(ng, "/close/proxied", topic, code)
    assert len(backend.of(topic)) == len(OPS)


@pytest.mark.parametrize("status, code", [(204, 0), (403, 103), (500, 115)])
async def test_over_tls(ng, backend, topic, log_at, status, code):
    backend.say(topic, Answer(status))
    await check_each_op(ng, f"/{log_at}/proxied", topic, code,
                        scheme="https")


@pytest.mark.parametrize("answer", [
    Answer(raw=b""), Answer(raw=b"HTTP/1.1 200 OK\r\n"),
    Answer(raw=b"not HTTP at all, but enough to be looked at\r\n\r\n"),
    Answer(200, b"x" * 100, cut=0), Answer(200, b"x" * 100, cut=99),
    Answer(200, b"x" * 3000, cut=2999),
    Answer(200, b"x" * 100, cut=0, chunked=True),
    Answer(200, b"x" * 100, cut=50, chunked=True),
    Answer(403, b"x" * 100, cut=50),
    Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
    Answer(200, b"x" * (MAX_MESSAGE + 1)),
    Answer(200, b"x" * (MAX_MESSAGE + 1), chunked=True),
    Answer(200, b"x" * 1_000_000),
    Answer(201, b"x" * 1_000_000, chunked=True),
], ids=lambda one: f"{one.status}-{one.raw or len(one.body)}-{one.cut}")
async def test_no_whole_answer(ng, backend, topic, log_at, answer):
    backend.say(topic, answer)
    await check_each_op(ng, f"/{log_at}/proxied", topic, 115)


@pytest.mark.parametrize("chunked", [False, True])
async def test_just_as_large_as_may_be(ng, backend, topic, chunked):
    backend.say(topic, Answer(200, b"x" * MAX_MESSAGE, chunked=chunked))
    async with await JsonSession.open(ng, "/close/proxied") as session:
        await session.sub(topic)
        await session.pub(topic, text="asked")
    assert Http(ng).get(topic).body == b"x" * MAX_MESSAGE


async def test_none_in_time(ng, backend, topic, log_at):
    backend.say(topic, HELD)
    await check_each_op(ng, f"/{log_at}/soon", topic, 115)
    await backend.until_gone(topic, len(OPS))


async def test_a_body_that_never_ends(ng, backend, topic):
    """The head came in time, but is no answer by itself."""
    backend.say(topic, Answer(200, b"x" * 100, cut=50, stalled=True))
    await check_each_op(ng, "/close/soon", topic, 115)
    await backend.until_gone(topic, len(OPS))


async def test_the_default_text(ng, backend, topic):
    backend.say(topic, Answer(403))
    async with await JsonSession.open(ng, "/close/proxied") as session:
        error = await session.fails(103, "sub", topic=topic)
        assert error["message"] == "not allowed"


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("text", [
    "pay first", "é 😀 \" \\ </script>", "x" * 200, "é" * 100])
async def test_a_text_of_the_application(ng, backend, topic, status, text):
    backend.say(topic, json_answer(status, json.dumps(
        {"code": 5, "message": text, "more": [{}]})))
    async with await JsonSession.open(ng, "/close/proxied") as session:
        for op, fields in OPS.items():
            error = await session.fails(103, op, topic=topic, **fields)
            assert error["message"] == text


async def test_a_text_with_a_charset(ng, backend, topic):
    backend.say(topic, json_answer(
        403, '{"message":"pay first"}', "application/json; charset=utf-8"))
    async with await JsonSession.open(ng, "/close/proxied") as session:
        error = await session.fails(103, "sub", topic=topic)
        assert error["message"] == "pay first"


@pytest.mark.parametrize("answer", [
    json_answer(403, '{"message":"secret"}', "text/plain"),
    json_answer(403, '{"message":"secret"}', "application/jsonp"),
    Answer(403, b'{"message":"secret"}'),
    json_answer(403, json.dumps({"message": "x" * 201})),
    json_answer(403, json.dumps({"message": "é" * 101},
                                ensure_ascii=False)),
    json_answer(403, '{"message":["secret"]}'),
    json_answer(403, '{"message":null}'),
    json_answer(403, '{"Message":"secret"}'),
    json_answer(403, '["secret"]'), json_answer(403, '"secret"'),
    json_answer(403, '{"message":"secret"'), json_answer(403, ""),
    json_answer(403, '{"message":"secret"} x'),
    Answer(403, b'{"message":"\xff"}', {"Content-Type": "application/json"}),
    json_answer(403, '{"message":"\\ud83d"}'),
    json_answer(403, '{"message":"secret\\u0000"}'),
], ids=lambda one: repr(one.body[:30]))
async def test_no_text_of_the_application(ng, backend, topic, answer):
    backend.say(topic, answer)
    async with await JsonSession.open(ng, "/close/proxied") as session:
        error = await session.fails(103, "sub", topic=topic)
        assert error["message"] == "not allowed"
        await session.ping()


async def test_a_text_is_for_that_command_only(ng, backend, topic):
    backend.say(topic, [json_answer(403, '{"message":"pay first"}'),
                        Answer(403), Answer(500), Answer(204)])
    async with await JsonSession.open(ng, "/close/proxied") as session:
        for code, text in ((103, "pay first"), (103, "not allowed"),
                           (115, None)):
            error = await session.fails(code, "sub", topic=topic)
            assert text in (None, error["message"])
            assert "pay" not in error["message"] or text == "pay first"
        await session.sub(topic)


async def test_what_it_answers_to_a_read_is_no_value(ng, backend, topic):
    backend.say(topic, Answer(200, b"not for clients"))
    http = Http(ng)
    http.put(topic, "value")
    async with await JsonSession.open(ng, "/close/proxied") as session:
        await session.sub(topic)
        assert (await session.msg())["text"] == "value"
        items = (await session.ok("get", topic=topic))["items"]
        assert items[0]["text"] == "value"


async def test_commands_without_an_id(ng, backend, topic):
    """There is no reply but an error."""
    backend.say(topic, [Answer(204), Answer(403)])
    async with await JsonSession.open(ng, "/close/proxied") as session:
        for _ in range(2):
            await session.ws.send(json.dumps(
                {"op": "pub", "topic": topic, "text": "x"}))
        assert (await session.orphans.get())["code"] == 103
    assert Http(ng).get(topic).etag.endswith('.1"')


async def test_the_status_counts_them(ng, backend, topic):
    http = Http(ng)
    before = http.status()
    backend.say(topic, [Answer(204), Answer(403), Answer(404), Answer(500),
                        HELD])
    async with await JsonSession.open(ng, "/close/proxied") as session:
        for code in (0, 103, 103, 115):
            assert await code_of(session, "get", topic) in (code, 102)
        held = session.expect_reply("last")
        await session.ws.send(json.dumps(
            {"id": "last", "op": "get", "topic": topic}))
        await backend.until_asked(topic, 5)
        now = http.status()
        assert now["hooks_pending"] == 1
        backend.release(topic)
        await held
    after = http.status()
    assert after["hooks_pending"] == 0
    assert after["hooks"] - before["hooks"] == 5
    assert after["hooks_denied"] - before["hooks_denied"] == 2
    assert after["hooks_failed"] - before["hooks_failed"] == 1
