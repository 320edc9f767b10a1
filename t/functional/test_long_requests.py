"""Requests that take several turns: they share them, end once, and end with
the client that wanted them."""

import json
import os
import signal
import socket
import time

from support.httpc import Http, raw_request
from support.processes import wait_until
from support.rawws import connect_socket
from support.stall import assert_bounded, longest_stall_s

CONFIG = {"workers": 1, "connections": 2048, "http": """
ws_pubsub_zone main:128m;
server {
    listen unix:@PREFIX@/backend;
    location / { root @PREFIX@; }
}
""", "server": """
ws_pubsub_max_batch 16m;
client_max_body_size 16m;
""", "locations": """
location /ws {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
location /api/ { ws_pubsub_api zone=main; }
location = /status { ws_pubsub_status zone=main; }
location = /download {
    mirror /copy/;
    proxy_pass http://unix:@PREFIX@/backend:/large;
    proxy_buffering off;
    proxy_method GET;
}
location /copy/ { internal; ws_pubsub_api zone=main; }
"""}
TOPICS = 40_000
STAYS_S = 10  # what a worker on its way out waits for such work


def fill(ng):
    with Http(ng) as http:
        if http.status()["topics"] < TOPICS:
            for start in range(0, TOPICS, 10_000):
                http.batch([{"topic": f"many/{n:06}", "data": n}
                            for n in range(start, start + 10_000)])


def request(method, path, body=b"", kind="application/x-ndjson"):
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n").encode() + body


def read_slowly(sock):
    """Whatever comes, not before the worker's patience is over."""
    time.sleep(STAYS_S + 0.5)
    return read_all(sock)


def read_all(sock):
    """From here on in larger pieces."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    got = b""
    while piece := sock.recv(1 << 20):
        got += piece
    sock.close()
    return got


def with_small_buffer(ng):
    sock = connect_socket(ng, "http", receive_buffer=4096)
    sock.settimeout(60)
    return sock


def test_a_slow_reader_gets_all(ng):
    """The answer of a batch, and a download that a batch is mirrored from."""
    lines = b"".join(b'{"topic":"b/%d","text":"x"}\n' % (n % 100)
                     for n in range(40_000))
    (ng.prefix / "large").write_bytes(b"y" * 20_000_000)
    batch = with_small_buffer(ng)
    batch.sendall(request("POST", "/api/", lines))
    download = with_small_buffer(ng)
    download.sendall(request("POST", "/download", lines[:200_000]))
    got = read_slowly(batch)
    answers = got[got.index(b"\r\n\r\n") + 4:]
    assert answers.count(b"\n") == 40_000
    assert json.loads(answers.splitlines()[-1])["topic"] == "b/99"
    got = read_all(download)
    assert got.endswith(b"\r\n\r\n" + b"y" * 20_000_000)


def listings(ng, count):
    """So many lists that find nothing among all topics, at once."""
    fill(ng)

    def work():
        socks = [connect_socket(ng) for _ in range(count)]
        for sock in socks:
            sock.settimeout(120)
            sock.sendall(request("GET", "/api/?select=*/none"))
        for sock in socks:
            said = b""
            while piece := sock.recv(65536):
                said += piece
            assert said.endswith(b'{"topics":[],"more":false}'), said
            sock.close()
    return work


def test_many_lists_at_once_share_turns(ng):
    assert_bounded(lambda count: longest_stall_s(ng, listings(ng, count)), 16)


def test_many_removals_at_once_share_turns(ng):
    def removals(count):
        def work():
            for answer in [raw_request(ng, request(
                    "DELETE", "/api/?select=*/none")) for _ in range(count)]:
                assert answer.status == 204
        fill(ng)
        return work
    assert_bounded(lambda count: longest_stall_s(ng, removals(count)), 4)


def test_a_list_ends_with_its_client(ng):
    fill(ng)
    seen = len(ng.log_text())
    worker, = ng.worker_pids()
    os.kill(worker, signal.SIGSTOP)  # it finds them gone already
    for sock in [connect_socket(ng) for _ in range(200)]:
        sock.sendall(request("GET", "/api/?select=*/none"))
        sock.shutdown(socket.SHUT_RDWR)
        sock.close()
    os.kill(worker, signal.SIGCONT)
    wait_until("some were ended before they were through", lambda: (
        "client prematurely closed connection" in ng.log_text()[seen:]))
    assert Http(ng).request("GET", "/status").status == 200


def test_a_removal_goes_on_without_its_client(ng):
    fill(ng)
    sock = connect_socket(ng)
    sock.sendall(request("DELETE", "/api/?select=many/**"))
    sock.close()
    wait_until("all are removed", lambda: (
        Http(ng).get("many/000001").status == 404
        and Http(ng).get(f"many/{TOPICS - 1:06}").status == 404))


def test_a_worker_on_its_way_out_ends_its_work(ng):
    fill(ng)
    sock = connect_socket(ng)
    sock.settimeout(60)
    sock.sendall(request("DELETE", "/api/?select=many/**"))
    Http(ng).request("GET", "/status")
    ng.reload()
    said = sock.recv(65536)
    assert said.startswith(b"HTTP/1.1 204"), said
    assert Http(ng).get(query="select=many/**").json()["topics"] == []
