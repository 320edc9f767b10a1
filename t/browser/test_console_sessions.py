"""The console's list of sessions, and the end of one."""

import contextlib
import json
import re

import pytest

import axe
from pages import TIMEOUT_S, address, connected, overflow, shows
from support.httpc import Http
from support.processes import wait_until
from support.rawws import RawWS

ENTER = "\ue007"
# The page may ask about a session that ends at that moment.
GONE = r"/control/sessions/\w+(/subscriptions\?\S*)? - .* status of 404 "
# Makes the answers about sessions say that a worker did not answer.
HANGS = """
    const fetched = window.fetch;
    window.fetch = async (...asked) => {
        const answer = await fetched(...asked);
        if (!/sessions(\\?|$)/.test(answer.url) || !answer.ok) {
            return answer;
        }
        return new Response(JSON.stringify(
            { ...await answer.json(), missing: [4711] }));
    };"""


@pytest.fixture
def window(browser, demo):
    handle = browser.open(address(demo, "http", "/console/"))
    connected(browser)
    shows(browser, "#sessions-says", "session")
    yield handle
    errors = browser.console_errors()
    browser.close_window(handle)
    demo.check_running()
    assert [one for one in errors if not re.search(GONE, one)] == []


@contextlib.contextmanager
def sessions(demo, names, page="chat"):
    opened = [RawWS.open(demo, f"/{page}/ws?name={name}") for name in names]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()
        with Http(demo) as http:
            wait_until("all have ended", lambda: not any(
                one["identity"] in names for one in listed(http)), TIMEOUT_S)


def listed(http, query="limit=1000"):
    return http.request("GET", f"/control/sessions?{query}").json()["sessions"]


def rows(browser):
    """Identities that are shown, but not those of ended sessions."""
    return browser.script("""return Array.from(document.querySelectorAll(
        '#sessions-body tr:not(.over) bdi'), (one) => one.textContent);""")


def cells(browser, name):
    return browser.script("""
        const row = Array.from(document.querySelectorAll('#sessions-body tr'))
            .find((one) => one.querySelector('bdi').textContent === arguments[0]);
        return row && Array.from(row.children, (one) => one.textContent);""",
                          name)


def choose(browser, by, value=None):
    browser.script("""
        const by = document.querySelector('#sessions-by');
        by.value = arguments[0];
        by.dispatchEvent(new Event('change'));""", by)
    if value is not None:
        browser.type("#sessions-value", value)
    browser.click("#sessions-form [type=submit]")


def finds(browser, *names):
    wait_until(f"{names} are shown",
               lambda: sorted(rows(browser)) == sorted(names), TIMEOUT_S)


def open_session(browser, name):
    assert browser.script("""
        const button = Array.from(document.querySelectorAll(
            '#sessions-body button')).find(
                (one) => one.textContent === arguments[0]);
        button?.click();
        return button !== undefined;""", name), name
    shows(browser, "#session-name", name)
    wait_until("it is shown", lambda: browser.script(
        "return !document.querySelector('#session-there').hidden"), TIMEOUT_S)


def sub(ws, topic, **more):
    ws.text(json.dumps({"id": 1, "op": "sub", "topic": topic,
                        "since": "new", **more}))
    assert b'"ok"' in ws.recv_frame().payload


def test_filters(browser, demo, window):
    with sessions(demo, ["ann", "bob", "cleo"]) as (ann, *_):
        sub(ann, "chat/filtered")
        choose(browser, "identity", "bob")
        finds(browser, "bob")
        choose(browser, "topic", "chat/filtered")
        finds(browser, "ann")
        choose(browser, "endpoint", "/chat/ws")
        finds(browser, "ann", "bob", "cleo")
        choose(browser, "address", "127.0.0.")
        wait_until("all of this machine", lambda: {"ann", "bob", "cleo"} < set(
            rows(browser)), TIMEOUT_S)  # and the console
        choose(browser, "address", "203.")
        finds(browser)
        shows(browser, "#sessions-says", "No sessions")
        choose(browser, "user", "ann")  # of a token; here are none
        finds(browser)
        choose(browser, "")
        wait_until("all again", lambda: {"ann", "bob", "cleo"} < set(
            rows(browser)), TIMEOUT_S)


