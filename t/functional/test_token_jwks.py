"""Keys that a location answers with: an identity provider that is there, down,
slow, wrong, and that changes its keys."""

import json
import os
import signal
import time

import pytest

from support import ports
from support.backend import HELD, Answer, Backend, json_answer
from support.httpc import Http, raw_request
from support.processes import alive, wait_until
from support.rawws import head
from support.session import JsonSession
from support.tokens import Issuer, bearer

ES, RS, OTHER = Issuer("ES256"), Issuer("RS256"), Issuer("ES256")
HS = Issuer("HS256")
RETRY_S = 30.0  # longer than the pauses of a worker that has no set


def answer_of(*keys):
    return json_answer(200, json.dumps({"keys": keys}))


FIRST = (ES.jwk(kid="es", use="sig"), RS.jwk(kid="rs"))


@pytest.fixture
def provider():
    one = Backend()
    one.answer = answer_of(*FIRST)
    yield one
    one.end()


LOCATIONS = """
location /x {
    ws_pubsub_token required;
    try_files /none @user;
}
location @user { return 200 "$ws_pubsub_user"; }
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
}
location /later {
    ws_pubsub zone=main;
    ws_pubsub_token later first=60s;
    ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
}
"""
KEYS = """
location = /keys {
    internal;
    proxy_pass http://127.0.0.1:%d/set;
    %s
}
"""


def config(port, directive="/keys", keys="", server="", **more):
    return {"workers": 1, "http": "ws_pubsub_zone main:8m;",
            "server": f"ws_pubsub_token_jwks {directive}; {server}",
            "locations": LOCATIONS + KEYS % (port, keys), **more}


def get(ng, token=None, path="/x"):
    with Http(ng) as http:
        return http.request("GET", path, headers=bearer(token) if token else {})


def status(ng, token=None, path="/x"):
    return get(ng, token, path).status


def wait_status(ng, wanted, token, timeout_s=RETRY_S):
    wait_until(f"the answer {wanted}",
               lambda: status(ng, token) == wanted, timeout_s)


def es_token(**claims):
    return ES.token("ann", kid="es", **claims)


# -- what is asked, and what for ----------------------------------------------

def test_good_from_the_start(nginx, provider):
    ng = nginx(**config(provider.port, "/keys?tenant=7"))
    wait_status(ng, 200, es_token())
    assert get(ng, RS.token("bob", kid="rs")).body == b"bob"
    assert get(ng, ES.token("bob")).body == b"bob"
    for bad in (OTHER.token("ann", kid="es"), HS.token("ann"), "x",
                es_token(expires_s=-5)):
        assert status(ng, bad) == 401
    assert len(provider.asked) == 1  # a set has no secrets
    assert status(ng) == 401
    assert raw_request(ng, head("/ws", more=bearer("x"))).status == 401
    assert raw_request(ng, head("/ws", more=bearer(es_token()))).status == 101
    assert status(ng, es_token(), "/keys") == 404
    asked = provider.asked[0]
    assert (asked.method, asked.target) == ("GET", "/set?tenant=7")
    assert asked.header("Content-Length") is None
    assert asked.header("Authorization") is None


def test_what_its_request_is_like(nginx, provider):
    """The server's name and address, and no client."""
    ng = nginx(**config(
        provider.port, server="server_name id.example *.id.example; "
                              "ws_pubsub_token required;",
        keys="log_subrequest on; access_log logs/keys.log keys; "
             "allow unix:; deny all; proxy_set_header X-Host $host;",
        http="log_format keys '$remote_addr $server_addr $server_port "
             "$scheme $host $http_host \"$request\" $request_uri $status';"
             "ws_pubsub_zone main:8m;"))
    wait_status(ng, 200, es_token())
    log = ng.prefix / "logs" / "keys.log"
    assert wait_until("its line", log.read_text).strip() == (
        f"unix: 127.0.0.1 {ng.port} http id.example id.example "
        '"GET /keys HTTP/1.1" /keys 200')
    assert provider.asked[0].header("X-Host") == "id.example"


