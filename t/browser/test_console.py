"""The console: rates, the tree of topics, one topic, the tap, publishing and
deleting, while nginx is away; and as the package installs it."""

import pytest

from pages import TIMEOUT_S, address, connected, shows
from support import console, ports
from support.httpc import Http
from support.processes import wait_until

DOWN, RIGHT, LEFT, END, ENTER = (
    "\ue015", "\ue014", "\ue012", "\ue010", "\ue007")
HOSTILE = [
    "<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>", "&lt;&#x2f;",
    "__proto__", "quo\"te'`${1}", " blank ", "right\u202eleft",
    "javascript:window.hit=1", "sml\U0001f600", "a?b#c&d%2Fe+f", "\\back",
    "...", "%2e%2e",
]


@pytest.fixture
def http(demo):
    """One that leaves nothing behind."""
    with Http(demo) as one:
        yield one
    with Http(demo) as one:  # nginx may have been away
        one.request("DELETE", "/api/?select=**")


@pytest.fixture
def window(browser, demo, http):  # pylint: disable=unused-argument
    """The page, connected. In the end no console has told of an error."""
    handle = browser.open(address(demo, "http", "/console/"))
    connected(browser)
    yield handle
    errors = browser.console_errors()
    browser.close_window(handle)
    demo.check_running()
    assert errors == []


def press(browser, *keys):
    for key in keys:
        browser.keys(("keyDown", key), ("keyUp", key))


def names(browser, path=()):
    """What the tree shows below these rows; None where that is not open."""
    return browser.script("""
        let group = document.querySelector('#tree');
        for (const name of arguments[0]) {
            const item = Array.from(group?.children ?? []).find((one) =>
                one.querySelector('bdi').textContent === name);
            group = item?.ariaExpanded === 'true'
                ? item.querySelector('ul') : null;
        }
        return group && Array.from(group.children, (one) =>
            one.querySelector('bdi').textContent);""", list(path))


def lists(browser, wanted, path=()):
    wait_until(f"below {path} are {len(wanted)} names",
               lambda: names(browser, path) == wanted, TIMEOUT_S)


def click_row(browser, name):
    assert browser.script("""
        const row = Array.from(document.querySelectorAll('#tree bdi')).find(
            (one) => one.textContent === arguments[0]);
        row?.click();
        return row !== undefined;""", name), name


def read_again(browser, wanted):
    browser.click("#tree-again")
    lists(browser, wanted)


def open_topic(browser, topic):
    """By its name, with any letters; waits until it is shown."""
    browser.script("""
        document.querySelector('#open-name').value = arguments[0];
        document.querySelector('#open').requestSubmit();""", topic)
    wait_until(f"{topic!r} is shown", lambda: browser.script(
        "return !document.querySelector('#topic').hidden"), TIMEOUT_S)


# -- rates --------------------------------------------------------------------

def test_rates_move(browser, http, window):
    def shown(name):
        return browser.script("""
            const chart = document.querySelector(
                `[data-of=${arguments[0]}]`);
            return [chart.querySelector('.number').textContent,
                chart.querySelector('.line').getAttribute('d'),
                chart.querySelector('svg').ariaLabel];""", name)

    browser.type("#tap-selector", "r/*")
    browser.click("#tap-start")

    def moves(name):
        http.put("r/1", "x")
        return shown(name)[0] not in ("–", "0")

    for name in ("published", "delivered"):
        wait_until(f"{name} moves", lambda what=name: moves(what), TIMEOUT_S)
    wait_until("lines are drawn", lambda: all(
        "L" in shown(name)[1] for name in (
            "published", "delivered", "sessions", "use")), TIMEOUT_S)
    value, _, words = shown("sessions")
    assert value == "1" and "Sessions: now 1, " in words
    assert 0 < float(shown("use")[0]) < 100
    assert "zone demo" in browser.text("#zone")
    browser.click("#numbers summary")
    wait_until("the table has a row", lambda: browser.script(
        "return document.querySelector('#numbers-body td')?.textContent"),
        TIMEOUT_S)
    assert browser.script(
        "return document.querySelectorAll('.minutes span').length") >= 20


# -- topics -------------------------------------------------------------------

