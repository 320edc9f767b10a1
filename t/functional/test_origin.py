"""Pages from elsewhere: refused, unless ws_pubsub_origin says otherwise."""

import pytest

from support.httpc import Http, raw_request
from support.processes import wait_until
from support.rawws import RawWS, head

CONFIG = {"workers": 1, "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
location /any/ { ws_pubsub_origin any; ws_pubsub_api zone=main; }
location /any-ws {
    ws_pubsub_origin any;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /listed/ {
    ws_pubsub_origin https://app.example https://*.app.example null;
    ws_pubsub_api zone=main;
}
location /listed-ws {
    ws_pubsub_origin same http://localhost:5173;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    location /listed-ws/inner {
        ws_pubsub zone=main;
        ws_pubsub_allow_subscribe "**";
    }
}
location = /orders {
    mirror /copy;
    proxy_pass http://127.0.0.1:@PORT@/seen;
}
location = /copy { internal; ws_pubsub_api zone=main topic=orders; }
location = /seen { return 200 "seen"; }
location = /status { ws_pubsub_status zone=main; }
"""}

ELSEWHERE = "https://elsewhere.example"


def upgrade(ng, origin, path="/ws", scheme="http", **more):
    return raw_request(ng, head(path=path, more={"Origin": origin, **more}),
                       scheme).status


def test_an_endpoint_takes_its_own_pages(ng, scheme):
    port = ng.tls_port if scheme == "https" else ng.port
    for origin in (f"{scheme}://localhost:{port}",
                   f"{scheme.upper()}://LOCALHOST:{port}",
                   # TLS may end before nginx
                   f"http://localhost:{port}", f"https://localhost:{port}"):
        with RawWS.open(ng, scheme=scheme, more={
                "Origin": origin, "Host": f"localhost:{port}"}):
            pass
    with RawWS.open(ng, scheme=scheme):  # no browser
        pass
    with RawWS.open(ng, more={
            "Origin": "https://example.com", "Host": "example.com"}):
        pass


@pytest.mark.parametrize("origin", [
    ELSEWHERE, "null", "rubbish", "http://localhost", "http://localhost:1",
    "http://localhost:@PORT@.elsewhere.example",
    "http://user@localhost:@PORT@", "http://localhost:@PORT@/"])
def test_an_endpoint_refuses_others(ng, scheme, origin):
    seen = len(ng.log_text())
    origin = origin.replace("@PORT@", str(ng.port))
    assert upgrade(ng, origin, scheme=scheme,
                   Host=f"localhost:{ng.port}") == 403
    said = ng.log_text()[seen:]
    assert f"a page of {origin} may not use localhost:{ng.port}" in said
    assert 'see "ws_pubsub_origin"' in said


def test_also_where_it_is_no_upgrade(ng):
    answer = Http(ng).request("GET", "/ws", headers={"Origin": ELSEWHERE})
    assert answer.status == 403


def test_two_origins_are_none(ng):
    sent = head(more={"Origin": f"http://localhost:{ng.port}",
                      "Host": f"localhost:{ng.port}"})
    sent = sent.replace(b"\r\n\r\n",
                        b"\r\nOrigin: " + ELSEWHERE.encode() + b"\r\n\r\n")
    assert raw_request(ng, sent).status == 403


def test_reading_the_api_is_not_held_back(ng):
    http = Http(ng)
    http.put("a", "x")
    for more in ({"Origin": ELSEWHERE}, {"Sec-Fetch-Site": "cross-site"}):
        for method in ("GET", "HEAD"):
            assert http.get("a", headers=more, method=method).status == 200
        assert http.get(query="select=**", headers=more).status == 200
        assert http.request("GET", "/status", headers=more).status == 200


@pytest.mark.parametrize("more", [
    {"Origin": ELSEWHERE}, {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Origin": "", "Sec-Fetch-Site": "cross-site"}], ids=str)
def test_changing_by_the_api_is(ng, scheme, more):
    http = Http(ng, scheme)
    http.put("kept", "x")
    requests = [
        ("POST", "kept", "y", "text/plain"),
        ("PUT", "kept", "y", "text/plain"),
        ("PATCH", "kept", "{}", "application/merge-patch+json"),
        ("DELETE", "kept", None, None), ("DELETE", "?select=**", None, None),
        ("POST", "", '{"topic":"made","text":"x"}\n', "application/x-ndjson")]
    for method, topic, body, kind in requests:
        answer = http.request(method, "/api/" + topic, body, {
            **more, **({"Content-Type": kind} if kind else {})})
        assert answer.status == 403, (method, topic)
        assert answer.error_code() == 103
        assert answer.json()["error"]["message"] == "not from that origin"
    assert http.get("kept").body == b"x"
    assert http.get("made").status == 404


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none"])
def test_requests_that_browsers_send_for_the_site(ng, site):
    assert Http(ng).publish("a", "x", **{"Sec-Fetch-Site": site}).status < 300


def test_own_pages_and_applications_publish(ng, scheme):
    http = Http(ng, scheme)
    port = ng.tls_port if scheme == "https" else ng.port
    assert http.publish("a", "x").status == 202
    assert http.publish("a", "x", Origin=f"{scheme}://localhost:{port}",
                        Host=f"localhost:{port}").status == 202


@pytest.mark.parametrize("origin, good", [
    ("https://app.example", True), ("https://app.example:443", True),
    ("https://a.b.app.example", True), ("null", True),
    ("http://app.example", False), ("https://xapp.example", False),
    (ELSEWHERE, False)])
def test_listed(ng, origin, good):
    http = Http(ng, api="/listed/")
    assert (http.publish("a", "x", Origin=origin).status == 202) == good
    # `same` is said where it is meant
    assert http.publish("a", "x", Origin=f"http://localhost:{ng.port}",
                        Host=f"localhost:{ng.port}").status == 403


def test_any(ng):
    http = Http(ng, api="/any/")
    for more in ({"Origin": ELSEWHERE}, {"Sec-Fetch-Site": "cross-site"}):
        assert http.publish("a", "x", **more).status == 202
    assert upgrade(ng, ELSEWHERE, "/any-ws") == 101


@pytest.mark.parametrize("path", ["/listed-ws", "/listed-ws/inner"])
def test_same_and_a_development_server(ng, path):
    host = f"localhost:{ng.port}"
    assert upgrade(ng, "http://localhost:5173", path, Host=host) == 101
    assert upgrade(ng, f"http://{host}", path, Host=host) == 101
    assert upgrade(ng, "http://localhost:5174", path, Host=host) == 403


def test_what_nginx_asks_by_itself_is_no_pages(ng):
    http = Http(ng)
    http.request("POST", "/orders", "x", {"Origin": ELSEWHERE})
    wait_until("it is mirrored", lambda: http.get("orders").body == b"x")


@pytest.mark.parametrize("arguments, why", [
    ("*", 'invalid parameter "*"'),
    ("example.com", 'invalid parameter "example.com"'),
    ("https://a/", 'invalid parameter "https://a/"'),
    ("https://$host", 'invalid parameter "https://$host"'),
    ("https://a:99999", 'invalid parameter "https://a:99999"'),
    ("https://*", 'invalid parameter "https://*"'),
    ("same same", 'invalid parameter "same"'),
    ("any same", 'takes nothing beside "any"'),
    ("same; ws_pubsub_origin any", "is duplicate"),
    ("", "invalid number of arguments"),
])
def test_bad_configurations(make_nginx, arguments, why):
    ng = make_nginx(workers=1, locations=(
        "location /ws { ws_pubsub zone=main; ws_pubsub_origin "
        + arguments + "; }"))
    accepted, said = ng.test_config()
    assert not accepted and why in said
    ng.allow("emerg")
