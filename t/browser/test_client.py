"""clients/js in Chromium: what its tests in Node show, in a page."""

import pathlib
import shutil
import threading
import time
import urllib.parse

import pytest

from proxy import Proxy
from support.config import HISTORY, LOCATIONS
from support.fixtures import module_nginx, ng, topic  # noqa: F401
from support.httpc import Http
from support.processes import wait_until
from webdriver import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_S = 30.0

# The proxies that cut connections have ports of their own.
PAGE = """
ws_pubsub_origin any;
types { text/html html; text/javascript js; }
location /page/ { alias @PREFIX@/page/; }
location /private {
    deny all;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
"""


@pytest.fixture(scope="module")
def shared(module_nginx):
    """An nginx that also serves the page and the module."""
    ng = module_nginx(
        workers=2, server=PAGE, locations=LOCATIONS,
        http=HISTORY.replace("main:8m", "main:32m").replace(
            "history=100", "history=10000"))
    page = ng.prefix / "page"
    shutil.copytree(ROOT / "clients" / "js" / "src", page / "js" / "src")
    shutil.copy(ROOT / "t" / "browser" / "client.html", page)
    return ng


@pytest.fixture(scope="module")
def browser(shared):  # pylint: disable=unused-argument
    """One that ends before nginx: it keeps connections in reserve that it
    has not used yet, and these hold up a worker that is told to end."""
    one = Browser()
    yield one
    one.quit()


@pytest.fixture
def follow(browser, ng, scheme):
    """Opens the page on some selectors."""
    handles = []

    def open_page(*selectors, url="/ws"):
        query = urllib.parse.urlencode(
            [("url", url)] + [("selector", one) for one in selectors])
        at = (f"http://localhost:{ng.port}" if scheme == "http"
              else f"https://localhost:{ng.tls_port}")
        handles.append(browser.open(f"{at}/page/client.html?{query}"))
        wait_until("it is subscribed", lambda: len(
            heard(browser)["recovered"]) == len(selectors), TIMEOUT_S)

    yield open_page
    for one in handles:
        browser.close_window(one)


def heard(browser):
    return browser.script("return window.heard ?? {recovered: []};")


def messages(browser, selector):
    return [one for one in heard(browser)["messages"]
            if one["selector"] == selector]


def opened(browser):
    return browser.script("return window.heard.states.filter("
                          "({state}) => state === 'open').length;")


class Writer:
    """Publishes 1, 2, 3, … in a thread until it is stopped; `last` is the
    seq of the last one that was answered."""

    def __init__(self, ng, topic, pause_s):
        self.last = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._write, args=(ng, topic, pause_s), daemon=True)
        self._thread.start()

    def _write(self, ng, topic, pause_s):
        number = 0
        while not self._stop.is_set():
            number += 1
            try:
                with Http(ng) as http:
                    self.last = http.publish_json(topic, number).json()["seq"]
            except (OSError, EOFError, AssertionError):
                pass  # that worker is no more
            time.sleep(pause_s)

    def stop(self):
        self._stop.set()
        self._thread.join(TIMEOUT_S)
        return self.last


def got_all(browser, selector, last):
    """Waits for the message `last`; asserts that each came once, in order,
    and that no gap was told."""
    wait_until(f"message {last}", lambda: any(
        one["seq"] == last for one in messages(browser, selector)), TIMEOUT_S)
    seqs = [one["seq"] for one in messages(browser, selector)]
    assert seqs == list(range(seqs[0], last + 1))
    told = heard(browser)
    assert told["gaps"] == [] and told["errors"] == []
    assert all(told["recovered"])


def test_publish_and_read(browser, follow, topic):
    name, selector = f"hist/{topic}/a", f"hist/{topic}/*"
    follow(name, selector)
    said = browser.script("""
        const [topic, done] = [arguments[0], window];
        (async () => {
            const at = await client.publish(topic, {a: [1, 'é']});
            await client.publish(topic, {text: 'é😀'}, {if: at, key: 'k'});
            await client.publish(topic, Uint8Array.of(0, 1, 255));
            const {items} = await client.history(topic, {last: 2});
            const page = await client.get(topic);
            const failed = await client.publish(topic, 1, {if: 'absent'})
                .catch(({code}) => code);
            done.answer = {seqs: items.map(({seq}) => seq),
                last: Array.from(page.items[0].bytes), failed};
        })().catch((error) => { done.answer = String(error); });
        return null;""", name)
    assert said is None
    answer = wait_until("the answers", lambda: browser.script(
        "return window.answer;"), TIMEOUT_S)
    assert answer == {"seqs": [2, 3], "last": [0, 1, 255], "failed": 114}
    for one in (name, selector):
        got_all(browser, one, 3)
        first, second, _ = messages(browser, one)
        assert first["data"] == {"a": [1, "é"]}
        assert second["text"] == "é😀"


