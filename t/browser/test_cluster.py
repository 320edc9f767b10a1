"""examples/cluster's page: it moves from host to host, by hand and by itself."""

import os
import shutil
import signal

import pytest

from pages import connected, shows
from support.cluster_run import ClusterRun
from support.nginx import sanitizing
from support.processes import wait_until
from support.redis import Redis
from webdriver import Browser

pytestmark = [
    pytest.mark.skipif(not shutil.which("redis-server"), reason="no Redis"),
    pytest.mark.skipif(sanitizing(), reason="nginx is started by a script"),
]
TIMEOUT_S = 30.0


@pytest.fixture(name="run", scope="module")
def _run():
    run = ClusterRun()
    yield run
    run.end(signal.SIGTERM)


@pytest.fixture(name="browser", scope="module")
def _browser(run):  # pylint: disable=unused-argument
    """It ends before the hosts do."""
    one = Browser()
    yield one
    one.quit()


@pytest.fixture(name="windows")
def _windows(browser, run):
    """Of each host's page one, and its errors are looked at."""
    handles = []
    for port in run.ports:
        handles.append(browser.open(f"http://localhost:{port}/"))
        connected(browser)
    yield handles
    for one in handles:
        browser.switch(one)
        browser.close_window(one)


def count(browser, text):
    return browser.script("""
        return [...document.querySelectorAll('#log > div')].filter(
            (one) => one.textContent.endsWith(arguments[0])).length;""", text)


def sees(browser, handle, text):
    """Once."""
    browser.switch(handle)
    wait_until(f"{text!r} is shown", lambda: count(browser, text), TIMEOUT_S)
    assert count(browser, text) == 1


def say(browser, handle, text):
    browser.switch(handle)
    browser.type("#text", text)
    browser.click("#say button")


def host(browser):
    """The one that the page says it is connected to."""
    return browser.text('#hosts [aria-pressed="true"]')


def move(browser, number):
    browser.click(f"#hosts button:nth-child({number + 1})")


def test_move_by_hand(browser, run, windows):
    a, b = windows
    say(browser, a, "before")
    for one in windows:
        sees(browser, one, "before")
    browser.switch(a)
    assert host(browser) == f"localhost:{run.ports[0]}"
    move(browser, 1)
    sees(browser, a, f"goes on, with nothing missing, at localhost:{run.ports[1]}")
    assert host(browser) == f"localhost:{run.ports[1]}"
    say(browser, b, "after")
    say(browser, a, "answer")
    for one in windows:
        for text in ("before", "after", "answer"):
            sees(browser, one, text)
    for one in windows:
        browser.switch(one)
        assert not browser.console_errors()


def test_without_redis(browser, run, windows):
    """What is written waits, and is there once in the end."""
    a, b = windows
    redis = run.pids[-1]
    os.kill(redis, signal.SIGSTOP)
    try:
        say(browser, a, "patience")
        # an answer has come, and it was tried again
        wait_until("nobody knows", lambda: any(
            run.status(port)["unknown"] for port in run.ports), TIMEOUT_S)
    finally:
        os.kill(redis, signal.SIGCONT)
    for one in (a, b):
        sees(browser, one, "patience")


@pytest.fixture(name="earlier")
def _earlier(run):
    """Redis, and a replica that may keep an earlier state of it."""
    master = Redis(port=run.redis_port)
    replica = Redis(replica_of=master).start()
    yield master, replica
    for one in (replica, master):
        one.remove()


def test_redis_loses_the_newest(browser, windows, earlier):
    """As in a failover. The pages stay connected, and say so, once; what is
    left comes again, and what comes next is there once."""
    a, b = windows
    master, replica = earlier
    say(browser, a, "that stays")
    for one in windows:
        sees(browser, one, "that stays")
    replica.wait_synced()
    replica.detach()
    say(browser, b, "that is lost")
    for one in windows:
        sees(browser, one, "that is lost")
    replica.promote()
    master.demote(replica)
    master.wait_synced()
    master.promote()
    for one in windows:
        sees(browser, one, "the newest messages were lost; before them there was:")
        wait_until("the value is shown",
                   lambda: count(browser, "that stays") == 2, TIMEOUT_S)
    say(browser, b, "from now on")
    for one in windows:
        sees(browser, one, "from now on")
        for text, times in (("that stays", 2), ("that is lost", 1),
                            ("the newest messages were lost; before them there was:", 1)):
            assert count(browser, text) == times
        assert not browser.console_errors()


def test_a_host_ends(browser, run, windows):
    """Its pages go on at the other one by themselves. (The last test: it does
    not come back.)"""
    a, b = windows
    os.kill(run.pids[1], signal.SIGQUIT)
    browser.switch(b)
    shows(browser, '#hosts [aria-pressed="true"]', f"localhost:{run.ports[0]}")
    say(browser, b, "from the other one")
    for one in (a, b):
        sees(browser, one, "from the other one")
