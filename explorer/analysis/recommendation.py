"""The design to build, what it costs, what rules out the rest, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.engine.cost import Bill
from explorer.engine.cost import cost as bill_of
from explorer.engine.designs import CONCERNS, Design, choices, table
from explorer.engine.evaluation import Evaluation, allowed
from explorer.engine.limits import Finding, findings
from explorer.errors import DesignError, WorkloadError
from explorer.facts.units import shown
from explorer.options.base.conditions import Load
from explorer.options.base.request_path import LEVELS
from explorer.workload.workload import Workload

from . import assumptions, break_evens, summary
from . import rejections as why_not

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "explorer.recommendation/1"
TRADES = (0.0, 10.0, 100.0)  # USD a part at which the trade is shown


def completed(workload: Workload, given: str | Mapping[str, str | None] | Design) -> Design:
    """The design that is given, concerns left out filled by the best for this workload.

    If none of them is feasible, by the choices of the design that is recommended.
    Raises DesignError for an unknown concern or option, or options that cannot go together.
    """
    chosen = choices(given)
    if len(chosen) == len(CONCERNS):
        return Design(**chosen)
    load, candidates = Load(workload), table().where(chosen)
    evaluation = Evaluation(load, candidates.only(candidates.allowed(load)))
    index = int(evaluation.winner()) if evaluation.designs else -1
    if index >= 0:
        return evaluation.designs[index]
    best = Recommendation(workload.without_current()).nearest
    return min(candidates.designs, key=lambda design: design.differs_from(best))


def nearest(evaluation: Evaluation) -> int:
    """The index of the design that misses by least: fewest kinds, then to a percent, then by score."""
    broken, late = evaluation.hard_breach, evaluation.late
    tolerance = evaluation.load.tolerance
    kinds = 1 * (broken > tolerance) + (late > tolerance) + ~evaluation.in_time
    missed = np.round(np.maximum(broken, late), 2)
    part_usd = evaluation.load.workload.preferences.part_usd
    score = evaluation.monthly_usd + part_usd * evaluation.table.parts
    return int(np.lexsort((evaluation.latency_s[:, 1], score, missed, kinds))[0])


def _today(workload: Workload) -> dict[str, str]:
    """The options of today's design that the workload names. Raises DesignError naming its file."""
    try:
        return choices(workload.current.model_dump()) if workload.current else {}
    except DesignError as error:
        raise DesignError(f"{workload.source}: current: {error}") from None


@dataclass(frozen=True)
class Alternative:
    """Another feasible design."""

    design: dict[str, str]
    monthly_usd: float
    parts: int
    score_usd: float
    latency_p50_s: float
    latency_p95_s: float
    deployable: bool


