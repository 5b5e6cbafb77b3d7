"""Room for functions: what finds none is offered again from its queue, and no message is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from .hook import hook
from .limits import Limits

WAIT_S = 0.05  # between two offers

_hidden_until: ContextVar[float] = ContextVar("explorer_hidden_until", default=0.0)


def install(limits: Limits) -> None:
    """Make the queues of the emulator in this process work as on AWS."""
    from ministack.services import lambda_svc

    signature = "esm func_rec event batch queue_url queue_name"
    hook(lambda_svc, "_run_sqs_batch", signature, _while_hidden)
    hook(lambda_svc, "_execute_function", "func event", _offered)
    hook(lambda_svc, "_reserved_concurrency", "func config", _of_the_function)


def _while_hidden(original: Callable[..., Any]) -> Callable[..., Any]:
    """AWS too counts one receipt, however often the function had no room before the message is back."""

    def run(esm: Any, function: Any, event: Any, batch: Any, *where: Any) -> None:
        token = _hidden_until.set(min(message["visible_at"] for message in batch) - 2 * WAIT_S)
        try:
            original(esm, function, event, batch, *where)
        finally:
            _hidden_until.reset(token)

    return run


def _offered(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute(function: Any, event: Any) -> Any:
        answer = original(function, event)
        while answer.get("throttle") and time.time() < _hidden_until.get():
            time.sleep(WAIT_S)
            answer = original(function, event)
        return answer

    return execute


def _of_the_function(original: Callable[..., Any]) -> Callable[..., Any]:
    """What is reserved for a function binds its versions and aliases too."""
    from ministack.services import lambda_svc

    def reserved(function: Any, config: Any) -> Any:
        return original(lambda_svc._functions.get(config.get("FunctionName")) or function, config)

    return reserved
