"""What is worked out anew with a session's next token: variables of other
modules, which keep what they know in places of their own."""

import pathlib

import pytest

from support.session import JsonSession
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
NJS = pathlib.Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
SCRIPT = """
function plan(r) { return r.variables.ws_pubsub_claim_plan || ""; }
export default { plan };
"""
HTTP = """
ws_pubsub_zone main:8m;
map $ws_pubsub_claim_role $role {
    default "guest/*";
    admin   "admin/**";
}
map $arg_x $by_regex { "~^(.+)$" $1; }
map $ws_pubsub_claim_plan $plan {
    "~^(?<kind>\\w)(.*)$" "plan/$kind$2/**";
}
"""
LOCATIONS = f"""
ws_pubsub_token_key HS256 data:{HS.key};
location /ws {{ ws_pubsub zone=main; ws_pubsub_token off; }}
location ~ ^/captures/(\\w+)$ {{
    ws_pubsub zone=main;
    ws_pubsub_token optional;
    ws_pubsub_allow_subscribe "user/$1/**" "more/$by_regex/**" $plan;
    ws_pubsub_identity $1;
    add_header X-Other $by_regex;
}}
location /both {{
    set $role "guest/**";
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe $role "room/*";
}}
location /off {{
    ws_pubsub zone=main;
    ws_pubsub_token off;
    ws_pubsub_subscription_token_key HS256 data:{HS.key};
    ws_pubsub_token_grants may;
    ws_pubsub_allow_subscribe "room/*" "user/$ws_pubsub_user";
}}
"""
CONFIG = {"workers": 2, "http": HTTP, "locations": LOCATIONS}


async def test_captures_are_those_of_the_location(ng):
    async with await JsonSession.open(
            ng, "/captures/ann?x=bob") as session:
        for token in (None, HS.token("ann"), HS.token("ann", plan="gold")):
            if token is not None:
                await session.ok("auth", token=token)
            await session.sub("user/ann/a")
            await session.ok("unsub", topic="user/ann/a")
            await session.sub("more/bob/a")
            await session.ok("unsub", topic="more/bob/a")
            await session.fails(103, "sub", topic="user/bob/a")
        await session.sub("plan/gold/a")
        await session.ok("auth", token=HS.token("ann"))
        assert (await session.next())["op"] == "unsub"


async def test_a_variable_of_map_and_set(ng):
    """Nobody knows what it would be with another token."""
    admin = HS.token("ann", role="admin")
    async with await JsonSession.open(ng, "/both",
                                      headers=bearer(admin)) as session:
        await session.sub("guest/a/b", since="new")
        await session.fails(103, "sub", topic="admin/a")
        await session.ok("auth", token=admin)
        assert (await session.next())["topic"] == "guest/a/b"
        await session.fails(103, "sub", topic="admin/a")
        await session.sub("room/a")


async def test_where_they_are_off_only_tickets_are_taken(ng):
    async with await JsonSession.open(ng, "/off") as session:
        await session.fails(107, "auth", token=HS.token(
            "ann", may={"sub": ["extra/**"]}))
        await session.fails(103, "sub", topic="user/ann")
        await session.fails(103, "sub", topic="extra/a")
        await session.sub("extra/a", ticket=HS.token(topic="extra/*"))


@pytest.mark.skipif(not NJS.exists(), reason="njs is not here")
async def test_scripts(nginx, open_path):
    (open_path / "plan.js").write_text(SCRIPT)
    ng = nginx(workers=1, main=f"load_module {NJS};",
               http=HTTP + f"js_path {open_path}; js_import plan.js; "
               "js_set $js_plan plan.plan;",
               locations=f"""
location /ws {{
    ws_pubsub_token_key HS256 data:{HS.key};
    ws_pubsub_token later;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "plan/$js_plan/**" "room/*";
}}
""")
    async with await JsonSession.open(ng) as session:
        await session.ok("auth", token=HS.token("ann", plan="gold"))
        await session.sub("plan/gold/a", since="new")
        await session.ok("auth", token=HS.token("ann", plan="tin"))
        assert (await session.next())["topic"] == "plan/gold/a"
        await session.sub("plan/tin/a", since="new")
        await session.fails(103, "sub", topic="plan/gold/b")
        for _ in range(3):
            await session.ok("auth", token=HS.token("ann", plan="tin"))
        await session.quiet()
