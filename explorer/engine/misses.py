"""How far designs miss: the factor by which a promise or a limit would have to be wider.

A limit holds where a sum of terms is at most a threshold (`limit_uses`), a promise where the seconds are at
most the promised ones. The factor is the quotient, need / threshold: at most 1 where it holds, 1.5 where 50 %
more is needed. A design's factor is the largest of its factors.
"""

from __future__ import annotations

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.limit_uses import Driver, LimitUse
from explorer.options.base.usage import total

from .answers import COLD, EXCHANGE, WORK
from .evaluation import Evaluation
from .limits import raised_limit

NEVER = 1e12  # upper bound of a factor: no wider limit helps


def miss_factors(evaluation: Evaluation) -> np.ndarray:
    """The factor by which each design misses, 1 where it misses nothing: shape (designs,).

    For one workload without axes. Where designs may take several sizes, the smallest factor over the sizes.
    """
    if evaluation.answers.sizes > 1:
        load, designs = evaluation.load, evaluation.table
        at_sizes = [load.at_size(size) for size in load.sizes]
        each = [
            np.where(designs.sold(one), miss_factors(Evaluation(one, designs)), NEVER) for one in at_sizes
        ]
        return np.asarray(np.min(each, axis=0))
    by_placement = np.ones(len(evaluation.table.placements))
    for rows, use in evaluation.answers.uses:
        factor = np.broadcast_to(_limit_factor(evaluation, use).reshape(-1), (len(rows),))
        by_placement[rows] = np.maximum(by_placement[rows], factor)
    factors = by_placement[evaluation.table.rows].max(axis=1)
    factors = np.maximum(factors, _patience_factor(evaluation))
    if evaluation.load.latency_p95 is not None:
        factors = np.maximum(factors, _quotient(evaluation.latency_s[:, 1], evaluation.load.latency_p95))
    if evaluation.load.first_byte_p95 is not None:
        factors = np.maximum(factors, _quotient(evaluation.first_byte_p95_s, evaluation.load.first_byte_p95))
    result: np.ndarray = np.minimum(factors, NEVER)
    return result


def _patience_factor(evaluation: Evaluation) -> np.ndarray:
    """How many times as long `client.waits` would have to be, so that a tolerated share gives up."""
    load, answers = evaluation.load, evaluation.answers
    sums = answers.by_placement[evaluation.table.rows].sum(axis=1)[:, :, 0]
    exchange, work, cold = (sums[:, answers.quantities.index(name)] for name in (EXCHANGE, WORK, COLD))
    start = np.where(cold > load.tolerance, load.init_p50_s, 0.0)
    ends = np.where(evaluation.table.streams, load.edge("first_byte"), load.edge(Driver.RUNTIME))
    answer = np.where(evaluation.table.answers, work + start + ends, 0.0)
    late = evaluation.late > load.tolerance
    return np.where(late, np.maximum(_quotient(exchange + answer, load.waits), 1.0), 1.0)


def _quotient(need: np.ndarray, promise: Number) -> np.ndarray:
    """The quotient need / promise, at most `NEVER`, also for a promise of 0."""
    promise = np.maximum(np.asarray(promise, dtype=float), 1 / NEVER)
    result: np.ndarray = np.minimum(need / promise, NEVER)
    return result


def _limit_factor(evaluation: Evaluation, use: LimitUse) -> np.ndarray:
    """The factor by which a limit is exceeded on each path, its quota raised as far as possible."""
    load = evaluation.answers.load
    limit = raised_limit(use, load)
    terms, most = use.terms(load, limit)
    if use.driver == Driver.PEAK or np.isinf(np.asarray(most)).all():
        need, room = np.asarray(total(terms), dtype=float), np.asarray(most, dtype=float)
    else:  # what the largest request that must not fail uses of the limit itself
        need, room = np.asarray(use.used_at(load, float(1 - load.tolerance)), dtype=float), np.asarray(limit)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(room > 0, need / room, NEVER)
    breaks = np.asarray(total(terms) > most) & np.asarray(use.where)
    return np.asarray(np.where(breaks, np.maximum(np.nan_to_num(factor, nan=NEVER), 1.0), 1.0))
