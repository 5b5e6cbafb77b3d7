"""Cold and warm environments under a load: how often a request meets a cold one, and what that takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaincc, gammaln

from explorer.facts import catalogue, records
from explorer.facts.units import Number
from explorer.workload.distribution import Distribution, from_quantiles

from .facts_lookup import Lookup
from .request_path import Start

if TYPE_CHECKING:
    from explorer.workload.workload import Workload

    from .request_path import RequestPath


class ColdStarts(Lookup):
    """How long a cold start takes, how often a request meets one, and how many environments there are."""

    workload: Workload
    flow: RequestPath
    mean_rps: Number
    runtime: Distribution
    memory_mb: Number
    architecture: str

    @property
    def init(self) -> records.ColdStart:
        """The measured cold start of this language, architecture and least memory."""
        return catalogue.cold_start(
            self.workload.runtime.language, self.architecture, float(np.min(self.memory_mb))
        )

    def init_of(self, measure: Callable[[Distribution], Number]) -> Number:
        """A measure of the cold start of this language, architecture and memory, such as its mean [s]."""
        memory = np.asarray(self.memory_mb)
        if memory.ndim == 0:
            return measure(self.memo("init spread", lambda: self._init_spread(float(memory))))
        found = np.zeros(self.shape)
        for size in np.unique(memory):
            found = np.where(memory == size, measure(self._init_spread(float(size))), found)
        return found

    def _init_spread(self, memory_mb: float) -> Distribution:
        """The cold start as a distribution through its measured quantiles [s]."""
        if self.workload.runtime.init is not None:
            return self.workload.runtime.init.spread
        row = catalogue.cold_start(self.workload.runtime.language, self.architecture, memory_mb)
        return from_quantiles({0.5: row.p50_s, 0.9: row.p90_s, 0.95: row.p95_s, 0.99: row.p99_s})

    @property
    def init_mean_s(self) -> Number:
        """The mean cold start [s]."""
        return self.memo("init mean", lambda: self.init_of(lambda spread: spread.mean))

    @property
    def init_p50_s(self) -> Number:
        """The median cold start [s]."""
        return self.memo("init p50", lambda: self.init_of(lambda spread: spread.quantile(0.5)))

    @property
    def init_p99_s(self) -> Number:
        """The p99 of the cold start [s]."""
        return self.memo("init p99", lambda: self.init_of(lambda spread: spread.quantile(0.99)))

    def cold_start(self, service_s: Number, name: str) -> Number:
        """What a cold start adds at each of `LEVELS`: 0 at those below the share of cold requests [s]."""
        return self.memo(("cold start", name), lambda: self._cold_start(self.cold_share(service_s, name)))

    def _cold_start(self, share: Number) -> Number:
        within = np.clip(1 - (1 - self.levels) / np.maximum(share, 1e-12), 0.001, 0.999)
        return self.when_cold(share, self.init_of(lambda spread: spread.quantile(within)))

    def cold_share(self, service_s: Number, name: str) -> Number:
        """The share of requests that meet a cold environment, at the mean rate."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(("cold", name), lambda: cold_start_share(self.mean_rps, service_s, keep))

    @property
    def work_cold_share(self) -> Number:
        """The share of requests whose work starts in a cold environment; 0 where none is started."""
        if self.flow.compute.start is not Start.ON_DEMAND:
            return 0.0
        return self.cold_share(self.runtime.mean, "work")

    @property
    def environments(self) -> Number:
        """Environments that exist on average, busy or warm."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(
            "environments",
            lambda: mean_environments(self.mean_rps, self.runtime.mean, keep),
        )

    def when_cold(self, share: Number, seconds: Number) -> Number:
        """`seconds` at those of `LEVELS` that fall among the `share` of cold requests, else 0."""
        return np.where(share > 1 - self.levels, seconds, 0.0)


LEVELS = 64  # environments that are looked at one by one, or in strides where more are busy


def _levels(rate: Number, service_s: Number) -> tuple[Number, Number, Number, Number]:
    """For level k: its stride, P(N = k), P(N <= k) and the first k, with N Poisson of the mean busy."""
    busy = np.maximum(np.asarray(rate * service_s, dtype=float), 1e-12)
    spread = np.sqrt(busy)
    stride = np.maximum(1.0, spread / 4)
    first = np.floor(np.maximum(0.0, busy - 4 * spread))
    k = first + stride * np.arange(LEVELS).reshape((LEVELS,) + (1,) * busy.ndim)
    share = np.exp(np.minimum(k * np.log(busy) - busy - gammaln(k + 1), 0.0))  # no rounding beyond 1
    return stride, share, np.maximum(gammaincc(k + 1, busy), 1e-300), first


def cold_start_share(rate: Number, service_s: Number, keep_alive_s: float) -> Number:
    """The share of requests that start a new environment, for Poisson arrivals.

    Environments are used newest first: the k-th is needed again only when k requests are in service,
    so it idles for about P(N < k) / (rate P(N = k - 1)) seconds with N Poisson of mean rate x service
    (the M/M/inf queue) and is gone if that is over `keep_alive_s`. An approximation: the gaps are
    taken as exponential.

    Parameters
    ----------
    rate : arrivals [1/s], number or array
    service_s : mean time in service [s], of the same shape
    keep_alive_s : how long an idle environment is kept [s]
    """
    stride, share, below, _ = _levels(rate, service_s)
    gone = np.exp(-keep_alive_s * rate * share / below)
    return np.minimum(_sum(stride * share * gone), 1.0)


def mean_environments(rate: Number, service_s: Number, keep_alive_s: float) -> Number:
    """The mean number of environments that exist, busy or kept warm, in the same approximation."""
    stride, share, below, first = _levels(rate, service_s)
    kept = 1 - np.exp(-keep_alive_s * rate * share / below)
    return first + _sum(stride * ((1 - below) + below * kept))


def _sum(terms: Number) -> Number:
    """The sum over levels, in their order whatever the memory layout."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
