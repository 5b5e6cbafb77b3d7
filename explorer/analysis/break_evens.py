"""Break-evens: the sizes, times and rates around a workload at which the recommendation changes."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from explorer.engine.designs import CONCERNS, OPTIONS, Design, table
from explorer.facts.units import format_multiple, format_percent_briefly, format_quantity_as_listed
from explorer.options.base.request_path import Behind
from explorer.workload.axes import scale_axis, value_now
from explorer.workload.fields import SPREADS, fields_with
from explorer.workload.workload import Workload

from .one_design import exclusions
from .phrases import change_in_words, describe_design, exclusion_in_words, option_in_words, sentence
from .promises import AUTH, NEEDS
from .variations import variations, winners

if TYPE_CHECKING:
    from .choice import Choice

REACH = 1000.0  # factor up and down within which changes are searched
STEP = 0.0099  # between two points, as a share of the logarithm of the range: no design of 1 % goes unseen
FINE = 17  # points between two of those, in each of two refinements
BEYOND = 1.01  # factor beyond a change: a design that wins only up to there is skipped
EVERY = 4  # of the points of the second refinement, at each of which the design beyond is asked for
ENDS = FINE + FINE // EVERY + 1  # where the points around the end of that design begin
SLIVER = 1.2  # factor: a design that wins over less is named with the next, because nobody hits its range
RATE = "requests_per_month"
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
    until: float | None = None  # where that design is replaced in turn; None: not within `REACH`

    @property
    def distance(self) -> float:
        """The distance from today: the absolute logarithm of the factor."""
        return abs(float(np.log(self.factor))) if self.factor else np.inf

    @property
    def value_in_words(self) -> str:
        """The value, rounded as in `says`; a rate without its unit: "5.3 million"."""
        return "" if self.value is None else _value_briefly(self.value, self.unit)

    @property
    def end_in_words(self) -> str:
        """How far the change lasts: "up to 4.9 s"; "" if as far as changes are searched."""
        if self.until is None:
            return ""
        return f"{'up' if self.direction == 'above' else 'down'} to {_value_briefly(self.until, self.unit)}"


@dataclass(frozen=True)
class Bracket:
    """Two multiples of today's value between which the recommendation changes."""

    axis: str
    direction: str
    inside: float  # the one nearer to today
    outside: float
    service: bool = False  # whether it brackets the change between Lambda and an always-on service
    ends: tuple[tuple[float, float], ...] = ()  # pairs of multiples between which the design beyond ends,
    # and, where it is interrupted at one point only, those between which it returns and ends again
    step: float = math.inf  # most that the logarithms of two neighbouring coarse points differ by


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
    turns = _refine(r, [bracket for of_axis in brackets.values() for bracket in of_axis])
    rows = []
    for axis, of_axis in brackets.items():
        services = [turns[bracket] for bracket in of_axis if bracket.service]
        others = [turns[bracket] for bracket in of_axis if not bracket.service]
        if axis == RATE and r.design is not None:
            services = services or _services_among(r, others) or [_no_break_even(r)]
        changes = [(turn.direction, turn.design) for turn in services if turn.factor]
        rows += [turn for turn in others if (turn.direction, turn.design) not in changes] + services
    return rows


def _factors(r: Choice, axis: str) -> np.ndarray:
    """The multiples of today's value that are searched, today's among them, up to the most of the axis."""
    most = min(REACH, AXES[axis].most / value_now(r.workload, axis))
    if most < 1:
        return np.array([1.0])
    step = STEP * np.log(REACH * most)
    below, above = (1 + int(np.ceil(np.log(reach) / step)) for reach in (REACH, most))
    return np.concatenate([np.geomspace(1 / REACH, 1.0, below), np.geomspace(1.0, most, above)[1:]])


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
    width = STEP * float(np.log(factors[-1] / factors[0]))
    for direction, step in (("above", 1), ("below", -1)):
        index = start + step
        while 0 <= index < len(designs) and designs[index] == r.design:
            index += step
        if 0 <= index < len(designs):
            ends = _ends(factors, [design == designs[index] for design in designs], index, step)
            yield Bracket(axis, direction, factors[index - step], factors[index], False, ends, width)
    if axis == RATE and r.design is not None:
        direction, step = _service_direction(r), -1 if _is_service(r.design) else 1
        is_changed = [_is_service_change(r, design) for design in designs]
        place = next((i for i in range(start, -1 if step < 0 else len(designs), step) if is_changed[i]), None)
        if place is not None:
            ends = _ends(factors, is_changed, place, step)
            yield Bracket(axis, direction, factors[place - step], factors[place], True, ends, width)


