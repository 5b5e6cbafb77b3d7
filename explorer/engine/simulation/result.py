"""The result of a simulation: shares of requests, means over time, and their confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

Counted = dict[str, float]


@dataclass(frozen=True)
class Simulation:
    """The result for a workload's requests, over all replications."""

    cold_start_probability: float
    """Share of cold starts among the attempts that started and the requests that were given up."""
    rejection_probability: float
    """Share of the requests that never ran: refused for good, or too old."""
    mean_servers: float
    """Environments that exist, running or idle: the mean over time."""
    mean_running: float
    mean_idle: float
    mean_provisioned_running: float
    """Provisioned environments that run: the mean over time."""
    throttle_probability: float
    """Share of the attempts that were refused, or were given up while they waited."""
    failure_probability: float
    """Share of the requests that failed at every attempt."""
    mean_wait_s: float
    """Time from an attempt to its start: the mean over the attempts that started."""
    longest_wait_s: float
    unended: int
    """Requests that were still waiting at the end."""
    requests: int
    cold_starts: int
    invocations: int
    """Attempts that started. With retries and chains there are more of them than requests."""
    replications: int = 1
    confidence: float = 0.95
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """(lower, upper) bound of each share and mean at that confidence; empty for one replication."""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, as plain values."""
        return asdict(self)


MEANS = tuple(f.name for f in fields(Simulation) if f.type == "float" and f.name != "confidence")


def simulation(runs: Sequence[Counted], duration_s: float, confidence: float) -> Simulation:
    """The runs combined: means of the shares and means, sums of the counts."""
    measures = [_measures(run, duration_s) for run in runs]
    mean = {name: math.fsum(one[name] for one in measures) / len(runs) for name in MEANS}
    mean["mean_servers"] = mean["mean_running"] + mean["mean_idle"]
    mean["longest_wait_s"] = max(one["longest_wait_s"] for one in measures)
    total = {name: int(sum(run[name] for run in runs)) for name in ("UNENDED", "REQUESTS", "COLD", "WARM")}
    return Simulation(
        **mean,
        unended=total["UNENDED"],
        requests=total["REQUESTS"],
        cold_starts=total["COLD"],
        invocations=total["COLD"] + total["WARM"],
        replications=len(runs),
        confidence=confidence,
        intervals=_intervals(measures, mean, confidence) if len(runs) > 1 else {},
    )


def _measures(run: Counted, duration_s: float) -> Counted:
    started = run["COLD"] + run["WARM"]
    refused = run["REJECTED"] + run["DROPPED"]
    tried = started + max(run["THROTTLED"], refused)
    running, idle = run["RUNNING"] / duration_s, run["IDLE"] / duration_s
    return {
        "cold_start_probability": _share(run["COLD"], started + refused),
        "rejection_probability": _share(refused, run["REQUESTS"]),
        "mean_servers": running + idle,
        "mean_running": running,
        "mean_idle": idle,
        "mean_provisioned_running": run["FIXED_RUNNING"] / duration_s,
        "throttle_probability": _share(max(run["THROTTLED"], refused), tried),
        "failure_probability": _share(run["FAILED"], run["REQUESTS"]),
        "mean_wait_s": _share(run["WAITED"], started),
        "longest_wait_s": run["LONGEST"],
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _intervals(
    measures: Sequence[Counted], mean: Counted, confidence: float
) -> dict[str, tuple[float, float]]:
    """Student's confidence intervals of the means, clipped to [0, 1] for shares and at 0 otherwise."""
    from explorer.facts.ufuncs import stdtrit

    n = len(measures)
    t = float(stdtrit(n - 1, (1 + confidence) / 2))
    result = {}
    for name in MEANS:
        if name == "longest_wait_s":
            continue
        variance = math.fsum((one[name] - mean[name]) ** 2 for one in measures) / (n - 1)
        half = t * math.sqrt(variance / n)
        most = min(1.0, mean[name] + half) if name.endswith("probability") else mean[name] + half
        result[name] = (max(0.0, mean[name] - half), most)
    return result
