"""Break-evens: the sizes, times and rates around a workload at which the recommendation changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from explorer.engine.designs import CONCERNS, OPTIONS, Design, table
from explorer.facts.units import format_multiple, format_percent, format_quantity_as_listed
from explorer.options.base.request_path import Behind
from explorer.workload.axes import scale_axis, value_now
from explorer.workload.fields import fields_with

from .one_design import exclusions
from .phrases import change_in_words, describe_design, exclusion_in_words, option_in_words
from .promises import AUTH, NEEDS
from .variations import variations, winners

if TYPE_CHECKING:
    from .choice import Choice

REACH = 1000.0  # factor up and down within which changes are searched
COARSE = 49  # points from 1 / REACH to REACH
FINE = 25  # points between two of those, in each of two refinements
BEYOND = 1.01  # factor beyond a change: a design that wins only up to there is skipped
AXES = {r.path: r.break_evens for r in fields_with("break_evens") if r.break_evens}


@dataclass(frozen=True)
class BreakEven:
    """A value of one axis at which the recommendation changes."""

    axis: str
    value: float | None  # None: no change within `REACH`
    unit: str
    factor: float | None  # multiple of today's value
    direction: str  # above or below
    design: dict[str, str] | None  # recommended 1 % beyond the value; None where nothing is feasible
    says: str
    service: bool = False  # whether it is the change between Lambda and an always-on service

    @property
    def distance(self) -> float:
        """The distance from today: the absolute logarithm of the factor."""
        return abs(float(np.log(self.factor))) if self.factor else np.inf


@dataclass(frozen=True)
class Bracket:
    """Two multiples of today's value between which the recommendation changes."""

    axis: str
    direction: str
    inside: float  # the one nearer to today
    outside: float
    service: bool = False  # whether it brackets the change between Lambda and an always-on service
    back: float | None = None  # the next point, if today's recommendation holds again there


def break_evens(r: Choice) -> list[BreakEven]:
    """The first change up and down each axis, and the rate at which an always-on service takes over.

    All points of all axes are evaluated together: first the whole range, then the points within every
    bracket.
    """
    along = {axis: _factors(r, axis) for axis in AXES if value_now(r.workload, axis) > 0}
    results = _winners(r, [(axis, factor) for axis, factors in along.items() for factor in factors])
    brackets: dict[str, list[Bracket]] = {}
    for axis, factors in along.items():
        designs, results = results[: len(factors)], results[len(factors) :]
        brackets[axis] = list(_brackets(r, axis, factors, designs))
    turns = _refine(r, [bracket for each in brackets.values() for bracket in each])
    rows = []
    for axis, each in brackets.items():
        services = [turns[bracket] for bracket in each if bracket.service]
        others = [turns[bracket] for bracket in each if not bracket.service]
        if axis == "requests_per_month" and r.design is not None:
            services = services or _services_among(r, others) or [_no_break_even(r)]
        same = [(turn.direction, turn.design) for turn in services]
        rows += [turn for turn in others if (turn.direction, turn.design) not in same] + services
    return rows


def _factors(r: Choice, axis: str) -> np.ndarray:
    factors = np.geomspace(1 / REACH, REACH, COARSE)
    return factors[value_now(r.workload, axis) * factors <= AXES[axis].most]


def _winners(r: Choice, points: Iterable[tuple[str, float]]) -> list[Design | None]:
    """The recommended design at each multiple of an axis."""
    at = [
        {name: values.item() for name, values in scale_axis(r.workload, axis, np.array(factor)).items()}
        for axis, factor in points
    ]
    return winners(variations(r.workload, at), r.candidates) if at else []


def _brackets(r: Choice, axis: str, factors: np.ndarray, designs: list[Design | None]) -> Iterator[Bracket]:
    """The brackets of the first change on each side of today, and for the rate that of the service."""
    start = int(np.argmin(np.abs(np.log(factors))))
    for direction, step in (("above", 1), ("below", -1)):
        index = start + step
        while 0 <= index < len(designs) and designs[index] == r.design:
            index += step
        if 0 <= index < len(designs):
            back = _factor_if(factors, index + step, [design == r.design for design in designs])
            yield Bracket(axis, direction, factors[index - step], factors[index], back=back)
    if axis == "requests_per_month" and r.design is not None:
        direction, is_service = _service(r)
        step = -1 if is_service else 1
        span = range(start, -1, -1) if is_service else range(start, len(designs))
        place = next((i for i in span if _serves(designs[i]) is (not is_service)), None)
        if place is not None:
            back = _factor_if(factors, place + step, [_serves(design) is is_service for design in designs])
            yield Bracket(axis, direction, factors[place - step], factors[place], True, back)


def _factor_if(factors: np.ndarray, index: int, holds: list[bool]) -> float | None:
    """The multiple at a point, if the point exists and `holds` there; else None."""
    return float(factors[index]) if 0 <= index < len(factors) and holds[index] else None


def _service(r: Choice) -> tuple[str, bool]:
    """The direction of the change to or from a service, and whether today's design is a service."""
    is_service = bool(_serves(r.nearest))
    return ("below" if is_service else "above"), is_service


