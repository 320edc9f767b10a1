"""An nginx of the functional tests' harness, for tests in other languages.

Reads a JSON object a line, `{"do":"reload"}`, `{"do":"kill"}` (each worker,
one after the other), `{"do":"stop"}`, and answers each with one. The first
line that it writes says where nginx is. Ends by `stop` or the end of input;
its exit status says whether all that holds for every test held. Its argument
is further locations.

With `kept` as a second argument the zone is kept in files; then there are also
`restart`, `crash` (kill -9 of all), `keep` (waits until the files have all
there is) and `seldom` (a restart from which on they are written at the end
only).
"""

import json
import pathlib
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "functional"))

# pylint: disable=wrong-import-position
from support import restarts  # noqa: E402
from support.config import HISTORY, LOCATIONS  # noqa: E402
from support.nginx import Nginx  # noqa: E402

# Long enough for all that is published while a client is away.
_LONG = HISTORY.replace("main:8m", "main:32m").replace(
    "history=100", "history=10000") + """
ws_pubsub_topic "room/**" zone=main presence=on;
"""
_MORE = """
location /narrow {
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "hist/**";
    ws_pubsub_allow_publish "hist/**";
    ws_pubsub_max_message 2k;
}
location /denied {
    ws_pubsub zone=main;
}
location /guarded {
    if ($arg_token != "good") {
        return 401;
    }
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
    ws_pubsub_allow_publish "**";
}
location /named {
    ws_pubsub zone=main;
    ws_pubsub_identity $arg_name;
    ws_pubsub_allow_subscribe "**";
}
location /private {
    deny all;
    ws_pubsub zone=main;
    ws_pubsub_allow_subscribe "**";
}
"""


def say(**fields):
    print(json.dumps(fields), flush=True)


def kept_in_files(interval):
    path = f"@PREFIX@/{restarts.FOLDER}/main"
    return f"ws_pubsub_snapshot zone=main {path} {interval};"


def obey(ng, command):
    if command == "reload":
        ng.reload()
    elif command == "kill":
        for pid in ng.worker_pids():
            ng.kill_worker(pid)
    elif command == "restart":
        restarts.restart(ng)
    elif command == "crash":
        restarts.restart(ng, "kill")
    elif command == "keep":
        restarts.put_kept(ng, "kept")
    elif command == "seldom":
        restarts.restart(ng, http=_LONG + kept_in_files(restarts.AT_END))
    else:
        raise ValueError(command)


def main():
    kept = sys.argv[2:] == ["kept"]
    http = _LONG + (kept_in_files(restarts.INTERVAL) if kept else "")
    ng = Nginx(workers=2, http=http, locations=LOCATIONS + _MORE + sys.argv[1])
    restarts.prepared(ng)
    try:
        ng.start()
        say(port=ng.port)
        for line in sys.stdin:
            command = json.loads(line)["do"]
            if command == "stop":
                break
            obey(ng, command)
            say(done=command)
    finally:
        ng.stop()


if __name__ == "__main__":
    main()
