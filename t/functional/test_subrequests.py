"""What is reached by a subrequest: reads work as everywhere, publishes where
the body is at hand, and nobody can be upgraded."""

import pytest

from support.httpc import Http, raw_request
from support.rawws import PING, PONG, RawWS, head

LOCATIONS = """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location = /plain {
    ws_pubsub zone=main topic=a;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_log_at connect;
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
location = /sink { return 200 "sunk"; }
default_type text/html;

location = /mirrored { mirror /ws; proxy_pass http://127.0.0.1:@PORT@/sink; }
location = /mirrored-plain {
    mirror /plain;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
location = /asked {
    auth_request /ws;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
location = /before { add_before_body /ws; root @PREFIX@; }
location = /after { add_after_body /ws; root @PREFIX@; }
location = /included { ssi on; root @PREFIX@; }

location = /api-asked {
    auth_request /api/allowed;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
location = /api-around {
    add_before_body /api/part;
    add_after_body /status;
    root @PREFIX@;
}
location = /batch-mirrored {
    mirror /api/;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
location = /api-mirrored {
    mirror /api/part;
    proxy_pass http://127.0.0.1:@PORT@/sink;
}
"""

CONFIG = {"workers": 2, "locations": LOCATIONS}

REFUSED = r"a WebSocket endpoint was reached by a subrequest"


@pytest.fixture(autouse=True)
def pages(ng):
    for name in ("before", "after", "api-around"):
        (ng.prefix / name).write_text("[page]")
    (ng.prefix / "included").write_text('[<!--# include virtual="/ws" -->]')


@pytest.mark.parametrize("path, status", [
    ("/mirrored", 200), ("/mirrored-plain", 200), ("/asked", 500),
    ("/before", 200), ("/after", 200), ("/included", 200)])
def test_an_upgrade_is_refused_and_told(ng, scheme, path, status):
    seen = len(ng.log_text())
    answer = raw_request(ng, head(path=path), scheme)
    assert answer.status == status, answer
    ng.wait_for_log(REFUSED, start=seen)
    assert len(ng.log_text()[seen:].split(REFUSED)) == 2, "one line each"
    assert Http(ng).status()["sessions"] == 0
    with RawWS.open(ng) as ws:  # the same endpoint by a request of its own
        ws.send_frame(PING, b"x")
        ws.expect(PONG, b"x")


def test_auth_request_asks_the_api(ng):
    http = Http(ng)
    http.delete("allowed")
    assert http.request("GET", "/api-asked").status == 500  # a 404
    http.put("allowed", "yes")
    for method in ("GET", "POST"):
        body = "x" if method == "POST" else None
        assert http.request(method, "/api-asked", body).body == b"sunk"
    assert http.get("allowed").body == b"yes"


def test_values_around_a_page(ng):
    http = Http(ng)
    http.put("part", "a part")
    body = http.request("GET", "/api-around").body
    assert body.startswith(b'a part[page]{"zone":"main"'), body


def test_a_page_with_many_parts(ng):
    """A page of a list takes turns; in a variable it is held in memory."""
    http = Http(ng)
    http.put("part", "a part")
    http.put("void", "")
    (ng.prefix / "included").write_text(
        '[<!--# include virtual="/api/part" -->]'
        '<!--# include virtual="/api/part" set="kept" -->'
        '[<!--# echo var="kept" -->]'
        '[<!--# include virtual="/api/void" -->]'
        '[<!--# include virtual="/api/?select=part" -->]'
        '[<!--# include virtual="/status?format=text" -->]')
    body = http.request("GET", "/included").body
    assert body.startswith(
        b'[a part][a part][][{"topics":[{"topic":"part",'), body
    assert b"],\"more\":false}][zone main\n" in body, body
    assert http.request("GET", "/pid").status == 200, "the answer had an end"


def test_a_mirrored_removal(ng):
    http = Http(ng)
    http.put("part", "x")
    assert http.request("DELETE", "/api-mirrored").status == 200
    assert http.request("GET", "/pid").status == 200
    assert http.get("part").status == 404


def test_work_of_many_turns(ng):
    """Both go on in later turns: a batch, and a search that finds nothing."""
    http = Http(ng)
    lines = "".join(f'{{"topic":"many/{n}","text":"x"}}\n'
                    for n in range(6000))
    answer = http.request("POST", "/batch-mirrored", lines, {
        "Content-Type": "application/x-ndjson"})
    assert answer.body == b"sunk"
    assert http.request("GET", "/pid").status == 200
    assert http.get("many/5999").body == b"x"
    (ng.prefix / "included").write_text(
        '[<!--# include virtual="/api/?select=*/none" -->]')
    body = http.request("GET", "/included").body
    assert body == b'[{"topics":[],"more":false}]'
    assert http.request("DELETE", "/api/?select=**").status == 204
