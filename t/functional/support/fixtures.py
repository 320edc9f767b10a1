"""Fixtures of both test folders; their conftest.py import them from here."""

import asyncio
import inspect
import itertools
import os

import pytest

from .backend import shared_backend
from .fastcgi import shared_fastcgi
from .nginx import Nginx
from .rawws import RawWS
from .redis import Redis, Sentinel
from .restarts import keeping, prepared

TEST_TIMEOUT_S = 240.0


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs `async def` tests, each in a loop of its own, with an end."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(
        pyfuncitem.obj(**arguments), TEST_TIMEOUT_S))
    return True


def _end_all(started, end):
    """All of them, whatever one of them has to complain of."""
    failures = []
    for one in reversed(started):
        try:
            end(one)
        except AssertionError as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


def _factory():
    started = []

    def make(**config):
        started.append(Nginx(**config))
        return started[-1]

    return make, lambda: _end_all(started, Nginx.stop)


@pytest.fixture
def make_nginx():
    """Makes an Nginx that the test starts itself; ended after the test."""
    make, stop_all = _factory()
    yield make
    stop_all()


@pytest.fixture
def nginx(make_nginx):
    """Starts an nginx with the parts of a configuration given."""
    return lambda **config: make_nginx(**config).start()


@pytest.fixture
def kept(make_nginx):
    """Starts an nginx whose zone is kept in files; see restarts.py."""
    def start(**config):
        config = {"http": keeping(), "workers": 2, **config}
        return prepared(make_nginx(**config)).start()
    return start


@pytest.fixture(scope="module")
def module_nginx():
    """As nginx, for all tests of a file."""
    make, stop_all = _factory()
    yield lambda **config: make(**config).start()
    stop_all()


@pytest.fixture(scope="module")
def shared(request, module_nginx):
    """One nginx for a file; its `CONFIG` says how it differs."""
    return module_nginx(**getattr(request.module, "CONFIG", {}))


@pytest.fixture
def ng(shared):
    """The file's nginx; after each test its log and workers are checked."""
    yield shared
    shared.check_running()


@pytest.fixture(params=["http", "https"], ids=["plain", "tls"])
def scheme(request):
    return request.param


_numbers = itertools.count(1)


@pytest.fixture
def topic():
    """A topic of this test's own."""
    return f"t/{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def backend():
    """The application of `@BACKEND@`, which has not been asked yet."""
    shared_backend().reset()
    yield shared_backend()
    shared_backend().reset()


@pytest.fixture
def fastcgi():
    """The application of `@FASTCGI@`, which has not been asked yet."""
    shared_fastcgi().reset()
    yield shared_fastcgi()
    shared_fastcgi().reset()


@pytest.fixture
def make_redis():
    """Starts a Redis of the test's own, or the Sentinel of one."""
    started = []

    def make(sentinel_of=None, **config):
        one = (Sentinel(sentinel_of, **config) if sentinel_of
               else Redis(**config))
        started.append(one)
        return one.start()

    yield make
    _end_all(started, lambda one: one.remove())


@pytest.fixture
def redis(make_redis):
    """A Redis as it is by default, with an append-only file."""
    return make_redis()


@pytest.fixture
def open_path(tmp_path):
    """A folder that workers, who are nobody, can read."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(0o755)
    return tmp_path


@pytest.fixture
def echo(ng, scheme, topic):
    """A plain session that gets what it publishes: an echo server."""
    with RawWS.open(ng, path="/plain/?topic=" + topic, scheme=scheme,
                    protocol=None) as ws:
        yield ws
