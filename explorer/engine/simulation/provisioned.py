"""Provisioned concurrency: the cheapest number of environments that meets a cold-start target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from explorer.errors import ExplorerError

from . import arguments
from .result import Simulation
from .simulate import MOST_ENVIRONMENTS, simulate


@dataclass(frozen=True)
class Provisioned:
    """The number of environments to provision, and what it costs."""

    provisioned: int
    usd_per_s: float
    cold_start_probability: float
    on_demand_usd_per_s: float
    """The cost without provisioned environments."""
    simulation: Simulation


def provisioned_for(
    target: float,
    *,
    provisioned_usd_s: float,
    running_usd_s: float,
    on_demand_usd_s: float,
    **load: Any,
) -> Provisioned:
    """The cheapest number of provisioned environments with at most `target` cold starts.

    Parameters
    ----------
    target
        Upper bound of the cold-start probability, 0 to 1.
    provisioned_usd_s
        Price of a provisioned environment, running or not [USD/s].
    running_usd_s
        Additional price of a provisioned environment while it runs [USD/s].
    on_demand_usd_s
        Price of any other environment while it runs [USD/s].
    **load
        The arguments of `simulate`; every number is tried with the same arrivals.

    Raises
    ------
    ExplorerError
        Naming the argument, the value and what is accepted.

    Examples
    --------
    >>> prices = {"provisioned_usd_s": 6e-6, "running_usd_s": 1.4e-5, "on_demand_usd_s": 2.4e-5}
    >>> ex.provisioned_for(0.01, arrival_rps=0.1, warm_s=2, cold_s=2.5, duration_s=1e5, **prices).provisioned
    0
    """
    target = arguments.number("target", target, 0, 1)
    rates = [arguments.number(name, value, 0) for name, value in (
        ("provisioned_usd_s", provisioned_usd_s), ("running_usd_s", running_usd_s),
        ("on_demand_usd_s", on_demand_usd_s))]  # fmt: skip
    if "provisioned" in load:
        raise ExplorerError("provisioned is given: expected a target alone, the number is what is looked for")
    ceiling = load.get("max_concurrency")
    most = MOST_ENVIRONMENTS if ceiling is None else ceiling

    @cache
    def outcome(count: int) -> Simulation:
        return simulate(**load, provisioned=count)

    def usd_per_s(count: int) -> float:
        inside = outcome(count).mean_provisioned_running
        outside = outcome(count).mean_running - inside
        return rates[0] * count + rates[1] * inside + rates[2] * outside

    outcome(0)  # checks the arguments first
    enough = _first(lambda count: outcome(count).cold_start_probability <= target, 0, most)
    best = _first(lambda count: count == most or usd_per_s(count + 1) >= usd_per_s(count), enough, most)
    return Provisioned(
        best, usd_per_s(best), outcome(best).cold_start_probability, usd_per_s(0), outcome(best)
    )


def _first(holds: Callable[[int], bool], least: int, most: int) -> int:
    """The first count from `least` at which `holds`, which stays true from there on.

    The step is doubled until `holds`, then the interval is halved.
    """
    if holds(least):
        return least
    fails, step = least, 1
    while fails + step < most and not holds(fails + step):
        fails, step = fails + step, 2 * step
    works = min(fails + step, most)
    while works - fails > 1:
        middle = (works + fails) // 2
        fails, works = (fails, middle) if holds(middle) else (middle, works)
    return works
