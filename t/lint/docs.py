#!/usr/bin/env python3
"""Holds README.md and docs/ to what the sources have.

Each directive, variable, status field, limit, error code, close code and log
line is named where a user would look for it; limits with their values. Links
within the repository lead somewhere, and make targets exist. (That examples
do what they say is t/functional/test_docs.py.)
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md",
         *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(\w*).*?\n(.*?)^```$", re.M | re.S)


def read(name):
    return (ROOT / name).read_text("utf-8")


def found_in(name, pattern):
    """What the pattern finds in a source; none at all is no good sign."""
    found = re.findall(pattern, (SRC / name).read_text("utf-8"), re.S)
    assert found, f"src/{name}: nothing like {pattern}"
    return found


# -- names --------------------------------------------------------------------

def directives():
    text = read("README.md")
    names = found_in("module/directives.cpp", r'ngx_string\("(ws_\w+)"\)')
    for name in set(re.findall(r"^### (ws_\w+)$", text, re.M)) - set(names):
        yield f"README.md: {name} is no directive"
    for name in names:
        section = re.search(rf"^### {name}\n\n(.*?)(?=^##|\Z)", text,
                            re.M | re.S)
        if not section:
            yield f"README.md: no section on {name}"
            continue
        for word in (f"| Syntax: | **{name}** ", "| Default: |",
                     "| Context: |"):
            if word not in section[1]:
                yield f"README.md: {name}: no {word}"


def variables():
    names = [name for file in ("variables", "token_variables") for name in
             found_in(f"module/{file}.cpp", r'ngx_string\("(ws_\w+)"\)')]
    for name in names:
        if f"| `${name}`" not in read("README.md"):
            yield f"README.md: no ${name} in the table of variables"


def status_fields():
    text = read("README.md")
    section = text[text.index("## The status page"):]
    section = section[:section.index("\n## ", 1)]
    for name in ["zone", *found_in("http/figures.cpp",
                                   r'(?:\{|emplace_back\()"(\w+)",')]:
        if not re.search(rf"^\|.*`{name}`.*\|.*\|$", section, re.M):
            yield f"README.md: no {name} in the table of the status page"


def codes():
    text = read("docs/protocol.md")
    tables = {
        "Errors": found_in("base/result.hpp", r"\n    \w+ = (\d+),"),
        "Close codes": found_in("base/close_code.hpp",
                                r"kClose\w+ = (\d+);"),
    }
    for title, numbers in tables.items():
        section = text[text.index(f"## {title}\n"):]
        section = section[:section.index("\n## ", 1)]
        for number in numbers:
            if not re.search(rf"\b{number}\b", section):
                yield f"docs/protocol.md: no {number} in {title}"


# -- limits -------------------------------------------------------------------

def value_of(expression):
    """`5LL * 60 * 1000` as a number."""
    product = 1
    for factor in expression.split("*"):
        number = re.sub(r"[UL]+$", "", factor.strip())
        product *= float(number) if "." in number else int(number.replace("'", ""))
    return product


def spellings(name, value):
    yield str(value)
    yield f"{value:,}"
    if name.endswith(("Bytes", "Pending", "Log")):
        yield from (f"{value >> 10}k", f"{value >> 20}m")
    if name.endswith("Ms"):
        yield from (f"{value // 1000}s", f"{value // 60000} min")
    if name.endswith("Percent"):
        yield f"{value}%"


def limits():
    rows = {}
    for row in re.findall(r"^\|.*`k\w+` \|$", read("README.md"), re.M):
        _, _, value, *_, name, _ = (cell.strip() for cell in row.split("|"))
        rows[name.strip("`")] = value
    for name, text in found_in("base/limits.hpp",
                               r"constexpr \w+ (k\w+) = ([^;]+);"):
        if name not in rows:
            yield f"README.md: no {name} in the table of limits"
        elif rows.pop(name) not in spellings(name, value_of(text)):
            yield f"README.md: {name} is {value_of(text)}"
    for name in rows:
        yield f"README.md: {name} is no limit of src/base/limits.hpp"


# -- log lines ----------------------------------------------------------------

def log_lines():
    text = " ".join(read("docs/operations.md").split())
    for path in sorted(SRC.rglob("*.[ch]pp")):
        for call in re.findall(r"ngx_log_error\((.*?)\);",
                               path.read_text("utf-8"), re.S):
            # What stands side by side is one text; a call may have several.
            for texts in re.findall(r'(?:"(?:[^"\\]|\\.)*"\s*)+', call):
                line = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', texts))
                parts = re.split(r"%\*?u?\w", line.replace('\\"', '"'))
                part = max(parts, key=len).strip(' :"')
                if part not in text:
                    yield (f"docs/operations.md: no log line {line!r} of "
                           f"{path.relative_to(ROOT)}")


# -- within the pages ---------------------------------------------------------

def slugs(text):
    """The anchors that GitHub gives to headings."""
    for title in re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.M):
        title = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()
        yield re.sub(r"[^\w\- ]", "", title).replace(" ", "-")


def links():
    for page in PAGES:
        text = FENCED.sub("", page.read_text("utf-8"))
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"\w+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = page.parent / name if name else page
            where = f"{page.relative_to(ROOT)}: {target}"
            if not path.exists():
                yield f"{where}: no such file"
            elif anchor and anchor not in slugs(path.read_text("utf-8")):
                yield f"{where}: no such heading"


def make_targets():
    known = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    for page in PAGES:
        for language, text in FENCED.findall(page.read_text("utf-8")):
            for line in text.splitlines() if language == "sh" else []:
                program, *words = line.split("#")[0].split() or ["make"]
                named = {word for word in words if word.isalpha()}
                if program != "make" or named - known:
                    yield f"{page.relative_to(ROOT)}: no make target: {line}"


def main():
    checks = (directives, variables, status_fields, codes, limits, log_lines,
              links, make_targets)
    complaints = [text for check in checks for text in check()]
    for text in complaints:
        print(text)
    print(f"docs: {len(PAGES)} pages, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
