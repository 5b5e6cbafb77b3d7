"""Provisioned concurrency: environments are started, kept ready and counted while their process runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from .hook import checked, hook
from .limits import Limits, Refusal

UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
Record = dict[str, Any]

_ready_counts: dict[str, int] = {}  # environments to keep ready, by the emulator's key of a pool


def install(limits: Limits) -> None:
    """Start and keep provisioned environments in the emulator that is loaded in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    checked(lambda_svc, "_get_func_record_for_qualifier", "name qualifier")
    checked(lambda_runtime, "ensure_spawned", "worker")
    hook(lambda_svc, "_put_provisioned_concurrency", "func_name qualifier data", _start_environments)
    hook(lambda_svc, "_get_provisioned_concurrency", "func_name qualifier", _count_available)
    hook(lambda_svc, "_delete_provisioned_concurrency", "func_name qualifier", _forget_pool)
    hook(lambda_runtime, "reap_idle_workers", "ttl", _keep_provisioned)
    lambda_svc.reap_idle_workers = lambda_runtime.reap_idle_workers


def _record(function: str, qualifier: str) -> Record | None:
    from ministack.services import lambda_svc

    record: Record | None = lambda_svc._functions[function].get("provisioned_concurrency", {}).get(qualifier)
    return record


def _pool(function: str, qualifier: str) -> tuple[str, Any, Any]:
    """The key of a version's or alias's environments, its record and its configuration."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    record, config = lambda_svc._get_func_record_for_qualifier(function, qualifier)
    key = lambda_runtime._worker_key(function, config, config.get("Version", "$LATEST"))
    return key, record, config


def _start_environments(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import lambda_svc

    def put(function: str, qualifier: str, data: Record) -> Any:
        if not qualifier or qualifier == "$LATEST":
            return Refusal(400, "InvalidParameterValueException", UNPUBLISHED).rest_json()
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


def _start_all(function: str, qualifier: str, record: Record) -> None:
    """Start the requested number of environments, one after the other."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    key, owner, config = _pool(function, qualifier)
    version, leased = config.get("Version", "$LATEST"), list[Any]()
    count = int(record["RequestedProvisionedConcurrentExecutions"])
    _ready_counts[key] = count
    try:
        while len(leased) < count:
            worker, _ = lambda_runtime.acquire_worker(function, config, owner["code_zip"], qualifier=version)
            if worker is None:  # too many calls wait: retry
                time.sleep(1)
                continue
            leased.append(worker)
            lambda_runtime.ensure_spawned(worker)
            record["AllocatedProvisionedConcurrentExecutions"] = len(leased)
    except (RuntimeError, OSError):
        record |= {"Status": "FAILED", "StatusReason": "FUNCTION_ERROR_INIT_FAILURE"}
    else:
        record |= {"AvailableProvisionedConcurrentExecutions": count, "Status": "READY"}
        record["LastModified"] = lambda_svc._now_iso()
    finally:
        for worker in leased:
            lambda_runtime.release_worker(worker)


def _count_available(original: Callable[..., Any]) -> Callable[..., Any]:
    """Report as available only environments whose process runs."""
    from ministack.core import lambda_runtime

    def get(function: str, qualifier: str) -> Any:
        from ministack.services import lambda_svc

        exists = function in lambda_svc._functions
        record = _record(function, qualifier or "$LATEST") if exists else None
        if record and record["Status"] == "READY":
            pool = lambda_runtime._workers.get(_pool(function, qualifier)[0]) or ()
            alive = sum(each._proc is not None and each._proc.poll() is None for each in pool)
            count = record["RequestedProvisionedConcurrentExecutions"]
            record["AvailableProvisionedConcurrentExecutions"] = min(alive, count)
        return original(function, qualifier)

    return get


def _forget_pool(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(function: str, qualifier: str) -> Any:
        from ministack.services import lambda_svc

        if function in lambda_svc._functions and _record(function, qualifier or "$LATEST"):
            _ready_counts.pop(_pool(function, qualifier)[0], None)
        return original(function, qualifier)

    return delete


def _keep_provisioned(original: Callable[..., Any]) -> Callable[..., Any]:
    """Keep provisioned environments out of the removal of idle ones."""
    from ministack.core import lambda_runtime

    def reap(ttl: float | None = None) -> Any:
        for key, count in _ready_counts.items():
            for worker in (lambda_runtime._workers.get(key) or [])[:count]:
                worker.last_used = time.time()
        return original(ttl)

    return reap
