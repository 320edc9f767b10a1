"""Processes of one nginx, seen through /proc."""

import os
import pathlib
import time


def wait_until(what, condition, timeout_s=10.0, step_s=0.01):
    """Returns condition()'s first true value; fails after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(step_s)


def _parent(pid):
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2:].split()
    return None if fields[0] == "Z" else int(fields[1])


def children(pid):
    """Living children, zombies left out."""
    listing = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(word) for word in listing.read_text().split()]
    except OSError:
        found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [child for child in found if _parent(child) == pid]


def title(pid):
    try:
        raw = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode("utf-8", "replace").strip()


def alive(pid):
    return _parent(pid) is not None


def rss_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"no VmRSS for {pid}")


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))