def test_the_tree_page_by_page(browser, http, window):
    """Thousands of topics; also with much below a segment, that is skipped."""
    for first in range(0, 3000, 1000):
        http.batch([{"topic": f"many/{n:04}", "text": "x"}
                    for n in range(first, first + 1000)])
    http.batch([{"topic": f"deep/{n % 3}/{n}/x", "text": "x"}
                for n in range(900)] + [{"topic": "deep", "text": "x"}])
    browser.script("performance.clearResourceTimings()")
    read_again(browser, ["deep", "many"])
    browser.script("document.querySelector('#tree li').focus()")
    press(browser, RIGHT)
    lists(browser, ["0", "1", "2"], ["deep"])
    press(browser, LEFT, DOWN, RIGHT)
    first = [f"{n:04}" for n in range(100)]
    lists(browser, first + ["more …"], ["many"])
    press(browser, END, ENTER)
    lists(browser, [f"{n:04}" for n in range(200)] + ["more …"], ["many"])
    # The new one next to where "more" was has the focus.
    assert browser.script("return document.activeElement.ariaLabel") == "0100"
    assert browser.script(
        "return document.querySelectorAll('#tree [tabindex=\"0\"]').length"
    ) == 1
    asked = browser.script("""
        return performance.getEntriesByType('resource').map(
            (one) => one.name).filter((one) => one.includes('select='))""")
    assert 4 <= len(asked) < 20 and all("limit=100" in one for one in asked)
    # Read again, it is as it was.
    browser.click("#tree-again")
    lists(browser, [f"{n:04}" for n in range(200)] + ["more …"], ["many"])


def test_a_topic(browser, http, window):
    for n in range(30):
        http.publish_json("chat/lobby", {"n": n, "big": 12345678901234567890})
    open_topic(browser, "chat/lobby")
    assert '"big": 12345678901234567890' in browser.text("#value")
    epoch = http.get("chat/lobby").etag.strip('"').split(".")[0]
    assert browser.text("#topic-position") == f"{epoch}.30"
    assert browser.text("#topic-type") == "application/json"
    shows(browser, "#topic-who", "0")

    def rows():
        return browser.script("""return Array.from(document.querySelectorAll(
            '#history td:first-child'), (one) => Number(one.textContent))""")

    assert rows() == list(range(30, 10, -1))
    browser.click("#history-more")
    wait_until("all of it", lambda: rows() == list(range(30, 0, -1)),
               TIMEOUT_S)
    http.publish("chat/lobby", "now text")
    shows(browser, "#value", "now text")
    assert browser.text("#topic-position") == f"{epoch}.31"
    http.request("DELETE", "/api/chat/lobby")
    shows(browser, "#topic-says", "no such topic")


def test_subscribers(browser, demo, http, window):
    http.put("chat/who", "x")
    http.put("prices/x", "x")
    other = browser.open(address(demo, "http", "/chat/#who"))
    connected(browser)
    browser.switch(window)
    open_topic(browser, "chat/who")
    assert shows(browser, "#topic-who", "1").startswith("1")
    open_topic(browser, "prices/x")
    shows(browser, "#topic-who", "no presence")
    browser.close_window(other)
    browser.switch(window)


VALUES = {
    "huge": ("text/plain", "x" * 60000, "x" * 32768,
             "Cut: the first 32.8 kB of 60.0 kB."),
    "hostile": ("text/plain", "é\u202e<b>\n1", "é\\u{202e}<b>\n1", ""),
    "deep": ("application/json", "[" * 900 + "]" * 900, "[\n  [\n", ""),
    "binary": ("application/octet-stream", bytes(range(256)) * 8, "00 01 02",
               "Binary; cut, these are its first bytes."),
    "picture": ("image/png", b"\x89PNG", "89 50 4e 47", "Binary."),
    "not-text": ("text/plain", "a\0b", "61 00 62", "Binary."),
    "empty": ("text/plain", "", "", "Empty."),
}


def test_values(browser, http, window):
    for name, (kind, body, shown, note) in VALUES.items():
        http.put(f"v/{name}", body, kind=kind)
        open_topic(browser, f"v/{name}")
        text, said = browser.script("""return ['value', 'value-note'].map(
            (id) => document.getElementById(id).textContent)""")
        assert shown in text and len(text) < 100_000, name
        assert (len(text) == 32768) == (name == "huge")
        assert said == note, name


def test_topics_without_a_value(browser, http, window):
    http.put("chat/x/typing", "x")
    open_topic(browser, "chat/x/typing")
    shows(browser, "#value-note", "keeps no value")
    shows(browser, "#history-note", "Nothing is kept")
    assert browser.text("#topic-position").endswith(".1")
    assert all("404" in one for one in browser.console_errors())
    for name in ("chat", "*", "no/such"):
        browser.type("#open-name", name)
        browser.click("#open button")
        shows(browser, "#topic-says", "no such topic")