def _ends(factors: np.ndarray, alike: list[bool], index: int, step: int) -> tuple[tuple[float, float], ...]:
    """The pairs of multiples, from `index` on, between which a design that is `alike` ends.

    Where it is back at the next point, the pair between which it returns follows, and so on. Empty if it
    lasts to the last point.
    """
    pairs = []
    is_within = True
    for i in range(index + step, len(alike) if step > 0 else -1, step):
        if alike[i] != is_within:
            pairs.append((float(factors[i - step]), float(factors[i])))
            is_within = alike[i]
        elif not is_within:  # gone for two points: that is its end
            break
    return tuple(pairs)


def _service_direction(r: Choice) -> str:
    """The direction in which the rate changes to an always-on service, or from one."""
    return "below" if _is_service(r.nearest) else "above"


def _is_service(design: Design) -> bool:
    """Whether a design is an always-on service."""
    return design.flow.behind is Behind.CONTAINER


def _is_service_change(r: Choice, design: Design | None) -> bool:
    """Whether a feasible design is an always-on service where today's is none, or the other way round."""
    return design is not None and _is_service(design) != _is_service(r.nearest)


def _refine(r: Choice, brackets: list[Bracket]) -> dict[Bracket, BreakEven]:
    """The changes within brackets; the searches take turns, and share one evaluation in each turn."""
    searches = {bracket: _search(r, bracket) for bracket in brackets}
    factors = {bracket: next(search) for bracket, search in searches.items()}
    turns: dict[Bracket, BreakEven] = {}
    while factors:
        designs, factors = _winners_within(r, factors), {}
        for bracket, winners_there in designs.items():
            try:
                factors[bracket] = searches[bracket].send(winners_there)
            except StopIteration as end:
                turns[bracket] = end.value
    return turns


def _search(r: Choice, bracket: Bracket) -> Generator[np.ndarray, list[Design | None], BreakEven]:
    """The change within one bracket, refined twice, with the design that wins beyond, not only at one point.

    Yields multiples of today's value, and is sent the recommended design at each.
    """
    coarse = _fine_factors(bracket)
    coarse_designs = yield coarse
    start = _first_change(r, bracket, coarse_designs[:FINE])
    here = _points_between(coarse, start)
    beyond = here[::EVERY] * BEYOND ** (1 if bracket.direction == "above" else -1)
    end = _points_at_end(bracket, coarse, coarse_designs, start, coarse_designs[start])
    designs = yield np.concatenate([here, beyond, end])
    first = _first_change(r, bracket, designs[:FINE])
    design = designs[FINE + math.ceil(first / EVERY)]
    if _is_as_today(r, bracket, design):
        design = designs[first]
    designs_at_end = designs[ENDS:]
    if not _is_alike(bracket, design, coarse_designs[start]):  # its end is another
        end = _points_at_end(bracket, coarse, coarse_designs, start, design)
        designs_at_end = (yield end) if len(end) else []
    until, following = None, design
    if len(end):
        last = next(
            i for i in range(1, FINE) if i == FINE - 1 or not _is_alike(bracket, designs_at_end[i], design)
        )
        until, following = float(end[last]), designs_at_end[last]
    return _break_even(r, bracket, float(here[first]), design, until, following)


