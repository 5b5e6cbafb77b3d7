"""Corrections of the emulator's Lambda where it differs from AWS.

Functions do not get the host's environment, a function's credentials cannot be guessed, throttled events
wait, a warm call does not wait for logs, and errors and REPORT lines have AWS's form.
"""

from __future__ import annotations

import hmac
import math
import os
import queue
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import CloudError

from .events import retry_throttled
from .hook import hook, require
from .initialization import has_snapshot, restore_lines, start_in_report
from .limits import Limits

Function = Callable[..., Any]

MARK = "\x1e"  # the worker writes this line after the last line of an invocation
FLUSH = "        _real_stdout.flush()\n"
WRITE_MARK = (
    "        sys.stderr.flush()\n"
    '        os.write(2, b"\\n\\x1e\\n")  # the end of this invocation in the log\n'
)
INIT_FAILURE = "Worker init failed: "
EXIT_WAIT_S = 2.0  # time for a worker to exit after its initialisation failed
LOG_WAIT_S = 0.25  # for the mark; a worker that has died or closed its standard error writes none
LAMBDA_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@dataclass
class Run:
    """One invocation: times [s], the worker's answer and exit code, and its peak memory [MB].

    `init_s` is None for a warm start, `exit_code` None while the worker runs.
    """

    init_s: float | None = None
    duration_s: float = 0.0
    answer: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    peak_mb: int = 0
    code_folder: str = ""
    early_s: float | None = None  # that its environment took before any invocation, if this is the first


_last = threading.local()


def last_run() -> Run:
    """The last invocation of this thread."""
    return getattr(_last, "run", None) or Run()


def install(limits: Limits) -> None:
    """Correct the emulator that is loaded in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    _check_names(lambda_runtime, lambda_svc)
    hook(lambda_runtime, "_detect_runtime_binary", "runtime", _mark_log_end)
    worker = lambda_runtime.Worker
    hook(worker, "_drain_stderr_bounded", "self first_line_wait idle_confirm hard_cap", _drain_to_mark)
    hook(worker, "_spawn", "self", _time_spawn)
    invoke = "self event request_id trace_id depth durable invoked_function_arn"
    hook(worker, "invoke", invoke, _time_invoke)
    hook(lambda_runtime, "execution_credentials", "config", _secure_credentials)
    lambda_runtime.subprocess = _Subprocess()
    dispatch = "func config event request_id started"
    hook(lambda_svc, "_execute_function_dispatch", dispatch, _shape_errors)
    log_parameters = "func request_id log_text error duration_ms log_source"
    hook(lambda_svc, "_emit_lambda_logs", log_parameters, _write_report)
    hook(lambda_svc, "invoke_async_with_retry", "func event", retry_throttled(limits))


def _check_names(lambda_runtime: Any, lambda_svc: Any) -> None:
    require(lambda_svc, "_run_with_function_config_scope", "func_or_config callback args kwargs")
    require(lambda_svc, "_execute_function", "func event")
    require(lambda_svc, "_route_async_failure", "target_arn func_name event result")
    if lambda_runtime.subprocess is not subprocess:
        raise CloudError("ministack: lambda_runtime.subprocess is not the module: expected a fresh process")


# Logs: a warm call does not wait for lines that never come


def _mark_log_end(original: Function) -> Function:
    def detect(runtime: str) -> Any:
        binary, script = original(runtime)
        if not runtime.startswith("python"):
            return binary, script
        before, flush, after = script.rpartition(FLUSH)
        if not flush:
            raise CloudError(
                "ministack: its Python worker has changed: expected a flush after each invocation"
            )
        return binary, before + WRITE_MARK + flush + after

    return detect


def _drain_to_mark(original: Function) -> Function:
    def drain(self: Any, *args: Any, **kwargs: Any) -> str:
        if not str(self.config.get("Runtime", "python")).startswith("python"):
            return str(original(self, *args, **kwargs))
        lines: list[str] = []
        until = time.monotonic() + LOG_WAIT_S
        while (remaining_s := until - time.monotonic()) > 0:
            try:
                line = self._stderr_queue.get(timeout=remaining_s)
            except queue.Empty:
                break
            if line == MARK:
                break
            lines.append(line)
        return "\n".join(lines[:-1] if lines and not lines[-1] else lines)

    return drain


# REPORT lines with AWS's figures


def _time_spawn(original: Function) -> Function:
    def spawn(self: Any) -> None:
        began = time.monotonic()
        original(self)
        self.explorer_init_s, self.explorer_process = time.monotonic() - began, self._proc

    return spawn


def _time_invoke(original: Function) -> Function:
    def invoke(self: Any, *args: Any, **kwargs: Any) -> Any:
        early_s, self.explorer_early_s = getattr(self, "explorer_early_s", None), None
        self.explorer_init_s = None  # the spawn sets it, if there is one
        began = time.monotonic()
        try:
            answer = original(self, *args, **kwargs)
        except (RuntimeError, OSError) as error:
            answer = _start_failure(self, error, time.monotonic() - began)
        init_s, process = self.explorer_init_s, self.explorer_process
        duration_s = time.monotonic() - began - (init_s or 0)
        folder = f"{self._tmpdir}/code"
        peak_mb = _peak_mb(process.pid)
        _last.run = Run(init_s, duration_s, answer, process.poll(), peak_mb, folder, early_s)
        return answer

    return invoke


def _start_failure(worker: Any, error: Exception, took_s: float) -> dict[str, Any]:
    """The answer when an environment's start failed; raising would end all environments of the function."""
    process, worker._proc = worker._proc, None  # the next call starts another
    if process is None:
        raise error
    with suppress(subprocess.TimeoutExpired):
        process.wait(EXIT_WAIT_S)  # it exits by itself, with its own exit code
    process.kill()
    process.wait()
    worker.explorer_init_s, worker.explorer_process = took_s, process
    return {"status": "error", "error": str(error), "log": worker._drain_stderr()}


