"""Uses: a limit, the quantity that drives it, and the chance that one request breaks it.

A use is a monotone function of one driver, so its chance is the driver's exceedance at the function's
inverse: exact, without sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol, TypeVar

import numpy as np
from scipy.special import gammainc, ndtr, ndtri, pdtrik

from explorer.facts.encoding import Codec
from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

T = TypeVar("T")
MANY = 1e9  # a mean demand from which on Poisson is normal
RARE = 7.2  # a normal quantile that fewer than one in a trillion exceed


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
class Paged:
    """A body that travels in pages of at most `page_bytes`, each as `codec` has it."""

    codec: Codec
    page_bytes: float

    def size(self, value: Number) -> Number:
        """Bytes of the largest page."""
        return self.codec.size(np.minimum(value, self.page_bytes))

    def room(self, limit: Number) -> Number:
        """The largest body whose pages are within `limit` [B]: any, if a whole page is."""
        return np.inf if self.codec.size(self.page_bytes) <= limit else self.codec.room(limit)


@dataclass(frozen=True)
class IfMaterial:
    """used = factor x value + offset where that is at least `least`, else nothing worth counting."""

    factor: Number
    offset: float
    least: float

    def size(self, value: Number) -> Number:
        """What is used of the limit for a driver of `value`."""
        used = value * self.factor + self.offset
        return np.where(used >= self.least, used, 0.0)


@dataclass(frozen=True)
class AfterBurst:
    """used = (value - start)+ / rate: the time that what is beyond a burst takes at a capped rate."""

    start: float
    rate: float

    def size(self, value: Number) -> Number:
        """What is used of the limit for a driver of `value`."""
        return np.maximum(value - self.start, 0) / self.rate


Measure = Linear | Slices | Paged | Codec


@dataclass(frozen=True)
class PerRequest:
    """A limit on a monotone function of one driver: it breaks for the share of requests over it."""

    limit: str
    driver: str  # Driver.REQUEST, RESPONSE or RUNTIME
    measure: Measure = Linear()

    def used(self, load: Quantities, p: float) -> Number:
        """What is used at the p-quantile, in the limit's unit."""
        return self.measure.size(load.spread(self.driver).quantile(p))

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that one request needs more than `limit`."""
        return load.memo((self, limit), lambda: load.spread(self.driver).exceed(self.measure.room(limit)))


@dataclass(frozen=True)
class Offloaded(PerRequest):
    """A limit that is never broken, because what is too large to hand over goes through S3."""

    def used(self, load: Quantities, p: float) -> Number:
        return np.minimum(super().used(load, p), load.limit(self.limit))

    def exceed(self, load: Quantities, limit: float) -> Number:
        return 0.0

    def share(self, load: Quantities) -> Number:
        """The share of requests that go through S3."""
        return super().exceed(load, load.limit(self.limit))


@dataclass(frozen=True)
class SumPerRequest:
    """A limit on the sum of measures of two drivers, which are taken to be large together."""

    limit: str
    terms: tuple[tuple[str, Linear | IfMaterial | AfterBurst], ...]  # that of the run time first
    driver: ClassVar[str] = Driver.RUNTIME

    def used(self, load: Quantities, p: Number) -> Number:
        """The sum at the p-quantile of both."""
        return self._at(load, ndtri(p))

    def _at(self, load: Quantities, z: Number) -> Number:
        total: Number = 0.0
        for driver, measure in self.terms:
            total = total + measure.size(load.spread(driver).at(z))
        return total

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that the sum is over `limit`, by bisection of the quantile."""
        return load.memo((self.terms, limit), lambda: self._bisected(load, limit))

    def within(self, load: Quantities, limit: float) -> Number:
        """Whether it breaks for no more requests than may fail: a look at one quantile, no bisection."""
        return self._at(load, ndtri(1 - load.tolerance)) <= limit * (1 + 1e-12)

    def _bisected(self, load: Quantities, limit: float) -> Number:
        """The chance by narrowing the normal quantile at which the sum reaches the limit."""
        (driver, _), *more = self.terms
        added: Number = 0.0
        for other, measure in more:
            added = added + measure.size(load.spread(other).at(RARE))
        alone = load.spread(driver).exceed(limit)  # where nothing is added, not even once in a trillion
        if not np.any(added) or np.all(self._at(load, RARE) <= limit):
            return alone if not np.any(added) else 0.0 * alone
        points = np.prod(load.shape)  # few: fewer and larger calls are faster
        parts, rounds = (64, 7) if points == 1 else (16, 10) if points < 256 else (2, 40)
        low, width = np.full(load.shape, -9.0), RARE + 9.0
        inside = (np.arange(1, parts) / parts).reshape((-1,) + (1,) * len(load.shape))
        for _ in range(rounds):
            over = self._at(load, low + width * inside) > limit * (1 + 1e-12)
            low = low + width * (~over).sum(axis=0) / parts
            width = width / parts
        return np.where(added > 0, ndtr(-low), alone)[()]


@dataclass(frozen=True, eq=False)
class PeakDemand:
    """A limit on a rate or a concurrency: it breaks when Poisson demand of `mean` exceeds it.

    Each unit of demand takes `each` of the limit.
    """

    limit: str
    mean: Number
    each: Number = 1.0
    driver: ClassVar[str] = Driver.PEAK

    def used(self, load: Quantities, p: float) -> Number:
        """The p-quantile of demand at the peak, in the limit's unit."""
        mean = np.maximum(self.mean, 1e-12)
        exact = pdtrik(p, np.minimum(mean, MANY))
        normal = mean + ndtri(p) * np.sqrt(mean)  # what it is where there are many
        return self.each * np.ceil(np.maximum(np.where(mean < MANY, exact, normal), 0))[()]

    def exceed(self, load: Quantities, limit: float) -> Number:
        """The chance that demand at the peak exceeds `limit`."""
        if np.isinf(limit):
            return 0.0
        return gammainc(np.floor(limit / self.each * (1 + 1e-12)) + 1, self.mean)


@dataclass(frozen=True, eq=False)
class FixedUse:
    """A limit on what does not vary between requests: within it or over it."""

    limit: str
    value: Number
    driver: ClassVar[str] = Driver.AMOUNT

    def used(self, load: Quantities, p: float) -> Number:
        """The amount, in the limit's unit."""
        return self.value

    def exceed(self, load: Quantities, limit: float) -> Number:
        """1 where the amount is over `limit`, else 0."""
        return (self.value > limit * (1 + 1e-12)) * 1.0


@dataclass(frozen=True, eq=False)
class Backlogged(FixedUse):
    """A concurrency that work waits for: it breaks where waiting is not enough and `value` is needed.

    What is used is the demand, on average and at the peak.
    """

    mean: Number = 0.0
    peak: Number = 0.0

    def used(self, load: Quantities, p: float) -> Number:
        return self.mean if p <= 0.5 else self.peak


LimitUse = PerRequest | SumPerRequest | PeakDemand | FixedUse
