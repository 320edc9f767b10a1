"""Functional tests: a real nginx, real clients. See support/."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
pytest.register_assert_rewrite("support")

# pylint: disable=wrong-import-position
from support.cluster import (  # noqa: E402,F401
    cluster, make_cluster, pair, shared_cluster)
from support.failover import (  # noqa: E402,F401
    failing, made_failing, make_gate)
from support.fixtures import (  # noqa: E402,F401
    backend, echo, fastcgi, kept, make_nginx, make_redis, module_nginx, ng,
    nginx, open_path, pytest_pyfunc_call, redis, scheme, shared, topic)
