"""Local clouds for the tests: started once, ended with them."""

import os

import pytest

from explorer.live.cloud import supervisor
from tests.support.local_bench import Bench

QUICK = {  # a tenth or a thousandth of the real ones
    "apigw.http.timeout": 0.3,
    "apigw.rest.timeout": 0.2,
    "lambda.furl.request": 20_000,
    "lambda.async.retries": 0,
    "lambda.async.retry_wait_s": 0.3,
}


def _cloud(name: str, **settings):
    name = f"{name}-{os.getpid()}"
    supervisor.stop(name)
    try:
        yield Bench(supervisor.start(name, **settings))
    finally:
        supervisor.stop(name)


@pytest.fixture(scope="session")
def bench():
    """A cloud with AWS's own limits."""
    yield from _cloud("real")


@pytest.fixture(scope="session")
def quick():
    """A cloud with limits that break soon."""
    yield from _cloud("quick", limits=QUICK)
