"""python3 bench/run/main.py compare|growth|access|cluster|profile [key ...]

Environment: QUICK=1, ROUNDS=n, NGINX, WS_PUBSUB_MODULE, NCHAN_MODULE."""

import os
import sys

import machine


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    machine.enter_namespace()
    # After it: this is a new process then.
    import access
    import cluster
    import compare
    import growth
    import profile_server
    rounds = int(os.environ.get("ROUNDS") or 0)
    quick = os.environ.get("QUICK", "") not in ("", "0")
    commands = {
        "compare": lambda: compare.compare(quick, rounds, sys.argv[2:]),
        "growth": lambda: growth.grow(quick, rounds, sys.argv[2:]),
        "access": lambda: access.measure(quick, rounds),
        "cluster": lambda: cluster.measure(quick, rounds),
        "profile": lambda: profile_server.profile(sys.argv[2:]),
    }
    commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
