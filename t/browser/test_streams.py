"""Chromium's EventSource: what it dispatches, and how it comes back."""

import pytest

from support.config import LOCATIONS
from support.fixtures import module_nginx, ng, topic  # noqa: F401
from support.httpc import Http
from support.processes import wait_until
from webdriver import Browser

TIMEOUT_S = 30.0
CONFIG = {"http": """
ws_pubsub_zone main:8m;
ws_pubsub_topic "short/**" zone=main history=3;
ws_pubsub_topic "**" zone=main history=1000;
""", "locations": LOCATIONS + """
location /events/ {
    ws_pubsub_stream zone=main;
    ws_pubsub_allow_subscribe "**";
}
location = /plain-events {
    ws_pubsub_stream zone=main topic=$arg_t;
    ws_pubsub_allow_subscribe "**";
}
location = /page { default_type text/html; return 200 "<title>a page</title>"; }
"""}

# What comes is noted in the window.
LISTEN = """
window.got = [];
window.opened = 0;
window.source = new EventSource(arguments[0]);
source.onopen = () => opened++;
for (const name of ["message", "gap", "gone", "reset", "b64", "cursor"]) {
    source.addEventListener(name, ({data, lastEventId}) =>
        got.push({name, data, id: lastEventId}));
}
"""


@pytest.fixture(scope="module")
def shared(module_nginx):
    return module_nginx(workers=2, **CONFIG)


@pytest.fixture(scope="module")
def browser(shared):  # pylint: disable=unused-argument
    one = Browser()
    yield one
    one.quit()


@pytest.fixture
def http(ng):
    with Http(ng) as client:
        yield client


class Page:
    def __init__(self, browser, ng, path):
        self.browser = browser
        browser.open(f"http://localhost:{ng.port}/page")
        browser.script(LISTEN, path)

    def got(self, name="message"):
        return [one for one in self.browser.script("return got;")
                if one["name"] == name]

    def wait(self, count, name="message"):
        wait_until(f"{count} of {name}",
                   lambda: len(self.got(name)) >= count, TIMEOUT_S)
        return self.got(name)

    def opened(self):
        return self.browser.script("return opened;")


def test_values_and_changes(browser, ng, http, topic):
    http.put(topic, "1")
    page = Page(browser, ng, f"/events/{topic}")
    page.wait(1)
    http.put(topic, "é\n😀")
    first, second = page.wait(2)
    assert '"text":"1"' in first["data"] and first["id"]
    assert "é\\n😀" in second["data"] and second["id"] != first["id"]


def test_many_selectors_and_names(browser, ng, http, topic):
    page = Page(browser, ng, f"/events/?topic={topic}/*&topic=short/{topic}")
    assert page.wait(1, "cursor")[0]["id"]
    http.put(f"{topic}/a", "1")
    http.put(f"short/{topic}", "2")
    assert len(page.wait(2)) == 2
    http.delete(f"{topic}/a")
    assert topic in page.wait(1, "gone")[0]["data"]


def test_plain(browser, ng, http, topic):
    text = "one\r\ntwo\rthree\n\n  four é 😀\n"
    http.put(topic, text)
    page = Page(browser, ng, f"/plain-events?t={topic}")
    page.wait(1)
    http.put(topic, b"\x00\xff", kind="application/octet-stream")
    assert page.wait(1, "b64")[0]["data"] == "AP8="
    assert page.got()[0]["data"] == "one\ntwo\nthree\n\n  four é 😀\n"


def test_comes_back_over_reloads(browser, ng, http, topic):
    page = Page(browser, ng, f"/events/{topic}?since=new")
    wait_until("it is open", lambda: page.opened() == 1, TIMEOUT_S)
    count = 0
    for _ in range(2):
        for _ in range(10):
            count += 1
            http.put(topic, str(count))
        http.close()  # its worker ends
        opened = page.opened()
        ng.reload()
        with Http(ng) as other:
            count += 1
            other.put(topic, str(count))
        wait_until("it is back", lambda: page.opened() > opened, TIMEOUT_S)
    seqs = [one["data"].split('"seq":')[1].split(",")[0]
            for one in page.wait(count)]
    assert seqs == [str(n) for n in range(1, count + 1)]
    assert page.got("reset") == []
