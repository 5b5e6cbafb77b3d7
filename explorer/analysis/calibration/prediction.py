"""A prediction for one run under its own conditions: its rate, its work, how its clients poll."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from explorer.engine.designs import Design
from explorer.engine.latency import steps
from explorer.facts.ufuncs import ndtri
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.request_path import LEVELS, PHASES, Actor, Phase, Step
from explorer.workload.workload import Workload

SHARES = (np.arange(1000) + 0.5) / 1000  # of the jobs, each as slow in all its phases as this share
SCORES = ndtri(SHARES)
NAMES = tuple(f"p{100 * level:g}" for level in LEVELS)


@dataclass(frozen=True)
class RunConditions:
    """What one run asked for: a prediction for it takes these from it.

    Parameters
    ----------
    rate_rps : jobs a second
    runtime_s, response_bytes, request_bytes : of each job; None: as the workload says
    cold_shares : of "work" and of the front functions by their times' ids; others as at a steady rate
    poll_every_s, poll_growth : when the client polled; None: by Retry-After, in whole seconds
    """

    rate_rps: float
    runtime_s: float | None = None
    response_bytes: float | None = None
    request_bytes: float | None = None
    cold_shares: Mapping[str, float] = field(default_factory=dict)
    poll_every_s: float | None = None
    poll_growth: float | None = None

    def workload(self, w: Workload) -> Workload:
        """The workload as this run asked for it."""
        month_s = w.preferences.month_hours * 3600
        sizes = {"runtime": self.runtime_s, "response": self.response_bytes, "request": self.request_bytes}
        overrides = {name: value for name, value in sizes.items() if value is not None}
        rates = {"requests_per_month": max(self.rate_rps * month_s, 1.0), "peak_rps": self.rate_rps}
        return w.replace({**overrides, **rates})


class PredictionConditions(Conditions):
    """The load of one run; `only`, where given, is all that takes time: [s] by id, [s/B] by rate."""

    def __init__(self, w: Workload, run: RunConditions, only: Mapping[str, float] | None = None) -> None:
        self.run, self.only = run, only
        super().__init__(run.workload(w))
        if only is not None:
            self.bandwidth = _bytes_per_s(only, "client.bandwidth")

    def cold_share(self, service_s: Number, name: str) -> Number:
        """As the run had it, else as at a steady rate."""
        if name in self.run.cold_shares:
            return self.run.cold_shares[name]
        return super().cold_share(service_s, name)

    def time(self, time_id: str) -> np.ndarray:
        """The time of an operation [s]; where `only` is given, its value there."""
        default = super().time(time_id)
        if self.only is None:
            return default
        self.times[time_id] = default
        return np.full(self.levels.shape, self.only.get(time_id, 0.0))

    @property
    def network(self) -> Number:
        """Bandwidth between an environment and S3 [B/s]; where `only` is given, its value there."""
        return super().network if self.only is None else _bytes_per_s(self.only, "runtime.network")


def _bytes_per_s(only: Mapping[str, float], field: str) -> float:
    return 1 / only[field] if only.get(field) else np.inf


def phase_sums(request_steps: Iterable[Step]) -> dict[str, np.ndarray]:
    """Seconds of each phase at each of `LEVELS`; apart: the wait for a poll, the front functions' own."""
    sums = {name: np.zeros(3) for name in (*PHASES, "wait", "front submit", "front poll")}
    for step in request_steps:
        waits = step.phase is Phase.POLL and step.actors == (Actor.CLIENT, Actor.CLIENT)
        seconds = np.broadcast_to(step.seconds, (3,))
        sums["wait" if waits else step.phase] += seconds
        if step.actors == (Actor.FRONT, Actor.TABLE):
            sums[f"front {step.phase}"] += seconds
    return sums


def predict_run(w: Workload, design: Design, run: RunConditions) -> dict[str, dict[str, float]]:
    """Seconds by phase and in all at p50, p95 and p99, for a run under these conditions.

    As `latency`, but that the wait for a poll is not spread evenly: when the client polls is known. Each
    figure is a percentile of its own phase, as a measured one is: a job that ends late has not waited
    longest for its poll, since that wait depends on when it ends between two polls.
    """
    load = PredictionConditions(w, run)
    sums = phase_sums(steps(load, design))
    predictions = {phase: sums[phase] for phase in PHASES if sums[phase].any()}
    if not sums["wait"].any():
        predictions["total"] = np.sum([sums[phase] for phase in PHASES], axis=0)
    else:
        at = {phase: _over_all(sums[phase]) for phase in PHASES}
        ended = at[Phase.QUEUE] + at[Phase.COLD_START] + at[Phase.WORK]
        poll_end = [_poll_end_s(float(end), float(sums[Phase.POLL][0]), run, load) for end in ended]
        at[Phase.POLL] = np.array(poll_end) - ended
        for phase, seconds in ((Phase.POLL, at[Phase.POLL]), ("total", sum(at.values()))):
            predictions[phase] = np.quantile(seconds, LEVELS, method="inverted_cdf")
    return {phase: by_quantile(seconds) for phase, seconds in predictions.items()}


def _over_all(seconds: np.ndarray) -> np.ndarray:
    """Seconds of jobs at `SHARES`, from those at `LEVELS`: linear in the normal quantile, ends continued."""
    z, at_levels = SCORES, ndtri(np.asarray(LEVELS))
    slopes = np.diff(seconds) / np.diff(at_levels)
    before = seconds[0] + slopes[0] * np.minimum(z - at_levels[0], 0)
    after = slopes[-1] * np.maximum(z - at_levels[-1], 0)
    within = np.interp(z, at_levels, seconds) - seconds[0]
    result: np.ndarray = np.maximum(before + within + after, 0.0)
    return result


def _poll_end_s(end_s: float, exchange_s: float, run: RunConditions, load: Conditions) -> float:
    """When the client sees the end of a job that ends `end_s` after it was accepted [s]."""
    every = load.constant("poll.first_s") if run.poll_every_s is None else run.poll_every_s
    growth = load.constant("poll.growth") if run.poll_growth is None else run.poll_growth
    poll_s = every
    while poll_s + exchange_s / 2 < end_s:  # the status is read in the middle of an exchange
        answered = poll_s + exchange_s
        wait = max(every, growth * answered)
        poll_s = answered + (np.ceil(wait) if run.poll_every_s is None else wait)
    return poll_s + exchange_s


def by_quantile(seconds: Iterable[float]) -> dict[str, float]:
    """Seconds by the names of their quantiles."""
    return {name: float(value) for name, value in zip(NAMES, seconds, strict=True)}
