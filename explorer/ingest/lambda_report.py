"""Lambda's report of one invocation, one line in its log: as text, or in its JSON format."""

from __future__ import annotations

import json
import re
from typing import Any

decode = json.JSONDecoder().raw_decode

NUMBER = r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
DURATION = r"(?<!Billed )(?<!Init )(?<!Restore )(?<!Runtime )Duration: "
TEXT = {  # fields of a REPORT line, in any order, separated by any white space, escaped or not
    "duration_ms": re.compile(DURATION + NUMBER + " ms"),
    "billed_ms": re.compile(rf"Billed Duration: {NUMBER} ms"),
    "memory_mb": re.compile(rf"Memory Size: {NUMBER} MB"),
    "used_mb": re.compile(rf"Max Memory Used: {NUMBER} MB"),
    "init_ms": re.compile(rf"Init Duration: {NUMBER} ms"),
    "restore_ms": re.compile(rf"(?<!Billed )Restore Duration: {NUMBER} ms"),
}
METRICS = {  # the same fields in Lambda's JSON log format
    "duration_ms": "durationMs",
    "billed_ms": "billedDurationMs",
    "memory_mb": "memorySizeMB",
    "used_mb": "maxMemoryUsedMB",
    "init_ms": "initDurationMs",
    "restore_ms": "restoreDurationMs",
}
FLAT = ("at", "type", "id", "status", "kind", *METRICS, "response_bytes")
REPORT = "REPORT RequestId: "
REQUEST_ID = re.compile(r"REPORT RequestId: ([^\s\\\"]+)")
STATUS = re.compile(r"Status: (\w+)")
ERROR_TYPE = re.compile(r"Error Type: ([^\s\\\"]+)")
LONGEST_MS = 366 * 86400e3  # a longer time cannot be a measurement


def parse(line: str) -> dict[str, Any] | None:
    """The figures of a REPORT line by name, with `id` and `error` if it has them.

    None if it is no report, or has no duration and is unreadable. `error` is "timeout", the type of the error
    such as "Runtime.OutOfMemory", or None.
    """
    at = line.find(REPORT)
    return _json(line) if at < 0 else _text(line[at:])


def _text(report: str) -> dict[str, Any] | None:
    matches = {name: pattern.search(report) for name, pattern in TEXT.items()}
    figures: dict[str, Any] = {name: float(match[1]) for name, match in matches.items() if match}
    if not 0 <= figures.get("duration_ms", -1) <= LONGEST_MS:
        return None
    figures = _without_empty_starts(figures)
    request, status, kind = (pattern.search(report) for pattern in (REQUEST_ID, STATUS, ERROR_TYPE))
    figures["id"] = request[1] if request else None
    figures["error"] = failure_kind(status and status[1], kind and kind[1])
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
    values: dict[str, Any] = {name: metrics.get(key) for name, key in METRICS.items()}
    figures: dict[str, Any] = {name: float(value) for name, value in values.items() if _is_number(value)}
    if not 0 <= figures.get("duration_ms", -1) <= LONGEST_MS:
        return None
    figures = _without_empty_starts(figures)
    figures["id"] = record.get("requestId")
    figures["error"] = failure_kind(record.get("status"), record.get("errorType"))
    figures["time"] = event.get("time")
    return figures


def _without_empty_starts(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures without an initialisation of 0 ms: the environment existed, so it was no cold start."""
    return {name: value for name, value in figures.items() if value or name not in ("init_ms", "restore_ms")}


def events_in(line: str) -> tuple[list[dict[str, Any]], bool]:
    """The platform.report and platform.runtimeDone events of a line, and whether a part of it is torn.

    A line may hold several events, one after another, or inside records that contain them as text.
    """
    events: list[dict[str, Any]] = []
    at = line.find("{")
    while at >= 0:
        try:
            value, at = decode(line, at)
        except (ValueError, RecursionError):
            return _unescape(line, events)
        _collect(value, events)
        at = line.find("{", at)
    return events, not events


def _unescape(line: str, events: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """A line with the escaped quotes of nested JSON text unescaped."""
    if not events and '\\"' in line:
        return events_in(line.replace("\\\\", "\\").replace('\\"', '"'))
    return events, True


def _collect(value: Any, events: list[dict[str, Any]]) -> None:
    if isinstance(value, list):
        for one in value:
            _collect(one, events)
    elif isinstance(value, dict):
        if value.get("type") in ("platform.report", "platform.runtimeDone"):
            events.append(value)
            return
        for one in value.values():
            if isinstance(one, str) and "platform." in one and "{" in one:
                events += events_in(one)[0]
            elif isinstance(one, dict | list):
                _collect(one, events)


def flat_event(event: dict[str, Any]) -> tuple[str | None, ...]:
    """The figures of an event as texts, in the order of `FLAT`."""
    record = event.get("record")
    record = record if isinstance(record, dict) else {}
    metrics = record.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    fields = (
        event.get("time"),
        event.get("type"),
        *(record.get(n) for n in ("requestId", "status", "errorType")),
    )
    figures = (metrics.get(key) for key in (*METRICS.values(), "producedBytes"))
    return tuple(
        value.encode("utf-8", "replace").decode()
        if isinstance(value, str)
        else (None if value is None or isinstance(value, bool | dict | list) else repr(value))
        for value in (*fields, *figures)
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15


def failure_kind(status: Any, kind: Any) -> str | None:
    """The kind of failure of an invocation: "timeout", AWS's error type, or None."""
    if not isinstance(status, str) or status == "success":
        return None
    return kind if isinstance(kind, str) and kind and status != "timeout" else status
