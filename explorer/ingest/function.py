"""A live function in a period: its configuration, its metrics, and the reports in its log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from explorer.errors import CloudError, ExplorerError
from explorer.facts.units import format_time, parse_time

from . import envelopes
from .frame import Part
from .function_configuration import facts_of_configuration
from .reader import lines_reader
from .result import DAY_S
from .workload import MONTH_S

Client = Callable[[str], Any]  # gives the boto3 client of a service
REPORTS = '?"REPORT RequestId" ?"platform.report" ?"platform.runtimeDone" ?"Task timed out" ?INIT_REPORT'
QUERY = (
    "filter @message like /REPORT RequestId|platform.report|platform.runtimeDone|Task timed out|INIT_REPORT/"
    " | fields @timestamp, @message | sort @timestamp asc | limit 10000"
)
MOST = 10_000  # the most rows of one Logs Insights query
PAUSE_S, PATIENCE_S = 0.5, 300.0
PERIODS = ((15, 60), (63, 300), (455, 3600))  # age [days] up to which CloudWatch keeps each period [s]


def moment(text: str, now: datetime) -> datetime:
    """The time that "now", "14d", "36 h" (ago) or "2026-11-01" means [epoch s].

    Raises ExplorerError for other text.
    """
    if text.strip() == "now":
        return now
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        pass
    try:
        return now - timedelta(seconds=parse_time(text))
    except (ExplorerError, OverflowError):
        raise ExplorerError(f'the time is "{text}": expected now, 14d, 36h, or 2026-11-01') from None


def read(
    client: Client,
    name: str,
    since: str,
    until: str,
    insights: bool = False,
    filtered: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Part]:
    """The parts of a function: from its configuration, then from metrics, then from its log.

    Parameters
    ----------
    client
        Gives the boto3 client of a service.
    name
        Of the function, or its ARN.
    since, until
        In a form that `moment` reads.
    insights
        Read by Logs Insights instead of FilterLogEvents.
    filtered
        Let CloudWatch filter the lines; the local cloud cannot.
    progress
        Called with what is read next.
    """
    now = datetime.now(UTC)
    start, end = moment(since, now), moment(until, now)
    if start >= end:
        raise ExplorerError(f'--since is "{since}": expected a time before --until, "{until}"')
    aws_lambda, logs = client("lambda"), client("logs")
    progress("its configuration")
    try:
        configuration = aws_lambda.get_function_configuration(FunctionName=name)
    except aws_lambda.exceptions.ResourceNotFoundException:
        raise CloudError(f'no function is called "{name}" in {aws_lambda.meta.region_name}') from None
    yield facts_of_configuration(configuration, aws_lambda.meta.region_name)
    progress("its metrics")
    yield metrics_of(client("cloudwatch"), configuration["FunctionName"], start, end)
    progress("its log")
    group = (
        configuration.get("LoggingConfig", {}).get("LogGroup")
        or f"/aws/lambda/{configuration['FunctionName']}"
    )
    try:
        events = (
            _query_insights(logs, group, start, end)
            if insights
            else _filter_events(logs, group, start, end, filtered)
        )
        yield from envelopes.parts(events, lines_reader)
    except logs.exceptions.ResourceNotFoundException:
        yield Part(notes=[f"the log group {group} is not there: the function has not run, or logs elsewhere"])


def metrics_of(cloudwatch: Any, name: str, start: datetime, end: datetime) -> Part:
    """Requests a month and the peak, from CloudWatch's count of all invocations."""
    days = (datetime.now(UTC) - start).total_seconds() / DAY_S
    period = next((seconds for most, seconds in PERIODS if days <= most), PERIODS[-1][1])
    points = {
        metric: _points(cloudwatch, name, metric, period, start, end)
        for metric in ("Invocations", "Errors", "Throttles")
    }
    invocations = points["Invocations"]
    total = sum(invocations.values())
    if not total:
        return Part(notes=["CloudWatch counted no invocation in this time"])
    span = (end - max(start, min(invocations))).total_seconds()
    facts: dict[str, Any] = {}
    if span >= DAY_S:
        peak = max(max(invocations.values()) / period, total / span * (1 + 1e-5))
        facts = {
            "requests_per_month": max(round(total / span * MONTH_S), 1),
            "requests_why": f"CloudWatch counted {total:,.0f} in {format_time(span)}, extended to 730 h",
            "peak_rps": float(f"{peak:.6g}"),
            "peak_why": f"the busiest {format_time(period)} that CloudWatch counted",
        }
    failed = {metric: sum(points[metric].values()) for metric in ("Errors", "Throttles")}
    notes = [
        f"CloudWatch counted {total:,.0f} invocations, {failed['Errors']:,.0f} errors"
        f" and {failed['Throttles']:,.0f} throttles"
    ]
    return Part(facts=facts, notes=notes)


def _points(
    cloudwatch: Any, name: str, metric: str, period: int, start: datetime, end: datetime
) -> dict[datetime, float]:
    """The sums of a metric, by the begin of their periods."""
    dimensions = [{"Name": "FunctionName", "Value": name}]
    stat = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    query = {"Id": "m", "MetricStat": {"Metric": stat, "Period": period, "Stat": "Sum"}}
    points: dict[datetime, float] = {}
    token: dict[str, str] = {}
    while True:
        page = cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=start, EndTime=end, **token)
        for series in page["MetricDataResults"]:
            points.update(zip(series["Timestamps"], series["Values"], strict=True))
        if not page.get("NextToken"):
            return {at: value for at, value in points.items() if value > 0}
        token = {"NextToken": page["NextToken"]}


def _filter_events(logs: Any, group: str, start: datetime, end: datetime, filtered: bool) -> Iterator[Any]:
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=int(start.timestamp() * 1000),
        endTime=int(end.timestamp() * 1000) + 1000,
        **({"filterPattern": REPORTS} if filtered else {}),
    )
    for page in pages:
        yield from page["events"]


def _query_insights(logs: Any, group: str, start: datetime, end: datetime) -> Iterator[Any]:
    """Rows of Logs Insights; a period with more rows than one query allows is halved."""
    rows = _query(logs, group, start, end)
    if len(rows) < MOST or end - start <= timedelta(seconds=2):
        yield from rows
        return
    middle = start + (end - start) / 2
    middle = middle.replace(microsecond=0)
    yield from _query_insights(logs, group, start, middle - timedelta(seconds=1))
    yield from _query_insights(logs, group, middle, end)


def _query(logs: Any, group: str, start: datetime, end: datetime) -> list[Any]:
    query_id = logs.start_query(
        logGroupName=group, startTime=int(start.timestamp()), endTime=int(end.timestamp()), queryString=QUERY
    )["queryId"]
    give_up = time.monotonic() + PATIENCE_S
    while True:
        answer = logs.get_query_results(queryId=query_id)
        if answer["status"] == "Complete":
            return list(answer["results"])
        if answer["status"] not in ("Scheduled", "Running") or time.monotonic() > give_up:
            raise CloudError(f"Logs Insights: the query ended as {answer['status']}")
        time.sleep(PAUSE_S)
