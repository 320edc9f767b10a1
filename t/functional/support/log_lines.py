"""Lines of nginx's error log."""

import re

_LINE = re.compile(r"^\S+ \S+ \[(\w+)\] ", re.MULTILINE)
HARMLESS = {"info", "notice", "debug"}


def above_info(text):
    """Those that tell more than information."""
    return [line for line in text.splitlines()
            if (found := _LINE.match(line)) and found[1] not in HARMLESS]


def session_ends(text):
    """What the lines of sessions' ends say behind the module's name."""
    return re.findall(
        r"\[info\] .*ws_pubsub: ((?:session closed|session ended|the client "
        r"closed the session) with .*)", text)
