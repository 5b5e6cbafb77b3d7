"""Latency from the steps: how long one request takes at the p50, p95 and p99 [s]."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions, at_stated_size
from explorer.options.base.request_path import LEVELS, PHASES, Actor, BodyOut, Phase, Step
from explorer.workload.distribution import Distribution
from explorer.workload.workload import Workload

from .designs import Design, Placement

# phases before the response of a synchronous design
BEFORE_ANSWER = (Phase.QUEUE, Phase.COLD_START, Phase.WORK)


def counts_for(step: Step) -> str:
    """The part of a client's patience that a step uses: "exchange", "work" or "" for none.

    The exchange lasts until the request is accepted. In a synchronous design the steps before the first byte
    of the response follow, the "work". The run time is not counted here: its distribution is used instead.
    """
    if step.phase is Phase.SUBMIT:
        return "" if step.actors[1] is Actor.BUCKET else "exchange"
    return "work" if step.phase in BEFORE_ANSWER and step.driver != "runtime" else ""


def over_patience(
    patience: Number, runtime: Distribution, init_s: Number, work: Number, cold: Number, answers: Number
) -> Number:
    """The chance that the first byte of the response arrives after `client.waits`.

    Parameters
    ----------
    patience
        What remains of `client.waits` after the exchange [s].
    runtime, init_s
        The run time, and the median cold start [s].
    work
        The p50 of the steps before the first byte (`counts_for`), summed [s].
    cold
        The share of requests that wait for a cold start.
    answers
        Whether the response waits for the work.
    """
    warm = runtime.exceed(np.maximum(patience - work, 0))
    started = runtime.exceed(np.maximum(patience - work - init_s, 0))
    waited = (1 - cold) * warm + cold * started
    return np.where(patience < 0, 1.0, np.where(answers, waited, 0.0))


def steps(load: Conditions, design: Design) -> list[Step]:
    """The steps of one design in order of time, with their seconds as quantiles over all requests."""
    every = []
    for option in design.options:
        placement = Placement.of(option, design.flow)
        own_load = placement.load(load)
        every += [
            replace(step, seconds=own_load.step_s(step), before_first_byte=own_load.first_byte_s(step))
            for step in option.steps(own_load, placement.path)
            if step.where
        ]
    return sorted(every, key=lambda step: (PHASES.index(step.phase), step.order))


def first_byte_s(load: Conditions, design: Design) -> np.ndarray:
    """The time from submitting to the first byte of the result, at each of `LEVELS` [s], shape (3,).

    If the request is only acknowledged, the first byte is that of the 202 response.
    """
    acknowledged = design.flow.body_out is BodyOut.NOTHING
    seconds = np.zeros(len(LEVELS))
    for step in steps(load, design):
        if not acknowledged or step.phase is Phase.SUBMIT:
            assert step.before_first_byte is not None
            seconds += np.broadcast_to(step.before_first_byte, seconds.shape)
    return seconds


def seconds_by_step(load: Conditions, design: Design) -> dict[str, dict[str, float]]:
    """The seconds of each step in order of time, then of "first_byte" and "total"."""
    rows: dict[str, np.ndarray] = {}
    for step in steps(load, design):
        seconds = np.broadcast_to(step.seconds, (len(LEVELS),))
        rows[step.title] = rows.get(step.title, 0.0) + seconds
    total = np.sum(list(rows.values()), axis=0) if rows else np.zeros(len(LEVELS))
    return {
        title: _by_level(seconds)
        for title, seconds in {**rows, "first_byte": first_byte_s(load, design), "total": total}.items()
    }


def _by_level(seconds: np.ndarray) -> dict[str, float]:
    return {f"p{100 * level:g}": float(each) for level, each in zip(LEVELS, seconds, strict=True)}


def latency(
    workload: Workload, design: Design, load: Conditions | None = None
) -> dict[str, dict[str, float]]:
    """The seconds by phase and in total: {"work": {"p50": ..., "p95": ..., "p99": ...}, "total": ...}."""
    load = load or at_stated_size(workload)
    phases = {phase: np.zeros(3) for phase in (*PHASES, "total")}
    for step in steps(load, design):
        seconds = np.broadcast_to(step.seconds, (3,))
        phases[step.phase] += seconds
        phases["total"] += seconds
    return {
        phase: _by_level(seconds) for phase, seconds in phases.items() if phase == "total" or seconds.any()
    }