def _serves(design: Design | None) -> bool | None:
    """Whether a design is an always-on service; None where nothing is feasible."""
    return None if design is None else design.flow.behind is Behind.CONTAINER


def _refine(r: Choice, brackets: list[Bracket]) -> dict[Bracket, BreakEven]:
    """The changes within brackets, refined twice, with the design that wins beyond, not only at one point."""
    fine = {bracket: np.geomspace(bracket.inside, bracket.outside, FINE) for bracket in brackets}
    designs = _winners_within(r, fine)
    turns: dict[Bracket, BreakEven] = {}
    finer: dict[Bracket, np.ndarray] = {}
    for bracket, factors in fine.items():
        if bracket.service:
            other = not _service(r)[1]
            first = next((i for i, d in enumerate(designs[bracket]) if _serves(d) is other), FINE - 1)
            turn = _break_even(r, bracket, float(factors[first]), designs[bracket][first])
            turns[bracket] = replace(turn, service=True)
            continue
        first = _first_change(r, designs[bracket])
        ends = np.geomspace(factors[first - 1], factors[first], FINE)
        finer[bracket] = np.concatenate([ends, ends * BEYOND ** (1 if bracket.direction == "above" else -1)])
    designs = _winners_within(r, finer)
    for bracket, factors in finer.items():
        here, beyond = designs[bracket][:FINE], designs[bracket][FINE:]
        first = _first_change(r, here)
        design = here[first] if beyond[first] == r.design else beyond[first]
        turns[bracket] = _break_even(r, bracket, float(factors[first]), design)
    return turns


def _winners_within(r: Choice, factors: dict[Bracket, np.ndarray]) -> dict[Bracket, list[Design | None]]:
    """The recommended design at each multiple, for all brackets in one evaluation."""
    points = iter(_winners(r, [(bracket.axis, each) for bracket, all_ in factors.items() for each in all_]))
    return {bracket: list(itertools.islice(points, len(each))) for bracket, each in factors.items()}


def _first_change(r: Choice, designs: list[Design | None]) -> int:
    """The first index above 0 at which another design is recommended; else the last index."""
    return next((i for i, design in enumerate(designs) if i and design != r.design), FINE - 1)


def _break_even(r: Choice, bracket: Bracket, factor: float, design: Design | None) -> BreakEven:
    axis, direction = bracket.axis, bracket.direction
    unit, noun = AXES[axis].unit, AXES[axis].noun
    value = value_now(r.workload, axis) * factor
    then = "no design is feasible"
    if design:
        then = f"it {change_in_words(design, r.design)}" if r.design else describe_design(design)
        then = f"build {then}"
    words = _value_in_words(value, unit)
    at = words if round(factor, 2) == 1 else f"{words} ({format_multiple(factor)} today's)"
    says = f"{direction} a {noun} of {at}, {then}"
    if bracket.back:
        end = _value_in_words(value_now(r.workload, axis) * bracket.back, unit)
        says += f", but no further than {end}"
    return BreakEven(axis, value, unit, factor, direction, design.ids if design else None, says)


def _services_among(r: Choice, turns: list[BreakEven]) -> list[BreakEven]:
    """The change to or from an always-on service, if it wins between two points of the coarse search only."""
    direction, is_service = _service(r)
    there = [turn for turn in turns if turn.direction == direction and turn.design]
    return [replace(turn, service=True) for turn in there if _serves(Design(**turn.design)) is not is_service]


def _no_break_even(r: Choice) -> BreakEven:
    """That the rate changes nothing between Lambda and an always-on service, or why it cannot."""
    direction, is_service = _service(r)
    if is_service:
        says = f"Lambda takes over at no rate down to 1/{REACH:,.0f} of today's"
    elif why := _why_no_service(r):
        says = f"an always-on service is not possible: {why}"
    else:
        says = f"an always-on service takes over at no rate up to {REACH:,.0f} times today's"
    unit = AXES["requests_per_month"].unit
    return BreakEven("requests_per_month", None, unit, None, direction, None, says, True)


def _why_no_service(r: Choice) -> str:
    """The reason for which the workload excludes every always-on service; "" if it does not."""
    behind = [option.provides.get("behind") for option in OPTIONS["execution"].values()]
    service = behind.index(Behind.CONTAINER)
    if (r.candidates.codes[:, CONCERNS.index("execution")] == service).any():
        return ""
    plainest = table().where({"execution": [*OPTIONS["execution"]][service]}).design(0)
    because, why = next(iter(exclusions(r.workload, plainest).items()))
    if because not in (AUTH, NEEDS):
        return why
    return exclusion_in_words(why, option_in_words("door", plainest.door))


def _value_in_words(value: float, unit: str) -> str:
    if unit == "share":
        return _share_in_words(value)
    return format_quantity_as_listed(float(f"{value:.3g}"), unit)


def _share_in_words(share: float) -> str:
    """A share to three digits; near 1, three digits of the difference to 1: "50 %", "99.87 %"."""
    missing = 1 - share
    return format_percent(float(f"{share:.3g}") if share < 0.9 else 1 - float(f"{missing:.3g}"))
