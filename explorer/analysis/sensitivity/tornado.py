"""Which input moves the answer: the chosen design over the range of each input, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from explorer.analysis.choice import complete_design
from explorer.analysis.phrases import markdown_for_notebooks
from explorer.analysis.recommendation import Recommendation
from explorer.engine.cost import cost
from explorer.engine.designs import Design, table
from explorer.engine.limits import findings
from explorer.engine.sizing import sized_conditions
from explorer.facts.suggestions import both
from explorer.facts.units import format_usd_in_words
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

from .ranges import DECISIONS, MEASURED, Range, ranges_of, today
from .scenarios import TAILS, Outcomes, ScenarioList, along, at

if TYPE_CHECKING:
    import pandas as pd

POINTS = 49  # along each range
FINE = 25  # points between two of those, in each of two refinements of an edge
T = TypeVar("T")
CHOICE, OTHER, FAILS = 0, 1, 2  # the chosen design is the best, another is, the chosen one is not feasible


@dataclass(frozen=True, eq=False)
class Path:
    """The chosen design along the range of one input; arrays have the shape (points,)."""

    values: np.ndarray
    usd: np.ndarray  # [USD a month]
    breach: np.ndarray  # share of requests
    state: np.ndarray  # CHOICE, OTHER or FAILS
    designs: tuple[Design | None, ...]  # the recommended design at each point
    because: tuple[str, ...]  # why the chosen design is not feasible; "" where it is


@dataclass(frozen=True)
class Edge:
    """Two values of an input between which a condition stops holding, going away from today's value."""

    uncertain: Range
    of_best: bool  # the condition: the chosen design is recommended; else that it is feasible
    inside: float
    outside: float


@dataclass(frozen=True)
class Swing:
    """The effect of one input on the chosen design, from one end of its range to the other."""

    input: str
    low: float
    now: float
    high: float
    unit: str
    why: str  # "given", or the assumption
    usd_low: float
    usd_high: float
    swing_usd: float
    breach_low: float
    breach_high: float
    feasible: bool  # over the whole range
    because: str  # why not: a limit, client.waits, one of targets or an exclusion
    feasible_from: float | None  # the range around today's value in which it is feasible; None: nowhere
    feasible_to: float | None
    best_from: float | None  # and in which it is recommended
    best_to: float | None
    design_low: str | None
    design_high: str | None


