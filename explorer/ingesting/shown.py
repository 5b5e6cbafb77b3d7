"""What a person is told of an ingest: what was read, what it says, what is left to ask."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType


def told(answer: dict[str, Any]) -> Iterator[RenderableType]:
    """What a person is told: what was read, what it says, what is left to ask."""
    from rich.text import Text

    from ..screen import Whole, listed, table, title

    bad = answer["unreadable"]
    yield Text.assemble(
        f"{answer['read']:,} lines read, {answer['used']:,} used, ",
        (f"{bad:,} unreadable", "yellow" if bad else ""),
    )
    yield from listed(answer["examples"])
    rows = [_quantiles(name, answer[name]) for name in SHOWN if answer[name]]
    if rows:
        yield title(f"{answer['invocations']:,} invocations")
        yield table(("", ">p50", ">p90", ">p99", ">p99.9", ">max"), rows)
    yield from listed(_facts(answer))
    if answer["sweep"]:
        yield title("Memory sweep", "mean duration, cost of one invocation, and of the design in a month")
        yield table(
            (">memory", ">ms", ">USD", ">USD a month", "design"), [_row(row) for row in answer["sweep"]]
        )
    if answer["questions"]:
        yield title("Left to you")
        yield from listed(f"{name}: {asked}" for name, asked in answer["questions"].items())
    for path in answer["written"]:
        yield Whole(f"Wrote {path}")
    if answer["written"]:
        path = shlex.quote(str(answer["written"][0]))
        needs = [name for name in answer["missing"] if name in ("requests_per_month", "response", "runtime")]
        if needs:
            yield Whole(f"Next: say {', '.join(needs)} in {path}, then explorer recommend {path}")
        else:
            yield Whole(f"Next: explorer recommend {path}")


SHOWN = {
    "duration_ms": "duration, ms",
    "billed_ms": "billed, ms",
    "init_ms": "init, ms",
    "restore_ms": "restore, ms",
    "max_memory_mb": "memory used, MB",
    "request_bytes": "request, bytes",
    "response_bytes": "response, bytes",
}


def _quantiles(name: str, found: dict[str, float]) -> tuple[str, ...]:
    return SHOWN[name], *(f"{value:,.6g}" if value < 1e6 else f"{value:,.0f}" for value in found.values())


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    monthly = f"{row['monthly_usd']:,.2f}" if "monthly_usd" in row else ""
    design = ", ".join((row.get("design") or {}).values())
    return f"{row['memory_mb']:g} MB", f"{row['duration_ms']:,.6g}", f"{row['cost_usd']:.3g}", monthly, design


def _facts(answer: dict[str, Any]) -> Iterator[str]:
    from explorer.facts.units import format_number, format_time

    for says, counts in (
        ("failed", answer["errors"]),
        ("initialisations that failed", answer["failed_inits"]),
        ("refused or failed at the door", answer["http_errors"]),
        ("memory size, MB", answer["memory_mb"]),
    ):
        if counts:
            yield f"{says}: {', '.join(f'{count:,} x {kind}' for kind, count in counts.items())}"
    if "timeout" in answer["errors"]:
        yield "a time-out's duration is a lower bound: the work was cut off"
    if answer["cold_start_share"] is not None:
        yield f"cold starts: {answer['cold_start_share']:.3%}"
    if answer["span_s"]:
        yield f"from the first to the last line: {format_time(answer['span_s'])}"
    if answer["requests_per_month"]:
        yield f"requests a month: {format_number(answer['requests_per_month'])}"
    if answer["busiest_minute_rps"]:
        yield (
            f"busiest minute: {format_number(answer['busiest_minute_rps'])} a second; "
            f"busiest second: {format_number(answer['busiest_second_rps'])}"
        )
    yield from answer["notes"]
