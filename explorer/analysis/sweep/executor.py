"""Runs jobs here, or through an executor with a bounded number in progress."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.version import __version__

K = TypeVar("K")
J = TypeVar("J")
A = TypeVar("A")

# Takes the steps, their total number, and how many of them were finished earlier.
Watch = Callable[[Iterable[Any], int, int], Iterable[Any]]

AHEAD = 32  # tiles in progress: enough for 16 workers, and at most 200 MB of waiting results


def without_progress(steps: Iterable[Any], total: int, earlier: int) -> Iterable[Any]:
    """The steps unchanged, without a progress display."""
    return steps


def work_out(
    work: Callable[[J], A], jobs: Iterable[tuple[K, J]], executor: Executor | None
) -> Generator[tuple[K, A]]:
    """Each key with the result of its job, as the results arrive; a job is taken when there is room for it.

    The work is pickled once for all jobs, and unpickled once in each process. Jobs in progress are cancelled
    when the consumer stops or a job fails.
    """
    if executor is None:
        yield from ((key, work(job)) for key, job in jobs)
        return
    packed = pickle.dumps((__version__, catalogue.edition(), work))
    rest, waiting = iter(jobs), dict[Future[A], K]()
    try:
        while True:
            for key, job in islice(rest, AHEAD - len(waiting)):
                waiting[executor.submit(_unpacked_work, packed, job)] = key
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    finally:
        for future in waiting:
            future.cancel()


def _unpacked_work(packed: bytes, job: Any) -> Any:
    return _unpack(packed)(job)


@lru_cache(maxsize=4)
def _unpack(packed: bytes) -> Callable[[Any], Any]:
    """The unpickled work; raises ExplorerError if this process has another version or other facts."""
    work: Callable[[Any], Any]
    version, edition, work = pickle.loads(packed)  # noqa: S301 - of the process that began the sweep
    if (version, edition) != (__version__, catalogue.edition()):
        raise ExplorerError(
            f"a worker has explorer {__version__} with facts of {catalogue.edition()}:"
            f" expected {version} with {edition}, as where the sweep began"
        )
    return work