def _points_at_end(
    bracket: Bracket, factors: np.ndarray, designs: list[Design | None], start: int, design: Design | None
) -> np.ndarray:
    """Multiples between the two points where `design`, which wins from `start` on, is replaced; or none."""
    alike = [_is_alike(bracket, each, design) for each in designs]
    last = _end_of_run(alike, factors, start, bracket.step)
    return _points_between(factors, last) if last else np.array([])


def _fine_factors(bracket: Bracket) -> np.ndarray:
    """The multiples within a bracket, then those around the end of the design beyond it."""
    pairs = ((bracket.inside, bracket.outside), *bracket.ends)
    return np.concatenate([np.geomspace(*pair, FINE) for pair in pairs])


def _points_between(factors: np.ndarray, index: int) -> np.ndarray:
    """Multiples from the one before `index` to the one there."""
    return np.geomspace(factors[index - 1], factors[index], FINE)


def _end_of_run(alike: list[bool], factors: np.ndarray, start: int, step: float) -> int | None:
    """The first index after `start` from which on points are no longer `alike`; None if there is none.

    An interruption over less than one `step` of the search does not end the run: whether a coarse point falls
    into it is chance.
    """
    run = next((i for i in range(start, len(alike)) if alike[i]), start)
    for end in range(run + 1, len(alike)):
        if alike[end - 1] and not alike[end]:
            back = next((i for i in range(end + 1, len(alike)) if alike[i]), None)
            if back is None or abs(math.log(factors[back] / factors[end - 1])) > step:
                return end
    return None


def _winners_within(r: Choice, factors: dict[Bracket, np.ndarray]) -> dict[Bracket, list[Design | None]]:
    """The recommended design at each multiple, for all brackets in one evaluation."""
    points = [(bracket.axis, factor) for bracket, multiples in factors.items() for factor in multiples]
    designs = iter(_winners(r, points))
    return {
        bracket: list(itertools.islice(designs, len(multiples))) for bracket, multiples in factors.items()
    }


def _is_alike(bracket: Bracket, design: Design | None, other: Design | None) -> bool:
    """Whether two designs are the same, or for the service's bracket both or neither a service."""
    if not bracket.service or design is None or other is None:
        return design == other
    return _is_service(design) == _is_service(other)


def _is_as_today(r: Choice, bracket: Bracket, design: Design | None) -> bool:
    """Whether a design is alike today's; for the service's bracket, nothing feasible is no change either."""
    return not _is_service_change(r, design) if bracket.service else design == r.design


def _first_change(r: Choice, bracket: Bracket, designs: list[Design | None]) -> int:
    """The first index above 0 at which another design is recommended; else the last index."""
    others = (i for i, design in enumerate(designs) if i and not _is_as_today(r, bracket, design))
    return next(others, FINE - 1)


def _break_even(
    r: Choice,
    bracket: Bracket,
    factor: float,
    design: Design | None,
    until: float | None,
    following: Design | None,
) -> BreakEven:
    """The change at a multiple of today's value, to `design` up to the multiple `until`, then `following`."""
    axis, direction = bracket.axis, bracket.direction
    unit, now = AXES[axis].unit, value_now(r.workload, axis)
    exact = abs(np.log(bracket.outside / bracket.inside)) / (FINE - 1) ** 2
    is_here = bracket.inside == 1.0 and abs(np.log(factor)) <= exact * 1.001  # at the first step from today
    factor = 1.0 if is_here else factor
    end = None if until is None else now * until
    ids = design.ids if design else None
    turn = BreakEven(axis, now * factor, unit, factor, direction, ids, "", bracket.service, end)
    where, beyond = f"{_place_in_words(axis, direction, now, factor)} {turn.end_in_words}".rstrip(), ""
    if until is not None and max(until / factor, factor / until) < SLIVER:
        where += " only"
        beyond = f", and beyond that {_build_in_words(following, r)}"
    return replace(turn, says=f"{where}, {_build_in_words(design, r)}{beyond}")


def _build_in_words(design: Design | None, r: Choice) -> str:
    """What to build beyond a change: the difference from today's recommendation, if there is one."""
    if design is None:
        return "no design is feasible"
    if design == r.design:
        return "build the same design again"
    return f"build it {change_in_words(design, r.design)}" if r.design else f"build {describe_design(design)}"


