"""Streams over reloads, dead workers, slow clients and restarts; as sessions."""

import http.client as http_client
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from support import processes
from support.httpc import Http
from support.ports import take
from support.processes import wait_until
from support.stream import Stream, path_of
from support.tokens import Issuer, bearer

HS = Issuer("HS256")
H2_PORT, = take(1)
SSE = {"Accept": "text/event-stream"}

HTTP = """
ws_pubsub_zone main:16m;
ws_pubsub_topic "here/**" zone=main presence=on;
ws_pubsub_topic "keep/**" zone=main conflate=full;
ws_pubsub_topic "**" zone=main history=5000;
log_format session escape=json '{"uri":"$uri","status":$status,'
    '"protocol":"$ws_pubsub_protocol","topics":"$ws_pubsub_topics",'
    '"out":"$ws_pubsub_messages_out","code":"$ws_pubsub_close_code",'
    '"user":"$ws_pubsub_user"}';
"""

LOCATIONS = f"""
location /events/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_identity $arg_who;
    ws_pubsub_allow_subscribe "**";
    access_log logs/session.log session;
}}
location /connect/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_log_at connect;
    access_log logs/session.log session;
}}
location /small/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_queue 64k;
}}
location /timed/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_queue 64m;
    send_timeout 1s;
}}
location /rated/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    limit_rate 20k;
}}
location /two/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_connections 2;
}}
location /users/ {{
    ws_pubsub_stream zone=main;
    ws_pubsub_token_key HS256 data:{HS.key};
    ws_pubsub_allow_subscribe "user/$ws_pubsub_user/**";
    access_log logs/session.log session;
}}
location /control/ {{ ws_pubsub_control zone=main; }}
location /api/ {{ ws_pubsub_api zone=main; }}
location = /status {{ ws_pubsub_status zone=main; }}
"""

UNLOGGED = LOCATIONS.replace("access_log logs/session.log session;", "")

CONFIG = {"workers": 2, "http": HTTP, "locations": LOCATIONS,
          "server": f"listen 127.0.0.1:{H2_PORT} ssl http2;"}


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


def events(ng, *topics, where="/events/", headers=None, scheme="http", **more):
    receive_buffer = more.pop("receive_buffer", None)
    return Stream(ng, path_of(where, *topics, **more), scheme,
                  headers={**SSE, **(headers or {})},
                  receive_buffer=receive_buffer)


def logged(ng, uri, count=1):
    """The sessions of that URI that were logged; waits for so many."""
    path = ng.prefix / "logs" / "session.log"

    def found():
        if not path.exists():
            return []
        lines = map(json.loads, path.read_text().splitlines())
        return [line for line in lines if line["uri"] == uri]
    wait_until(f"{uri} is logged", lambda: len(found()) >= count)
    return found()


def sessions(http):
    return http.request("GET", "/status").json()["sessions"]


class Follower:
    """A stream that comes back as a browser does, by events' ids; notes what
    it gets of each topic."""

    def __init__(self, ng, *topics):
        self.ng, self.topics = ng, topics
        self.got, self.ends, self.last, self.resets = {}, 0, None, 0
        self.stop = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stop:
            headers = {"Last-Event-ID": self.last} if self.last else {}
            try:
                with events(self.ng, *self.topics, headers=headers,
                            since="new") as stream:
                    self._read(stream)
            except OSError:
                time.sleep(0.05)
            except EOFError:
                pass

    def _read(self, stream):
        try:
            while not self.stop:
                event = stream.event()
                if event is None:
                    break
                self._take(event)
        finally:
            self.ends += 1

    def _take(self, event):
        assert event.name in ("message", "cursor", "topic", "reset"), event
        if event.name == "message":
            told = event.json()
            self.got.setdefault(told["topic"], []).append(told["seq"])
        self.resets += event.name == "reset"
        self.last = event.id or self.last