@dataclass(frozen=True)
class Sensitivity:
    """One design over the range of each input; frames are made when they are first read."""

    workload: Workload
    design: Design
    recommended: Design | None  # with today's inputs
    monthly_usd: float
    ranges: tuple[Range, ...] = field(repr=False)
    paths: tuple[Path, ...] = field(repr=False)  # in the order of `ranges`, the largest swing first

    def __repr__(self) -> str:
        return f"Sensitivity({self.summary})"

    def _repr_markdown_(self) -> str:
        return markdown_for_notebooks(self.summary)

    def with_name_of(self, workload: Workload) -> Sensitivity:
        """The same for the workload under another name; what was computed is kept."""
        other = copy(self)
        object.__setattr__(other, "workload", workload)
        return other

    @cached_property
    def swings(self) -> tuple[Swing, ...]:
        """One row per input, the one with the largest effect on the cost first."""
        return tuple(map(self._swing, self.ranges, self.paths))

    @cached_property
    def _edge_values(self) -> dict[Edge, float]:
        """The value of each edge: that of the break-even where there is one, so that both are said alike."""
        pairs = zip(self.ranges, self.paths, strict=True)
        edges = [edge for each, path in pairs for edge in _edges(each, path, self.design) if edge]
        values = _refine(self.workload, self.design, edges)
        if not edges or self.design != self.recommended:
            return values
        turns = Recommendation(self.workload.without_current()).answer.break_evens
        for edge in edges:
            low, high = sorted((edge.inside, edge.outside))
            at = [turn.value for turn in turns if turn.axis == edge.uncertain.field and turn.value]
            values[edge] = next((value for value in at if low <= value <= high), values[edge])
        return values

    def _span(self, uncertain: Range, path: Path, of_best: bool) -> tuple[float | None, float | None]:
        """The ends of the range around today's value in which the design is feasible, or recommended."""
        run = _run(path, uncertain.now, _holds(path, self.design, of_best))
        if run is None:
            return None, None
        ends = (float(path.values[run[0]]), float(path.values[run[1]]))
        edges = _edges_of(uncertain, path, of_best, run)
        low, high = (self._edge_values[edge] if edge else end for edge, end in zip(edges, ends, strict=True))
        return low, high

    def _swing(self, uncertain: Range, path: Path) -> Swing:
        feasible = self._span(uncertain, path, of_best=False)
        best_ = self._span(uncertain, path, of_best=True)
        low, high = (None if path.designs[end] is None else str(path.designs[end]) for end in (0, -1))
        usd = (float(path.usd[0]), float(path.usd[-1]))
        whole = bool((path.state != FAILS).all())
        because = max((why for why in path.because if why), key=path.because.count, default="")
        about = (uncertain.field, uncertain.low, uncertain.now, uncertain.high, uncertain.unit, uncertain.why)
        return Swing(*about, *usd,
                     abs(usd[1] - usd[0]), float(path.breach[0]), float(path.breach[-1]), whole, because,
                     *feasible, *best_, low, high)  # fmt: skip

    @cached_property
    def frame(self) -> pd.DataFrame:
        """`swings` as a frame: one row per input; the columns are the fields of `Swing`.

        low, now, high [unit]; usd_low, usd_high, swing_usd [USD a month]; breach_low, breach_high [share
        of requests].
        """
        import pandas as pd

        return pd.DataFrame(
            [asdict(swing) for swing in self.swings], columns=list(Swing.__dataclass_fields__)
        )

    def to_frame(self) -> pd.DataFrame:
        """A copy of `frame`."""
        return self.frame.copy()

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        return {
            "design": self.design.ids,
            "recommended": self.recommended.ids if self.recommended else None,
            "monthly_usd": self.monthly_usd,
            "summary": self.summary,
            "inputs": [asdict(swing) for swing in self.swings],
        }

    @cached_property
    def summary(self) -> str:
        """The result in sentences: which input moves the cost most, and which break or change the design."""
        labels = {each.field: each.label for each in self.ranges}
        first = self.swings[0]
        low, high = (format_usd_in_words(usd) for usd in (first.usd_low, first.usd_high))
        span = f"from {low} to {high} a month" if low != high else f"{low} a month in all of its range"
        sentences = [f"What moves the cost most: {labels[first.input]}, {span}."]
        if self.recommended is None:
            remedies = [labels[s.input] for s in self.swings if s.feasible_from is not None]
            where = (
                f"it is somewhere in the range of {both(remedies)}" if remedies else "nor anywhere in a range"
            )
            return " ".join([*sentences, f"As the inputs are today the design is not feasible, {where}."])
        breaks = [labels[s.input] for s in self.swings if not s.feasible]
        turns = [labels[s.input] for s, path in zip(self.swings, self.paths, strict=True)
                 if (path.state == OTHER).any()]  # fmt: skip
        sentences += (
            [f"A limit or a promise breaks somewhere in the range of {both(breaks)}."] if breaks else []
        )
        sentences += [f"Another design is better somewhere in the range of {both(turns)}."] if turns else []
        return " ".join(
            sentences if breaks or turns else [*sentences, "The design is the best in all of every range."]
        )


def _holds(path: Path, design: Design, of_best: bool) -> np.ndarray:
    """Whether the design is feasible at each point, or recommended there."""
    if not of_best:
        return np.asarray(path.state != FAILS)
    return np.array([winner is not None and winner == design for winner in path.designs])


