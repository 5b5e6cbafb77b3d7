"""Containers: the available task sizes, what one task carries, and how many tasks a day's load needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from explorer.facts import catalogue
from explorer.facts.units import Number

from .conditions import P95_TAIL_SHARE, Conditions
from .mask import Mask
from .sizes import sells_by_kind

AT_ONCE = 2**18  # points x sizes that are evaluated together
DAY_S = 86400.0


@cache
def _task_sizes() -> tuple[tuple[float, float], ...]:
    """The vCPUs and memory [GB] of each task size."""
    return tuple((size.vcpu, gb) for size in catalogue.task_sizes() for gb in size.gb)


def task_hours(
    load: Conditions, hours: Number, vcpu: Number, gb: Number, spot: bool = False
) -> Iterable[tuple[str, Number]]:
    """The lines for `hours` of a container of this size, with a public address unless it runs in a VPC."""
    kind = "spot_" if spot else ""
    yield load.by_architecture(f"fargate.{kind}vcpu_linux"), hours * vcpu
    yield load.by_architecture(f"fargate.{kind}memory_linux"), hours * gb
    if not load.workload.network.vpc:
        yield "vpc.public_ipv4_in_use", hours


def _fits(load: Conditions, vcpu: Number, gb: Number) -> Mask:
    """Whether a task has the vCPUs that one request uses at once, and its memory."""
    result: Mask = np.asarray(vcpu >= load.used_vcpu * (1 - 1e-9))
    return result & (gb >= load.memory_gb * (1 - 1e-9))


def sold_tasks(load: Conditions) -> Mask:
    """The sizes of the load that are container tasks, or all where the file names the sizes."""
    return load.of_task | np.bool_(not sells_by_kind(load.workload.runtime) or "runtime.memory" in load.axes)


def some_task_fits(load: Conditions) -> Mask:
    """Whether any task size holds one request."""
    return load.memo("carries one", lambda: _fits(load, *_columns(load)).any(axis=0))


def _columns(load: Conditions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The vCPUs and memory [GB] of the task sizes, along a first axis."""
    shape = (-1, *(1,) * len(load.shape))
    vcpu, gb = (np.reshape(each, shape) for each in zip(*_task_sizes(), strict=True))
    return vcpu, gb


def smallest_task(load: Conditions) -> tuple[Number, Number]:
    """The vCPUs and memory [GB] of the cheapest task that holds one request, else of the largest task."""
    return load.memo("smallest task", lambda: _smallest(load))


def _smallest(load: Conditions) -> tuple[Number, Number]:
    vcpu, gb = _columns(load)
    lines = task_hours(load, 1.0, vcpu, gb)
    usd = np.add.reduce([float(np.max(load.price(name))) * (each + 0 * vcpu) for name, each in lines])
    order = np.argsort(usd.ravel(), kind="stable")
    holds = _fits(load, vcpu[order], gb[order])
    index = np.where(holds.any(axis=0), holds.argmax(axis=0), len(order) - 1)
    return vcpu.ravel()[order][index][()], gb.ravel()[order][index][()]


# Tasks of an always-on service --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Fleet:
    """Tasks of one size that serve a load which rises and falls each day."""

    vcpu: Number  # of a task
    gb: Number
    most: Number  # tasks at the peak
    mean: Number  # tasks on average over the day
    ready: Number  # tasks during the rest of the day, with a reserve for a rise until more tasks start


def fleet(load: Conditions) -> Fleet:
    """The cheapest fleet of tasks over a day.

    A task carries as many concurrent requests as its memory holds, as its vCPUs have time for, and as the
    runtime allows per vCPU: the lowest of the three, its slots. A rate of requests keeps rate x run time
    slots busy (Little's law), so it needs that number divided by the slots of a task, rounded up. Tasks are
    added as the load rises. Capacity for the rise that comes before new tasks have started, and tasks that
    cannot be launched within the rise, must be ready before. Example: with 40 requests/s at the peak, a
    headroom of 1.2, a run time of 2 s and 8 slots per task, the peak takes 40 x 1.2 x 2 / 8 = 12 tasks.
    """
    return load.memo("fleet", lambda: _cheapest(load))


