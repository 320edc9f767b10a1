"""What holds for all example pages, on screens of all sizes, light and dark, at
work and while nginx is away."""

import contextlib
import time

import pytest

import axe
from pages import (
    PAGES, SCREENS, TIMEOUT_S, address, connected, overflow, told_away,
    told_back)
from support.httpc import Http
from support.processes import wait_until

LIVE = [page for page in PAGES if page != "/"]
READY = {"/": "svg", "/chat/": ".message time", "/game/": "#scores li",
         "/dashboard/": ".chart .line[points]", "/trading/": ".tile .change.up"}
# What is not always shown.
SHOW_ALL = """
    document.body.classList.add('away');
    document.querySelectorAll('details').forEach((one) => { one.open = true; });"""


@pytest.fixture(scope="module")
def busy(demo):
    """All pages have something to show."""
    fill(demo)
    return demo


@pytest.fixture(scope="module")
def axe_script():
    return axe.source()


def fill(demo):
    with Http(demo) as http:
        for who, text in (("Ann", "See https://example.com/a?b=c#d!"),
                          ("Bob", "word " * 60), ("Eve", "x" * 300)):
            http.publish_json("chat/lobby", {"who": who, "text": text})
        http.publish_json("chat/a-room-with-a-very-long-name", 1)
        for n in range(30):
            http.publish_json("metrics/a/cpu", {
                "value": n, "unit": "%", "max": 100})
        http.publish_json("metrics/" + "long-name/" * 3 + "x", 123456789)
        now_ms = time.time_ns() // 1_000_000
        later_ms = now_ms + 3_600_000  # never stale
        for n in range(300):
            http.publish_json(f"books/A{n:03}", {
                "open": 1000, "last": 990 + n, "time": later_ms if n % 2 else now_ms,
                "bids": [[999 - m, 10 * m + 10] for m in range(40)],
                "asks": [[1001 + m, 10 * m + 10] for m in range(40)]})


@contextlib.contextmanager
def page(browser, demo, path, screen, colours="light"):
    """It is open, and shows what it has to show."""
    handle = browser.open(address(demo, "http", path))
    browser.emulate(*SCREENS[screen], colours, screen != "desktop")
    browser.call("POST", "/refresh", {})
    ready(browser, path)
    yield handle
    browser.close_window(handle)


def ready(browser, path):
    if path in LIVE:
        connected(browser)
    wait_until("it shows something", lambda: browser.script(
        "return document.querySelector(arguments[0]) !== null", READY[path]),
        TIMEOUT_S)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("path", PAGES)
def test_nothing_sticks_out(browser, busy, path, screen):
    with page(browser, busy, path, screen):
        assert overflow(browser) == []
        browser.script(SHOW_ALL)
        assert overflow(browser) == []


@pytest.mark.parametrize("screen", ["desktop", "portrait"])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(
        browser, busy, axe_script, path, colours, screen):
    with page(browser, busy, path, screen, colours):
        assert axe.complaints(browser, axe_script) == []
        browser.script(SHOW_ALL)
        assert axe.complaints(browser, axe_script) == []


@pytest.mark.parametrize("path", LIVE)
def test_nginx_goes_and_comes_back(browser, busy, path):
    """The page says so, keeps what it shows, and goes on by itself, though
    the new nginx knows nothing of the former."""
    with page(browser, busy, path, "desktop"):
        assert "No connection" not in browser.text("body")
        with busy.away():
            told_away(browser)
            assert browser.script(
                "return document.querySelector(arguments[0]) !== null",
                READY[path])
        told_back(browser)
        fill(busy)
        ready(browser, path)