def _place_in_words(axis: str, direction: str, now: float, factor: float) -> str:
    """The value at which the recommendation changes, with its multiple of today's.

    Where the value cannot be told from today's in three digits, today's value itself is the boundary.
    """
    unit, noun = AXES[axis].unit, AXES[axis].noun
    words, today = (_value_in_words(value, unit) for value in (now * factor, now))
    if words == today:
        return f"as soon as the {noun} is {direction} today's {words}"
    multiple = f" ({format_multiple(factor)} today's)" if round(factor, 2) != 1 else ""
    return f"{direction} a {noun} of {words}{multiple}"


def _services_among(r: Choice, turns: list[BreakEven]) -> list[BreakEven]:
    """The change to or from an always-on service, if it wins between two points of the coarse search only."""
    return [
        replace(turn, service=True)
        for turn in turns
        if turn.direction == _service_direction(r)
        and turn.design is not None
        and _is_service_change(r, Design(**turn.design))
    ]


def _no_break_even(r: Choice) -> BreakEven:
    """That the rate changes nothing between Lambda and an always-on service, or why it cannot."""
    if _is_service(r.nearest):
        says = f"Lambda takes over at no rate down to 1/{REACH:,.0f} of today's"
    elif why := _why_no_service(r):
        says = f"an always-on service is not possible: {why}"
    else:
        says = f"an always-on service takes over at no rate up to {REACH:,.0f} times today's"
    unit = AXES[RATE].unit
    return BreakEven(RATE, None, unit, None, _service_direction(r), None, says, True)


def _why_no_service(r: Choice) -> str:
    """The reason for which the workload excludes every always-on service; "" if it does not."""
    behind = [option.provides.get("behind") for option in OPTIONS["execution"].values()]
    service = behind.index(Behind.CONTAINER)
    if (r.candidates.codes[:, CONCERNS.index("execution")] == service).any():
        return ""
    plainest = table().where({"execution": [*OPTIONS["execution"]][service]}).design(0)
    because, why = next(iter(exclusions(r.workload, plainest).items()))
    if because not in (AUTH, NEEDS):
        return re.sub(f"^{re.escape(OPTIONS['execution'][plainest.execution].words)} ", "it ", why)
    return exclusion_in_words(why, option_in_words("door", plainest.door))


def _value_briefly(value: float, unit: str) -> str:
    return _value_in_words(value, unit).removesuffix(" requests a month")


def _value_in_words(value: float, unit: str) -> str:
    if unit == "share":
        return format_percent_briefly(value)
    return format_quantity_as_listed(float(f"{value:.3g}"), unit)


def what_moves_along(workload: Workload, axes: Iterable[str]) -> str:
    """What changes together with the values of these axes, as a sentence; "" if nothing does.

    >>> w = Workload(requests_per_month=1e6, peak_rps=2, runtime={"p50": "1 s", "p99": "4 s"}, response=1)
    >>> what_moves_along(w, ["runtime", "requests_per_month"])
    'Every quantile moves with its median, and the peak with the rate.'
    """
    names = set(axes)
    pairs = []
    if any(axis in SPREADS and _varies(workload, axis) for axis in names):
        pairs.append(("every quantile", "its median"))
    if "runtime" in names and workload.runtime.first_byte is not None:
        pairs.append(("the first byte", "the run time"))
    if RATE in names and workload.peak_rps is not None:
        pairs.append(("the peak", "the rate"))
    if not pairs:
        return ""
    (first, its), *others = pairs
    texts = [f"{first} moves with {its}", *(f"{what} with {its}" for what, its in others)]
    return sentence(", and ".join([", ".join(texts[:-1]), texts[-1]]) if others else texts[0])


def _varies(workload: Workload, axis: str) -> bool:
    """Whether a distribution has more than one value."""
    spread = getattr(workload, axis).spread
    return bool(spread.quantile(0.001) < spread.quantile(0.999))
