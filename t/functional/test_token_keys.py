"""Keys in files: replaced while nginx runs, by good ones and by bad ones."""

import json
import os
import re
import secrets
import subprocess
import time

import pytest

from support.httpc import Http
from support.processes import wait_until
from support.tokens import Issuer, bearer

LOOK_S = 15.0  # files are looked at every 10 s


def status(ng, token, path="/pem"):
    with Http(ng) as http:
        return http.request("GET", path, headers=bearer(token)).status


def write(ng, name, text):
    """By renaming, so that it is never half there."""
    new = ng.prefix / (name + ".new")
    new.write_text(text)
    new.replace(ng.prefix / name)


def started(make_nginx, pem, keys, workers=1):
    ng = make_nginx(workers=workers, http="", locations="""
location /pem {
    ws_pubsub_token_key ES256 @PREFIX@/key.pem;
    ws_pubsub_token required;
    alias @PREFIX@/key.pem;
}
location /set {
    ws_pubsub_token_key jwks @PREFIX@/keys.json;
    ws_pubsub_token required;
    alias @PREFIX@/key.pem;
}
location /in-memory {
    ws_pubsub_token_key jwks @PREFIX@/keys.json;
    ws_pubsub_token required;
    try_files /none @done;
}
location @done { return 200; }
""")
    write(ng, "key.pem", pem)
    write(ng, "keys.json", keys)
    return ng.start()


def test_replaced(make_nginx):
    old, new, third = (Issuer("ES256") for _ in range(3))
    ng = started(make_nginx, old.text(),
                 json.dumps({"keys": [old.jwk(kid="old")]}))
    assert status(ng, old.token()) == 200
    assert status(ng, old.token(kid="old"), "/set") == 200
    time.sleep(1.1)

    # an unknown kid is looked for soon
    write(ng, "keys.json", json.dumps(
        {"keys": [old.jwk(kid="old"), new.jwk(kid="new")]}))
    assert status(ng, new.token(kid="new"), "/set") == 200
    assert status(ng, old.token(kid="old"), "/set") == 200

    # bad ones change nothing
    write(ng, "key.pem", "rubbish")
    write(ng, "keys.json", json.dumps({"keys": [{"kty": "RSA"}]}))
    wait_until("the log says so", lambda: (
        status(ng, old.token()) == 200
        and status(ng, old.token(kid="old"), "/set") == 200
        and "key.pem\" has changed: the keys that it had" in ng.log_text()
        and "keys.json\" has changed: the keys that it had" in ng.log_text()),
        LOOK_S)
    said = ng.log_text().count("key.pem\" has changed")
    os.unlink(ng.prefix / "keys.json")
    (ng.prefix / "key.pem").write_text(new.text())
    wait_until("the new key", lambda: status(ng, new.token()) == 200, LOOK_S)
    assert status(ng, old.token()) == 401
    assert ng.log_text().count("key.pem\" has changed") == said

    # not there, not to be read
    wait_until("the log says so", lambda: (
        status(ng, old.token(kid="old"), "/set") == 200
        and "is not there any more" in ng.log_text()), LOOK_S)
    if os.geteuid() == 0:
        write(ng, "keys.json", json.dumps(third.jwk(kid="third")))
        os.chmod(ng.prefix / "keys.json", 0o600)
        wait_until("the log says so", lambda: (
            status(ng, old.token(kid="old"), "/set") == 200
            and "keys.json\" can't be read" in ng.log_text()), LOOK_S)
        # a change of mode alone is seen
        os.chmod(ng.prefix / "keys.json", 0o644)
        wait_until("the third key", lambda: status(
            ng, third.token(kid="third"), "/set") == 200, LOOK_S)
        write(ng, "keys.json", json.dumps(old.jwk(kid="old")))
        wait_until("the old key", lambda: status(
            ng, old.token(kid="old"), "/set") == 200, LOOK_S)
        write(ng, "keys.json", json.dumps(third.jwk(kid="third")))
        os.chmod(ng.prefix / "keys.json", 0o600)
        # but the master reads it
        ng.reload()
        assert status(ng, old.token(kid="old"), "/set") == 401
        assert status(ng, third.token(kid="third"), "/set") == 200
        assert "workers can't read" in ng.log_text()


def test_an_unknown_kid_and_keys_without_a_name(make_nginx):
    old, new = Issuer("ES256"), Issuer("ES256")
    ng = started(make_nginx, old.text(), json.dumps(old.jwk()))
    assert status(ng, old.token(kid="x")) == 200
    time.sleep(1.1)
    write(ng, "key.pem", new.text())
    assert status(ng, new.token(kid="y")) == 200
    assert status(ng, old.token(kid="x")) == 401
    ng.wait_for_log("the token is refused: unknown_key")
    assert status(ng, old.token()) == 401
    ng.wait_for_log("the token is refused: signature")