def publish(ng, topic, count, pause_s=0.0, start=0):
    with Http(ng) as client:
        for n in range(start, start + count):
            try:
                client.put(topic, str(n))
            except (OSError, http_client.HTTPException):  # a worker ended
                client.close()
                client.put(topic, str(n))
            time.sleep(pause_s)


def test_reloads_lose_and_repeat_nothing(nginx):
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=2)
    followers = [Follower(ng, "a") for _ in range(4)]
    wait_until("all listen", lambda: sessions_of(ng) == 4)
    writing = threading.Thread(target=publish, args=(ng, "a", 400, 0.005))
    writing.start()
    for _ in range(3):
        time.sleep(0.3)
        ng.reload()
    writing.join()
    with Http(ng) as client:
        last = client.put("a", "last")["seq"]
    wait_until("all have all", lambda: all(
        one.got.get("a", [0])[-1] == last for one in followers), timeout_s=60)
    for one in followers:
        one.stop = True
        assert one.got["a"] == list(range(1, last + 1))
        assert one.ends >= 1 and one.resets == 0


def sessions_of(ng):
    with Http(ng) as client:
        return sessions(client)


def test_a_killed_worker(nginx):
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=2)
    followers = [Follower(ng, "a/*") for _ in range(6)]
    wait_until("all listen", lambda: sessions_of(ng) == 6
               and all(one.last for one in followers))
    publish(ng, "a/1", 20)
    for pid in ng.worker_pids():
        ng.kill_worker(pid)
        publish(ng, "a/2", 20)
    with Http(ng) as client:
        last = client.put("a/2", "last")["seq"]
    wait_until("all have all", lambda: all(
        one.got.get("a/2", [0])[-1] == last for one in followers),
        timeout_s=60)
    for one in followers:
        one.stop = True
        assert one.got["a/1"] == list(range(1, 21))
        assert one.got["a/2"] == list(range(1, last + 1))
        assert one.resets == 0


def test_a_restart_is_told(nginx):
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=1)
    with events(ng, "a", since="new") as stream:
        publish(ng, "a", 3)
        at = [stream.message().id for _ in range(3)][-1]
    ng.quit()
    ng.start()
    publish(ng, "a", 1)
    with events(ng, "a", headers={"Last-Event-ID": at}) as stream:
        assert stream.event().name == "reset"
        assert stream.message().json()["seq"] == 1


def test_a_restart_with_a_file(kept):
    ng = kept(locations=UNLOGGED)
    with Http(ng) as client:
        client.put("hist/a", "1")
    with events(ng, "hist/a") as stream:
        at = stream.message().id
    with Http(ng) as client:
        client.put("hist/a", "2")
    ng.quit()
    ng.start()
    with events(ng, "hist/a", headers={"Last-Event-ID": at}) as stream:
        assert stream.event().json()["text"] == "2"
        with Http(ng) as client:
            client.put("hist/a", "3")
        event = stream.event()
        assert event.json()["text"] == "3"
        assert event.id.split(".")[0] == at.split(".")[0]


def test_workers_end_their_streams_soon_and_as_http_does(nginx):
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=2)
    streams = [events(ng, "a", since="new") for _ in range(20)]
    old = ng.reload()
    for stream in streams:
        assert stream.event() is None and stream.ended
    wait_until("old workers end",
               lambda: not any(processes.alive(pid) for pid in old))
    for stream in streams:
        stream.close()


def test_a_poll_is_answered_when_its_worker_ends(nginx):
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=1)
    answers = []

    def poll():
        with Http(ng) as client:
            answers.append(client.request(
                "GET", path_of("/events/", "a", since="new", wait=60)))
    thread = threading.Thread(target=poll)
    thread.start()
    wait_until("it waits", lambda: sessions_of(ng) == 1)
    ng.reload()
    thread.join(20)
    answer, = answers
    assert answer.status == 200 and answer.json()["items"] == []


def test_quit_and_fast_shutdown(nginx):
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=2)
    streams = [events(ng, "a", since="new") for _ in range(10)]
    assert ng.quit(timeout_s=20) < 10
    for stream in streams:
        stream.close()
    ng.start()
    stream = events(ng, "a", since="new")
    ng.process.terminate()
    assert ng.process.wait(10) == 0
    stream.close()


