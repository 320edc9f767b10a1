"""Configurations that are accepted, and those that are told what is wrong."""

import os
import re

import pytest

from support.httpc import Http

ZONE = "ws_pubsub_zone main:1m;"
GOOD_HTTP = [
    "",
    ZONE,
    "ws_pubsub_zone main:1024k; ws_pubsub_zone other:2m;",
    "ws_pubsub_zone main:1g;",
    "ws_pubsub_zone main:1m subscribers=1%; "
    "ws_pubsub_zone other:1m keys=1%;",
    "ws_pubsub_zone main:1m keys=20% subscribers=50%;",
    ZONE + 'ws_pubsub_topic "a/**" zone=main;',
    ZONE + 'ws_pubsub_topic "a/**" zone=main retain=off history=10;',
    ZONE + 'ws_pubsub_topic "a/**" zone=main ttl=500ms idle=1h30m '
           'max_subscribers=2;',
    ZONE + "ws_pubsub_topic a zone=main ttl=0 idle=0 max_subscribers=0;",
    ZONE + "ws_pubsub_topic a zone=main ttl=3650d idle=45;",
    ZONE + "ws_pubsub_topic a zone=main retain=on; "
           "ws_pubsub_topic ** zone=main;",
    # the zone may be named later in the file
    'ws_pubsub_topic "a/*" zone=main;' + ZONE,
    ZONE + "ws_pubsub_topic a zone=main delta=on conflate=full;",
    ZONE + "ws_pubsub_topic a zone=main delta=off conflate=always;",
    ZONE + "ws_pubsub_topic a zone=main conflate=off presence=on;",
]
GOOD_LOCATION = [
    "ws_pubsub zone=main;",
    "ws_pubsub zone=main topic=a/b;",
    "ws_pubsub zone=main topic=$arg_topic;",
    "ws_pubsub zone=main topic=room/$arg_room/x;",
    "ws_pubsub_api zone=main;",
    "ws_pubsub_api zone=main topic=$arg_topic;",
    "ws_pubsub_status zone=main;",
    'ws_pubsub_allow_subscribe "a/**" b "c/*/d" "u/$arg_u/**";',
    "ws_pubsub_allow_subscribe off; ws_pubsub_allow_publish off;",
    "ws_pubsub_allow_publish $arg_any;",
    'ws_pubsub_allow_publish "u/${arg_a}-$arg_b/*" "$arg_a/x${arg_b}y/**";',
    "ws_pubsub_max_message 1m; ws_pubsub_max_subscriptions 5;",
    "ws_pubsub_max_batch 8m;",
    "ws_pubsub_queue 100k;",
    "ws_pubsub_queue 1g;",
    "ws_pubsub_queue 1G; ws_pubsub_max_message 1K; ws_pubsub_max_batch 1M;",
    "ws_pubsub_rate 100r/s burst=200;",
    "ws_pubsub_rate 60r/m;",
    "ws_pubsub_rate off;",
    "ws_pubsub_connections 100;",
    "ws_pubsub_connections off;",
    "ws_pubsub_ping_interval 1500ms; ws_pubsub_ping_timeout 2s;",
    "ws_pubsub_ping_interval 0;",
    "ws_pubsub_message_timeout 1m;",
    "ws_pubsub_message_timeout 0;",
    "ws_pubsub_token_key HS256 data:0123456789abcdef0123456789abcdef;"
    "ws_pubsub_token_key HS512 data:not-as-long-as-it-should-be;",
    'ws_pubsub_token_key jwks \'data:{"kty":"OKP","crv":"Ed25519",'
    '"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}\';'
    "ws_pubsub_token optional;",
    "ws_pubsub_token_key HS256 data:0123456789abcdef0123456789abcdef;"
    "ws_pubsub_token later first=1m;",
    "ws_pubsub_subscription_token_key HS256 "
    "data:0123456789abcdef0123456789abcdef;",
    "ws_pubsub_token off;",
    "ws_pubsub_token_from $http_x_token $cookie_token text;",
    "ws_pubsub_token_check iss=https://id.example aud=chat aud=game leeway=0 "
    "max_age=1d require=sub,exp;",
    "ws_pubsub_token_grants may;",
    "ws_pubsub_token_grants off;",
    "ws_pubsub_compression on;",
    "ws_pubsub_compression off;",
    "ws_pubsub_identity $remote_user;",
    'ws_pubsub_identity "$arg_a-$remote_addr";',
    'ws_pubsub_identity "${arg_a}-$ARG_b$ws_pubsub_arg_c";',
    "ws_pubsub_log_at close;",
    "ws_pubsub_log_at connect;",
    "ws_pubsub_subscribe_request off;",
    "ws_pubsub_subscribe_request /may;",
    "ws_pubsub_subscribe_request /may/$arg_room?a=$uri always again=500ms;",
    "ws_pubsub_subscribe_request $uri again=1h always;",
    "ws_pubsub_publish_request off;",
    "ws_pubsub_publish_request /may always;",
    "ws_pubsub_hook_timeout 100ms;",
    "ws_pubsub_hook_pending 1;",
    "ws_pubsub_hook_pending 256;",
    "ws_pubsub_hook_pass $uri $ssl_client_s_dn $arg_a;",
]
BAD_HTTP = [
    ("ws_pubsub_zone main:100k;", "ws_pubsub_zone|main"),
    ("ws_pubsub_zone main:1023k;", "main"),
    ("ws_pubsub_zone main;", "ws_pubsub_zone|main"),
    ("ws_pubsub_zone :1m;", "ws_pubsub_zone|:1m"),
    ("ws_pubsub_zone main:x;", "main:x|main"),
    ("ws_pubsub_zone main:;", "main:"),
    ("ws_pubsub_zone main:g;", "main:g"),
    ("ws_pubsub_zone main:1t;", "main:1t"),
    ("ws_pubsub_zone main:-1g;", "main:-1g"),
    ("ws_pubsub_zone main:8589934592g;", "main:8589934592g"),
    ("ws_pubsub_zone main:17179869184g;", "main:17179869184g"),
    ("ws_pubsub_zone main:1m more;", "ws_pubsub_zone|more"),
    ("ws_pubsub_zone main:1m subscribers=;", "subscribers="),
    ("ws_pubsub_zone main:1m subscribers=%;", "subscribers=%"),
    ("ws_pubsub_zone main:1m subscribers=25;", "subscribers=25"),
    ("ws_pubsub_zone main:1m subscribers=2.5%;", "subscribers=2.5%"),
    ("ws_pubsub_zone main:1m subscribers=101%;", "subscribers=101%"),
    ("ws_pubsub_zone main:1m keys=0%;", "keys=0%"),
    ("ws_pubsub_zone main:1m keys=-1%;", "keys=-1%"),
    ("ws_pubsub_zone main:1m subscribers=71%;", "subscribers=71%"),
    ("ws_pubsub_zone main:1m subscribers=40% keys=26%;", "keys=26%"),
    ("ws_pubsub_zone;", "ws_pubsub_zone"),
    (ZONE + ZONE, "main"),
    (ZONE + "ws_pubsub_zone main:2m;", "main"),
    (ZONE + "ws_pubsub_topic a//b zone=main;", "a//b"),
    (ZONE + "ws_pubsub_topic a/../b zone=main;", "a/../b"),
    (ZONE + "ws_pubsub_topic ./* zone=main;", r"\./\*"),
    (ZONE + "ws_pubsub_topic a* zone=main;", r"a\*"),
    (ZONE + "ws_pubsub_topic **/a zone=main;", r"\*\*/a"),
    (ZONE + "ws_pubsub_topic a;", "zone|ws_pubsub_topic"),
    (ZONE + "ws_pubsub_topic a zone=;", "zone"),
    (ZONE + "ws_pubsub_topic a zone=other;", "other"),
    (ZONE + "ws_pubsub_topic a zone=main history=x;", "history"),
    (ZONE + "ws_pubsub_topic a zone=main history=-1;", "history"),
    (ZONE + "ws_pubsub_topic a zone=main retain=maybe;", "retain"),
    (ZONE + "ws_pubsub_topic a zone=main ttl=soon;", '"ttl=soon"'),
    (ZONE + "ws_pubsub_topic a zone=main ttl=;", '"ttl="'),
    (ZONE + "ws_pubsub_topic a zone=main ttl=-1s;", "ttl=-1s"),
    (ZONE + "ws_pubsub_topic a zone=main ttl=3651d;", "ttl=3651d"),
    (ZONE + "ws_pubsub_topic a zone=main idle=5x;", "idle=5x"),
    (ZONE + "ws_pubsub_topic a zone=main max_subscribers=few;", "few"),
    (ZONE + "ws_pubsub_topic a zone=main max_subscribers=-1;", "-1"),
    (ZONE + "ws_pubsub_topic a zone=main nonsense=1;", "nonsense"),
    (ZONE + "ws_pubsub_topic a zone=main delta=yes;", "delta"),
    (ZONE + "ws_pubsub_topic a zone=main conflate=some;", "conflate"),
    (ZONE + "ws_pubsub_topic a zone=main presence=1;", "presence"),
    ("ws_pubsub zone=main;", "ws_pubsub"),
    ("ws_pubsub_api zone=main;", "ws_pubsub_api"),
]
BAD_LOCATION = [
    ("ws_pubsub;", "ws_pubsub"),
    ("ws_pubsub topic=a;", "zone"),
    ("ws_pubsub zone=;", "zone"),
    ("ws_pubsub zone=other;", "other"),
    ("ws_pubsub zone=main zone=main;", "zone"),
    ("ws_pubsub zone=main nonsense=1;", "nonsense"),
    ("ws_pubsub zone=main topic=a//b;", "a//b"),
    ("ws_pubsub zone=main topic=a/..;", r"a/\.\."),
    ("ws_pubsub zone=main topic=a/*;", r"a/\*"),
    ("ws_pubsub zone=main; ws_pubsub zone=main;", "ws_pubsub"),
    ("ws_pubsub_api;", "ws_pubsub_api"),
    ("ws_pubsub_api zone=other;", "other"),
    ("ws_pubsub_api zone=main topic=a*;", r"a\*"),
    ("ws_pubsub_api zone=main; ws_pubsub_api zone=main;", "ws_pubsub_api"),
    ("ws_pubsub_status;", "ws_pubsub_status"),
    ("ws_pubsub_status zone=other;", "other"),
    ("ws_pubsub zone=main; ws_pubsub_api zone=main;", "ws_pubsub"),
    ("ws_pubsub_allow_subscribe;", "ws_pubsub_allow_subscribe"),
    ("ws_pubsub_allow_subscribe a//b;", "a//b"),
    ("ws_pubsub_allow_subscribe a/../*;", r"a/\.\./\*"),
    ("ws_pubsub_allow_subscribe a/b*;", r"a/b\*"),
    ("ws_pubsub_allow_subscribe $nothing_like_it/a;", "nothing_like_it"),
    ("ws_pubsub_allow_subscribe off a;", "off|ws_pubsub_allow_subscribe"),
    ("ws_pubsub_allow_publish **/a;", r"\*\*/a"),
    # empty, the variable would leave a wildcard
    ('ws_pubsub_allow_subscribe "user/$arg_id*";', "wildcard.*of its own"),
    ('ws_pubsub_allow_subscribe "a/**" "user/*$arg_id";', "of its own"),
    ('ws_pubsub_allow_publish "user/${arg_id}*/x";', "of its own"),
    ('ws_pubsub_allow_publish "${arg_id}**";', "of its own"),
    ('ws_pubsub_allow_publish "user/$arg_id**";', "of its own"),
    ('ws_pubsub_allow_publish "*/$arg_id**/$arg_x";', "of its own"),
    ('ws_pubsub_allow_publish "**/$arg_id";', "the last one"),
    ('ws_pubsub_allow_publish "user//$arg_id";', "no segment is empty"),
    ("ws_pubsub_allow_publish a; ws_pubsub_allow_publish b;",
     "ws_pubsub_allow_publish"),
    ("ws_pubsub_max_message x;", "ws_pubsub_max_message"),
    ("ws_pubsub_max_message 1k 2k;", "ws_pubsub_max_message"),
    ("ws_pubsub_max_message 1k; ws_pubsub_max_message 1k;",
     "ws_pubsub_max_message"),
    ("ws_pubsub_max_batch x;", "ws_pubsub_max_batch"),
    ("ws_pubsub_max_batch 1k; ws_pubsub_max_batch 1k;", "ws_pubsub_max_batch"),
    ("ws_pubsub_max_subscriptions many;", "ws_pubsub_max_subscriptions"),
    ("ws_pubsub_max_message 257m;", "256m"),
    ("ws_pubsub_max_message 1g;", "256m"),
    ("ws_pubsub_max_batch 1g;", "256m"),
    ("ws_pubsub_queue 1gb;", "ws_pubsub_queue"),
    ("ws_pubsub_queue g;", "ws_pubsub_queue"),
    ("ws_pubsub_queue 17179869184g;", "ws_pubsub_queue"),
    ("ws_pubsub_queue 1m; ws_pubsub_queue 1m;",
     "ws_pubsub_queue.*duplicate"),
    ("ws_pubsub_max_message 5000m;", "ws_pubsub_max_message"),
    ("ws_pubsub_queue -1;", "ws_pubsub_queue"),
    ("ws_pubsub_queue 1000;", "ws_pubsub_queue.*4k"),
    ("ws_pubsub_queue 0;", "ws_pubsub_queue.*4k"),
    ("ws_pubsub_rate fast;", "fast|ws_pubsub_rate"),
    ("ws_pubsub_rate 0r/s;", "0r/s|ws_pubsub_rate"),
    ("ws_pubsub_rate 5r/s burst=x;", "burst"),
    ("ws_pubsub_connections few;", "few|ws_pubsub_connections"),
    ("ws_pubsub_ping_interval soon;", "ws_pubsub_ping_interval"),
    ("ws_pubsub_ping_timeout;", "ws_pubsub_ping_timeout"),
    ("ws_pubsub_message_timeout never;", "ws_pubsub_message_timeout"),
    ("ws_pubsub_compression maybe;", "ws_pubsub_compression"),
    ("ws_pubsub_token required;", "ws_pubsub_token_key.*/x"),
    ("ws_pubsub_token optional;", "ws_pubsub_token_key.*/x"),
    ("ws_pubsub_token later;", "ws_pubsub_token_key.*/x"),
    ("ws_pubsub_token soon;", "soon"),
    ("ws_pubsub_token later first=0;", "first=0"),
    ("ws_pubsub_token later first=x;", "first=x"),
    ("ws_pubsub_token later first=2d;", "first=2d"),
    ("ws_pubsub_token later second=1s;", "second=1s"),
    ("ws_pubsub_token required first=1s;", "first=1s"),
    ("ws_pubsub_subscription_token_key none data:x;", "an algorithm"),
    ("ws_pubsub_token off; ws_pubsub_token off;", "ws_pubsub_token.*duplic"),
    ("ws_pubsub_token_key HS256;", "ws_pubsub_token_key"),
    ("ws_pubsub_token_key none data:x;", "an algorithm"),
    ("ws_pubsub_token_key hs256 data:x;", "an algorithm"),
    ("ws_pubsub_token_key HS256 data:;", "empty"),
    ("ws_pubsub_token_key HS256 /no-such-file;",
     "/no-such-file.*No such file"),
    ("ws_pubsub_token_key HS256 /;", '"/" can.t be read'),
    ("ws_pubsub_token_key HS256 no-such-file;", "can't be read.*No such file"),
    ("ws_pubsub_token_key HS256 logs;", "can't be read"),
    ("ws_pubsub_token_key HS256 'data:-----BEGIN PUBLIC KEY-----';",
     "no secret"),
    ("ws_pubsub_token_key ES256 data:x;", "no public key in PEM"),
    ("ws_pubsub_token_key jwks data:x;", "no JSON object"),
    ("ws_pubsub_token_key jwks 'data:{\"keys\":[]}';", "no keys"),
    ("ws_pubsub_token_from a; ws_pubsub_token_from b;",
     "ws_pubsub_token_from.*duplicate"),
    ("ws_pubsub_token_from $nothing_like_it;", "nothing_like_it"),
    ("ws_pubsub_token_check iss=;", "iss="),
    ("ws_pubsub_token_check iss=a iss=b;", "iss=b"),
    ("ws_pubsub_token_check aud=;", "aud="),
    ("ws_pubsub_token_check leeway=x;", "leeway=x"),
    ("ws_pubsub_token_check max_age=0;", "max_age=0"),
    ("ws_pubsub_token_check require=a,,b;", "require=a,,b"),
    ("ws_pubsub_token_check exp;", "exp"),
    ("ws_pubsub_token_check aud=a; ws_pubsub_token_check aud=b;",
     "ws_pubsub_token_check.*duplicate"),
    ("ws_pubsub_token_grants a; ws_pubsub_token_grants b;",
     "ws_pubsub_token_grants.*duplicate"),
    ("ws_pubsub_subscribe_request;", "ws_pubsub_subscribe_request"),
    ("ws_pubsub_subscribe_request may;", "may"),
    ("ws_pubsub_subscribe_request off always;", "off"),
    ("ws_pubsub_subscribe_request /a never;", "never"),
    ("ws_pubsub_subscribe_request /a always always;", "always"),
    ("ws_pubsub_subscribe_request /a again=0;", "again=0"),
    ("ws_pubsub_subscribe_request /a again=x;", "again=x"),
    ("ws_pubsub_subscribe_request /a again=11y;", "again=11y"),
    ("ws_pubsub_subscribe_request /a again=1s again=2s;", "again=2s"),
    ("ws_pubsub_subscribe_request /$nothing_like_it;", "nothing_like_it"),
    ("ws_pubsub_subscribe_request off; ws_pubsub_subscribe_request /a;",
     "ws_pubsub_subscribe_request.*duplicate"),
    ("ws_pubsub_publish_request /a again=1s;", "again=1s"),
    ("ws_pubsub_publish_request /a; ws_pubsub_publish_request /a;",
     "ws_pubsub_publish_request.*duplicate"),
    ("ws_pubsub_hook_timeout 0;", "invalid.*0"),
    ("ws_pubsub_hook_timeout soon;", "soon"),
    ("ws_pubsub_hook_timeout 1s; ws_pubsub_hook_timeout 1s;",
     "ws_pubsub_hook_timeout.*duplicate"),
    ("ws_pubsub_hook_pending 0;", "from 1 to 256"),
    ("ws_pubsub_hook_pending 257;", "from 1 to 256"),
    ("ws_pubsub_hook_pending many;", "from 1 to 256"),
    ("ws_pubsub_hook_pending 1; ws_pubsub_hook_pending 1;",
     "ws_pubsub_hook_pending.*duplicate"),
    ("ws_pubsub_hook_pass mine;", "no variable"),
    ("ws_pubsub_hook_pass $;", "no variable"),
    ("ws_pubsub_hook_pass $1;", "no variable"),
    ("ws_pubsub_hook_pass a$uri;", "no variable"),
    ("ws_pubsub_hook_pass $uri/;", "no variable"),
    ("ws_pubsub_hook_pass $nothing_like_it;", "nothing_like_it"),
    ("ws_pubsub_hook_pass $uri; ws_pubsub_hook_pass $uri;",
     "ws_pubsub_hook_pass.*duplicate"),
    ("ws_pubsub_log_at never;", "never|ws_pubsub_log_at"),
    ("ws_pubsub_zone b:1m;", "ws_pubsub_zone"),
    ("ws_pubsub_topic a zone=main;", "ws_pubsub_topic"),
]


