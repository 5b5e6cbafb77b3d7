"""Where the emulator does otherwise than AWS, corrected.

The host's environment does not reach functions, a function's credentials cannot be guessed, throttled
events wait, a warm call does not wait for logs, and errors and REPORT lines have AWS's form.
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

from .events import patient
from .hook import checked, hook
from .initialization import has_snapshot, restore_lines, start_in_report
from .limits import Limits
from .starts import yield_to_the_cloud

Function = Callable[..., Any]

MARK = "\x1e"  # the worker's line after the last that an invocation wrote
FLUSH = "        _real_stdout.flush()\n"
MARKED = (
    "        sys.stderr.flush()\n"
    '        os.write(2, b"\\n\\x1e\\n")  # the end of this invocation in the log\n'
)
NOT_INITIALISED = "Worker init failed: "
ENDS_S = 2.0  # how long a worker that could not be initialised may take to exit
LOG_WAIT_S = 0.25  # for the mark of a worker that has died or closed its standard error
AS_ON_LAMBDA = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "en_US.UTF-8",
    "TZ": ":UTC",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@dataclass
class Run:
    """The last invocation of this thread: what it took, and what its worker answered."""

    init_s: float | None = None
    duration_s: float = 0.0
    answer: Mapping[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    peak_mb: int = 0
    code_folder: str = ""
    early_s: float | None = None  # that its environment took before any invocation, if this is the first


_last = threading.local()


def last_run() -> Run:
    """The run that this thread's last invocation was."""
    return getattr(_last, "run", None) or Run()


def install(limits: Limits) -> None:
    """Correct the emulator that is loaded in this process."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    _check_names(lambda_runtime, lambda_svc)
    hook(lambda_runtime, "_detect_runtime_binary", "runtime", _marking)
    worker = lambda_runtime.Worker
    hook(worker, "_drain_stderr_bounded", "self first_line_wait idle_confirm hard_cap", _until_mark)
    hook(worker, "_spawn", "self", _timed_spawn)
    invoke = "self event request_id trace_id depth durable invoked_function_arn"
    hook(worker, "invoke", invoke, _timed_invoke)
    hook(lambda_runtime, "execution_credentials", "config", _unguessable)
    lambda_runtime.subprocess = _Spawning()
    dispatch = "func config event request_id started"
    hook(lambda_svc, "_execute_function_dispatch", dispatch, _aws_errors)
    logged = "func request_id log_text error duration_ms log_source"
    hook(lambda_svc, "_emit_lambda_logs", logged, _reporting)
    hook(lambda_svc, "invoke_async_with_retry", "func event", patient(limits))


def _check_names(lambda_runtime: Any, lambda_svc: Any) -> None:
    checked(lambda_svc, "_run_with_function_config_scope", "func_or_config callback args kwargs")
    checked(lambda_svc, "_execute_function", "func event")
    checked(lambda_svc, "_route_async_failure", "target_arn func_name event result")
    if lambda_runtime.subprocess is not subprocess:
        raise CloudError("ministack: lambda_runtime.subprocess is not the module: expected a fresh process")


# A warm call does not wait for logs that never come


def _marking(original: Function) -> Function:
    def detect(runtime: str) -> Any:
        binary, script = original(runtime)
        if not runtime.startswith("python"):
            return binary, script
        before, flush, after = script.rpartition(FLUSH)
        if not flush:
            raise CloudError(
                "ministack: its Python worker is another: expected a flush after each invocation"
            )
        return binary, before + MARKED + flush + after

    return detect


def _until_mark(original: Function) -> Function:
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


def _timed_spawn(original: Function) -> Function:
    def spawn(self: Any) -> None:
        began = time.monotonic()
        original(self)
        self.explorer_init_s, self.explorer_process = time.monotonic() - began, self._proc

    return spawn


def _timed_invoke(original: Function) -> Function:
    def invoke(self: Any, *args: Any, **kwargs: Any) -> Any:
        early_s, self.explorer_early_s = getattr(self, "explorer_early_s", None), None
        self.explorer_init_s = None  # unless it has to be started
        began = time.monotonic()
        try:
            answer = original(self, *args, **kwargs)
        except (RuntimeError, OSError) as error:
            answer = _not_started(self, error, time.monotonic() - began)
        init_s, process = self.explorer_init_s, self.explorer_process
        duration_s = time.monotonic() - began - (init_s or 0)
        folder = f"{self._tmpdir}/code"
        peak_mb = _peak_mb(process.pid)
        _last.run = Run(init_s, duration_s, answer, process.poll(), peak_mb, folder, early_s)
        return answer

    return invoke


def _not_started(worker: Any, error: Exception, took_s: float) -> dict[str, Any]:
    """The answer of an environment that did not come up; raised, it would end all of the function's."""
    process, worker._proc = worker._proc, None  # another is started in its place when next called
    if process is None:
        raise error
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDS_S)  # by itself: so that the answer has its own exit code
    process.kill()
    process.wait()
    worker.explorer_init_s, worker.explorer_process = took_s, process
    return {"status": "error", "error": str(error), "log": worker._drain_stderr()}


