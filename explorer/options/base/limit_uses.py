"""Uses of limits: a limit, the driver of its use, and the chance that one request breaks it.

A use is an increasing function of one driver: use = g(x). It exceeds the limit L if and only if x exceeds the
room, which is the largest x with g(x) <= L. So the chance of a breach is the exceedance probability of the
driver at the room, exact and without sampling. Example: base64 turns 3 bytes into 4, so a limit of 6,000,000
bytes without an envelope has room for a body of 4,500,000 bytes; if 2 % of the bodies are larger, the chance
is 2 %.

To decide whether the breach is tolerated, no chance is needed: at most the tolerated share of requests
exceeds the limit if and only if the driver at the quantile 1 - tolerance (its edge) is at most the room. With
several drivers this becomes a sum of terms, each with one driver, that is at most a threshold. `terms`
returns the terms and the threshold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Protocol, TypeVar

import numpy as np

from explorer.facts.encoding import Codec
from explorer.facts.ufuncs import gammainc, gammaincinv, ndtr, ndtri, pdtrik
from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

from .mask import EVERYWHERE, Mask
from .usage import total

T = TypeVar("T")
MANY = 1e9  # mean demand from which on the normal distribution replaces Poisson
RARE = 7.2  # normal quantile that fewer than one in a trillion exceed
SLACK = 1 + 1e-12  # factor that widens a threshold: rounding errors are smaller


class Driver(StrEnum):
    """What a use of a limit grows with."""

    REQUEST = "request"  # its bytes
    RESPONSE = "response"  # its bytes
    RUNTIME = "runtime"  # its seconds
    PEAK = "peak"  # the demand at the peak rate
    AMOUNT = "amount"  # a fixed value from the workload, the same for every request


class Quantities(Protocol):
    """The quantities that a use reads from the conditions."""

    shape: tuple[int, ...]
    tolerance: Number

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver."""

    def edge(self, driver: str) -> Number:
        """The value of a driver that only the tolerated share of requests exceeds."""

    def limit(self, limit_id: str) -> float:
        """The value of a limit, in its unit."""

    def memo(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, computed once per key."""


@dataclass(frozen=True)
class Linear:
    """used = factor x value + offset."""

    factor: Number = 1.0
    offset: Number = 0.0

    def size(self, value: Number) -> Number:
        """The use for a driver of `value`, in the limit's unit."""
        return value * self.factor + self.offset

    def room(self, limit: Number) -> Number:
        """The largest driver value within `limit`."""
        return (limit - self.offset) / self.factor


@dataclass(frozen=True)
class Slices:
    """used = each x (number of invocations for `steps` equal steps) + offset; a step is never divided.

    An invocation runs as many whole steps as fit into `budget_s` [s].
    """

    budget_s: float
    steps: Number
    each: float = 1.0
    offset: float = 0.0

    def size(self, value: Number) -> Number:
        """The use for work of `value` [s]; one step per invocation if not even one fits."""
        fit = np.floor(self.budget_s * self.steps / np.maximum(value, 1e-9) * (1 + 1e-12))
        return self.each * np.ceil(self.steps / np.clip(fit, 1, self.steps)) + self.offset

    def room(self, limit: Number) -> Number:
        """The longest work [s] within `limit`."""
        most = np.maximum(np.floor((limit - self.offset) / self.each), 0)
        together = np.maximum(np.ceil(self.steps / np.maximum(most, 1)), 1)
        longest = np.where(most >= self.steps, np.inf, self.budget_s * self.steps / together)
        return np.where(most < 1, -1.0, longest)[()]


@dataclass(frozen=True)
class PagedBody:
    """A body sent in pages of at most `page_bytes`, each encoded by `codec`."""

    codec: Codec
    page_bytes: Number  # infinite: one page, whatever its size

    def size(self, value: Number) -> Number:
        """The bytes of the largest page."""
        return self.codec.size(np.minimum(value, self.page_bytes))

    def room(self, limit: Number) -> Number:
        """The largest body whose pages are within `limit` [B]; infinite if a full page is."""
        whole = self.codec.size(self.page_bytes) <= limit
        return np.where(whole, np.inf, self.codec.room(limit))[()]


@dataclass(frozen=True)
class IfMaterial:
    """used = factor x value + offset if that is at least `least`, else 0."""

    factor: Number
    offset: float
    least: float

    def size(self, value: Number) -> Number:
        """The use for a driver of `value`, in the limit's unit."""
        use = value * self.factor + self.offset
        return np.where(use >= self.least, use, 0.0)


@dataclass(frozen=True)
class AfterBurst:
    """used = max(factor x value - start, 0) / rate: what exceeds a burst takes time at a capped rate."""

    start: float
    rate: Number
    factor: Number = 1.0

    def size(self, value: Number) -> Number:
        """The use for a driver of `value`, in the limit's unit."""
        return np.maximum(value * self.factor - self.start, 0) / self.rate


Measure = Linear | Slices | PagedBody | Codec


class LimitUse(ABC):
    """A limit and its use, on the paths where it binds."""

    limit: str
    driver: str
    where: Mask

    @property
    def can_break(self) -> bool:
        """Whether a larger driver could break the limit, so that coming near it is a warning."""
        return True

    @abstractmethod
    def used_at(self, load: Quantities, p: float) -> Number:
        """The use at the p-quantile, in the limit's unit."""

    @abstractmethod
    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that one request needs more than `limit`; 0 where the limit does not bind."""

    @abstractmethod
    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        """The terms, with one driver each, and the upper bound of their sum.

        If the sum is at most this bound, no more requests than may fail break `limit`.
        """


@dataclass(frozen=True)
class PerRequest(LimitUse):
    """A limit on an increasing function of one driver; it breaks for the share of requests above it."""

    limit: str
    driver: str  # Driver.REQUEST, RESPONSE or RUNTIME
    measure: Measure = Linear()
    where: Mask = EVERYWHERE

    def used_at(self, load: Quantities, p: float) -> Number:
        return self.measure.size(load.spread(self.driver).quantile(p))

    def exceed(self, load: Quantities, limit: float) -> Number:
        return load.memo((self, limit), lambda: self.over(load, limit) * self.where)

    @property
    def can_break(self) -> bool:
        return not isinstance(self.measure, PagedBody)  # pages are sized to fit

    def over(self, load: Quantities, limit: float) -> Number:
        """The chance that one request needs more than `limit`, whether the limit binds or not."""
        return load.spread(self.driver).exceed(self.measure.room(limit))

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        return [load.edge(self.driver)], self.measure.room(limit) * SLACK


@dataclass(frozen=True)
class Offloaded(PerRequest):
    """A limit that never breaks, because bodies that are too large to hand over go through S3."""

    @property
    def can_break(self) -> bool:
        return False

    def used_at(self, load: Quantities, p: float) -> Number:
        return np.minimum(super().used_at(load, p), load.limit(self.limit))

    def exceed(self, load: Quantities, limit: float) -> Number:
        return 0.0

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        return [0.0], np.inf

    def share(self, load: Quantities) -> Number:
        """The share of requests that go through S3."""
        return load.memo((self.limit, "share"), lambda: self.over(load, load.limit(self.limit)))


@dataclass(frozen=True)
class Term:
    """One measure of a sum, on the paths that have it."""

    driver: str
    measure: Linear | IfMaterial | AfterBurst
    where: Mask = EVERYWHERE

    def at(self, load: Quantities, z: Number) -> Number:
        """The measure at the normal quantile `z` of its driver."""
        return self.where * self.measure.size(load.spread(self.driver).at(z))


@dataclass(frozen=True)
class SumPerRequest(LimitUse):
    """A limit on a sum of measures of several drivers, which are assumed to be large together.

    That is, the sum at a quantile is the sum of the measures at that quantile (comonotonic drivers). In the
    tail this is usually an upper bound, because independent drivers are rarely large at the same time.
    Example: with a run time of 20 s and an upload of 3 s at the p99, the sum is 23 s at the p99; a timeout of
    25 s breaks for fewer than 1 % of the requests.
    """

    limit: str
    measures: tuple[Term, ...]  # the run time first
    where: Mask = EVERYWHERE
    driver: str = field(default=Driver.RUNTIME, init=False)

    def used_at(self, load: Quantities, p: float) -> Number:
        """The sum of the measures at the p-quantile."""
        return self._at(load, ndtri(p))

    def _at(self, load: Quantities, z: Number) -> Number:
        return total([term.at(load, z) for term in self.measures])

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        edges = [term.where * term.measure.size(load.edge(term.driver)) for term in self.measures]
        return edges, limit * SLACK

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that the sum exceeds `limit`, by bisection of the common quantile."""
        return load.memo((self.measures, limit), lambda: self._bisect(load, limit)) * self.where

    def _bisect(self, load: Quantities, limit: float) -> Number:
        """The chance, from the normal quantile z at which the sum reaches the limit: P(Z > z) = ndtr(-z).

        The sum rises with z. Each round divides the interval that contains z into equal parts, and keeps the
        part in which the sum crosses the limit. Where only the run time counts, the chance is its own.
        """
        first, *more = self.measures
        rest = total([term.at(load, RARE) for term in more]) if more else 0.0
        alone = load.spread(first.driver).exceed(limit)  # where the other terms are 0 even once in a trillion
        if not np.any(rest) or np.all(self._at(load, RARE) <= limit):
            return np.where(rest > 0, 0.0 * alone, alone)[()]
        shape = np.broadcast_shapes(load.shape, np.shape(rest), np.shape(alone))
        points = np.prod(shape)  # for few points, fewer rounds with more parts are faster
        parts, rounds = (64, 7) if points == 1 else (16, 10) if points < 256 else (2, 40)
        low, width = np.full(shape, -9.0), RARE + 9.0
        inside = (np.arange(1, parts) / parts).reshape((-1,) + (1,) * len(shape))
        for _ in range(rounds):
            over = np.asarray(self._at(load, low + width * inside)) > limit * SLACK
            low = low + width * (~over).sum(axis=0) / parts
            width = width / parts
        return np.where(rest > 0, ndtr(-low), alone)[()]


@dataclass(frozen=True, eq=False)
class PeakDemand(LimitUse):
    """A limit on a rate or a concurrency, which breaks when a Poisson demand exceeds it.

    The mean of the demand is the sum of `means` (terms with one driver each), clipped to at most `most` and
    at least `least`. Each unit of demand uses `each` of the limit.
    """

    limit: str
    means: Sequence[Number]
    each: Number = 1.0
    least: Number | None = None
    most: Number | None = None
    where: Mask = EVERYWHERE
    driver: str = field(default=Driver.PEAK, init=False)

    @property
    def mean(self) -> Number:
        """The mean demand at the peak."""
        mean = total(self.means)
        mean = mean if self.most is None else np.minimum(mean, self.most)
        return mean if self.least is None else np.maximum(mean, self.least)

    def used_at(self, load: Quantities, p: float) -> Number:
        """The p-quantile of demand at the peak, in the limit's unit."""
        mean = np.maximum(self.mean, 1e-12)
        exact = pdtrik(p, np.minimum(mean, MANY))
        normal = mean + ndtri(p) * np.sqrt(mean)  # the normal approximation for large means
        return self.each * np.ceil(np.maximum(np.where(mean < MANY, exact, normal), 0))[()]

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that demand at the peak exceeds `limit`."""
        if np.isinf(limit):
            return 0.0
        return gammainc(self._next(limit), self.mean) * self.where

    def _next(self, limit: float) -> Number:
        """The smallest number of units that exceeds the limit."""
        return np.floor(limit / self.each * SLACK) + 1

    def ceiling(self, load: Quantities, limit: float) -> Number:
        """The largest mean for which at most the tolerated share of moments exceeds `limit`.

        Let k be the smallest count that exceeds the limit. For Poisson demand N with the mean m, P(N >= k) is
        the regularized gamma function P(k, m), which rises with m. So P(N >= k) <= tolerance if and only if m
        <= the inverse of P(k, .) at the tolerance, and one number replaces a chance at every mean. Example: a
        limit of 1,000 and a tolerance of 0.1 % give k = 1,001 and a ceiling of 906.
        """
        count = self._next(limit)
        if np.ndim(count) or np.ndim(load.tolerance):
            return gammaincinv(count, load.tolerance)
        return _ceiling(float(count), float(load.tolerance))

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        if np.isinf(limit):
            return [0.0], np.inf
        ceiling = self.ceiling(load, limit)
        if self.most is not None:  # if even `most` is within, every sum is
            ceiling = np.where(self.most <= ceiling, np.inf, ceiling)
        if self.least is not None:  # if `least` is over, no sum is within
            ceiling = np.where(self.least <= ceiling, ceiling, -np.inf)
        return self.means, ceiling


@cache
def _ceiling(count: float, tolerance: float) -> float:
    return float(gammaincinv(count, tolerance))


@dataclass(frozen=True, eq=False)
class FixedUse(LimitUse):
    """A limit on a fixed amount, the same for every request: it is within the limit or over it."""

    limit: str
    value: Number
    where: Mask = EVERYWHERE
    driver: str = field(default=Driver.AMOUNT, init=False)
    # whether the workload sets it; then coming near the limit is no warning
    is_setting: bool = field(default=False, kw_only=True)

    @property
    def can_break(self) -> bool:
        return not self.is_setting

    def used_at(self, load: Quantities, p: float) -> Number:
        """The amount, in the limit's unit."""
        return self.value

    def exceed(self, load: Quantities, limit: float) -> Number:
        """1 where the amount exceeds `limit`, else 0."""
        over: np.ndarray = np.asarray(self.value > limit * SLACK)
        return over * 1.0 * self.where

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        return [self.value], limit * SLACK


@dataclass(frozen=True, eq=False)
class Backlogged(FixedUse):
    """A concurrency that work can wait for; it breaks if the backlog still needs more than the limit.

    `value` is the concurrency that keeps the backlog short enough; the use shown is the demand, `mean` on
    average and `peak` at the peak.
    """

    mean: Number = 0.0
    peak: Number = 0.0

    def used_at(self, load: Quantities, p: float) -> Number:
        return self.mean if p <= 0.5 else self.peak
