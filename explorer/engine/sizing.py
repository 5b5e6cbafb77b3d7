"""The size that a design takes, where the workload leaves memory or architecture open."""

from __future__ import annotations

import numpy as np

from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

from .designs import Design, table
from .evaluation import Evaluation
from .misses import miss_factors


def at_best_size(load: Conditions, design: Design) -> Conditions:
    """The load at the cheapest size at which the design is feasible.

    If the design is feasible at no size: at the size with the smallest miss factor, rounded to 0.01, then the
    cheapest.
    """
    if len(load.sizes) == 1:
        return load
    alone = table().where(design.ids)
    evaluation = Evaluation(load, alone)
    if evaluation.feasible[0]:
        return load.at_size(load.sizes[int(evaluation.size[0])])
    each = [Evaluation(load.at_size(size), alone) for size in load.sizes]
    misses = [float(np.round(miss_factors(one)[0], 2)) for one in each]
    usd = [float(one.monthly_usd[0]) for one in each]
    return load.at_size(load.sizes[int(np.lexsort((usd, misses))[0])])


def sized_conditions(workload: Workload, design: Design) -> Conditions:
    """A workload as options see it, at the size that the design takes."""
    return at_best_size(Conditions(workload), design)
