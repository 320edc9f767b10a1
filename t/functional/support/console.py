"""The console as the Debian package installs it, in the prefix of an Nginx."""

import pathlib
import shutil

ROOT = pathlib.Path(__file__).resolve().parents[3]
LIST = ROOT / "debian" / "libnginx-mod-http-ws-pubsub.install"
SNIPPET = ROOT / "examples" / "console" / "console.conf"
LISTEN = "listen 127.0.0.1:8090;"
PAGES = "root /usr/share/ngx_ws_pubsub_module/www;"


def install(folder):
    """What dh_install does with the package's list."""
    for line in LIST.read_text().splitlines():
        pattern, target = line.split()
        to = folder / target
        to.mkdir(parents=True, exist_ok=True)
        found = list(ROOT.glob(pattern))
        assert found, f"{LIST.name}: no {pattern}"
        for one in found:
            shutil.copy(one, to)


def configuration(port):
    """For the http of an Nginx: the file as it is, but for where it listens and
    where the pages are."""
    text = SNIPPET.read_text()
    for old, new in ((LISTEN, f"listen 127.0.0.1:{port};"),
                     (PAGES, PAGES.replace("/usr", "@PREFIX@/usr"))):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class Console:
    """Such an nginx, already running; `port` is the console's."""

    def __init__(self, make, port):
        self.port = port
        self.nginx = make(http="ws_pubsub_zone main:8m;\n"
                          + configuration(port), workers=1)
        install(self.nginx.prefix)
