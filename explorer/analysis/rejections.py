"""The reasons that rule out designs, and the changes compared with today's design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from explorer.engine.designs import CONCERNS, OPTIONS, Table, combinations, table
from explorer.engine.evaluation import Evaluation
from explorer.facts import catalogue
from explorer.facts.key_value import format_pair
from explorer.facts.units import format_time
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import Driver
from explorer.options.base.option import Exclusion

if TYPE_CHECKING:
    from .choice import Choice


class RejectionKind(StrEnum):
    """The kind of reason that rules designs out, in the order of the rows."""

    LIMIT = "limit"
    PROMISE = "promise"
    EXCLUSION = "exclusion"


@dataclass(frozen=True)
class Rejection:
    """One reason that rules designs out."""

    because: str  # a limit's id, client.waits, targets.latency_p95, or the field that excludes
    kind: RejectionKind
    why: str
    options: tuple[str, ...]  # the options that it rules out, as concern=option
    designs: int  # how many designs it rules out
    breach_probability: float | None  # the lowest of these designs
    nearest: dict[str, str]  # of these designs, the one with the fewest other reasons, then the lowest score


@dataclass(frozen=True)
class ClashRule:
    """Why combinations of options can never be built, for any workload."""

    why: str
    options: tuple[str, ...]  # options common to all of these combinations, as concern=option
    designs: int  # number of combinations


@dataclass(frozen=True)
class Change:
    """One difference between today's design and the recommended one."""

    change: str  # added, removed or cost
    what: str
    usd: float | None = None


@dataclass
class RejectionTally:
    """The designs of a table that one reason rules out."""

    kind: RejectionKind
    why: str
    designs: np.ndarray  # (designs,): whether the reason rules it out
    chances: np.ndarray | None = None  # (designs,): chance of a breach; None where there is none to compute
    options: set[str] = field(default_factory=set)

    def exclude(self, designs: np.ndarray, exclusion: Exclusion) -> None:
        """Add designs that a field of the workload excludes."""
        self.designs |= designs
        if exclusion.is_whole and exclusion.why not in self.why.split("; "):
            self.why = f"{self.why}; {exclusion.why}"


def rejections(load: Conditions) -> list[Rejection]:
    """The reasons that rule out designs: limits first, then by the number of designs ruled out."""
    evaluation = Evaluation(load, table().with_parts_for(load))
    tallies = {**_broken_limits(evaluation), **_exclusions(evaluation.table, load), **_promises(evaluation)}
    counts = np.sum([tally.designs for tally in tallies.values()], axis=0)
    score = evaluation.monthly_usd + load.workload.preferences.part_usd * evaluation.table.parts
    rows = [_rejection(because, each, evaluation.table, counts, score) for because, each in tallies.items()]
    return sorted(rows, key=lambda row: (list(RejectionKind).index(row.kind), -row.designs, row.because))


def _broken_limits(evaluation: Evaluation) -> dict[str, RejectionTally]:
    """The limits, each with the designs in which it breaks for more requests than may fail."""
    designs, tolerance = evaluation.table, evaluation.load.tolerance
    tallies: dict[str, RejectionTally] = {}
    for (limit, driver), by_placement in evaluation.raised_chances.items():
        over = np.where(by_placement > tolerance, by_placement, 0.0)
        chances = np.zeros(len(designs))
        for number, placements in enumerate(designs.of_concerns):
            if over[placements].any():
                chances = np.maximum(chances, over[designs.rows[:, number]])
        if not chances.any():
            continue
        tally = tallies.get(limit)
        options = _options_at_fault(designs, np.flatnonzero(over), driver)
        if tally and tally.chances is not None:
            chances, options = np.maximum(chances, tally.chances), options | tally.options
        tallies[limit] = RejectionTally(
            RejectionKind.LIMIT, catalogue.limit(limit).name, chances > 0, chances, options
        )
    return tallies


CONCERN_OF_DRIVER: Mapping[str, str] = {
    Driver.REQUEST: "request",
    Driver.RESPONSE: "response",
    Driver.RUNTIME: "response",
}


def _options_at_fault(designs: Table, placements: np.ndarray, driver: str) -> set[str]:
    """The options that the limit binds; for a door or an edge, also the bodies that are too large for it."""
    options = set()
    for placement in placements.tolist():
        option = designs.placements[placement].option
        with_it = (designs.rows[:, CONCERNS.index(option.concern)] == placement).nonzero()[0]
        if not len(with_it):
            continue
        options.add(format_pair(option.concern, option.id))
        if option.concern in ("door", "edge") and (concern := CONCERN_OF_DRIVER.get(driver)):
            options |= {format_pair(concern, name) for name in _names(designs.codes[with_it], concern)}
    return options