def _run(path: Path, now: float, holds: np.ndarray) -> tuple[int, int] | None:
    """The first and last index of the points around today's value where `holds`, else of the longest run."""
    if not holds.any():
        return None
    runs = [list(run) for is_held, run in groupby(range(len(holds)), lambda i: bool(holds[i])) if is_held]
    start = int(np.argmin(np.abs(np.log(path.values / now))))
    run = next((run for run in runs if start in run), max(runs, key=len))
    return run[0], run[-1]


def _edges_of(
    uncertain: Range, path: Path, of_best: bool, run: tuple[int, int]
) -> tuple[Edge | None, Edge | None]:
    """The lower and the upper edge of a run of points; None at an end of the whole range."""

    def edge(inside: int, outside: int) -> Edge | None:
        if not 0 <= outside < len(path.values):
            return None
        return Edge(uncertain, of_best, float(path.values[inside]), float(path.values[outside]))

    return edge(run[0], run[0] - 1), edge(run[1], run[1] + 1)


def _edges(uncertain: Range, path: Path, design: Design) -> Iterator[Edge | None]:
    """The edges of both conditions along one input."""
    for of_best in (False, True):
        if run := _run(path, uncertain.now, _holds(path, design, of_best)):
            yield from _edges_of(uncertain, path, of_best, run)


def _refine(workload: Workload, design: Design, edges: Sequence[Edge]) -> dict[Edge, float]:
    """The last value inside each edge, found by two refinements of the points between its ends."""
    spans = {edge: (edge.inside, edge.outside) for edge in edges}
    for _ in range(2):
        columns = [(edge, np.geomspace(*span, FINE)) for edge, span in spans.items()]
        for group in _groups(columns, lambda column: column[0].uncertain):
            points = [(edge.uncertain.field, values) for edge, values in group]
            scenarios = _together(workload, points)
            winners, _ = scenarios.best()
            feasible = scenarios.outcomes({design}).holds[0]
            for number, (edge, values) in enumerate(group):
                part = slice(number * FINE, (number + 1) * FINE)
                wins = np.array([winner == design for winner in winners[part]])
                holds = wins if edge.of_best else feasible[part]
                first = next((i for i in range(1, FINE) if not holds[i]), FINE - 1)
                spans[edge] = (float(values[first - 1]), float(values[first]))
    return {edge: inside for edge, (inside, _) in spans.items()}


def sensitivity(
    workload: Workload, ranges: Mapping[str, Any] | None = None, design: Any = None
) -> Sensitivity:
    """The effect of each input on a design, varied alone over its range, the others as they are today.

    Parameters
    ----------
    workload
        The workload as estimated today.
    ranges
        (low, high) by numeric field, in the field's unit or as text: ("400 KB", "2 MB"), "400KB..2MB",
        factors of today's value "0.5x..3x", or "2x" for that factor up and down. A distribution is scaled to
        the median; "response.p99" and the like stretch it above the median instead. By default a factor of 2
        up and down for every field with a value, which is an assumption.
    design
        The design to vary the inputs for; by default the recommended one, or the nearest miss.

    Raises
    ------
    ExplorerError
        For a field that is not numeric, or an invalid range.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> s = ex.sensitivity(w, {"response": "0.5x..2x"})
    >>> [swing.input for swing in s.swings]
    ['response']
    """
    every = ranges_of(workload, ranges, (*MEASURED, *DECISIONS))
    r = Recommendation(workload.without_current())
    subject = r.nearest if design is None else complete_design(workload, design)
    paths = dict(zip(every, _paths(workload, every, subject), strict=True))
    every.sort(key=lambda each: _weight(paths[each]), reverse=True)
    usd = float(cost(workload, subject, sized_conditions(workload, subject)).total_usd)
    return Sensitivity(workload, subject, r.design, usd, tuple(every), tuple(paths[each] for each in every))


def _weight(path: Path) -> tuple[float, float, int]:
    """The sort key of an input: the swing of the cost, then of the breaches, then the points that change."""
    swing, breach = (float(abs(along_[-1] - along_[0])) for along_ in (path.usd, path.breach))
    return round(swing, 6), round(breach, 12), int((path.state != CHOICE).sum())


