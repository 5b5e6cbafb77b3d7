"""Seconds from the steps: what one request waits for, at the p50, p95 and p99."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import Driver
from explorer.options.base.request_path import LEVELS, PHASES, Actor, Phase, Step
from explorer.workload.workload import Workload

from .designs import Design, Placement

# what a client waits through if it is answered at once
BEFORE_ANSWER = (Phase.QUEUE, Phase.COLD_START, Phase.WORK)


@dataclass(frozen=True, eq=False)
class Seconds:
    """What one option's steps take: in all, and of that before the first byte of an answer.

    The quantiles of a sum are taken as the sum of the quantiles: steps that are slow together.
    """

    total: Number  # at each level, shape (3, ...)
    exchange: Number  # until the request is accepted, at the p50
    work: Number  # between that and the first byte of an answer, without the run time, at the p50

    @classmethod
    def of(cls, steps: Iterable[Step]) -> Seconds:
        """The sums over these steps."""
        total: Number = 0.0
        exchange: Number = 0.0
        work: Number = 0.0
        for step in steps:
            total = total + step.seconds
            if step.phase is Phase.SUBMIT and step.actors[1] is not Actor.BUCKET:
                exchange = exchange + _first(step.seconds)
            elif step.phase in BEFORE_ANSWER and step.driver != Driver.RUNTIME:
                work = work + _first(step.seconds)
        return cls(total, exchange, work)


def _first(seconds: Number) -> Number:
    return seconds[0] if np.ndim(seconds) else seconds


def over_patience(load: Conditions, exchange: Number, work: Number, cold: Number, answers: Number) -> Number:
    """The chance that the first byte of an answer comes after `client.waits`.

    Parameters
    ----------
    exchange, work : `Seconds` of the design
    cold : the share of requests whose work waits for a cold start
    answers : whether the exchange waits for the work
    """
    left = load.waits - exchange
    warm = load.runtime.exceed(np.maximum(left - work, 0))
    started = load.runtime.exceed(np.maximum(left - work - load.init_p50_s, 0))
    waited = (1 - cold) * warm + cold * started
    return np.where(left < 0, 1.0, np.where(answers, waited, 0.0))


def steps(load: Conditions, design: Design) -> list[Step]:
    """The steps of one design in the order in which they happen."""
    every = [
        step
        for option in design.options
        for step in option.steps(load.under(Placement.of(option, design.flow).flow))
    ]
    return sorted(every, key=lambda step: (PHASES.index(step.phase), step.order))


def latency(workload: Workload, design: Design) -> dict[str, dict[str, float]]:
    """Seconds by phase and in all: {"work": {"p50": ..., "p95": ..., "p99": ...}, ..., "total": ...}."""
    load = Conditions(workload)
    phases = {phase: np.zeros(3) for phase in (*PHASES, "total")}
    for step in steps(load, design):
        seconds = np.broadcast_to(step.seconds, (3,))
        phases[step.phase] += seconds
        phases["total"] += seconds
    names = [f"p{100 * level:g}" for level in LEVELS]
    return {
        phase: dict(zip(names, seconds.tolist(), strict=True))
        for phase, seconds in phases.items()
        if phase == "total" or seconds.any()
    }