SERVERS = """
server { listen 127.0.0.1:%d; return 301 https://localhost/; }
"""


def test_of_all_servers(nginx, provider):
    """One source for those that inherit it; servers without tokens are none
    that would have its location."""
    ng = nginx(**config(
        provider.port, http="ws_pubsub_zone main:8m;"
        "ws_pubsub_token_jwks /keys;" + SERVERS % ports.take(1)[0],
        servers="""
server {
    listen 127.0.0.1:%d;
    location /y { ws_pubsub_token required; try_files /none =204; }
    location /keys { return 500; }
}""" % ports.take(1)[0]) | {"server": ""})
    wait_status(ng, 200, es_token())
    assert len(provider.asked) == 1


def test_nobody_needs_it(nginx, provider):
    ng = nginx(**config(provider.port, http="", ) | {
        "locations": KEYS % (provider.port, "") + "location /z { }"})
    time.sleep(0.5)
    assert not provider.asked
    ng.check()


def test_without_a_zone(nginx, provider):
    ng = nginx(**config(provider.port, http="") | {
        "locations": """
location /x { ws_pubsub_token required; try_files /none @user; }
location @user { return 200 "$ws_pubsub_user"; }
""" + KEYS % (provider.port, "")})
    wait_status(ng, 200, es_token())


def test_a_file_of_nginx(nginx, open_path):
    """Whatever serves the location."""
    (open_path / "set.json").write_text(json.dumps({"keys": FIRST}))
    ng = nginx(**config(1) | {"locations": LOCATIONS + """
location = /keys { internal; alias %s/set.json; gzip on; gzip_types *; }
""" % open_path})
    wait_status(ng, 200, es_token())


@pytest.mark.parametrize("directive, said", [
    ("keys", 'invalid parameter "keys"'),
    ("/keys/$host", 'invalid parameter "/keys/$host"'),
    ("/../keys", 'invalid parameter "/../keys"'),
    ("/keys interval=0", 'invalid parameter "interval=0"'),
    ("/keys stale=", 'invalid parameter "stale="'),
    ("/keys interval=2y", 'invalid parameter "interval=2y"'),
    ("/keys x=1", 'invalid parameter "x=1"'),
    ("/keys stale=10m", 'no "stale=" that is shorter than its "interval="'),
])
def test_bad_directives(make_nginx, directive, said):
    ng = make_nginx(**config(1, directive))
    ng.allow(r"\[emerg\]")
    accepted, told = ng.test_config()
    assert not accepted and said in told


# -- while there is none --------------------------------------------------------

async def test_down_at_start(nginx):
    port = ports.take(1)[0]
    ng = nginx(**config(port, server="""
error_page 503 = @why;
location @why { return 503 "$ws_pubsub_token_error"; }
"""))
    ng.wait_for_log('the key set "/keys" has not come: it has answered with '
                    "502; no token can be checked by it")
    answer = get(ng, es_token())
    assert (answer.status, answer.body) == (503, b"no_keys")
    assert "www-authenticate" not in answer.headers
    assert "the token is refused: no_keys" in ng.log_text()
    assert raw_request(ng, head("/ws", more=bearer(es_token()))).status == 503
    # what is wrong whatever the keys are
    assert status(ng) == 401
    assert status(ng, "x") == 401
    assert status(ng, HS.token("ann")) == 401
    ann = await JsonSession.open(ng, "/later")
    await ann.fails(115, "auth", token=es_token())
    await ann.fails(101, "sub", topic="user/ann/x")
    provider = Backend(port)
    provider.answer = answer_of(*FIRST)
    try:
        wait_status(ng, 200, es_token())
        # it has not lost its one try
        await ann.ok("auth", token=es_token())
        await ann.sub("user/ann/x")
        await ann.close()
    finally:
        provider.end()


def test_beside_a_key(nginx):
    """What that one tells is known without the others."""
    ng = nginx(**config(
        ports.take(1)[0],
        server=f'ws_pubsub_token_key ES256 "data:{OTHER.text()}";'))
    assert get(ng, OTHER.token("bob")).body == b"bob"
    assert get(ng, OTHER.token("bob", kid="x")).body == b"bob"
    assert status(ng, es_token()) == 503
    assert status(ng, ES.token("ann")) == 503


