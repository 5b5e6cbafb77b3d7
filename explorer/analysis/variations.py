"""Varied workloads in one evaluation: one point each, at which some fields have other values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from explorer.engine.answers import Answers
from explorer.engine.designs import Design, Table, allowed_designs
from explorer.engine.ranking import NOTHING
from explorer.engine.search import best_two
from explorer.options.base.conditions import Conditions
from explorer.workload.fields import SPREADS
from explorer.workload.workload import Workload

REQUESTS, PEAK = "requests_per_month", "peak_rps"


def variations(workload: Workload, points: Sequence[Mapping[str, float]]) -> Conditions:
    """The workload at each point, along one axis; fields that a point does not name keep today's value.

    Parameters
    ----------
    workload : the workload as it is today
    points : values by numeric field, for a distribution its median; the peak is scaled with the mean rate
    """
    today = Conditions(workload)
    names = dict.fromkeys(name for point in points for name in point)
    if REQUESTS in names:
        names[PEAK] = None
    axes = {name: np.full(len(points), _today(today, name)) for name in names}
    for number, point in enumerate(points):
        for name, value in point.items():
            axes[name][number] = value
        if REQUESTS in point and PEAK not in point:
            axes[PEAK][number] = float(today.peak_rps) * point[REQUESTS] / float(today.requests)
    return Conditions(workload, axes)


def _today(load: Conditions, field: str) -> float:
    """Today's value of a field, for a distribution its median."""
    if field in SPREADS:
        return float(load.spread(field).median)
    if field == PEAK:
        return float(load.peak_rps)
    if field == "configuration":
        return float(load.config_bytes)
    if field == "configuration.entries":
        return float(load.config_entries)
    return float(load.number(field))


def winners(load: Conditions, designs: Table | None = None) -> list[Design | None]:
    """The recommended design at each point, among `designs` or all that the load allows."""
    designs = allowed_designs(load) if designs is None else designs
    winner = np.atleast_1d(best_two(Answers(load, designs)).winner)
    names = {index: designs.design(index) for index in set(winner.tolist()) - {NOTHING}}
    return [names.get(index) for index in winner.tolist()]
