"""Distributions of sizes and times: constants, quantiles or samples, with tails and means."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import ExplorerError
from explorer.facts.ufuncs import log_ndtr, ndtr, ndtri
from explorer.facts.units import Number

FAR = 40.0  # normal quantile whose probability a float cannot distinguish from 0 or 1
TINY = 1e-300  # below all sizes and times, above the logarithm's pole at 0
CEIL_TERMS = 64  # increments summed one by one; the rest is integrated
NODES = 32  # nodes of the quadrature for a mean over a distribution
MANY_SAMPLES = 512  # above this number, means use evenly spaced quantiles
MANY_VALUES = 64  # from this size on, searching for repeated values saves time
ROUNDING = 1e-12  # relative rounding error of a product, at the edge of a limit
ONE_QUANTILE_MAX = 0.999  # the probability of `max` if there is only one quantile


def _each_value_once(function: Callable[[NDArray[np.float64]], Number], values: Number) -> Number:
    """`function` of the values, evaluated once per distinct value if many repeat.

    Varied workloads (a list of points at each of which one field has another value) repeat today's values.
    """
    array = np.asarray(values)
    if array.size < MANY_VALUES:
        return function(array)
    distinct, place = np.unique(array, return_inverse=True)
    if 2 * distinct.size > array.size:
        return function(array)
    return np.asarray(function(distinct))[place].reshape(array.shape)


def _log_share(low: Number, high: Number) -> Number:
    """Log P(low < Z <= high) for a standard normal Z, computed in the tail where it is exact."""
    upper = np.asarray(low) > 0
    least, most = np.where(upper, -high, low), np.where(upper, -low, high)
    inside = log_ndtr(most)
    with np.errstate(divide="ignore"):  # an empty segment has the probability 0, its log is -inf
        return inside + np.log1p(-np.exp(np.minimum(log_ndtr(least) - inside, 0.0)))


@dataclass(frozen=True, eq=False)
class Distribution(ABC):
    """A random size [B] or time [s]; never negative."""

    scale: Number = field(default=1.0, kw_only=True)

    @abstractmethod
    def _sf(self, value: Number) -> Number:
        """P(X > value) at scale 1."""

    @abstractmethod
    def _quantile(self, p: Number) -> Number:
        """The p-quantile at scale 1."""

    @abstractmethod
    def _excess(self, value: Number) -> Number:
        """E[max(X - value, 0)] at scale 1."""

    @property
    @abstractmethod
    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values at scale 1 and their weights, for the mean of a smooth function."""

    @property
    @abstractmethod
    def tail(self) -> str:
        """The assumption beyond the last stated point; "" if there is none."""

    def exceed(self, value: Number) -> Number:
        """P(X > value), exact."""
        return self._sf(value / self.scale)

    def quantile(self, p: Number) -> Number:
        """The smallest value that the share `p` of X does not exceed."""
        return self._quantile(p) * self.scale

    def at(self, z: Number) -> Number:
        """The value at the normal quantile `z`: like `quantile`, but exact far into the tails."""
        return self._at(z) * self.scale

    def _at(self, z: Number) -> Number:
        return self._quantile(ndtr(z))

    def excess(self, value: Number) -> Number:
        """E[max(X - value, 0)]: the mean amount by which X exceeds `value`."""
        return self._excess(value / self.scale) * self.scale

    @cached_property
    def median(self) -> Number:
        """The 0.5-quantile."""
        return self.quantile(0.5)

    @cached_property
    def mean(self) -> Number:
        """E[X]."""
        return self._excess(0.0) * self.scale

    def expect(self, function: Callable[[Number], Number]) -> Number:
        """E[function(X)] by quadrature; `function` is smooth and accepts arrays."""
        values, weights = self._nodes
        total: Number = 0.0
        for value, weight in zip(values, weights, strict=True):
            total = total + weight * function(value * self.scale)
        return total

    def mean_ceil(self, increment: Number) -> Number:
        """E[ceil(X / increment)]: the mean number of started increments, which are billed."""
        return self._mean_ceil(np.asarray(increment / self.scale))

    def _mean_ceil(self, unit: NDArray[np.float64]) -> Number:
        """E[ceil(X / unit)] for X at scale 1.

        It is the sum over k >= 0 of P(X > k unit). After n = `CEIL_TERMS` terms the rest of the sum is
        replaced by its integral, E[max(X - n unit, 0)] / unit, plus half of its first term (trapezoidal
        rule). This is exact if P(X > x) is linear between the multiples of the unit.
        """
        terms = np.asarray(self._sf(np.arange(CEIL_TERMS + 1).reshape((-1,) + (1,) * unit.ndim) * unit))
        total: Number = terms[-1] / 2
        for term in terms[:-1]:
            total = total + term
        return total + self._excess(CEIL_TERMS * unit) / unit

    def scale_by(self, factor: Number) -> Distribution:
        """The same shape, `factor` times as large."""
        return replace(self, scale=self.scale * factor)

    def with_median(self, median: Number) -> Distribution:
        """The same shape, scaled so that its median is `median`."""
        unscaled = self._quantile(0.5)
        if np.any(unscaled == 0):
            raise ExplorerError("has the median 0, which cannot be scaled: expected a median above 0")
        return replace(self, scale=median / unscaled)