def limit_descriptors(pid, count):
    """As the worker's own user, which may do that everywhere."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        user, group = map(int, re.findall(r"^[UG]id:\t(\d+)", file.read(), re.M))
    other = {"user": user, "group": group} if user != os.geteuid() else {}
    subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={count}:"],
                   check=True, **other)


def test_no_descriptor_is_free(make_nginx):
    """The file does not change meanwhile, and is read when there is one."""
    old, new = Issuer("ES256"), Issuer("ES256")
    ng = started(make_nginx, old.text(), json.dumps(old.jwk(kid="old")))
    [worker] = ng.worker_pids()
    with Http(ng) as http:
        ask = lambda issuer, kid: http.request(
            "GET", "/in-memory", headers=bearer(issuer.token(kid=kid))).status
        assert ask(old, "old") == 200
        write(ng, "keys.json", json.dumps(new.jwk(kid="new")))
        time.sleep(1.1)
        limit_descriptors(worker, 0)
        for _ in range(2):
            assert ask(new, "new") == 401
            assert ask(old, "old") == 200
            time.sleep(1.1)
        limit_descriptors(worker, 512)
        assert ask(new, "new") == 200
        assert ask(old, "old") == 401
    assert ng.log_text().count("keys.json\" can't be read (24:") == 1


def test_a_secret_that_is_written_in_two_parts(make_nginx):
    ng = make_nginx(workers=1, http="", locations="""
location /x {
    ws_pubsub_token_key HS256 @PREFIX@/secret;
    ws_pubsub_token required;
    try_files /none @done;
}
location @done { return 200; }
""")
    old, new = (Issuer("HS256", secret=secrets.token_urlsafe(64))
                for _ in range(2))
    half = Issuer("HS256", secret=new.key[:10])
    place = ng.prefix / "secret"
    place.write_text(old.key)
    ng.start()
    time.sleep(1.1)
    place.write_text(half.key)
    assert status(ng, half.token(kid="x"), "/x") == 401
    assert status(ng, old.token(), "/x") == 200
    ng.wait_for_log("the one before it was not")
    ng.wait_for_log("secret\" has changed: the keys that it had")
    time.sleep(1.1)
    place.write_text(new.key)
    assert status(ng, new.token(kid="x"), "/x") == 200
    assert status(ng, old.token(), "/x") == 401
    # at a start it is what the configuration says
    place.write_text(half.key)
    ng.reload()
    assert status(ng, half.token(), "/x") == 200


@pytest.mark.parametrize("value", [
    "my-s3cr3t", "'{\"kty\":\"oct\",\"k\":\"s3cr3t/AA\"}'", "s3cr3t/a+b=",
    "'-----BEGIN PRIVATE KEY-----\ns3cr3t/AA\n-----END PRIVATE KEY-----'"])
@pytest.mark.parametrize("algorithm", ["HS256", "jwks"])
def test_a_key_without_data_is_not_in_the_log(make_nginx, algorithm, value):
    ng = make_nginx(workers=1, http="", locations="""
location /x { ws_pubsub_token_key %s %s; }
""" % (algorithm, value))
    ng.allow(r"\[emerg\]")
    accepted, said = ng.test_config()
    assert not accepted
    assert "s3cr3t" not in said + ng.log_text()
    assert "the key file can't be read" in said and '"data:"' in said
    assert "nginx.conf:" in said


def test_a_reload_with_a_bad_file(make_nginx):
    issuer = Issuer("ES256")
    ng = started(make_nginx, issuer.text(), json.dumps(issuer.jwk()))
    write(ng, "key.pem", "rubbish")
    accepted, said = ng.test_config()
    assert not accepted and "no public key in PEM" in said
    ng.allow(r"\[emerg\]")
    os.kill(ng.pid, 1)
    ng.wait_for_log("no public key in PEM")
    assert status(ng, issuer.token()) == 200


def test_warnings(make_nginx):
    ng = make_nginx(workers=1, http="", locations="""
location /x {
    ws_pubsub_token_key HS256 @PREFIX@/secret;
    ws_pubsub_token required;
}
""")
    (ng.prefix / "secret").write_text("hush hush\n")
    (ng.prefix / "secret").chmod(0o644)
    accepted, said = ng.test_config()
    assert accepted
    assert "can be read by everybody" in said
    assert "shorter than its digest" in said
    assert "hush" not in said
    issuer = Issuer("HS256", secret="hush hush")
    ng.start()
    assert status(ng, issuer.token(), "/x") == 404
    assert status(ng, Issuer("HS256", secret="hush hush\n").token(),
                  "/x") == 401
