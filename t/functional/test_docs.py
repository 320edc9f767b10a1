"""The examples of README.md and docs/ do what they say.

support/examples.py tells how they are written.
"""

import pytest

from support.examples import PAGES, Runner, blocks_of, configuration

RUN = {"console", "ws"}
NOT_RUN = {"sh", "text"}


def groups():
    """Each configuration, with the examples that run with it."""
    for page in PAGES:
        examples = None
        for block in blocks_of(page):
            if block.language == "nginx":
                examples = []
                yield pytest.param(block, examples, id=str(block))
            elif block.language in RUN:
                assert examples is not None, f"{block}: at which nginx?"
                examples.append(block)
            else:
                assert block.language in NOT_RUN, f"{block}: what is it?"


@pytest.mark.parametrize("config, examples", list(groups()))
def test_examples(nginx, config, examples):
    runner = Runner(nginx(**configuration(config)))
    for one in examples:
        runner.run(one)
