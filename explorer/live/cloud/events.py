"""Asynchronous events as on AWS: a throttled event waits and is not lost."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any

from .durable import begin, is_durable
from .hook import Wrap
from .limits import Limits

FIRST_WAIT_S, LONGEST_WAIT_S = 0.05, 1.0  # between tries of a throttled event; AWS: 1 s to 5 min


def retry_throttled(limits: Limits) -> Wrap:
    """Retry throttled events until there is capacity; only a function error uses up an attempt."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def deliver(func: Any, event: Any) -> None:
            from ministack.services import lambda_svc

            scoped = lambda_svc._run_with_function_config_scope
            if is_durable(func):
                begin(func, event)
            arguments = (scoped, func, _deliver_with_retries, func, event, limits)
            run = copy_context().run  # the context holds the depth of a recursion
            threading.Thread(target=run, args=arguments, daemon=True).start()

        return deliver

    return wrap


def _deliver_with_retries(func: Any, event: Any, limits: Limits) -> None:
    """Deliver one event until it succeeds, its attempts are used up or it is too old."""
    from ministack.services import lambda_svc

    settings = _event_settings(func)
    retries = 0 if is_durable(func) else settings.get("MaximumRetryAttempts")  # it retries by itself
    errors_left = int(limits["lambda.async.retries"] if retries is None else retries) + 1
    until = time.monotonic() + float(settings.get("MaximumEventAgeInSeconds") or limits["lambda.async.age"])
    throttle_s, retry_s = FIRST_WAIT_S, limits["lambda.async.retry_wait_s"]
    while True:
        result = lambda_svc._execute_function(func, event)
        if not result.get("error"):
            return
        if result.get("throttle"):
            wait_s = throttle_s * random.uniform(0.5, 1)  # noqa: S311 - a wait
            throttle_s = min(2 * throttle_s, LONGEST_WAIT_S)
        else:
            errors_left -= 1
            wait_s, retry_s = retry_s, 2 * retry_s
        if errors_left <= 0 or time.monotonic() + wait_s > until:
            return _route_failure(func, event, result, settings)
        time.sleep(wait_s)


def _event_settings(func: Any) -> Mapping[str, Any]:
    """The event settings of the version or alias called; an unqualified call has those of $LATEST."""
    from ministack.services import lambda_svc

    config = func.get("config") or func
    name = config["FunctionName"]
    qualifier = config["FunctionArn"].partition(f":function:{name}")[2].lstrip(":")
    configs = (lambda_svc._functions.get(name) or func).get("event_invoke_configs") or {}
    return configs.get(qualifier) or (configs.get("$LATEST") if not qualifier else configs.get("")) or {}


def _route_failure(func: Any, event: Any, result: Any, settings: Mapping[str, Any]) -> None:
    """Send the event to the failure destination or the dead-letter queue, if there is one."""
    from ministack.services import lambda_svc

    config = func.get("config") or func
    on_failure = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}
    target = on_failure.get("Destination") or (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        lambda_svc._route_async_failure(target, config.get("FunctionName", ""), event, result)
