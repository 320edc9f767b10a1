"""Of which zone the revocations are that a token is looked up in."""

import pytest

from support.httpc import Http
from support.revocations import Table, cut, new, old, upgrade
from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
CONFIG = {"workers": 1, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_zone other:8m;
server {
    listen unix:@PREFIX@/back;
    location / { return 200 page; }
}
""", "server": f"""
ws_pubsub_token_key HS256 data:{HS.key};
ws_pubsub_token_check zone=main;
""", "locations": """
location /other {
    ws_pubsub zone=other;
    ws_pubsub_allow_subscribe "room/**";
}
location = /other/if {
    ws_pubsub zone=other;
    ws_pubsub_allow_subscribe "room/**";
    ws_pubsub_token_check leeway=1s;
    if ($arg_page) { proxy_pass http://unix:@PREFIX@/back; }
}
location /api/ { ws_pubsub_token required; ws_pubsub_api zone=other; }
location /gif { ws_pubsub_token required; empty_gif; }
location /gif/leeway {
    ws_pubsub_token required;
    ws_pubsub_token_check leeway=1s;
    empty_gif;
}
location /control/ { ws_pubsub_control zone=main; }
location /control/other/ { ws_pubsub_control zone=other; }
"""}


@pytest.fixture
def main(ng):
    one = Table.of(ng)
    yield one
    one.clear()
    one.http.close()


@pytest.fixture
def other(ng):
    one = Table.of(ng, "/control/other/")
    yield one
    one.clear()
    one.http.close()


def status(ng, token, path):
    if path == "/other":
        return upgrade(ng, path, token).status
    with Http(ng) as http:
        return http.request("GET", path, headers=bearer(token)).status


def test_a_zone_for_the_whole_server(ng, main):
    """It is for locations that have none of their own."""
    token = old(HS, "ann")
    main.put(user="ann", before=cut())
    assert status(ng, token, "/gif") == 401
    # The directive takes the place of the outer one.
    assert status(ng, token, "/gif/leeway") == 200
    assert status(ng, token, "/other") == 101
    assert status(ng, token, "/api/x") == 404


async def test_the_zone_of_the_location_counts_always(ng, other):
    """Also below a directive that names another one."""
    bad, vip = old(HS, "ann"), old(HS, topic="vip", jti="t")
    async with await JsonSession.open(ng, "/other", headers=bearer(
            new(HS, "ann"))) as ann:
        other.put(user="ann", before=cut())
        other.put(jti="t", before=cut())
        wrong = [answer for answer in (
            status(ng, bad, "/other"),
            status(ng, bad, "/api/x"),
            (await ann.command("auth", token=bad)).get("ok"),
            (await ann.command("sub", topic="vip", ticket=vip)).get("ok"))
            if answer not in (401, None)]
        assert not wrong


def test_what_an_if_serves_in_an_endpoint(ng, other):
    """It asks for tokens as the endpoint does."""
    bad, good = (made(HS, "ann") for made in (old, new))
    other.put(user="ann", before=cut())
    assert status(ng, bad, "/other/if") == 401
    assert status(ng, good, "/other/if?page=1") == 200
    assert status(ng, bad, "/other/if?page=1") == 401


def test_an_unknown_zone(make_nginx):
    ng = make_nginx(locations=f"""
        location / {{
            ws_pubsub_token_key HS256 data:{HS.key};
            ws_pubsub_token required;
            ws_pubsub_token_check zone=nobody;
        }}""")
    ng.allow('zone "nobody"')
    accepted, said = ng.test_config()
    assert not accepted and "nobody" in said