def test_a_client_that_leaves_is_noticed(ng, http, topic):
    before = sessions(http)
    streams = [events(ng, topic, since="new") for _ in range(5)]
    wait_until("they are there", lambda: sessions(http) == before + 5)
    for stream in streams:
        stream.close()
    wait_until("they are gone", lambda: sessions(http) == before)


def test_a_stalled_reader_harms_none(ng, http, topic):
    stalled = events(ng, topic, where="/small/", since="new",
                     receive_buffer=4096)
    reader = events(ng, topic, since="new")
    slow = http.request("GET", "/status").json()["slow"]
    for n in range(400):
        http.put(topic, f"{n} " + "x" * 20000)
        assert reader.message().json()["text"].startswith(f"{n} ")
    assert http.request("GET", "/status").json()["slow"] > slow
    reader.close()
    last = None
    try:
        while True:
            event = stalled.message()
            if event is None:
                break
            last = event
    except (EOFError, ConnectionError):
        pass
    with events(ng, topic, headers={"Last-Event-ID": last.id}) as again:
        seq = again.message().json()["seq"]
        assert seq == last.json()["seq"] + 1
    stalled.close()


def test_nothing_taken_for_send_timeout(ng, http, topic):
    stalled = events(ng, topic, where="/timed/", since="new",
                     receive_buffer=4096)
    before = sessions(http)
    for _ in range(300):
        http.put(topic, "x" * 30000)
    wait_until("it is ended", lambda: sessions(http) == before - 1)
    stalled.close()


def test_limit_rate_loses_nothing(ng, http, topic):
    with events(ng, topic, where="/rated/", since="new") as stream:
        for n in range(10):
            http.put(topic, f"{n} " + "x" * 6000)
        for n in range(10):
            assert stream.message().json()["text"].startswith(f"{n} ")


def test_a_slow_reader_gets_all(ng, http, topic):
    with events(ng, topic, since="last:100", receive_buffer=4096) as stream:
        for n in range(30):
            http.put(topic, f"{n} " + "x" * 20000)
        for n in range(30):
            assert stream.message().json()["text"].startswith(f"{n} ")


def test_conflated_topics_have_cursors_that_hold(ng, http, topic):
    """What is held back for a slow reader is not behind its cursor."""
    name = f"keep/{topic}"
    stalled = events(ng, f"{name}/*", where="/small/", receive_buffer=4096)
    at = stalled.event().id
    assert at
    for n in range(300):
        http.put(f"{name}/a", f"{n} " + "x" * 5000)
    http.put(f"{name}/b", "last")
    newest = {}
    while newest.get(f"{name}/a", "")[:4] != "299 " or f"{name}/b" not in newest:
        event = stalled.event()
        if event.name == "message":
            told = event.json()
            newest[told["topic"]] = told["text"]
        at = event.id or at
        if event.id:
            with events(ng, f"{name}/*", headers={"Last-Event-ID": at}) as other:
                told = dict(newest)
                while (told.get(f"{name}/a", "")[:4] != "299 "
                       or f"{name}/b" not in told):
                    one = other.event()
                    if one.name == "message":
                        told[one.json()["topic"]] = one.json()["text"]
    stalled.close()


def test_connections(ng, http, topic):
    first = events(ng, topic, where="/two/", since="new")
    second = events(ng, topic, where="/two/", since="new")
    assert events(ng, topic, where="/two/", since="new").status == 503
    first.close()
    wait_until("there is room", lambda: events(
        ng, topic, where="/two/", since="new").status == 200)
    second.close()


