"""Arrivals and warm environments: how often a request meets a cold one. Knows no AWS."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from explorer.facts.ufuncs import gammainc, gammaincc, gammaincinv, gammaln, ndtri, pdtrik
from explorer.facts.units import Number

FEW_SHARES = 8  # for which there are tables
ONE_BY_ONE = 1024.0  # servers up to which a table has each number
ERROR = 0.05  # more than the expansion is off, beyond that
EXACT = 1e6  # a mean from which on the expansion is off by less than SciPy's functions are
LEVELS = 64  # environments that are looked at one by one, or in strides where more are busy


def _levels(rate: Number, service_s: Number) -> tuple[NDArray[np.float64], ...]:
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
    expired = np.exp(-keep_alive_s * rate * share / below)
    return np.minimum(_sum(stride * share * expired), 1.0)


def mean_environments(rate: Number, service_s: Number, keep_alive_s: float) -> Number:
    """The mean number of environments that exist, busy or kept warm, in the same approximation."""
    stride, share, below, first = _levels(rate, service_s)
    warm = 1 - np.exp(-keep_alive_s * rate * share / below)
    return first + _sum(stride * ((1 - below) + below * warm))


def fewest_servers(busy: Number, share: Number) -> Number:
    """The fewest servers, at least one, of which all are busy for no more than a share of the arrivals.

    Arrivals find N busy, Poisson of the mean `busy` (the M/M/inf queue); P(N >= n) is the regularized gamma
    function P(n, busy), which falls with n.

    >>> float(fewest_servers(1e-9, 0.05))
    1.0
    """
    mean, share = np.maximum(np.asarray(busy, dtype=float), 1e-12), np.asarray(share, dtype=float)
    distinct = np.unique(share)
    if distinct.size > FEW_SHARES:
        return _searched(mean, share)[()]
    fewest = _read_off(mean, float(distinct[0]))
    for other in distinct[1:].tolist():
        fewest = np.where(share == other, _read_off(mean, other), fewest)
    return np.broadcast_to(fewest, np.broadcast_shapes(mean.shape, share.shape))[()]


def _are_too_few(servers: np.ndarray, mean: np.ndarray, share: Number) -> np.ndarray:
    """Whether a larger share of the arrivals finds all servers busy."""
    return np.asarray(gammainc(servers, mean) > share * (1 + 1e-12))


def _quantile(mean: np.ndarray, share: Number) -> np.ndarray:
    """The real number n with P(n, mean) = share: rounded up it is the answer.

    The Cornish-Fisher expansion of a Poisson quantile, half a unit added for whole numbers: with the normal
    quantile z, n = m + z sqrt(m) + (z^2 - 1) / 6 + 1/2 + (z - z^3) / (72 sqrt(m)) + O(1 / m).
    """
    z, root = ndtri(1 - share), np.sqrt(mean)
    return np.asarray(mean + z * root + (z * z - 1) / 6 + 0.5 + (z - z**3) / (72 * root))


def _read_off(mean: np.ndarray, share: float) -> np.ndarray:
    """The fewest servers for many means and one share: few from a table, many by the expansion.

    Near a whole number, where its error could decide, the share itself is looked at.
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
    """The largest mean for which n servers are enough, n from 1: it rises with n."""
    return np.asarray(gammaincinv(np.arange(1.0, ONE_BY_ONE + 1), share * (1 + 1e-12)))


def _searched(mean: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The fewest servers by steps from an approximation, where shares are too many for a table each."""
    few = np.minimum(mean, EXACT)
    fewest = np.maximum(np.ceil(pdtrik(1 - share, few)), 1.0)
    for _ in range(2):
        fewest = np.where(_are_too_few(fewest, few, share), fewest + 1, fewest)
        fewer = np.maximum(fewest - 1, 1.0)
        fewest = np.where(_are_too_few(fewer, few, share), fewest, fewer)
    result: np.ndarray = np.where(mean < EXACT, fewest, np.ceil(_quantile(mean, share)))
    return result


def ready_servers(busy: Number, answering: Number, less_share: Number) -> Number:
    """The fewest servers for so many that are busy, and for so many requests a second at one a server.

    `less_share` is minus the share of arrivals that may find all busy, so that the result rises with each.

    >>> float(ready_servers(2.4, 1.2, -0.05)), float(ready_servers(0.01, 7.5, -0.05))
    (6.0, 8.0)
    """
    fewest = fewest_servers(busy, -np.asarray(less_share))
    return np.maximum(fewest, np.ceil(np.maximum(answering, 1.0) - 1e-9))


def _sum(terms: NDArray[np.float64]) -> Number:
    """The sum over levels, in their order whatever the memory layout."""
    total: Number = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