def _exclusions(designs: Table, load: Conditions) -> dict[str, RejectionTally]:
    """The fields of the workload that exclude an option, each with the designs that contain the option."""
    tallies: dict[str, RejectionTally] = {}
    for placement, exclusions in designs.exclusions(load).items():
        option = designs.placements[placement].option
        with_it = designs.rows[:, CONCERNS.index(option.concern)] == placement
        for exclusion in exclusions:
            nothing = RejectionTally(
                RejectionKind.EXCLUSION, exclusion.why, np.zeros(len(designs), dtype=bool)
            )
            tally = tallies.setdefault(exclusion.because, nothing)
            tally.exclude(with_it, exclusion)
            tally.options.add(format_pair(option.concern, option.id))
    return tallies


def _promises(evaluation: Evaluation) -> dict[str, RejectionTally]:
    """The missed promises: `client.waits` and the promised latencies."""
    load, late = evaluation.load, evaluation.late
    tallies = {}
    if (missed := late > load.tolerance).any():
        why = f"the client waits {format_time(float(load.waits))} for the first byte of an answer"
        options = _options_in_these_alone(evaluation.table, missed)
        tallies["client.waits"] = RejectionTally(RejectionKind.PROMISE, why, missed, late, options)
    if load.latency_p95 is not None and (missed := ~evaluation.in_time).any():
        why = f"the p95 is promised within {format_time(float(load.latency_p95))}"
        options = _options_in_these_alone(evaluation.table, missed)
        tallies["targets.latency_p95"] = RejectionTally(RejectionKind.PROMISE, why, missed, None, options)
    if load.first_byte_p95 is not None and (missed := ~evaluation.begins_in_time).any():
        why = f"the first byte's p95 is promised within {format_time(float(load.first_byte_p95))}"
        options = _options_in_these_alone(evaluation.table, missed)
        tallies["targets.first_byte_p95"] = RejectionTally(RejectionKind.PROMISE, why, missed, None, options)
    return tallies


def _options_in_these_alone(designs: Table, here: np.ndarray) -> set[str]:
    """The options that occur only in these designs; if there are none, those common to all of them."""
    inside, outside = designs.only(here), designs.only(~here)
    alone = {
        format_pair(concern, name)
        for concern in CONCERNS
        for name in set(_names(inside.codes, concern)) - set(_names(outside.codes, concern))
    }
    return alone or set(_common_options(inside.codes))


def _common_options(codes: np.ndarray) -> tuple[str, ...]:
    """The options common to all of these designs."""
    by_concern = {concern: _names(codes, concern) for concern in CONCERNS}
    common = (format_pair(concern, *names) for concern, names in by_concern.items() if len(names) == 1)
    return tuple(sorted(common))


def _names(codes: np.ndarray, concern: str) -> list[str]:
    """The options of one concern that occur among these designs."""
    ids = list(OPTIONS[concern])
    return [ids[code] for code in np.unique(codes[:, CONCERNS.index(concern)]).tolist()]


def _rejection(
    because: str, tally: RejectionTally, designs: Table, counts: np.ndarray, score: np.ndarray
) -> Rejection:
    here = np.flatnonzero(tally.designs)
    fewest = here[counts[here] == counts[here].min()]  # designs with the fewest other reasons
    rounded_chances = (
        [0.0] * len(fewest) if tally.chances is None else [*map(_as_shown, tally.chances[fewest].tolist())]
    )
    closest = fewest[np.lexsort((score[fewest], rounded_chances))[0]]
    return Rejection(
        because,
        tally.kind,
        tally.why,
        tuple(sorted(tally.options)),
        len(here),
        None if tally.chances is None else float(tally.chances[here].min()),
        designs.design(closest).ids,
    )


def clash_rules() -> list[ClashRule]:
    """The combinations that no workload can use, by reason."""
    every = combinations()
    return [
        ClashRule(why, _common_options(every.codes[here]), int(here.sum()))
        for why, here in sorted(every.clashes.items())
    ]


def _as_shown(chance: float) -> float:
    """A chance rounded to eleven digits, so that the order of the arithmetic does not decide ties."""
    return float(f"{chance:.10e}")


def changes_from_today(r: Choice) -> list[Change]:
    """The parts added and removed compared with today's design, and the change of the monthly bill."""
    if r.current is None or r.design is None:
        return []
    from explorer.engine.cost import cost
    from explorer.engine.sizing import at_best_size

    today, then = r.current.parts_for(r.load), r.design.parts_for(r.load)
    before = float(cost(r.workload, r.current, at_best_size(r.load, r.current)).total_usd)
    rows = [Change("cost", "the monthly bill", r.monthly_usd - before)]
    rows += [Change("added", part) for part in then if part not in today]
    rows += [Change("removed", part) for part in today if part not in then]
    return rows
