"""A benchmark from its schedule to its result."""

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
from .jobs import Answered, Polling, Stored
from .load import Clock, Job, Progress, Run
from .percentiles import percentiles
from .phases import split
from .result import Result
from .row import Row
from .schedule import Closed, Schedule
from .watch import Meter, Usage, until_gone

T = TypeVar("T")
MOST_REQUESTS, MOST_USD = 100_000, 10.0
EXCHANGE_S = 60.0
PARTS = {"work": "work", "submit": "handler.submit", "uploads": "handler.presign"}


@dataclass(frozen=True)
class Caps:
    """What a benchmark may not exceed; it is refused before the first request.

    Parameters
    ----------
    requests : in all, with those that warm it up
    usd : at AWS's prices, as estimated; on the local cloud nothing is charged
    in_flight : requests at a time; one that is due beyond is dropped, and the run not valid
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
    splits: list[tuple[list[Row], float]] = field(default_factory=list)  # rows, and the zero of their clock


def bench(
    endpoint: Endpoint,
    schedule: Schedule | Closed | Sequence[Schedule | Closed],
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
    schedule : when requests are sent; several of them are repetitions, such as `poisson` with other seeds
    work : what each asks for, the sample work if None
    polling : how the client polls, as Retry-After says if None
    warm_up : requests beforehand, one after another, that do not count
    caps : what may not be exceeded
    progress : called with (done, in flight, of) whenever a request ends
    log_wait_s : how long to wait for the functions' logs [s]

    Ctrl-C ends it early: the result holds what there is and is marked interrupted.
    Raises ExplorerError where the schedule exceeds a cap.
    """
    many = list(schedule) if isinstance(schedule, Sequence) else [schedule]
    work, polling, caps = work or Work.sample(), polling or Polling(), caps or Caps()
    _check(endpoint, many, work, polling, caps, warm_up)
    conditions = _conditions(many[0], work, polling)
    began = time.time()
    outcome = _completed(_all(endpoint, many, work, polling, warm_up, caps, progress))
    seconds = time.time() - began
    of_results = _compared(outcome.rows, work)
    if outcome.outage:  # nor would its logs answer
        invocations, notes = list[logs.Invocation](), [f"no logs were read: {outcome.outage}"]
    else:
        invocations, notes = _logged(endpoint, outcome.rows, began, log_wait_s)
    logs.tell(outcome.rows, invocations)
    for rows, zero in outcome.splits:
        outcome.offset_s = split(rows, zero)
    run = _as_it_was(conditions, many[0], outcome.rows, invocations)
    return Result(
        rows=outcome.rows,
        schedule=many[0],
        endpoint=endpoint,
        conditions=run,
        started=began,
        seconds=seconds,
        interrupted=outcome.interrupted,
        invocations=invocations,
        rtt_s=outcome.rtt_s,
        cost_usd=_cost_usd(endpoint, run, outcome, invocations),
        clock_offset_s=outcome.offset_s,
        notes=[*notes, *of_results],
        outage=outcome.outage,
        not_sent=_not_sent(many, outcome),
        usage=outcome.usage,
    )


def _cost_usd(
    endpoint: Endpoint, run: RunConditions, outcome: _Outcome, invocations: Sequence[logs.Invocation]
) -> float | None:
    """What the run cost at AWS's prices [USD]; None where workload and design are not known."""
    w, design = endpoint.workload, endpoint.design
    if w is None or design is None:
        return None
    return float(charges.bill(w, design, run, outcome.rows, outcome.exchanges, invocations).total_usd)


def _compared(rows: Sequence[Row], work: Work) -> list[str]:
    """Compare the results with what was asked for; notes on what was not compared."""
    if work.digest is None:
        return ["no result was held against what was asked for: nobody knows what the work answers"]
    succeeded = sum(row.status == "succeeded" for row in rows)
    compared = contents.compare(rows, work.digest)
    if compared == succeeded:
        return []
    return [f"{compared:,} of {succeeded:,} results were held against their seed"]


def _not_sent(many: Sequence[Schedule | Closed], outcome: _Outcome) -> int:
    """Requests that were due after the endpoint had ceased to answer."""
    due = sum(not row.warm_up for row in outcome.rows)
    return sum(plan.requests for plan in many) - due if outcome.outage else 0


def _rate_rps(schedule: Schedule | Closed, work: Work) -> float:
    """Jobs a second; of a closed loop a guess, until it has run."""
    if isinstance(schedule, Schedule):
        return schedule.rate_rps
    return schedule.concurrency / max(work.runtime_s or 0.0, 1.0)


def _conditions(schedule: Schedule | Closed, work: Work, polling: Polling) -> RunConditions:
    rate = _rate_rps(schedule, work)
    growth = None if polling.every_s is None else polling.growth
    size = float(len(work.of(0)))
    return RunConditions(rate, work.runtime_s, work.response_bytes, size, {}, polling.every_s, growth)


def expected_usd(
    workload: Workload,
    design: Design,
    many: Sequence[Schedule | Closed],
    work: Work,
    polling: Polling | None = None,
    warm_up: int = 0,
) -> float:
    """What such a load would cost at AWS's prices, by the model [USD]."""
    conditions = _conditions(many[0], work, polling or Polling())
    return charges.expected_usd(workload, design, conditions, sum(one.requests for one in many) + warm_up)


