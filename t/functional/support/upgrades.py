"""A binary upgrade (USR2): another master beside the old one, which goes when
it is told to."""

import os
import signal
import subprocess

from .processes import children, title, wait_until
from .restarts import Orphan


def start_alone(ng):
    ng.workers = ng.write_config()
    done = subprocess.run(
        ["sh", "-c", '"$@" > /dev/null 2>&1 & echo $!; sleep 0.5', "sh",
         *ng._command()], env=ng._environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, check=True, text=True)
    ng.process = Orphan(int(done.stdout))
    wait_until("nginx starts", ng._started)


def upgrade(ng):
    """A new master beside the old one; returns the old one's Orphan. `ng` is
    the new one."""
    old = ng.process
    os.kill(old.pid, signal.SIGUSR2)

    def new_master():
        found = [pid for pid in children(old.pid)
                 if title(pid).startswith("nginx: master process")]
        return found and len(children(found[0])) >= ng.workers and found[0]

    ng.process = Orphan(wait_until("a new master is there", new_master, 20))
    ng._expected_pids = set()
    return old


def end_old(old, how=signal.SIGQUIT):
    os.kill(old.pid, how)
    wait_until("the old one ends", lambda: old.poll() is not None, 20)
