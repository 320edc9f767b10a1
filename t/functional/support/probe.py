"""The module for tests (t/probe) that uses the connection to Redis: an nginx
with it, and what it is asked."""

import dataclasses
import os
import pathlib
import urllib.parse

import pytest

from .httpc import Http
from .nginx import nginx_binary
from .processes import wait_until

_ROOT = pathlib.Path(__file__).resolve().parents[3]


def probe_path():
    """The module's file, for the nginx that is tested; skips where that has
    none."""
    path = os.environ.get("WS_PUBSUB_PROBE") or str(
        _ROOT / "build" / "release" / "nginx" / "redis_probe.so")
    if not os.path.exists(path):
        pytest.skip(f"no {path}, for {nginx_binary()} (make probe)")
    return os.path.abspath(path)


def config(*words, http="", directive="redis_probe", path="/redis"):
    """Parts of an nginx with one worker, whose /redis is a probe with these
    words."""
    return dict(
        workers=1, main=f'load_module "{probe_path()}";',
        http="ws_pubsub_zone main:1m;" + http,
        locations=f"location = {path} {{ {directive} {' '.join(words)}; }}")


@dataclasses.dataclass
class State:
    is_open: bool
    opened: int
    closed: int
    why: str  # of the last end


class Probe:
    def __init__(self, ng):
        self.ng = ng
        self.http = Http(ng)

    def _get(self, query):
        answer = self.http.request("GET", "/redis?" + query)
        return answer.status, answer.body

    def ask(self, *words, **more):
        """The reply as text; a list of them with n=. None: it is not open."""
        pairs = [("w", word) for word in words] + list(more.items())
        status, body = self._get(urllib.parse.urlencode(
            pairs, quote_via=urllib.parse.quote))
        if status == 503:
            return None
        assert status == 200, body
        text = body.decode("utf-8", "surrogateescape")
        return text.split("\n") if "n" in more else text

    def state(self):
        _, body = self._get("state")
        word, opened, closed, why = body.decode().split(" ", 3)
        return State(word == "open", int(opened), int(closed), why)

    def close(self):
        self._get("close")

    def wait_open(self, opened=1):
        return wait_until("it is open", lambda: (
            self.state().is_open and self.state().opened >= opened), 20)

    def wait_closed(self, pattern):
        """Until it has ended, or failed, for that reason."""
        seen = []

        def closed():
            state = self.state()
            if state.why not in seen:
                seen.append(state.why)
            return pattern in state.why and state

        try:
            return wait_until(f"it is closed: {pattern}", closed, 10)
        except AssertionError as failure:
            raise AssertionError(f"{failure}; but: {seen}") from None
