"""A design that somebody has in mind: its findings, its bill, its seconds, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from explorer.engine.cost import Bill
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import Design
from explorer.engine.latency import latency as seconds_of
from explorer.engine.limits import Finding, findings
from explorer.workload.workload import Workload

from .recommend import completed, frame

if TYPE_CHECKING:
    import pandas as pd

Given = str | Mapping[str, str | None] | Design  # "door=http-api,...", a mapping, or a Design


def assess(workload: Workload, design: Given) -> pd.DataFrame:
    """Findings of one design, feasible or not: a row a limit, worst first.

    Columns: limit, limit_value, unit, used_p50, used_p99 [unit], breach_probability [share of
    requests], broken_per_month [requests], verdict (breach, raise, tight or fits), consequence (what
    the caller sees), source_url, verified. Concerns left out are filled by the best.
    Raises DesignError for a design that cannot be built.
    """
    return frame(findings(workload, completed(workload, design)), Finding)


def cost(workload: Workload, design: Given) -> Bill:
    """The bill of one design a month; concerns left out are filled by the best.

    Raises DesignError for a design that cannot be built.
    """
    return bill_of(workload, completed(workload, design))


def latency(workload: Workload, design: Given) -> pd.DataFrame:
    """Seconds of one design by phase and in all; concerns left out are filled by the best.

    Index: submit, queue, cold start, work, poll, download (those that take time), total.
    Columns: p50, p95, p99 [s]; quantiles of a sum are sums of quantiles.
    """
    import pandas as pd

    return pd.DataFrame(seconds_of(workload, completed(workload, design))).T


def compare(workload: Workload, designs: Mapping[str, Given]) -> pd.DataFrame:
    """Designs side by side, feasible or not: a row a name; concerns left out are filled by the best.

    Columns: monthly_usd [USD a month], parts, latency_p50_s, latency_p95_s [s], verdict and limit of
    the worst finding, broken_per_month [requests].
    """
    import pandas as pd

    rows = {}
    for name, given in designs.items():
        design = completed(workload, given)
        worst = findings(workload, design)[0]
        seconds = seconds_of(workload, design)["total"]
        rows[name] = {
            "monthly_usd": float(bill_of(workload, design).total_usd),
            "parts": len(design.parts),
            "latency_p50_s": seconds["p50"],
            "latency_p95_s": seconds["p95"],
            "verdict": worst.verdict,
            "limit": worst.limit,
            "broken_per_month": worst.broken_per_month,
        }
    return pd.DataFrame.from_dict(rows, orient="index")
