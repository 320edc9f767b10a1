"""How long one client's work keeps the others waiting (SPEC promise 2).

A turn of a worker's event loop is measured by the CPU time that the worker
uses between another session's ping and its pong: other load on the machine
hardly moves it. What is asserted is how it grows with the work, never
milliseconds.
"""

import contextlib
import pathlib
import threading
import time

from .nginx import sanitizing
from .rawws import PING, PONG, RawWS, frame

# A turn as short as this is as good as none: one tick of the kernel's
# accounting, and what any turn costs.
NOISE_S = 0.012
GROWTH = 2.0  # of the stall, at four times the work; 4 is linear


def _cpu_s(pid):
    spent = pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]
    return int(spent) / 1e9


class StallProbe:
    """A session that pings all the time; `longest_s` is what it waited."""

    def __init__(self, ng, pid, path="/ws"):
        self._pid = pid
        self._ws = RawWS.open(ng, path=path)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failed = None
        self.longest_s = 0.0
        self.pings = 0

    def _run(self):
        try:
            while not self._ended.is_set():
                self._ping()
                time.sleep(0.001)
        except Exception as failure:  # pylint: disable=broad-except
            self._failed = failure

    def _ping(self):
        payload = b"%d" % self.pings
        before = _cpu_s(self._pid)
        self._ws.send(frame(PING, payload))
        got = self._ws.recv_frame()
        assert (got.opcode, got.payload) == (PONG, payload)
        self.longest_s = max(self.longest_s, _cpu_s(self._pid) - before)
        self.pings += 1

    def __enter__(self):
        self._ws.sock.settimeout(120)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._ws.close()
        if self._failed:
            raise self._failed


@contextlib.contextmanager
def probing(ng, path="/ws"):
    """A StallProbe of an nginx that has one worker."""
    (pid,) = ng.worker_pids()
    with StallProbe(ng, pid, path) as probe:
        yield probe


def longest_stall_s(ng, work, path="/ws"):
    """What another session waited at most while work() ran."""
    with probing(ng, path) as probe:
        work()
    return probe.longest_s


def assert_bounded(stall_of, amount, tries=3):
    """stall_of(n) sets up n of something, does the work and returns the
    longest stall: at four times the amount it is about the same. The least of
    a few tries counts: noise only adds."""
    if sanitizing():
        stall_of(amount)  # for what the sanitizer sees, not for how long
        return
    for _ in range(tries):
        few = stall_of(amount)
        many = stall_of(4 * amount)
        if many <= max(few, NOISE_S) * GROWTH:
            return
    raise AssertionError(
        f"a stall of {few:.4f} s at {amount}, {many:.4f} s at {4 * amount}")
