"""Two hosts of a cluster, a Redis and its replica, for tests in other languages.

As serve.py: a JSON object a line, `{"do":…}`, answered with one when it is done;
the first line says at which ports the hosts are. All but the last wait until
all hosts that live have all there is and take publishes.

    detach     the replica has all there is, and gets nothing more
    fail_over  to the replica, whatever it has; then the old master is its
               replica, so that it can be done again
    kill, start
               kill -9 of all of the first host; its next start
    restart    of all hosts: they end, and are started again
    flush      Redis loses all
    stop
"""

import json
import pathlib
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "functional"))

# pylint: disable=wrong-import-position
from support.cluster import start_all, wait_working  # noqa: E402
from support.failover import Failing  # noqa: E402
from support.redis import Redis  # noqa: E402
from support.restarts import end, kill_all  # noqa: E402

_HOST = {"more": 'ws_pubsub_topic "books/*" zone=main delta=on history=10;'}


class Commands:
    """The methods are what can be asked for."""

    def __init__(self, failing):
        self._failing = failing
        self._living = list(failing.cluster.hosts)

    def _work(self):
        wait_working(*self._living)

    def detach(self):
        self._failing.detach()

    def fail_over(self):
        self._failing.promote()
        self._work()
        self._failing.swap()

    def kill(self):
        kill_all(self._living.pop(0))
        self._work()

    def start(self):
        self._living = list(self._failing.cluster.hosts)
        self._living[0].start()
        self._work()

    def restart(self):
        for ng in self._living:
            end(ng)
        start_all(*self._living)
        self._work()

    def flush(self):
        self._failing.master.call("FLUSHALL")
        self._work()


def say(**fields):
    print(json.dumps(fields), flush=True)


def main():
    failing, servers = None, []

    def make_redis(**how):
        servers.append(Redis(**how))
        return servers[-1].start()

    try:
        failing = Failing(make_redis)
        hosts = failing.grow(_HOST, _HOST)
        commands = Commands(failing)
        say(ports=[ng.port for ng in hosts])
        for line in sys.stdin:
            command = json.loads(line)["do"]
            if command == "stop":
                break
            getattr(commands, command)()
            say(done=command)
    finally:
        if failing:
            failing.cluster.end()
        for one in servers:
            one.remove()


if __name__ == "__main__":
    main()
