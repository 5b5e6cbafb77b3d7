"""Break-evens: the sizes, times and rates around a workload at which the recommendation changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.designs import Design, Table, allowed
from explorer.engine.evaluation import Evaluation
from explorer.engine.search import best_two
from explorer.errors import ExplorerError
from explorer.facts.units import format_multiple, format_quantity_as_listed
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import Behind
from explorer.workload.axes import scale_axis, value_now
from explorer.workload.field_record import Field
from explorer.workload.fields import fields_with
from explorer.workload.kinds import SWITCH

from .phrases import design_difference_or_all

if TYPE_CHECKING:
    from .choice import Choice

REACH = 1000.0  # times up and down that are looked at
COARSE = 49  # points from 1 / REACH to REACH
FINE = 25  # points between two of those, twice
LASTS = 1.01  # times the value of a change: what wins no further than that is passed over
LONGER = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0)  # times today's promise that are tried
AXES = {r.path: r.break_evens for r in fields_with("break_evens") if r.break_evens}


@dataclass(frozen=True)
class BreakEven:
    """A value of one axis at which the recommendation changes."""

    axis: str
    value: float | None  # None: it does not change within reach
    unit: str
    factor: float | None  # times today's value
    direction: str  # above or below
    design: dict[str, str] | None  # what is recommended 1 % beyond it; None where nothing is feasible
    says: str
    service: bool = False  # whether it tells where an always-on service takes over, or Lambda from it

    @property
    def distance(self) -> float:
        """How far it is from today: the logarithm of the factor, whichever the direction."""
        return abs(float(np.log(self.factor))) if self.factor else np.inf


def break_evens(r: Choice) -> list[BreakEven]:
    """The first change up and down each axis, and where an always-on service takes over."""
    return [turn for axis in AXES for turn in _along(r, axis)]


def _evaluated(r: Choice, axis: str, factors: np.ndarray, designs: Table) -> tuple[np.ndarray, Evaluation]:
    evaluation = Evaluation(Conditions(r.workload, scale_axis(r.workload, axis, factors)), designs)
    return evaluation.winner(), evaluation


def _along(r: Choice, axis: str) -> Iterator[BreakEven]:
    today, most = value_now(r.workload, axis), AXES[axis].most
    if today <= 0:
        return
    factors = np.geomspace(1 / REACH, REACH, COARSE)
    factors = factors[today * factors <= most]
    winners, evaluation = _evaluated(r, axis, factors, r.candidates)
    start = int(np.argmin(np.abs(np.log(factors))))
    index = r.candidates.designs.index(r.design) if r.design else -1
    rate = r.design is not None and axis == "requests_per_month"
    services = _service(r, factors, evaluation, winners) if rate else []
    for direction, step in (("above", 1), ("below", -1)):
        changed = _first_change(winners, start, step, index)
        if changed is None:
            continue
        few = _feasible(evaluation, changed - step, changed, index)
        turn = _refined(r, axis, direction, factors[changed - step], factors[changed], few)
        if (turn.direction, turn.design) not in [(s.direction, s.design) for s in services]:
            yield turn
    yield from services


def _feasible(evaluation: Evaluation, inside: int, outside: int, index: int) -> Table:
    """The designs that are feasible at one of two points, and the one with this index."""
    kept = evaluation.feasible[:, inside] | evaluation.feasible[:, outside]
    if index >= 0:
        kept[index] = True
    return evaluation.table.only(kept)


def _first_change(winners: np.ndarray, start: int, step: int, today: int) -> int | None:
    index = start + step
    while 0 <= index < winners.size:
        if winners[index] != today:
            return index
        index += step
    return None


def _refined(r: Choice, axis: str, direction: str, inside: float, outside: float, few: Table) -> BreakEven:
    """The change between two factors, narrowed twice, and what wins from there on, not for a moment only."""
    design: Design | None = None
    for _ in range(2):
        factors = np.geomspace(inside, outside, FINE)
        winners, evaluation = _evaluated(r, axis, factors, few)
        found = [evaluation.designs[w] if w >= 0 else None for w in winners]
        others = [i for i, design in enumerate(found) if design != r.design]
        first = max(others[0], 1) if others else FINE - 1
        inside, outside = factors[first - 1], factors[first]
        design = found[first]
    beyond = outside * (LASTS if direction == "above" else 1 / LASTS)
    (winner,), evaluation = _evaluated(r, axis, np.array([beyond]), few)
    lasting = evaluation.designs[winner] if winner >= 0 else None
    return _turn(r, axis, direction, float(outside), design if lasting == r.design else lasting)


def _turn(r: Choice, axis: str, direction: str, factor: float, design: Design | None) -> BreakEven:
    unit, called = AXES[axis].unit, AXES[axis].noun
    value = value_now(r.workload, axis) * factor
    then = f"build {design_difference_or_all(design, r.design)}" if design else "no design is feasible"
    at = f"{format_quantity_as_listed(value, unit)} ({format_multiple(factor)} today's)"
    says = f"{direction} a {called} of {at}, {then}"
    return BreakEven(axis, value, unit, factor, direction, design.ids if design else None, says)


def _service(r: Choice, factors: np.ndarray, evaluation: Evaluation, winners: np.ndarray) -> list[BreakEven]:
    """Where an always-on service takes over from Lambda, or Lambda from it."""
    always_on = np.array([d.flow.behind is Behind.CONTAINER for d in evaluation.designs])
    serves = np.array([w >= 0 and always_on[w] for w in winners])
    is_service = r.nearest.flow.behind is Behind.CONTAINER
    direction = "below" if is_service else "above"
    start = int(np.argmin(np.abs(np.log(factors))))
    span = range(start, -1, -1) if is_service else range(start, factors.size)
    turned = next((i for i in span if serves[i] != is_service and winners[i] >= 0), None)
    if turned is None:
        return [_no_turn(direction, is_service)]
    previous = turned + 1 if is_service else turned - 1
    few = _feasible(evaluation, previous, turned, evaluation.designs.index(r.nearest))
    fine = np.geomspace(factors[previous], factors[turned], FINE)
    found, narrow = _evaluated(r, "requests_per_month", fine, few)
    on = [w >= 0 and narrow.designs[w].flow.behind is Behind.CONTAINER for w in found]
    first = next((i for i, there in enumerate(on) if there != is_service and found[i] >= 0), FINE - 1)
    turn = _turn(r, "requests_per_month", direction, float(fine[first]), narrow.designs[found[first]])
    return [replace(turn, service=True)]


def _no_turn(direction: str, is_service: bool) -> BreakEven:
    unit = AXES["requests_per_month"].unit
    what = "Lambda takes over" if is_service else "an always-on service takes over"
    reach = f"1/{REACH:,.0f} of" if is_service else f"{REACH:,.0f} times"
    says = (
        f"{what} at no rate down to {reach} today's"
        if is_service
        else f"{what} at no rate up to {reach} today's"
    )
    return BreakEven("requests_per_month", None, unit, None, direction, None, says, True)


def relaxations(r: Choice) -> list[str]:
    """What would make a design feasible, one thing at a time, where none is."""
    helps = []
    records = fields_with("relaxation")
    for record in sorted(records, key=lambda record: record.kind is not SWITCH):  # abilities first
        if record.relaxation and (enough := _enough(r, record)) is not None:
            helps.append(record.relaxation.sentence.format(record.kind.show(enough)))
    return helps


def _enough(r: Choice, record: Field) -> Any:
    """The ability, or the least of the longer promises, with which a design is feasible; None if none is."""
    today = r.load.number(record.path)
    if record.kind is SWITCH:
        values: Iterable[Any] = () if today else (True,)
    else:
        values = (today * factor for factor in LONGER) if today else ()
    return next((value for value in values if _helps(r, record.path, value)), None)


def _helps(r: Choice, field: str, value: object) -> bool:
    """Whether a design is feasible with this field."""
    try:
        load = Conditions(r.workload.replace({field: value}))
    except ExplorerError:  # no valid value: it cannot help
        return False
    return int(best_two(Answers(load, allowed(load))).winner) >= 0
