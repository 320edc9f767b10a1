#!/usr/bin/python3
"""Takes the pictures of docs/images anew: each example page, with two
windows, or a feeder, at work.

    t/browser/screenshots.py [chat] [game] [dashboard] [trading]

Or, to look at and not to keep, takes all pages on all screens, light and dark,
at work and while nginx is away:

    t/browser/screenshots.py --all FOLDER
"""

import contextlib
import itertools
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "functional")]

# pylint: disable=wrong-import-position
from example import EXAMPLES, ExampleNginx, ROOT  # noqa: E402
from pages import PAGES, SCREENS, address, connected  # noqa: E402
from support.httpc import Http  # noqa: E402
from webdriver import Browser  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WIDE, NARROW = (1100, 760), (400, 800)
SAID = [("Ann", "Good morning! Who reloads nginx today?"),
        ("Bob", "Me. Did it a minute ago."),
        ("Ann", "Nobody noticed :-)"),
        ("Bob", "That was the idea.")]
RIGHT, DOWN = "\ue014", "\ue015"


def windows(browser, demo, page, *sizes):
    handles = []
    for size in sizes:
        handles.append(browser.open(address(demo, "http", f"/{page}/")))
        browser.resize(*size)
        connected(browser)
    return handles


def save(browser, handle, name):
    browser.switch(handle)
    time.sleep(1.5)
    (IMAGES / f"{name}.png").write_bytes(browser.screenshot())


def chat(browser, demo):
    both = windows(browser, demo, "chat", WIDE, NARROW)
    with Http(demo) as http:
        http.publish_json("chat/nginx", {"who": "Eve", "text": "Is it up?"})
        http.publish_json("chat/lobby", {
            "who": "deploy", "text": "build 4711 is live <b>"})
    for who, text in SAID:
        browser.switch(both[who == "Bob"])
        browser.type("#name", who)
        browser.type("#text", text)
        browser.click("#send")
        time.sleep(1)
    browser.type("#text", "…")
    save(browser, both[0], "chat")
    browser.type("#text", "…")
    save(browser, both[1], "chat-narrow")


def game(browser, demo):
    both = windows(browser, demo, "game", WIDE, WIDE, NARROW)
    for one, key in zip(both, (DOWN, RIGHT, RIGHT)):
        browser.switch(one)
        browser.keys(("keyDown", key))
    time.sleep(3)
    save(browser, both[0], "game")
    save(browser, both[2], "game-narrow")


def push(demo, seconds, count):
    url = f"http://127.0.0.1:{demo.port}/api"
    subprocess.run([EXAMPLES / "dashboard" / "push.sh", url, str(seconds),
                    str(count)], check=True, timeout=120)


def dashboard(browser, demo):
    both = windows(browser, demo, "dashboard", WIDE, NARROW)
    push(demo, 0.1, 45)
    save(browser, both[0], "dashboard")
    save(browser, both[1], "dashboard-narrow")


def trading(browser, demo):
    feed = subprocess.Popen([
        sys.executable, EXAMPLES / "trading" / "feed.py", "--seconds", "60",
        "--rate", "0.4", "--seed", "3",
        "--url", f"http://127.0.0.1:{demo.port}/api/"])
    try:
        for size, name in (((1100, 680), "trading"),
                           (NARROW, "trading-narrow")):
            one, = windows(browser, demo, "trading", size)
            time.sleep(8)
            save(browser, one, name)
            browser.close_window(one)
    finally:
        feed.terminate()
        feed.wait()


# -- all pages, on all screens ------------------------------------------------

@contextlib.contextmanager
def at_work(demo):
    """Somebody chats, and both feeders run."""
    url = f"http://127.0.0.1:{demo.port}/api"
    with Http(demo) as http:
        for who, text in SAID:
            http.publish_json("chat/lobby", {"who": who, "text": text})
    push(demo, 0.1, 60)
    feeders = [
        subprocess.Popen([EXAMPLES / "dashboard" / "push.sh", url]),
        subprocess.Popen([sys.executable, EXAMPLES / "trading" / "feed.py",
                          "--url", url, "--seconds", "0", "--seed", "3"])]
    try:
        yield
    finally:
        for one in feeders:
            one.terminate()
            one.wait()


def take_all(browser, demo, folder):
    folder.mkdir(parents=True, exist_ok=True)

    def take(handle, name):
        browser.switch(handle)
        for colours in ("light", "dark"):
            browser.emulate(*SCREENS[screen], colours, screen != "desktop")
            time.sleep(1)
            (folder / f"{name}-{screen}-{colours}.png").write_bytes(
                browser.screenshot())

    opened = []
    with at_work(demo):
        for page, screen in itertools.product(PAGES, SCREENS):
            handle = browser.open(address(demo, "http", page))
            take(handle, page.strip("/") or "index")
            opened.append((handle, page, screen))
    demo.quit()
    for handle, page, screen in opened:
        take(handle, f"{page.strip('/') or 'index'}-away")
    demo.start()


def main():
    IMAGES.mkdir(parents=True, exist_ok=True)
    asked = sys.argv[1:] or ["chat", "game", "dashboard", "trading"]
    folder = pathlib.Path(asked[1]) if asked[0] == "--all" else None
    demo = ExampleNginx().start()
    try:
        browser = Browser()
        try:
            if folder:
                take_all(browser, demo, folder)
            for name in [] if folder else asked:
                {"chat": chat, "game": game, "dashboard": dashboard,
                 "trading": trading}[name](browser, demo)
        finally:
            browser.quit()
    finally:
        demo.stop()


if __name__ == "__main__":
    main()
