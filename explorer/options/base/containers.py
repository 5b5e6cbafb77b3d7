"""Containers: the task sizes that are sold, what one carries, and how many a day's load needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from explorer.facts import catalogue
from explorer.facts.units import Number

from .conditions import P95_BEARS, Conditions
from .mask import Mask

AT_ONCE = 2**18  # points x sizes that are worked out together
DAY_S = 86400.0


@cache
def _sold() -> tuple[tuple[float, float], ...]:
    """VCPU and GB of each task size."""
    return tuple((size.vcpu, gb) for size in catalogue.task_sizes() for gb in size.gb)


def task_hours(
    load: Conditions, hours: Number, vcpu: Number, gb: Number, spot: bool = False
) -> Iterable[tuple[str, Number]]:
    """The lines for `hours` of a container of this size, with its public address unless it is in a VPC."""
    kind = "spot_" if spot else ""
    yield load.by_architecture(f"fargate.{kind}vcpu_linux"), hours * vcpu
    yield load.by_architecture(f"fargate.{kind}memory_linux"), hours * gb
    if not load.workload.network.vpc:
        yield "vpc.public_ipv4_in_use", hours


def _holds_one(load: Conditions, vcpu: Number, gb: Number) -> Mask:
    """Whether a task has the processors that one request uses at once, and its memory."""
    result: Mask = np.asarray(vcpu >= load.used_vcpu * (1 - 1e-9))
    return result & (gb >= load.memory_gb * (1 - 1e-9))


def carries_one(load: Conditions) -> Mask:
    """Whether there is a task size that holds one request."""
    return load.memo("carries one", lambda: _holds_one(load, *_columns(load)).any(axis=0))


def _columns(load: Conditions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """VCPU and GB of the sizes that are sold, along a first axis."""
    shape = (-1, *(1,) * len(load.shape))
    vcpu, gb = (np.reshape(each, shape) for each in zip(*_sold(), strict=True))
    return vcpu, gb


def smallest_task(load: Conditions) -> tuple[Number, Number]:
    """VCPU and GB of the cheapest task that holds one request; of the largest where none does."""
    return load.memo("smallest task", lambda: _smallest(load))


def _smallest(load: Conditions) -> tuple[Number, Number]:
    vcpu, gb = _columns(load)
    lines = task_hours(load, 1.0, vcpu, gb)
    usd = np.add.reduce([float(np.max(load.price(name))) * (each + 0 * vcpu) for name, each in lines])
    order = np.argsort(usd.ravel(), kind="stable")
    holds = _holds_one(load, vcpu[order], gb[order])
    index = np.where(holds.any(axis=0), holds.argmax(axis=0), len(order) - 1)
    return vcpu.ravel()[order][index][()], gb.ravel()[order][index][()]


# Tasks that serve all the time --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Fleet:
    """Tasks of one size that serve a load which rises and falls each day."""

    vcpu: Number  # of a task
    gb: Number
    most: Number  # tasks at the peak
    mean: Number  # tasks on average over the day
    ready: Number  # tasks for the rest of the day, with those for what rises before more have started


def fleet(load: Conditions) -> Fleet:
    """The cheapest fleet over a day.

    A task carries as many requests at once as its memory holds, as its processors have time for, and as the
    language bears on a vCPU. Tasks are added as the load rises. What rises before they have started, and what
    cannot be started within the rise, is ready beforehand.
    """
    return load.memo("fleet", lambda: _cheapest(load))


def _cheapest(load: Conditions) -> Fleet:
    sizes = _sold()
    together = max(1, AT_ONCE // max(1, int(np.prod(load.shape))))
    best, least = None, None
    for first in range(0, len(sizes), together):
        some, usd = _priced(load, sizes[first : first + together])
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


def at_once(load: Conditions, vcpu: Number, gb: Number) -> Number:
    """Requests that a task of this size carries at once, at least one."""
    slots = np.minimum(gb / load.memory_gb, vcpu / (load.cpu * load.used_vcpu))
    return np.maximum(np.floor(np.minimum(slots, vcpu * load.most_per_vcpu) * (1 + 1e-9)), 1.0)


def _priced(load: Conditions, sizes: Sequence[tuple[float, float]]) -> tuple[Fleet, np.ndarray]:
    """Fleets of several sizes along a first axis, and what an hour of them costs on average [USD]."""
    column = (-1, *(1,) * len(load.shape))
    vcpu, gb = (np.reshape(each, column) for each in zip(*sizes, strict=True))
    each, least = load.runtime.mean / at_once(load, vcpu, gb), load.constant("service.tasks_min")

    def tasks(rate: Number) -> Number:
        count: Number = np.maximum(np.ceil(rate * each * (1 - 1e-12)), least)
        return count

    headroom, (share, rest) = load.constant("service.headroom"), _day(load)
    most = tasks(load.peak_rps * headroom)
    started = load.limit("fargate.launch.burst") + load.limit("fargate.launch.rate") * load.peak_ramp_s
    # the headroom is there for a rise as well
    ready = np.maximum(tasks(np.maximum(rest * headroom, rest + _risen(load))), most - started)
    mean = share * most + (1 - share) * ready
    usd = mean * sum(load.price(name) * amount for name, amount in task_hours(load, 1.0, vcpu, gb))
    holds = _holds_one(load, vcpu, gb)
    none = ~carries_one(load) & (vcpu == max(sizes)[0])
    usd = np.where(holds | none, usd, np.inf)
    shape = usd.shape
    whole = (np.broadcast_to(value, shape) for value in (vcpu, gb, most, mean, ready))
    return Fleet(*whole), usd


def _day(load: Conditions) -> tuple[Number, Number]:
    """The share of a day at the peak, and the rate for the rest of it [1/s].

    Both ways between them take `peak_ramp`, on average half way up, and so count as one of them at the peak.
    """
    share = np.minimum((load.peak_s + load.peak_ramp_s) / DAY_S, load.mean_rps / load.peak_rps)
    rest = (load.mean_rps - share * load.peak_rps) / np.maximum(1 - share, 1e-9)
    return share, np.clip(rest, 0.0, load.mean_rps)


def _risen(load: Conditions) -> Number:
    """By how much the rate rises before a task that was called for has started [1/s]."""
    late_s = load.constant("service.reaction_s") + load.longest_s("ecs.start")
    return (load.peak_rps - load.mean_rps) * np.minimum(late_s / load.peak_ramp_s, 1.0)


# Spot ---------------------------------------------------------------------------------------------


def on_spot(load: Conditions) -> Mask:
    """Where a task for each job runs on Spot capacity: it may be stopped, and the promises bear that.

    They do where stops are rarer than a p95 shows, or where even what is begun again keeps them. Work that
    always takes days is begun again so often that Spot saves nothing: then it runs on demand.
    """
    return load.memo("on spot", lambda: _on_spot(load))


def _on_spot(load: Conditions) -> Mask:
    runtime = load.workload.runtime
    if not runtime.interruptible or runtime.once:
        return np.False_
    promises = [load.latency_p95, load.stated_number("targets.first_byte_p95")]
    holds: Mask = np.asarray(repeated_s(load)) < load.runtime.mean * _on_demand_ratio(load) * (1 - 1e-9)
    twice = (
        2 * (load.time("ecs.start")[1] + load.at_levels("runtime")[1]) * (1 + load.constant("poll.growth"))
    )
    for promise in promises:
        if promise is not None:
            again = twice + load.transfer(load.at_levels("response")[1])
            holds = holds & ((stopped_share(load) < P95_BEARS) | (again <= promise))
    return holds


def stopped_share(load: Conditions) -> Number:
    """The share of jobs on Spot that are stopped before they end."""
    rate = _stops_per_s(load)
    return load.memo("stopped", lambda: load.runtime.expect(lambda s: -np.expm1(-rate * s)))


def repeated_s(load: Conditions) -> Number:
    """Seconds of Spot that a job takes on average, with what is begun again: (e^rt - 1) / r for work of t.

    A job for which that costs more than on demand is run there after all: it counts as the seconds of Spot
    that its money buys. Else the longest jobs of a tail that goes on without end would decide the bill.
    """
    return load.memo("repeated", lambda: _repeated_s(load, np.asarray(_on_demand_ratio(load))))


def _repeated_s(load: Conditions, ratio: np.ndarray) -> Number:
    """It for each of the ratios in turn: the run time may be another distribution at each point."""
    rate, seconds = _stops_per_s(load), 0.0
    for each in np.unique(ratio).tolist():

        def spot_s(work_s: Number, most: float = each) -> Number:
            return np.minimum(np.expm1(np.minimum(rate * work_s, 50)) / rate, most * work_s)

        seconds = seconds + (ratio == each) * load.runtime.expect(spot_s)
    return seconds


def _on_demand_ratio(load: Conditions) -> Number:
    """How many times as much an hour of the task that holds one request costs on demand as on Spot."""
    size = smallest_task(load)
    on_demand, spot = (
        sum(load.price(name) * amount for name, amount in task_hours(load, 1.0, *size, spot=spot))
        for spot in (False, True)
    )
    return on_demand / spot


def _stops_per_s(load: Conditions) -> float:
    return load.constant("fargate.spot.stops_per_h") / 3600
