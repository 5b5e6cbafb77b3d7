"""Predicts one run under its own conditions: its rate, its work, and how its clients poll."""

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

SHARES = (np.arange(1000) + 0.5) / 1000  # quantile of each modelled job, the same in all of its phases
SCORES = ndtri(SHARES)
NAMES = tuple(f"p{100 * level:g}" for level in LEVELS)


@dataclass(frozen=True)
class RunConditions:
    """The conditions of one run, used to predict it.

    Parameters
    ----------
    rate_rps : jobs per second
    runtime_s, response_bytes, request_bytes : of each job; None: as in the workload
    cold_shares : shares of cold starts, of "work" and of the front functions by time id; others as at a
        steady rate
    poll_every_s, poll_growth : polling schedule of the client; None: by Retry-After, in whole seconds
    """

    rate_rps: float
    runtime_s: float | None = None
    response_bytes: float | None = None
    request_bytes: float | None = None
    cold_shares: Mapping[str, float] = field(default_factory=dict)
    poll_every_s: float | None = None
    poll_growth: float | None = None

    def workload(self, w: Workload) -> Workload:
        """The workload under the conditions of this run."""
        month_s = w.preferences.month_hours * 3600
        sizes = {"runtime": self.runtime_s, "response": self.response_bytes, "request": self.request_bytes}
        overrides = {name: value for name, value in sizes.items() if value is not None}
        rates = {"requests_per_month": max(self.rate_rps * month_s, 1.0), "peak_rps": self.rate_rps}
        return w.replace({**overrides, **rates})


class PredictionConditions(Conditions):
    """The load of one run; with `only`, all times except these are 0: [s] by id, [s/B] by rate."""

    def __init__(self, w: Workload, run: RunConditions, only: Mapping[str, float] | None = None) -> None:
        self.run, self.only = run, only
        super().__init__(run.workload(w))
        if only is not None:
            self.bandwidth = _bytes_per_s(only, "client.bandwidth")

    def cold_share(self, service_s: Number, name: str) -> Number:
        """The share of cold starts of the run, else at a steady rate."""
        if name in self.run.cold_shares:
            return self.run.cold_shares[name]
        return super().cold_share(service_s, name)

    def time(self, time_id: str) -> np.ndarray:
        """The time of an operation [s]; with `only`, its value there or 0."""
        default = super().time(time_id)
        if self.only is None:
            return default
        self.times[time_id] = default
        return np.full(self.levels.shape, self.only.get(time_id, 0.0))

    @property
    def network(self) -> Number:
        """The bandwidth between an environment and S3 [B/s]; with `only`, its value there."""
        return super().network if self.only is None else _bytes_per_s(self.only, "runtime.network")


def _bytes_per_s(only: Mapping[str, float], field: str) -> float:
    return 1 / only[field] if only.get(field) else np.inf


def phase_sums(request_steps: Iterable[Step]) -> dict[str, np.ndarray]:
    """The seconds of each phase at each of `LEVELS`; also the wait for a poll and the front functions."""
    sums = {name: np.zeros(3) for name in (*PHASES, "wait", "front submit", "front poll")}
    for step in request_steps:
        waits = step.phase is Phase.POLL and step.actors == (Actor.CLIENT, Actor.CLIENT)
        seconds = np.broadcast_to(step.seconds, (3,))
        sums["wait" if waits else step.phase] += seconds
        if step.actors == (Actor.FRONT, Actor.TABLE):
            sums[f"front {step.phase}"] += seconds
    return sums


def predict_run(w: Workload, design: Design, run: RunConditions) -> dict[str, dict[str, float]]:
    """The predicted seconds by phase and in total at p50, p95 and p99, for a run under these conditions.

    Unlike `latency`, this uses the client's actual polling schedule instead of a uniform wait for a poll.
    Each figure is a percentile of its own phase, as measured figures are: the slowest job does not have the
    longest wait for its poll, since that wait depends on where its end falls between two polls.
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
    """The seconds of jobs at `SHARES` from those at `LEVELS`: linear in the normal quantile, extrapolated."""
    z, at_levels = SCORES, ndtri(np.asarray(LEVELS))
    slopes = np.diff(seconds) / np.diff(at_levels)
    before = seconds[0] + slopes[0] * np.minimum(z - at_levels[0], 0)
    after = slopes[-1] * np.maximum(z - at_levels[-1], 0)
    within = np.interp(z, at_levels, seconds) - seconds[0]
    result: np.ndarray = np.maximum(before + within + after, 0.0)
    return result


def _poll_end_s(end_s: float, exchange_s: float, run: RunConditions, load: Conditions) -> float:
    """When the client learns the end of a job that ends `end_s` after it was accepted [s]."""
    every = load.constant("poll.first_s") if run.poll_every_s is None else run.poll_every_s
    growth = load.constant("poll.growth") if run.poll_growth is None else run.poll_growth
    poll_s = every
    while poll_s + exchange_s / 2 < end_s:  # the status is read in the middle of an exchange
        answered = poll_s + exchange_s
        wait = max(every, growth * answered)
        poll_s = answered + (np.ceil(wait) if run.poll_every_s is None else wait)
    return poll_s + exchange_s


def by_quantile(seconds: Iterable[float]) -> dict[str, float]:
    """The seconds by the names of their quantiles."""
    return {name: float(value) for name, value in zip(NAMES, seconds, strict=True)}
