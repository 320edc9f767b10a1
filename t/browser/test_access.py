"""The demo of access: people who log in, rooms for some, a word that is taken
out, and a ban."""

import pytest

import axe
from pages import SCREENS, TIMEOUT_S, address, connected, overflow
from support.processes import wait_until


@pytest.fixture(scope="module", autouse=True)
def application(demo):
    with demo.application():
        yield


@pytest.fixture
def people(browser, demo):
    """open(name) logs somebody in, in a window of his own."""
    windows = []

    def enter(name):
        windows.append(browser.open(address(demo, "http", "/access/")))
        log_in(browser, name)
        connected(browser)
        return windows[-1]

    yield enter
    for window in windows:
        browser.close_window(window)
    demo.check_running()


def log_in(browser, name):
    browser.type("#name", name)
    browser.click("#login button")


def lines(browser, log):
    return browser.script(
        "return [...document.querySelectorAll('#' + arguments[0] + ' .line')]"
        ".map((line) => [...line.childNodes].map("
        "(one) => one.textContent).join(': '));", log)


def sees(browser, window, log, line):
    browser.switch(window)
    wait_until(f"{line!r} is shown", lambda: line in lines(browser, log),
               TIMEOUT_S, 0.05)


def say(browser, window, room, text):
    browser.switch(window)
    browser.type(f"form[data-room={room}] input", text)
    browser.click(f"form[data-room={room}] button")


def test_a_word_is_taken_out(browser, people):
    ann, bob = people("ann"), people("bob")
    say(browser, bob, "lobby", "darn it, Ann")
    for window in (ann, bob):
        sees(browser, window, "lobby", "bob: **** it, Ann")


def test_the_club_is_for_members(browser, people):
    ann, bob = people("ann"), people("bob")
    sees(browser, bob, "club", "members only")
    say(browser, ann, "club", "only us")
    sees(browser, ann, "club", "ann: only us")
    say(browser, bob, "club", "let me in")
    wait_until("he is refused",
               lambda: lines(browser, "club") == ["members only"] * 2,
               TIMEOUT_S)


def test_nothing_but_the_rooms(browser, people):
    people("ann")
    told = browser.script("""
        return import('/wspubsub/client.js').then(async ({ connect }) => {
                const { token } = await (await fetch('app/login', {
                    method: 'POST', body: '{"name":"eve"}' })).json();
                const client = connect('ws', { getToken: () => token });
                const codes = [];
                for (const topic of ['log', 'room/secret', 'room/club']) {
                    codes.push(await client.publish(topic, { data: { text: 'x' } })
                        .then(() => 0, ({ code }) => code));
                }
                await client.close();
                return codes;
            });""")
    assert told == [103, 103, 103]


def test_who_comes_and_goes_is_told(browser, people):
    ann = people("ann")
    carl = people("carl")
    sees(browser, ann, "events", "carl: is here")
    browser.switch(carl)
    browser.call("POST", "/url", {"url": "about:blank"})
    sees(browser, ann, "events", "carl: has left")


def test_a_ban(browser, people):
    eve, admin = people("eve"), people("admin")
    browser.switch(admin)
    browser.type("#whom", "eve")
    browser.click("#ban button")
    sees(browser, admin, "events", "eve is banned")
    browser.switch(eve)
    wait_until("she is out", lambda: "not let in any more" in
               browser.text("#refused"), TIMEOUT_S)
    log_in(browser, "eve")
    wait_until("she stays out", lambda: "not let in" in
               browser.text("#refused") and "more" not in
               browser.text("#refused"), TIMEOUT_S)


def test_only_the_admin_bans(browser, people):
    people("ann")
    assert not browser.script(
        "return document.getElementById('ban').checkVisibility();")
    status = browser.script(
        "return fetch('app/ban', {method: 'POST', body: JSON.stringify("
        "{name: 'bob'})}).then((answer) => answer.status);")
    assert status == 403


@pytest.mark.parametrize("screen", SCREENS)
def test_all_screens(browser, people, screen):
    people("admin")
    browser.emulate(*SCREENS[screen], "light", screen != "desktop")
    assert not overflow(browser)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_accessible(browser, people, colours):
    bob = people("bob")
    sees(browser, bob, "club", "members only")
    browser.emulate(*SCREENS["desktop"], colours, False)
    assert axe.complaints(browser, axe.source()) == []
