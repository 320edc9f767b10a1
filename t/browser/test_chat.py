"""The demo's chat: two windows and a publish over HTTP."""

import json
import uuid

import pytest

from pages import (
    SCREENS, address, connected, is_whole, overflow, told_away, told_back)
from support.httpc import Http
from support.processes import wait_until

TIMEOUT_S = 20.0


@pytest.fixture
def windows(browser, demo, scheme):
    """Two windows of the page, both connected."""
    url = address(demo, scheme, "/chat/")
    handles = [browser.open(url) for _ in range(2)]
    for one in handles:
        browser.switch(one)
        connected(browser)
    yield handles
    errors = []
    for one in handles:
        browser.switch(one)
        errors += browser.console_errors()
        browser.close_window(one)
    demo.check_running()
    assert not [one for one in errors if "favicon" not in one], errors


def messages(browser):
    """The window's log as [[who, text], …]."""
    return browser.script("""
        return Array.from(document.querySelectorAll('#log .message')).map(
            (one) => [one.querySelector('.who').textContent.trim(),
                      one.querySelector('.text').textContent]);""")


def sees(browser, handle, who, text):
    browser.switch(handle)
    wait_until(f"{text!r} is shown",
               lambda: [who, text] in messages(browser), TIMEOUT_S, 0.05)
    assert messages(browser).count([who, text]) == 1


def say(browser, handle, who, text):
    browser.switch(handle)
    browser.type("#name", who)
    browser.type("#text", text)
    browser.click("#send")


def unique(text):
    return f"{text} {uuid.uuid4().hex[:8]}"


def test_two_windows_chat(browser, windows):
    ann, bob = windows
    hello, answer = unique("hello"), unique("good day é€")
    say(browser, ann, "Ann", hello)
    for one in windows:
        sees(browser, one, "Ann", hello)
    say(browser, bob, "Bob", answer)
    for one in windows:
        sees(browser, one, "Bob", answer)
        got = messages(browser)
        assert got.index(["Ann", hello]) < got.index(["Bob", answer])


def test_a_publish_comes_to_both(browser, demo, windows, scheme):
    text = unique("from curl")
    with Http(demo, scheme) as http:
        answer = http.publish_json(
            "chat/lobby", {"who": "curl", "text": text})
        assert answer.status == 201
        assert answer.json()["subscribers"] >= 2
    for one in windows:
        sees(browser, one, "curl", text)


def test_a_publish_of_text(browser, demo, windows):
    """As `curl -d text` sends it."""
    text = unique("plain")
    with Http(demo) as http:
        answer = http.publish("chat/lobby", text,
                              kind="application/x-www-form-urlencoded")
        assert answer.status == 201
    for one in windows:
        browser.switch(one)
        wait_until("the text is shown", lambda: text in [
            said for _, said in messages(browser)], TIMEOUT_S, 0.05)


def test_markup_is_text(browser, demo, windows):
    """What others send is never run."""
    text = unique("<img src=x onerror=\"document.title='run'\"><b>b</b>")
    with Http(demo) as http:
        http.publish_json("chat/lobby", {"who": "<i>x</i>", "text": text})
        http.publish_json("chat/lobby", {"odd": [1, None]})
        http.publish_json("chat/lobby", 5)
    after = unique("after")
    say(browser, windows[0], "Ann", after)
    for one in windows:
        sees(browser, one, "<i>x</i>", text)
        sees(browser, one, "Ann", after)
        assert browser.script("return document.title") != "run"
        assert browser.script(
            "return document.querySelectorAll('#log b, #log i').length"
        ) == 0


def test_windows_survive_a_reload_of_nginx(browser, demo, windows):
    before = unique("before")
    say(browser, windows[0], "Ann", before)
    for one in windows:
        sees(browser, one, "Ann", before)
    demo.reload()
    text = unique("meanwhile")
    with Http(demo) as http:
        http.put("chat/lobby", json.dumps({"who": "app", "text": text}),
                 kind="application/json")
    for one in windows:
        sees(browser, one, "app", text)
        assert messages(browser).count(["Ann", before]) == 1
        connected(browser)
    after = unique("after")
    say(browser, windows[1], "Bob", after)
    for one in windows:
        sees(browser, one, "Bob", after)


