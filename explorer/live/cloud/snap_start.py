"""SnapStart: publishing a version initialises it once; a failure of the initialisation fails the version.

No snapshot is taken: that environment ends, and each environment that is "restored" later is initialised
again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from .hook import hook, require
from .limits import Limits
from .patch_runtime import INIT_FAILURE

PATIENCE_S = 300.0  # for a version to be initialised on this machine
POLL_S = 0.02
PENDING, FAILED = "Pending", "Failed"


def install(limits: Limits) -> None:
    """Initialise each version with SnapStart when it is published."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    require(lambda_runtime, "ensure_spawned", "worker")
    require(lambda_runtime, "kill_workers", "workers")
    hook(lambda_svc, "_snapstart_provision_version_async", "name ver_record", _initialise_on_thread)


def _initialise_on_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    def provision(name: str, version: dict[str, Any]) -> None:
        if not version.get("code_zip") or not str(version["config"].get("Runtime", "")).startswith("python"):
            original(name, version)
            return
        arguments = (_initialise, name, version)
        threading.Thread(target=copy_context().run, args=arguments, daemon=True).start()

    return provision


def _initialise(name: str, version: dict[str, Any]) -> None:
    """Start an environment of the version and end it; the version is active if the start succeeds."""
    from ministack.core import lambda_runtime

    config = version["config"]
    worker = lambda_runtime.Worker(name, config, version["code_zip"])
    try:
        lambda_runtime.ensure_spawned(worker)
    except (RuntimeError, OSError) as error:
        reason = str(error).removeprefix(INIT_FAILURE)
        config |= {"StateReason": reason, "StateReasonCode": "FunctionError", "State": FAILED}
    else:
        config |= {"StateReason": "", "StateReasonCode": "", "LastUpdateStatus": "Successful"}
        config["State"] = "Active"
    finally:
        lambda_runtime.kill_workers([worker])


def wait(arn: str) -> None:
    """Wait until a version, by its qualified ARN, is no longer pending. Raises ValueError if it failed."""
    from ministack.services import lambda_svc

    name, _, number = arn.partition(":function:")[2].partition(":")
    versions = (lambda_svc._functions.get(name) or {}).get("versions", {})
    until = time.monotonic() + PATIENCE_S
    while number in versions and time.monotonic() < until:
        config = versions[number]["config"]
        state = config.get("State")
        if state == FAILED:
            raise ValueError(f"Version {number} could not be initialised: {config['StateReason']}")
        if state != PENDING:
            return
        time.sleep(POLL_S)
