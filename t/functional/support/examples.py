"""The fenced examples of README.md and docs/, as things that can be run.

What a block is, its fence says (readers see the first word's colours only):

    ```nginx main|http|server|location   a configuration, from that context on;
                                         the blocks after it run against it.
                                         `http njs`: with nginx's JavaScript
    ```console                           `$ curl ...`, and what it answers
    ```ws [/path]                        a WebSocket session of its own:
                                         `> ` is sent, `< ` is received,
                                         `$ curl ...` happens meanwhile,
                                         `< Close 1001` ends it; what begins
                                         with two blanks goes on a line
    ```python, javascript, php, go       a program, which has to end well
    ```javascript file=/path             a file of the next configuration
    ```sh                                make targets (t/lint/docs.py)
    ```text                              nothing to run

Epochs and times are other ones each time. The first epoch of a name stands
for whatever came in its place, and for that from then on; `…` stands for
anything.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile

from . import ports, tls
from .rawws import CLOSE, TEXT, RawWS, close_payload

ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", re.M | re.S)
COMMAND_TIMEOUT_S = 30
NJS = pathlib.Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
# What runs a program of that name.
PROGRAMS = {
    "python": ("/usr/bin/python3", ".py"),
    "javascript": ("node", ".mjs"),
    "php": ("php", ".php"),
    "go": ("go", ".go"),
}


@dataclasses.dataclass
class Block:
    page: str
    line: int
    language: str
    info: str
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks_of(path):
    page = path.read_text("utf-8")
    name = str(path.relative_to(ROOT))
    return [Block(name, page.count("\n", 0, found.start()) + 1,
                  found[1], found[2], found[3])
            for found in FENCE.finditer(page)]


# A proxy of the machine's is not for what runs on it; and with NGINX, which
# names the nginx to test, nginx looks for sockets and stays in the foreground.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if not name.lower().endswith("_proxy") and name != "NGINX"
               } | {"no_proxy": "*"}


# -- configurations -----------------------------------------------------------

def _cut_block(text, name):
    """Takes `name { ... }` out of the text; returns (rest, inside)."""
    found = re.search(rf"\b{name} \{{", text)
    if not found:
        return text, ""
    depth, at = 1, found.end()
    while depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[:found.start()] + text[at:], text[found.end():at - 1]


def _other_ports(text):
    """Servers beside the one that is asked have ports that are free here."""
    for shown in set(re.findall(r"listen 127\.0\.0\.1:(\d+)", text)):
        text = text.replace(f"127.0.0.1:{shown}",
                            f"127.0.0.1:{ports.take(1)[0]}")
    return text


def _here(text):
    """What a reader's machine has: ports, certificates, the module."""
    cert, key = tls.certificate()
    text = _other_ports(text)
    for pattern, mine in (
            (r"listen (80|8080)\b", "listen 127.0.0.1:@PORT@"),
            (r"listen (443|8443)\b", "listen 127.0.0.1:@TLS_PORT@"),
            (r"ssl_certificate +\S+;", f"ssl_certificate {cert};"),
            (r"ssl_certificate_key +\S+;", f"ssl_certificate_key {key};"),
            (r"(rediss?)://[^/ ;]+", r"\1://127.0.0.1:1"),  # nobody is there
            (r"sentinel://[^/ ;]+", "sentinel://127.0.0.1:1"),
            (r"trusted_certificate=[^ ;]+", f"trusted_certificate={cert}"),
            (r"password_file=[^ ;]+", f"password_file={key}"),
            (r"/var/log/nginx/", "@PREFIX@/logs/"),
            (r"/var/cache/nginx/", "@PREFIX@/temp/"),
            (r"/var/lib/nginx/", "@PREFIX@/"),
            (r"worker_rlimit_nofile \d+;", ""),
            (r"load_module \S+;|include \S+/modules-enabled/\S+;", "")):
        text = re.sub(pattern, mine, text)
    return text


def configuration(block, files=()):
    """The arguments of an Nginx that runs the block. files: blocks that are
    files of it."""
    text = _here(block.text)
    for one in files:
        path = one.info.removeprefix("file=")
        assert path in text, f"{one}: nobody reads it"
        mine = pathlib.Path(tempfile.mkdtemp()) / pathlib.Path(path).name
        mine.write_text(one.text)
        mine.parent.chmod(0o755)
        text = text.replace(path, str(mine))
    parts = {"http": "", "locations": "", "workers": 1}
    if block.info == "main":
        workers = re.search(r"worker_processes (\w+);", text)
        if workers:
            text = text.replace(workers[0], "")
            parts["workers"] = 2 if workers[1] == "auto" else int(workers[1])
        text, events = _cut_block(text, "events")
        text, parts["http"] = _cut_block(text, "http")
        parts["events"] = re.sub(r"worker_connections \d+;", "", events)
        parts["main"] = text
        parts["listen"] = ""
        return parts
    if block.info == "http njs":
        parts["main"] = f"load_module {NJS};"
    if block.info in ("http", "http njs"):
        parts["http"] = text
        return parts
    parts["http"] = "ws_pubsub_zone main:8m;"
    if block.info == "location":
        text = "location /ws { " + text + "}"
    else:
        assert block.info == "server", f"{block}: in which context?"
    parts["locations"] = text
    return parts