@dataclass(frozen=True, eq=False)
class Samples(Distribution):
    """Samples, all equally likely."""

    values: NDArray[np.float64]  # sorted

    @property
    def tail(self) -> str:
        """The assumption beyond the largest sample."""
        one = self.values[0] == self.values[-1]
        return "one value, no tail given" if one else "nothing beyond the largest sample"

    def _sf(self, value: Number) -> Number:
        position = np.searchsorted(self.values, value * (1 + ROUNDING), side="right")
        return 1.0 - position / self.values.size

    def _quantile(self, p: Number) -> Number:
        rank = np.ceil(np.asarray(p) * self.values.size - 1e-9).astype(int) - 1
        result: Number = self.values[np.clip(rank, 0, self.values.size - 1)]
        return result

    @cached_property
    def _sums_above(self) -> NDArray[np.float64]:
        return np.append(np.cumsum(self.values[::-1])[::-1], 0.0)

    def _excess(self, value: Number) -> Number:
        position = np.searchsorted(self.values, value, side="right")
        above = self.values.size - position
        return (self._sums_above[position] - above * value) / self.values.size

    @cached_property
    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        values = self.values
        if values.size > MANY_SAMPLES:
            values = np.asarray(self._quantile((np.arange(MANY_SAMPLES) + 0.5) / MANY_SAMPLES))
        values, counts = np.unique(values, return_counts=True)
        return values, counts / counts.sum()

    def mean_ceil(self, increment: Number) -> Number:
        """The mean number of started increments, which are billed."""
        values, counts = self._distinct
        total: Number = 0.0
        if values.size > MANY_SAMPLES:
            return super().mean_ceil(increment)
        for value, count in zip(values, counts, strict=True):
            total = total + count * np.ceil(value * self.scale / increment * (1 - ROUNDING))
        return total / self.values.size

    @cached_property
    def _distinct(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.values, return_counts=True)


@dataclass(frozen=True, eq=False)
class Quantiles(Distribution):
    """Piecewise linear in (normal quantile, log of the value) between knots, constant after the last knot."""

    z: NDArray[np.float64]  # normal quantiles of the knots, from -FAR to FAR, strictly increasing
    log: NDArray[np.float64]  # natural logs of the values there, non-decreasing
    tail: str = ""

    @cached_property
    def _rising(self) -> NDArray[np.float64]:
        """`log` with flat parts lowered by 1e-13 per knot: `np.interp` then finds the last z of a value."""
        last = np.arange(self.log.size - 1, -1, -1)
        flat = np.append(np.diff(self.log) <= 0, False)
        return self.log - np.where(flat, 1e-13 * last, 0.0)

    def _z(self, value: Number) -> Number:
        return np.interp(np.log(np.maximum(value, TINY)), self._rising, self.z)

    def _sf(self, value: Number) -> Number:
        return ndtr(-self._z(value))

    def _quantile(self, p: Number) -> Number:
        return self._at(ndtri(p))

    def _at(self, z: Number) -> Number:
        return np.exp(np.interp(z, self.z, self.log))

    @cached_property
    def _segments(self) -> list[tuple[Number, Number, Number, Number]]:
        """(from, to, intercept, slope) of each line in (z, log of the value)."""
        slopes = np.diff(self.log) / np.diff(self.z)
        intercepts = self.log[:-1] - slopes * self.z[:-1]
        return list(zip(self.z[:-1], self.z[1:], intercepts, slopes, strict=True))

    @cached_property
    def _lines(self) -> list[NDArray[np.float64]]:
        """The segments as four arrays, the segments along the first axis."""
        return [np.stack(np.broadcast_arrays(*each)) for each in zip(*self._segments, strict=True)]

    def mean_ceil(self, increment: Number) -> Number:
        """E[ceil(X / increment)]: the mean number of started increments, which are billed."""
        return self._at_each(self._mean_ceil, increment / self.scale)

    def _excess(self, value: Number) -> Number:
        return self._at_each(self._excess_beyond, value)

    def _at_each(self, measure: Callable[[NDArray[np.float64]], Number], values: Number) -> Number:
        """The measure of the values; it is the same at every point except for the scale."""
        return _each_value_once(measure, values)

    def _excess_beyond(self, value: Number) -> Number:
        above = self._z(value)
        ndim = np.ndim(above)
        lines = (
            each.reshape(len(each), *(1,) * (ndim - each.ndim + 1), *each.shape[1:]) for each in self._lines
        )
        low, high, intercept, slope = lines
        start = np.minimum(np.maximum(above, low), high)
        means = np.exp(intercept + slope * slope / 2 + _log_share(start - slope, high - slope))
        total = means[0]
        for mean in means[1:]:
            total = total + mean
        result: Number = np.maximum(total - value * ndtr(-above), 0.0)
        return result

    @cached_property
    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        z, weights = np.polynomial.hermite_e.hermegauss(NODES)
        return np.asarray(self._at(z)), weights / weights.sum()