def test_rates_and_what_ended(browser, demo, window):
    with sessions(demo, ["rate", "gone"]) as (rate, gone):
        sub(rate, "chat/rates")
        choose(browser, "endpoint", "/chat/ws")
        finds(browser, "rate", "gone")
        shown = cells(browser, "rate")
        assert shown[1:3] == ["127.0.0.1", "/chat/ws"]
        assert shown[4] == "1" and shown[5].endswith(" B")
        assert shown[8] == "never"
        gone.close()

        def rates():
            rate.text('{"op":"pub","topic":"chat/rates","text":"x"}')
            found = cells(browser, "rate")[6:8]
            return all(one not in ("–", "0") for one in found)

        wait_until("there are rates", rates, TIMEOUT_S, 0.2)
        finds(browser, "rate")  # the other is there, and marked as ended
        assert cells(browser, "gone")
        shows(browser, "#sessions-says", "1 have ended")


def test_pages(browser, demo, window):
    names = [f"p{n:03}" for n in range(120)]
    with sessions(demo, names):
        for by, value in (("endpoint", "/chat/ws"), ("address", "127.")):
            choose(browser, by, value)
            seen = set()
            for count in (50, 50):
                wait_until("a page", lambda n=count: len(
                    set(rows(browser)) - seen) == n, TIMEOUT_S)
                seen |= set(rows(browser))
                shows(browser, "#sessions-says", "more on the next page")
                browser.click("#sessions-next")
            wait_until("the last page", lambda: len(
                set(rows(browser)) - seen) >= 20, TIMEOUT_S)
            assert set(names) <= seen | set(rows(browser))
            assert browser.script(
                "return document.querySelector('#sessions-next').disabled")
            browser.click("#sessions-first")
            wait_until("the first again", lambda: len(
                rows(browser)) == 50, TIMEOUT_S)


def test_one_session_and_its_end(browser, demo, window):
    with sessions(demo, ["<b>eve</b>"], "game") as (eve,):
        sub(eve, "game/*", rate=10)
        for n in range(60):
            sub(eve, f"game/{n:03}")
        choose(browser, "identity", "<b>eve</b>")
        finds(browser, "<b>eve</b>")
        open_session(browser, "<b>eve</b>")
        facts = browser.text("#session-facts")
        for words in ("/game/ws", "json.wspubsub.v1", "127.0.0.1", "never"):
            assert words in facts, facts
        assert browser.script(
            "return document.activeElement.id") == "session-title"

        def topics():
            return browser.script("""return Array.from(
                document.querySelectorAll('#subscriptions tr'),
                (one) => one.textContent);""")

        assert len(topics()) == 50
        assert topics()[0] == "game/*one in 100 ms at most"
        browser.click("#subscriptions-more")
        wait_until("all of them", lambda: len(topics()) == 61, TIMEOUT_S)
        browser.click("#session-close")
        assert browser.text("#kick-name") == "<b>eve</b>"
        browser.keys(("keyDown", ENTER), ("keyUp", ENTER))  # keeps it
        browser.click("#session-close")
        browser.type("#kick-reason", "enough")
        browser.click("#kick-yes")
        said = eve.recv_frame().payload
        while b'"bye"' not in said:
            said = eve.recv_frame().payload
        assert b'"enough"' in said
        eve.expect_close(3503)
        shows(browser, "#session-says", "Disconnected.")
        finds(browser)


def test_a_session_that_ends_by_itself(browser, demo, window):
    with sessions(demo, ["fay"]) as (fay,):
        choose(browser, "identity", "fay")
        finds(browser, "fay")
        open_session(browser, "fay")
        fay.close()
        shows(browser, "#session-says", "has ended")
        assert all("404" in one for one in browser.console_errors())


def test_a_worker_that_hangs(browser, demo, window):
    browser.script(HANGS)
    choose(browser, "")
    shows(browser, "#sessions-missing", "No answer from worker 4711")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_and_sizes(browser, demo, window, colours):
    script = axe.source()
    with sessions(demo, ["w" * 200, "gus"]) as (long, gus):
        sub(long, "chat/" + "x" * 200)
        sub(gus, "chat/*")
        choose(browser, "endpoint", "/chat/ws")
        finds(browser, "w" * 200, "gus")
        open_session(browser, "w" * 200)
        for size in ((390, 844), (1280, 800)):
            browser.emulate(*size, colours)
            assert overflow(browser) == [], size
            assert axe.complaints(browser, script) == []
        browser.click("#session-close")
        assert axe.complaints(browser, script) == []
        browser.click("#kick .quiet")
