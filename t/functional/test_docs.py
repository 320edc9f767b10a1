"""The examples of README.md and docs/ do what they say.

support/examples.py tells how they are written.
"""

import shutil

import pytest

from support.examples import (
    NJS, PAGES, PROGRAMS, Runner, blocks_of, configuration)

RUN = {"console", "ws", *PROGRAMS}
NOT_RUN = {"sh", "text"}


def groups():
    """Each configuration, with the examples that run with it."""
    for page in PAGES:
        examples, files = None, []
        for block in blocks_of(page):
            if block.language == "nginx":
                examples = []
                yield pytest.param(block, files, examples, id=str(block))
                files = []
            elif block.info.startswith("file="):
                files.append(block)
            elif block.language in RUN:
                assert examples is not None, f"{block}: at which nginx?"
                examples.append(block)
            else:
                assert block.language in NOT_RUN, f"{block}: what is it?"


# Not worth half a gigabyte on every machine: run where it is.
NOT_EVERYWHERE = {"go"}


@pytest.mark.parametrize("config, files, examples", list(groups()))
def test_examples(nginx, config, files, examples):
    if "njs" in config.info and not NJS.exists():
        pytest.skip("no libnginx-mod-http-js")
    runner = Runner(nginx(**configuration(config, files)))
    for one in examples:
        if one.language in NOT_EVERYWHERE and not shutil.which(one.language):
            continue
        runner.run(one)