def _peak_mb(pid: int) -> int:
    """The most memory that the process has held [MB], 0 where the system does not say."""
    try:
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return math.ceil(int(peak[1]) / 1024) if peak else 0


def _reporting(original: Function) -> Function:
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
    """AWS's own line: times in ms to two places, billed time with the initialisation, rounded up."""
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


# Errors as AWS's own runtime gives them


def _aws_errors(original: Function) -> Function:
    def dispatch(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        _last.run = Run()
        result = original(func, config, event, request_id, started)
        run = last_run()
        if result.get("error") and run.answer.get("status") == "error":
            result = {**result, "body": _error(request_id, run), "function_error": "Unhandled"}
        return result

    return dispatch


def _error(request_id: str, run: Run) -> dict[str, Any]:
    message, trace = str(run.answer.get("error")), str(run.answer.get("trace") or "")
    if message.startswith("Task timed out"):
        text = f"RequestId: {request_id} Error: {message}"
        return {"errorType": "Sandbox.Timedout", "errorMessage": text}
    if message.startswith(NOT_INITIALISED):
        return {"errorType": "Runtime.Unknown", "errorMessage": message.removeprefix(NOT_INITIALISED)}
    if not trace:
        ended = f"RequestId: {request_id} Error: Runtime exited with error: {_ending(run.exit_code)}"
        return {"errorType": "Runtime.ExitError", "errorMessage": ended}
    trace = trace.replace(run.code_folder, "/var/task")
    frames = re.findall(r'^  File "[^"]*".*\n(?:    .*\n)*', trace, re.MULTILINE)
    last = trace.rpartition(frames[-1])[2] if frames else trace
    kind = re.match(r"[\w.]+", last)
    return {
        "errorMessage": message,
        "errorType": kind[0].rpartition(".")[2] if kind else "Exception",
        "requestId": request_id,
        "stackTrace": frames[1:],  # the first is the worker's
    }


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return "signal: killed" if code == -9 else f"signal: {-code}"
    return f"exit status {code or 0}"


# Nothing of the host in a function


class _Spawning:
    """`subprocess` for the workers, without what belongs to the cloud's own process."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, *args: Any, env: Mapping[str, str], **kwargs: Any) -> Any:  # noqa: N802
        """As `subprocess.Popen`, the environment being that of a function."""
        popen: Any = subprocess.Popen
        process = popen(*args, env=function_environment(env), **kwargs)
        yield_to_the_cloud(process.pid)
        return process


def function_environment(env: Mapping[str, str]) -> dict[str, str]:
    """What a function sees of `env`: its own variables and Lambda's, not the host's."""
    import boto3

    own = {name: value for name, value in env.items() if os.environ.get(name) != value}
    libraries = str(Path(boto3.__file__).parents[1])  # as /var/runtime on AWS
    return {**AS_ON_LAMBDA, "PYTHONPATH": libraries, "TMPDIR": os.environ["TMPDIR"], **own}


def _unguessable(original: Function) -> Function:
    """The credentials of an execution role; the emulator makes them from names that anyone may know."""
    cloud_key = secrets.token_bytes(32)

    def credentials(config: Mapping[str, Any]) -> dict[str, str]:
        from ministack.services import sts

        guessable = original(config)
        session = sts._sessions[guessable["AWS_ACCESS_KEY_ID"]]
        secret = hmac.digest(cloud_key, guessable["AWS_SECRET_ACCESS_KEY"].encode(), "sha256").hex()
        token = hmac.digest(cloud_key, guessable["AWS_SESSION_TOKEN"].encode(), "sha256").hex()
        session |= {"SecretAccessKey": secret, "SessionToken": token}
        return {**guessable, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}

    return credentials
