"""What one uncertain input alone does to the design, as a document shows it."""

from __future__ import annotations

from collections.abc import Callable

from explorer.analysis.recommendation import Recommendation
from explorer.analysis.sensitivity.tornado import Sensitivity, Swing, sensitivity
from explorer.facts.units import format_cents

from .blocks import Cell, Table, table

MOST = 12


def report_sensitivity(r: Recommendation) -> Sensitivity:
    """The design of the document over twice and half of each input."""
    return sensitivity(r.workload, design=r.nearest)


def swings_table(found: Sensitivity) -> Table | None:
    """The inputs that move the cost most, or that can make the design fail."""
    kept = [swing for swing in found.swings if swing.swing_usd > 0.005 or _fails_in_part(swing)]
    said = {given.field: given.said for given in found.ranges}
    rows = [_swing_row(swing, said[swing.input]) for swing in kept[:MOST]]
    head = "Input | >Low | >Today | >High | >USD at low | >USD at high | Is the best | Stays feasible"
    caption = "Half and twice of one input at a time, largest swing of the cost first"
    return table(caption, head, rows, look="wide") if rows else None


def _fails_in_part(swing: Swing) -> bool:
    """Whether the design fails in a part of the range, and in another does not."""
    return not swing.feasible and swing.feasible_from is not None


def _swing_row(swing: Swing, said: Callable[[float], str]) -> list[Cell | str]:
    values = (said(value) for value in (swing.low, swing.now, swing.high))
    feasible = _range_where(swing.feasible_from, swing.feasible_to, swing, said)
    return [
        Cell(swing.input, kind="code"),
        *values,
        format_cents(swing.usd_low),
        format_cents(swing.usd_high),
        _range_where(swing.best_from, swing.best_to, swing, said),
        Cell(feasible, f"`{swing.because}`" if swing.because else ""),
    ]


def _range_where(low: float | None, high: float | None, swing: Swing, said: Callable[[float], str]) -> str:
    """The part of the range about today's value in which something holds."""
    if low is None or high is None:
        return "nowhere"
    from_low, to_high = low <= swing.low * (1 + 1e-9), high >= swing.high * (1 - 1e-9)
    if from_low and to_high:
        return "all along"
    if from_low:
        return f"up to {said(high)}"
    return f"from {said(low)}" if to_high else f"{said(low)} to {said(high)}"
