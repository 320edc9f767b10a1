"""What a token may do, and where: rules that meet others of nginx."""

import pytest

from support.httpc import Http
from support.processes import wait_until
from support.session import JsonSession
from support.tokens import Issuer, bearer

OURS = Issuer("HS256")
PARTNER = Issuer("HS256")

CONFIG = {"workers": 1, "http": """
ws_pubsub_zone main:8m;
server {
    listen unix:@PREFIX@/back;
    location / { return 200 page; }
}
""", "server": f"ws_pubsub_token_key HS256 data:{OURS.key};", "locations": f"""
location /all/ {{ ws_pubsub_api zone=main; }}
location /api/ {{
    ws_pubsub_token required;
    ws_pubsub_token_grants may;
    ws_pubsub_api zone=main;
}}
location /open/ {{
    ws_pubsub_token optional;
    ws_pubsub_token_grants may;
    ws_pubsub_api zone=main;
}}
location = /who {{
    ws_pubsub_token required;
    add_header X-User "$ws_pubsub_user" always;
    add_header X-Plan "$ws_pubsub_claim_plan" always;
    empty_gif;
}}
location /partner {{
    ws_pubsub_token_key HS256 data:{PARTNER.key};
    ws_pubsub_token required;
    try_files /none /ws;
}}
location /ws {{
    ws_pubsub_token_grants may;
    ws_pubsub zone=main;
    satisfy any;
    allow 127.0.0.1;
    deny all;
    ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**" "free/*";
}}
location /org {{
    ws_pubsub zone=main;
    ws_pubsub_token required;
    ws_pubsub_allow_subscribe "org/$ws_pubsub_claim_org/*" "free/*";
}}
location /under/ {{
    ws_pubsub_token off;
    location /under/key {{
        ws_pubsub_token_key HS256 data:{PARTNER.key};
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "**";
    }}
    location /under/off {{
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "**";
    }}
}}
location = /if {{
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    if ($arg_page) {{ proxy_pass http://unix:@PREFIX@/back; }}
}}
location /page {{
    error_page 401 /login;
    ws_pubsub_token required;
    empty_gif;
}}
location /login {{ ws_pubsub_token required; empty_gif; }}
"""}


def statuses(http, path, headers):
    return [http.request(method, path, body, headers=headers).status
            for method, body in (("POST", "x"), ("GET", None),
                                 ("DELETE", None))]


def test_an_api_where_only_grants_are(ng, topic):
    """It is not the whole zone's: a grant allows, and nothing else does."""
    may = OURS.token("ann", may={"sub": [topic + "/**"], "pub": [topic + "/x"]})
    with Http(ng) as http:
        for root in ("/api/", "/open/"):
            own = root + topic + "/x"
            assert statuses(http, own, bearer(may)) == [202, 200, 204]
            other = root + topic + "/y"
            http.request("POST", "/all/" + topic + "/y", "x")
            assert statuses(http, other, bearer(may)) == [403, 200, 403]
            nothing = bearer(OURS.token("ann"))
            assert statuses(http, other, nothing) == [403, 403, 403]
        assert statuses(http, "/open/" + topic + "/y", {}) == [403] * 3


@pytest.mark.parametrize("claims", [
    {"SUB": "admin"}, {"Sub": 7}, {"sUb": True}, {"sUB": "a", "plan": 1}])
def test_only_sub_is_the_user(ng, claims):
    answer = Http(ng).request("GET", "/who", headers=bearer(
        OURS.token(**claims)))
    assert answer.status == 200 and "x-user" not in answer.headers


@pytest.mark.parametrize("user", ["", "x" * 257], ids=["empty", "long"])
def test_users_without_a_name(ng, user):
    answer = Http(ng).request("GET", "/who", headers=bearer(OURS.token(user)))
    assert answer.status == 401


async def test_who_others_have_signed_is_nobody_here(ng):
    token = PARTNER.token("partner", may={"sub": ["secret/**"]})
    async with await JsonSession.open(
            ng, "/partner", headers=bearer(token)) as session:
        await session.ok("sub", topic="free/a")
        for topic in ("user/partner/a", "secret/a"):
            await session.fails(103, "sub", topic=topic)


async def test_no_reserved_topics_by_grants(ng):
    """A grant of such allows nothing, nor does the rest of it."""
    grant = OURS.token("ann", may={"sub": ["$SYS/**", "a/*"]})
    async with await JsonSession.open(
            ng, "/ws", headers=bearer(grant)) as session:
        for topic in ("$SYS/a", "a/b"):
            await session.fails(103, "sub", topic=topic)


async def test_claims_are_not_logged(ng):
    seen = len(ng.log_text())
    token = OURS.token("ann", org="SECRET/x")
    async with await JsonSession.open(
            ng, "/org", headers=bearer(token)) as session:
        await session.ok("sub", topic="free/a")
    wait_until("it is told", lambda: (
        '"org/$ws_pubsub_claim_org/*" allows nothing here'
        in ng.log_text()[seen:]))
    assert "SECRET" not in ng.log_text()[seen:]


async def test_a_key_within_off(ng):
    assert Http(ng).request("GET", "/under/key").status == 401
    async with await JsonSession.open(
            ng, "/under/key", headers=bearer(PARTNER.token("a"))):
        pass
    async with await JsonSession.open(ng, "/under/off"):
        pass


def test_what_an_if_serves_in_an_endpoint(ng):
    http = Http(ng)
    assert http.request("GET", "/if?page=1").status == 401
    assert http.request("GET", "/if?page=1", headers=bearer(
        OURS.token("a"))).status == 200


def test_asked_for_once(ng):
    answer = Http(ng).request("GET", "/page")
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
