#!/usr/bin/python3
"""Takes the pictures of docs/images anew: each example page, with two
windows, or a feeder, at work.

    t/browser/screenshots.py [chat] [game] [dashboard] [trading]
"""

import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "functional")]

# pylint: disable=wrong-import-position
from example import EXAMPLES, ExampleNginx, ROOT  # noqa: E402
from pages import address, connected  # noqa: E402
from support.httpc import Http  # noqa: E402
from webdriver import Browser  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WIDE, NARROW = (1100, 760), (400, 800)
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
    said = [("Ann", "Good morning! Who reloads nginx today?"),
            ("Bob", "Me. Did it a minute ago."),
            ("Ann", "Nobody noticed :-)"),
            ("Bob", "That was the idea.")]
    with Http(demo) as http:
        http.publish_json("chat/nginx", {"who": "Eve", "text": "Is it up?"})
        http.publish_json("chat/lobby", {
            "who": "deploy", "text": "build 4711 is live <b>"})
    for who, text in said:
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
    url = f"http://localhost:{demo.port}/api"
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
        "--url", f"http://localhost:{demo.port}/api/"])
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


def main():
    IMAGES.mkdir(parents=True, exist_ok=True)
    asked = sys.argv[1:] or ["chat", "game", "dashboard", "trading"]
    demo = ExampleNginx().start()
    try:
        browser = Browser()
        try:
            for name in asked:
                {"chat": chat, "game": game, "dashboard": dashboard,
                 "trading": trading}[name](browser, demo)
        finally:
            browser.quit()
    finally:
        demo.stop()


if __name__ == "__main__":
    main()
