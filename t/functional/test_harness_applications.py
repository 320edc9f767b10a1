"""The applications that tests of hooks ask, behind an nginx without the
module."""

import threading

import pytest

from support.backend import HELD, Answer, json_answer
from support.httpc import Http, raw_request
from support.processes import wait_until
from support.rawws import connect_socket

CONFIG = {"module": False, "workers": 1, "http": "", "locations": """
location /http { proxy_pass http://127.0.0.1:@BACKEND@; }
location /fcgi {
    fastcgi_pass 127.0.0.1:@FASTCGI@;
    fastcgi_param REQUEST_METHOD $request_method;
    fastcgi_param REQUEST_URI $request_uri;
    fastcgi_param CONTENT_LENGTH $content_length;
}
"""}


@pytest.fixture(params=["http", "fcgi"])
def application(request, backend, fastcgi):
    return {"http": backend, "fcgi": fastcgi}[request.param], request.param


def test_answers_and_tells(ng, application):
    app, kind = application
    app.say("room/7", json_answer(403, '{"a":1}'))
    answer = Http(ng).request(
        "POST", f"/{kind}?op=sub&topic=room%2F7", b"x" * 100000)
    assert answer.status == 403 and answer.json() == {"a": 1}
    one, = app.of("room/7")
    assert one.method == "POST" and one.path == f"/{kind}"
    assert one.arguments == [("op", "sub"), ("topic", "room%2F7")]
    assert one.body == b"x" * 100000


def test_one_after_another_then_the_last(ng, backend):
    backend.say("a", [Answer(200, b"1"), Answer(200, b"2")])
    http = Http(ng)
    assert [http.request("GET", "/http?topic=a").body for _ in range(3)] == [
        b"1", b"2", b"2"]


def test_held_until_released(ng, application):
    app, kind = application
    app.say("a", HELD)
    got = []
    asks = threading.Thread(target=lambda: got.append(
        Http(ng).request("GET", f"/{kind}?topic=a").status))
    asks.start()
    app.wait_asked("a")
    assert app.held() == ["a"] and app.most_pending == 1 and not got
    assert app.release("a", Answer(201)) == 1
    asks.join()
    assert got == [201] and not app.held()


def test_a_client_that_goes_is_seen(ng, application):
    app, kind = application
    app.say("a", HELD)
    sock = connect_socket(ng)
    sock.sendall(f"GET /{kind}?topic=a HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    app.wait_asked("a")
    sock.close()
    wait_until("it is given up", lambda: app.of("a")[0].state == "gone")


@pytest.mark.parametrize("chunked", [False, True])
def test_broken_off_amid_the_body(ng, backend, chunked):
    backend.say("a", Answer(200, b"x" * 100, cut=50, chunked=chunked))
    whole = raw_request(
        ng, b"GET /http?topic=b HTTP/1.1\r\nHost: x\r\n\r\n")
    assert whole.status == 204
    sock = connect_socket(ng)
    sock.sendall(b"GET /http?topic=a HTTP/1.0\r\nHost: x\r\n\r\n")
    got = b""
    while data := sock.recv(4096):
        got += data
    sock.close()
    assert got.count(b"x" * 50) == 1 and b"x" * 51 not in got
    ng.wait_for_log("upstream prematurely closed connection")
