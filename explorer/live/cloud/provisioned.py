"""Provisioned concurrency: environments are started, kept ready and counted while their process runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from . import refusals_lambda
from .hook import Wrap, hook, require
from .initialization import is_provisioned
from .limits import Limits, Refusal

UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
PATIENCE_S = 300.0  # for all environments to start on this machine
POLL_S = 0.02
MOST = 100  # provisioned environments on this machine: each takes 50 MB of memory
Record = dict[str, Any]

_pools: dict[str, str] = {}  # the emulator's key of the environments, by the key of the version or alias


def install(limits: Limits) -> None:
    """Start and keep what is provisioned, in the emulator that is loaded in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    require(lambda_svc, "_get_func_record_for_qualifier", "name qualifier")
    require(lambda_runtime, "ensure_spawned", "worker")
    require(lambda_runtime, "kill_workers", "workers")
    hook(lambda_svc, "_put_provisioned_concurrency", "func_name qualifier data", _start_environments(limits))
    hook(lambda_svc, "_get_provisioned_concurrency", "func_name qualifier", _count_available)
    hook(lambda_svc, "_delete_provisioned_concurrency", "func_name qualifier", _end_environments)
    hook(lambda_runtime, "reap_idle_workers", "ttl", _keep_provisioned)
    lambda_svc.reap_idle_workers = lambda_runtime.reap_idle_workers


def _record(function: str, qualifier: str) -> Record | None:
    from ministack.services import lambda_svc

    configs = (lambda_svc._functions.get(function) or {}).get("provisioned_concurrency", {})
    record: Record | None = configs.get(qualifier)
    return record