def test_nothing_is_lost_or_comes_twice(browser, demo, windows):
    """The windows talk while nginx reloads and a worker is killed."""
    said = {"Ann": [], "Bob": []}

    def both_say(count):
        for one, who in zip(windows, said):
            browser.switch(one)
            texts = [unique(f"{who} {n}") for n in range(count)]
            said[who] += texts
            browser.script("""
                const [who, texts] = arguments;
                document.querySelector('#name').value = who;
                for (const text of texts) {
                    document.querySelector('#text').value = text;
                    document.querySelector('#send').click();
                }""", who, texts)

    both_say(10)
    demo.reload()
    both_say(10)
    for pid in demo.worker_pids():
        both_say(5)
        demo.kill_worker(pid)
    both_say(5)

    def heard(who):
        return [text for one, text in messages(browser) if one == who
                and text in said[who]]

    for one in windows:
        browser.switch(one)
        for who, texts in said.items():
            wait_until(f"all that {who} said is shown",
                       lambda: len(heard(who)) >= len(texts), TIMEOUT_S)
            assert heard(who) == texts
        connected(browser)


def people(browser):
    return browser.script("""return Array.from(
        document.querySelectorAll('#who li'), (one) => one.textContent);""")


def test_presence_and_typing(browser, demo, windows):
    """Who comes, types and leaves; a name that is typed is taken."""
    ann, bob = windows
    for one, who in zip(windows, ("Änn & co", "Bob")):
        browser.switch(one)
        browser.type("#name", who)
        browser.click("#text")
    for one, own in zip(windows, ("Änn & co", "Bob")):
        browser.switch(one)
        wait_until("both are here", lambda: people(browser) == sorted(
            who + (" (you)" if who == own else "")
            for who in ("Änn & co", "Bob")), TIMEOUT_S)
    browser.switch(ann)
    browser.type("#text", "hm")
    browser.switch(bob)
    wait_until("she types", lambda: browser.text("#typing")
               == "Änn & co is typing …", TIMEOUT_S, 0.05)
    browser.click("a.home")
    browser.switch(ann)
    wait_until("Bob has left", lambda: people(browser)
               == ["Änn & co (you)"], TIMEOUT_S)
    browser.switch(bob)
    browser.call("POST", "/back", {})
    connected(browser)


def test_rooms(browser, demo, windows):
    """A room of their own; what is said elsewhere is counted."""
    room, text = unique("room"), unique("in there")
    browser.switch(windows[0])
    browser.script("location.hash = encodeURIComponent(arguments[0])", room)
    wait_until("it is open",
               lambda: browser.text("#title") == room, TIMEOUT_S)
    assert messages(browser) == []
    say(browser, windows[0], "Ann", text)
    sees(browser, windows[0], "Ann", text)
    browser.switch(windows[1])
    rooms = wait_until("it is listed, with one message", lambda: [
        one for one in browser.script("""return Array.from(
            document.querySelectorAll('.room'), (one) => one.textContent);""")
        if one == room + "1"], TIMEOUT_S)
    assert rooms and ["Ann", text] not in messages(browser)
    browser.script("""Array.from(document.querySelectorAll('.room')).find(
        (one) => one.textContent === arguments[0]).click();""", room + "1")
    sees(browser, windows[1], "Ann", text)


def marked(browser, mark):
    """The texts of messages of that class."""
    return browser.script("""return Array.from(
        document.querySelectorAll(`#log .${arguments[0]} .text`),
        (one) => one.textContent);""", mark)


def test_what_is_said_while_nginx_is_away(browser, demo, scheme):
    """It is shown, as waiting; and once nginx is back it is said, once."""
    url = address(demo, scheme, "/chat/#" + unique("room").replace(" ", "-"))
    ann, bob = [browser.open(url) for _ in range(2)]
    texts = [unique("while away"), unique("too")]
    for one in (ann, bob):
        browser.switch(one)
        connected(browser)
    with demo.away():
        browser.switch(ann)
        told_away(browser)
        assert "was here" in browser.text("aside h2")
        for text in texts:
            say(browser, ann, "Ann", text)
        assert marked(browser, "waiting") == texts
        assert browser.text(".waiting .when") == "waiting to be sent"
    for one in (ann, bob):
        browser.switch(one)
        told_back(browser)
        wait_until("both are said", lambda: [
            text for _, text in messages(browser)] == texts
            and marked(browser, "waiting") == [], TIMEOUT_S)
        assert "is here" in browser.text("aside h2")
        assert browser.script("return document.querySelectorAll("
                              "'#log .message time').length") == 2
        browser.console_errors()  # of the attempts while it was away
        browser.close_window(one)


