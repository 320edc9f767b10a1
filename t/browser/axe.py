"""axe-core, by npm: finds in a page what stands in the way of people who don't
see it, or see it badly."""

import pathlib
import shutil
import subprocess
import warnings

import pytest

HERE = pathlib.Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
MODULES = HERE / "node_modules"
INSTALLED = MODULES / ".installed-lock"
SCRIPT = MODULES / "axe-core" / "axe.min.js"
INSTALL_TIMEOUT_S = 300


def _cannot(why):
    """Without it there is nothing to test, which is no failure; but it is
    said where pytest says what it has to say, not by a letter only."""
    text = f"axe-core can't be had: {why}"
    warnings.warn(text)
    pytest.skip(text)


def _run(*command):
    done = subprocess.run(command, cwd=HERE, text=True, capture_output=True,
                          timeout=INSTALL_TIMEOUT_S)
    return None if done.returncode == 0 else (
        f"{' '.join(map(str, command))}: {done.stderr.strip()[-500:]}")


def source():
    """Its text. Installed again only when what would be is another."""
    if not (INSTALLED.exists() and SCRIPT.exists()
            and INSTALLED.read_bytes() == LOCK.read_bytes()):
        try:
            if not shutil.which("npm"):
                if failed := _run(HERE.parents[1] / "auto" / "packages",
                                  "client"):
                    _cannot(failed)
            if failed := _run("npm", "ci", "--no-audit", "--no-fund",
                              "--loglevel=error"):
                _cannot(failed)
        except (OSError, subprocess.TimeoutExpired) as failure:
            _cannot(failure)
        shutil.copy(LOCK, INSTALLED)
    return SCRIPT.read_text("utf-8")


def complaints(browser, text):
    """What is wrong with the current page: a line for each kind, with the
    first elements. `text`: source()."""
    browser.script(text)
    found = browser.call("POST", "/execute/async", {
        "script": "axe.run(document).then(({ violations }) => "
                  "arguments[arguments.length - 1](violations));", "args": []})
    return [f"{one['id']} ({one['impact']}, {len(one['nodes'])} times): "
            f"{one['help']}; {[node['html'][:160] for node in one['nodes'][:3]]}"
            for one in found]