def _paths(workload: Workload, every: Sequence[Range], subject: Design) -> Iterator[Path]:
    """Each input along its range; tails in groups of their own, so that others are read as by `recommend`."""
    paths: dict[Range, Path] = {}
    for group in _groups(every, lambda each: each):
        paths |= dict(zip(group, _group(workload, group, subject), strict=True))
    yield from (paths[each] for each in every)


def _groups(every: Sequence[T], range_of: Callable[[T], Range]) -> Iterator[list[T]]:
    """All that can be evaluated together: tails on their own, the others in one group."""
    together = [each for each in every if range_of(each).field not in TAILS]
    yield from filter(None, [together, *([each] for each in every if range_of(each).field in TAILS)])


def _together(workload: Workload, columns: Sequence[tuple[str, np.ndarray]]) -> ScenarioList:
    """Values of fields, each with all other fields as they are today, as one list of scenarios."""
    count = sum(len(values) for _, values in columns)
    axes: dict[str, np.ndarray] = {}
    start = 0
    for field_name, values in columns:
        for name, column in along(workload, {field_name: values}).items():
            axes.setdefault(name, np.full(count, np.nan))[start : start + len(values)] = column
        start += len(values)
    for name, whole in axes.items():
        whole[np.isnan(whole)] = today(workload, name)
    return ScenarioList(workload, axes)


def _group(workload: Workload, group: Sequence[Range], subject: Design) -> Iterator[Path]:
    """The paths of these inputs, one after another, from one list of scenarios."""
    values = [_values(each) for each in group]
    scenarios = _together(
        workload, [(each.field, along_) for each, along_ in zip(group, values, strict=True)]
    )
    axes = scenarios.axes
    winners, _ = scenarios.best()
    one = scenarios.outcomes({subject})
    for number in range(len(group)):
        part = slice(number * POINTS, (number + 1) * POINTS)
        point = [{name: whole[i] for name, whole in axes.items()} for i in range(part.start, part.stop)]
        yield _path(workload, values[number], one, part, winners[part], point)


def _values(uncertain: Range) -> np.ndarray:
    """Points along the range, including today's value if it is inside."""
    values = uncertain.spaced_values(POINTS)
    if uncertain.low < uncertain.now < uncertain.high:
        inside = np.abs(np.log(values[1:-1] / uncertain.now))
        values[1 + int(np.argmin(inside))] = uncertain.now
    return values


def _path(
    workload: Workload,
    values: np.ndarray,
    one: Outcomes,
    part: slice,
    winners: Sequence[Design | None],
    points: Sequence[Mapping[str, float]],
) -> Path:
    design, holds = one.designs[0], one.holds[0, part]
    state = np.where(holds, [CHOICE if winner == design else OTHER for winner in winners], FAILS)
    because = [""] * len(values)
    previous = -2
    for i in np.flatnonzero(~holds).tolist():  # within a run of points, only its two ends are evaluated
        edge = previous != i - 1 or i + 1 == len(values) or holds[i + 1]
        because[i] = reason(workload, design, at(workload, points[i])) if edge else because[previous]
        previous = i
    return Path(values, one.usd[0, part], one.breach[0, part], state, tuple(winners), tuple(because))


def reason(workload: Workload, design: Design, load: Conditions) -> str:
    """Why a design is not feasible: an exclusion, a limit that breaks, or a promise that it misses."""
    by_placement = table().where(design.ids).exclusions(load)
    because = [
        each.because for row in sorted(by_placement) for each in by_placement[row] if np.all(each.where)
    ]
    if because:
        return because[0]
    worst = findings(workload, design, load)[0]
    if worst.verdict == "breach":
        return worst.limit
    late = ScenarioList(workload, {name: np.atleast_1d(value) for name, value in load.axes.items()}).outcomes(
        {design}
    )
    if late.overdue[0, 0]:
        return "client.waits"
    return "targets.latency_p95" if late.behind[0, 0] else "targets.first_byte_p95"