def _peak_mb(pid: int) -> int:
    """Peak resident memory of a process [MB], 0 where the system does not report it."""
    try:
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return math.ceil(int(peak[1]) / 1024) if peak else 0


def _write_report(original: Function) -> Function:
    def emit(func: Any, request_id: str, log_text: str, error: bool, duration_ms: int, **kwargs: Any) -> Any:
        run = last_run()
        if kwargs.get("log_source") or not run.answer:
            return original(func, request_id, log_text, error, duration_ms, **kwargs)
        config = func.get("config") or func
        restored = run.init_s is not None and has_snapshot(config)
        start = f"START RequestId: {request_id} Version: {config.get('Version', '$LATEST')}"
        first = [*restore_lines(config, run.init_s or 0), start] if restored else []
        lines = [*first, log_text, f"END RequestId: {request_id}", report_line(func, request_id, run)]
        text = "\n".join(filter(None, lines))
        return original(func, request_id, text, error, duration_ms, log_source="rie")

    return emit


def report_line(func: Any, request_id: str, run: Run) -> str:
    """AWS's REPORT line: times [ms] to two places, the billed one with the initialisation and rounded up.

    Parameters
    ----------
    func : the function, as the emulator records it
    request_id : of the invocation
    run : the invocation
    """
    config = func.get("config") or func
    duration_ms, start_ms = run.duration_s * 1000, (run.init_s or 0) * 1000
    billed_ms = math.ceil(duration_ms + start_ms)
    if has_snapshot(config):
        billed_ms = math.ceil(duration_ms) + math.ceil(start_ms)
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms} ms",
        f"Memory Size: {config.get('MemorySize', 128)} MB",
        f"Max Memory Used: {run.peak_mb} MB",
    ]
    parts += start_in_report(config, run.init_s, run.early_s)
    if "timed out" in str(run.answer.get("error", "")):
        parts.append("Status: timeout")
    return "\t".join(parts) + "\t"


# Errors in the form of AWS's own runtime


def _shape_errors(original: Function) -> Function:
    def dispatch(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        _last.run = Run()
        result = original(func, config, event, request_id, started)
        run = last_run()
        if result.get("error") and run.answer.get("status") == "error":
            result = {**result, "body": _error_body(request_id, run), "function_error": "Unhandled"}
        return result

    return dispatch


def _error_body(request_id: str, run: Run) -> dict[str, Any]:
    message, trace = str(run.answer.get("error")), str(run.answer.get("trace") or "")
    if message.startswith("Task timed out"):
        text = f"RequestId: {request_id} Error: {message}"
        return {"errorType": "Sandbox.Timedout", "errorMessage": text}
    if message.startswith(INIT_FAILURE):
        return {"errorType": "Runtime.Unknown", "errorMessage": message.removeprefix(INIT_FAILURE)}
    if not trace:
        exit_message = (
            f"RequestId: {request_id} Error: Runtime exited with error: {_exit_text(run.exit_code)}"
        )
        return {"errorType": "Runtime.ExitError", "errorMessage": exit_message}
    trace = trace.replace(run.code_folder, "/var/task")
    frames = re.findall(r'^  File "[^"]*".*\n(?:    .*\n)*', trace, re.MULTILINE)
    last = trace.rpartition(frames[-1])[2] if frames else trace
    kind = re.match(r"[\w.]+", last)
    return {
        "errorMessage": message,
        "errorType": kind[0].rpartition(".")[2] if kind else "Exception",
        "requestId": request_id,
        "stackTrace": frames[1:],  # the first frame is the worker's
    }


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return "signal: killed" if code == -9 else f"signal: {-code}"
    return f"exit status {code or 0}"


# Environment and credentials: nothing of the host


class _Subprocess:
    """`subprocess` for the workers: without the environment of the cloud's own process."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, *args: Any, env: Mapping[str, str], **kwargs: Any) -> Any:  # noqa: N802
        """As `subprocess.Popen`, with the environment of a function."""
        popen: Any = subprocess.Popen
        return popen(*args, env=function_environment(env), **kwargs)


def function_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a function: Lambda's variables and those of `env` that the host does not have."""
    import boto3

    variables = {name: value for name, value in env.items() if os.environ.get(name) != value}
    libraries = str(Path(boto3.__file__).parents[1])  # in place of /var/runtime on AWS
    return {**LAMBDA_ENVIRONMENT, "PYTHONPATH": libraries, "TMPDIR": os.environ["TMPDIR"], **variables}


def _secure_credentials(original: Function) -> Function:
    """Make the credentials of an execution role secret: the emulator derives them from public names."""
    cloud_key = secrets.token_bytes(32)

    def credentials(config: Mapping[str, Any]) -> dict[str, str]:
        from ministack.services import sts

        original_keys = original(config)
        session = sts._sessions[original_keys["AWS_ACCESS_KEY_ID"]]
        secret = hmac.digest(cloud_key, original_keys["AWS_SECRET_ACCESS_KEY"].encode(), "sha256").hex()
        token = hmac.digest(cloud_key, original_keys["AWS_SESSION_TOKEN"].encode(), "sha256").hex()
        session |= {"SecretAccessKey": secret, "SessionToken": token}
        return {**original_keys, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    return credentials
