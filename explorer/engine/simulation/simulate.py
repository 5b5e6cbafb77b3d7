"""`simulate`: reads the arguments, runs the replications, returns one result."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of
from explorer.facts.units import quote_value

from . import arguments
from .arrivals import Arrivals, Trace, arrivals
from .compiled import is_worth_compiling
from .kernel import INF, Case
from .replication import Plan, run
from .result import Simulation, simulation
from .service_times import SHAPES, Time, service

MOST_ENVIRONMENTS = 1_000_000
MOST_RETRIES = 50
MOST_REQUESTS = 1e12
MOST_AT_ONCE = 1e7


def simulate(
    arrival_rps: float | None = None,
    warm_s: Time | None = None,
    cold_s: Time | None = None,
    keep_alive_s: float | str = 600.0,
    duration_s: float | str | None = None,
    seed: int = 1,
    *,
    replications: int = 1,
    confidence: float = 0.95,
    executor: Executor | None = None,
    shape: str = "exponential",
    arrivals: str | Arrivals | ArrayLike = "poisson",
    max_concurrency: int | None = None,
    provisioned: int = 0,
    start_limit: float | None = None,
    start_limit_s: float | str = 10.0,
    queue: bool = False,
    max_age_s: float | str = INF,
    failure_probability: float = 0.0,
    retries: int = 0,
    retry_wait_s: float | str = 1.0,
    chain: int = 1,
) -> Simulation:
    """Cold starts, refusals and environments of a load, simulated request by request.

    The simulation starts without environments. A request takes the newest idle environment, else a new one
    starts; an environment that was idle for `keep_alive_s` is removed. The same arguments and seed give the
    same numbers.

    Parameters
    ----------
    arrival_rps
        Mean arrival rate [1/s]; omitted for recorded arrivals.
    warm_s, cold_s
        A request's time in a warm and in a new environment [s]: a mean, "250 ms", a Distribution or an array
        of samples; `cold_s` is by default `warm_s`.
    keep_alive_s
        How long an idle environment is kept [s], possibly infinite.
    duration_s
        Simulated time [s]; by default 100,000, or up to the last recorded arrival.
    seed
        A whole number of 0 or more; the independent seeds of the replications are derived from it.
    replications
        Independent runs; two or more give confidence intervals.
    confidence
        Of the intervals, between 0 and 1.
    executor
        Runs the replications; threads suffice, because compiled code releases the GIL.
    shape
        Distribution of times that are stated as a mean: "exponential" or "constant".
    arrivals
        "poisson", "day", "week", a Periodic, Bursts, or recorded times [s], shape (n,).
    max_concurrency
        Limit on concurrent requests, the lower of the account's and the function's; further requests are
        refused.
    provisioned
        Number of environments that always exist, used before others.
    start_limit, start_limit_s
        Number of environments that may be started at once, and again in each period [s].
    queue
        Whether requests that cannot start wait, first come, first served, instead of being refused.
    max_age_s
        How long a request waits at most, from its arrival [s].
    failure_probability
        Probability that an attempt fails, at its end.
    retries
        Further attempts after a refusal (without `queue`) or a failure.
    retry_wait_s
        Wait before the first retry, doubled for each further one [s]; after a refusal, a random share of it.
    chain
        Number of invocations of a request, each at the end of the one before.

    Returns
    -------
    Simulation
        The means and shares of the run: cold_start_probability, rejection_probability, mean_servers,
        mean_running, mean_idle, requests and more; with replications, `intervals` by name.

    Raises
    ------
    ExplorerError
        Naming the argument, the value and what is accepted.

    Examples
    --------
    >>> s = ex.simulate(0.1, warm_s="250 ms", cold_s="1 s", duration_s=1e5)
    >>> round(s.cold_start_probability, 2)
    0.01
    """
    plan = make_plan(
        arrival_rps,
        warm_s,
        cold_s,
        keep_alive_s,
        duration_s,
        shape=shape,
        arrivals=arrivals,
        max_concurrency=max_concurrency,
        provisioned=provisioned,
        start_limit=start_limit,
        start_limit_s=start_limit_s,
        queue=queue,
        max_age_s=max_age_s,
        failure_probability=failure_probability,
        retries=retries,
        retry_wait_s=retry_wait_s,
        chain=chain,
    )
    count = arguments.whole("replications", replications, 1, 1_000_000)
    sure = arguments.number("confidence", confidence, 0, 1, above=True)
    if sure == 1:
        raise ExplorerError("confidence is 1: expected a number below 1, such as 0.95")
    seeds = np.random.SeedSequence(arguments.whole("seed", seed, 0)).spawn(count)
    if executor is not None and not hasattr(executor, "map"):
        raise ExplorerError(f"executor is {quote_value(executor)}: expected a concurrent.futures.Executor")
    one = partial(run, plan, is_compiled=is_worth_compiling(count * plan.requests))
    runs = list(executor.map(one, seeds) if executor else map(one, seeds))
    return simulation(runs, plan.case.duration_s, sure)


def make_plan(
    arrival_rps: float | None,
    warm_s: Time | None,
    cold_s: Time | None,
    keep_alive_s: float | str,
    duration_s: float | str | None,
    *,
    shape: str,
    arrivals: str | Arrivals | ArrayLike,
    max_concurrency: int | None,
    provisioned: int,
    start_limit: float | None,
    start_limit_s: float | str,
    queue: bool,
    max_age_s: float | str,
    failure_probability: float,
    retries: int,
    retry_wait_s: float | str,
    chain: int,
) -> Plan:
    """The checked arguments of `simulate` as a plan."""
    source, rate, duration = _load(arrivals, arrival_rps, duration_s)
    if shape not in SHAPES:
        raise ExplorerError(f"shape is {quote_value(shape)}: {expected_one_of(SHAPES)}")
    if not isinstance(queue, bool):
        raise ExplorerError(f"queue is {quote_value(queue)}: expected true or false")
    if warm_s is None:
        raise ExplorerError("warm_s is missing: expected a time, a distribution or samples")
    warm = service("warm_s", warm_s, shape)
    most = _most("max_concurrency", max_concurrency)
    fixed = arguments.whole("provisioned", provisioned, 0, MOST_ENVIRONMENTS)
    if fixed > most:
        raise ExplorerError(f"provisioned is {fixed}: expected at most max_concurrency = {most:g}")
    bucket = INF if start_limit is None else arguments.number("start_limit", start_limit, 1)
    again_s = arguments.time("start_limit_s", start_limit_s)
    if again_s <= 0:
        raise ExplorerError(f"start_limit_s is {quote_value(start_limit_s)}: expected more than 0")
    case = Case(
        duration_s=duration,
        keep_alive_s=arguments.time("keep_alive_s", keep_alive_s, endless=True),
        most=most,
        bucket=bucket,
        refill_per_s=bucket / again_s,
        queues=queue,
        max_age_s=arguments.time("max_age_s", max_age_s, endless=True),
        retries=arguments.whole("retries", retries, 0, MOST_RETRIES),
        retry_wait_s=arguments.time("retry_wait_s", retry_wait_s),
        failures=arguments.number("failure_probability", failure_probability, 0, 1),
        links=arguments.whole("chain", chain, 1, 1_000_000),
    )
    cold = warm if cold_s is None else service("cold_s", cold_s, shape)
    _check_size(rate, duration, min(most, rate * max(float(warm.mean), float(cold.mean))))
    return Plan(source, rate, warm, cold, fixed, case)


def _load(
    source: str | Arrivals | ArrayLike, arrival_rps: float | None, duration_s: float | str | None
) -> tuple[Arrivals, float, float]:
    """The source of arrivals, their mean rate [1/s] and the duration [s]."""
    process, recorded = arrivals(source), 0
    default = 100_000.0
    if isinstance(process, Trace):
        recorded, default = process.times.size, max(float(np.nextafter(process.times[-1], INF)), 1e-9)
    duration = default if duration_s is None else arguments.time("duration_s", duration_s)
    if duration <= 0:
        raise ExplorerError(f"duration_s is {quote_value(duration_s)}: expected more than 0")
    if not recorded:
        if arrival_rps is None:
            raise ExplorerError("arrival_rps is missing: expected a number above 0")
        return process, arguments.number("arrival_rps", arrival_rps, 0, above=True), duration
    if arrival_rps is not None:
        raise ExplorerError(
            f"arrival_rps is {quote_value(arrival_rps)}: recorded arrivals have their own rate"
        )
    return process, recorded / duration, duration


def _check_size(rate: float, duration_s: float, at_once: float) -> None:
    """Raise ExplorerError if the run would take too long or need too much memory."""
    if rate * duration_s > MOST_REQUESTS:
        raise ExplorerError(
            f"arrival_rps x duration_s is {rate * duration_s:.3g}: expected at most {MOST_REQUESTS:g}"
        )
    if min(at_once, rate * duration_s) > MOST_AT_ONCE:
        raise ExplorerError(
            f"arrival_rps x warm_s or cold_s is {at_once:.3g}: expected at most {MOST_AT_ONCE:g}"
        )


def _most(name: str, value: int | None) -> float:
    """A limit as a float; infinite if it is None."""
    return INF if value is None else float(arguments.whole(name, value, 0, MOST_ENVIRONMENTS))
