"""Back-pressure: the number of cores bounds how many environments start at once; workers yield to the cloud.

A start takes a fifth of a second of a core. A call without an idle environment waits until one becomes idle
or until it may start one. A call that would wait too long, or behind too many others, is throttled, as by
Lambda. A slot is held while a process starts, never while a handler runs, so a function that calls itself
gets a slot.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .hook import hook, require
from .limits import Limits

AT_ONCE = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
MOST_WAITING = 500  # calls; each occupies a thread
LONGEST_WAIT_S = 25.0  # less than an API's integration time-out
POLL_S = 1.0  # between two looks of a waiting call that is not woken
YIELDS = 10  # added to the cloud's nice value for a worker
YIELDS_AT_DOOR = 5  # for one that a client at a door waits for
NICEST = 19

Acquire = Callable[..., tuple[Any, str]]


@dataclass(eq=False)
class Waiter:
    """A call that waits for an environment of the function and version `key`."""

    key: str
    wake_event: threading.Event = field(default_factory=threading.Event)


class Starts:
    """The slots for starts of environments and the queue of calls that wait, first come, first served.

    Parameters
    ----------
    at_once : number of environments that may start at the same time
    most_waiting : number of calls that may wait; one more is throttled
    longest_wait_s : time after which a waiting call is throttled [s]
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
        """Lease an idle or a new environment; waits for its turn.

        Parameters
        ----------
        key : of the function and its version
        is_idle : returns whether one of its environments is idle
        lease : leases one; returns the environment and whether it has to be started

        Returns
        -------
        The result of `lease`, None if the call is to be throttled.
        """
        waiter, until = None, time.monotonic() + self.longest_wait_s
        while True:
            with self._lock:
                if self._may_lease(key, waiter, is_idle()):
                    if waiter:
                        self._waiting.remove(waiter)
                    environment, starts = lease()
                    if starts:
                        self.free -= 1
                    self._wake(key)
                    return environment, starts
                remaining_s = until - time.monotonic()
                if waiter is None and len(self._waiting) < self.most_waiting and remaining_s > 0:
                    waiter = Waiter(key)
                    self._waiting.append(waiter)
                elif waiter is None or remaining_s <= 0:
                    if waiter:
                        self._waiting.remove(waiter)
                    return None
                waiter.wake_event.clear()
            waiter.wake_event.wait(min(remaining_s, POLL_S))

    def _may_lease(self, key: str, waiter: Waiter | None, idle: bool) -> bool:
        first = next((each for each in self._waiting if each.key == key), waiter)
        if idle:
            return first is waiter
        return self.free > 0 and (not self._waiting or self._waiting[0] is waiter)

    def release(self) -> None:
        """Return a slot after the end of a start, successful or not."""
        with self._lock:
            self.free += 1
            self._wake()

    def fell_free(self, key: str) -> None:
        """Wake the first call that waits for `key`: one of its environments is idle."""
        with self._lock:
            self._wake(key)

    def _wake(self, key: str | None = None) -> None:
        """Wake the first waiting call and the first one for `key`: both check again if they may lease."""
        of_key = next((waiter for waiter in self._waiting if waiter.key == key), None)
        for waiter in (*self._waiting[:1], of_key):
            if waiter:
                waiter.wake_event.set()


def install(limits: Limits) -> None:
    """Bound the starts of environments in the emulator that is loaded in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    starts = Starts()
    require(lambda_runtime, "_worker_key", "func_name config qualifier")
    require(lambda_runtime, "_worker_class_for", "config")
    require(lambda_svc, "_throttle_response", "reason_code msg retry_after")
    signature = "func_name config code_zip qualifier max_concurrency"
    hook(lambda_runtime, "acquire_worker", signature, _bound_starts(starts))
    hook(lambda_runtime, "release_worker", "worker", _release_hook(starts))
    hook(lambda_runtime.Worker, "_spawn", "self", _return_slot_after_spawn(starts))
    lambda_svc.acquire_worker = lambda_runtime.acquire_worker
    lambda_svc.release_worker = lambda_runtime.release_worker
    hook(lambda_svc, "_execute_function_warm", "func event request_id", _answer_throttle)


def yield_to_the_cloud(pid: int, by: int = YIELDS) -> None:
    """Lower the priority of a worker's process below that of the cloud."""
    with suppress(OSError):
        nicer = os.getpriority(os.PRIO_PROCESS, 0) + by
        os.setpriority(os.PRIO_PROCESS, pid, min(nicer, NICEST))


_last_call = threading.local()  # `throttled`: whether `Starts` throttled this thread's last call


def _bound_starts(starts: Starts) -> Callable[[Acquire], Acquire]:
    from ministack.core import lambda_runtime

    def wrap(original: Acquire) -> Acquire:
        def acquire(
            func_name: str,
            config: Mapping[str, Any],
            code_zip: bytes,
            qualifier: str = "$LATEST",
            max_concurrency: int | None = None,
        ) -> tuple[Any, str]:
            _last_call.throttled = False
            if lambda_runtime._worker_class_for(config) is not lambda_runtime.Worker:
                return original(func_name, config, code_zip, qualifier, max_concurrency)
            key = lambda_runtime._worker_key(func_name, config, qualifier)
            reason = ""

            def lease() -> tuple[Any, bool]:
                nonlocal reason
                present = _present_state(func_name, qualifier, config, code_zip)
                worker, reason = original(func_name, *present, qualifier, max_concurrency)
                process = worker and worker._proc
                needs_start = worker is not None and (process is None or process.poll() is not None)
                if worker is not None:
                    worker.explorer_key, worker.explorer_begins = key, needs_start
                return worker, needs_start

            def is_idle() -> bool:
                return any(not each.in_use for each in lambda_runtime._workers.get(key) or ())

            environment = starts.take(key, is_idle, lease)
            if environment is None:
                _last_call.throttled = True
                return None, "func_cap"
            return environment[0], reason

        return acquire

    return wrap


def _present_state(
    name: str, qualifier: str, config: Mapping[str, Any], code: bytes
) -> tuple[Mapping[str, Any], bytes]:
    """The configuration and the code with which an environment starts: a call may be older than an update.

    The emulator keeps one pool per version, so an environment that a retried or waiting call starts also
    serves the calls after it.
    """
    from ministack.services import lambda_svc

    function = lambda_svc._functions.get(name) if qualifier == "$LATEST" else None
    if function is None:
        return config, code
    return {**function["config"], "FunctionArn": config["FunctionArn"]}, function["code_zip"]


def _release_hook(starts: Starts) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def release(worker: Any) -> None:
            original(worker)
            _return_slot(starts, worker)
            if key := getattr(worker, "explorer_key", None):
                starts.fell_free(key)

        return release

    return wrap


def _return_slot_after_spawn(starts: Starts) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def spawn(self: Any) -> None:
            try:
                original(self)
            finally:
                _return_slot(starts, self)

        return spawn

    return wrap


def _return_slot(starts: Starts, worker: Any) -> None:
    """Return the slot of a worker's start, at most once."""
    if getattr(worker, "explorer_begins", False):
        worker.explorer_begins = False
        starts.release()


def _answer_throttle(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import lambda_svc

    def execute(func: Any, event: Any, request_id: str) -> Any:
        answer = original(func, event, request_id)
        if answer.get("throttle") and _last_call.throttled:
            return lambda_svc._throttle_response("ConcurrentInvocationLimitExceeded", "Rate Exceeded.")
        return answer

    return execute
