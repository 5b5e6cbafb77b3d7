"""Service times of requests: exponential, constant, from a distribution or from samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from explorer.errors import ExplorerError
from explorer.facts.units import parse_time, quote_value
from explorer.workload.distribution import Distribution, Samples, constant, from_samples

SHAPES = ("exponential", "constant")


@dataclass(frozen=True)
class Exponential:
    """An exponential service time with this mean [s]."""

    mean: float


Service = Exponential | Distribution
Time: TypeAlias = "float | str | Distribution | ArrayLike"  # the accepted forms


def service(name: str, value: object, shape: str) -> Service:
    """The service time that `value` describes: a mean with the shape, a distribution, or samples [s]."""
    if isinstance(value, Distribution):
        if np.ndim(value.scale) > 0:
            raise ExplorerError(f"{name} is a distribution of many scales: expected one")
        return value
    try:
        if isinstance(value, str | int | float | np.number):
            mean = parse_time(value.item() if isinstance(value, np.number) else value)
            return Exponential(mean) if shape == "exponential" else constant(mean)
        return from_samples(value)
    except ExplorerError as error:
        raise ExplorerError(f"{name} {error}") from None
    except (TypeError, ValueError):
        raise ExplorerError(
            f"{name} is {quote_value(value)}: expected a time, a distribution or samples"
        ) from None


def draws(
    warm: Service, cold: Service, size: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of `size` warm and cold times, without end; long work is long in both."""
    of_warm, of_cold = _unit(warm), _unit(cold)
    one, two = (rng, rng) if of_warm is of_cold else rng.spawn(2)
    while True:
        unit = of_warm(one, size)
        again = unit if of_warm is of_cold else of_cold(two, size)
        times = _times(warm, unit)
        yield times, times if cold is warm else _times(cold, again)


def _unit(of: Service) -> Callable[[np.random.Generator, int], np.ndarray]:
    """The function that draws the random numbers, one for each request, for a service time."""
    if isinstance(of, Exponential):
        return _exponential
    return _uniform if isinstance(of, Samples) else _normal


def _exponential(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_exponential(n)


def _uniform(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.random(n)


def _normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal(n)


def _times(of: Service, unit: np.ndarray) -> np.ndarray:
    if isinstance(of, Exponential):
        return of.mean * unit
    if not isinstance(of, Samples):
        return np.asarray(of.at(unit))
    if of.values[0] == of.values[-1]:
        return np.full(unit.size, of.values[0] * of.scale)
    times: np.ndarray = of.values[(unit * of.values.size).astype(np.int64)] * of.scale
    return times
