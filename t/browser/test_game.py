"""The game: what one window's ship does is seen in the other."""

import pytest

from pages import (
    SCREENS, TIMEOUT_S, address, connected, is_whole, overflow, told_away,
    told_back, two_windows)
from support.httpc import Http
from support.processes import wait_until

RIGHT = "\ue014"


@pytest.fixture
def windows(browser, demo, scheme):
    with two_windows(browser, demo, scheme, "/game/") as handles:
        yield handles


def players(browser):
    """{id: stars}, the window's own first."""
    lines = browser.script("""
        const lines = Array.from(document.querySelectorAll('#scores li'));
        lines.sort((a, b) => (b.className === 'own') - (a.className === 'own'));
        return lines.map((one) => one.textContent);""")
    return {one.split()[0]: int(one.split()[1]) for one in lines}


def own_id(browser):
    return next(iter(players(browser)))


def both_play(browser, windows):
    ids = []
    for one in windows:
        browser.switch(one)
        wait_until("two play", lambda: len(players(browser)) == 2, TIMEOUT_S)
        ids.append(own_id(browser))
    return ids


def test_players_come_and_go(browser, windows):
    ids = both_play(browser, windows)
    assert ids[0] != ids[1]
    browser.close_window(windows[1])
    browser.switch(windows[0])
    wait_until("the other one has left",
               lambda: list(players(browser)) == [ids[0]], TIMEOUT_S)


def place(http, who):
    """What the zone has of a ship: its x, of 0…65535."""
    answer = http.request("GET", f"/api/game/players/{who}")
    return int.from_bytes(answer.body[:2], "big") if (
        answer.status == 200 and len(answer.body) == 8) else None


def updates_in(browser):
    """Of the last whole second; the page's first has not ended yet: 0."""
    words = browser.text("#traffic").split()
    return int(words[-2]) if words else 0


def test_a_key_moves_a_ship(browser, demo, windows):
    ids = both_play(browser, windows)
    with Http(demo) as http:
        browser.switch(windows[0])
        before = wait_until("it says where it is",
                            lambda: place(http, ids[0]), TIMEOUT_S)
        browser.keys(("keyDown", RIGHT))
        wait_until("it has moved",
                   lambda: abs(place(http, ids[0]) - before) > 2000,
                   TIMEOUT_S)
        browser.keys(("keyUp", RIGHT))
    browser.switch(windows[1])
    wait_until("updates come", lambda: updates_in(browser) > 2, TIMEOUT_S)


def test_one_catches_the_star(browser, demo, windows):
    """Both see who; a star elsewhere takes its place."""
    ids = both_play(browser, windows)
    browser.switch(windows[0])
    with Http(demo) as http:
        star = wait_until("a star is there", lambda: http.request(
            "GET", "/api/game/star"), TIMEOUT_S)
        assert star.status == 200
        ship = http.request("GET", f"/api/game/players/{ids[0]}").body
        at = [int.from_bytes(ship[n:n + 2], "big") / 65535 for n in (0, 2)]
        http.publish_json("game/star",
                          {"x": at[0], "y": at[1], "scores": {ids[1]: 3}})
    for one in windows:
        browser.switch(one)
        wait_until("both know", lambda: players(browser) == {
            ids[0]: 1, ids[1]: 3}, TIMEOUT_S)


def test_they_play_on_after_a_reload(browser, demo, windows):
    ids = both_play(browser, windows)
    demo.reload()
    for one in windows:
        browser.switch(one)
        connected(browser)
        wait_until("both play", lambda: set(players(browser)) == set(ids),
                   TIMEOUT_S)


def test_each_flies_alone_while_nginx_is_away(browser, demo, scheme):
    """The other one, and its score, are not shown then; they are again once
    nginx is back, with a new star."""
    handles = [browser.open(address(demo, scheme, "/game/")) for _ in range(2)]
    ids = both_play(browser, handles)
    with demo.away():
        for one, own in zip(handles, ids):
            browser.switch(one)
            told_away(browser)
            wait_until("only the own ship is there",
                       lambda: list(players(browser)) == [own], TIMEOUT_S)
    for one in handles:
        browser.switch(one)
        told_back(browser)
        wait_until("both play", lambda: set(players(browser)) == set(ids),
                   TIMEOUT_S)
    with Http(demo) as http:
        wait_until("a star is there", lambda: http.request(
            "GET", "/api/game/star").status == 200, TIMEOUT_S)
    browser.console_errors()  # of the attempts while it was away
    for one in handles:
        browser.close_window(one)


@pytest.mark.parametrize("screen", SCREENS)
def test_all_can_be_reached(browser, demo, screen):
    """The scores are in the arena; a phone has a stick, and only a phone."""
    one = browser.open(address(demo, "http", "/game/"))
    browser.emulate(*SCREENS[screen], touch=screen != "desktop")
    connected(browser)
    wait_until("it plays", lambda: players(browser), TIMEOUT_S)
    for css in ("#arena", "#scores li", "footer span"):
        assert browser.script("""
            const inner = document.querySelector(arguments[0]).getBoundingClientRect();
            const outer = document.querySelector(arguments[1]).getBoundingClientRect();
            return inner.left >= outer.left && inner.right <= outer.right &&
                inner.top >= outer.top && inner.bottom <= outer.bottom;""",
            css, "#arena" if css.startswith("#scores") else "html"), css
    if screen == "desktop":
        assert not browser.text("footer .if-touch")
    else:
        assert is_whole(browser, "#stick")
        assert not browser.text("footer .if-keys")
    assert overflow(browser) == []
    browser.close_window(one)


def test_the_stick_moves_a_ship(browser, demo):
    one = browser.open(address(demo, "http", "/game/"))
    browser.emulate(*SCREENS["portrait"], touch=True)
    connected(browser)
    own = wait_until("it plays", lambda: players(browser) and own_id(browser),
                     TIMEOUT_S)
    with Http(demo) as http:
        before = wait_until("it says where it is",
                            lambda: place(http, own), TIMEOUT_S)
        browser.drag("#stick", 50, 0)
        wait_until("it has moved", lambda: abs(place(http, own) - before) > 2000,
                   TIMEOUT_S)
        browser.release()

    def came_to_rest():
        return browser.script("return getComputedStyle(document.querySelector("
                              "'#stick')).getPropertyValue('--x')") == "0"

    wait_until("the stick is let go", came_to_rest, TIMEOUT_S)
    browser.close_window(one)
