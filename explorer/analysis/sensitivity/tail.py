"""Uncertain tails: stretches a distribution above its median."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from explorer.facts.ufuncs import ndtri
from explorer.facts.units import Number
from explorer.workload.distribution import FAR, NODES, TINY, Distribution, Quantiles, Samples

P99 = float(ndtri(0.99))
NARROW = 1e-12  # stands for a power of 0, where the p99 equals the median


@dataclass(frozen=True, eq=False)
class Stretched(Quantiles):
    """Quantiles with median 1, whose logarithms above the median are multiplied by `power`.

    Values below the median and the largest value do not change. Example: with the power 2 a p99 of 3 becomes
    9.
    """

    power: Number = 1.0

    @cached_property
    def _segments(self) -> list[tuple[Number, Number, Number, Number]]:
        """The segments of the base class, stretched above the median, and flat above the maximum."""
        top = self.log[-1]
        end = np.interp(top / self.power, self._rising, self.z)
        segments: list[tuple[Number, Number, Number, Number]] = []
        for low, high, intercept, slope in super()._segments:
            power = self.power if low >= 0 else 1.0
            segments.append((np.minimum(low, end), np.minimum(high, end), intercept * power, slope * power))
        return [*segments, (end, FAR, top, 0.0)]

    def _at_each(self, measure: Callable[[np.ndarray], Number], values: Number) -> Number:
        """The measure of all values at once: `power` may differ from point to point."""
        return measure(np.asarray(values))

    def _z(self, value: Number) -> Number:
        log = np.log(np.maximum(value, TINY))
        z = np.interp(np.where(log > 0, log / self.power, log), self._rising, self.z)
        return np.where(log >= self.log[-1], FAR, z)

    def _at(self, z: Number) -> Number:
        log = np.interp(z, self.z, self.log)
        return np.exp(np.where(log > 0, np.minimum(log * self.power, self.log[-1]), log))

    @cached_property
    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        z, weights = np.polynomial.hermite_e.hermegauss(NODES)
        values = self._at(z.reshape((-1,) + (1,) * np.ndim(self.power)))
        return np.asarray(values), weights / weights.sum()


def is_single_value(spread: Distribution) -> bool:
    """Whether a distribution is a single value, without a stated tail."""
    return isinstance(spread, Samples) and bool(spread.values[0] == spread.values[-1])


def largest(spread: Distribution) -> float:
    """The largest value of a distribution, the upper bound of its p99."""
    return np.inf if is_single_value(spread) else float(spread.at(FAR))


def can_stretch(spread: Distribution) -> bool:
    """Whether a distribution can be stretched: a single value or quantiles with a tail, but not samples."""
    median = float(spread.median)
    if median <= 0:
        return False
    return is_single_value(spread) or (
        isinstance(spread, Quantiles) and float(spread.quantile(0.99)) > median * (1 + 1e-9)
    )


def stretch(spread: Distribution, ratio: Number) -> Stretched:
    """The distribution with a p99 of `ratio` times its median; a single value becomes lognormal above it."""
    scale = np.asarray(spread.median) + 0.0 * np.asarray(ratio)
    logs = np.log(np.maximum(ratio, 1.0))
    if not isinstance(spread, Quantiles):
        z, log, today = np.array([-FAR, 0.0, FAR]), np.array([0.0, 0.0, FAR / P99]), 1.0
    else:
        z = np.union1d(spread.z, [0.0])
        log = np.interp(z, spread.z, spread.log)
        log = log - log[z == 0.0]
        today = float(np.interp(P99, z, log))
    return Stretched(z, log, power=np.maximum(logs / today, NARROW), scale=scale)
