"""Where the URI is not the location's own any more, there is no topic in it,
and least of all is it the root of all topics."""

import pytest

from support.httpc import Http

CONFIG = {"workers": 1, "locations": """
location /api/ { ws_pubsub_api zone=main; }
location /pub/ {
    rewrite ^/pub/(.*)$ /chat/$1 break;
    ws_pubsub_api zone=main;
}
location /inside/ {
    rewrite ^/inside/(.*)$ /inside/app/$1 break;
    ws_pubsub_api zone=main;
}
location /if/ {
    if ($arg_x) { rewrite ^ /elsewhere break; }
    ws_pubsub_api zone=main;
}
location /tried/ {
    root @PREFIX@;
    try_files /file $uri =404;
    ws_pubsub_api zone=main;
}
location /outer/ {
    location /outer/inner/ {
        rewrite ^ /outer/ break;
        ws_pubsub_api zone=main;
    }
}
location = /exact { ws_pubsub_api zone=main; }
location /accel/ {
    proxy_pass http://127.0.0.1:@PORT@/accelerate/;
}
location /accelerate/ {
    add_header X-Accel-Redirect /pub/x;
    return 200;
}
location /last/ { rewrite ^/last/(.*)$ /api/$1 last; }
location /named/ { try_files /none @named; }
location @named { ws_pubsub_api zone=main topic=by/name; }
"""}

OUTSIDE = "lies outside of the location"


@pytest.mark.parametrize("path", [
    "/pub/a", "/pub/", "/if/a?x=1", "/tried/a",
    "/outer/inner/a", "/accel/"])
def test_nothing_is_done(ng, path):
    http = Http(ng)
    (ng.prefix / "file").write_text("")
    http.put("a", "kept")
    http.put("chat/a", "kept")
    line = '{"topic":"made","text":"x"}\n'
    more = "&" if "?" in path else "?"
    for method, query, body, kind in (
            ("POST", "", line, "application/x-ndjson"),
            ("POST", "", "x", "text/plain"), ("PUT", "", "x", "text/plain"),
            ("DELETE", more + "select=**", None, "text/plain"),
            ("DELETE", "", None, "text/plain"),
            ("GET", more + "select=**", None, "text/plain")):
        seen = len(ng.log_text())
        answer = http.request(method, path + query, body,
                              {"Content-Type": kind})
        assert answer.status == 404, (method, query, answer)
        assert ng.log_text()[seen:].count(OUTSIDE) == 1
    assert http.get("made").status == 404
    assert http.get("a").body == http.get("chat/a").body == b"kept"


def test_within_the_location(ng):
    http = Http(ng)
    for path, topic in (
            ("/inside/a", "app/a"), ("/if/b", "b"), ("/last/c", "c"),
            ("/named/whatever", "by/name")):
        assert http.request("POST", path, "x", {
            "Content-Type": "text/plain"}).status == 202, path
        assert http.get(topic).body == b"x"
        http.delete(topic)
    assert http.request("GET", "/exact?select=**").status == 200
    assert http.request("GET", "/exactly").status == 404


@pytest.mark.parametrize("location", [
    "location @a", "location ~ ^/a", "location ~* ^/a"])
def test_a_location_without_a_prefix_needs_a_topic(make_nginx, location):
    for topic, good in (("", False), (" topic=a", True)):
        ng = make_nginx(workers=1, locations=(
            location + "{ ws_pubsub_api zone=main" + topic + "; }"))
        ng.allow('"ws_pubsub_api" needs "topic="')
        accepted, said = ng.test_config()
        assert accepted == good, said
