"""The regret of choosing now: designs compared with the best design in each of many scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from explorer.analysis.choice import complete_design
from explorer.analysis.phrases import change_in_words, describe_design, markdown_for_notebooks
from explorer.analysis.recommendation import Recommendation
from explorer.engine.designs import Design, allowed_designs
from explorer.engine.evaluation import Evaluation
from explorer.engine.ranking import NOTHING
from explorer.errors import ExplorerError
from explorer.facts.units import format_part, format_share, format_usd, format_usd_a_month, quote_value
from explorer.workload.workload import Workload

from . import value_of_information
from .ranges import MEASURED, Range, kind_of, noun_of, ranges_of
from .scenarios import Outcomes, ScenarioList, Scenarios, along
from .value_of_information import SURE, MeasurementValue

if TYPE_CHECKING:
    import pandas as pd


FEWEST, MOST = 100, 200_000
RISK = 0.05  # share of scenarios by which a choice may fail more often than the safest design
LOOKED_AT = 256  # scenarios in which all designs are evaluated


@dataclass(frozen=True)
class DesignRegret:
    """One design, over all scenarios."""

    design: str
    recommended: bool  # with today's inputs
    choice: bool  # `Regret.choice`: the choice without measuring
    best: float  # share of scenarios in which it is the best design
    dearer: float  # share in which it is feasible, but not the best
    breaks: float  # share in which a limit breaks, or it is excluded
    late: float  # share in which it is within its limits, but late
    mean_regret_usd: float  # over the scenarios in which it is feasible [USD a month]
    mean_regret_se: float  # standard error of the mean
    p95_regret_usd: float
    mean_monthly_usd: float  # over the scenarios in which it is feasible
    parts: int


@dataclass(frozen=True)
class Regret:
    """Designs compared over scenarios; frames are made when they are first read.

    `inputs` are the drawn values by field, shape (samples,); `winner` indexes `outcomes.designs`, -1 where no
    design is feasible; `regret_usd` has the shape (designs, samples), NaN where a design is not feasible.
    """

    workload: Workload
    ranges: tuple[Range, ...]
    samples: int
    seed: int
    risk: float
    recommended: Design | None  # with today's inputs
    inputs: Mapping[str, np.ndarray] = field(repr=False)
    outcomes: Outcomes = field(repr=False)

    def __repr__(self) -> str:
        return f"Regret({self.summary})"

    def _repr_markdown_(self) -> str:
        return markdown_for_notebooks(self.summary)

    @property
    def winner(self) -> np.ndarray:
        """The index of the best design in each scenario."""
        return self.outcomes.winner

    @cached_property
    def regret_usd(self) -> np.ndarray:
        """The score of each design above the best of the scenario, bill and parts together [USD a month]."""
        score = self.outcomes.score
        with np.errstate(invalid="ignore"):  # inf - inf where nothing is feasible
            regret = np.maximum(score - score.min(axis=0), 0.0)
        return np.where(self.outcomes.holds, regret, np.nan)

    @cached_property
    def choice(self) -> Design | None:
        """The design of lowest mean regret among those that fail at most `risk` more often than the safest.

        None where no design is ever feasible.
        """
        return self.outcomes.designs[self._choice] if self._choice >= 0 else None

    @cached_property
    def _choice(self) -> int:
        return value_of_information.best_choice(self.outcomes.holds, self.regret_usd, self.risk)

    @cached_property
    def designs(self) -> tuple[DesignRegret, ...]:
        """One row per design that is the best anywhere: the choice, the recommended one, then by share."""
        wins = set(np.unique(self.winner[self.winner >= 0]).tolist()) | {self._choice} - {NOTHING}
        wins |= {i for i, design in enumerate(self.outcomes.designs) if design == self.recommended}
        rows = map(self._judge, sorted(wins))
        return tuple(sorted(rows, key=lambda row: (not row.choice, not row.recommended, -row.best)))

    def _judge(self, i: int) -> DesignRegret:
        verdicts, design = self.outcomes, self.outcomes.designs[i]
        holds, best = verdicts.holds[i], float((self.winner == i).mean())
        regret = self.regret_usd[i, holds]
        some = regret.size > 0
        return DesignRegret(
            design=str(design),
            recommended=design == self.recommended,
            choice=i == self._choice,
            best=best,
            dearer=float(holds.mean()) - best,
            breaks=float(verdicts.breaks[i].mean()),
            late=float(verdicts.late[i].mean()),
            mean_regret_usd=float(regret.mean()) if some else np.nan,
            mean_regret_se=float(regret.std() / np.sqrt(regret.size)) if some else np.nan,
            p95_regret_usd=float(np.quantile(regret, 0.95)) if some else np.nan,
            mean_monthly_usd=float(verdicts.usd[i, holds].mean()) if some else np.nan,
            parts=int(self.outcomes.parts[i]),
        )

    @cached_property
    def measurements(self) -> tuple[value_of_information.MeasurementValue, ...]:
        """The value of measuring everything, and of measuring each input alone, before choosing."""
        return tuple(
            value_of_information.measurement_values(
                self.inputs, self.outcomes.holds, self.regret_usd, self.winner, self._choice, self.risk
            )
        )

    @cached_property
    def frame(self) -> pd.DataFrame:
        """`designs` as a frame: one row per design; the columns are the fields of `DesignRegret`."""
        import pandas as pd

        return pd.DataFrame(
            [asdict(row) for row in self.designs], columns=list(DesignRegret.__dataclass_fields__)
        )

    def to_frame(self) -> pd.DataFrame:
        """A copy of `frame`."""
        return self.frame.copy()

    @cached_property
    def measuring(self) -> pd.DataFrame:
        """`measurements` as a frame: one row per input; the columns are the fields of `MeasurementValue`."""
        import pandas as pd

        names = list(value_of_information.MeasurementValue.__dataclass_fields__)
        return pd.DataFrame([asdict(row) for row in self.measurements], columns=names)

    @cached_property
    def infeasible(self) -> float:
        """The share of scenarios in which no design is feasible."""
        return float((self.winner == NOTHING).mean())

    @cached_property
    def summary(self) -> str:
        """The result in sentences: choosing now, and measuring first."""
        return summary(self)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        return {
            "summary": self.summary,
            "samples": self.samples,
            "seed": self.seed,
            "risk": self.risk,
            "infeasible": self.infeasible,
            "ranges": [{**asdict(each), "unit": each.unit} for each in self.ranges],
            "designs": [asdict(row) for row in self.designs],
            "measuring": [asdict(row) for row in self.measurements],
        }


def regret(
    workload: Workload,
    ranges: Mapping[str, Any] | None = None,
    samples: int = 10_000,
    seed: int = 0,
    risk: float = RISK,
    designs: Sequence[Any] = (),
) -> Regret:
    """The regret of choosing a design now, while inputs are uncertain, and the value of measuring them.

    Inputs are drawn independently, log-uniform between their ends: the logarithm is uniformly distributed.
    Both are assumptions. The regret of a design is its score (bill and parts) minus the score of the best
    design in the scenario. Scenarios in which a design is not feasible have no regret; their share is
    reported.

    Parameters
    ----------
    workload
        The workload as estimated today.
    ranges
        As for `sensitivity`; by default a factor of 2 up and down for each quantity and tail.
    samples
        Number of scenarios, 100 to 200,000.
    seed
        The same seed gives the same scenarios.
    risk
        Share of scenarios by which a choice may fail (break, or be late) more often than the safest design;
        among these designs the lowest mean regret is chosen [0 to 1].
    designs
        Further designs to compare, besides those that win anywhere and the recommended one.

    Raises
    ------
    ExplorerError
        For a field that is not numeric, or for an invalid range or number.

    Examples
    --------
    >>> w = ex.Workload.load(ex.examples()["statements"])
    >>> ex.regret(w, samples=200).samples
    200
    """
    _whole("samples", samples, FEWEST, MOST)
    _whole("seed", seed, 0, 2**63)
    if isinstance(risk, bool) or not isinstance(risk, int | float) or not 0 <= risk <= 1:
        raise ExplorerError(f"risk is {quote_value(risk)}: expected a share from 0 to 1")
    workload = workload.without_current()
    every = ranges_of(workload, ranges, MEASURED)
    others = {complete_design(workload, each) for each in designs}
    inputs = {each.field: draw(each, samples, seed) for each in every}
    axes = along(workload, inputs)
    now = Recommendation(workload)
    scenarios = ScenarioList(workload, axes)
    _, judged = scenarios.best()
    judged |= {now.nearest, *others, *_sturdy(workload, axes, risk)}
    outcome = scenarios.outcomes(judged)
    return Regret(workload, tuple(every), samples, seed, float(risk), now.design, inputs, outcome)


def _whole(name: str, value: Any, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ExplorerError(f"{name} is {quote_value(value)}: expected {least:,} to {most:,}")


def draw(uncertain: Range, samples: int, seed: int) -> np.ndarray:
    """Log-uniform values of one input, one from each of `samples` equally likely intervals, in random order.

    The values do not depend on the other inputs.
    """
    rng = np.random.default_rng([seed, crc32(uncertain.field.encode())])
    share = (rng.permutation(samples) + rng.random(samples)) / samples
    if levels := kind_of(uncertain.field).levels:
        share = np.rint(share * (levels - 1)) / (levels - 1)
    values = uncertain.low * (uncertain.high / uncertain.low) ** share
    if kind_of(uncertain.field).is_whole:
        values = np.rint(values)
    return np.clip(values, uncertain.low, uncertain.high)


def _sturdy(workload: Workload, axes: Mapping[str, np.ndarray], risk: float) -> Iterator[Design]:
    """Designs that are never the best or second best, but fail less often or have a lower mean regret."""
    load = Scenarios(workload, {axis: values[:LOOKED_AT] for axis, values in axes.items()})
    few = Evaluation(load, allowed_designs(load))
    if not few.designs:
        return
    score = few.score_usd(load.number("preferences.part_usd"))
    holds, least = np.isfinite(score), score.min(axis=0)
    fails = 1 - holds.mean(axis=1)
    extra = np.where(holds, score - np.where(np.isfinite(least), least, 0.0), 0.0).sum(axis=1)
    mean = np.where(holds.any(axis=1), extra / np.maximum(holds.sum(axis=1), 1), np.inf)
    for i in np.lexsort((mean, fails))[:4]:
        yield few.designs[i]
    for i in np.lexsort((mean, fails > fails.min() + risk))[:4]:
        yield few.designs[i]


LITTLE = 1.0  # [USD a month]: smaller savings are not mentioned
RISKIER = 0.01  # share of scenarios by which a saving choice may fail more often


def summary(r: Regret) -> str:
    """The result in sentences: choosing now, the design of lowest regret, and measuring first."""
    if r.choice is None:
        return f"No design is feasible in any of {r.samples:,} scenarios."
    return " ".join([*_choosing(r), *measurement_sentences(r.measurements)])


def _choosing(r: Regret) -> Iterator[str]:
    now = next((row for row in r.designs if row.recommended), None)
    yield _now(now, r.samples) if now else "No design is feasible as the inputs are today."
    least = next(row for row in r.designs if row.choice)
    if least.recommended:
        yield "No other design is the better choice while nothing is measured."
    elif r.choice is not None:
        change = r.recommended and change_in_words(r.choice, r.recommended)
        better = f"to build it {change}" if change else describe_design(r.choice)
        fails, mean = format_part(least.breaks + least.late), format_usd_a_month(least.mean_regret_usd)
        yield (f"The better choice while nothing is measured is {better}:"
               f" it fails in {fails}, its mean regret is {mean}.")  # fmt: skip
    if r.infeasible:
        yield f"In {format_part(r.infeasible)} of the scenarios no design is feasible."


def _now(row: DesignRegret, samples: int) -> str:
    text = (f"The design recommended now is the best in {format_part(row.best)} of {samples:,} scenarios"
            f" and fails in {format_part(row.breaks + row.late)}")  # fmt: skip
    if row.best + row.dearer > 0:
        text += f"; where it holds, its mean regret is {format_usd_a_month(row.mean_regret_usd)}"
    return text + "."


def measurement_sentences(measured: Sequence[MeasurementValue]) -> Iterator[str]:
    """Sentences on the value of measuring, everything first."""
    everything, *each = measured
    if not everything.significant:
        yield "Measuring first would change nothing that these scenarios can tell."
        return
    if not _safer(everything) and abs(everything.saves_usd) < LITTLE:
        yield f"Measuring everything first is worth less than {format_usd(LITTLE)} a month."
        return
    yield f"Measuring everything first is worth {gain(everything)}."
    if first := next((row for row in each if pays(row)), None):
        yield f"The {input_noun(first)} alone: {gain(first)}."
    elif first := max(filter(trades, each), key=lambda row: abs(row.saves_usd), default=None):
        yield f"The {input_noun(first)} alone would trade: {gain(first)}."
    else:
        yield "No input alone is worth measuring."


def input_noun(row: MeasurementValue) -> str:
    """The name of the input in a sentence."""
    return noun_of(row.input)


def pays(row: MeasurementValue) -> bool:
    """Whether measuring saves money or averts failures significantly, without a loss in the other."""
    saves, dearer = row.saves_usd > SURE * row.saves_se, row.saves_usd < -SURE * row.saves_se
    return (_safer(row) and not dearer) or (saves and row.averts >= -max(SURE * row.averts_se, RISKIER))


def trades(row: MeasurementValue) -> bool:
    """Whether measuring averts failures at a higher cost, or saves money with more failures."""
    return (_safer(row) or row.saves_usd > SURE * row.saves_se) and not pays(row)


def _safer(row: MeasurementValue) -> bool:
    return row.averts > SURE * row.averts_se


def gain(row: MeasurementValue) -> str:
    """The gain of measuring, in money and in averted failures."""
    usd = format_usd_a_month(abs(row.saves_usd))
    if row.averts < -SURE * row.averts_se:
        return f"{usd}, though the choice fails in {format_share(-row.averts)} more"
    if not _safer(row):
        return usd
    safer = f"{format_share(row.averts)} fewer scenarios in which the choice fails"
    if abs(row.saves_usd) <= SURE * row.saves_se:
        return safer
    return f"{usd} and {safer}" if row.saves_usd > 0 else f"{safer}, for {usd} more"
