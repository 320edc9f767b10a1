"""The trading screen, in two windows, one of them slow, with its feeder."""

import json
import subprocess
import sys
import time

import pytest

from example import EXAMPLES
from pages import (
    SCREENS, TIMEOUT_S, address, connected, is_whole, told_away, told_back,
    two_windows)
from support.httpc import Http
from support.processes import wait_until

INSTRUMENTS = 300


@pytest.fixture
def windows(browser, demo, scheme):
    """Both empty."""
    with Http(demo) as http:
        listed = http.request("GET", "/api/?select=books/*&limit=1000").json()
        for one in listed["topics"]:
            http.request("DELETE", "/api/" + one["topic"])
    with two_windows(browser, demo, scheme, "/trading/") as handles:
        yield handles


@pytest.fixture
def feed(demo):
    """The feeder; it ends by itself, or with the test."""
    one = subprocess.Popen(
        [sys.executable, EXAMPLES / "trading" / "feed.py", "--seconds", "60",
         "--instruments", str(INSTRUMENTS), "--rate", "1",
         "--url", f"http://127.0.0.1:{demo.port}/api/"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield one
    one.terminate()
    said = one.communicate(timeout=20)[0]
    assert "Traceback" not in said and "feed: " in said, said


def number(browser, css):
    return int(browser.text(css))


def tiles(browser):
    return browser.script(
        "return document.querySelectorAll('.tile').length;")


def test_both_follow_the_feed(browser, windows, feed):
    """All books are there; after the first, deltas come; the slow window
    skips some."""
    browser.switch(windows[1])
    browser.click("#slow")
    for one in windows:
        browser.switch(one)
        wait_until("all books are there",
                   lambda: tiles(browser) == INSTRUMENTS, TIMEOUT_S)
        wait_until("deltas come",
                   lambda: number(browser, "#deltas") > 1000, TIMEOUT_S)
        assert number(browser, "#fulls") < 3 * INSTRUMENTS
        assert float(browser.text("#saved").split()[0]) > 30
        assert browser.text("#symbol") != "–"
    assert feed.poll() is None


def book(last, size, now_ms):
    return {"symbol": "X", "open": 1000, "last": last, "time": now_ms,
            "bids": [[999 - n, size] for n in range(40)],
            "asks": [[1001 + n, size] for n in range(40)]}


def shown(browser):
    return [browser.text("#symbol"), browser.text("#price"),
            browser.text("#levels td")]


def test_a_book(browser, demo, windows):
    """Both windows show it, and what changes, and how old it is."""
    with Http(demo) as http:
        for last, size in ((1005, 70), (998, 80), (1234, 90)):
            http.publish_json("books/<i>X", book(
                last, size, time.time_ns() // 1_000_000))
            for one in windows:
                browser.switch(one)
                wait_until("the book is shown", lambda: shown(browser) == [
                    "<i>X", f"{last / 100:.2f}", str(size)], TIMEOUT_S)
    for one in windows:
        browser.switch(one)
        wait_until("it becomes stale", lambda: browser.text(
            "#age").startswith("Stale"), TIMEOUT_S)
        assert browser.script(
            "return document.querySelectorAll('.tile.stale').length;") == 1


def test_what_is_no_book(browser, demo, windows):
    with Http(demo) as http:
        for odd in (1, "x", None, {}, {"last": 1, "open": 1, "time": 1,
                                       "bids": [1], "asks": []}):
            http.put("books/odd", json.dumps(odd), kind="application/json")
        http.publish_json("books/ok", book(1, 2, 3))
    for one in windows:
        browser.switch(one)
        wait_until("the book is shown", lambda: shown(browser) == [
            "ok", "0.01", "2"], TIMEOUT_S)
        assert tiles(browser) == 1


def test_a_book_that_goes(browser, demo, windows):
    """The next one is shown in its place."""
    with Http(demo) as http:
        http.publish_json("books/a", book(100, 1, 3))
        http.publish_json("books/b", book(200, 2, 3))
        for one in windows:
            browser.switch(one)
            wait_until("both are there",
                       lambda: tiles(browser) == 2, TIMEOUT_S)
        http.request("DELETE", "/api/books/a")
    for one in windows:
        browser.switch(one)
        wait_until("the other one is shown", lambda: (
            tiles(browser), shown(browser)) == (1, ["b", "2.00", "2"]),
            TIMEOUT_S)


def test_the_slow_screen_skips(browser, demo, windows):
    """Of one book's many changes it gets the newest, once a second."""
    browser.switch(windows[0])
    browser.click("#slow")
    ticks = 300
    with Http(demo) as http:
        for n in range(1, ticks + 1):
            http.publish_json("books/FAST", book(
                n, n, time.time_ns() // 1_000_000))
            time.sleep(0.005)
    last = ["FAST", f"{ticks / 100:.2f}", str(ticks)]
    for handle in windows:
        browser.switch(handle)
        wait_until("the last one is shown",
                   lambda: shown(browser) == last, TIMEOUT_S)
    browser.switch(windows[0])
    wait_until("some were skipped",
               lambda: number(browser, "#skipped") > ticks / 2, TIMEOUT_S)
    browser.switch(windows[1])
    wait_until("all have come", lambda: number(browser, "#fulls")
               + number(browser, "#deltas") == ticks, TIMEOUT_S)


def publish(demo, *names):
    with Http(demo) as http:
        for n, name in enumerate(names, 1):
            http.publish_json(f"books/{name}", book(100 * n, n, 3))


EMPTY = ["–", "", ""]


def test_all_books_go(browser, demo, windows):
    """Nothing is left of the last one, and it is said how there would be
    more; then they come again."""
    publish(demo, "a", "b")
    for one in windows:
        browser.switch(one)
        wait_until("both are there", lambda: tiles(browser) == 2, TIMEOUT_S)
        assert not browser.text("#hint")
    with Http(demo) as http:
        http.request("DELETE", "/api/?select=books/*")
    for one in windows:
        browser.switch(one)
        wait_until("none is shown", lambda: (
            tiles(browser), shown(browser)) == (0, EMPTY), TIMEOUT_S)
        assert browser.text("#age") == "Choose an instrument."
        assert "No prices yet" in browser.text("#hint")
        assert browser.script("""return [...document.querySelectorAll('#levels td')].every(
            (one) => one.textContent === '' &&
                ['', '0%'].includes(one.style.getPropertyValue('--part')));""")
    publish(demo, "c")
    for one in windows:
        browser.switch(one)
        wait_until("the new one is shown", lambda: shown(browser) == [
            "c", "1.00", "1"], TIMEOUT_S)
        assert not browser.text("#hint")


def test_the_chosen_one_comes_back(browser, demo, scheme):
    """nginx ends, and starts with nothing: the tiles of before are shown until
    then, and the book that was chosen is again."""
    publish(demo, "a", "b", "c")
    one = browser.open(address(demo, scheme, "/trading/"))
    connected(browser)
    wait_until("all are there", lambda: tiles(browser) == 3, TIMEOUT_S)
    browser.click(".tile:nth-child(2)")
    with demo.away():
        told_away(browser)
        assert (tiles(browser), shown(browser)) == (3, ["b", "2.00", "2"])
    told_back(browser)
    wait_until("they are gone", lambda: tiles(browser) == 0, TIMEOUT_S)
    publish(demo, "a", "b", "c")
    wait_until("b is shown again", lambda: (
        tiles(browser), shown(browser)) == (3, ["b", "2.00", "2"]), TIMEOUT_S)
    browser.console_errors()  # of the attempts while it was away
    browser.close_window(one)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_tile_and_its_book(browser, demo, screen):
    """Both are in sight once a tile far down has been chosen."""
    names = [f"A{n:03}" for n in range(300)]
    publish(demo, *names)
    one = browser.open(address(demo, "http", "/trading/"))
    browser.emulate(*SCREENS[screen], touch=screen != "desktop")
    connected(browser)
    wait_until("all are there", lambda: tiles(browser) >= 300, TIMEOUT_S)
    css = ".tile:nth-child(250)"
    browser.script("document.querySelector(arguments[0]).scrollIntoView("
                   "{ block: 'center' })", css)
    browser.click(css)
    wait_until("its book is shown", lambda: browser.text("#symbol")
               == browser.text(css + " b"), TIMEOUT_S)
    for part in (css, "#symbol", "#levels tr:nth-child(2) td"):
        assert is_whole(browser, part), part
    browser.close_window(one)


def test_tiles_by_keys(browser, demo, windows):
    """The tab key stops at one of them; arrows lead to the others."""
    publish(demo, *"abcdef")
    browser.switch(windows[0])
    wait_until("all are there", lambda: tiles(browser) == 6, TIMEOUT_S)
    assert browser.script("""return Array.from(document.querySelectorAll(
        '.tile')).filter((one) => one.tabIndex === 0).length""") == 1
    browser.script("document.querySelector('.tile[tabindex=\"0\"]').focus()")
    for key, name in (("\ue010", "f"), ("\ue012", "e"), ("\ue011", "a"),
                      ("\ue014", "b"), ("\ue012", "a"), ("\ue012", "a")):
        browser.keys(("keyDown", key), ("keyUp", key))
        wait_until(f"{name} is shown",
                   lambda: browser.text("#symbol") == name, TIMEOUT_S)
        assert browser.script("return document.activeElement.textContent"
                              )[0] == name
