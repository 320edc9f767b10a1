"""Hooks are requests like others: any content handler, and all that nginx
does around one."""

import pathlib

import pytest

from support.backend import HELD, Answer
from support.hook_locations import (
    ALL, APP, AROUND, ASKS, DENIES, HTTP, KINDS, hook, hooks)
from support.httpc import Http
from support.session import JsonSession

NJS = pathlib.Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
CONFIG = {"workers": 1, "http": HTTP, "locations": AROUND + hooks(ALL)}


@pytest.fixture(params=KINDS)
def log_at(request):
    return request.param


@pytest.fixture
def application(backend, fastcgi):
    """Says one thing by both protocols."""
    def say(topic, answer):
        def by_path(one):
            if one.path == "/accelerate":
                return Answer(200, b"not this", {"X-Accel-Redirect": "/inner"})
            if one.path in ("/auth", "/copy", "/after"):
                return Answer(204)
            return HELD if one.path == "/held" else answer

        backend.say(topic, by_path)
        fastcgi.say(topic, answer)
    return say


@pytest.mark.parametrize("name", list(ASKS))
async def test_what_is_answered_counts(ng, application, scheme, topic, log_at,
                                       name):
    """In one session, so that it has to be well after each."""
    http = Http(ng)
    async with await JsonSession.open(ng, f"/{log_at}/{name}",
                                      scheme=scheme) as session:
        for n, (status, code) in enumerate((
                (403, 103), (204, 0), (500, 115), (200, 0), (422, 107),
                (429, 111), (302, 115), (404, 103), (201, 0))):
            one = f"{topic}/{n}"
            application(one, Answer(status, headers={
                "Location": "/x"} if status == 302 else {}))
            if code:
                await session.fails(code, "sub", topic=one)
                await session.fails(code, "pub", topic=one, text="x")
                assert http.get(one).status == 404
            else:
                await session.sub(one)
                await session.pub(one, text="x")
                assert (await session.next_of("msg"))["topic"] == one


@pytest.mark.parametrize("name", list(ASKS))
async def test_the_body_replaces(ng, application, topic, log_at, name):
    application(topic, Answer(200, b"z" * 3000,
                              {"Content-Type": "text/plain"}))
    async with await JsonSession.open(ng, f"/{log_at}/{name}") as session:
        await session.pub(topic, text="x" * 20000)
    answer = Http(ng).get(topic)
    assert answer.body == b"z" * 3000
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("name", [one for one in ASKS if one != "fastcgi"])
async def test_broken_off(ng, application, topic, log_at, name):
    async with await JsonSession.open(ng, f"/{log_at}/{name}") as session:
        for size in (100, 3000):
            application(topic, Answer(200, b"z" * size, cut=size - 1))
            await session.fails(115, "pub", topic=topic, text="x")
            await session.fails(115, "sub", topic=topic)
    assert Http(ng).get(topic).status == 404


@pytest.mark.parametrize("name", list(DENIES))
async def test_what_is_before_the_application(ng, application, scheme, topic,
                                              log_at, name):
    application(topic, Answer(204))
    async with await JsonSession.open(ng, f"/{log_at}/{name}",
                                      scheme=scheme) as session:
        for _ in range(3):
            await session.fails(DENIES[name][1], "sub", topic=topic)
            await session.fails(DENIES[name][1], "pub", topic=topic, text="x")
    assert Http(ng).get(topic).status == 404


async def test_keepalive(ng, backend, topic, log_at):
    before = backend.connections
    async with await JsonSession.open(ng, f"/{log_at}/kept") as session:
        for n in range(50):
            await session.pub(topic, text=str(n))
    assert len(backend.of(topic)) == 50
    assert backend.connections - before <= 1


async def test_what_is_sent_by_fastcgi(ng, fastcgi, topic, log_at):
    fastcgi.say(topic, Answer(200, b'{"b":2}',
                              {"Content-Type": "application/json"}))
    async with await JsonSession.open(ng, f"/{log_at}/fastcgi") as session:
        await session.pub(topic, data={"a": 1})
    one, = fastcgi.of(topic)
    assert one.method == "POST" and one.op == "pub"
    assert one.path == "/hook/fastcgi"
    assert one.body == b'{"a": 1}'
    assert fastcgi.params_of(topic)["TOPIC"] == topic
    assert fastcgi.params_of(topic)["CONTENT_LENGTH"] == "8"
    assert fastcgi.params_of(topic)["CONTENT_TYPE"] == "application/json"
    assert Http(ng).get(topic).body == b'{"b":2}'


