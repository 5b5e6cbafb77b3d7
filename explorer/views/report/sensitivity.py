"""The effect of each uncertain input on the design, for a document."""

from __future__ import annotations

from collections.abc import Callable

from explorer.analysis.break_evens import RATE, what_moves_along
from explorer.analysis.phrases import cause_in_words, sentence
from explorer.analysis.recommendation import Recommendation
from explorer.analysis.sensitivity.ranges import noun_of
from explorer.analysis.sensitivity.tornado import Sensitivity, Swing, sensitivity
from explorer.facts.units import format_cents

from .blocks import Cell, Table, table

MOST = 12


def report_sensitivity(r: Recommendation) -> Sensitivity:
    """The document's design over half to twice each input."""
    return sensitivity(r.workload, design=r.nearest)


def swings_table(sensitivity: Sensitivity) -> Table | None:
    """The inputs that move the cost most, or that can make the design infeasible."""
    swings = [swing for swing in sensitivity.swings if swing.swing_usd > 0.005 or _fails_in_part(swing)]
    wording_by_field = {input_range.field: input_range.format_value for input_range in sensitivity.ranges}
    rows = [_swing_row(swing, wording_by_field[swing.input]) for swing in swings[:MOST]]
    head = "Input | >Low | >Today | >High | >USD at low | >USD at high | Is the best | Stays feasible"
    fields = (swing.input for swing in swings[:MOST] if swing.input != RATE)  # its peak is an input too
    moves = what_moves_along(sensitivity.workload, fields)
    caption = "Half and twice of one input at a time, largest swing of the cost first"
    caption += f". {moves.rstrip('.')}" if moves else ""
    return table(caption, head, rows, look="wide") if rows else None


def _fails_in_part(swing: Swing) -> bool:
    """Whether the design is infeasible in a part of the range only."""
    return not swing.feasible and swing.feasible_from is not None


def _swing_row(swing: Swing, wording: Callable[[float], str]) -> list[Cell | str]:
    values = (wording(value) for value in (swing.low, swing.now, swing.high))
    feasible = _range_where(swing.feasible_from, swing.feasible_to, swing, wording)
    return [
        Cell(sentence(noun_of(swing.input), ""), f"`{swing.input}`"),
        *values,
        format_cents(swing.usd_low),
        format_cents(swing.usd_high),
        _range_where(swing.best_from, swing.best_to, swing, wording),
        Cell(feasible, f"outside it: {cause_in_words(swing.because)}" if swing.because else ""),
    ]


def _range_where(low: float | None, high: float | None, swing: Swing, wording: Callable[[float], str]) -> str:
    """The part of the range around today's value in which a condition holds."""
    if low is None or high is None:
        return "nowhere"
    from_low, to_high = low <= swing.low * (1 + 1e-9), high >= swing.high * (1 - 1e-9)
    if from_low and to_high:
        return "all along"
    if from_low:
        return f"up to {wording(high)}"
    return f"from {wording(low)}" if to_high else f"{wording(low)} to {wording(high)}"
