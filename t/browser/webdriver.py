"""The little of W3C WebDriver that the tests need, over bare HTTP."""

import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from support import ports
from support.processes import wait_until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions",
    "--disable-dev-shm-usage", "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
]


class Browser:
    """A Chromium with a fresh profile; windows are told by their handle."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ws-pubsub-browser-")
        self.port, = ports.take(1)
        env = {**os.environ, "HOME": self.folder}
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={self.port}"], env=env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        self.session = None
        try:
            wait_until("chromedriver answers",
                       lambda: ports.answers(self.port), timeout_s=30)
            self.session = self._call("POST", "/session", {
                "capabilities": {"alwaysMatch": {
                    "browserName": "chrome", "acceptInsecureCerts": True,
                    "goog:loggingPrefs": {"browser": "ALL"},
                    "goog:chromeOptions": {"args": [
                        *FLAGS, f"--user-data-dir={self.folder}/profile"],
                    }}}})["sessionId"]
        except BaseException:
            self.quit()
            raise

    def _call(self, method, path, body=None):
        client = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60)
        try:
            client.request(
                method, path, None if body is None else json.dumps(body),
                {"Content-Type": "application/json"})
            answer = client.getresponse()
            value = json.loads(answer.read())["value"]
            assert answer.status == 200, value
            return value
        finally:
            client.close()

    def call(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    # -- windows and pages --------------------------------------------------

    def open(self, url):
        """Opens the page in a new window; returns its handle."""
        handle = self.call("POST", "/window/new", {"type": "window"})[
            "handle"]
        self.switch(handle)
        self.call("POST", "/url", {"url": url})
        return handle

    def switch(self, handle):
        self.call("POST", "/window", {"handle": handle})

    def close_window(self, handle):
        self.switch(handle)
        rest = self.call("DELETE", "/window")
        self.switch(rest[0])

    def script(self, text, *arguments):
        return self.call("POST", "/execute/sync", {
            "script": text, "args": list(arguments)})

    def find(self, css):
        return self.call("POST", "/element", {
            "using": "css selector", "value": css})[ELEMENT]

    def text(self, css):
        return self.call("GET", f"/element/{self.find(css)}/text")

    def type(self, css, text):
        element = self.find(css)
        self.call("POST", f"/element/{element}/clear", {})
        self.call("POST", f"/element/{element}/value", {"text": text})

    def click(self, css):
        self.call("POST", f"/element/{self.find(css)}/click", {})

    def console_errors(self):
        """Errors of the current window's console since the last call."""
        return [one["message"] for one in self.call(
            "POST", "/se/log", {"type": "browser"})
            if one["level"] == "SEVERE"]

    def keys(self, *actions):
        """Presses ("keyDown", key) or releases ("keyUp", key) keys."""
        self.call("POST", "/actions", {"actions": [{
            "type": "key", "id": "keyboard", "actions": [
                {"type": kind, "value": key} for kind, key in actions]}]})

    def drag(self, css, x, y):
        """A finger goes down in the middle of the element, moves so far, and
        stays there until release()."""
        move = {"type": "pointerMove", "duration": 0,
                "origin": {ELEMENT: self.find(css)}}
        self.call("POST", "/actions", {"actions": [{
            "type": "pointer", "id": "finger",
            "parameters": {"pointerType": "touch"}, "actions": [
                {**move, "x": 0, "y": 0},
                {"type": "pointerDown", "button": 0},
                {**move, "x": x, "y": y}]}]})

    def release(self):
        """Lets go of all keys and pointers that are down."""
        self.call("DELETE", "/actions")

    def resize(self, width, height):
        self.call("POST", "/window/rect", {"width": width, "height": height})

    def devtools(self, command, **values):
        """A command of Chromium's own protocol, to the current window."""
        return self.call("POST", "/goog/cdp/execute", {
            "cmd": command, "params": values})

    def emulate(self, width, height, colours="light", touch=False):
        """From now on the current window is a screen of that size, of a
        phone if it has touch, and its user likes light or dark pages."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=height, deviceScaleFactor=1, mobile=touch)
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=touch)
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": colours}])

    def screenshot(self):
        """The window's picture, a PNG."""
        return base64.b64decode(self.call("GET", "/screenshot"))

    # -- the end -------------------------------------------------------------

    def quit(self):
        if self.session:
            try:
                self._call("DELETE", f"/session/{self.session}")
            except (OSError, AssertionError):
                pass
        self.driver.terminate()
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.driver.pid, signal.SIGKILL)
            self.driver.wait(10)
        for _ in range(10):  # the browser may still write its profile
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                break
            time.sleep(0.2)
