"""Puts a deployed stack under load."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of
from explorer.live.client.listening import signed_headers
from explorer.live.client.signing import Bearer, Credentials, Scope, Signer, boto3_chain, digest_header
from explorer.live.deployment.registry import Standing
from explorer.live.deployment.template import SAMPLE, stack_of
from explorer.workload.workload import Workload

from .contents import sample_body, sample_digest
from .endpoint import Endpoint, Work, seed_of
from .jobs import Polling
from .load import Progress
from .result import Result
from .run import Caps, bench, expected_usd
from .schedule import ClosedLoop, Schedule, constant, poisson, rate_steps

LEAST_RATE_RPS, DURATION_S = 1.0, 20.0
FROM_ENVIRONMENT = "EXPLORER_TOKEN"  # where a benchmark finds the token of an endpoint that takes tokens


@dataclass(frozen=True)
class LoadPlan:
    """The load for a stack: when requests are sent, and what each asks for."""

    plans: tuple[Schedule | ClosedLoop, ...]
    work: Work
    warm_up: int

    @property
    def requests(self) -> int:
        """The number of requests, including warm-up."""
        return sum(plan.requests for plan in self.plans) + self.warm_up

    def usd(self, stack: Standing) -> float:
        """The expected cost at AWS's prices [USD]."""
        return expected_usd(stack.workload, stack.design, self.plans, self.work, warm_up=self.warm_up)


def plan_load(
    w: Workload,
    *,
    rate: float | str | None = None,
    duration: float | None = None,
    arrivals: str = "poisson",
    seed: int = 1,
    repeat: int = 1,
    jobs: int | None = None,
    concurrency: int | None = None,
    runtime: float | None = None,
    response: float | None = None,
    warm_up: int = 0,
) -> LoadPlan:
    """The load for a stack of this workload: see `measure` for the parameters."""
    runtime_s = float(w.runtime.spread.median) if runtime is None else runtime
    size = int(w.response.spread.median if response is None else response)
    _check_sample_body(runtime_s, size)
    work = Work.sample(runtime_s, size)
    plans: list[Schedule | ClosedLoop] = []
    if jobs is None:
        plans += _open_loops(rate or _peak_rate_rps(w), duration or DURATION_S, arrivals, seed, repeat)
    elif rate is None and duration is None:
        plans += [ClosedLoop(jobs, concurrency or 1)] * repeat
    else:
        raise ExplorerError("jobs is given with rate or duration: expected one of the two ways")
    return LoadPlan(tuple(plans), work, warm_up)


def measure(
    stack: Standing,
    *,
    caps: Caps | None = None,
    polling: Polling | None = None,
    progress: Progress | None = None,
    **load: Any,
) -> Result:
    """Put a stack under load and measure it.

    Parameters
    ----------
    stack
        A deployed stack.
    caps, polling, progress
        As `explorer.live.bench.run.bench` takes them.
    **load
        Any of: `rate`, `duration` and `arrivals` of an open loop: requests a second, for a time [s],
        "poisson" or "constant" (rates such as "5,10,20" are steps of `duration` each, to find the rate at
        which the endpoint fails); `seed` and `repeat` of Poisson arrivals: repetitions with other seeds, for
        confidence intervals; or `jobs` and `concurrency` of a closed loop: the number of jobs in total and at
        a time. `runtime` [s] and `response` [B]: what each request asks of the sample work, by default the
        medians of the workload. `warm_up`: requests in advance that do not count.

    Returns
    -------
    Result
        The result of the run.

    Raises
    ------
    ExplorerError
        For a schedule that is not valid or exceeds a cap.
    """
    return run_load(stack, plan_load(stack.workload, **load), caps=caps, polling=polling, progress=progress)


def run_load(stack: Standing, load: LoadPlan, **options: Any) -> Result:
    """Put a stack under a load: see `measure`."""
    work = load.work
    if stack.handler != SAMPLE:
        work = replace(work, runtime_s=None, response_bytes=None)  # the answer of the user's work is unknown
    elif work.response_bytes is not None:
        settings = stack_of(stack.workload, stack.design).settings
        by_seed = sample_digest(settings, work.response_bytes)
        work = replace(work, digest=lambda number: by_seed(seed_of(number)))
    return bench(endpoint(stack), load.plans, work, warm_up=load.warm_up, **options)


def _check_sample_body(runtime_s: float, size: int) -> None:
    """Refuse a body that the sample work would refuse."""
    try:
        sample_body().SampleBody.of({"runtime_s": runtime_s, "response_bytes": size})
    except ValueError as error:
        raise ExplorerError(f"the sample work would refuse each request: {error}") from None


def _peak_rate_rps(w: Workload) -> float:
    """The peak rate of the workload, or a higher one that can be measured in a short time [requests/s]."""
    return max(w.peak_rps or w.mean_rps, LEAST_RATE_RPS)


def _open_loops(
    rate: float | str, duration_s: float, arrivals: str, seed: int, repeat: int
) -> list[Schedule]:
    rates = [_number(each) for each in rate.split(",")] if isinstance(rate, str) else [float(rate)]
    if arrivals not in {"poisson", "constant"}:
        raise ExplorerError(f'arrivals is "{arrivals}": {expected_one_of(("poisson", "constant"))}')
    is_even = arrivals == "constant"
    if len(rates) > 1:
        return [rate_steps(rates, duration_s, None if is_even else seed + k) for k in range(repeat)]
    if is_even:
        return [constant(rates[0], duration_s)] * repeat
    return [poisson(rates[0], duration_s, seed + k) for k in range(repeat)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ExplorerError(f'rate is "{text}": expected requests a second, such as 5 or 5,10,20') from None


def endpoint(stack: Standing) -> Endpoint:
    """A stack as the benchmark sees it, signed for by a caller who may only use the endpoint."""
    functions = stack_of(stack.workload, stack.design).functions.values()
    signer = _bearer(stack) if stack.tokens else _signer(stack) if stack.is_signed else None
    return Endpoint(
        stack.url,
        stored=stack.design.flow.asynchronous,
        sign=signer.sign if signer else lambda method, url, headers, body: {**headers, **digest_header(body)},
        sign_socket=lambda url: signed_headers(url, signer),
        stack=stack.name,
        target=stack.target.name,
        design=stack.design,
        workload=stack.workload,
        session=stack.target.session,
        functions={part.id: f"{stack.name}-{part.id}" for part, _ in functions},
    )


def _bearer(stack: Standing) -> Bearer:
    """The token of the environment. Raises ExplorerError without one."""
    if not os.environ.get(FROM_ENVIRONMENT):
        issuer = stack.tokens["issuer"]
        raise ExplorerError(f"{stack.name} takes tokens of {issuer}: expected one in {FROM_ENVIRONMENT}")
    return Bearer.of(os.environ[FROM_ENVIRONMENT])


def _signer(stack: Standing) -> Signer:
    values = stack.credentials()
    credentials = Credentials.of(values) if values else None
    scope = Scope.of(stack.url, None, stack.target.region)
    return Signer(scope, (lambda: credentials) if credentials else boto3_chain())
