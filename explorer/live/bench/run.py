"""Runs a benchmark from its schedule to its result."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from explorer.analysis.calibration.prediction import RunConditions
from explorer.engine.designs import Design
from explorer.errors import ExplorerError
from explorer.options.base.request_path import Initialization
from explorer.workload.workload import Workload

from . import charges, contents, logs
from .endpoint import Endpoint, Work
from .exchange import Exchanges, exchanges, round_trips
from .jobs import DirectRequest, Polling, SubmittedJob
from .load import Clock, Job, Progress, Run
from .percentiles import percentiles
from .phases import split
from .result import Result
from .row import Row
from .schedule import ClosedLoop, Schedule
from .watch import Meter, Usage, wait_until_gone

T = TypeVar("T")
MOST_REQUESTS, MOST_USD = 100_000, 10.0
REQUEST_TIMEOUT_S = 60.0
PARTS = {"work": "work", "submit": "handler.submit", "uploads": "handler.presign"}


@dataclass(frozen=True)
class Caps:
    """What a benchmark may not exceed; one that would is refused before the first request.

    Parameters
    ----------
    requests : in total, including warm-up
    usd : at AWS's prices, as estimated; nothing is charged on the local cloud
    in_flight : requests at a time; one that is due beyond it is dropped, and the run is not valid
    """

    requests: int = MOST_REQUESTS
    usd: float = MOST_USD
    in_flight: int = 20_000


@dataclass
class _Outcome:
    """What the repetitions of a run bring."""

    rows: list[Row] = field(default_factory=list)
    interrupted: bool = False
    outage: str = ""
    usage: Usage | None = None
    exchanges: int = 0
    offset_s: float = 0.0
    rtt_s: list[float] = field(default_factory=list)
    splits: list[tuple[list[Row], float]] = field(default_factory=list)  # rows, and the start of their clock


def bench(
    endpoint: Endpoint,
    schedule: Schedule | ClosedLoop | Sequence[Schedule | ClosedLoop],
    work: Work | None = None,
    *,
    polling: Polling | None = None,
    warm_up: int = 0,
    caps: Caps | None = None,
    progress: Progress | None = None,
    log_wait_s: float = 5.0,
) -> Result:
    """Put an endpoint under load and measure it.

    Parameters
    ----------
    endpoint : what is put under load
    schedule : when requests are sent; several are repetitions, such as `poisson` with other seeds
    work : what each request asks for (default: the sample work)
    polling : how the client polls (default: as Retry-After says)
    warm_up : requests in advance, one after another, that do not count
    caps : what may not be exceeded
    progress : called with (done, in flight, total) whenever a request ends
    log_wait_s : the longest time to wait for the functions' logs [s]

    Returns
    -------
    The result. Ctrl-C ends the run early: the result holds the rows so far and is marked interrupted.

    Raises ExplorerError if the schedule exceeds a cap.
    """
    schedules = list(schedule) if isinstance(schedule, Sequence) else [schedule]
    work, polling, caps = work or Work.sample(), polling or Polling(), caps or Caps()
    _check(endpoint, schedules, work, polling, caps, warm_up)
    conditions = _conditions(schedules[0], work, polling)
    started = time.time()
    outcome = _run_to_end(_run_all(endpoint, schedules, work, polling, warm_up, caps, progress))
    seconds = time.time() - started
    result_notes = _compare_results(outcome.rows, work)
    if outcome.outage:  # its logs would not answer either
        invocations, notes = list[logs.Invocation](), [f"no logs were read: {outcome.outage}"]
    else:
        invocations, notes = _read_invocations(endpoint, outcome.rows, started, log_wait_s)
    logs.mark_cold_starts(outcome.rows, invocations)
    for rows, zero in outcome.splits:
        outcome.offset_s = split(rows, zero)
    run = _observed_conditions(conditions, schedules[0], outcome.rows, invocations)
    return Result(
        rows=outcome.rows,
        schedule=schedules[0],
        endpoint=endpoint,
        conditions=run,
        started=started,
        seconds=seconds,
        interrupted=outcome.interrupted,
        invocations=invocations,
        rtt_s=outcome.rtt_s,
        cost_usd=_cost_usd(endpoint, run, outcome, invocations),
        clock_offset_s=outcome.offset_s,
        notes=[*notes, *result_notes],
        outage=outcome.outage,
        not_sent=_not_sent(schedules, outcome),
        usage=outcome.usage,
    )


def _cost_usd(
    endpoint: Endpoint, run: RunConditions, outcome: _Outcome, invocations: Sequence[logs.Invocation]
) -> float | None:
    """The cost of the run at AWS's prices [USD]; None if workload and design are unknown."""
    w, design = endpoint.workload, endpoint.design
    if w is None or design is None:
        return None
    return float(charges.bill(w, design, run, outcome.rows, outcome.exchanges, invocations).total_usd)