# -- publish and delete ---------------------------------------------------------

def test_publish_and_delete(browser, http, window):
    browser.type("#publish-topic", "p/1")
    browser.type("#publish-text", "hello <b>")
    browser.click("#publish-send")
    shows(browser, "#publish-says", "0 subscribers")
    assert http.get("p/1").body == b"hello <b>"
    lists(browser, ["p"])  # without being asked to read again
    browser.script(
        "document.querySelector('#publish-type').value = 'application/json'")
    browser.click("#publish-send")
    shows(browser, "#publish-says", "Not published")
    assert http.get("p/1").body == b"hello <b>"
    browser.type("#publish-text", '{"n":[1.50]}')
    browser.click("#publish-send")
    shows(browser, "#publish-says", ".2; ")
    answer = http.get("p/1")
    assert (answer.body, answer.headers["content-type"]) == (
        b'{"n":[1.50]}', "application/json")
    open_topic(browser, "p/1")
    browser.click("#topic-remove")
    assert browser.text("#remove-topic") == "p/1"
    press(browser, ENTER)  # keeps it: that is where the focus is
    wait_until("the dialog is closed", lambda: not browser.script(
        "return document.querySelector('#remove').open"), TIMEOUT_S)
    assert http.get("p/1").status == 200
    browser.click("#topic-remove")
    browser.click("#remove-yes")
    shows(browser, "#topic-says", "no such topic")
    assert http.get("p/1").status == 404
    lists(browser, [])


def test_hostile_names(browser, http, window):
    """All that may stand in a topic is text, and means that very topic."""
    for name in HOSTILE:
        http.batch([{"topic": f"{name}/{name}", "text": f"of {name}"}])
    shown = sorted(HOSTILE, key=str.encode)
    read_again(browser, [one.replace("\u202e", "\\u{202e}") for one in shown])
    for name in HOSTILE:
        click_row(browser, name.replace("\u202e", "\\u{202e}"))
    for name in HOSTILE:
        seen = name.replace("\u202e", "\\u{202e}")
        lists(browser, [seen], [seen])
        open_topic(browser, f"{name}/{name}")
        shows(browser, "#value", f"of {seen}")
    browser.type("#tap-selector", "**")
    browser.click("#tap-values")
    browser.click("#tap-start")
    shows(browser, "#tap-says", f"{len(HOSTILE)} messages of **")
    for name in HOSTILE[-4:]:
        open_topic(browser, f"{name}/{name}")
        browser.click("#topic-remove")
        browser.click("#remove-yes")
        shows(browser, "#topic-says", "no such topic")
    left = [one["topic"] for one in http.get("", "select=**").json()["topics"]]
    assert left == sorted((f"{name}/{name}" for name in HOSTILE[:-4]),
                          key=str.encode)
    assert browser.script(
        "return [window.hit ?? 0, document.images.length, "
        "document.scripts.length]") == [0, 0, 1]
    browser.type("#open-name", "a/../b")
    browser.click("#open button")
    shows(browser, "#topic-says", "not a topic")


# -- tap ------------------------------------------------------------------------

def test_tap(browser, http, window):
    def lines():
        return browser.script("""return Array.from(document.querySelectorAll(
            '#tap-log .message'), (one) => one.textContent)""")

    http.put("t/1", "before")
    browser.type("#tap-selector", "t/*")
    browser.click("#tap-start")
    wait_until("it is subscribed", lambda: http.put("t/2", "<i>") and
               lines()[:1] == ["<i>"], TIMEOUT_S)
    browser.click("#tap-pause")
    http.batch([{"topic": "t/1", "data": {"n": n}} for n in range(500)])
    shows(browser, "#tap-says", "paused, 200 wait")
    assert set(lines()) == {"<i>"}
    browser.click("#tap-pause")
    wait_until("the newest are shown, and no more", lambda: lines() == [
        f'{{"n":{n}}}' for n in range(499, 299, -1)], TIMEOUT_S)
    http.put("t/1", "y" * 1000)
    wait_until("it is cut", lambda: lines()[0] == "y" * 300, TIMEOUT_S)
    http.put("t/1", b"\xff\x00", kind="application/octet-stream")
    wait_until("binary", lambda: lines()[0] == "2 bytes, binary", TIMEOUT_S)
    http.request("DELETE", "/api/t/1")
    wait_until("it is gone", lambda: lines()[0].startswith("gone"), TIMEOUT_S)
    browser.click("#tap-start")
    shows(browser, "#tap-says", "ended")
    wait_until("nobody is subscribed",
               lambda: http.status()["subscriptions"] == 0, TIMEOUT_S)
    browser.type("#tap-selector", "t/**/x")
    browser.click("#tap-start")
    wait_until("it is refused",
               lambda: lines()[:1] and "refused" in lines()[0], TIMEOUT_S)


