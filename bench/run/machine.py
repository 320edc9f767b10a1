"""The machine: which it is, a network of our own, and which core does what."""

import os
import platform
import re
import shutil
import subprocess
import sys

IN_NAMESPACE = "WS_BENCH_NAMESPACE"


def enter_namespace():
    """Starts this program again in a network namespace with a loopback
    interface and Reno: a host's BBR paces what it sends, which spoils the
    figures. Goes on without one where that is not allowed."""
    if IN_NAMESPACE in os.environ:
        if os.environ[IN_NAMESPACE] == "yes":
            set_up_namespace()
        return
    for unshare in (["unshare", "-n"], ["unshare", "-rn"]):
        try:
            subprocess.run([*unshare, "ip", "link", "set", "lo", "up"],
                           check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        os.environ[IN_NAMESPACE] = "yes"
        os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])
    os.environ[IN_NAMESPACE] = "no"
    print("bench: no network namespace is allowed here: going on without",
          flush=True)


def set_up_namespace():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        with open("/proc/sys/net/ipv4/tcp_congestion_control", "w") as f:
            f.write("reno")
    except OSError:
        pass


def congestion_control():
    with open("/proc/sys/net/ipv4/tcp_congestion_control") as f:
        return f.read().strip()


def cores():
    return sorted(os.sched_getaffinity(0))


def on_core(number):
    """The prefix of a command that is to run on that core (of ours)."""
    mine = cores()
    return ["taskset", "-c", str(mine[number % len(mine)])]


def on_cores(count):
    return ["taskset", "-c", ",".join(map(str, cores()[:count]))]


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip().split("\n")[0]


def package_version(name):
    if shutil.which("dpkg-query") is None:
        return ""
    return first_line("dpkg-query", "-W", "-f", "${Version}", name)


def description(nginx):
    """Lines for the head of a report."""
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    with open("/etc/os-release") as f:
        system = re.search(r'PRETTY_NAME="(.*)"', f.read())
    load = os.getloadavg()[0]
    own = os.environ.get(IN_NAMESPACE) == "yes"
    return [
        f"Machine: {model[1] if model else platform.machine()}, "
        f"{len(cores())} cores, Linux {platform.release()}; "
        f"{system[1] if system else 'unknown system'}",
        f"Versions: {first_line(nginx, '-v').removeprefix('nginx version: ')}"
        f", nchan {package_version('libnginx-mod-nchan') or 'not installed'}, "
        f"{first_line('openssl', 'version')}, "
        f"{first_line('c++', '--version')}",
        f"Network: loopback{' in a namespace of its own' if own else ''}, "
        f"{congestion_control()}, TCP_NODELAY on both sides",
        f"Load average when this was written: {load:.1f} (above 2 on such a "
        "machine the absolute figures are too high; ratios hold better)",
    ]
