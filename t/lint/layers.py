#!/usr/bin/env python3
"""Holds src/ to its layers: includes point down, never up or sideways.

A layer may include itself and what is below it, not its siblings. Each outside
library has one layer that knows it; the pure layers compile, and are tested,
without nginx. Files are no longer, and classes can do no more, than one can
have in mind.
"""

import pathlib
import re
import sys

import classes

ROOT = pathlib.Path(__file__).resolve().parents[2]

# top first; siblings on one line
LEVELS = [
    ["module"],
    ["http", "ws"],
    ["proto"],
    ["client"],
    ["broker", "token", "redis"],
    ["log"],
    ["readers"],
    ["topics"],
    ["shm", "json", "wire"],
    ["ngx"],
    ["base"],
]
LAYERS = {layer: level for level, layers in enumerate(LEVELS) for layer in layers}
PURE_LAYERS = {"base", "wire", "json", "token", "shm", "topics", "log", "readers", "broker", "client", "proto"}
PURE_FILES = {"ws/frame_guard", "ws/deflate_offer", "ws/keepalive", "ws/closing",
              "redis/reply", "redis/resp_reader", "redis/command", "redis/pipeline",
              "redis/url", "redis/backoff", "redis/calls", "redis/log_keys", "redis/stream",
              "redis/replication", "redis/read_size", "redis/snapshot_text", "redis/ground"}
OWNERS = {
    "ngx": re.compile(r"ngx_\w+\.h$|nginx\.h$"),
    "ws": re.compile(r"libwebsockets(\.h|/.*)$|lws_config\.h$"),
    "token": re.compile(r"openssl/"),
    "json": re.compile(r"jansson\.h$|nlohmann/"),
    "redis": re.compile(r"hiredis/"),
}
MAX_LINES = 400
MAX_PUBLIC_FUNCTIONS = 25  # of a class: with more a concept is missing
# A source has a header of its own: a part that has none has no limits that the
# compiler sees. But these define what others have declared.
WITHOUT_HEADER = {
    "module/module": "nginx's tables",
    "module/directives": "nginx's tables",
    "ws/lws_shim": "the calls that libwebsockets makes",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def complaints_about_include(file, layer, quote, target):
    """What is wrong with one #include; file is relative to src/."""
    for owner, library in OWNERS.items():
        if library.match(target) and layer != owner:
            yield f"only src/{owner}/ includes <{target}>"
    if quote != '"':
        return
    to, slash, _ = target.partition("/")
    if not slash or to not in LAYERS:
        yield f'"{target}" does not name its layer'
        return
    if LAYERS[to] < LAYERS[layer]:
        yield f'"{target}": {to} is above {layer}'
    elif LAYERS[to] == LAYERS[layer] and to != layer:
        yield f'"{target}": {to} is beside {layer}'
    pure = layer in PURE_LAYERS or str(file.with_suffix("")) in PURE_FILES
    if pure and to == "ngx":
        yield f'"{target}": this file must do without nginx'
    # a pure file that includes one that is not is not pure, either
    if pure and to in ("ws", "redis") and str(pathlib.Path(target).with_suffix("")) not in PURE_FILES:
        yield f'"{target}": this file must do without nginx'


def complaints(path):
    file = path.relative_to(ROOT / "src")
    layer = file.parts[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > MAX_LINES:
        yield 1, f"{len(lines)} lines; {MAX_LINES} are allowed"
    name = str(file.with_suffix(""))
    if (file.suffix == ".cpp" and name not in WITHOUT_HEADER
            and not path.with_suffix(".hpp").exists()):
        yield 1, "has no header of its own"
    if layer not in LAYERS or len(file.parts) != 2:
        yield 1, f"not in one of the layers {' '.join(LAYERS)}"
        return
    for number, line in enumerate(lines, 1):
        if include := INCLUDE.match(line):
            for text in complaints_about_include(file, layer, *include.groups()):
                yield number, text
    if file.suffix == ".hpp":
        for number, name, count in classes.public_functions("\n".join(lines)):
            if count > MAX_PUBLIC_FUNCTIONS:
                yield number, f"{name}: {count} public functions; {MAX_PUBLIC_FUNCTIONS} are allowed"


def main():
    classes.check_itself()
    found = 0
    files = sorted(path for path in (ROOT / "src").rglob("*") if path.suffix in (".cpp", ".hpp"))
    for path in files:
        for number, text in complaints(path):
            print(f"{path.relative_to(ROOT)}:{number}: {text}")
            found += 1
    print(f"layers: {len(files)} files, {found} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
