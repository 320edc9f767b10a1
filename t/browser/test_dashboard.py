"""The dashboard: what push.sh pushes is in both windows; a number that curl
would send, too."""

import itertools
import subprocess

import pytest

from example import EXAMPLES
from pages import TIMEOUT_S, address, connected, two_windows
from support.httpc import Http
from support.processes import wait_until


@pytest.fixture
def windows(browser, demo, scheme):
    with two_windows(browser, demo, scheme, "/dashboard/") as handles:
        yield handles


@pytest.fixture
def metric(demo, topic):
    """A topic of this test's own; removed in the end."""
    name = f"metrics/{topic}"
    yield name
    with Http(demo) as http:
        http.request("DELETE", f"/api/{name}")


def charts(browser):
    """{topic: [value as it is shown, points of its line]}"""
    return browser.script("""
        return Object.fromEntries(Array.from(
            document.querySelectorAll('.chart'), (one) => [one.dataset.topic, [
                one.querySelector('.value').textContent,
                one.querySelector('.line').getAttribute('points')
                    ?.split(' ').filter(Boolean).length ?? 0]]));""")


def shows(browser, handle, topic, *wanted):
    browser.switch(handle)
    wait_until(f"{topic} is {wanted}",
               lambda: charts(browser).get(topic) == list(wanted), TIMEOUT_S)


def push(demo, count, seconds="0.2"):
    done = subprocess.run(
        [EXAMPLES / "dashboard" / "push.sh",
         f"http://127.0.0.1:{demo.port}/api", seconds, str(count)],
        capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script(browser, demo, windows):
    push(demo, 3)
    for one in windows:
        browser.switch(one)
        shown = wait_until("four charts with values", lambda: {
            topic.split("/")[-1]: chart
            for topic, chart in charts(browser).items()
            if chart[1] >= 3}, TIMEOUT_S)
        wait_until("all of them", lambda: len([
            1 for chart in charts(browser).values() if chart[1] >= 3]) == 4,
            TIMEOUT_S)
        shown = {topic.split("/")[-1]: chart[0]
                 for topic, chart in charts(browser).items()}
        assert sorted(shown) == ["cpu", "load", "memory", "network"]
        for name in ("cpu", "memory"):
            assert shown[name].endswith("%")
            assert 0 <= float(shown[name][:-1]) <= 100


def test_values_as_they_come(browser, demo, windows, metric):
    with Http(demo) as http:
        http.publish_json(metric, {"value": 12.25, "unit": "km"})
        for one in windows:
            shows(browser, one, metric, "12.3km", 1)
        http.publish(metric, "7", kind="application/x-www-form-urlencoded")
        for one in windows:
            shows(browser, one, metric, "7.00", 2)
        for odd in ("", "much", "[1]", "null", '{"value":"<b>"}'):
            http.publish(metric, odd or " ", kind="application/json"
                         if odd[:1] in ("[", "n", "{") else "text/plain")
        http.publish_json(metric, {"value": 300, "seq": 1, "epoch": "x", "at": 0})
        for one in windows:
            shows(browser, one, metric, "300", 3)


def test_the_value_at_once(browser, demo, scheme, windows, metric):
    """A window that opens later shows the same, and so does one after a
    reload of nginx."""
    with Http(demo) as http:
        for value in range(1, 131):
            http.publish_json(metric, value)
    shows(browser, windows[0], metric, "130", 120)
    late = browser.open(address(demo, scheme, "/dashboard/"))
    shows(browser, late, metric, "130", 120)
    browser.close_window(late)
    demo.reload()
    with Http(demo) as http:
        http.publish_json(metric, 131)
    for one in windows:
        shows(browser, one, metric, "131", 120)
        connected(browser)


def test_a_topic_that_goes(browser, demo, windows, metric):
    with Http(demo) as http:
        http.publish_json(metric, 1)
        shows(browser, windows[1], metric, "1.00", 1)
        http.request("DELETE", f"/api/{metric}")
    for one in windows:
        browser.switch(one)
        wait_until("its chart is gone",
                   lambda: metric not in charts(browser), TIMEOUT_S)


def colours(browser):
    """Of all lines, as [red, green, blue]."""
    return browser.script("""return Array.from(document.querySelectorAll('.line'),
        (one) => getComputedStyle(one).stroke.match(/\\d+/g).map(Number));""")


def contrast(one, other):
    """WCAG's ratio of two colours."""
    def light(colour):
        parts = [part / 255 for part in colour]
        red, green, blue = [part / 12.92 if part <= 0.04045
                            else ((part + 0.055) / 1.055) ** 2.4
                            for part in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lights = sorted([light(one), light(other)])
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("likes", ["light", "dark"])
def test_lines_can_be_told_apart(browser, demo, windows, metric, likes):
    """By their colours, of six charts; and all from what is behind them."""
    names = [f"{metric}/{name}" for name in (
        "cpu", "load", "memory", "network", "disk", "swap")]
    with Http(demo) as http:
        for one in http.request(
                "GET", "/api/?select=metrics/**").json()["topics"]:
            http.request("DELETE", "/api/" + one["topic"])
        for name in names:
            http.publish_json(name, 5)
    browser.switch(windows[0])
    browser.emulate(1280, 800, likes)
    wait_until("all are there", lambda: sorted(charts(browser)) ==
               sorted(names), TIMEOUT_S)
    for one, other in itertools.combinations(colours(browser), 2):
        assert sum(abs(a - b) for a, b in zip(one, other)) > 75
    behind = browser.script("""return getComputedStyle(document.querySelector(
        '.sheet')).backgroundColor.match(/\\d+/g).map(Number);""")
    for one in colours(browser):
        assert contrast(one, behind) >= 3
    with Http(demo) as http:
        for name in names:
            http.request("DELETE", f"/api/{name}")


def test_times(browser, demo, scheme, metric):
    """A window that opens later has the values where nginx's times say that
    they are, and the present on the right."""
    with Http(demo) as http:
        for value in (1, 2, 3):
            http.publish_json(metric, value)
        items = http.request("GET", f"/api/{metric}?last=3").json()["items"]
    late = browser.open(address(demo, scheme, "/dashboard/"))
    shows(browser, late, metric, "3.00", 3)
    where = f"[data-topic='{metric}']"
    assert browser.text(f"{where} .axis").split("\n") == [
        "2 min ago", "1 min ago", "now"]
    at = browser.script("""
        const line = document.querySelector(arguments[0] + ' .line');
        return line.getAttribute('points').split(' ').map(
            (one) => Number(one.split(',')[0]));""", where)
    for (a, b), (early, later) in zip(
            itertools.pairwise(at), itertools.pairwise(items)):
        assert b - a == pytest.approx(
            (later["time"] - early["time"]) / 1000, abs=0.03)
    assert at[-1] <= 120
    said = browser.script("return document.querySelector(arguments[0])"
                          ".getAttribute('aria-label')", f"{where} svg")
    assert said.endswith("over 2 minutes, from 1.00 to 3.00")
    browser.close_window(late)