class Recommendation:
    """The answer for one workload. Frames are made when they are first asked for."""

    def __init__(self, workload: Workload) -> None:
        if not isinstance(workload, Workload):
            given = shown(workload)
            raise WorkloadError(f"workload is {given}: expected a Workload, such as Workload.load({given})")
        self.workload = workload
        self._today = _today(workload)
        self.load = Load(workload)
        self.candidates = allowed(self.load)
        self.evaluation = Evaluation(self.load, self.candidates).unbroken()
        index = int(self.evaluation.winner()) if self.evaluation.designs else -1
        self.feasible = index >= 0
        if not self.feasible:  # the nearest miss may break any limit
            self.evaluation = Evaluation(self.load, self.candidates)
        self.index = index if self.feasible else nearest(self.evaluation)
        self.design = self.evaluation.designs[index] if self.feasible else None

    def __repr__(self) -> str:
        return f"Recommendation({self.design})" if self.feasible else "Recommendation(nothing is feasible)"

    def _repr_markdown_(self) -> str:
        return summary.markdown(self)

    @property
    def nearest(self) -> Design:
        """The recommended design, or the one that misses by least where nothing is feasible."""
        return self.evaluation.designs[self.index]

    @property
    def monthly_usd(self) -> float:
        """The bill of `nearest` [USD a month]."""
        return float(self.evaluation.monthly_usd[self.index])

    @property
    def parts(self) -> int:
        """The moving parts of `nearest`."""
        return int(self.evaluation.table.parts[self.index])

    @property
    def part_usd(self) -> float:
        """What one more part is worth avoiding [USD a month]."""
        return self.workload.preferences.part_usd

    @property
    def score_usd(self) -> float:
        """Money and parts together [USD a month]."""
        return self.monthly_usd + self.part_usd * self.parts

    @property
    def latency_s(self) -> dict[str, float]:
        """From submitting to the whole result in hand [s], at the p50, p95 and p99."""
        seconds = self.evaluation.latency_s[self.index]
        return {f"p{100 * level:g}": float(s) for level, s in zip(LEVELS, seconds, strict=True)}

    @cached_property
    def bill(self) -> Bill:
        """The bill of `nearest`, line by line."""
        return bill_of(self.workload, self.nearest)

    @cached_property
    def found(self) -> list[Finding]:
        """Every limit held against `nearest`, worst first."""
        return findings(self.workload, self.nearest)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """`found` as a frame: a row a limit; see `assess`."""
        return frame(self.found, Finding)

    @cached_property
    def others(self) -> list[Alternative]:
        """Every other feasible design, least score first."""
        e = self.evaluation
        score = e.score_usd(self.part_usd)
        order = np.lexsort((e.latency_s[:, 1], e.table.parts, score))
        return [
            Alternative(
                e.designs[i].ids,
                float(e.monthly_usd[i]),
                int(e.table.parts[i]),
                float(score[i]),
                float(e.latency_s[i, 0]),
                float(e.latency_s[i, 1]),
                e.designs[i].deployable,
            )
            for i in order
            if np.isfinite(score[i]) and i != self.index
        ]

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
    def reasons(self) -> list[why_not.Reason]:
        """All that rules out a design: limits first, by how many designs they rule out."""
        return why_not.rejections(self.load)

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """`reasons` as a frame: because, kind, why, options, designs, breach_probability, nearest."""
        return frame(self.reasons, why_not.Reason)

    @cached_property
    def turns(self) -> list[break_evens.BreakEven]:
        """Where the recommendation changes around this workload, and to what."""
        return break_evens.break_evens(self)

    @cached_property
    def break_evens(self) -> pd.DataFrame:
        """`turns` as a frame: axis, value, unit, factor, design, says."""
        return frame(self.turns, break_evens.BreakEven)

    @cached_property
    def assumed(self) -> list[assumptions.Assumption]:
        """What was not given or not measured, and whether it decides the answer."""
        return assumptions.assumptions(self)

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """`assumed` as a frame: id, kind, value, why, decides, as_of, source_url."""
        return frame(self.assumed, assumptions.Assumption)

    @cached_property
    def current(self) -> Design | None:
        """What runs today, concerns left out filled by the best; None if the workload does not say."""
        return completed(self.workload, self._today) if self._today else None

    @cached_property
    def changed(self) -> list[why_not.Change]:
        """Against `current`: the parts that come and go, and what it costs or saves."""
        return why_not.changes(self)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """`changed` as a frame: change (added, removed or cost), what, usd [USD a month; costs only]."""
        return frame(self.changed, why_not.Change)

    @cached_property
    def at_part_usd(self) -> dict[float, dict[str, Any]]:
        """The winner at 0, 10 and 100 USD a part: its design, money and parts; none if not feasible."""
        return {usd: self._at(usd) for usd in TRADES}

    def _at(self, part_usd: float) -> dict[str, Any]:
        index = int(self.evaluation.winner(part_usd)) if self.feasible else -1
        if index < 0:
            return {"design": None, "monthly_usd": None, "parts": None}
        design = self.evaluation.designs[index]
        usd = float(self.evaluation.monthly_usd[index])
        return {"design": design.ids, "monthly_usd": usd, "parts": len(design.parts)}

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