def test_a_reload(browser, follow, ng, topic):
    name, selector = f"hist/{topic}/a", f"hist/{topic}/*"
    follow(name, selector)
    writer = Writer(ng, name, 0.01)
    for count in (1, 2):
        wait_until("messages", lambda: len(
            messages(browser, name)) > 10 * count, TIMEOUT_S)
        ng.reload()
        wait_until("it is back", lambda: opened(browser) > count, TIMEOUT_S)
    last = writer.stop()
    got_all(browser, name, last)
    got_all(browser, selector, last)
    waited = [one for one in heard(browser)["states"]
              if one["state"] == "waiting"]
    assert {one["code"] for one in waited} == {1001}


def test_killed_workers(browser, follow, ng, topic):
    name = "hist/" + topic
    follow(name)
    writer = Writer(ng, name, 0.01)
    wait_until("messages", lambda: messages(browser, name), TIMEOUT_S)
    for pid in ng.worker_pids():
        ng.kill_worker(pid)
    wait_until("it is back", lambda: opened(browser) > 1, TIMEOUT_S)
    got_all(browser, name, writer.stop())


def test_cuts_in_the_middle_of_frames(browser, follow, ng, scheme, topic):
    name = "hist/" + topic
    proxy = Proxy(ng.port if scheme == "http" else ng.tls_port)
    writer = Writer(ng, name, 0.002)
    try:
        follow(name, url=("ws" if scheme == "http" else "wss")
               + f"://localhost:{proxy.port}/ws")
        for count in range(1, 8):
            proxy.cut_after(2000 + 7 * count)
            wait_until("it is cut, and back",
                       lambda: opened(browser) > count, TIMEOUT_S)
    finally:
        last = writer.stop()
    got_all(browser, name, last)
    proxy.stop()


def test_close(browser, follow, topic):
    follow("hist/" + topic)
    browser.script("client.close().then(() => { window.wasClosed = true; });")
    wait_until("it is closed",
               lambda: browser.script("return window.wasClosed;"), TIMEOUT_S)
    assert browser.script("return client.state;") == "closed"
    assert heard(browser)["errors"] == []


def states(browser):
    return [one["state"] for one in heard(browser)["states"]]


def test_a_refused_upgrade_is_told_and_not_tried_again(
        browser, ng, scheme):
    at = (f"http://localhost:{ng.port}" if scheme == "http"
          else f"https://localhost:{ng.tls_port}")
    window = browser.open(f"{at}/page/client.html?url=/private")
    try:
        wait_until("it is refused", lambda: browser.script(
            "return window.client?.state;") == "unauthorized", TIMEOUT_S)
        last = heard(browser)["states"][-1]
        assert (last["status"], last["reason"]) == (403, "Forbidden")
        attempts = states(browser).count("connecting")
        time.sleep(0.5)
        assert states(browser).count("connecting") == attempts
        browser.script("client.connect();")
        wait_until("it is refused again", lambda: states(
            browser).count("unauthorized") == 2, TIMEOUT_S)
    finally:
        browser.close_window(window)


def offline(browser, is_offline):
    browser.call("POST", "/chromium/network_conditions", {
        "network_conditions": {"offline": is_offline, "latency": 0,
                               "throughput": 10_000_000}})


def test_online_ends_a_wait(browser, follow, topic):
    """A wait of half a minute at least; a minute of it seems to be over."""
    name = "hist/" + topic
    follow(name)
    assert browser.script("""
        return import('./js/src/client.js').then(({connect}) => {
            window.slow = connect('nowhere',
                {minDelay: 60000, maxDelay: 60000, fetch: null});
        });""") is None
    wait_until("it waits", lambda: browser.script(
        "return slow.state;") == "waiting", TIMEOUT_S)
    browser.script("""
        slow.on('state', ({state}) => { window.woken = state; });
        const now = Date.now();
        Date.now = () => now + 61000;""")
    try:
        offline(browser, True)
        time.sleep(0.2)
        assert browser.script("return window.woken ?? null;") is None
    finally:
        offline(browser, False)
    wait_until("it tried", lambda: browser.script(
        "return window.woken;") == "waiting", 5.0)
    browser.script("slow.close();")
