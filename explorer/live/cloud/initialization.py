"""How an environment becomes ready: on demand, provisioned, or restored from the snapshot of its version."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

ON_DEMAND, PROVISIONED, SNAPSHOT = "on-demand", "provisioned-concurrency", "snap-start"
LOG_NAMES = ("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME")  # SnapStart functions have none


def type_of(worker: Any) -> str:
    """The value of AWS_LAMBDA_INITIALIZATION_TYPE in an environment."""
    if has_snapshot(worker.config):
        return SNAPSHOT
    return PROVISIONED if is_provisioned(worker) else ON_DEMAND


def is_provisioned(worker: Any) -> bool:
    """Whether the environment is one of those that are kept ready."""
    return bool(getattr(worker, "explorer_provisioned", False))


def has_snapshot(config: Mapping[str, Any]) -> bool:
    """Whether the configuration is that of a version with a snapshot."""
    return (config.get("SnapStart") or {}).get("OptimizationStatus") == "On"


def restore_lines(config: Mapping[str, Any], restored_s: float) -> list[str]:
    """The platform's lines before the first invocation of a restored environment."""
    runtime = str(config.get("Runtime", ""))
    family = runtime.rstrip("0123456789.")
    region, digest = config["FunctionArn"].split(":")[3], hashlib.sha256(runtime.encode()).hexdigest()
    version = f"{family}:{runtime.removeprefix(family)}.v0"
    arn = f"arn:aws:lambda:{region}::runtime:{digest}"
    return [
        f"RESTORE_START Runtime Version: {version}\tRuntime Version ARN: {arn}",
        f"RESTORE_REPORT Restore Duration: {restored_s * 1000:.2f} ms",
    ]


def start_in_report(config: Mapping[str, Any], start_s: float | None, early_s: float | None) -> list[str]:
    """The fields of a REPORT line about the start of its environment.

    Parameters
    ----------
    start_s : for which the invocation waited [s]; None if the environment was there
    early_s : that a provisioned environment took before its first invocation [s]
    """
    if start_s is None:
        return [] if early_s is None else [f"Init Duration: {early_s * 1000:.2f} ms"]
    if not has_snapshot(config):
        return [f"Init Duration: {start_s * 1000:.2f} ms"]
    restored_ms = start_s * 1000
    billed = f"Billed Restore Duration: {math.ceil(restored_ms)} ms"
    return [f"Restore Duration: {restored_ms:.2f} ms", billed]