def _compare_results(rows: Sequence[Row], work: Work) -> list[str]:
    """Compare the results with the requested ones; notes on results that were not compared."""
    if work.digest is None:
        return ["no result was checked: the answer of the user's work is unknown"]
    succeeded_count = sum(row.status == "succeeded" for row in rows)
    compared_count = contents.compare(rows, work.digest)
    if compared_count == succeeded_count:
        return []
    return [f"{compared_count:,} of {succeeded_count:,} results were checked against their seed"]


def _not_sent(schedules: Sequence[Schedule | ClosedLoop], outcome: _Outcome) -> int:
    """Requests that were due after the endpoint had stopped answering."""
    due = sum(not row.warm_up for row in outcome.rows)
    return sum(plan.requests for plan in schedules) - due if outcome.outage else 0


def _rate_rps(schedule: Schedule | ClosedLoop, work: Work) -> float:
    """Jobs a second [1/s]; for a closed loop an estimate before the run."""
    if isinstance(schedule, Schedule):
        return schedule.rate_rps
    return schedule.concurrency / max(work.runtime_s or 0.0, 1.0)


def _conditions(schedule: Schedule | ClosedLoop, work: Work, polling: Polling) -> RunConditions:
    rate = _rate_rps(schedule, work)
    growth = None if polling.every_s is None else polling.growth
    size = float(len(work.body_of(0)))
    return RunConditions(rate, work.runtime_s, work.response_bytes, size, {}, polling.every_s, growth)


def expected_usd(
    workload: Workload,
    design: Design,
    schedules: Sequence[Schedule | ClosedLoop],
    work: Work,
    polling: Polling | None = None,
    warm_up: int = 0,
) -> float:
    """The cost of such a load at AWS's prices, by the model [USD]."""
    conditions = _conditions(schedules[0], work, polling or Polling())
    return charges.expected_usd(
        workload, design, conditions, sum(one.requests for one in schedules) + warm_up
    )


def _check(
    endpoint: Endpoint,
    schedules: Sequence[Schedule | ClosedLoop],
    work: Work,
    polling: Polling,
    caps: Caps,
    warm_up: int,
) -> None:
    """Refuse a run that exceeds a cap, before anything is sent."""
    if not schedules:
        raise ExplorerError("schedule is empty: expected one or more")
    requests = sum(one.requests for one in schedules) + warm_up
    if requests > caps.requests:
        raise ExplorerError(
            f"the schedule has {requests:,} requests: expected at most {caps.requests:,}, the cap on requests"
        )
    if endpoint.target == "local" or endpoint.workload is None or endpoint.design is None:
        return
    usd = expected_usd(endpoint.workload, endpoint.design, schedules, work, polling, warm_up)
    if usd > caps.usd:
        raise ExplorerError(
            f"the schedule would cost about {usd:,.2f} USD: expected at most {caps.usd:,.2f}, the cap"
        )


