"""When requests are sent: at times fixed before the first one, or one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.errors import ExplorerError

MOST_REQUESTS = 10_000_000  # a longer schedule is a mistake


@dataclass(frozen=True)
class Stretch:
    """A part of a schedule with one rate [requests/s]."""

    rate_rps: float
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Schedule:
    """An open loop: the due times of all requests [s from the start], independent of earlier requests."""

    kind: str
    at_s: np.ndarray  # increasing, shape (requests,)
    stretches: tuple[Stretch, ...]
    stretch_of: np.ndarray  # index of the stretch of each request, shape (requests,)

    @property
    def requests(self) -> int:
        """The number of requests."""
        return int(self.at_s.size)

    @property
    def duration_s(self) -> float:
        """From the start to the end of the last stretch [s]."""
        return self.stretches[-1].end_s

    @property
    def rate_rps(self) -> float:
        """The mean rate [requests/s]."""
        return self.requests / self.duration_s

    def to_dict(self) -> dict[str, object]:
        """As the result shows it."""
        rates = [stretch.rate_rps for stretch in self.stretches]
        return {"loop": "open", "kind": self.kind, "rates_rps": rates, "duration_s": self.duration_s}


@dataclass(frozen=True)
class ClosedLoop:
    """A closed loop: `jobs` in total, `concurrency` at a time, each sent when an earlier one has ended.

    An endpoint that stalls receives fewer requests: the latencies leave out those that would have met the
    stall.
    """

    jobs: int
    concurrency: int

    def __post_init__(self) -> None:
        _check("jobs", self.jobs, 1, MOST_REQUESTS)
        _check("concurrency", self.concurrency, 1, self.jobs)

    @property
    def requests(self) -> int:
        """The number of requests."""
        return self.jobs

    def to_dict(self) -> dict[str, object]:
        """As the result shows it."""
        return {"loop": "closed", "kind": "closed", "jobs": self.jobs, "concurrency": self.concurrency}


def constant(rate_rps: float, duration_s: float) -> Schedule:
    """Evenly spaced requests.

    Parameters
    ----------
    rate_rps : requests a second
    duration_s : of the schedule [s]
    """
    return rate_steps([rate_rps], duration_s)


def poisson(rate_rps: float, duration_s: float, seed: int = 1) -> Schedule:
    """Requests at random times, as from many independent clients.

    Parameters
    ----------
    rate_rps : requests a second, on average
    duration_s : of the schedule [s]
    seed : the same seed gives the same times
    """
    return rate_steps([rate_rps], duration_s, seed)


def rate_steps(rates_rps: Sequence[float], each_s: float, seed: int | None = None) -> Schedule:
    """One rate after another, to find the rate that is no longer served.

    Parameters
    ----------
    rates_rps : requests a second, one for each stretch
    each_s : duration of each stretch [s]
    seed : of Poisson arrivals; None: evenly spaced

    Raises ExplorerError for no rates, or for a rate, duration or number of requests that is out of range.
    """
    _check("duration", each_s, 1e-3, 366 * 86400)
    if not len(rates_rps):
        raise ExplorerError("rates is empty: expected one rate or more")
    generator = None if seed is None else np.random.default_rng(seed)
    starts, stretches = [], []
    for k, rate in enumerate(rates_rps):
        _check("rate", rate, 1e-6, 1e6)
        _check("requests", rate * each_s, 1, MOST_REQUESTS)
        stretches.append(Stretch(float(rate), k * each_s, (k + 1) * each_s))
        starts.append(k * each_s + _arrivals(float(rate), each_s, generator))
    kind = ("constant" if generator is None else "poisson") if len(rates_rps) == 1 else "stepped"
    stretch_of = np.repeat(np.arange(len(starts)), [times.size for times in starts])
    return Schedule(kind, np.concatenate(starts), tuple(stretches), stretch_of)


def _arrivals(rate_rps: float, duration_s: float, generator: np.random.Generator | None) -> np.ndarray:
    if generator is None:
        return np.arange(round(rate_rps * duration_s)) / rate_rps
    # for a given count, Poisson arrivals are uniform
    count = max(int(generator.poisson(rate_rps * duration_s)), 1)
    return np.sort(generator.uniform(0.0, duration_s, count))


def _check(name: str, value: float, least: float, most: float) -> None:
    if not isinstance(value, int | float | np.number) or not least <= value <= most:
        raise ExplorerError(f"{name} is {value}: expected a number from {least:g} to {most:g}")
