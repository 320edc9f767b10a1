"""Where a server's time goes: perf and strace over the fan-out."""

import shutil
import subprocess
import threading

import load
import servers
from compare import RESULTS
from scenarios import SCENARIOS

SECONDS = 8
PERF = ["perf", "record", "-q", "-e", "cpu-clock", "-F", "4000", "-g", "-o"]


def watched(command, running):
    """Runs the command once the load is there, for a part of its time."""
    pid = ",".join(map(str, running.pids))
    timer = threading.Timer(3, lambda: subprocess.run(
        [*command, "-p", pid, "--", "sleep", str(SECONDS - 3)],
        check=False, capture_output=True))
    timer.start()
    return timer


def profile_one(scenario, server):
    name = f"{scenario.key}-{server.name.replace(' ', '-')}"
    data = servers.RUN / f"{name}.perf"
    options = scenario.options(server, SECONDS)
    result = load.run(server, options, scenario.server,
                      lambda running: watched([*PERF, str(data)], running))
    if "failed" in result:
        print(f"bench: {name}: {result['failed']}")
        return
    report = subprocess.run(
        ["perf", "report", "-i", str(data), "--no-children", "-g", "none",
         "--percent-limit", "0.5", "--stdio"], capture_output=True, text=True,
        check=False).stdout
    lines = [line for line in report.split("\n")
             if line.strip() and not line.startswith("#")]
    (RESULTS / f"profile-{name}.txt").write_text("\n".join(lines) + "\n")
    print(f"== {name}")
    print("\n".join(lines[:25]), flush=True)


def profile(only):
    if shutil.which("perf") is None:
        raise SystemExit("bench: perf is missing (Debian: linux-perf)")
    RESULTS.mkdir(exist_ok=True)
    for scenario in SCENARIOS:
        if scenario.key in (only or ["single", "burst"]):
            for server in scenario.servers:
                profile_one(scenario, server)
