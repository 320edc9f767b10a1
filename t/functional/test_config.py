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
    "ws_pubsub_max_message 1m; ws_pubsub_max_subscriptions 5;",
    "ws_pubsub_max_batch 8m;",
    "ws_pubsub_queue 100k;",
    "ws_pubsub_rate 100r/s burst=200;",
    "ws_pubsub_rate 60r/m;",
    "ws_pubsub_rate off;",
    "ws_pubsub_connections 100;",
    "ws_pubsub_connections off;",
    "ws_pubsub_ping_interval 1500ms; ws_pubsub_ping_timeout 2s;",
    "ws_pubsub_ping_interval 0;",
    "ws_pubsub_compression on;",
    "ws_pubsub_compression off;",
    "ws_pubsub_identity $remote_user;",
    'ws_pubsub_identity "$arg_a-$remote_addr";',
    "ws_pubsub_log_at close;",
    "ws_pubsub_log_at connect;",
]
BAD_HTTP = [
    ("ws_pubsub_zone main:100k;", "ws_pubsub_zone|main"),
    ("ws_pubsub_zone main:1023k;", "main"),
    ("ws_pubsub_zone main;", "ws_pubsub_zone|main"),
    ("ws_pubsub_zone :1m;", "ws_pubsub_zone|:1m"),
    ("ws_pubsub_zone main:x;", "main:x|main"),
    ("ws_pubsub_zone main:1m more;", "ws_pubsub_zone"),
    ("ws_pubsub_zone;", "ws_pubsub_zone"),
    (ZONE + ZONE, "main"),
    (ZONE + "ws_pubsub_zone main:2m;", "main"),
    (ZONE + "ws_pubsub_topic a//b zone=main;", "a//b"),
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
    ("ws_pubsub_allow_subscribe a/b*;", r"a/b\*"),
    ("ws_pubsub_allow_subscribe $nothing_like_it/a;", "nothing_like_it"),
    ("ws_pubsub_allow_subscribe off a;", "off|ws_pubsub_allow_subscribe"),
    ("ws_pubsub_allow_publish **/a;", r"\*\*/a"),
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
    ("ws_pubsub_compression maybe;", "ws_pubsub_compression"),
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
