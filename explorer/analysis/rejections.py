"""What rules out the designs that are not built, and what changes against today's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.designs import Design, every_combination, table
from explorer.engine.evaluation import Evaluation
from explorer.facts import catalogue
from explorer.facts.key_value import format_pair
from explorer.facts.units import format_time
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import Driver
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
class RejectionTally:
    kind: str
    why: str
    options: set[str] = field(default_factory=set)
    chances: dict[int, float | None] = field(default_factory=dict)  # by design

    def tally_designs(self, designs: list[int], chance: float | None) -> None:
        """These designs are ruled out with this chance of a breach; the worst of several counts."""
        for design in designs:
            before = self.chances.get(design)
            self.chances[design] = chance if before is None or chance is None else max(before, chance)


def rejections(load: Conditions) -> list[Rejection]:
    """Every reason that rules out a design, limits first, then by how many designs it rules out."""
    evaluation = Evaluation(load, table().with_parts_for(load))
    tallies = _tally_by_placement(evaluation, load)
    _tally_promises(evaluation, load, tallies)
    counts = np.zeros(len(evaluation.designs), dtype=int)
    for reason in tallies.values():
        counts[list(reason.chances)] += 1
    score = evaluation.monthly_usd + load.workload.preferences.part_usd * evaluation.table.parts
    rows = [_rejection(because, c, evaluation.designs, counts, score) for because, c in tallies.items()]
    rows.sort(key=lambda row: (KINDS.index(row.kind), -row.designs, row.because))
    return rows + _combination_rejections()


def _tally_by_placement(evaluation: Evaluation, load: Conditions) -> dict[str, RejectionTally]:
    """Limits and exclusions, each with the designs that have a placement where it holds."""
    designs_of = _designs_by_placement(evaluation)
    tallies: dict[str, RejectionTally] = {}
    excluded = evaluation.table.exclusions(load)
    for index in evaluation.table.used.tolist():
        option = evaluation.table.placements[index].option
        for (limit, driver), chances in evaluation.raised.items():
            if chances[index] > load.tolerance:
                reason = tallies.setdefault(limit, RejectionTally("limit", catalogue.limit(limit).name))
                reason.tally_designs(designs_of[index], float(chances[index]))
                reason.options |= _options_at_fault(evaluation, option, driver, designs_of[index])
        for exclusion in excluded.get(index, ()):
            reason = tallies.setdefault(exclusion.because, RejectionTally("exclusion", exclusion.why))
            if exclusion.is_whole and exclusion.why not in reason.why.split("; "):
                reason.why = f"{reason.why}; {exclusion.why}"
            reason.tally_designs(designs_of[index], None)
            reason.options.add(format_pair(option.concern, option.id))
    return tallies


CONCERN_OF_DRIVER: Mapping[str, str] = {
    Driver.REQUEST: "request",
    Driver.RESPONSE: "response",
    Driver.RUNTIME: "response",
}


def _options_at_fault(evaluation: Evaluation, option: Option, driver: str, designs: list[int]) -> set[str]:
    """The option that the limit binds; at a door, the bodies too that are too large for it."""
    concern = CONCERN_OF_DRIVER.get(driver) if option.concern == "door" else None
    with_it = (
        {format_pair(concern, evaluation.designs[i].ids[concern]) for i in designs} if concern else set()
    )
    return {format_pair(option.concern, option.id)} | with_it


def _designs_by_placement(evaluation: Evaluation) -> dict[int, list[int]]:
    """The designs that have each placement."""
    designs: dict[int, list[int]] = defaultdict(list)
    for design, row in enumerate(evaluation.table.rows.tolist()):
        for placement in row:
            designs[placement].append(design)
    return designs


def _tally_promises(evaluation: Evaluation, load: Conditions, tallies: dict[str, RejectionTally]) -> None:
    """The client's patience and the promised latency."""
    late = np.flatnonzero(evaluation.late > load.tolerance)
    if late.size:
        why = f"the client waits {format_time(float(load.waits))} for the first byte of an answer"
        options = _options_in_these_alone(evaluation, late)
        chances: dict[int, Any] = {int(i): float(evaluation.late[i]) for i in late}
        tallies["client.waits"] = RejectionTally("promise", why, options, chances)
    slow = np.flatnonzero(~evaluation.in_time)
    if slow.size:
        why = f"the p95 is promised within {format_time(float(load.latency_p95))}"
        options = _options_in_these_alone(evaluation, slow)
        tallies["targets.latency_p95"] = RejectionTally("promise", why, options, {int(i): None for i in slow})
    late_begun = np.flatnonzero(~evaluation.begins_in_time)
    if late_begun.size:
        why = f"the first byte's p95 is promised within {format_time(float(load.first_byte_p95))}"
        options = _options_in_these_alone(evaluation, late_begun)
        chances = {int(i): None for i in late_begun}
        tallies["targets.first_byte_p95"] = RejectionTally("promise", why, options, chances)


def _options_in_these_alone(evaluation: Evaluation, designs: np.ndarray) -> set[str]:
    """The options that only these designs have."""
    inside = {(c, o) for i in designs for c, o in evaluation.designs[i].ids.items()}
    rest = np.setdiff1d(np.arange(len(evaluation.designs)), designs)
    outside = {(c, o) for i in rest for c, o in evaluation.designs[i].ids.items()}
    only = {format_pair(concern, option) for concern, option in inside - outside}
    return only or set(_common_options([evaluation.designs[i] for i in designs]))


def _rejection(
    because: str,
    tally: RejectionTally,
    designs: tuple[Design, ...],
    counts: np.ndarray,
    score: np.ndarray,
) -> Rejection:
    chances = tally.chances
    known_chances = [chance for chance in chances.values() if chance is not None]
    closest = min(chances, key=lambda i: (counts[i], _as_shown(chances[i]), score[i]))
    return Rejection(
        because,
        tally.kind,
        tally.why,
        tuple(sorted(tally.options)),
        len(chances),
        min(known_chances) if known_chances else None,
        designs[closest].ids,
    )


def _as_shown(chance: float | None) -> float:
    """A chance to eleven digits: what is left differs by how it was worked out."""
    return float(f"{chance or 0.0:.10e}")


def _combination_rejections() -> list[Rejection]:
    """Combinations of options that no workload can use."""
    by_sentence: dict[str, list[Design]] = defaultdict(list)
    for design in every_combination():
        for sentence in design.clashes:
            by_sentence[sentence].append(design)
    return [
        Rejection(
            "combination", "combination", why, _common_options(designs), len(designs), None, designs[0].ids
        )
        for why, designs in sorted(by_sentence.items())
    ]


def _common_options(designs: list[Design]) -> tuple[str, ...]:
    """The options that all of these designs have."""
    common = set(designs[0].ids.items())
    for design in designs:
        common &= set(design.ids.items())
    return tuple(format_pair(concern, option) for concern, option in sorted(common))


def changes_from_today(r: Choice) -> list[Change]:
    """The parts that come and go against today's design, and what it costs or saves a month."""
    if r.current is None or r.design is None:
        return []
    from explorer.engine.cost import cost

    today, then = r.current.parts_for(r.load), r.design.parts_for(r.load)
    rows = [Change("removed", part) for part in today if part not in then]
    rows += [Change("added", part) for part in then if part not in today]
    before = float(cost(r.workload, r.current).total_usd)
    rows.append(Change("cost", "the monthly bill", r.monthly_usd - before))
    return rows
