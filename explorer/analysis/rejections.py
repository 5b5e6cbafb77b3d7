"""What rules out the designs that are not built, and what changes against today's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.designs import Design, every_combination, table
from explorer.engine.evaluation import Evaluation
from explorer.facts import catalogue
from explorer.facts.key_value import format_pair
from explorer.facts.units import format_time
from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Option

if TYPE_CHECKING:
    from .choice import Choice

KINDS = ("limit", "promise", "exclusion", "combination")


@dataclass(frozen=True)
class Rejection:
    """One reason that rules designs out."""

    because: str  # a limit's id, client.waits, targets.latency_p95, or the field that excludes
    kind: str  # limit, promise, exclusion or combination
    why: str
    options: tuple[str, ...]  # those that it rules out, as concern=option
    designs: int  # how many designs it rules out
    breach_probability: float | None  # the least among them
    nearest: dict[str, str]  # of those, the design with the fewest other reasons and the least score


@dataclass(frozen=True)
class Change:
    """One difference between today's design and the recommended one."""

    change: str  # added, removed or cost
    what: str
    usd: float | None = None


@dataclass
class _Collected:
    kind: str
    why: str
    options: set[str] = field(default_factory=set)
    chances: dict[int, float | None] = field(default_factory=dict)  # by design

    def add(self, designs: list[int], chance: float | None) -> None:
        """These designs are ruled out with this chance of a breach; the worst of several counts."""
        for design in designs:
            before = self.chances.get(design)
            self.chances[design] = chance if before is None or chance is None else max(before, chance)


def rejections(load: Conditions) -> list[Rejection]:
    """Every reason that rules out a design, limits first, then by how many designs it rules out."""
    evaluation = Evaluation(load, table())
    collected = _by_placement(evaluation, load)
    _promises(evaluation, load, collected)
    counts = np.zeros(len(evaluation.designs), dtype=int)
    for reason in collected.values():
        counts[list(reason.chances)] += 1
    score = evaluation.monthly_usd + load.workload.preferences.part_usd * evaluation.table.parts
    rows = [_reason(because, c, evaluation.designs, counts, score) for because, c in collected.items()]
    rows.sort(key=lambda row: (KINDS.index(row.kind), -row.designs, row.because))
    return rows + _combinations()


def _by_placement(evaluation: Evaluation, load: Conditions) -> dict[str, _Collected]:
    """Limits and exclusions, each with the designs that have a placement where it holds."""
    designs_of = _designs_of(evaluation)
    found: dict[str, _Collected] = {}
    excluded = evaluation.table.exclusions(load)
    for index in evaluation.table.used.tolist():
        option = evaluation.table.placements[index].option
        for (limit, driver), chances in evaluation.raised_chances.items():
            if chances[index] > load.tolerance:
                reason = found.setdefault(limit, _Collected("limit", catalogue.limit(limit).name))
                reason.add(designs_of[index], float(chances[index]))
                reason.options |= _blamed(evaluation, option, driver, designs_of[index])
        for exclusion in excluded[option]:
            reason = found.setdefault(exclusion.because, _Collected("exclusion", exclusion.why))
            if exclusion.is_whole and exclusion.why not in reason.why.split("; "):
                reason.why = f"{reason.why}; {exclusion.why}"
            reason.add(designs_of[index], None)
            reason.options.add(format_pair(option.concern, option.id))
    return found


PASSED = {"request": "request", "response": "response", "runtime": "response"}  # driver: concern


def _blamed(evaluation: Evaluation, option: Option, driver: str, designs: list[int]) -> set[str]:
    """The option that the limit binds; at a door, the bodies too that are too large for it."""
    concern = PASSED.get(driver) if option.concern == "door" else None
    with_it = (
        {format_pair(concern, evaluation.designs[i].ids[concern]) for i in designs} if concern else set()
    )
    return {format_pair(option.concern, option.id)} | with_it


def _designs_of(evaluation: Evaluation) -> dict[int, list[int]]:
    """The designs that have each placement."""
    designs: dict[int, list[int]] = defaultdict(list)
    for design, row in enumerate(evaluation.table.rows.tolist()):
        for placement in row:
            designs[placement].append(design)
    return designs


def _promises(evaluation: Evaluation, load: Conditions, found: dict[str, _Collected]) -> None:
    """The client's patience and the promised latency."""
    late = np.flatnonzero(evaluation.late > load.tolerance)
    if late.size:
        why = f"the client waits {format_time(float(load.waits))} for the first byte of an answer"
        options = _responses(evaluation, late)
        chances: dict[int, Any] = {int(i): float(evaluation.late[i]) for i in late}
        found["client.waits"] = _Collected("promise", why, options, chances)
    slow = np.flatnonzero(~evaluation.in_time)
    if slow.size:
        why = f"the p95 is promised within {format_time(float(load.latency_p95))}"
        options = _responses(evaluation, slow)
        found["targets.latency_p95"] = _Collected("promise", why, options, {int(i): None for i in slow})


def _responses(evaluation: Evaluation, designs: np.ndarray) -> set[str]:
    """The options that stand in none but these designs."""
    inside = {(c, o) for i in designs for c, o in evaluation.designs[i].ids.items()}
    rest = np.setdiff1d(np.arange(len(evaluation.designs)), designs)
    outside = {(c, o) for i in rest for c, o in evaluation.designs[i].ids.items()}
    only = {format_pair(concern, option) for concern, option in inside - outside}
    return only or set(_shared([evaluation.designs[i] for i in designs]))


def _reason(
    because: str,
    collected: _Collected,
    designs: tuple[Design, ...],
    counts: np.ndarray,
    score: np.ndarray,
) -> Rejection:
    chances = collected.chances
    known = [chance for chance in chances.values() if chance is not None]
    closest = min(chances, key=lambda i: (counts[i], _as_shown(chances[i]), score[i]))
    return Rejection(
        because,
        collected.kind,
        collected.why,
        tuple(sorted(collected.options)),
        len(chances),
        min(known) if known else None,
        designs[closest].ids,
    )


def _as_shown(chance: float | None) -> float:
    """A chance to eleven digits: what is left differs by how it was worked out."""
    return float(f"{chance or 0.0:.10e}")


def _combinations() -> list[Rejection]:
    """Combinations of options that no workload can use."""
    grouped: dict[str, list[Design]] = defaultdict(list)
    for design in every_combination():
        for sentence in design.clashes:
            grouped[sentence].append(design)
    return [
        Rejection("combination", "combination", why, _shared(designs), len(designs), None, designs[0].ids)
        for why, designs in sorted(grouped.items())
    ]


def _shared(designs: list[Design]) -> tuple[str, ...]:
    """The options that all of these designs have."""
    common = set(designs[0].ids.items())
    for design in designs:
        common &= set(design.ids.items())
    return tuple(format_pair(concern, option) for concern, option in sorted(common))


def changes(r: Choice) -> list[Change]:
    """The parts that come and go against today's design, and what it costs or saves a month."""
    if r.current is None or r.design is None:
        return []
    from explorer.engine.cost import cost

    today, then = r.current, r.design
    rows = [Change("removed", part) for part in today.parts if part not in then.parts]
    rows += [Change("added", part) for part in then.parts if part not in today.parts]
    before = float(cost(r.workload, today).total_usd)
    rows.append(Change("cost", "the monthly bill", r.monthly_usd - before))
    return rows