def test_both_are_candidates(nginx, provider):
    ng = nginx(**config(
        provider.port,
        server=f'ws_pubsub_token_key ES256 "data:{OTHER.text()}";'))
    wait_status(ng, 200, es_token())
    assert status(ng, OTHER.token("bob")) == 200
    assert status(ng, ES.token("bob")) == 200
    assert status(ng, Issuer("ES256").token("bob")) == 401


def test_stale(nginx, provider):
    ng = nginx(**config(provider.port, "/keys interval=500ms stale=2s"))
    wait_status(ng, 200, es_token())
    provider.answer = Answer(500)
    ng.wait_for_log("it has answered with 500; the one before stays in use")
    assert status(ng, es_token()) == 200
    wait_status(ng, 503, es_token())
    ng.wait_for_log("it has answered with 500; no token can be checked by it")
    provider.answer = answer_of(*FIRST)
    wait_status(ng, 200, es_token())


# -- other keys -----------------------------------------------------------------

async def test_a_new_key(nginx, provider):
    """Is fetched when it is asked for; what nobody has, but once."""
    ng = nginx(**config(provider.port))
    wait_status(ng, 200, es_token())
    new = Issuer("RS256")
    ann = await JsonSession.open(ng, "/later")
    provider.answer = Answer(200, answer_of(new.jwk(kid="new")).body,
                             delay_s=0.3)
    await ann.fails(115, "auth", token=new.token("ann", kid="new"))
    assert status(ng, new.token("ann", kid="new")) == 503
    assert status(ng, es_token()) == 200
    wait_status(ng, 200, new.token("ann", kid="new"))
    await ann.ok("auth", token=new.token("ann", kid="new"))
    await ann.close()
    ng.wait_for_log(r'\[notice\].*the keys of "/keys" have changed')
    assert status(ng, es_token()) == 401
    with Http(ng) as http:
        for n in range(100):
            assert http.request("GET", "/x", headers=bearer(
                new.token("ann", kid=f"new{n}"))).status in (200, 401)
            assert http.request("GET", "/x", headers=bearer(
                OTHER.token("ann", kid=f"none{n}"))).status == 401
    time.sleep(0.5)
    assert len(provider.asked) == 2


def test_at_its_interval(nginx, provider):
    ng = nginx(**config(provider.port, "/keys interval=300ms stale=1h"))
    wait_status(ng, 200, es_token())
    provider.answer = answer_of(OTHER.jwk(kid="other"))
    wait_status(ng, 200, OTHER.token("bob", kid="other"), 5.0)
    assert status(ng, es_token()) == 401
    # the same again is nothing new
    asked = len(provider.asked)
    wait_until("more fetches", lambda: len(provider.asked) > asked + 2)
    assert ng.log_text().count("have changed") == 1


@pytest.mark.parametrize("answer, said", [
    (Answer(500), "it has answered with 500"),
    (Answer(204), "it has answered with 204"),
    (json_answer(200, "rubbish"), "it is no JSON object"),
    (json_answer(200, '{"keys":[]}'), "it has no good key"),
    (answer_of(HS.jwk(kid="hs")), "it is a secret, and others may know it"),
    (answer_of({"kty": "RSA"}), "it is malformed"),
    (Answer(200, b"x" * 100, {"Content-Encoding": "gzip"}),
     "its answer has a Content-Encoding"),
    (Answer(200, b'{"keys":[' + b" " * 1100000 + b"]}"),
     "no whole answer has come"),
    (Answer(200, b'{"keys":[]}', cut=5), "no whole answer has come"),
    (Answer(200, answer_of(OTHER.jwk()).body + b" " * 9, cut=-9),
     "no whole answer has come"),
], ids=["500", "204", "rubbish", "empty", "secret", "malformed", "encoded",
        "large", "cut", "cut-behind-json"])
