"""The harness itself, on an nginx without the module."""

import os
import signal

import pytest

from support import processes
from support.httpc import Http, http_on_each_worker
from support.nginx import KILLED

PLAIN = {"module": False, "http": "", "locations": ""}


def test_reaches_each_worker(nginx, scheme):
    ng = nginx(**PLAIN)
    found = http_on_each_worker(ng, scheme)
    assert sorted(found) == ng.worker_pids() and len(found) == 4
    for pid, client in found.items():
        assert int(client.request("GET", "/pid").body) == pid


def test_reload_gives_new_workers(nginx):
    ng = nginx(**PLAIN, workers=2)
    old = ng.reload(locations='location /new { return 200 "new"; }')
    assert len(old) == 2 and not set(old) & set(ng.worker_pids())
    assert Http(ng).request("GET", "/new").body == b"new"


def test_kill_is_seen_and_mended(nginx):
    ng = nginx(**PLAIN)
    victim = ng.worker_pids()[0]
    ng.kill_worker(victim)
    assert not processes.alive(victim)
    assert len(ng.worker_pids()) == 4


def test_unexpected_death_is_a_failure(make_nginx):
    ng = make_nginx(**PLAIN).start()
    os.kill(ng.worker_pids()[0], signal.SIGKILL)
    ng.wait_for_log(KILLED)
    with pytest.raises(AssertionError):
        ng.check_running()
    ng._checked = 0
    with pytest.raises(AssertionError):
        ng.check()
    ng.allow(KILLED)
    processes.wait_until("it is replaced", lambda: len(
        ng.worker_pids()) == 4)
    ng._expected_pids = set()


def test_bad_configuration_is_told(make_nginx):
    ng = make_nginx(module=False, http="bogus_directive on;", locations="")
    accepted, said = ng.test_config()
    assert not accepted and "bogus_directive" in said
    ng.allow(r"\[emerg\]")
