"""What a function and its caller see of an invocation: environment, request id, trace, tail of the log."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .durable import is_durable
from .hook import hook, require
from .initialization import LOG_NAMES, ON_DEMAND, SNAPSHOT, type_of
from .limits import Limits
from .limits_at_door import CALL, DOOR
from .patch_runtime import last_run, report_line
from .starts import YIELDS, YIELDS_AT_DOOR, yield_to_the_cloud

Function = Callable[..., Any]

WEB_DOORS = {"http-api", "rest-api", "function-url", "balancer"}  # a client waits behind each
RUNTIME_API = "127.0.0.1:9001"  # of AWS's own runtimes; here nothing listens there


_spawning = threading.local()


def install(limits: Limits) -> None:
    """Give functions of the emulator in this process the environment, ids and logs of AWS."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    hook(lambda_runtime.Worker, "_spawn", "self", _remember_config)
    lambda_runtime.subprocess = _Environment(lambda_runtime.subprocess)
    hook(lambda_svc, "_xray_trace_id_for_invocation", "config inbound_trace_header", _add_trace_header)
    dispatch = "func config event request_id started"
    hook(lambda_svc, "_execute_function_dispatch", dispatch, _share_request_id)
    require(lambda_svc, "_emit_lambda_logs", "func request_id log_text error duration_ms log_source")


# The environment


class _Environment:
    """`subprocess` for the workers, with the variables that Lambda itself sets."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def Popen(self, *args: Any, env: Mapping[str, str], **kwargs: Any) -> Any:  # noqa: N802
        """As `subprocess.Popen`, at a lower priority; adds Lambda's variables while a worker starts."""
        config = getattr(_spawning, "config", None)
        variables = lambda_variables(config, _spawning.type) if config is not None else {}
        whole = {**env, **variables}
        if variables.get("AWS_LAMBDA_INITIALIZATION_TYPE") == SNAPSHOT:
            whole = {name: value for name, value in whole.items() if name not in LOG_NAMES}
        process = self.inner.Popen(*args, env=whole, **kwargs)
        yield_to_the_cloud(process.pid, YIELDS_AT_DOOR if DOOR.get() in WEB_DOORS else YIELDS)
        return process


def lambda_variables(config: Mapping[str, Any], initialization: str = ON_DEMAND) -> dict[str, str]:
    """The variables that Lambda itself sets for a function, from its configuration."""
    name, version = config.get("FunctionName", ""), config.get("Version", "$LATEST")
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    today = datetime.now(UTC).strftime("%Y/%m/%d")
    return {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{today}/[{version}]{uuid.uuid4().hex}",
        "AWS_LAMBDA_RUNTIME_API": RUNTIME_API,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": config.get("Handler", ""),
    }


def _remember_config(original: Function) -> Function:
    def spawn(self: Any) -> None:
        _spawning.config, _spawning.type = self.config, type_of(self)
        try:
            original(self)
        finally:
            _spawning.config = None

    return spawn


def _add_trace_header(original: Function) -> Function:
    """Give every invocation a trace header; where tracing is off, with `Sampled=0`."""

    def trace(*args: Any, **kwargs: Any) -> str:
        header = original(*args, **kwargs)
        root = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        return str(header or f"{root};Parent={secrets.token_hex(8)};Sampled=0")

    return trace


# The id and the log


def _share_request_id(original: Function) -> Function:
    def dispatch(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        call = CALL.get()
        function = config.get("FunctionArn", "")
        if call is not None and (not call.function or (call.function == function and not is_durable(func))):
            request_id, call.function = call.id, function
        result = original(func, config, event, request_id, started)
        if isinstance(result, dict) and last_run().answer:
            lines = [
                f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}",
                result.get("log") or "",
                f"END RequestId: {request_id}",
                report_line(func, request_id, last_run()),
            ]
            result = {**result, "log": "\n".join(filter(None, lines)) + "\n"}
        return result

    return dispatch
