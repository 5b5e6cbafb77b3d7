"""The chance that a request breaks a limit, for the design that wins at each point."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions

from .designs import Placement, Table
from .limits import DRIVERS, binding_uses, breach_probability
from .ranking import NOTHING


def chances(
    load: Conditions, designs: Table, winner: np.ndarray, size: np.ndarray | None = None
) -> np.ndarray:
    """The chance that a request breaks any limit with today's quotas; NaN where no design wins.

    Parameters
    ----------
    load
        The load for which `winner` was found, of the same shape.
    designs
        The table that `winner` indexes.
    winner
        The index of a design, or -1.
    size
        The index of the size that the design takes, where the load has several sizes.
    """
    chance = np.full(winner.shape, np.nan)
    sizes = np.zeros_like(winner) if size is None else np.where(winner == NOTHING, 0, size)
    for index, which in sorted(set(zip(winner.ravel().tolist(), sizes.ravel().tolist(), strict=True))):
        if index == NOTHING:
            continue
        here = (winner == index) & (sizes == which)
        points = load.at_points(here)
        if len(load.sizes) > 1:
            points = points.at_size(points.sizes[which])
        chance[here] = breach([designs.placements[row] for row in designs.rows[index]], points)
    return chance


def breach(placements: Iterable[Placement], load: Conditions) -> Number:
    """The chance that a design with these placements breaks any limit, its drivers assumed independent."""
    worst: dict[str, Number] = dict.fromkeys(DRIVERS, 0.0)
    for placement in placements:
        for use in binding_uses(placement, load):
            worst[use.driver] = np.maximum(worst[use.driver], use.exceed(load, load.limit(use.limit)))
    return breach_probability(worst.values())