def test_log_and_variables(ng, http, topic):
    uri = f"/events/{topic}"
    http.put(topic, "1")
    with events(ng, where=uri) as stream:
        stream.message()
        http.put(topic, "2")
        stream.message()
    line, = logged(ng, uri)
    assert line["status"] == 200 and line["protocol"] == "sse"
    assert line["topics"] == "1" and line["out"] == "2"
    assert line["code"] == "1006"
    assert http.request("GET", uri + "?wait=0").status == 200
    assert logged(ng, uri, 2)[1]["protocol"] == "poll"
    with Stream(ng, uri) as stream:
        stream.line()
    assert logged(ng, uri, 3)[2]["protocol"] == "lines"
    uri = f"/connect/{topic}"
    with events(ng, where=uri) as stream:
        stream.message()
        line, = logged(ng, uri)
        assert line["code"] == "0"
    http.put(topic, "3")
    assert len(logged(ng, uri)) == 1


def test_tokens(ng, http, topic):
    path = f"/users/user/ann/{topic}"
    assert http.request("GET", path).status == 401
    assert http.request("GET", path, headers=bearer("x.y.z")).status == 401
    token = HS.token(sub="ann")
    http.put(f"user/ann/{topic}", "1")
    with events(ng, where=path, headers=bearer(token)) as stream:
        assert stream.message().json()["text"] == "1"
    with events(ng, where=path, token=token) as stream:
        assert stream.message().json()["text"] == "1"
    assert logged(ng, path, 1)[-1]["user"] == "ann"
    other = path.replace("/ann/", "/bob/")
    assert http.request("GET", other, headers=bearer(token)).status == 403


def test_control(ng, http, topic):
    name = "here/" + topic
    with events(ng, name, who="ann") as stream:
        wait_until("it is there", lambda: any(
            one.get("protocol") == "sse" and one.get("identity") == "ann"
            for one in http.request(
                "GET", "/control/sessions").json()["sessions"]))
        answer = http.request("DELETE", "/control/sessions?identity=ann")
        assert answer.status == 200, answer
        assert stream.event() is None or stream.event() is None
        assert stream.ended


def h2(*arguments):
    command = ["curl", "-sk", "--http2", "-N", "--max-time", "60",
               "--noproxy", "*", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def message_of(client):
    while True:
        told = json.loads(client.stdout.readline())
        if told["op"] == "msg":
            return told


def test_http2(ng, http, topic):
    http.put(topic, "1")
    url = f"https://127.0.0.1:{H2_PORT}/events/{topic}?as=lines"
    client = h2(url)
    try:
        assert message_of(client)["text"] == "1"
        for n in range(20):
            http.put(topic, f"message {n}")
            assert message_of(client)["text"] == f"message {n}"
    finally:
        client.kill()
        client.wait()


def test_ten_streams_on_a_connection(ng, http, topic):
    names = [f"{topic}/{n}" for n in range(10)]
    before = sessions(http)
    urls = [f"https://127.0.0.1:{H2_PORT}/events/{name}?as=lines&since=new"
            for name in names]
    client = h2("-Z", "--parallel-max", "10", *urls)
    try:
        wait_until("all are there", lambda: sessions(http) == before + 10,
                   timeout_s=30)
        wanted = set()
        for turn in range(5):
            for name in names:
                http.put(name, str(turn))
                wanted.add((name, str(turn)))
        while wanted:
            told = message_of(client)
            wanted.remove((told["topic"], told["text"]))
        os.kill(client.pid, signal.SIGKILL)
        wait_until("all are gone", lambda: sessions(http) == before)
    finally:
        client.kill()
        client.wait()


def test_http2_over_a_reload(nginx):
    port, = take(1)
    ng = nginx(http=HTTP, locations=LOCATIONS, workers=1,
               server=f"listen 127.0.0.1:{port} ssl http2;")
    client = h2(f"https://127.0.0.1:{port}/events/a?as=lines&since=new")
    wait_until("it is there", lambda: sessions_of(ng) == 1)
    publish(ng, "a", 1)
    assert message_of(client)
    old = ng.reload()
    assert client.stdout.read() == b""
    assert client.wait(20) == 0
    wait_until("old workers end",
               lambda: not any(processes.alive(pid) for pid in old))
