"""Browser tests: headless Chromium on the examples. The harness is that of
the functional tests."""

import pathlib
import sys

import pytest

_HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(_HERE), str(_HERE.parent / "functional")]
pytest.register_assert_rewrite("support")

# pylint: disable=wrong-import-position
from support.fixtures import (  # noqa: E402,F401
    make_nginx, pytest_pyfunc_call, scheme, topic)
from example import ExampleNginx  # noqa: E402
from webdriver import Browser  # noqa: E402


@pytest.fixture(scope="module")
def demo():
    """The nginx of examples/nginx.conf on ports of its own."""
    one = ExampleNginx().start()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def browser(demo):  # pylint: disable=unused-argument
    """One that ends before nginx: it keeps connections in reserve that it
    has not used yet, and these hold up a worker that is told to end."""
    one = Browser()
    yield one
    one.quit()
