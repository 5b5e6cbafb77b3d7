"""The design to build, what it costs, what rules out the rest, and what would change it."""

from __future__ import annotations

from dataclasses import asdict, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.engine.designs import CONCERNS
from explorer.engine.limits import Finding
from explorer.workload.workload import Workload

from . import assumptions, break_evens, summary
from . import rejections as why_not
from .answer import Answer
from .choice import Alternative

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "explorer.recommendation/1"


class Recommendation(Answer):
    """The answer for one workload. Frames are made when they are first asked for."""

    def __repr__(self) -> str:
        return f"Recommendation({self.design})" if self.feasible else "Recommendation(nothing is feasible)"

    def _repr_markdown_(self) -> str:
        return summary.markdown(self)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """`found` as a frame: a row a limit; see `assess`."""
        return frame(self.found, Finding)

    @cached_property
    def alternatives(self) -> pd.DataFrame:
        """`others` as a frame.

        Columns: the five concerns, monthly_usd [USD a month], parts, score_usd [USD a month],
        latency_p50_s, latency_p95_s [s], deployable.
        """
        import pandas as pd

        rows = [{**other.design, **asdict(other)} for other in self.others]
        names = [name for name in Alternative.__dataclass_fields__ if name != "design"]
        return pd.DataFrame(rows, columns=[*CONCERNS, *names])

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """`reasons` as a frame: because, kind, why, options, designs, breach_probability, nearest."""
        return frame(self.reasons, why_not.Rejection)

    @cached_property
    def break_evens(self) -> pd.DataFrame:
        """`turns` as a frame: axis, value, unit, factor, design, says."""
        return frame(self.turns, break_evens.BreakEven)

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """`assumed` as a frame: id, kind, value, why, decides, as_of, source_url."""
        return frame(self.assumed, assumptions.Assumption)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """`changed` as a frame: change (added, removed or cost), what, usd [USD a month; costs only]."""
        return frame(self.changed, why_not.Change)

    @cached_property
    def summary(self) -> str:
        """What an architect would say: what to build, why, what it costs, what would change it."""
        return summary.summary(self)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values: what `explorer recommend --json` prints."""
        return {
            "schema": SCHEMA,
            "workload": self.workload.name,
            "region": self.workload.region,
            "design": self.design.ids if self.design else None,
            "nearest": self.nearest.ids,
            "feasible": self.feasible,
            "summary": self.summary,
            "monthly_usd": self.monthly_usd,
            "parts": self.parts,
            "part_names": list(self.nearest.parts_for(self.load)),
            "part_usd": self.part_usd,
            "score_usd": self.score_usd,
            "latency_p50_s": self.latency_s["p50"],
            "latency_p95_s": self.latency_s["p95"],
            "latency_p99_s": self.latency_s["p99"],
            "bill": {
                "total_usd": float(self.bill.total_usd),
                "lines": [line.to_dict() for line in self.bill.lines],
            },
            "findings": [asdict(found) for found in self.found],
            "alternatives": [asdict(other) for other in self.others],
            "rejected": [asdict(reason) for reason in self.reasons],
            "break_evens": [asdict(turn) for turn in self.turns],
            "at_part_usd": {f"{usd:g}": choice for usd, choice in self.at_part_usd.items()},
            "assumptions": [asdict(assumption) for assumption in self.assumed],
            "changes": [asdict(change) for change in self.changed],
        }


def frame(rows: list[Any], kind: type) -> pd.DataFrame:
    """Rows of a dataclass as a frame with its fields as columns."""
    import pandas as pd

    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)])


def recommend(workload: Workload) -> Recommendation:
    """The design to build for a workload, chosen among all designs.

    Feasible is what nothing excludes, no limit breaks for more than 1 - targets.success of the
    requests (quotas raised as far as AWS raises them), within client.waits and targets.latency_p95.
    Among those the least of monthly_usd + part_usd x parts wins; ties go to fewer parts, then to the
    lower p95.
    """
    return Recommendation(workload)
