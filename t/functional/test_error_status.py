"""A request that has failed already: nobody is upgraded and nothing is
published under the status of a failure."""

import pytest

from support.httpc import Http, raw_request
from support.processes import wait_until
from support.rawws import PING, PONG, RawWS, head

CONFIG = {"workers": 1, "locations": """
ws_pubsub_allow_subscribe "**";
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
location = /no { return 401; }
location @guest { ws_pubsub zone=main; }
location = /guest { internal; ws_pubsub zone=main; }
location = /kept { auth_request /no; error_page 401 @guest; }
location = /kept-by-uri { auth_request /no; error_page 401 /guest; }
location = /kept-early { auth_request /no; error_page 401 @guest;
    ws_pubsub zone=main; ws_pubsub_log_at connect; }
location = /changed { auth_request /no; error_page 401 =403 @guest; }
location = /again {
    recursive_error_pages on;
    auth_request /no;
    error_page 401 @again;
}
location @again { ws_pubsub zone=main; }
location = /good { auth_request /no; error_page 401 = @guest; }
location = /good-200 { auth_request /no; error_page 401 =200 @guest; }
location = /good-by-uri { auth_request /no; error_page 401 = /guest; }

location @pub { ws_pubsub_api zone=main topic=a; }
location = /pub-kept { error_page 418 @pub; return 418; }
location = /pub-changed { error_page 418 =503 @pub; return 418; }
location = /pub-good { error_page 418 = @pub; return 418; }
location = /pub-202 { error_page 418 =202 @pub; return 418; }
"""}

TOLD = r"has failed before"


@pytest.mark.parametrize("path, status", [
    ("/kept", 401), ("/kept-by-uri", 401), ("/kept-early", 401),
    ("/changed", 403), ("/again", 401)])
def test_no_upgrade(ng, scheme, path, status):
    seen = len(ng.log_text())
    answer = raw_request(ng, head(path=path), scheme)
    assert answer.status == status
    assert "upgrade" not in answer.headers
    assert "transfer-encoding" not in answer.headers
    ng.wait_for_log(TOLD, start=seen)
    assert Http(ng).status()["sessions"] == 0


@pytest.mark.parametrize("path", ["/good", "/good-200", "/good-by-uri"])
def test_an_upgrade(ng, scheme, path):
    with RawWS.open(ng, path=path, scheme=scheme) as ws:
        ws.send_frame(PING, b"x")
        ws.expect(PONG, b"x")
    assert Http(ng, scheme).request("GET", path).status == 426
    wait_until("it ends", lambda: Http(ng).status()["sessions"] == 0)


@pytest.mark.parametrize("path, status", [
    ("/pub-kept", 418), ("/pub-changed", 503)])
def test_no_publish(ng, path, status):
    http = Http(ng)
    http.put("a", '{"kept":true}', kind="application/json")
    for method, kind in (("POST", "text/plain"), ("PUT", "text/plain"),
                         ("PATCH", "application/merge-patch+json"),
                         ("DELETE", "text/plain")):
        seen = len(ng.log_text())
        body = None if method == "DELETE" else "{}"
        answer = http.request(method, path, body, {"Content-Type": kind})
        assert answer.status == status
        ng.wait_for_log(TOLD, start=seen)
    assert http.get("a").json() == {"kept": True}
    # A page of an error may well be a topic's value.
    answer = http.request("GET", path)
    assert answer.status == status and answer.json() == {"kept": True}


@pytest.mark.parametrize("path", ["/pub-good", "/pub-202"])
def test_a_publish_is_answered_as_it_went(ng, path):
    http = Http(ng)
    http.delete("a")
    text = {"Content-Type": "text/plain"}
    answer = http.request("POST", path, "x", text)
    assert answer.status == 202 and answer.json()["seq"] == 1
    assert http.request("POST", path, "y", {
        **text, "If-None-Match": "*"}).status == 412
    assert http.get("a").body == b"x"
    assert http.request("DELETE", path).status == 204
    assert http.request("DELETE", path).status == 404
