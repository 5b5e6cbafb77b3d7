"""A local cloud for one module of tests alone."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from explorer.live.cloud import supervisor
from explorer.live.deployment.target import Local


@contextmanager
def own_cloud(name: str, limits: Mapping[str, float] | None = None) -> Iterator[Local]:
    """Start a cloud of this process, with other values of limits by id, and stop it at the end."""
    name = f"{name}-{os.getpid()}"
    supervisor.stop(name)
    try:
        yield Local("us-east-1", supervisor.start(name, limits=limits))
    finally:
        supervisor.stop(name)
