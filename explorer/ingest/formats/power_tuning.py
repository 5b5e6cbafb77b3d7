"""Results of AWS Lambda Power Tuning: time and cost by memory size, from its JSON or its chart's URL."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.ingest.frame import Part, excerpt

if TYPE_CHECKING:
    from explorer.workload.workload import Workload

PICTURE = re.compile(r"#([A-Za-z0-9+/=]+);([A-Za-z0-9+/=]+);([A-Za-z0-9+/=]+)")
LARGEST = 32 << 20
NOTE = "AWS Lambda Power Tuning gives the mean time of each memory size: no tail"


def is_tuning(head: bytes) -> bool:
    """Whether a file begins as a result of Lambda Power Tuning."""
    return (b'"power"' in head and b'"stateMachine"' in head) or b'"averageDuration"' in head


def read(text: bytes) -> Part:
    """The memory sweep of one result; the memory size that it recommends goes into the workload."""
    part = Part(read=text.count(b"\n") + 1)
    try:
        result = json.loads(text[:LARGEST])
    except (ValueError, RecursionError):
        result = None
    if isinstance(result, dict) and isinstance(result.get("output"), str):  # the description of an execution
        try:
            result = json.loads(result["output"])
        except (ValueError, RecursionError):
            result = None
    sweep = _sweep(result) if isinstance(result, dict) else []
    if not sweep:
        part.count_unreadable(excerpt(text))
        return part
    power = _number(result.get("power"))
    choice = next((row for row in sweep if row["memory_mb"] == power), sweep[0])
    part.used_lines = len(sweep)
    part.facts = {"sweep": sweep, "memory_mb": choice["memory_mb"], "mean_ms": choice["duration_ms"]}
    part.notes = [NOTE]
    return part


def _sweep(result: dict[str, Any]) -> list[dict[str, float]]:
    """Memory [MB], mean duration [ms] and cost [USD] of each size, in order of memory."""
    stats = result.get("stats")
    rows: list[tuple[Any, Any, Any]] = [
        (row.get("value"), row.get("averageDuration"), row.get("averagePrice"))
        for row in (stats if isinstance(stats, list) else [])
        if isinstance(row, dict)
    ]
    machine = result.get("stateMachine")
    address = machine.get("visualization") if isinstance(machine, dict) else None
    rows = rows or list(_picture_points(address if isinstance(address, str) else ""))
    rows = rows or [(result.get("power"), result.get("duration"), result.get("cost"))]
    by_memory = {}
    for row in rows:
        memory, duration, cost = (_number(value) for value in row)
        if memory and duration and 64 <= memory <= 122880:
            by_memory[memory] = {"memory_mb": memory, "duration_ms": duration, "cost_usd": cost or 0.0}
    return [by_memory[memory] for memory in sorted(by_memory)]


def _picture_points(address: str) -> list[tuple[float, float, float]]:
    """The points of the chart: its URL contains memory sizes, times and costs."""
    match = PICTURE.search(address)
    if not match:
        return []
    try:
        raw = [base64.b64decode(text + "=" * (-len(text) % 4)) for text in match.groups()]
        columns = [np.frombuffer(one, kind) for one, kind in zip(raw, ("<i2", "<f4", "<f4"), strict=True)]
    except ValueError:
        return []
    return list(zip(*(column.astype(float).tolist() for column in columns), strict=False))


def choices(workload: Workload, sweep: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Each memory size of a sweep as a choice: the recommended design with its time, and the cost.

    `workload` has every field that a recommendation needs; the size with the lowest score is best.
    """
    from explorer.analysis.recommendation import recommend

    rows = []
    for row in sweep:
        at = {"runtime": {"value": row["duration_ms"] / 1000, "memory": max(row["memory_mb"], 128)}}
        r = recommend(workload.replace(at))
        design = r.design.ids if r.design else None
        cost = {"monthly_usd": float(r.monthly_usd), "score_usd": float(r.score_usd)} if r.design else {}
        rows.append({**row, "design": design, **cost})
    return rows


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 < number < 1e15 else None
