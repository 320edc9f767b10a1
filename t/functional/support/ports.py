"""Ports for the servers, out of the range that the kernel gives clients."""

import itertools
import os
import socket

# Processes that run side by side begin far from each other.
_next = itertools.count(10000 + os.getpid() * 7919 % 22000)


def _free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def take(count):
    """Returns so many free ports; each is given out once a run."""
    found = []
    while len(found) < count:
        port = 10000 + (next(_next) - 10000) % 22000
        if _free(port):
            found.append(port)
    return found


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
