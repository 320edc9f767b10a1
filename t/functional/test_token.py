"""Tokens as an access rule: who gets in, and who is told what."""

import hashlib
import hmac
import json
import time

import jwt
import pytest

from support.httpc import Http, raw_request
from support.processes import wait_until
from support.rawws import RawWS, head
from support.tokens import ALGORITHMS, Issuer, base64url, bearer

ISSUERS = {name: Issuer(name) for name in ALGORITHMS}
HS = ISSUERS["HS256"]
ES = ISSUERS["ES256"]

PEM_LOCATIONS = "".join(f"""
location /pem/{name}/ {{
    ws_pubsub_token_key {name} "data:{issuer.text()}";
    ws_pubsub_token required;
    return 200 $ws_pubsub_user;
}}
location /jwk/{name}/ {{
    ws_pubsub_token_key jwks 'data:{json.dumps(issuer.jwk())}';
    ws_pubsub_token required;
    return 200 $ws_pubsub_user;
}}
""" for name, issuer in ISSUERS.items())

CONFIG = {"workers": 1, "server": f"""
ws_pubsub_token_key HS256 data:{HS.key};
access_log logs/who.log who;
""", "http": """
ws_pubsub_zone main:8m;
log_format who '$uri user=$ws_pubsub_user org=$ws_pubsub_claim_org '
               'error=$ws_pubsub_token_error session=$ws_pubsub_session';
map $ws_pubsub_claim_org $plan { volatile; default none; acme gold; }
map $ws_pubsub_claim_org $plan_once { default none; acme gold; }
""", "locations": PEM_LOCATIONS.replace("return 200 $ws_pubsub_user;",
                                        "try_files /none @user;") + """
location @user { return 200 "$ws_pubsub_user"; }

location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
}
location /set {
    ws_pubsub_token_key jwks 'data:@SET@';
    ws_pubsub_token required;
    try_files /none @user;
}
location /optional {
    ws_pubsub_token optional;
    try_files /none @user;
}
location /anybody { try_files /none @user; }
location /off { ws_pubsub_token off; try_files /none @user; }
location /required { ws_pubsub_token required; try_files /none @user; }
location /checked {
    ws_pubsub_token required;
    ws_pubsub_token_check iss=https://id.example aud=chat aud=game
                          max_age=1h leeway=10s require=exp,org;
    try_files /none @user;
}
location /from {
    ws_pubsub_token required;
    ws_pubsub_token_from $http_x_token $cookie_token;
    try_files /none @user;
}
location /any {
    satisfy any;
    allow 127.0.0.2;
    deny all;
    ws_pubsub_token required;
    try_files /none @user;
}
location /any-address {
    satisfy any;
    allow 127.0.0.1;
    deny all;
    ws_pubsub_token required;
    try_files /none @user;
}
location /denied {
    deny all;
    ws_pubsub_token required;
    try_files /none @user;
}
location /auth-request {
    auth_request /auth;
    ws_pubsub_token required;
    try_files /none @user;
}
location = /auth { internal; return 204; }
location /proxied/ {
    ws_pubsub_token required;
    proxy_set_header X-User $ws_pubsub_user;
    proxy_set_header X-Org $ws_pubsub_claim_org;
    proxy_pass http://127.0.0.1:@PORT@/seen;
}
location /seen { return 200 "$http_x_user/$http_x_org"; }
location /api/ {
    ws_pubsub_token required;
    ws_pubsub_api zone=main;
    ws_pubsub_allow_publish "user/$ws_pubsub_user/*";
}
location /copied {
    ws_pubsub_token required;
    mirror /copy;
    proxy_pass http://127.0.0.1:@PORT@/seen;
}
location = /copy { internal; ws_pubsub_api zone=main topic=copies/$ws_pubsub_user; }
location /read/ { ws_pubsub_api zone=main; }
location /claims {
    ws_pubsub_token required;
    try_files /none @claims;
}
location @claims {
    return 200 "$ws_pubsub_claim_n|$ws_pubsub_claim_yes|$ws_pubsub_claim_orgid|$ws_pubsub_claim_list|$ws_pubsub_claim_lines";
}
location /returned { ws_pubsub_token required; return 200 anybody; }
location /rewritten { ws_pubsub_token required; rewrite ^ /x permanent; }
location /mapped {
    ws_pubsub_token required;
    set $early "$plan $plan_once";
    try_files /none @mapped;
}
location @mapped { return 200 "$early, $plan $plan_once"; }
location /page {
    ws_pubsub_token required;
    error_page 401 = @login;
}
location @login { return 200 "login: $ws_pubsub_token_error"; }
""".replace("@SET@", json.dumps({"keys": [
    ISSUERS["ES256"].jwk(kid="a"), ISSUERS["RS256"].jwk(kid="b", use="sig"),
    ISSUERS["EdDSA"].jwk(kid="c")]}))}


