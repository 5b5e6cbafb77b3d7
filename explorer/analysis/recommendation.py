"""The design to build, what it costs, what rules out the rest, and what would change it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.engine.cost import Bill, bill_to_dict
from explorer.engine.designs import Design
from explorer.workload.workload import Workload

from . import summary
from .answer import Answer

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "explorer.recommendation/1"


class Recommendation:
    """The answer for one workload.

    `answer` holds the rows; the frames here are made when they are first read.

    Examples
    --------
    >>> r = ex.recommend(ex.Workload.load(ex.examples()["statements"]))
    >>> r.feasible, r.parts, round(r.monthly_usd)
    (True, 6, 661)
    >>> r.alternatives.columns[:3].tolist()
    ['edge', 'door', 'request']
    """

    def __init__(self, workload: Workload) -> None:
        self.answer = Answer(workload)

    def __repr__(self) -> str:
        return f"Recommendation({self.design})" if self.feasible else "Recommendation(nothing is feasible)"

    def _repr_markdown_(self) -> str:
        return summary.summary_markdown(self.answer)

    @property
    def workload(self) -> Workload:
        """The workload of the answer."""
        return self.answer.workload

    @property
    def design(self) -> Design | None:
        """The design to build; None where nothing is feasible."""
        return self.answer.design

    @property
    def nearest(self) -> Design:
        """The recommended design, or the nearest miss if nothing is feasible."""
        return self.answer.nearest

    @property
    def current(self) -> Design | None:
        """Today's design, concerns left out filled by the best; None if the workload does not state it."""
        return self.answer.current

    @property
    def feasible(self) -> bool:
        """Whether a design keeps every limit and every promise."""
        return self.answer.feasible

    @property
    def monthly_usd(self) -> float:
        """The bill of `nearest` [USD a month]."""
        return self.answer.monthly_usd

    @property
    def parts(self) -> int:
        """The number of moving parts of `nearest`."""
        return self.answer.parts

    @property
    def memory_mb(self) -> float:
        """The memory of the compute that does the work [MB]."""
        return self.answer.memory_mb

    @property
    def architecture(self) -> str:
        """The processor architecture of the compute that does the work."""
        return self.answer.architecture

    @property
    def part_usd(self) -> float:
        """The price of one more part [USD a month]."""
        return self.answer.part_usd

    @property
    def score_usd(self) -> float:
        """The bill plus the price of the parts [USD a month]."""
        return self.answer.score_usd

    @property
    def latency_s(self) -> dict[str, float]:
        """The time from submitting until the whole result arrives [s], at the p50, p95 and p99."""
        return self.answer.latency_s

    @property
    def bill(self) -> Bill:
        """The bill of `nearest`, line by line."""
        return self.answer.bill

    @property
    def at_part_usd(self) -> dict[float, dict[str, Any]]:
        """The winner at 0, 10 and 100 USD per part: design, bill, parts; None where nothing is feasible."""
        return self.answer.at_part_usd

    @cached_property
    def findings(self) -> pd.DataFrame:
        """The findings on all limits that bind `nearest`, worst first; the columns are those of `assess`."""
        return self.answer.findings.to_frame()

    @cached_property
    def alternatives(self) -> pd.DataFrame:
        """Every other feasible design, lowest score first.

        Columns: the concerns, monthly_usd [USD a month], parts, score_usd [USD a month],
        latency_p50_s, latency_p95_s [s], deployable.
        """
        return self.answer.alternatives.to_frame()

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """The reasons that rule out designs: limits first, then by the number of designs ruled out.

        Columns: because, kind, why, options, designs, breach_probability [share of requests], nearest.
        """
        return self.answer.rejections.to_frame()

    @cached_property
    def break_evens(self) -> pd.DataFrame:
        """Where the recommendation changes: axis, value [unit], unit, factor, direction, design, says."""
        return self.answer.break_evens.to_frame()

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """The assumptions of the answer: id, kind, value, why, decides, as_of, source_url."""
        return self.answer.assumptions.to_frame()

    @cached_property
    def ways_out(self) -> pd.DataFrame:
        """Where nothing is feasible, the changes that make a design feasible; else empty.

        Columns: kind (ability, promise, quota or size), field, from, to [unit], unit, factor, design,
        memory_mb, architecture, monthly_usd [USD a month], parts, text, with (rows that go together).
        """
        return self.answer.ways_out.to_frame()

    @cached_property
    def promises(self) -> pd.DataFrame:
        """The cost of each promise: the difference from the answer without it.

        Columns: field, value [unit], unit, binds, monthly_usd_without, saves_usd, saves_score_usd [USD a
        month], design, text.
        """
        return self.answer.promises.to_frame()

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Changes from today's design: change (added, removed or cost), what, usd (of cost) [USD a month]."""
        return self.answer.changes.to_frame()

    @cached_property
    def summary(self) -> str:
        """The answer in sentences: what to build, why, what it costs, what would change it."""
        return summary.summary(self.answer)

    def to_dict(self, alternatives: int | None = None) -> dict[str, Any]:
        """The answer as plain values, with the best `alternatives` alternatives, or with all.

        `explorer recommend --json` prints it with 50 alternatives, with `--all` with all of them.
        """
        return {
            "schema": SCHEMA,
            "workload": self.workload.name,
            "region": self.workload.region,
            "design": self.design.ids if self.design else None,
            "nearest": self.nearest.ids,
            "feasible": self.feasible,
            "summary": self.summary,
            "memory_mb": self.memory_mb,
            "architecture": self.architecture,
            "given": self.answer.given_size,
            "monthly_usd": self.monthly_usd,
            "parts": self.parts,
            "part_names": list(self.nearest.parts_for(self.answer.load)),
            "part_usd": self.part_usd,
            "score_usd": self.score_usd,
            "latency_p50_s": self.latency_s["p50"],
            "latency_p95_s": self.latency_s["p95"],
            "first_byte_p95_s": self.answer.first_byte_p95_s,
            "latency_p99_s": self.latency_s["p99"],
            "bill": bill_to_dict(self.bill),
            "findings": self.answer.findings.to_dicts(),
            "alternatives": self.answer.alternatives.first(alternatives).to_dicts(),
            "rejected": self.answer.rejections.to_dicts(),
            "ways_out": self.answer.ways_out.to_dicts(),
            "promises": self.answer.promises.to_dicts(),
            "break_evens": self.answer.break_evens.to_dicts(),
            "at_part_usd": {f"{usd:g}": choice for usd, choice in self.at_part_usd.items()},
            "assumptions": self.answer.assumptions.to_dicts(),
            "changes": self.answer.changes.to_dicts(),
        }


def recommend(workload: Workload) -> Recommendation:
    """The design to build for a workload, chosen among all designs.

    A design is feasible if no option is excluded, no limit breaks for more than 1 - targets.success of the
    requests (with quotas raised as far as AWS raises them), and client.waits and the promised latencies are
    met. Among the feasible designs the lowest monthly_usd + part_usd x parts wins; ties go to fewer parts,
    then to the lower p95.

    Examples
    --------
    >>> r = ex.recommend(ex.Workload.load(ex.examples()["statements"]))
    >>> r.design.response, round(r.monthly_usd)
    ('stored', 661)
    """
    return Recommendation(workload)
