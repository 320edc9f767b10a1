"""The connection to Redis: what is sent and answered, who is let in, and how
it ends and comes back. By a module for tests: see t/probe."""

import socket
import threading
import time

import pytest

from support import ports, tls
from support.dns import NameServer
from support.probe import Probe, config
from support.processes import wait_until

BIG = 8 * 1024 * 1024


@pytest.fixture
def probe(nginx):
    """Starts an nginx whose probe has these words."""
    return lambda *words, **how: Probe(nginx(**config(*words, **how)))


# -- commands ---------------------------------------------------------------

def test_replies(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    assert one.ask("SET", "k", b"a\0\r\n\xff") == "+OK"
    assert redis.call("GET", "k") == b"a\0\r\n\xff"
    assert one.ask("GET", "k") == '"a\0\r\n\udcff"'
    assert one.ask("GET", "none") == "nil"
    assert one.ask("SET", "k", "") == "+OK"
    assert one.ask("GET", "k") == '""'
    assert one.ask("HSET", "h", "a", "1", "b", "2") == "2"
    assert one.ask("HGETALL", "h") == '["a" "1" "b" "2"]'
    assert one.ask("XADD", "s", "NOMKSTREAM", "*", "1", "x") == "nil"
    assert one.ask("XADD", "s", "7-0", "1", "x") == '"7-0"'
    assert one.ask("XREAD", "STREAMS", "s", "0") == (
        '[["s" [["7-0" ["1" "x"]]]]]')
    assert one.ask("XREAD", "BLOCK", "10", "STREAMS", "s", "$") == "nil"
    assert one.ask("GET", "h").startswith("-WRONGTYPE ")
    assert one.ask("NONSENSE").startswith("-ERR unknown command")
    assert one.state().closed == 0


def test_transaction(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    redis.call("SET", "k", "v")
    assert one.ask("WATCH", "k") == "+OK"
    assert one.ask("MULTI") == "+OK"
    assert one.ask("HSET", "k", "a", "b") == "+QUEUED"
    assert one.ask("SET", "n", "1") == "+QUEUED"
    reply = one.ask("EXEC")
    assert reply.startswith("[-WRONGTYPE ") and reply.endswith(" +OK]")
    assert one.ask("WATCH", "k") == "+OK"
    redis.call("SET", "k", "w")
    assert one.ask("MULTI") == "+OK"
    assert one.ask("SET", "n", "2") == "+QUEUED"
    assert one.ask("EXEC") == "nil"
    assert redis.call("GET", "n") == b"1"


def test_many_in_one_turn(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    replies = one.ask("INCR", "n", n=20000)
    assert replies == [str(number) for number in range(1, 20001)]
    assert one.state().closed == 0


@pytest.mark.parametrize("kind", ["plain", "socket", "tls"])
def test_large(probe, make_redis, kind):
    redis = make_redis(secure=kind == "tls")
    cert, _ = tls.certificate()
    one = probe("unix:" + redis.socket if kind == "socket" else redis.url,
                f"trusted_certificate={cert}")
    one.wait_open()
    assert one.ask("SET", "k", x=BIG) == "+OK"
    assert one.ask("GET", "k") == '"' + "x" * BIG + '"'
    replies = one.ask("GETRANGE", "k", 0, 99999, n=100)
    assert replies == ['"' + "x" * 100000 + '"'] * 100
    # more than a turn reads, and more than the sockets hold, both ways
    assert one.ask("ECHO", x=300000, n=40) == ['"' + "x" * 300000 + '"'] * 40
    assert one.state().closed == 0


def test_reply_beyond_the_limit(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    redis.call("SET", "k", b"x" * (BIG + 2 * 1024 * 1024))
    assert one.ask("GET", "k").endswith("a string is too long")
    one.wait_open(2)
    assert one.ask("PING") == "+PONG"


# -- who is let in ------------------------------------------------------------

def test_login(probe, make_redis):
    redis = make_redis(users={
        "default": "off", "admin": "on >root ~* +@all",
        "push": "on >secret ~k* +@all"})
    one = probe(redis.url + "/3", "user=push", "password=secret", "name=a-b")
    one.wait_open()
    client = one.ask("CLIENT", "INFO")
    assert " db=3 " in client and " name=a-b " in client
    assert " user=push " in client
    assert one.ask("SET", "k1", "x") == "+OK"
    assert one.ask("SET", "other", "x").startswith("-NOPERM ")


def test_password_alone(probe, make_redis):
    redis = make_redis(password="secret")
    one = probe(redis.url, "password=secret")
    one.wait_open()
    assert " user=default " in one.ask("CLIENT", "INFO")


@pytest.mark.parametrize("words, why", [
    (["password=wrong"], "AUTH: WRONGPASS "),
    ([], "CLIENT SETNAME: NOAUTH "),
    (["user=who", "password=secret"], "AUTH: WRONGPASS "),
])
def test_not_let_in(probe, make_redis, words, why):
    """It is tried again and again, but not in a loop that spins."""
    redis = make_redis(password="secret")
    one = probe(redis.url, *words)
    state = one.wait_closed(why)
    assert state.opened == 0 and not state.is_open
    assert f"127.0.0.1:{redis.port}: " in state.why
    assert one.ask("PING") is None
    before = one.state().closed
    time.sleep(1)
    assert before <= one.state().closed < before + 15


def test_password_changed(probe, make_redis):
    redis = make_redis(password="wrong")
    one = probe(redis.url, "password=secret")
    one.wait_closed("WRONGPASS")
    with redis.client() as client:
        client.call("CONFIG", "SET", "requirepass", "secret")
    one.wait_open()


def test_too_many_clients(probe, make_redis):
    """Redis says so before it is asked anything."""
    redis = make_redis(more=["maxclients 1"])
    with redis.client() as client:
        client.call("PING")
        one = probe(redis.url)
        one.wait_closed("max number of clients reached")
        client.call("CONFIG", "SET", "maxclients", "10")
        one.wait_open()


# -- TLS ----------------------------------------------------------------------

def test_tls(probe, make_redis):
    redis = make_redis(secure=True)
    cert, _ = tls.certificate()
    one = probe(redis.url, f"trusted_certificate={cert}")
    one.wait_open()
    assert one.ask("PING", n=1000) == ["+PONG"] * 1000
    one.close()
    one.wait_open(2)


def test_tls_of_a_stranger(probe, make_redis, tmp_path):
    redis = make_redis(secure=True, certificate=tls.make_certificate(tmp_path))
    cert, _ = tls.certificate()
    one = probe(redis.url, f"trusted_certificate={cert}", "password=secret")
    state = one.wait_closed("its certificate is not good: ")
    assert "self" in state.why and "signed" in state.why
    # and has heard no password
    assert redis.info("commandstats").get("cmdstat_auth") is None
    assert one.state().opened == 0


def test_tls_not_looked_at(probe, make_redis, tmp_path):
    redis = make_redis(secure=True, certificate=tls.make_certificate(tmp_path))
    probe(redis.url).wait_open()


def test_tls_of_another_address(probe, make_redis):
    redis = make_redis(host="127.0.0.2", secure=True)
    cert, _ = tls.certificate()
    trusted = f"trusted_certificate={cert}"
    one = probe(redis.url, trusted)
    one.wait_closed("IP address mismatch")
    assert one.state().opened == 0


def test_tls_of_another_name(probe, make_redis, name_server):
    redis = make_redis(secure=True)
    name_server.names.update({"localhost": "127.0.0.1",
                              "other.test": "127.0.0.1"})
    cert, _ = tls.certificate()
    trusted = f"trusted_certificate={cert}"
    resolver = f"resolver 127.0.0.1:{name_server.port} ipv6=off;"
    one = probe(f"rediss://localhost:{redis.port}", trusted, http=resolver)
    one.wait_open()
    one = probe(f"rediss://other.test:{redis.port}", trusted, http=resolver)
    one.wait_closed("hostname mismatch")
    assert one.state().opened == 0


def test_tls_and_plain_mixed_up(probe, make_redis, redis):
    secure = make_redis(secure=True)
    # (Redis takes the handshake for the beginning of a line)
    probe(f"rediss://127.0.0.1:{redis.port}").wait_closed(
        "it could not be connected to in time")
    talker = Talker([b"+OK\r\n"], closes=False)
    probe(f"rediss://127.0.0.1:{talker.port}").wait_closed(
        "SSL_do_handshake() failed")
    talker.end()
    one = probe(f"redis://127.0.0.1:{secure.port}")
    one.wait_closed(f":{secure.port}: ")
    assert one.state().opened == 0


# -- names --------------------------------------------------------------------

@pytest.fixture
def name_server():
    server = NameServer()
    yield server
    server.end()


def test_name_that_moves(probe, make_redis, name_server):
    port, = ports.take(1)
    first = make_redis(host="127.0.0.1", port=port)
    second = make_redis(host="127.0.0.2", port=port)
    first.call("SET", "who", "first")
    second.call("SET", "who", "second")
    one = probe(f"redis://redis.test:{port}", http=(
        f"resolver 127.0.0.1:{name_server.port} ipv6=off valid=1s;"))
    one.wait_closed("could not be resolved: Host not found")
    name_server.names["redis.test"] = "127.0.0.1"
    one.wait_open()
    assert one.ask("GET", "who") == '"first"'
    name_server.names["redis.test"] = "127.0.0.2"
    first.kill()
    one.wait_open(2)
    assert one.ask("GET", "who") == '"second"'


def test_name_without_resolver(probe, redis):
    one = probe(f"redis://localhost:{redis.port}")
    one.wait_open()


def test_unknown_name_without_resolver(make_nginx):
    ng = make_nginx(**config("redis://nowhere.invalid"))
    ng.allow("host not found")
    accepted, said = ng.test_config()
    assert not accepted
    assert "host not found: nowhere.invalid:6379" in said


def test_resolver_that_is_silent(probe):
    port, = ports.take(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", port))
        one = probe("redis://redis.test", http=f"resolver 127.0.0.1:{port};")
        one.wait_closed("its name could not be resolved in time")


# -- how it ends and comes back -----------------------------------------------

def test_not_there_yet(probe, make_redis):
    port, = ports.take(1)
    one = probe(f"redis://127.0.0.1:{port}")
    state = one.wait_closed("connect() failed")
    assert "111: Connection refused" in state.why
    make_redis(port=port)
    one.wait_open()
    assert one.ask("PING") == "+PONG"


def test_no_socket(probe, open_path):
    one = probe(f"unix:{open_path}/none")
    one.wait_closed("No such file or directory")


def test_killed_amid_commands(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    assert one.ask("SET", "k", "kept") == "+OK"
    answers = []
    waits = threading.Thread(target=lambda: answers.extend(one.ask(
        "XREAD", "BLOCK", "0", "STREAMS", "s", "$", n=3, timeout=60000)))
    waits.start()
    wait_until("it waits", lambda: any(
        client["flags"] == "b" for client in redis.clients()))
    redis.kill()
    waits.join(20)
    assert len(answers) == 3
    assert all(answer.startswith("! sent ") for answer in answers), answers
    time.sleep(0.5)
    redis.start()
    one.wait_open(2)
    assert one.ask("GET", "k") == '"kept"'


def test_stopped(probe, redis):
    """It keeps its connections and says nothing."""
    one = probe(redis.url)
    one.wait_open()
    redis.pause()
    began = time.monotonic()
    answer = one.ask("PING", timeout=300)
    assert answer.startswith("! sent ")
    assert answer.endswith("it has not answered in time")
    assert time.monotonic() - began >= 0.3
    # the kernel still takes connections
    one.wait_closed("has not let anybody in in time")
    redis.resume()
    one.wait_open(2)
    assert one.ask("PING") == "+PONG"


def test_late_behind_others(probe, redis):
    """A deadline counts for each, not for the first alone."""
    one = probe(redis.url)
    one.wait_open()
    waits = threading.Thread(target=lambda: one.ask(
        "XREAD", "BLOCK", "0", "STREAMS", "s", "$", timeout=60000))
    waits.start()
    wait_until("it waits", lambda: any(
        client["flags"] == "b" for client in redis.clients()))
    assert Probe(one.ng).ask("PING", timeout=200).endswith("not answered in time")
    waits.join(20)


def test_closed_amid_callbacks(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    ended = f"! sent 127.0.0.1:{redis.port}: closed by a callback"
    # those that wait are told before the callback goes on
    assert one.ask("PING", n=5, close=1) == [ended] * 4 + ["+PONG"]
    one.wait_open(2)
    one.close()
    one.wait_open(3)
    assert one.state().why.endswith("closed by its owner")


def test_closed_by_redis(probe, redis):
    one = probe(redis.url)
    one.wait_open()
    redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    one.wait_closed("it has closed the connection")
    one.wait_open(2)


def test_several_servers_in_turn(probe, make_redis):
    dead, = ports.take(1)
    redis = make_redis()
    one = probe(f"redis://127.0.0.1:{dead}", redis.url)
    one.wait_open()
    assert one.state().closed == 1
    redis.kill()
    one.wait_closed(f":{dead}: connect() failed")
    redis.start()
    one.wait_open(2)


def test_reload_and_quit(nginx, redis):
    ng = nginx(**config(redis.url))
    one = Probe(ng)
    one.wait_open()
    ng.reload()
    two = Probe(ng)
    two.wait_open()
    assert two.ask("PING") == "+PONG"
    wait_until("one connection is left", lambda: len(redis.clients()) == 1)


# -- servers that are none ----------------------------------------------------

class Talker:
    """Says its piece to whoever comes, and reads what it is told."""

    def __init__(self, says, closes):
        self._says = says
        self._closes = closes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[one],
                             daemon=True).start()

    def _talk(self, one):
        with one:
            try:
                for piece in self._says:
                    one.sendall(piece)
                while one.recv(65536) and not self._closes:
                    pass
            except OSError:
                pass

    def end(self):
        self._listener.close()


@pytest.mark.parametrize("says, why", [
    ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "Protocol error"),
    ([b"+OK\r\n" * 100], "nobody has asked for"),
    ([b"$99999999999\r\n"], "a string is too long"),
    ([b"*1\r\n" * 1000], "nested too deep"),
    ([b"*4294967295\r\n"], "too many elements"),
    ([b"+" + b"x" * 65536] * 10, "a line is too long"),
    ([b"%1\r\n+a\r\n+b\r\n"], "a type of RESP3"),
    ([], "it has closed the connection"),
    ([b"$10\r\nabc"], "it has closed the connection"),
])
def test_no_redis(probe, says, why):
    talker = Talker(says, closes="closed" in why)
    one = probe(f"redis://127.0.0.1:{talker.port}")
    one.wait_closed(why)
    talker.end()


def test_silent(probe):
    talker = Talker([], closes=False)
    one = probe(f"redis://127.0.0.1:{talker.port}")
    one.wait_closed("has not let anybody in in time")
    talker.end()