def get(ng, path, token=None, **headers):
    fields = {**(bearer(token) if token else {}), **headers}
    with Http(ng) as http:
        return http.request("GET", path, headers=fields)


@pytest.mark.parametrize("kind", ["pem", "jwk"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm(ng, kind, name):
    issuer = ISSUERS[name]
    answer = get(ng, f"/{kind}/{name}/", issuer.token("ann"))
    assert (answer.status, answer.body) == (200, b"ann")
    assert get(ng, f"/{kind}/{name}/").status == 401
    for other, liar in ISSUERS.items():
        if other != name:
            assert get(ng, f"/{kind}/{name}/",
                       liar.token("ann")).status == 401
    if not name.startswith("HS"):
        assert get(ng, f"/{kind}/{name}/", forged(issuer)).status == 401


def forged(issuer):
    """HS256 with the public key, which python3-jwt does not do."""
    text = ".".join(base64url(json.dumps(part).encode()) for part in (
        {"alg": "HS256", "typ": "JWT"}, {"sub": "ann"}))
    mac = hmac.new(issuer.text().encode(), text.encode(), hashlib.sha256)
    return f"{text}.{base64url(mac.digest())}"


def test_a_set(ng):
    for name, kid in (("ES256", "a"), ("RS256", "b"), ("EdDSA", "c")):
        assert get(ng, "/set", ISSUERS[name].token("x", kid=kid)).status == 200
        assert get(ng, "/set", ISSUERS[name].token("x")).status == 200
        assert get(ng, "/set",
                   ISSUERS[name].token("x", kid="z")).status == 401
    assert get(ng, "/set", Issuer("ES256").token("x", kid="a")).status == 401
    assert get(ng, "/set", HS.token("x", kid="a")).status == 401


def test_what_is_answered(ng):
    for path in ("/required", "/ws", "/api/user/ann/x"):
        answer = get(ng, path)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        answer = get(ng, path, "rubbish")
        assert answer.status == 401
        assert (answer.headers["www-authenticate"]
                == 'Bearer error="invalid_token"')
        assert b"rubbish" not in answer.body


@pytest.mark.parametrize("claims, error", [
    ({}, "claim"),
    ({"org": 7, "aud": "chat"}, "issuer"),
    ({"org": 7, "aud": "chat", "iss": "https://id"}, "issuer"),
    ({"org": 7, "iss": "https://id.example"}, "audience"),
    ({"org": 7, "iss": "https://id.example", "aud": ["x"]}, "audience"),
    ({"org": None, "iss": "https://id.example", "aud": "chat"}, "claim"),
    ({"org": 7, "iss": "https://id.example", "aud": ["x", "game"]}, None),
    ({"org": 7, "iss": "https://id.example", "aud": "chat"}, None),
    ({"org": 7, "iss": "https://id.example", "aud": "chat",
      "iat": 1}, "too_old"),
    ({"org": 7, "iss": "https://id.example", "aud": "chat",
      "iat": 4e9}, "early"),
    ({"org": 7, "iss": "https://id.example", "aud": "chat",
      "nbf": 4e9}, "early"),
])
def test_checks(ng, claims, error):
    if claims:
        claims = {"iat": time.time(), **claims}
    seen = len(ng.log_text())
    answer = get(ng, "/checked", HS.token("ann", **claims))
    assert answer.status == (401 if error else 200)
    if error:
        assert f"the token is refused: {error}" in ng.log_text()[seen:]


def test_leeway(ng):
    good = {"org": 7, "iss": "https://id.example", "aud": "chat",
            "iat": time.time()}
    assert get(ng, "/checked", HS.token("a", -5, **good)).status == 200
    assert get(ng, "/checked", HS.token("a", -15, **good)).status == 401
    assert get(ng, "/required", HS.token("a", -5)).status == 401
    assert get(ng, "/checked", HS.token("a", None, **good)).status == 401
    assert get(ng, "/required", HS.token("a", None)).status == 200


def test_forged(ng):
    good = HS.token("ann")
    none = jwt.encode({"sub": "ann"}, None, "none")
    first, middle, last = good.split(".")
    for bad in (none, f"{first}.{middle}.", f"{first}.{middle}",
                none + last, good + "x", good + "=", good[:-2],
                f"{first}.{middle}x.{last}", "." * 3, "x" * 9000,
                HS.token("ann", x="y" * 8000),
                HS.token("ann", topic="room/7"), HS.token("ann", channel="x"),
                jwt.encode({"sub": 7}, HS.key, "HS256"),
                jwt.encode({"sub": "a\nb"}, HS.key, "HS256"),
                jwt.encode({"sub": "a", "exp": "9999999999"}, HS.key, "HS256"),
                jwt.encode({"sub": "a"}, HS.key, "HS256",
                           headers={"crit": ["exp"]})):
        assert get(ng, "/required", bad).status in (401, 400), bad
    assert get(ng, "/required", good).body == b"ann"


def test_where_it_is(ng):
    token = HS.token("ann")
    assert get(ng, "/required?token=" + token).status == 200
    assert get(ng, "/required", Authorization=token).status == 200
    assert get(ng, "/required", Authorization=f"bearer  {token}").status == 200
    assert get(ng, "/required", Authorization=f"Basic {token}").status == 401
    assert get(ng, "/required?token=" + token,
               Authorization="Basic x").status == 401
    assert get(ng, "/from", token).status == 401
    assert get(ng, "/from", **{"X-Token": token}).status == 200
    assert get(ng, "/from", Cookie=f"token={token}").status == 200
    assert get(ng, "/from", Cookie=f"token={token}",
               **{"X-Token": "x"}).status == 401


def test_modes(ng):
    token = HS.token("ann")
    expired = HS.token("ann", -1)
    for path, without, good, bad in (
            ("/required", 401, b"ann", 401), ("/optional", b"", b"ann", 401),
            ("/anybody", b"", b"", b""), ("/off", b"", b"", b"")):
        for given, wanted in ((None, without), (token, good), (expired, bad)):
            answer = get(ng, path, given)
            assert wanted in (answer.status, answer.body), (path, given)


def test_other_access_rules(ng):
    token = HS.token("ann")
    assert get(ng, "/any").status == 401
    assert get(ng, "/any", "x").status == 401
    assert get(ng, "/any", token).body == b"ann"
    assert get(ng, "/any-address").status == 200
    assert get(ng, "/any-address", "x").status == 200
    assert get(ng, "/denied", token).status == 403
    assert get(ng, "/auth-request", token).body == b"ann"
    assert get(ng, "/auth-request").status == 401


def test_variables(ng):
    token = HS.token("ann", org="acme")
    assert get(ng, "/proxied/", token).body == b"ann/acme"
    token = HS.token("ann", n=7, yes=True, orgId="acme", list=[1],
                     lines="a\r\nb")
    assert get(ng, "/claims", token).body == b"7|true|acme||"
    assert get(ng, "/page", HS.token("ann", -1)).body == b"login: expired"
    assert get(ng, "/page").body == b"login: missing"


def test_before_the_access_phase(ng):
    """What the documentation warns of."""
    assert get(ng, "/returned").body == b"anybody"
    assert get(ng, "/rewritten").status == 301
    assert (get(ng, "/mapped", HS.token("ann", org="acme")).body
            == b"none none, gold none")


def log_line(ng, begin):
    text = (ng.prefix / "logs" / "who.log").read_text()
    return next((line for line in text.splitlines()
                 if line.startswith(begin)), None)


def test_access_log(ng):
    ws = RawWS.open(ng, "/ws?log", more=bearer(HS.token("ann", org="acme")))
    ws.close()
    line = wait_until("a line", lambda: log_line(
        ng, "/ws user=ann org=acme error=none session="))
    assert len(line.split("session=")[1]) == 16
    get(ng, "/required", HS.token("bob", -1))
    wait_until("a line", lambda: log_line(
        ng, "/required user=- org=- error=expired "))


def test_no_token_in_the_log(ng):
    token = Issuer("HS256").token("somebody")
    assert get(ng, "/required", token).status == 401
    assert token.split(".")[2] not in ng.log_text()
    assert HS.key not in ng.log_text()


def test_an_api(ng, topic):
    with Http(ng) as http:
        put = lambda user, **more: http.request(
            "POST", f"/api/user/{user}/x", "x",
            {"Content-Type": "text/plain", **more}).status
        token = bearer(HS.token("ann"))
        assert put("ann") == 401
        assert put("ann", **token) == 202
        assert put("bob", **token) == 403


def test_a_subrequest_knows_the_user(ng):
    with Http(ng) as http:
        answer = http.request("POST", "/copied", "hello", {
            "Content-Type": "text/plain", **bearer(HS.token("ann"))})
        assert answer.status == 200
        wait_until("the copy", lambda: http.request(
            "GET", "/read/copies/ann").body == b"hello")


def test_an_endpoint_needs_one(ng, scheme):
    status = lambda **more: raw_request(ng, head(more=more), scheme).status
    assert status() == 401
    assert status(**bearer("x")) == 401
    with RawWS.open(ng, scheme=scheme, more=bearer(HS.token("ann"))):
        pass
    # nothing is allowed to nobody
    assert status(**bearer(HS.token())) == 403
    assert status(**bearer(HS.token("a/b"))) == 403