# -- answers ------------------------------------------------------------------

class Answers:
    """Compares what a page shows with what came, and knows which of its
    epochs stand for which real ones."""

    EPOCH = r"\b(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{10}\b"
    TIME = r"\b1\d{12}\b"

    def __init__(self):
        self.epochs = {}

    def _pattern(self, shown):
        pattern, new = "", set()
        for part in re.split(f"({self.EPOCH}|{self.TIME}|…)", shown):
            if part == "…":
                pattern += ".*?"
            elif re.fullmatch(self.TIME, part):
                pattern += r"\d{13}"
            elif not re.fullmatch(self.EPOCH, part):
                pattern += re.escape(part)
            elif part in self.epochs:
                pattern += self.epochs[part]
            elif part in new:
                pattern += f"(?P=e{part})"
            else:
                new.add(part)
                pattern += f"(?P<e{part}>[0-9a-z]+)"
        return pattern

    def match(self, shown, got):
        found = re.fullmatch(self._pattern(shown), got, re.S)
        for name, epoch in (found.groupdict() if found else {}).items():
            assert epoch not in self.epochs.values(), f"{epoch} has two names"
            self.epochs[name[1:]] = epoch
        return found is not None

    def real(self, text):
        for name, epoch in self.epochs.items():
            text = text.replace(name, epoch)
        return text


def _one_line(lines):
    return "".join(line.strip() for line in lines)


class Runner:
    """Runs the blocks of one configuration in the order of the page."""

    def __init__(self, ng):
        self.ng = ng
        self.answers = Answers()

    def run(self, block):
        getattr(self, "_run_" + block.language)(block)

    # -- programs ---------------------------------------------------------

    def _run_program(self, block):
        command, ending = PROGRAMS[block.language]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / ("main" + ending)
            path.write_text(self._ports(block.text))
            run = ["run"] if command == "go" else []
            done = subprocess.run(
                [command, *run, path], env={**ENVIRONMENT, "HOME": folder},
                capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        assert done.returncode == 0, f"{block}: {done.stderr}{done.stdout}"

    _run_python = _run_javascript = _run_php = _run_go = _run_program

    def _ports(self, text):
        for shown, port in ((8080, self.ng.port), (8443, self.ng.tls_port)):
            text = text.replace(f"localhost:{shown}", f"localhost:{port}")
        return text

    # -- console ----------------------------------------------------------

    def _command(self, command):
        assert command.startswith("curl "), command
        command = self._ports(self.answers.real(command))
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True,
            env={**ENVIRONMENT, "CURL_CA_BUNDLE": str(tls.certificate()[0])},
            timeout=COMMAND_TIMEOUT_S)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.splitlines()

    def _run_console(self, block):
        for text in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
            command = re.match(r"(.*\\\n)*.*\n", text)[0]
            self._expect(block, text[len(command):].splitlines(),
                         self._command(command.strip()))

    def _expect(self, block, shown, got):
        """Of the headers those that are shown, in that order; all of the
        body."""
        told = f"{block}: shown\n  " + "\n  ".join(shown) + (
            "\nbut it is\n  ") + "\n  ".join(got)
        if shown and shown[0].startswith("HTTP/"):
            head = got[:got.index("")]
            got = got[len(head) + 1:]
            while shown and shown[0]:
                while head and not self.answers.match(shown[0], head[0]):
                    head.pop(0)
                assert head, told
                shown = shown[1:]
            shown = shown[1:]
        assert self.answers.match(_one_line(shown), _one_line(got)), told

    # -- ws ---------------------------------------------------------------

    def _run_ws(self, block):
        ws = RawWS.open(self.ng, block.info or "/ws")
        lines = re.sub(r"\n  +", "\n ", block.text).replace("\n ", "\0")
        is_open = True
        for line in lines.splitlines():
            sign, rest = line[:2], line[2:]
            if sign == "> ":
                ws.text(self.answers.real(rest.replace("\0", "\n")))
            elif sign == "$ ":
                self._command(rest.replace("\0", " "))
            elif rest.startswith("Close "):
                ws.expect_close(int(rest.split()[1]))
                is_open = False
            else:
                assert sign == "< ", f"{block}: {line}"
                self._receive(block, ws, rest.replace("\0", ""))
        if is_open:
            ws.send_frame(CLOSE, close_payload(1000))
            got = ws.recv_frame()
            assert got.opcode == CLOSE, f"{block}: not shown: {got.payload}"
            ws.close()

    def _receive(self, block, ws, shown):
        got = ws.recv_frame()
        assert got.opcode == TEXT, (
            f"{block}: Close {got.payload}" if got.opcode == CLOSE else got)
        text = got.payload.decode()
        assert self.answers.match(shown, text), (
            f"{block}: shown\n  {shown}\nbut it is\n  {text}")
