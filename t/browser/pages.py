"""The example pages, the screens that they are for, and two windows of one."""

import contextlib

from support.processes import wait_until

TIMEOUT_S = 30.0
PAGES = ["/", "/chat/", "/game/", "/dashboard/", "/trading/"]
SCREENS = {"desktop": (1280, 800), "portrait": (390, 844),
           "landscape": (844, 390)}


def address(demo, scheme, path):
    return (f"http://localhost:{demo.port}{path}" if scheme == "http"
            else f"https://localhost:{demo.tls_port}{path}")


def connected(browser):
    wait_until("the page is connected",
               lambda: browser.text("#status").strip() == "connected",
               TIMEOUT_S)


def shows(browser, css, wanted, what=None):
    """Waits until the element's text has it; returns the text."""
    def text():
        found = browser.script(
            "return document.querySelector(arguments[0])?.textContent", css)
        return found if found is not None and wanted in found else None
    return wait_until(what or f"{css} shows {wanted!r}", text, TIMEOUT_S)


def told_away(browser):
    """The page has noticed that nginx is away, and says so."""
    wait_until("the page says that there is no connection",
               lambda: "No connection to nginx" in browser.text("header"),
               TIMEOUT_S)


def told_back(browser):
    connected(browser)
    wait_until("the page does not say so any more",
               lambda: "No connection" not in browser.text("body"),
               TIMEOUT_S)


def overflow(browser):
    """What of the page sticks out on the right: its tags and classes."""
    return browser.script("""
        const width = document.documentElement.clientWidth;
        const sticksOut = (one) => {
            const { left, right } = one.getBoundingClientRect();
            for (let above = one.parentElement; above; above = above.parentElement) {
                if (above !== document.body &&
                    getComputedStyle(above).overflowX !== 'visible') {
                    return false; // it is scrolled, or cut on purpose
                }
            }
            return right > width + 0.5 || left < -0.5;
        };
        return [
            ...(document.documentElement.scrollWidth > width ? ['scrolls'] : []),
            ...[...document.body.querySelectorAll('*')].filter(sticksOut).map(
                (one) => `${one.tagName}.${one.className.baseVal ?? one.className}#${one.id}`)];""")


def is_whole(browser, css):
    """All of the element can be seen and tapped: within the window, not cut
    by what it is in, and with nothing over its middle."""
    return browser.script("""
        const one = document.querySelector(arguments[0]);
        const box = one.getBoundingClientRect();
        let [left, top] = [0, 0];
        let right = innerWidth;
        let bottom = innerHeight;
        for (let above = one.parentElement; above; above = above.parentElement) {
            const around = above.getBoundingClientRect();
            if (above !== document.documentElement) {
                [left, right] = [Math.max(left, around.left), Math.min(right, around.right)];
            }
            if (getComputedStyle(above).overflowY !== 'visible') {
                [top, bottom] = [Math.max(top, around.top), Math.min(bottom, around.bottom)];
            }
        }
        const middle = document.elementFromPoint(
            (box.left + box.right) / 2, (box.top + box.bottom) / 2);
        return box.width > 0 && box.left >= left - 0.5 && box.right <= right + 0.5 &&
            box.top >= top - 0.5 && box.bottom <= bottom + 0.5 &&
            one.scrollWidth <= one.clientWidth + 1 && one.contains(middle);""", css)


@contextlib.contextmanager
def two_windows(browser, demo, scheme, path):
    """Handles of two windows, both connected. In the end no console has told
    of an error, and nginx is well."""
    handles = [browser.open(address(demo, scheme, path)) for _ in range(2)]
    for one in handles:
        browser.switch(one)
        connected(browser)
    yield handles
    errors = []
    for one in handles:
        if one in browser.call("GET", "/window/handles"):
            browser.switch(one)
            errors += browser.console_errors()
            browser.close_window(one)
    demo.check_running()
    assert errors == []
