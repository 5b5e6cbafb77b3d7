"""What Lambda reports of one invocation, in one line of its log: text, or its JSON format."""

from __future__ import annotations

import json
import re
from typing import Any

NUMBER = r"(\d+(?:\.\d+)?)"
DURATION = r"(?<!Billed )(?<!Init )(?<!Restore )(?<!Runtime )Duration: "
TEXT = {  # of a REPORT line, in any order and with any white space, escaped or not, between the fields
    "duration_ms": re.compile(DURATION + NUMBER + " ms"),
    "billed_ms": re.compile(rf"Billed Duration: {NUMBER} ms"),
    "memory_mb": re.compile(rf"Memory Size: {NUMBER} MB"),
    "used_mb": re.compile(rf"Max Memory Used: {NUMBER} MB"),
    "init_ms": re.compile(rf"Init Duration: {NUMBER} ms"),
    "restore_ms": re.compile(rf"(?<!Billed )Restore Duration: {NUMBER} ms"),
}
METRICS = {  # the same in Lambda's JSON log format
    "duration_ms": "durationMs",
    "billed_ms": "billedDurationMs",
    "memory_mb": "memorySizeMB",
    "used_mb": "maxMemoryUsedMB",
    "init_ms": "initDurationMs",
    "restore_ms": "restoreDurationMs",
}
REPORT = "REPORT RequestId: "
REQUEST_ID = re.compile(r"REPORT RequestId: ([^\s\\\"]+)")
STATUS = re.compile(r"Status: (\w+)")
ERROR_TYPE = re.compile(r"Error Type: ([^\s\\\"]+)")
LONGEST_MS = 366 * 86400e3  # what is longer was not measured


def parse(line: str) -> dict[str, Any] | None:
    """The figures of one REPORT line by name, with `id` and `error` where it has them.

    None if it is no report, or has no duration: then it cannot be read. `error` is "timeout",
    the type of the error such as "Runtime.OutOfMemory", or None.
    """
    at = line.find(REPORT)
    return _json(line) if at < 0 else _text(line[at:])


def _text(report: str) -> dict[str, Any] | None:
    found = {name: pattern.search(report) for name, pattern in TEXT.items()}
    figures: dict[str, Any] = {name: float(match[1]) for name, match in found.items() if match}
    if not 0 <= figures.get("duration_ms", -1) <= LONGEST_MS:
        return None
    request, status, kind = (pattern.search(report) for pattern in (REQUEST_ID, STATUS, ERROR_TYPE))
    figures["id"] = request[1] if request else None
    figures["error"] = failed(status and status[1], kind and kind[1])
    return figures


def _json(line: str) -> dict[str, Any] | None:
    start = line.find("{")
    try:
        event = json.loads(line[start:]) if start >= 0 else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or event.get("type") != "platform.report":
        return None
    record = event.get("record")
    metrics = record.get("metrics") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(metrics, dict):
        return None
    given: dict[str, Any] = {name: metrics.get(key) for name, key in METRICS.items()}
    figures: dict[str, Any] = {name: float(value) for name, value in given.items() if _is_number(value)}
    if not 0 <= figures.get("duration_ms", -1) <= LONGEST_MS:
        return None
    figures["id"] = record.get("requestId")
    figures["error"] = failed(record.get("status"), record.get("errorType"))
    figures["time"] = event.get("time")
    return figures


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15


def failed(status: Any, kind: Any) -> str | None:
    """How an invocation failed: "timeout", AWS's own type of the error, or None."""
    if not isinstance(status, str) or status == "success":
        return None
    return kind if isinstance(kind, str) and kind and status != "timeout" else status
