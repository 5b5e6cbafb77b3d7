"""The judge: every design by itself, each of its options asked alone on its own path, and nothing left out.

It uses nothing of the engine's sums, bounds and search: only options, tariffs and the client's patience.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.engine.cost import tariffs
from explorer.engine.designs import Table
from explorer.engine.latency import counts_for, over_patience
from explorer.engine.limits import DRIVERS, highest_quota
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import BodyOut, Phase
from explorer.options.base.usage import amount


@dataclass
class Plain:
    """Arrays of shape (designs, *axes)."""

    usd: np.ndarray
    p95: np.ndarray
    feasible: np.ndarray
    chance: np.ndarray


def plain(load: Conditions, designs: Table) -> Plain:
    """Money, seconds, feasibility and chance of each design at every point."""
    preferences = load.workload.preferences
    book = tariffs(load.workload.region, preferences.free_tier, preferences.savings_plan)
    alone = {
        row: _OptionAlone(load, designs.placements[row], book) for row in designs.placement_rows.tolist()
    }
    shape = (len(designs.designs), *load.shape)
    answer = Plain(np.empty(shape), np.empty(shape), np.empty(shape, dtype=bool), np.empty(shape))
    for number, rows in enumerate(designs.rows.tolist()):
        of = [alone[row] for row in rows]
        tiered = {name: sum(each.tiered.get(name, 0.0) for each in of) for each in of for name in each.tiered}
        usd = (sum(each.usd for each in of) + book.tiered_usd(tiered)) * (
            1 - load.number("preferences.discount")
        )
        p95 = sum(each.p95 for each in of)
        spare_s = load.waits - sum(each.exchange for each in of)
        work, cold = sum(each.work for each in of), sum(each.cold for each in of)
        design = designs.designs[number]
        waited_for = load.first_byte if design.flow.streaming else load.runtime
        late = over_patience(spare_s, waited_for, load.init_p50_s, work, cold, not design.flow.asynchronous)
        fine = np.asarray(late <= load.tolerance)
        if load.latency_p95 is not None:
            fine = fine & (p95 <= load.latency_p95)
        if load.first_byte_p95 is not None:
            later = design.flow.body_out is not BodyOut.NOTHING
            begun = sum(each.submitted + later * each.begun for each in of)
            fine = fine & (begun <= load.first_byte_p95)
        for each in of:
            fine = fine & each.fine
        survives = 1.0
        for driver in DRIVERS:
            worst = 0.0
            for each in of:
                worst = np.maximum(worst, each.today.get(driver, 0.0))
            survives = survives * (1 - worst)
        answer.usd[number], answer.p95[number], answer.feasible[number] = usd, p95, fine
        answer.chance[number] = 1 - survives
    return answer


class _OptionAlone:
    """The money, seconds and exclusions of one option on one path."""

    def __init__(self, load, placement, book):
        option, path, patience = placement.option, placement.path, load
        load = placement.load(load)  # what a cache in front leaves for it
        self.usd, self.tiered, self.today = 0.0, {}, {}
        for price_id, line in load.by_size(option.usage(load, path)):
            if book.is_linear(price_id):
                self.usd = self.usd + book.price(price_id) * amount(line)
            else:
                self.tiered[price_id] = self.tiered.get(price_id, 0.0) + amount(line)
        self.p95 = self.exchange = self.work = self.submitted = self.begun = 0.0
        for step in option.steps(load, path):
            if step.where:
                seconds, median = load.step_s(step), load.patience_s(step)
                self.p95 = self.p95 + (seconds[1] if np.ndim(seconds) else seconds)
                self.exchange = self.exchange + (median if counts_for(step) == "exchange" else 0.0)
                self.work = self.work + (median if counts_for(step) == "work" else 0.0)
                begun = load.first_byte_s(step)
                begun = begun[1] if np.ndim(begun) else begun
                if step.phase is Phase.SUBMIT:
                    self.submitted = self.submitted + begun
                else:
                    self.begun = self.begun + begun
        self.cold = option.cold_share(patience, path)
        self.fine = np.True_
        for exclusion in option.excludes(load):
            self.fine = self.fine & ~np.asarray(exclusion.where & exclusion.mask(path))
        for use in option.limits(load, path):
            if np.any(use.where):
                limit = load.limit(use.limit)
                self.fine = self.fine & (
                    use.exceed(load, max(highest_quota(use.limit) or 0.0, limit)) <= load.tolerance
                )
                worst = self.today.get(use.driver, 0.0)
                self.today[use.driver] = np.maximum(worst, use.exceed(load, limit))


def in_order(answer: Plain, designs: Table, part_usd) -> np.ndarray:
    """The best and the second best at each point, -1 where there is none: shape (2, *axes).

    Least score (equal to 13 digits: the order of additions), fewer parts, lower p95 (the same), as listed.
    """
    parts = np.broadcast_to(designs.parts.reshape(-1, *[1] * (answer.usd.ndim - 1)), answer.usd.shape)
    score = np.where(answer.feasible, answer.usd + part_usd * parts, np.inf)
    first, second = (_best(score, parts, answer.p95), None)
    rest = score.copy()
    np.put_along_axis(rest, np.maximum(first, 0)[None], np.inf, 0)
    second = _best(rest, parts, answer.p95)
    return np.stack([first, second])


def _best(score, parts, p95):
    best = score.min(axis=0)
    tied = score <= np.where(np.isfinite(best), best * (1 + 1e-13), -np.inf)
    for values in (parts, p95):
        among = np.where(tied, values, np.inf)
        tied &= among <= among.min(axis=0) * (1 + 1e-13)
    return np.where(np.isfinite(best), tied.argmax(axis=0), -1)
