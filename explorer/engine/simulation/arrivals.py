"""Arrival times of requests: Poisson, by the hour of a day or week, in bursts, or recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of

from .arguments import above_0, numbers

DAY_S, WEEK_S = 86_400.0, 604_800.0
SEGMENTS = 1024  # stretches of one rate that are drawn at a time


class Arrivals(Protocol):
    """A source of arrival times."""

    def blocks(self, rate: float, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Arrival times [s] in ascending order, in blocks of about `size`, without end or to the last one."""


@dataclass(frozen=True)
class Poisson:
    """Arrivals that are independent of one another, at one rate."""

    def blocks(self, rate: float, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Arrival times [s], ascending, `size` at a time, without end."""
        last = 0.0
        while True:
            times = rng.standard_exponential(size)
            times /= rate
            times[0] += last
            np.cumsum(times, out=times)
            last = times[-1]
            yield times


@dataclass(frozen=True)
class _Varying:
    """Poisson arrivals at a varying rate.

    Arrivals at the rate 1 are drawn and their times mapped through the inverse of the integral of the rate.
    Example: at a rate of 2/s for 5 s and 0.5/s afterwards, the time 10 becomes 5 s and the time 11 becomes 7
    s.
    """

    def segments(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Lengths [s] of consecutive stretches and their rates relative to the mean, without end."""
        raise NotImplementedError

    def blocks(self, rate: float, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        gaps, pieces = rng.spawn(2)
        segments = self.segments(pieces)
        clock, work, last = np.zeros(1), np.zeros(1), 0.0
        while True:
            unit = gaps.standard_exponential(size)
            unit[0] += last
            np.cumsum(unit, out=unit)
            last = unit[-1]
            while work[-1] < last:
                lengths, rates = next(segments)
                clock = np.append(clock, clock[-1] + np.cumsum(lengths))
                work = np.append(work, work[-1] + np.cumsum(lengths * rates * rate))
            yield np.interp(unit, work, clock)
            past = max(0, int(np.searchsorted(work, last)) - 1)
            clock, work = clock[past:], work[past:]


@dataclass(frozen=True)
class Periodic(_Varying):
    """A rate that repeats after a period.

    Parameters
    ----------
    weights
        Rates in equal parts of the period, in any unit: they are scaled to the mean rate, shape (n,).
    period_s
        Length of the period [s], by default a day.
    """

    weights: Sequence[float]
    period_s: float = DAY_S

    def __post_init__(self) -> None:
        weights = numbers("weights of Periodic", self.weights)
        if not weights.sum() > 0:
            raise ExplorerError("weights of Periodic are all 0: expected one above 0")
        above_0("period_s of Periodic", self.period_s)

    def segments(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Lengths [s] of stretches of one rate, and their rates as factors of the mean."""
        weights = np.asarray(self.weights, dtype=float)
        periods = -(-SEGMENTS // weights.size)
        lengths = np.full(periods * weights.size, self.period_s / weights.size)
        rates = np.tile(weights / weights.mean(), periods)
        while True:
            yield lengths, rates


@dataclass(frozen=True)
class Bursts(_Varying):
    """Bursts of many requests between calm times with few, both of exponential length.

    Parameters
    ----------
    factor
        The rate in a burst divided by the rate in a calm time.
    burst_s
        The mean length of a burst [s].
    calm_s
        The mean length of a calm time [s].
    """

    factor: float
    burst_s: float
    calm_s: float

    def __post_init__(self) -> None:
        for name in ("factor", "burst_s", "calm_s"):
            above_0(f"{name} of Bursts", getattr(self, name))

    def segments(self, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Lengths [s] of calm times and bursts in turn, and their rates as factors of the mean."""
        mean = (self.calm_s + self.factor * self.burst_s) / (self.calm_s + self.burst_s)
        rates = np.tile([1 / mean, self.factor / mean], SEGMENTS // 2)
        means = np.tile([self.calm_s, self.burst_s], SEGMENTS // 2)
        while True:
            yield means * rng.standard_exponential(SEGMENTS), rates


@dataclass(frozen=True, eq=False)
class Trace:
    """Recorded arrivals."""

    times: np.ndarray

    def blocks(self, rate: float, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """The recorded times [s], `size` at a time."""
        for start in range(0, self.times.size, size):
            yield self.times[start : start + size]


def _office(hours: Sequence[float]) -> list[float]:
    return [float(np.interp(hour, [0, 5, 9, 12, 14, 18, 24], hours)) for hour in range(24)]


_WORKDAY = _office([2, 1, 8, 10, 10, 5, 2])
BY_NAME: dict[str, Arrivals] = {
    "poisson": Poisson(),
    "day": Periodic(_WORKDAY, DAY_S),
    "week": Periodic(_WORKDAY * 5 + _office([2, 1, 2, 3, 3, 3, 2]) * 2, WEEK_S),
}


def arrivals(source: str | Arrivals | ArrayLike) -> Arrivals:
    """The arrivals that `source` describes: a name, Periodic, Bursts or recorded times.

    Raises ExplorerError for anything else.
    """
    if isinstance(source, Poisson | Periodic | Bursts | Trace):
        return source
    if isinstance(source, str):
        if source not in BY_NAME:
            raise ExplorerError(f'arrivals is "{source}": {expected_one_of(BY_NAME)}, or times')
        return BY_NAME[source]
    times = np.array(numbers("arrivals", source))  # a copy: contiguous, and not shared with the caller
    if np.any(np.diff(times) < 0):
        raise ExplorerError("arrivals fall: expected times [s] in order")
    return Trace(times)