@dataclass(frozen=True, eq=False)
class ByPoint(Distribution):
    """One of several distributions at each point, such as run times measured at several memory sizes.

    `index` selects one of `parts` at each point; it has as many axes as the quantities of the workload. For
    means it may vary along one axis only. Values are scalars or have at least as many axes.
    """

    parts: tuple[Distribution, ...]
    index: NDArray[np.intp]

    @property
    def tail(self) -> str:
        """The assumption beyond the last quantile."""
        return self.parts[0].tail

    def _sf(self, value: Number) -> Number:
        return self._each(lambda part, value: part.exceed(value), value)

    def _quantile(self, p: Number) -> Number:
        return self._each(lambda part, p: part.quantile(p), p)

    def _at(self, z: Number) -> Number:
        return self._each(lambda part, z: part.at(z), z)

    def _excess(self, value: Number) -> Number:
        return self._each(lambda part, value: part.excess(value), value)

    @property
    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        raise NotImplementedError("each part has nodes of its own: see `expect`")

    def expect(self, function: Callable[[Number], Number]) -> Number:
        """The mean of a function of X, at each point."""
        return self._each(lambda part, scale: part.scale_by(scale).expect(function), self.scale)

    def mean_ceil(self, increment: Number) -> Number:
        """The mean number of started increments, at each point."""
        return self._each(lambda part, scale: part.scale_by(scale).mean_ceil(increment), self.scale)

    def _each(self, measure: Callable[[Distribution, Number], Number], value: Number) -> Number:
        """`measure` of each part at the points where it applies, for the values there.

        In a load, the parts differ along one axis. If each design is evaluated at its own point, they differ
        along several axes; then the values are passed one by one.
        """
        index, value = self.index, np.asarray(value)
        long_axes = [n - index.ndim for n, length in enumerate(index.shape) if length > 1]
        shape = np.broadcast_shapes(value.shape, index.shape)
        result = np.empty(shape)
        if len(long_axes) > 1:
            index, value = np.broadcast_to(index, shape), np.broadcast_to(value, shape)
            for code in np.unique(index).tolist():
                here = index == code
                result[here] = measure(self.parts[code], value[here])
            return result
        codes, axis = index.ravel(), long_axes[0] if long_axes else -1
        for code in np.unique(codes).tolist():
            where = [slice(None)] * len(shape)
            where[axis] = codes == code if codes.size > 1 else slice(None)
            own = value
            if value.ndim >= -axis and value.shape[axis] > 1 and codes.size > 1:
                own = np.compress(codes == code, value, axis=axis)
            result[tuple(where)] = measure(self.parts[code], own)
        return result