# -- the rest -------------------------------------------------------------------

def test_for_keyboards_and_readers(browser, http, window):
    """What can be used has a name, and little stands before the list."""
    http.put("k/1", "x")
    read_again(browser, ["k"])
    open_topic(browser, "k/1")
    found = browser.script("""
        const stops = Array.from(document.querySelectorAll(
            'a[href], button, input, select, textarea, summary, [tabindex]'))
            .filter((one) => one.tabIndex >= 0 && !one.disabled &&
                one.checkVisibility());
        const named = (one) => one.ariaLabel || one.labels?.length ||
            one.getAttribute('aria-labelledby') || one.textContent.trim();
        return {
            before: stops.findIndex((one) => one.closest('#tree')),
            all: stops.length,
            nameless: stops.filter((one) => !named(one)).map(
                (one) => one.outerHTML),
            landmarks: document.querySelectorAll('header, main').length,
            regions: Array.from(document.querySelectorAll('section'),
                (one) => document.getElementById(one.getAttribute(
                    'aria-labelledby')).textContent),
        };""")
    assert found["nameless"] == [] and found["landmarks"] == 2
    assert 0 <= found["before"] <= 4 and found["all"] < 30
    assert found["regions"] == [
        "Rates", "Topics", "k/1", "Publish", "Tap", "Sessions"]


def test_sizes(browser, http, window):
    """Nothing is wider than the window, however long its names."""
    http.put("w" * 250, "x" * 5000)
    http.put("/".join(["deep"] * 32), "x")
    browser.type("#tap-selector", "**")
    browser.click("#tap-values")
    browser.click("#tap-start")
    shows(browser, "#tap-says", "2 messages")
    open_topic(browser, "w" * 250)
    for size in ((360, 700), (740, 360), (1280, 800)):
        browser.resize(*size)
        assert browser.script("""
            const page = document.documentElement;
            return page.scrollWidth - page.clientWidth""") <= 0, size


def test_away_and_back(browser, demo, http):
    http.put("a/1", "before")
    handle = browser.open(address(demo, "http", "/console/"))
    connected(browser)
    lists(browser, ["a"])
    open_topic(browser, "a/1")
    browser.type("#tap-selector", "**")
    browser.click("#tap-start")
    wait_until("it is subscribed",
               lambda: http.status()["subscriptions"] == 1, TIMEOUT_S)
    demo.quit()
    shows(browser, "#status", "away")
    shows(browser, "#away", "nginx does not answer")
    browser.script("scrollTo(0, 0)")
    browser.click("#tree-again")
    shows(browser, "#tree-says", "Not read: nginx does not answer")
    assert names(browser) == ["a"]  # as it was
    assert browser.text("#value") == "before"
    browser.type("#publish-topic", "a/1")
    browser.type("#publish-text", "now")
    browser.click("#publish-send")
    shows(browser, "#publish-says", "Perhaps not published: nginx does not")
    demo.start()
    with Http(demo) as again:
        again.put("b/1", "after")
        connected(browser)
        assert browser.script("return document.querySelector('#away').hidden")
        lists(browser, ["b"])
        shows(browser, "#topic-says", "no such topic")
        wait_until("the tap goes on", lambda: again.put("b/1", "live") and
                   "live" in browser.text("#tap-log"), TIMEOUT_S)
    wait_until("the line has a gap", lambda: browser.script(
        "return document.querySelector('[data-of=sessions] .line')"
        ".getAttribute('d').split('M').length") > 2, TIMEOUT_S)
    browser.console_errors()  # of what was not there
    browser.close_window(handle)
    demo.check_running()


def test_as_the_package_installs_it(browser, make_nginx):
    page = console.Console(lambda **how: make_nginx(**how).start(),
                           ports.take(1)[0])
    handle = browser.open(f"http://localhost:{page.port}/")
    connected(browser)
    browser.type("#tap-selector", "x/*")
    browser.click("#tap-start")
    browser.type("#publish-topic", "x/1")
    browser.type("#publish-text", "hello")
    wait_until("it is tapped", lambda: browser.click("#publish-send")
               or "hello" in browser.text("#tap-log"), TIMEOUT_S)
    shows(browser, "#publish-says", "1 subscribers")
    assert browser.console_errors() == []
    browser.close_window(handle)