async def _run_all(
    endpoint: Endpoint,
    schedules: Sequence[Schedule | ClosedLoop],
    work: Work,
    polling: Polling,
    warm_up: int,
    caps: Caps,
    progress: Progress | None,
) -> _Outcome:
    outcome = _Outcome()
    async with exchanges(endpoint.sign, REQUEST_TIMEOUT_S, endpoint.sign_socket) as http:
        outcome.rtt_s = await round_trips(endpoint.url)
        meter = Meter()
        plans: list[Schedule | ClosedLoop] = [ClosedLoop(warm_up, 1)] if warm_up else []
        for number, plan in enumerate([*plans, *schedules]):
            is_warm_up = bool(plans) and number == 0

            clock = Clock()
            job: Job = DirectRequest(clock, http, endpoint, work)
            if endpoint.stored:
                job = SubmittedJob(clock, http, endpoint, work, polling)
            run = Run(clock, job, caps.in_flight, None if is_warm_up else progress)
            rows = await _run_until_gone(run, plan, http, endpoint.url)
            for row in rows:
                row.repetition, row.warm_up = max(number - len(plans), 0), is_warm_up
                row.runtime_s = math.nan if work.runtime_s is None else work.runtime_s
            outcome.rows += rows
            outcome.splits.append((rows, clock.epoch))
            if run.interrupted or run.outage:
                outcome.interrupted, outcome.outage = run.interrupted, run.outage
                break
        outcome.exchanges, outcome.usage = http.request_count, meter.usage()
    return outcome


async def _run_until_gone(run: Run, plan: Schedule | ClosedLoop, http: Exchanges, url: str) -> list[Row]:
    """The rows of the run, which ends early if the endpoint is gone."""
    run_task, watch_task = (
        asyncio.ensure_future(run.send_all(plan)),
        asyncio.ensure_future(wait_until_gone(http, url)),
    )
    try:
        while not run_task.done():
            try:
                await asyncio.wait(
                    {run_task} if run.outage else {run_task, watch_task}, return_when="FIRST_COMPLETED"
                )
            except asyncio.CancelledError:  # Ctrl-C: the run handles its cancellation itself
                run_task.cancel()
            if watch_task.done() and not run_task.done() and not run.outage:
                run.outage = watch_task.result()
                run_task.cancel()
        return run_task.result()
    finally:
        watch_task.cancel()


def _run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; in a thread if a loop is running already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _run_in_thread(work)


def _run_in_thread(work: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    ended: list[BaseException | None] = []

    def go() -> None:
        try:
            loop.run_until_complete(asyncio.wait([task]))
        finally:
            ended.append(None)

    thread = threading.Thread(target=go, name="explorer-bench")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
    loop.close()
    return task.result()


def _read_invocations(
    endpoint: Endpoint, rows: Sequence[Row], started: float, wait_s: float
) -> tuple[list[logs.Invocation], list[str]]:
    """The invocations of the functions, and notes on why they could not be read."""
    if endpoint.session is None or not endpoint.functions:
        return [], ["no logs were read: cold starts and billed times are not known"]
    from botocore.exceptions import BotoCoreError, ClientError

    expected = sum(row.accepted or row.status == "succeeded" for row in rows)
    try:
        invocations = logs.read(endpoint.session, endpoint.functions, started, time.time(), expected, wait_s)
    except (BotoCoreError, ClientError) as error:
        return [], [f"the logs could not be read: {error}"]
    if endpoint.design and endpoint.design.flow.initialization is Initialization.PROVISIONED:
        invocations = logs.without_early_starts(invocations)
    job_ids = {row.id for row in rows}
    # without those of earlier jobs
    invocations = [one for one in invocations if not one.job or one.job in job_ids]
    if expected and not any(one.part == "work" for one in invocations):
        return invocations, [f"the logs had no REPORT line of the work within {wait_s:g} s"]
    return invocations, []


def _observed_conditions(
    conditions: RunConditions,
    schedule: Schedule | ClosedLoop,
    rows: Sequence[Row],
    invocations: Sequence[logs.Invocation],
) -> RunConditions:
    """The conditions with what only the run shows: the rate of a closed loop, and cold starts."""
    rate, median_bytes = conditions.rate_rps, conditions.request_bytes
    counted_rows = [row for row in rows if not row.warm_up and not math.isnan(row.ended_s)]
    if isinstance(schedule, ClosedLoop) and counted_rows:
        span = max(row.ended_s for row in counted_rows) - min(row.scheduled_s for row in counted_rows)
        rate = len(counted_rows) / span if span > 0 else rate
    shares = {}
    for part, name in PARTS.items():
        colds = [one.init_s is not None for one in invocations if one.part == part]
        if colds:
            shares[name] = sum(colds) / len(colds)
    median_bytes = percentiles([float(row.request_bytes) for row in counted_rows]).get("p50", median_bytes)
    return replace(conditions, rate_rps=rate, request_bytes=median_bytes, cold_shares=shares)