def check(make_nginx, **config):
    ng = make_nginx(workers=1, **config)
    ng.allow(r"\[emerg\]")
    return ng.test_config()


@pytest.mark.parametrize("http", GOOD_HTTP, ids=lambda one: one[:60])
def test_good_in_http(make_nginx, http):
    accepted, said = check(make_nginx, http=http, locations="")
    assert accepted, said
    assert "[warn]" not in said and "[error]" not in said


@pytest.mark.parametrize("text", GOOD_LOCATION)
def test_good_in_a_location(make_nginx, text):
    accepted, said = check(
        make_nginx, http=ZONE, locations="location /x { %s }" % text)
    assert accepted, said


@pytest.mark.parametrize("text", [
    one for one in GOOD_LOCATION
    if not one.startswith(("ws_pubsub ", "ws_pubsub_api", "ws_pubsub_st"))])
def test_good_in_http_and_server(make_nginx, text):
    accepted, said = check(
        make_nginx, http=ZONE + text, server=text, locations="")
    assert accepted, said


def bad(make_nginx, named, **config):
    accepted, said = check(make_nginx, **config)
    assert not accepted
    line = next(line for line in said.splitlines() if "[emerg]" in line)
    assert re.search(named, line), line


@pytest.mark.parametrize("http, named", BAD_HTTP, ids=lambda one: one[-60:])
def test_bad_in_http(make_nginx, http, named):
    bad(make_nginx, named, http=http, locations="")


