"""One run of the generator against one server."""

import json
import subprocess

import machine
import servers

DONE_AFTER_S = 180


def run(server, options, server_options, watch=None):
    """Starts the server, runs the generator, and returns what it says, with
    "failed" in it when it is no result. `watch`, called with the server that
    runs, may start a thread to look at it."""
    try:
        with server.start(**server_options) as running:
            return run_against(running, options, server_options, watch)
    except servers.DoesNotStart as error:
        return {"failed": str(error)}


def run_against(running, options, server_options, watch):
    words = {"--port": running.port,
             "--servers": ",".join(map(str, running.pids)),
             **running.load, **options}
    if server_options.get("tls"):
        words["--tls"] = 1
    if server_options.get("deflate"):
        words["--deflate"] = 1
    if server_options.get("workers", 1) > 1:
        pin = machine.on_cores(len(machine.cores()))
    else:
        pin = machine.on_core(1)
    command = [*pin, servers.BIN / "load/main"]
    for name, value in words.items():
        command += [name, str(value)]
    watcher = watch(running) if watch else None
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=DONE_AFTER_S, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": "took too long"}
    if watcher:
        watcher.join()
    if done.returncode != 0:
        return {"failed": done.stderr.strip() or f"exit {done.returncode}"}
    result = json.loads(done.stdout)
    if done.stderr:
        result["said"] = done.stderr.strip()
    return result
