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


def _stat(pid):
    """The fields behind the name, the state first; none if it is gone."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return stat[stat.rindex(")") + 2:].split()


def _parent(pid):
    fields = _stat(pid)
    return int(fields[1]) if fields and fields[0] != "Z" else None


def state(pid):
    """R, S, T and so on; "" if there is no such process."""
    return "".join(_stat(pid)[:1])


def children(pid):
    """Living children, zombies left out. By all processes: the kernel's own
    list of children leaves some out while others end."""
    return [child for child in map(int, filter(str.isdigit, os.listdir("/proc")))
            if _parent(child) == pid]


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


def cpu_seconds(pid):
    """What it has used, in user and in kernel mode."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def zone_lock_holder(pid, zone_bytes):
    """The pid that holds the lock of the one zone of that size, or 0: nginx
    keeps it in the first word of the shared memory."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        begin, end = (int(at, 16) for at in line.split()[0].split("-"))
        if end - begin == zone_bytes and " rw-s " in line:
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                memory.seek(begin)
                return int.from_bytes(memory.read(8), "little")
    raise AssertionError(f"process {pid} has no zone of {zone_bytes} bytes")