def test_a_bad_one_changes_nothing(nginx, provider, answer, said):
    ng = nginx(**config(provider.port, "/keys interval=300ms"))
    wait_status(ng, 200, es_token())
    provider.answer = answer
    ng.wait_for_log(r"\[warn\].*" + said)
    ng.wait_for_log(r"\[warn\].*the key set \"/keys\" has not come: .*; the "
                    "one before stays in use")
    assert status(ng, es_token()) == 200
    assert status(ng, OTHER.token("ann")) == 401
    assert status(ng, HS.token("ann", kid="hs")) == 401


def test_no_secret_of_a_set(nginx, provider):
    """The other keys are good."""
    provider.answer = answer_of(HS.jwk(kid="hs"), *FIRST)
    ng = nginx(**config(provider.port))
    wait_status(ng, 200, es_token())
    assert status(ng, HS.token("ann")) == 401
    assert "key 1: it is a secret" in ng.log_text()
    assert HS.jwk()["k"] not in ng.log_text()


def test_behind_a_cache(nginx, provider):
    """However many workers there are."""
    provider.answer = Answer(200, answer_of(*FIRST).body, delay_s=0.3)
    ng = nginx(**config(
        provider.port, workers=4, http="""
ws_pubsub_zone main:8m;
proxy_cache_path @PREFIX@/temp/keys keys_zone=keys:1m;
""", keys="proxy_cache keys; proxy_cache_lock on; proxy_cache_valid 200 5m;"))
    wait_until("all workers have come to have it", lambda: ng.log_text().count(
        'the keys of "/keys" have come') == 4, RETRY_S)
    assert len(provider.asked) == 1
    ng.reload()
    wait_until("the new ones, too", lambda: ng.log_text().count(
        'the keys of "/keys" have come') == 8, RETRY_S)
    assert len(provider.asked) == 1


# -- slow, and ends ---------------------------------------------------------------

def until_asked(provider, count=1):
    wait_until(f"{count} requests", lambda: len(provider.asked) >= count)


def test_one_that_hangs(nginx, provider):
    provider.answer = HELD
    ng = nginx(**config(provider.port))
    until_asked(provider)
    began = time.monotonic()
    assert status(ng, es_token()) == 503
    assert time.monotonic() - began < 2
    provider.answer = answer_of(*FIRST)
    wait_status(ng, 200, es_token())
    assert provider.asked[0].state == "gone"
    assert "has not come: no whole answer has come; no token" in ng.log_text()


@pytest.mark.parametrize("directive", ["/keys", "/keys interval=100ms"])
def test_a_reload_amid_it(nginx, provider, directive):
    ng = nginx(**config(provider.port, directive))
    wait_status(ng, 200, es_token())
    provider.answer = HELD
    for n in range(3):
        if directive == "/keys":
            status(ng, OTHER.token("ann", kid="none"))
        until_asked(provider, n + 2)
        old = ng.reload()
        wait_until("the old worker ends",
                   lambda old=old: not any(map(alive, old)), 3.0)
    assert status(ng, es_token()) == 503
    assert ng.quit() < 3
    wait_until("they are given up", lambda: provider.pending() == 0)
    assert len(provider.asked) >= 4


def test_it_ends_at_once(nginx, provider):
    provider.answer = HELD
    ng = nginx(**config(provider.port))
    until_asked(provider)
    ng.process.send_signal(signal.SIGTERM)
    assert ng.process.wait(3) == 0


def test_a_worker_is_killed(nginx, provider):
    ng = nginx(**config(provider.port))
    wait_status(ng, 200, es_token())
    ng.kill_worker(ng.worker_pids()[0])
    wait_status(ng, 200, es_token())
    assert len(provider.asked) == 2


def test_who_fetches(nginx, provider):
    """Workers, not what manages a cache."""
    ng = nginx(**config(provider.port, workers=2, http="""
ws_pubsub_zone main:8m;
proxy_cache_path @PREFIX@/temp/keys keys_zone=keys:1m;
"""))
    wait_until("both have it", lambda: ng.log_text().count(
        'the keys of "/keys" have come') == 2)
    time.sleep(1.5)
    assert len(provider.asked) == 2
    assert os.path.exists(f"/proc/{ng.pid}")