async def test_fastcgi_broken_off(ng, fastcgi, topic, log_at):
    fastcgi.say(topic, Answer(200, b"z" * 100, {"Content-Length": "100"},
                              cut=50))
    async with await JsonSession.open(ng, f"/{log_at}/fastcgi") as session:
        await session.fails(115, "pub", topic=topic, text="x")
        await session.fails(115, "sub", topic=topic)


async def test_the_copy_and_what_comes_after(ng, backend, topic, log_at):
    for name, path in (("mirrored", "/copy"), ("afterwards", "/after"),
                       ("asked-before", "/auth")):
        one = f"{topic}/{name}"
        async with await JsonSession.open(ng, f"/{log_at}/{name}") as session:
            await session.sub(one)
            await session.pub(one, text="body")
            await backend.until_asked(one, 4)
        assert len(backend.of(one, path)) == 2
        assert [asked.body for asked in backend.of(one, "/may")] == [
            b"", b"body"]
        if name == "mirrored":
            assert sorted(asked.body for asked in backend.of(one, path)) == [
                b"", b"body"]


async def test_a_hook_that_publishes(nginx, topic):
    """The API is a handler, too: the payload goes to its topic."""
    ng = nginx(workers=1, http=HTTP, locations=AROUND + hook(
        "api", "ws_pubsub_api zone=main topic=hooked;"))
    async with await JsonSession.open(ng, "/close/api") as session:
        told = await session.pub(topic, text="x")
        assert told["seq"] == 1
    http = Http(ng)
    assert http.get("hooked").body == b"x"
    assert b'"topic"' in http.get(topic).body


SCRIPT = """
async function ask(r) {
    const reply = await r.subrequest("/asked", {
        args: r.variables.args, method: "POST", body: r.requestText || ""});
    r.headersOut["Content-Type"] = "text/plain";
    r.return(reply.status, reply.responseText || "");
}
function own(r) {
    r.return(r.variables.ws_pubsub_topic.endsWith("/no") ? 403 : 204);
}
function broken(r) { throw new Error("broken"); }
function slow(r) { setTimeout(() => r.return(204), 50); }
function parts(r) {
    r.status = 200;
    r.sendHeader();
    r.send("one ");
    r.send("two");
    r.finish();
}
export default { ask, own, broken, slow, parts };
"""


@pytest.fixture(scope="module")
def scripted(module_nginx, tmp_path_factory):
    if not NJS.exists():
        pytest.skip("njs is not here")
    folder = tmp_path_factory.mktemp("hooks")
    for one in [folder, *folder.parents[:2]]:
        one.chmod(0o755)
    (folder / "hooks.js").write_text(SCRIPT)
    names = ["ask", "own", "broken", "slow", "parts"]
    return module_nginx(
        workers=1, main=f"load_module {NJS};", http=HTTP
        + f"js_path {folder}; js_import hooks.js;",
        locations=AROUND + "".join(hook(
            name, f"js_content hooks.{name};") for name in names)
        + f"location = /asked {{ internal; {APP}/may; }}")


async def test_scripts(scripted, topic, log_at):
    for name, one, code in (
            ("own", topic, 0), ("own", topic + "/no", 103),
            ("broken", topic + "/b", 115), ("slow", topic + "/c", 0),
            ("parts", topic + "/d", 0)):
        async with await JsonSession.open(
                scripted, f"/{log_at}/{name}") as session:
            for _ in range(3):
                if code:
                    await session.fails(code, "sub", topic=one)
                else:
                    await session.sub(one, "new")
                    await session.ok("unsub", topic=one)
            await session.ping()
    async with await JsonSession.open(
            scripted, f"/{log_at}/parts") as session:
        await session.pub(topic, text="x")
    assert Http(scripted).get(topic).body == b"one two"
    scripted.check_running()


async def test_a_script_that_asks(scripted, backend, topic, log_at):
    backend.say(topic, [Answer(403), Answer(500), Answer(200, b"new")])
    async with await JsonSession.open(scripted, f"/{log_at}/ask") as session:
        await session.fails(103, "pub", topic=topic, text="old")
        await session.fails(115, "pub", topic=topic, text="old")
        await session.pub(topic, text="old")
    assert Http(scripted).get(topic).body == b"new"
    assert [one.body for one in backend.of(topic)] == [b"old"] * 3
    assert {one.op for one in backend.of(topic)} == {"pub"}
    scripted.check_running()
