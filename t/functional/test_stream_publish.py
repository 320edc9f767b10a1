"""POST at a location of streams where a hook is asked whether that may be
published."""

import pytest

from support.backend import HELD, Answer, json_answer
from support.httpc import Http
from support.processes import wait_until
from support.stream import Stream, path_of

CONFIG = {"workers": 2, "http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "**" zone=main history=100;
""", "locations": """
location /needed/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "free/**";
    ws_pubsub_publish_request /may;
    ws_pubsub_identity $arg_who;
    ws_pubsub_max_message 1k;
}
location /always/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_publish "free/**";
    ws_pubsub_publish_request /may always;
    ws_pubsub_hook_timeout 300ms;
}
location = /may {
    internal;
    proxy_pass http://127.0.0.1:@BACKEND@/may;
    proxy_set_header X-Identity $ws_pubsub_identity;
}
location /api/ { ws_pubsub_api zone=main; }
"""}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def post(http, topic, body="x", where="/needed/", arguments="", **headers):
    return http.request("POST", where + topic + arguments, body, headers)


def test_is_asked(ng, http, backend, topic):
    with Stream(ng, path_of("/needed/", topic, since="new"),
                headers={"Accept": "text/event-stream"}) as stream:
        answer = post(http, topic, '{"a":1}', arguments="?who=ann",
                      **{"Content-Type": "application/json"})
        assert answer.status == 201 and answer.etag
        assert stream.message().json()["data"] == {"a": 1}
    one, = backend.of(topic)
    assert one.op == "pub" and one.body == b'{"a":1}'
    assert one.header("X-Identity") == "ann"


def test_refused(http, backend, topic):
    backend.answer = Answer(403)
    answer = post(http, topic)
    assert answer.status == 403 and answer.error_code() == 103
    assert http.request("GET", f"/api/{topic}").status == 404


def test_no_good_answer(http, backend, topic):
    backend.answer = Answer(500)
    answer = post(http, topic)
    assert answer.status == 503 and answer.error_code() == 115


def test_who_is_asked_about_what(http, backend, topic):
    backend.answer = Answer(403)
    assert post(http, "free/" + topic).status == 202
    assert not backend.asked
    assert post(http, "free/" + topic, where="/always/").status == 403
    assert post(http, "$SYS/x").status == 403
    assert len(backend.asked) == 1


def test_payload_instead(http, backend, topic):
    backend.answer = json_answer(200, '{"b":2}')
    assert post(http, topic).status == 202
    assert http.request("GET", f"/api/{topic}").body == b'{"b":2}'
    backend.answer = json_answer(200, '"' + 2000 * "x" + '"')
    assert post(http, topic).status == 503


def test_nothing_is_asked_of_what_is_no_message(http, backend, topic):
    assert post(http, topic, 2000 * "x").status == 413
    answer = post(http, topic, "{", **{"Content-Type": "application/json"})
    assert answer.status == 400
    assert not backend.asked


def test_a_condition(http, backend, topic):
    assert post(http, topic, "1").status == 202
    assert post(http, topic, "2", **{"If-None-Match": "*"}).status == 412
    assert len(backend.of(topic)) == 2


def test_no_answer_in_time(http, backend, topic):
    backend.answer = HELD
    answer = post(http, "free/" + topic, where="/always/")
    assert answer.status == 503 and answer.error_code() == 115


def test_a_client_that_leaves(ng, http, backend, topic):
    backend.answer = HELD
    with Http(ng) as leaving:
        leaving.connection.request("POST", "/needed/" + topic, body=b"x")
        wait_until("it is asked", lambda: len(backend.of(topic)) == 1)
    backend.answer = Answer(204)
    assert post(http, topic + "/2").status == 202
