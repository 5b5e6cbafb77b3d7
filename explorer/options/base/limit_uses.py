"""Uses: a limit, the quantity that drives it, and the chance that one request breaks it.

A use is a monotone function of one driver, so its chance is the driver's exceedance at the function's
inverse: exact, without sampling. Whether it holds needs no chance: no more requests break a limit than may
fail just where a sum of terms, each with one driver, is within a threshold. `terms` gives both.
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
MANY = 1e9  # a mean demand from which on Poisson is normal
RARE = 7.2  # a normal quantile that fewer than one in a trillion exceed
SLACK = 1 + 1e-12  # what a threshold is widened by: products of floats are off by less


class Driver(StrEnum):
    """What a use of a limit grows with."""

    REQUEST = "request"  # its bytes
    RESPONSE = "response"  # its bytes
    RUNTIME = "runtime"  # its seconds
    PEAK = "peak"  # the demand at the peak rate
    AMOUNT = "amount"  # what the workload sets, the same for every request


class Quantities(Protocol):
    """What a use asks of the conditions that it is held against."""

    shape: tuple[int, ...]
    tolerance: Number

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver."""

    def edge(self, driver: str) -> Number:
        """The value of a driver that no more requests exceed than may fail."""

    def limit(self, limit_id: str) -> float:
        """The value of a limit, in its unit."""

    def memo(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, worked out once."""


@dataclass(frozen=True)
class Linear:
    """used = factor x value + offset."""

    factor: Number = 1.0
    offset: Number = 0.0

    def size(self, value: Number) -> Number:
        """What is used of the limit for a driver of `value`."""
        return value * self.factor + self.offset

    def room(self, limit: Number) -> Number:
        """The largest driver that is within `limit`."""
        return (limit - self.offset) / self.factor


@dataclass(frozen=True)
class Slices:
    """used = each x (invocations that `steps` equal steps take) + offset; a step is not cut.

    An invocation takes on as many whole steps as fit into `budget_s` [s].
    """

    budget_s: float
    steps: Number
    each: float = 1.0
    offset: float = 0.0

    def size(self, value: Number) -> Number:
        """What is used of the limit for work of `value` [s]; one step an invocation if not one fits."""
        fit = np.floor(self.budget_s * self.steps / np.maximum(value, 1e-9) * (1 + 1e-12))
        return self.each * np.ceil(self.steps / np.clip(fit, 1, self.steps)) + self.offset

    def room(self, limit: Number) -> Number:
        """The longest work [s] that is within `limit`."""
        most = np.maximum(np.floor((limit - self.offset) / self.each), 0)
        together = np.maximum(np.ceil(self.steps / np.maximum(most, 1)), 1)
        longest = np.where(most >= self.steps, np.inf, self.budget_s * self.steps / together)
        return np.where(most < 1, -1.0, longest)[()]


@dataclass(frozen=True)
class PagedBody:
    """A body that travels in pages of at most `page_bytes`, each as `codec` has it."""

    codec: Codec
    page_bytes: Number  # infinite: one page, whatever its size

    def size(self, value: Number) -> Number:
        """Bytes of the largest page."""
        return self.codec.size(np.minimum(value, self.page_bytes))

    def room(self, limit: Number) -> Number:
        """The largest body whose pages are within `limit` [B]: any, if a whole page is."""
        whole = self.codec.size(self.page_bytes) <= limit
        return np.where(whole, np.inf, self.codec.room(limit))[()]


@dataclass(frozen=True)
class IfMaterial:
    """used = factor x value + offset where that is at least `least`, else nothing worth counting."""

    factor: Number
    offset: float
    least: float

    def size(self, value: Number) -> Number:
        """What is used of the limit for a driver of `value`."""
        use = value * self.factor + self.offset
        return np.where(use >= self.least, use, 0.0)


@dataclass(frozen=True)
class AfterBurst:
    """used = (factor x value - start)+ / rate: what is beyond a burst takes its time at a capped rate."""

    start: float
    rate: Number
    factor: Number = 1.0

    def size(self, value: Number) -> Number:
        """What is used of the limit for a driver of `value`."""
        return np.maximum(value * self.factor - self.start, 0) / self.rate


Measure = Linear | Slices | PagedBody | Codec


class LimitUse(ABC):
    """A limit with what uses it, on the paths where it binds."""

    limit: str
    driver: str
    where: Mask

    @property
    def can_break(self) -> bool:
        """Whether more of its driver could break it, so that coming near it is a warning."""
        return True

    @abstractmethod
    def used_at(self, load: Quantities, p: float) -> Number:
        """What is used at the p-quantile, in the limit's unit."""

    @abstractmethod
    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that one request needs more than `limit`; 0 where it does not bind."""

    @abstractmethod
    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        """Terms with one driver each, and the most that their sum may be.

        Where the sum is no more, no more requests break `limit` than may fail.
        """

    def within(self, load: Quantities, limit: float) -> Mask:
        """Whether it breaks for no more requests than may fail, or does not bind."""
        terms, most = self.terms(load, limit)
        return (total(terms) <= most) | ~self.where


@dataclass(frozen=True)
class PerRequest(LimitUse):
    """A limit on a monotone function of one driver: it breaks for the share of requests over it."""

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
        return not isinstance(self.measure, PagedBody)  # a page is made to fit

    def over(self, load: Quantities, limit: float) -> Number:
        """The chance that one request needs more than `limit`, whether it binds or not."""
        return load.spread(self.driver).exceed(self.measure.room(limit))

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        return [load.edge(self.driver)], self.measure.room(limit) * SLACK


@dataclass(frozen=True)
class Offloaded(PerRequest):
    """A limit that is never broken, because what is too large to hand over goes through S3."""

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
        """What it is at the normal quantile `z` of its driver."""
        return self.where * self.measure.size(load.spread(self.driver).at(z))


@dataclass(frozen=True)
class SumPerRequest(LimitUse):
    """A limit on the sum of measures of several drivers, which are taken to be large together."""

    limit: str
    measures: tuple[Term, ...]  # that of the run time first
    where: Mask = EVERYWHERE
    driver: str = field(default=Driver.RUNTIME, init=False)

    def used_at(self, load: Quantities, p: float) -> Number:
        """The sum at the p-quantile of all."""
        return self._at(load, ndtri(p))

    def _at(self, load: Quantities, z: Number) -> Number:
        return total([term.at(load, z) for term in self.measures])

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        edges = [term.where * term.measure.size(load.edge(term.driver)) for term in self.measures]
        return edges, limit * SLACK

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that the sum is over `limit`, by bisection of the quantile."""
        return load.memo((self.measures, limit), lambda: self._bisect(load, limit)) * self.where

    def _bisect(self, load: Quantities, limit: float) -> Number:
        """The chance by narrowing the normal quantile at which the sum reaches the limit."""
        first, *more = self.measures
        rest = total([term.at(load, RARE) for term in more]) if more else 0.0
        alone = load.spread(first.driver).exceed(limit)  # where nothing is added, not even once in a trillion
        if not np.any(rest) or np.all(self._at(load, RARE) <= limit):
            return np.where(rest > 0, 0.0 * alone, alone)[()]
        shape = np.broadcast_shapes(load.shape, np.shape(rest), np.shape(alone))
        points = np.prod(shape)  # few: fewer and larger calls are faster
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
    """A limit on a rate or a concurrency: it breaks when Poisson demand exceeds it.

    The mean of the demand is the sum of `means` (terms with one driver each), no more than `most` and no
    less than `least`. Each unit of demand takes `each` of the limit.
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
        normal = mean + ndtri(p) * np.sqrt(mean)  # what it is where there are many
        return self.each * np.ceil(np.maximum(np.where(mean < MANY, exact, normal), 0))[()]

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that demand at the peak exceeds `limit`."""
        if np.isinf(limit):
            return 0.0
        return gammainc(self._next(limit), self.mean) * self.where

    def _next(self, limit: float) -> Number:
        """The least count of units that is over the limit."""
        return np.floor(limit / self.each * SLACK) + 1

    def ceiling(self, load: Quantities, limit: float) -> Number:
        """The mean of which no more than the tolerated share of moments exceeds `limit`.

        P(N >= k) of Poisson demand N with the mean m is the regularized gamma function P(k, m), which rises
        with m: one inverse stands for the chance at every mean.
        """
        count = self._next(limit)
        if np.ndim(count) or np.ndim(load.tolerance):
            return gammaincinv(count, load.tolerance)
        return _ceiling(float(count), float(load.tolerance))

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        if np.isinf(limit):
            return [0.0], np.inf
        ceiling = self.ceiling(load, limit)
        if self.most is not None:  # where even the most is within, so is the sum
            ceiling = np.where(self.most <= ceiling, np.inf, ceiling)
        if self.least is not None:  # where the least is over, nothing is within
            ceiling = np.where(self.least <= ceiling, ceiling, -np.inf)
        return self.means, ceiling


@cache
def _ceiling(count: float, tolerance: float) -> float:
    return float(gammaincinv(count, tolerance))


@dataclass(frozen=True, eq=False)
class FixedUse(LimitUse):
    """A limit on what does not vary between requests: within it or over it."""

    limit: str
    value: Number
    where: Mask = EVERYWHERE
    driver: str = field(default=Driver.AMOUNT, init=False)
    # whether the workload sets it: coming near the limit is no warning then
    is_setting: bool = field(default=False, kw_only=True)

    @property
    def can_break(self) -> bool:
        return not self.is_setting

    def used_at(self, load: Quantities, p: float) -> Number:
        """The amount, in the limit's unit."""
        return self.value

    def exceed(self, load: Quantities, limit: float) -> Number:
        """1 where the amount is over `limit`, else 0."""
        over: np.ndarray = np.asarray(self.value > limit * SLACK)
        return over * 1.0 * self.where

    def terms(self, load: Quantities, limit: float) -> tuple[Sequence[Number], Number]:
        return [self.value], limit * SLACK


@dataclass(frozen=True, eq=False)
class Backlogged(FixedUse):
    """A concurrency that work waits for: it breaks where waiting is not enough and `value` is needed.

    What is used is the demand, on average and at the peak.
    """

    mean: Number = 0.0
    peak: Number = 0.0

    def used_at(self, load: Quantities, p: float) -> Number:
        return self.mean if p <= 0.5 else self.peak
