"""Long runs that nobody waits for: `make chaos`. The harness is that of the
functional tests."""

import pathlib
import sys

import pytest

sys.path.insert(
    0, str(pathlib.Path(__file__).resolve().parent.parent / "functional"))
pytest.register_assert_rewrite("support")

# pylint: disable=wrong-import-position
from support.fixtures import (  # noqa: E402,F401
    make_nginx, nginx, pytest_pyfunc_call)