def _cheapest(load: Conditions) -> Fleet:
    sizes = _task_sizes()
    together = max(1, AT_ONCE // max(1, int(np.prod(load.shape))))
    best, least = None, None
    for first in range(0, len(sizes), together):
        some, usd = _prices(load, sizes[first : first + together])
        at = np.argmin(usd, axis=0)[None]
        arrays = (some.vcpu, some.gb, some.most, some.mean, some.ready, usd)
        *own, usd = (np.take_along_axis(each, at, axis=0)[0] for each in arrays)
        if best is None or least is None:
            best, least = own, usd
        else:
            best = [np.where(usd < least, new, old) for new, old in zip(own, best, strict=True)]
            least = np.minimum(usd, least)
    assert best is not None
    return Fleet(*(each[()] for each in best))


def requests_per_task(load: Conditions, vcpu: Number, gb: Number) -> Number:
    """The concurrent requests that a task of this size carries, at least one."""
    slots = np.minimum(gb / load.held_gb, vcpu / (load.cpu * load.used_vcpu))
    return np.maximum(np.floor(np.minimum(slots, vcpu * load.most_per_vcpu) * (1 + 1e-9)), 1.0)


def _prices(load: Conditions, sizes: Sequence[tuple[float, float]]) -> tuple[Fleet, np.ndarray]:
    """Fleets of several sizes along a first axis, and their mean price per hour [USD]."""
    column = (-1, *(1,) * len(load.shape))
    vcpu, gb = (np.reshape(each, column) for each in zip(*sizes, strict=True))
    each, least = load.runtime.mean / requests_per_task(load, vcpu, gb), load.constant("service.tasks_min")

    def tasks(rate: Number) -> Number:
        count: Number = np.maximum(np.ceil(rate * each * (1 - 1e-12)), least)
        return count

    headroom, (share, rest) = load.constant("service.headroom"), _day(load)
    most = tasks(load.peak_rps * headroom)
    started = load.limit("fargate.launch.burst") + load.limit("fargate.launch.rate") * load.peak_ramp_s
    # the headroom also covers a rise
    ready = np.maximum(tasks(np.maximum(rest * headroom, rest + _rise(load))), most - started)
    mean = share * most + (1 - share) * ready
    usd = mean * sum(load.price(name) * amount for name, amount in task_hours(load, 1.0, vcpu, gb))
    holds = _fits(load, vcpu, gb)
    if load.of_task.any():  # the work computes on the vCPUs of the size, which are the task's
        holds = holds & (~load.of_task | (vcpu == load.vcpu) | (load.vcpu >= load.number("runtime.threads")))
    none = ~some_task_fits(load) & (vcpu == max(sizes)[0])
    usd = np.where(holds | none, usd, np.inf)
    shape = usd.shape
    whole = (np.broadcast_to(value, shape) for value in (vcpu, gb, most, mean, ready))
    return Fleet(*whole), usd


def _day(load: Conditions) -> tuple[Number, Number]:
    """The share of a day at the peak, and the rate during the rest of it [1/s].

    The rate rises and falls over `peak_ramp` each, half way up on average, so the two ramps count as one
    `peak_ramp` at the peak. The rest keeps the mean: mean = share x peak + (1 - share) x rest. Example: a
    peak of 40/s for a share of 0.1 and a mean of 13/s leave (13 - 0.1 x 40) / 0.9 = 10/s.
    """
    share = np.minimum((load.peak_s + load.peak_ramp_s) / DAY_S, load.mean_rps / load.peak_rps)
    rest = (load.mean_rps - share * load.peak_rps) / np.maximum(1 - share, 1e-9)
    return share, np.clip(rest, 0.0, load.mean_rps)


def _rise(load: Conditions) -> Number:
    """The rise of the rate until a requested task has started [1/s].

    The rate rises evenly over `peak_ramp`, so this is the part of the rise within the reaction and start
    time.
    """
    late_s = load.constant("service.reaction_s") + load.longest_s("ecs.start")
    return (load.peak_rps - load.mean_rps) * np.minimum(late_s / load.peak_ramp_s, 1.0)


# Spot ---------------------------------------------------------------------------------------------


def uses_spot(load: Conditions) -> Mask:
    """Where a task per job runs on Spot capacity: the job may be interrupted, and the promises allow it.

    The promises tolerate interruptions if fewer jobs are interrupted than a p95 ignores, or if even a
    restarted job meets the promises. Work that takes days restarts so often that Spot saves nothing: then it
    runs on demand.
    """
    return load.memo("on spot", lambda: _uses_spot(load))


def _uses_spot(load: Conditions) -> Mask:
    runtime = load.workload.runtime
    if not runtime.interruptible or runtime.once:
        return np.False_
    promises = [load.latency_p95, load.stated_number("targets.first_byte_p95")]
    holds: Mask = np.asarray(spot_s(load)) < load.runtime.mean * _on_demand_ratio(load) * (1 - 1e-9)
    twice = (
        2 * (load.time("ecs.start")[1] + load.at_levels("runtime")[1]) * (1 + load.constant("poll.growth"))
    )
    for promise in promises:
        if promise is not None:
            again = twice + load.transfer(load.at_levels("response")[1])
            holds = holds & ((interrupted_share(load) < P95_TAIL_SHARE) | (again <= promise))
    return holds


def interrupted_share(load: Conditions) -> Number:
    """The share of Spot jobs that are interrupted before they end.

    It is the mean of 1 - exp(-r t) over the run times t, for interruptions at the rate r.
    """
    rate = _interruptions_per_s(load)
    return load.memo("stopped", lambda: load.runtime.expect(lambda s: -np.expm1(-rate * s)))


def spot_s(load: Conditions) -> Number:
    """The mean seconds of Spot capacity that a job takes, including restarts.

    With interruptions at the rate r, a job of t seconds starts again after each until one attempt lasts. Let
    E be its mean seconds. An attempt is interrupted within t with the probability 1 - e^(-rt), and its mean
    length is (1 - e^(-rt)) / r. So E = (1 - e^(-rt)) / r + (1 - e^(-rt)) E, which gives E = (e^(rt) - 1) / r.
    Example: r = 0.05/h and t = 10 h give E = (e^0.5 - 1) / 0.05 = 13 h. A job that would cost more than on
    demand runs on demand instead: it counts as the seconds of Spot that the same money buys. Otherwise the
    longest jobs of an unbounded tail would dominate the bill.
    """
    return load.memo("repeated", lambda: _spot_s(load, np.asarray(_on_demand_ratio(load))))


def _spot_s(load: Conditions, ratio: np.ndarray) -> Number:
    """The seconds for each ratio in turn: the run time may have another distribution at each point."""
    rate, seconds = _interruptions_per_s(load), 0.0
    for each in np.unique(ratio).tolist():

        def job_s(work_s: Number, most: float = each) -> Number:
            return np.minimum(np.expm1(np.minimum(rate * work_s, 50)) / rate, most * work_s)

        seconds = seconds + (ratio == each) * load.runtime.expect(job_s)
    return seconds


def _on_demand_ratio(load: Conditions) -> Number:
    """The on-demand price of an hour of the smallest task divided by its Spot price."""
    size = smallest_task(load)
    on_demand, spot = (
        sum(load.price(name) * amount for name, amount in task_hours(load, 1.0, *size, spot=spot))
        for spot in (False, True)
    )
    return on_demand / spot


def _interruptions_per_s(load: Conditions) -> float:
    return load.constant("fargate.spot.stops_per_h") / 3600
