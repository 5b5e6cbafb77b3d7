"""Back-pressure: starts of environments are bounded by the cores, and workers yield to the cloud.

An environment costs a fifth of a second of a core to start. A call that finds none free waits for the
first that falls free or for its turn to start one; what would wait too long, or behind too many, is
throttled, as Lambda throttles. The slot is held while a process starts, never while a handler runs: a
function that calls itself finds a slot.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .hook import checked, hook
from .limits import Limits

AT_ONCE = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
MOST_WAITING = 500  # calls, each of which is a thread
LONGEST_WAIT_S = 25.0  # less than an API waits for its function
POLL_S = 1.0  # at which a call looks again that nobody has woken
YIELDS = 10  # by how much nicer a worker is than the cloud
NICEST = 19

Acquire = Callable[..., tuple[Any, str]]


@dataclass(eq=False)
class Waiter:
    """A call that waits for an environment of the function and version `key`."""

    key: str
    woken: threading.Event = field(default_factory=threading.Event)


class Starts:
    """Who may start an environment now, and who waits, first come first served.

    Parameters
    ----------
    at_once : environments that start at a time
    most_waiting : calls that wait at a time; one more is throttled
    longest_wait_s : after which a call is throttled [s]
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        most_waiting: int = MOST_WAITING,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self.free, self.most_waiting, self.longest_wait_s = at_once, most_waiting, longest_wait_s
        self._lock, self._waiting = threading.Lock(), list[Waiter]()

    def take(self, key: str, is_idle: Callable[[], bool], lease: Callable[[], tuple[Any, bool]]) -> Any:
        """Lease an environment, one that is free or a new one; None if the call is to be throttled.

        Parameters
        ----------
        key : of the function and its version
        is_idle : whether an environment of it is free
        lease : leases one; the environment, and whether it has to be started
        """
        waiter, until = None, time.monotonic() + self.longest_wait_s
        while True:
            with self._lock:
                if self._may(key, waiter, is_idle()):
                    if waiter:
                        self._waiting.remove(waiter)
                    environment, starts = lease()
                    if starts:
                        self.free -= 1
                    self._wake(key)
                    return environment, starts
                left_s = until - time.monotonic()
                if waiter is None and len(self._waiting) < self.most_waiting and left_s > 0:
                    waiter = Waiter(key)
                    self._waiting.append(waiter)
                elif waiter is None or left_s <= 0:
                    if waiter:
                        self._waiting.remove(waiter)
                    return None
                waiter.woken.clear()
            waiter.woken.wait(min(left_s, POLL_S))

    def _may(self, key: str, waiter: Waiter | None, idle: bool) -> bool:
        first = next((each for each in self._waiting if each.key == key), waiter)
        if idle:
            return first is waiter
        return self.free > 0 and (not self._waiting or self._waiting[0] is waiter)

    def started(self) -> None:
        """An environment has started, or failed to: the next may."""
        with self._lock:
            self.free += 1
            self._wake()

    def fell_free(self, key: str) -> None:
        """An environment of `key` has no call any more."""
        with self._lock:
            self._wake(key)

    def _wake(self, key: str | None = None) -> None:
        """Let the first look again, and the first of `key`: more than one thing may have changed for them."""
        of_key = next((waiter for waiter in self._waiting if waiter.key == key), None)
        for waiter in (*self._waiting[:1], of_key):
            if waiter:
                waiter.woken.set()


def install(limits: Limits) -> None:
    """Bound the starts of the emulator that is loaded in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    starts = Starts()
    checked(lambda_runtime, "_worker_key", "func_name config qualifier")
    checked(lambda_runtime, "_worker_class_for", "config")
    checked(lambda_svc, "_throttle_response", "reason_code msg retry_after")
    signature = "func_name config code_zip qualifier max_concurrency"
    hook(lambda_runtime, "acquire_worker", signature, _in_turn(starts))
    hook(lambda_runtime, "release_worker", "worker", _release_hook(starts))
    hook(lambda_runtime.Worker, "_spawn", "self", _counted(starts))
    lambda_svc.acquire_worker = lambda_runtime.acquire_worker
    lambda_svc.release_worker = lambda_runtime.release_worker
    hook(lambda_svc, "_execute_function_warm", "func event request_id", _throttled_as_on_aws)


def yield_to_the_cloud(pid: int) -> None:
    """Let a worker's process have what the cloud's own leaves."""
    with suppress(OSError):
        nicer = os.getpriority(os.PRIO_PROCESS, 0) + YIELDS
        os.setpriority(os.PRIO_PROCESS, pid, min(nicer, NICEST))


_given_up = threading.local()  # whether this thread's last call was throttled by `Starts`


def _in_turn(starts: Starts) -> Callable[[Acquire], Acquire]:
    from ministack.core import lambda_runtime

    def wrap(original: Acquire) -> Acquire:
        def acquire(
            func_name: str,
            config: Mapping[str, Any],
            code_zip: bytes,
            qualifier: str = "$LATEST",
            max_concurrency: int | None = None,
        ) -> tuple[Any, str]:
            _given_up.now = False
            arguments = (func_name, config, code_zip, qualifier, max_concurrency)
            if lambda_runtime._worker_class_for(config) is not lambda_runtime.Worker:
                return original(*arguments)
            key = lambda_runtime._worker_key(func_name, config, qualifier)
            how = ""

            def lease() -> tuple[Any, bool]:
                nonlocal how
                worker, how = original(*arguments)
                process = worker and worker._proc
                begins = worker is not None and (process is None or process.poll() is not None)
                if worker is not None:
                    worker.explorer_key, worker.explorer_begins = key, begins
                return worker, begins

            def is_idle() -> bool:
                return any(not each.in_use for each in lambda_runtime._workers.get(key) or ())

            environment = starts.take(key, is_idle, lease)
            if environment is None:
                _given_up.now = True
                return None, "func_cap"
            return environment[0], how

        return acquire

    return wrap


def _release_hook(starts: Starts) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def release(worker: Any) -> None:
            original(worker)
            _begun(starts, worker)
            if key := getattr(worker, "explorer_key", None):
                starts.fell_free(key)

        return release

    return wrap


def _counted(starts: Starts) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def spawn(self: Any) -> None:
            try:
                original(self)
            finally:
                _begun(starts, self)

        return spawn

    return wrap


def _begun(starts: Starts, worker: Any) -> None:
    """Give the slot back, once, that the worker had for its start."""
    if getattr(worker, "explorer_begins", False):
        worker.explorer_begins = False
        starts.started()


def _throttled_as_on_aws(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import lambda_svc

    def execute(func: Any, event: Any, request_id: str) -> Any:
        answer = original(func, event, request_id)
        if answer.get("throttle") and _given_up.now:
            return lambda_svc._throttle_response("ConcurrentInvocationLimitExceeded", "Rate Exceeded.")
        return answer

    return execute