@dataclass(frozen=True, eq=False)
class Earlier(Distribution):
    """The lower of two values that are large together, such as a first byte never later than the last."""

    one: Distribution
    other: Distribution

    @property
    def tail(self) -> str:
        """The assumption beyond the last quantile."""
        return self.one.tail

    def _sf(self, value: Number) -> Number:
        return np.minimum(self.one.exceed(value), self.other.exceed(value))

    def _quantile(self, p: Number) -> Number:
        return np.minimum(self.one.quantile(p), self.other.quantile(p))

    def _at(self, z: Number) -> Number:
        return np.minimum(self.one.at(z), self.other.at(z))

    def _excess(self, value: Number) -> Number:
        z, weights = np.polynomial.hermite_e.hermegauss(NODES)
        total: Number = 0.0
        for node, weight in zip(z, weights / weights.sum(), strict=True):
            total = total + weight * np.maximum(self._at(node) - value, 0.0)
        return total

    @property
    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        raise NotImplementedError("its values may vary along the axes of both: see `expect`")

    def expect(self, function: Callable[[Number], Number]) -> Number:
        """The mean of a function of X, by Gauss-Hermite quadrature."""
        z, weights = np.polynomial.hermite_e.hermegauss(NODES)
        total: Number = 0.0
        for node, weight in zip(z, weights / weights.sum(), strict=True):
            total = total + weight * function(self.at(node))
        return total


def constant(value: float) -> Samples:
    """The distribution of a single value."""
    return Samples(np.array([float(value)]))


def from_samples(values: Any) -> Samples:
    """The distribution of `values`, an array of shape (n,).

    Raises ExplorerError if there are none, or if a value is negative or not a number.
    """
    array = np.sort(np.asarray(values, dtype=float).ravel())
    if array.size == 0:
        raise ExplorerError("has no samples: expected at least one")
    bad = array[~(np.isfinite(array) & (array >= 0))]
    if bad.size:
        raise ExplorerError(f"has the sample {bad[0]:g}: expected numbers of 0 or more")
    return Samples(array)


def from_quantiles(
    quantiles: Mapping[float, float], maximum: float | None = None, cap: float | None = None
) -> Distribution:
    """The distribution through `quantiles` (probability in (0, 1): value), cut at `maximum`.

    It is piecewise linear in (normal quantile, log of the value). The first and last segments are extended,
    up to `cap` if there is no maximum. With a single quantile, `maximum` is placed at the p99.9 or above.
    Raises ExplorerError if a value is 0 or lower than the one before.
    """
    points = dict(sorted(quantiles.items()))
    _check_quantiles_rise(points, maximum)
    if maximum is not None and len(points) == 1:
        points[max(ONE_QUANTILE_MAX, (1 + max(points)) / 2)] = maximum
    values = list(points.values())
    if not values:
        if maximum is None:
            raise ExplorerError("has no quantiles: expected one value, quantiles such as p50, or samples")
        return constant(maximum)
    if len({*values}) == 1:
        return constant(values[0])
    z = np.array([NormalDist().inv_cdf(p) for p in points])
    log = np.log(np.array(values, dtype=float))
    z, log = _extend_tails(z, log)
    tail = f"beyond p{100 * max(points):g} the last segment is continued"
    if maximum is not None:
        z, log = _cut_at_maximum(z, log, float(np.log(maximum)))
        tail += ", cut at max"
    elif cap is not None:
        z, log = _cut_at_maximum(z, log, float(np.log(cap)))
    return Quantiles(z, log, tail)


def _check_quantiles_rise(points: Mapping[float, float], maximum: float | None) -> None:
    """Raise ExplorerError unless the values are above 0 and non-decreasing, up to the maximum."""
    names_and_values = [(f"p{100 * p:g}", value) for p, value in points.items()]
    names_and_values += [("max", maximum)] if maximum is not None else []
    for name, value in names_and_values:
        if len(names_and_values) > 1 and value <= 0:
            raise ExplorerError(f"{name} is {value:.12g}: expected more than 0 beside other quantiles")
    for (low, least), (high, value) in itertools.pairwise(names_and_values):
        if value < least:
            raise ExplorerError(f"{high} is {value:.12g}: expected at least {low} = {least:.12g}")


def _extend_tails(
    z: NDArray[np.float64], log: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The knots with the first and the last segment extended to -FAR and FAR."""
    first = (log[1] - log[0]) / (z[1] - z[0])
    last = (log[-1] - log[-2]) / (z[-1] - z[-2])
    low, high = log[0] + first * (-FAR - z[0]), log[-1] + last * (FAR - z[-1])
    return np.concatenate(([-FAR], z, [FAR])), np.concatenate(([low], log, [high]))


def _cut_at_maximum(
    z: NDArray[np.float64], log: NDArray[np.float64], top: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The knots up to where the value reaches `top`, and constant from there on."""
    if log[-1] <= top:
        return z, log
    z_at_top = float(np.interp(top, log, z))
    keep = z < z_at_top
    return np.concatenate((z[keep], [z_at_top, FAR])), np.concatenate((log[keep], [top, top]))
