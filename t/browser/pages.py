"""Two windows of one of the example pages."""

import contextlib

from support.processes import wait_until

TIMEOUT_S = 30.0


def address(demo, scheme, path):
    return (f"http://localhost:{demo.port}{path}" if scheme == "http"
            else f"https://localhost:{demo.tls_port}{path}")


def connected(browser):
    wait_until("the page is connected",
               lambda: browser.text("#status").strip() == "connected",
               TIMEOUT_S)


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
