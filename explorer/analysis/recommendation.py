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

    `answer` has the rows; here they are frames, each made when it is first read.

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
        """The workload that the answer is for."""
        return self.answer.workload

    @property
    def design(self) -> Design | None:
        """The design to build; None where nothing is feasible."""
        return self.answer.design

    @property
    def nearest(self) -> Design:
        """The recommended design, or the one that misses by least where nothing is feasible."""
        return self.answer.nearest

    @property
    def current(self) -> Design | None:
        """What runs today, concerns left out filled by the best; None if the workload does not say."""
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
        """The moving parts of `nearest`."""
        return self.answer.parts

    @property
    def memory_mb(self) -> float:
        """The memory of what does the work [MB]."""
        return self.answer.memory_mb

    @property
    def architecture(self) -> str:
        """The processor of what does the work."""
        return self.answer.architecture

    @property
    def part_usd(self) -> float:
        """What one more part is worth avoiding [USD a month]."""
        return self.answer.part_usd

    @property
    def score_usd(self) -> float:
        """Money and parts together [USD a month]."""
        return self.answer.score_usd

    @property
    def latency_s(self) -> dict[str, float]:
        """From submitting to the whole result in hand [s], at the p50, p95 and p99."""
        return self.answer.latency_s

    @property
    def bill(self) -> Bill:
        """The bill of `nearest`, line by line."""
        return self.answer.bill

    @property
    def at_part_usd(self) -> dict[float, dict[str, Any]]:
        """The winner at 0, 10 and 100 USD a part: its design, money and parts; none if not feasible."""
        return self.answer.at_part_usd

    @cached_property
    def findings(self) -> pd.DataFrame:
        """Every limit held against `nearest`, worst first: a row a limit; columns as `assess` has them."""
        return self.answer.findings.to_frame()

    @cached_property
    def alternatives(self) -> pd.DataFrame:
        """Every other feasible design, least score first.

        Columns: the concerns, monthly_usd [USD a month], parts, score_usd [USD a month],
        latency_p50_s, latency_p95_s [s], deployable.
        """
        return self.answer.alternatives.to_frame()

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """All that rules out a design, limits first, by how many designs they rule out.

        Columns: because, kind, why, options, designs, breach_probability [share of requests], nearest.
        """
        return self.answer.rejections.to_frame()

    @cached_property
    def break_evens(self) -> pd.DataFrame:
        """Where the recommendation changes: axis, value [unit], unit, factor, direction, design, says."""
        return self.answer.break_evens.to_frame()

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """What the answer rests on: id, kind, value, why, decides, as_of, source_url."""
        return self.answer.assumptions.to_frame()

    @cached_property
    def ways_out(self) -> pd.DataFrame:
        """Where nothing is feasible, what would make something so; empty where something is.

        Columns: kind (ability, promise, quota or size), field, from, to [unit], unit, factor, design,
        memory_mb, architecture, monthly_usd [USD a month], parts, text, with (rows that go together).
        """
        return self.answer.ways_out.to_frame()

    @cached_property
    def promises(self) -> pd.DataFrame:
        """What each promise costs: the answer without it.

        Columns: field, value [unit], unit, binds, monthly_usd_without, saves_usd, saves_score_usd [USD a
        month], design, text.
        """
        return self.answer.promises.to_frame()

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Against today's design: change (added, removed or cost), what, usd [USD a month; costs only]."""
        return self.answer.changes.to_frame()

    @cached_property
    def summary(self) -> str:
        """What an architect would say: what to build, why, what it costs, what would change it."""
        return summary.summary(self.answer)

    def to_dict(self, alternatives: int | None = None) -> dict[str, Any]:
        """The answer as plain values, with the best so many of the alternatives, or all.

        `explorer recommend --json` prints it with 50, with `--all` whole.
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

    Feasible is what nothing excludes, no limit breaks for more than 1 - targets.success of the
    requests (quotas raised as far as AWS raises them), within client.waits and targets.latency_p95.
    Among those the least of monthly_usd + part_usd x parts wins; ties go to fewer parts, then to the
    lower p95.

    Examples
    --------
    >>> r = ex.recommend(ex.Workload.load(ex.examples()["statements"]))
    >>> r.design.response, round(r.monthly_usd)
    ('stored', 661)
    """
    return Recommendation(workload)
