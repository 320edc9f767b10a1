"""Counts the instructions of the module's hot path with valgrind: figures
that a busy machine does not change. Writes bench/results/instructions.md.

    python3 bench/run/instructions.py PROGRAM"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "bench/results/instructions.md"
HEAD = """# Instructions of the hot path

By `make bench-instructions`: `valgrind --tool=callgrind` over fixed scripts,
without nginx and sockets, in a zone that one process has to itself. {versions}
Compare two tables made by the same compiler: what got dearer shows, however
busy the machine is.

| operation | instructions | what they pay for |
|---|---|---|
"""


def output(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def count(program, number):
    """The instructions executed in run_counted()."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "--toggle-collect=ws_bench::run_counted*", program, number],
        capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    program = sys.argv[1]
    lines = []
    for line in output(program).splitlines():
        number, operations, name, pays = line.split("\t")
        each = count(program, number) / int(operations)
        lines.append(f"| {name} | {each:,.0f} | {pays} |")
        print(lines[-1], flush=True)
    versions = (f"{output('c++', '--version').splitlines()[0]}, "
                f"{output('valgrind', '--version').strip()}.")
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(HEAD.format(versions=versions) + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
