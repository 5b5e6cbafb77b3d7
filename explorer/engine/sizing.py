"""The size that a design takes, where the workload leaves memory or architecture open."""

from __future__ import annotations

import numpy as np

from explorer.options.base.conditions import Conditions
from explorer.options.base.sizes import GB_MB, sells_by_kind
from explorer.workload.workload import Workload

from .designs import Design, table
from .evaluation import Evaluation
from .misses import miss_factors


def at_best_size(load: Conditions, design: Design) -> Conditions:
    """The load at the cheapest size at which the design is feasible.

    If the design is feasible at no size: at the size with the smallest miss factor, rounded to 0.01, then the
    cheapest, of those that its options sell.
    """
    if len(load.sizes) == 1:
        return load
    alone = table().where(design.ids)
    evaluation = Evaluation(load, alone)
    if evaluation.feasible[0]:
        return load.at_size(load.sizes[int(evaluation.size[0])])
    at_sizes = [load.at_size(size) for size in load.sizes]
    at_sizes = [one for one in at_sizes if alone.sold(one)[0]] or at_sizes
    each = [Evaluation(one, alone) for one in at_sizes]
    misses = [float(np.round(miss_factors(one)[0], 2)) for one in each]
    usd = [float(one.monthly_usd[0]) for one in each]
    return at_sizes[int(np.lexsort((usd, misses))[0])]


def sized_conditions(workload: Workload, design: Design) -> Conditions:
    """A workload as options see it, at the size that the design takes."""
    return at_best_size(Conditions(workload), design)


def bought_task(load: Conditions, design: Design) -> tuple[float, float] | None:
    """The vCPUs and memory [GB] of the container task that a design buys at one size; None for a function."""
    return next(filter(None, (option.task_size(load) for option in design.options)), None)


def bought_memory_mb(load: Conditions, design: Design) -> float:
    """A design's memory at one size [MB]: as the file states or measures it, or as bought."""
    task = bought_task(load, design)
    if task and sells_by_kind(load.workload.runtime):
        return task[1] * GB_MB
    return float(load.memory_mb)
