"""What an architect would say of choosing now, and of measuring first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from explorer.facts.units import format_share, format_usd

from ..around import named
from .measuring import SURE, Measured
from .ranges import CALLED

if TYPE_CHECKING:
    from .choosing import Judged, Regret

LITTLE = 1.0  # USD a month: less is not worth a sentence
RISKIER = 0.01  # share of scenarios: who saves may fail so much more often


def summary(r: Regret) -> str:
    """Choosing now, the design of least regret if it is another, and what measuring is worth."""
    if r.choice is None:
        return f"No design is feasible in any of {r.samples:,} scenarios."
    return " ".join([*_choosing(r), *worth(r.measured)])


def share(value: float) -> str:
    """A share of the scenarios."""
    return "none" if value == 0 else "all" if value == 1 else format_share(value)


def money(usd: float) -> str:
    """USD a month, what is next to nothing as such."""
    return "nothing" if usd == 0 else "less than a cent" if 0 < usd < 0.01 else f"{format_usd(usd)} a month"


def _choosing(r: Regret) -> Iterator[str]:
    now = next((row for row in r.judged if row.recommended), None)
    yield _now(now, r.samples) if now else "No design is feasible as the inputs are today."
    least = next(row for row in r.judged if row.choice)
    if least.recommended:
        yield "No other design is the better choice while nothing is measured."
    elif r.choice is not None:
        fails = share(least.breaks + least.late)
        yield (f"The better choice while nothing is measured is {named(r.choice, r.recommended)}:"
               f" it fails in {fails}, its mean regret is {money(least.mean_regret_usd)}.")  # fmt: skip
    if r.infeasible:
        yield f"In {share(r.infeasible)} of the scenarios no design is feasible."


def _now(row: Judged, samples: int) -> str:
    told = (f"The design recommended now is the best in {share(row.best)} of {samples:,} scenarios"
            f" and fails in {share(row.breaks + row.late)}")  # fmt: skip
    if row.best + row.dearer > 0:
        told += f"; where it holds, its mean regret is {money(row.mean_regret_usd)}"
    return told + "."


def worth(measured: Sequence[Measured]) -> Iterator[str]:
    """What measuring is worth, everything first."""
    everything, *each = measured
    if not everything.significant:
        yield "Measuring first would change nothing that these scenarios can tell."
        return
    if not _safer(everything) and abs(everything.saves_usd) < LITTLE:
        yield f"Measuring everything first is worth less than {format_usd(LITTLE)} a month."
        return
    yield f"Measuring everything first is worth {gain(everything)}."
    if first := next((row for row in each if pays(row)), None):
        yield f"The {called(first)} alone: {gain(first)}."
    elif first := next((row for row in each if trades(row)), None):
        yield f"The {called(first)} alone would trade: {gain(first)}."
    else:
        yield "No input alone is worth measuring."


def called(row: Measured) -> str:
    """What people call the input."""
    return CALLED.get(row.input, row.input.replace("_", " "))


def pays(row: Measured) -> bool:
    """Whether knowing saves money or averts failures, more than noise, and costs none of the other."""
    saves, dearer = row.saves_usd > SURE * row.saves_se, row.saves_usd < -SURE * row.saves_se
    return (_safer(row) and not dearer) or (saves and row.averts >= -max(SURE * row.averts_se, RISKIER))


def trades(row: Measured) -> bool:
    """Whether knowing averts failures, for more money."""
    return _safer(row) and not pays(row)


def _safer(row: Measured) -> bool:
    return row.averts > SURE * row.averts_se


def gain(row: Measured) -> str:
    """What measuring brings, in money and in certainty."""
    usd = money(abs(row.saves_usd))
    if row.averts < -SURE * row.averts_se:
        return f"{usd}, though the choice fails in {format_share(-row.averts)} more"
    if not _safer(row):
        return usd
    safer = f"{format_share(row.averts)} fewer scenarios in which the choice fails"
    if abs(row.saves_usd) <= SURE * row.saves_se:
        return safer
    return f"{usd} and {safer}" if row.saves_usd > 0 else f"{safer}, for {usd} more"
