"""Batches of queues for functions: a throttled batch is retried, and no message is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .hook import hook
from .limits import Limits

WAIT_S = 0.05  # between two tries of a batch

_retry_until: ContextVar[float] = ContextVar("explorer_hidden_until", default=0.0)


def install(limits: Limits) -> None:
    """Make the queues of the emulator in this process work as on AWS."""
    from ministack.services import lambda_svc

    signature = "esm func_rec event batch queue_url queue_name"
    hook(lambda_svc, "_run_sqs_batch", signature, _set_deadline)
    hook(lambda_svc, "_execute_function", "func event", _retry_throttled)
    hook(lambda_svc, "_reserved_concurrency", "func config", _reserve_for_versions)


def _set_deadline(original: Callable[..., Any]) -> Callable[..., Any]:
    """Allow retries until the messages become visible again: AWS too counts this as one receipt."""

    def run(esm: Any, function: Any, event: Any, batch: Any, *queue_names: Any) -> None:
        token = _retry_until.set(min(message["visible_at"] for message in batch) - 2 * WAIT_S)
        try:
            original(esm, function, event, batch, *queue_names)
        finally:
            _retry_until.reset(token)

    return run


def _retry_throttled(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute(function: Any, event: Any) -> Any:
        answer = original(function, event)
        while answer.get("throttle") and time.time() < _retry_until.get():
            time.sleep(WAIT_S)
            answer = original(function, event)
        return answer

    return execute


def _reserve_for_versions(original: Callable[..., Any]) -> Callable[..., Any]:
    """Apply a function's reserved concurrency to its versions and aliases too."""
    from ministack.services import lambda_svc

    def reserved_concurrency(function: Any, config: Any) -> Any:
        return original(lambda_svc._functions.get(config.get("FunctionName")) or function, config)

    return reserved_concurrency