def _pool(function: str, qualifier: str) -> tuple[str, Any, Any]:
    """The key of the environments of a version or alias, its record and its configuration."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    record, config = lambda_svc._get_func_record_for_qualifier(function, qualifier)
    key = lambda_runtime._worker_key(function, config, config.get("Version", "$LATEST"))
    return key, record, config


def _ready(key: str) -> list[Any]:
    """The provisioned environments of a pool."""
    from ministack.core import lambda_runtime

    return [worker for worker in lambda_runtime._workers.get(key) or () if is_provisioned(worker)]


def _start_environments(limits: Limits) -> Wrap:
    from ministack.services import lambda_svc

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def put(function: str, qualifier: str, data: Record) -> Any:
            if not qualifier or qualifier == "$LATEST":
                return Refusal(400, "InvalidParameterValueException", UNPUBLISHED).rest_json()
            parameters = {"FunctionName": function, "Qualifier": qualifier, **data}
            if refusal := refusals_lambda.refuse_provisioned_concurrency(limits, parameters):
                return refusal.rest_json()
            answer = original(function, qualifier, data)
            record = _record(function, qualifier) if answer[0] == 202 else None
            if record is None:
                return answer
            record |= {
                "AvailableProvisionedConcurrentExecutions": 0,
                "AllocatedProvisionedConcurrentExecutions": 0,
                "Status": "IN_PROGRESS",
            }
            answer = lambda_svc.json_response(record, 202)
            arguments = (_start_all, function, qualifier, record)
            threading.Thread(target=copy_context().run, args=arguments, daemon=True).start()
            return answer

        return put

    return wrap


def _start_all(function: str, qualifier: str, record: Record) -> None:
    """Start the requested number of environments, one after the other."""
    from ministack.services import lambda_svc

    key, owner, config = _pool(function, qualifier)
    name, count = _name(key, qualifier), int(record["RequestedProvisionedConcurrentExecutions"])
    if _pools.get(name, key) != key:  # the alias had another version
        _end(_ready(_pools[name]))
    _pools[name] = key
    _end(_ready(key)[count:])
    try:
        while len(_ready(key)) < count:
            worker = _start(function, key, owner, config)
            if _record(function, qualifier) is not record:  # it was deleted, or requested again
                _end([worker])
                return
            record["AllocatedProvisionedConcurrentExecutions"] = len(_ready(key))
    except (RuntimeError, OSError) as error:
        record |= {"Status": "FAILED", "StatusReason": f"FUNCTION_ERROR_INIT_FAILURE: {error}"}
        _end(_ready(key))
    else:
        ready = dict.fromkeys(("Available", "Allocated"), count)
        record |= {f"{which}ProvisionedConcurrentExecutions": number for which, number in ready.items()}
        record |= {"LastModified": lambda_svc._now_iso(), "Status": "READY"}


def _name(key: str, qualifier: str) -> str:
    return f"{key.rpartition(':')[0]}:{qualifier}"


def _start(function: str, key: str, owner: Any, config: Any) -> Any:
    """Start a provisioned environment; calls use it before those that were started on demand."""
    from ministack.core import lambda_runtime

    worker = lambda_runtime._worker_class_for(config)(function, config, owner["code_zip"])
    worker.explorer_provisioned, worker.explorer_key, worker.in_use = True, key, True
    try:
        lambda_runtime.ensure_spawned(worker)
    except (RuntimeError, OSError):
        lambda_runtime.kill_workers([worker])
        raise
    worker.explorer_early_s, worker.last_used = worker.explorer_init_s, time.time()
    with lambda_runtime._lock:
        lambda_runtime._workers.setdefault(key, []).insert(len(_ready(key)), worker)
    lambda_runtime.release_worker(worker)
    return worker


def _end(workers: list[Any]) -> None:
    """Release these environments: idle ones end, a busy one goes on as if it had been started on demand."""
    from ministack.core import lambda_runtime

    with lambda_runtime._lock:
        for worker in workers:
            worker.explorer_provisioned = False
        idle = [worker for worker in workers if not worker.in_use]
        for pool in lambda_runtime._workers.values():
            pool[:] = [worker for worker in pool if worker not in idle]
    lambda_runtime.kill_workers(idle)


def _count_available(original: Callable[..., Any]) -> Callable[..., Any]:
    """Report as available only environments whose process runs."""

    def get(function: str, qualifier: str) -> Any:
        record = _record(function, qualifier or "$LATEST")
        if record and record["Status"] == "READY":
            ready = _ready(_pool(function, qualifier)[0])
            alive = sum(each._proc is not None and each._proc.poll() is None for each in ready)
            record["AvailableProvisionedConcurrentExecutions"] = alive
        return original(function, qualifier)

    return get


def _end_environments(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(function: str, qualifier: str) -> Any:
        had = _record(function, qualifier or "$LATEST")
        answer = original(function, qualifier)
        if had:
            key = _pool(function, qualifier)[0]
            _pools.pop(_name(key, qualifier), None)
            _end(_ready(key))
        return answer

    return delete


def release(arn: str) -> None:
    """End the provisioned environments of an alias."""
    from ministack.services import lambda_svc

    function, qualifier = _function_and_qualifier(arn)
    if _record(function, qualifier):
        lambda_svc._delete_provisioned_concurrency(function, qualifier)


def wait(arn: str) -> None:
    """Wait until the environments of an alias are ready. Raises ValueError, with the reason, if they fail."""
    function, qualifier = _function_and_qualifier(arn)
    until = time.monotonic() + PATIENCE_S
    while (record := _record(function, qualifier)) and record["Status"] == "IN_PROGRESS":
        if time.monotonic() > until:
            break
        time.sleep(POLL_S)
    if record and record["Status"] != "READY":
        why = record.get("StatusReason") or f"not all were ready after {PATIENCE_S:g} s"
        raise ValueError(f"Provisioned concurrency of {qualifier} is {record['Status']}: {why}")


def _function_and_qualifier(arn: str) -> tuple[str, str]:
    """The function and the qualifier of an ARN."""
    function, _, qualifier = arn.partition(":function:")[2].partition(":")
    return function, qualifier


def _keep_provisioned(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep provisioned environments out of the removal of idle ones."""

    def reap(ttl: float | None = None) -> Any:
        for key in _pools.values():
            for worker in _ready(key):
                worker.last_used = time.time()
        return original(ttl)

    return reap