@pytest.mark.parametrize("text, named", BAD_LOCATION,
                         ids=lambda one: one[:60])
def test_bad_in_a_location(make_nginx, text, named):
    bad(make_nginx, named, http=ZONE,
        locations="location /x { %s }" % text)


def test_a_name_of_another_modules_zone(make_nginx):
    bad(make_nginx, "main", locations="", http="""
        limit_req_zone $remote_addr zone=main:1m rate=1r/s;
        """ + ZONE)


def test_the_smallest_zone_works(nginx):
    ng = nginx(workers=1, http=ZONE)
    assert ng.worker_pids()


def test_no_directive_at_all(nginx):
    ng = nginx(workers=2, http="", locations="")
    ng.reload()
    assert len(ng.worker_pids()) == 2


def test_worker_processes_auto(nginx):
    ng = nginx(workers="auto", http=ZONE)
    assert Http(ng).status()["workers"] == os.cpu_count()


def test_a_secret_is_in_no_message(make_nginx):
    for text in ("ws_pubsub_token_key data:hush HS256;",
                 "ws_pubsub_token_key HS256 data:hush more;",
                 "ws_pubsub_token_key ES256 data:hush;",
                 "ws_pubsub_token_key jwks data:hush;",
                 "ws_pubsub_token_key HS256 data:hush; ws_pubsub nonsense;"):
        accepted, said = check(make_nginx, http=ZONE,
                               locations="location /x { %s }" % text)
        assert not accepted
        assert "hush" not in said