def _check(
    endpoint: Endpoint,
    many: Sequence[Schedule | Closed],
    work: Work,
    polling: Polling,
    caps: Caps,
    warm_up: int,
) -> None:
    """Refuse what exceeds a cap, before anything is sent."""
    if not many:
        raise ExplorerError("schedule is empty: expected one or more")
    requests = sum(one.requests for one in many) + warm_up
    if requests > caps.requests:
        raise ExplorerError(
            f"the schedule has {requests:,} requests: expected at most {caps.requests:,}, the cap on requests"
        )
    if endpoint.target == "local" or endpoint.workload is None or endpoint.design is None:
        return
    usd = expected_usd(endpoint.workload, endpoint.design, many, work, polling, warm_up)
    if usd > caps.usd:
        raise ExplorerError(
            f"the schedule would cost about {usd:,.2f} USD: expected at most {caps.usd:,.2f}, the cap"
        )


async def _all(
    endpoint: Endpoint,
    many: Sequence[Schedule | Closed],
    work: Work,
    polling: Polling,
    warm_up: int,
    caps: Caps,
    progress: Progress | None,
) -> _Outcome:
    outcome = _Outcome()
    async with exchanges(endpoint.sign, EXCHANGE_S) as ways:
        outcome.rtt_s = await round_trips(endpoint.url)
        meter = Meter()
        plans: list[Schedule | Closed] = [Closed(warm_up, 1)] if warm_up else []
        for number, plan in enumerate([*plans, *many]):
            warming = bool(plans) and number == 0

            clock = Clock()
            job: Job = Answered(clock, ways, endpoint, work)
            if endpoint.stored:
                job = Stored(clock, ways, endpoint, work, polling)
            run = Run(clock, job, caps.in_flight, None if warming else progress)
            rows = await _watched(run, plan, ways, endpoint.url)
            for row in rows:
                row.repetition, row.warm_up = max(number - len(plans), 0), warming
                row.runtime_s = math.nan if work.runtime_s is None else work.runtime_s
            outcome.rows += rows
            outcome.splits.append((rows, clock.epoch))
            if run.interrupted or run.outage:
                outcome.interrupted, outcome.outage = run.interrupted, run.outage
                break
        outcome.exchanges, outcome.usage = ways.request_count, meter.usage()
    return outcome


async def _watched(run: Run, plan: Schedule | Closed, ways: Exchanges, url: str) -> list[Row]:
    """The rows of the run, which ends early once the endpoint is gone."""
    running, watching = asyncio.ensure_future(run.go(plan)), asyncio.ensure_future(until_gone(ways, url))
    try:
        while not running.done():
            try:
                await asyncio.wait(
                    {running} if run.outage else {running, watching}, return_when="FIRST_COMPLETED"
                )
            except asyncio.CancelledError:  # Ctrl-C: the run itself knows what to do
                running.cancel()
            if watching.done() and not running.done() and not run.outage:
                run.outage = watching.result()
                running.cancel()
        return running.result()
    finally:
        watching.cancel()


def _completed(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; beside a loop that runs already, as in a notebook, in a thread of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    return _beside(work)


def _beside(work: Coroutine[Any, Any, T]) -> T:
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


def _logged(
    endpoint: Endpoint, rows: Sequence[Row], began: float, wait_s: float
) -> tuple[list[logs.Invocation], list[str]]:
    """The functions' invocations; where they cannot be read, why not."""
    if endpoint.session is None or not endpoint.functions:
        return [], ["no logs were read: cold starts and billed times are not known"]
    from botocore.exceptions import BotoCoreError, ClientError

    expected = sum(row.accepted or row.status == "succeeded" for row in rows)
    try:
        invocations = logs.read(endpoint.session, endpoint.functions, began, time.time(), expected, wait_s)
    except (BotoCoreError, ClientError) as error:
        return [], [f"the logs could not be read: {error}"]
    if endpoint.design and endpoint.design.flow.initialization is Initialization.PROVISIONED:
        invocations = logs.without_early_starts(invocations)
    ours = {row.id for row in rows}
    invocations = [one for one in invocations if not one.job or one.job in ours]  # not of the jobs before
    if expected and not any(one.part == "work" for one in invocations):
        return invocations, [f"the logs had no REPORT line of the work within {wait_s:g} s"]
    return invocations, []


def _as_it_was(
    conditions: RunConditions,
    schedule: Schedule | Closed,
    rows: Sequence[Row],
    invocations: Sequence[logs.Invocation],
) -> RunConditions:
    """The conditions with what only the run itself shows: its rate if closed, its cold starts."""
    rate, median_bytes = conditions.rate_rps, conditions.request_bytes
    counted = [row for row in rows if not row.warm_up and not math.isnan(row.ended_s)]
    if isinstance(schedule, Closed) and counted:
        span = max(row.ended_s for row in counted) - min(row.scheduled_s for row in counted)
        rate = len(counted) / span if span > 0 else rate
    shares = {}
    for part, name in PARTS.items():
        colds = [one.init_s is not None for one in invocations if one.part == part]
        if colds:
            shares[name] = sum(colds) / len(colds)
    median_bytes = percentiles([float(row.request_bytes) for row in counted]).get("p50", median_bytes)
    return replace(conditions, rate_rps=rate, request_bytes=median_bytes, cold_shares=shares)