def test_what_is_refused(browser, demo, windows):
    """It stays, with the reason."""
    text = "é" * 1000
    browser.switch(windows[0])
    browser.script("""
        document.querySelector('#text').maxLength = 20000;
        document.querySelector('#text').value = arguments[0];
        document.querySelector('#send').click();""", text * 9)
    wait_until("it is refused",
               lambda: marked(browser, "refused") == [text * 9], TIMEOUT_S)
    assert browser.text(".refused .when").startswith("not sent: more than")
    browser.click(".room:not([aria-current=true])")
    wait_until("another room is open",
               lambda: marked(browser, "refused") == [], TIMEOUT_S)
    browser.call("POST", "/back", {})
    wait_until("it is still there",
               lambda: marked(browser, "refused") == [text * 9], TIMEOUT_S)


def links(browser):
    return browser.script("""return Array.from(
        document.querySelectorAll('#log a'), (one) => [
            one.textContent, one.getAttribute('href'), one.rel, one.target]);""")


@pytest.mark.parametrize("text, linked", [
    ("see https://example.com/a?b=c&d#e, or so", ["https://example.com/a?b=c&d#e"]),
    ("(http://a.example/x) http://b.example!", ["http://a.example/x", "http://b.example"]),
    ("HTTPS://A.EXAMPLE/.", ["HTTPS://A.EXAMPLE/"]),
    ("javascript:alert(1) data:text/html,x //a.example http:// https://%", []),
    ('https://a.example/"onclick="x <a href=http://b.example/>b</a>',
     ["https://a.example/", "http://b.example/"]),
    ("https://a.example/<img src=x onerror=alert(1)>", ["https://a.example/"]),
], ids=["query", "brackets", "capitals", "none", "quotes", "markup"])
def test_links(browser, demo, scheme, text, linked):
    """Addresses can be followed, and nothing else is made of a text."""
    room = unique("links").replace(" ", "-")
    with Http(demo) as http:
        http.publish_json(f"chat/{room}", {"who": "Ann", "text": text})
    one = browser.open(address(demo, scheme, f"/chat/#{room}"))
    sees(browser, one, "Ann", text)
    assert links(browser) == [
        [url, url, "noopener noreferrer nofollow", "_blank"] for url in linked]
    assert browser.script("return document.querySelectorAll("
                          "'#log .text > :not(a), #log .text a > *').length") == 0
    assert browser.console_errors() == []
    browser.close_window(one)


def test_times(browser, demo, windows, scheme):
    """As nginx keeps them for what was said before, else by this clock."""
    text = unique("early")
    room = unique("times").replace(" ", "-")
    with Http(demo) as http:
        http.publish_json(f"chat/{room}", {"who": "Ann", "text": text})
        item, = http.request(
            "GET", f"/api/chat/{room}?last=1").json()["items"]

    def times():
        return browser.script("""return Array.from(document.querySelectorAll(
            '#log .message time'), (one) => Date.parse(one.dateTime));""")

    late = browser.open(address(demo, scheme, f"/chat/#{room}"))
    sees(browser, late, "Ann", text)
    wait_until("its time is there",
               lambda: times() == [item["time"]], TIMEOUT_S)
    more = unique("now")
    say(browser, late, "Bob", more)
    wait_until("both have times", lambda: len(times()) == 2, TIMEOUT_S)
    assert times() == sorted(times())
    browser.close_window(late)


@pytest.mark.parametrize("width, height", [*SCREENS.values(), (320, 568)])
def test_all_can_be_reached(browser, demo, width, height):
    one = browser.open(address(demo, "http", "/chat/"))
    browser.emulate(width, height, touch=width < 1000)
    connected(browser)
    wait_until("who is here is shown",
               lambda: len(people(browser)) > 0, TIMEOUT_S)
    for css in ("#send", "#name", "#text", "#room"):
        assert is_whole(browser, css), css
    assert overflow(browser) == []
    browser.close_window(one)
