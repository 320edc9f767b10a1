"""ws_pubsub_cluster: configurations that are accepted and those that are told
what is wrong; and nobody has to be reachable when nginx starts."""

import pytest

from support import ports, tls
from support.cluster import (
    directives, ready, refuses, seed, set_password, state, wait_following)
from support.httpc import Http
from support.restarts import does_not_start

ZONE = "ws_pubsub_zone main:1m;"
URL = "redis://127.0.0.1:1"
CERT = "@CERT@"  # the path is another one in each process


def words(text):
    return ZONE + f"ws_pubsub_cluster zone=main {text};"


def checked(make_nginx, http):
    http = http.replace(CERT, str(tls.certificate()[0]))
    ng = make_nginx(http=http, workers=1, locations="")
    set_password(ng, "secret")
    ng.allow(r"\[emerg\]")
    return ng, *ng.test_config()


@pytest.mark.parametrize("http", [
    words(URL),
    "ws_pubsub_cluster zone=main redis://127.0.0.1;" + ZONE,
    words(URL + "/0"),
    words(URL + "/3"),
    words("redis://[::1]:6379"),
    words(f"{URL} redis://127.0.0.1:2 unix:/run/redis.sock"),
    words("unix:/run/redis/redis.sock"),
    "resolver 127.0.0.1;" + words("redis://redis.internal:6380/0"),
    words("sentinel://127.0.0.1:26379,127.0.0.2:26379/mymaster"),
    words(f"{URL} name=shop"),
    words(f"{URL} user=push password_file=@PREFIX@/redis.pass"),
    words(f"{URL} password_file=@PREFIX@/redis.pass"),
    words(f"{URL} wait=500ms pending=1m budget=50% log=1m"),
    words(f"{URL} wait=5s pending=4m budget=60% log=64m"),
    words(f"rediss://127.0.0.1:1 trusted_certificate={CERT}"),
    words(f"rediss://127.0.0.1:1 trusted_certificate={CERT} verify=on"),
    words("rediss://127.0.0.1:1 verify=off"),
    words(URL) + "ws_pubsub_zone other:1m;"
                 f"ws_pubsub_cluster zone=other {URL};",
    words(URL) + "ws_pubsub_snapshot zone=main @PREFIX@/logs/main;",
], ids=str)
def test_good(make_nginx, http):
    _, accepted, said = checked(make_nginx, http)
    assert accepted, said


@pytest.mark.parametrize("http, names", [
    (ZONE + "ws_pubsub_cluster;", "ws_pubsub_cluster"),
    (ZONE + f"ws_pubsub_cluster {URL};", "ws_pubsub_cluster"),
    (words(""), "ws_pubsub_cluster"),
    (ZONE + f"ws_pubsub_cluster zone=other {URL};",
     'zone "other" is not defined by "ws_pubsub_zone"'),
    (words(URL) + f"ws_pubsub_cluster zone=main {URL};", "main"),
    (words(URL) + "ws_pubsub_cluster zone=main redis://127.0.0.1:2;", "main"),
    (words("rediss://127.0.0.1:1"), "trusted_certificate"),
    (words("rediss://127.0.0.1:1 verify=on"), "trusted_certificate"),
    (words("rediss://127.0.0.1:1 trusted_certificate=@PREFIX@/none.pem"),
     "none.pem"),
    (words(f"{URL} password_file=@PREFIX@/none.pass"), "none.pass"),
    (words(f"{URL} password_file=@PREFIX@/logs"), '/logs"'),
    (words(f"{URL} verify=maybe"), "verify=maybe"),
    (words("http://127.0.0.1:1"), "http://127.0.0.1:1"),
    (words("127.0.0.1:1"), "127.0.0.1:1"),
    (words("redis://"), "redis://"),
    (words("redis://127.0.0.1:0"), "127.0.0.1:0"),
    (words("redis://127.0.0.1:65536"), "65536"),
    (words("redis://127.0.0.1:many"), "many"),
    (words(URL + "/one"), "/one"),
    (words("unix:"), "unix:"),
    (words("sentinel://127.0.0.1:26379"), "sentinel://"),
    (words("sentinel://127.0.0.1:26379/"), "sentinel://"),
    (words(f"{URL} name="), "name"),
    (words(f"{URL} wait="), "wait"),
    (words(f"{URL} wait=soon"), "wait=soon"),
    (words(f"{URL} wait=-1s"), "wait=-1s"),
    (words(f"{URL} pending=much"), "pending=much"),
    (words(f"{URL} pending=0"), "pending=0"),
    (words(f"{URL} pending=-1"), "pending=-1"),
    (words(f"{URL} budget=60"), "budget=60"),
    (words(f"{URL} budget=0%"), "budget=0%"),
    (words(f"{URL} budget=101%"), "budget=101%"),
    (words(f"{URL} budget=x%"), "budget=x%"),
    (words(f"{URL} log=long"), "log=long"),
    (words(f"{URL} log=0"), "log=0"),
    (words(f"{URL} log=-1"), "log=-1"),
    (words(f"{URL} quorum=2"), "quorum=2"),
    (ZONE + f"server {{ ws_pubsub_cluster zone=main {URL}; }}",
     "not allowed here"),
], ids=str)
def test_bad(make_nginx, http, names):
    """One line, which names what is wrong."""
    _, accepted, said = checked(make_nginx, http)
    assert not accepted
    lines = [line for line in said.splitlines() if "[emerg]" in line]
    assert len(lines) == 1, said
    assert names in lines[0]


def test_bad_at_the_start(make_nginx):
    ng = make_nginx(http=words(f"{URL} wait=soon"), workers=1, locations="")
    (line,) = does_not_start(ng)
    assert "wait=soon" in line


def test_start_without_redis(nginx, make_redis):
    """It serves nothing of the zone, and says why, once; then it joins."""
    (port,) = ports.take(1)
    ng = nginx(workers=2, http=directives(
        f"redis://127.0.0.1:{port} wait=1s"))
    ng.wait_for_log(r'\[warn\].* zone "main": Redis is not reachable: .+')
    assert state(ng) == "joining" and ready(ng) == 503
    refuses(ng)
    told = ng.log_text().count("Redis is not reachable")
    assert told == 1
    make_redis(port=port)
    wait_following(ng)
    assert ng.log_text().count("Redis is not reachable") == told
    with Http(ng) as http:
        assert http.put("hist/a", "x")["seq"] == 1
        assert http.get("hist/a").body == b"x"


def test_reload_that_is_refused(nginx, redis):
    """nginx goes on as it was."""
    seed(redis)
    ng = nginx(workers=1, http=directives(redis.url))
    wait_following(ng)
    with Http(ng) as http:
        http.put("hist/a", "x")
        ng.allow(r"\[emerg\]")
        start = len(ng.log_text())
        ng.reload(wait=False, http=directives(f"{redis.url} wait=soon"))
        ng.wait_for_log(r"\[emerg\].*wait=soon", start=start)
        assert http.put("hist/a", "y")["seq"] == 2
    assert state(ng) == "following"


def test_without_a_cluster(nginx):
    ng = nginx(workers=1)
    assert state(ng) == "off" and ready(ng) == 200
    with Http(ng) as http:
        text = http.request("GET", "/status?format=text").body.decode()
        assert "\ncluster off\n" in text
