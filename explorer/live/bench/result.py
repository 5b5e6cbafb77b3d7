"""The result of a benchmark: a row for each request, the summary, and a Parquet file of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.analysis.calibration.measurements import METADATA
from explorer.analysis.calibration.prediction import RunConditions, predict_run
from explorer.facts.atomic_write import atomic_path
from explorer.live.cloud.vouch import CANNOT_VOUCH_FOR, VOUCHES_FOR

from .endpoint import Endpoint
from .knee import knee_rps, stretches
from .logs import Invocation
from .percentiles import intervals, percentiles
from .row import COLUMNS, Row
from .schedule import ClosedLoop, Schedule
from .watch import Usage

if TYPE_CHECKING:
    import pandas as pd

LATE_S = 0.010  # a generator that is later than this at the p99 has not kept its schedule
P50_P95_P99 = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
P50_P99_MAX = {"p50": 0.5, "p99": 0.99, "max": 1.0}
PHASES = {
    "submit": "submit_s",
    "queue": "queue_s",
    "cold start": "cold_start_s",
    "work": "work_s",
    "poll": "poll_s",
    "download": "fetch_s",
}
CLOSED_LOOP = (
    "latencies during a stall: the loop is closed, so that a stalled endpoint gets fewer requests and the "
    "latencies leave out those that would have met the stall"
)


@dataclass(frozen=True, eq=False)
class Result:
    """The result of one benchmark: `.frame()`, `.to_dict()`, `.write(path)`.

    Examples
    --------
    >>> from explorer.live.bench.row import Row
    >>> rows = [Row(0, 0.0, status="succeeded", latency_s=1.4), Row(1, 0.5, status="lost")]
    >>> one = Endpoint("https://example.com")
    >>> result = Result(rows, ClosedLoop(2, 1), one, RunConditions(rate_rps=2), started=0.0, seconds=1.9)
    >>> result.jobs, result.succeeded
    (2, 1)
    """

    rows: Sequence[Row]
    schedule: Schedule | ClosedLoop
    endpoint: Endpoint
    conditions: RunConditions
    started: float  # epoch seconds
    seconds: float
    interrupted: bool = False
    invocations: Sequence[Invocation] = ()
    rtt_s: Sequence[float] = ()
    cost_usd: float | None = None
    clock_offset_s: float = 0.0
    notes: Sequence[str] = field(default=())  # what could not be measured
    outage: str = ""  # why the endpoint no longer answers
    not_sent: int = 0  # requests that were due after that
    usage: Usage | None = None

    @cached_property
    def rows_that_count(self) -> list[Row]:
        """The rows that count: all but the warm-up."""
        return [row for row in self.rows if not row.warm_up]

    @property
    def jobs(self) -> int:
        """The number of requests that were due."""
        return len(self.rows_that_count)

    @property
    def succeeded(self) -> int:
        """The number of jobs whose result was received completely."""
        return sum(row.status == "succeeded" for row in self.rows_that_count)

    @property
    def lost(self) -> int:
        """Accepted jobs that did not end in time, or whose result cannot be read, including warm-up."""
        return sum(row.status == "lost" for row in self.rows)

    @property
    def corrupted(self) -> int:
        """Jobs whose result is another job's or damaged, including warm-up."""
        return sum(row.status == "corrupted" for row in self.rows)

    @property
    def duplicated(self) -> int:
        """Jobs that were given the id of another."""
        ids = Counter(row.id for row in self.rows if row.id)
        return sum(count - 1 for count in ids.values())

    @property
    def errors(self) -> dict[str, int]:
        """The number of errors by kind, the most frequent first."""
        return dict(Counter(row.error for row in self.rows_that_count if row.error).most_common())

    @property
    def why_not_valid(self) -> list[str]:
        """Why the load did not follow the schedule; [] if it did."""
        late = percentiles([row.lateness_s for row in self.rows_that_count], P50_P99_MAX)
        dropped = sum(row.status == "dropped" for row in self.rows_that_count)
        reasons = []
        if late and late["p99"] > LATE_S:
            reasons.append(f"requests were sent {1000 * late['p99']:.1f} ms late at the p99")
        if dropped:
            reasons.append(f"{dropped} requests were dropped: too many in flight")
        if self.interrupted:
            reasons.append("interrupted")
        if self.outage:
            reasons.append(f"{self.outage}; {self.not_sent:,} requests were not sent")
        return reasons

    @property
    def machine(self) -> dict[str, Any]:
        """How busy this machine was, and whether it limited the run."""
        if self.usage is None:
            return {}
        usage, bottleneck = self.usage, self.usage.bottleneck(self.endpoint.target == "local")
        return {
            "cores": usage.cores,
            "busy": usage.busy,
            "generator": usage.generator,
            "bottleneck": bottleneck,
        }

    @cached_property
    def throughput_rps(self) -> float:
        """Succeeded jobs a second, from the first due time to the end of the last job [1/s]."""
        rows = [row for row in self.rows_that_count if row.status == "succeeded"]
        if not rows:
            return 0.0
        span = max(row.ended_s for row in rows) - min(row.scheduled_s for row in self.rows_that_count)
        return len(rows) / span if span > 0 else 0.0

    def _column_of_succeeded(self, column: str) -> list[float]:
        return [getattr(row, column) for row in self.rows_that_count if row.status == "succeeded"]

    @cached_property
    def measured(self) -> dict[str, dict[str, float]]:
        """Quantiles p50, p95 and p99 of each phase and in total, for succeeded jobs [s]."""
        phases = PHASES if self.endpoint.stored else {}
        quantiles = {
            name: percentiles(self._column_of_succeeded(column), P50_P95_P99)
            for name, column in phases.items()
        }
        quantiles["total"] = percentiles(self._column_of_succeeded("latency_s"), P50_P95_P99)
        return {name: seconds for name, seconds in quantiles.items() if seconds}

    @cached_property
    def predicted(self) -> dict[str, dict[str, float]] | None:
        """The same quantiles by the model, for this workload and design under the run's conditions [s]."""
        w, design = self.endpoint.workload, self.endpoint.design
        return None if w is None or design is None else predict_run(w, design, self.conditions)

    def to_dict(self) -> dict[str, Any]:
        """The summary, as `explorer bench --json` prints it."""
        runs: dict[int, list[float]] = {}
        for row in self.rows_that_count:
            if row.status == "succeeded":
                runs.setdefault(row.repetition, []).append(row.latency_s)
        steps = stretches(self.rows_that_count, self.schedule) if isinstance(self.schedule, Schedule) else []
        reasons = self.why_not_valid
        local = self.endpoint.target == "local"
        cannot_vouch_for = [
            *(CANNOT_VOUCH_FOR if local else ()),
            *([CLOSED_LOOP] if isinstance(self.schedule, ClosedLoop) else ()),
        ]
        return {
            "stack": self.endpoint.stack,
            "target": self.endpoint.target,
            "valid": not reasons,
            "why_not_valid": reasons,
            "interrupted": self.interrupted,
            "schedule": self.schedule.to_dict(),
            "repetitions": len(runs),
            "seconds": self.seconds,
            "jobs": self.jobs,
            "succeeded": self.succeeded,
            "lost": self.lost,
            "corrupted": self.corrupted,
            "duplicated": self.duplicated,
            "not_sent": self.not_sent,
            "errors": self.errors,
            "latency_of": f"the {self.succeeded:,} of {self.jobs:,} jobs that succeeded",
            "latency_s": percentiles(self._column_of_succeeded("latency_s")),
            "latency_interval_s": {name: list(ends) for name, ends in intervals([*runs.values()]).items()},
            "service_s": percentiles(self._column_of_succeeded("service_s")),
            "submit_s": percentiles(self._column_of_succeeded("submit_s")),
            "cold_starts": self.cold_starts,
            "throughput_rps": self.throughput_rps,
            "steps": steps,
            "knee_rps": knee_rps(steps),
            "lateness_s": percentiles([row.lateness_s for row in self.rows_that_count], P50_P99_MAX),
            "predicted": self.predicted,
            "measured": self.measured,
            "functions": self.functions,
            "cost_usd": self.cost_usd,
            "vouches_for": list(VOUCHES_FOR) if local else [],
            "cannot_vouch_for": cannot_vouch_for,
            "machine": self.machine,
            "notes": list(self.notes),
        }

    @property
    def cold_starts(self) -> int | None:
        """Invocations of any function with a cold start; None if no log could be read."""
        if not self.invocations:
            return None
        return sum(one.init_s is not None for one in self.invocations)

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """By part: invocations, cold starts, billed seconds, and quantiles of the duration [s]."""
        parts: dict[str, list[Invocation]] = {}
        for one in self.invocations:
            parts.setdefault(one.part, []).append(one)
        return {
            part: {
                "invocations": len(invocations),
                "cold_starts": sum(one.init_s is not None for one in invocations),
                "billed_s": sum(one.billed_s for one in invocations),
                "init_s": percentiles(
                    [one.init_s for one in invocations if one.init_s is not None], P50_P95_P99
                ),
                **percentiles([one.duration_s for one in invocations], P50_P95_P99),
            }
            for part, invocations in parts.items()
        }

    def metadata(self) -> dict[str, Any]:
        """What `ex.calibrate` needs in addition to the rows."""
        work = self.functions.get("work", {})
        return {
            "design": self.endpoint.design.ids if self.endpoint.design else None,
            "conditions": _plain_values(self.conditions),
            "rtt_s": percentiles(self.rtt_s, P50_P95_P99),
            "functions": {
                part: {name: quantiles[name] for name in P50_P95_P99}
                for part, quantiles in self.functions.items()
            },
            "init_s": work.get("init_s") or None,
            "started": self.started,
            "summary": self.to_dict(),
        }

    def frame(self) -> pd.DataFrame:
        """A row for each request; times in seconds from the start of the run, sizes in bytes, and counts."""
        import pandas as pd

        frame = pd.DataFrame({name: [getattr(row, name) for row in self.rows] for name in COLUMNS})
        frame["cold"] = frame["cold"].astype("boolean")
        frame.attrs["bench"] = self.metadata()
        return frame

    def write(self, path: str | Path) -> None:
        """Write the rows as Parquet, with the summary as JSON in the file's metadata."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        frame = self.frame()
        metadata = json.dumps(frame.attrs.pop("bench")).encode()
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), METADATA: metadata})
        with atomic_path(path) as part:
            pq.write_table(table, part)


def _plain_values(conditions: RunConditions) -> Mapping[str, Any]:
    from dataclasses import asdict

    return asdict(conditions)
