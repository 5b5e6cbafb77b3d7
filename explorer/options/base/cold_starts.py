"""Arrivals and warm environments: how often a request has a cold start. Contains no AWS figures."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from explorer.facts.ufuncs import gammainc, gammaincc, gammaincinv, gammaln, ndtri, pdtrik
from explorer.facts.units import Number

FEW_SHARES = 8  # up to so many distinct shares are read from tables
ONE_BY_ONE = 1024.0  # the table has every number of servers up to this one
ERROR = 0.05  # upper bound of the error of the expansion beyond the table
EXACT = 1e6  # mean from which on the expansion is more exact than SciPy's functions
LEVELS = 64  # terms of a sum: one for each environment, or in strides if more are busy


def _levels(rate: Number, service_s: Number) -> tuple[NDArray[np.float64], ...]:
    """For each level k: the stride, P(N = k) and P(N <= k); and the first k. N is Poisson with the mean busy.

    The levels reach from 4 standard deviations below the mean to at least 12 above it. Where these are more
    than `LEVELS` numbers, each level stands for `stride` of them.
    """
    busy = np.maximum(np.asarray(rate * service_s, dtype=float), 1e-12)
    spread = np.sqrt(busy)
    stride = np.maximum(1.0, spread / 4)
    first = np.floor(np.maximum(0.0, busy - 4 * spread))
    k = first + stride * np.arange(LEVELS).reshape((LEVELS,) + (1,) * busy.ndim)
    share = np.exp(np.minimum(k * np.log(busy) - busy - gammaln(k + 1), 0.0))  # no rounding beyond 1
    return stride, share, np.maximum(gammaincc(k + 1, busy), 1e-300), first


def cold_start_share(rate: Number, service_s: Number, keep_alive_s: float) -> Number:
    """The share of requests that start a new environment, for Poisson arrivals.

    The number N of requests in service is Poisson with the mean m = rate x service (the M/M/inf queue). The
    newest idle environment is used first, so environment k + 1 is needed only by a request that arrives while
    N = k. Such requests arrive at the rate r = rate x P(N = k), and environment k + 1 is idle while N <= k. A
    period of idleness ends with such an arrival, so its mean length is P(N <= k) / r. Assumed to be
    exponential, it exceeds the keep-alive time T with the probability exp(-T r / P(N <= k)); then the arrival
    has a cold start. The share of cold starts is the sum over k of P(N = k) times this probability.

    Example: rate 0.1/s, service 0.25 s, T = 600 s, so m = 0.025. Environment 1 idles for 10 s on average and
    never expires. Environment 2 is needed by P(N = 1) = 2.4 % of the requests, idles for 410 s, and has
    expired in exp(-600 / 410) = 23 % of these cases: 0.56 %. Environment 3 adds 0.03 %; the sum is 0.59 %.

    Parameters
    ----------
    rate
        Arrivals [1/s], number or array.
    service_s
        Mean time in service [s], of the same shape.
    keep_alive_s
        How long an idle environment is kept [s].
    """
    stride, share, below, _ = _levels(rate, service_s)
    expired = np.exp(-keep_alive_s * rate * share / below)
    return np.minimum(_sum(stride * share * expired), 1.0)


def mean_environments(rate: Number, service_s: Number, keep_alive_s: float) -> Number:
    """The mean number of environments that exist, busy or idle, under the same assumptions.

    Environment k + 1 is busy while N > k. It is idle for a mean time of a = P(N <= k) / r, of which it exists
    for the mean of min(idle time, T), which is a (1 - exp(-T / a)). So it exists for the share P(N > k) + P(N
    <= k) (1 - exp(-T / a)) of the time, and the sum over k is the mean number.
    """
    stride, share, below, first = _levels(rate, service_s)
    warm = 1 - np.exp(-keep_alive_s * rate * share / below)
    return first + _sum(stride * ((1 - below) + below * warm))


def fewest_servers(busy: Number, share: Number) -> Number:
    """The fewest servers, at least one, of which at most `share` of the arrivals find all busy.

    An arrival finds N servers busy, where N is Poisson with the mean `busy` (the M/M/inf queue). P(N >= n) is
    the regularized gamma function P(n, busy), which falls with n. Example: for a mean of 2.4, P(N >= 5) =
    9.6 % and P(N >= 6) = 3.6 %, so a share of 5 % needs 6 servers.

    >>> float(fewest_servers(1e-9, 0.05))
    1.0
    """
    mean, share = np.maximum(np.asarray(busy, dtype=float), 1e-12), np.asarray(share, dtype=float)
    distinct = np.unique(share)
    if distinct.size > FEW_SHARES:
        return _search(mean, share)[()]
    fewest = _read_off(mean, float(distinct[0]))
    for other in distinct[1:].tolist():
        fewest = np.where(share == other, _read_off(mean, other), fewest)
    return np.broadcast_to(fewest, np.broadcast_shapes(mean.shape, share.shape))[()]


def _are_too_few(servers: np.ndarray, mean: np.ndarray, share: Number) -> np.ndarray:
    """Whether more than `share` of the arrivals find all servers busy."""
    return np.asarray(gammainc(servers, mean) > share * (1 + 1e-12))


def _quantile(mean: np.ndarray, share: Number) -> np.ndarray:
    """The real number n with P(n, mean) = share; rounded up, it is the number of servers.

    This is the Cornish-Fisher expansion of the quantile of a Poisson number with the mean m, which has the
    variance m, the skewness 1 / sqrt(m) and the excess kurtosis 1 / m. With the normal quantile z,

        n = m + z sqrt(m) + (z^2 - 1) / 6 + 1/2 + (z - z^3) / (72 sqrt(m)) + O(1 / m).

    The 1/2 is the continuity correction: P(N >= n) = P(N > n - 1/2) for a whole n. Example: m = 2000 and a
    share of 5 % give z = 1.645 and n = 2000 + 73.56 + 0.28 + 0.50 - 0.0009 = 2074.34, so 2075 servers.
    """
    z, root = ndtri(1 - share), np.sqrt(mean)
    return np.asarray(mean + z * root + (z * z - 1) / 6 + 0.5 + (z - z**3) / (72 * root))


def _read_off(mean: np.ndarray, share: float) -> np.ndarray:
    """The fewest servers for many means and one share: from a table, or by the expansion for large means.

    Near a whole number, where the error of the expansion could change the result, the share itself is
    computed.
    """
    means = _largest_means(share)
    many = np.asarray(mean > means[-1])
    fewest = np.searchsorted(means, mean) + 1.0
    if not many.any():
        return np.asarray(fewest)
    own = mean[many]
    count = _quantile(own, share)
    whole, result = np.rint(count), np.ceil(count)
    near = (np.abs(count - whole) < ERROR) & (own < EXACT)
    result[near] = whole[near] + _are_too_few(whole[near], own[near], share)
    fewest = np.asarray(fewest)
    fewest[many] = result
    return fewest


@cache
def _largest_means(share: float) -> np.ndarray:
    """The largest mean for which n servers suffice, for n = 1, 2, ...; it rises with n."""
    return np.asarray(gammaincinv(np.arange(1.0, ONE_BY_ONE + 1), share * (1 + 1e-12)))


def _search(mean: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The fewest servers by steps from an approximation, where there are too many shares for tables."""
    few = np.minimum(mean, EXACT)
    fewest = np.maximum(np.ceil(pdtrik(1 - share, few)), 1.0)
    for _ in range(2):
        fewest = np.where(_are_too_few(fewest, few, share), fewest + 1, fewest)
        fewer = np.maximum(fewest - 1, 1.0)
        fewest = np.where(_are_too_few(fewer, few, share), fewest, fewer)
    result: np.ndarray = np.where(mean < EXACT, fewest, np.ceil(_quantile(mean, share)))
    return result


def ready_servers(busy: Number, answering: Number, less_share: Number) -> Number:
    """The fewest servers for a mean of `busy` of them, and for `answering` requests/s at 1/s per server.

    `less_share` is minus the share of arrivals that may find all servers busy, so that the result rises with
    each argument.

    >>> float(ready_servers(2.4, 1.2, -0.05)), float(ready_servers(0.01, 7.5, -0.05))
    (6.0, 8.0)
    """
    fewest = fewest_servers(busy, -np.asarray(less_share))
    return np.maximum(fewest, np.ceil(np.maximum(answering, 1.0) - 1e-9))


def _sum(terms: NDArray[np.float64]) -> Number:
    """The sum over levels, always in the same order of additions."""
    total: Number = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
