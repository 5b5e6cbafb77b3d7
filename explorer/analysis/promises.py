"""The cost of each promise: the difference from the answer without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from explorer.facts.units import SYMBOLS, format_usd
from explorer.workload.fields import by_path
from explorer.workload.kinds import LONGEST_TIME
from explorer.workload.workload import Workload

if TYPE_CHECKING:
    from .choice import Choice

TIMES = ("client.waits", "targets.latency_p95", "targets.first_byte_p95")
NEEDS, AUTH = "client.needs", "client.auth"
ROUNDING_USD = 1e-9  # tolerance between two sums of the same lines


@dataclass(frozen=True)
class PromisePrice:
    """One promise, and the cost of the answer without it."""

    field: str
    value: Any
    unit: str
    binds: bool  # whether the answer without it differs in design, bill or parts
    monthly_usd_without: float | None  # None where nothing is feasible without it either
    saves_usd: float | None  # None where nothing is feasible with it
    saves_score_usd: float | None
    design: dict[str, str] | None  # the recommended design without it
    text: str


def promises(r: Choice) -> list[PromisePrice]:
    """One row for each promise, need and authorisation that the workload states."""
    return [_price(r, field, value, without) for field, value, without in _promises_of(r.workload)]


def _promises_of(workload: Workload) -> Iterator[tuple[str, Any, Workload]]:
    """The stated promises, each with the workload without it."""
    plain = workload.without_current()
    for path in TIMES:
        value = workload.field_value(path)
        if workload.is_given(path) and value is not None:
            absent = LONGEST_TIME if path == "client.waits" else None
            yield path, value, plain.replace({path: absent})
    for need in workload.client.needs:
        rest = [other for other in workload.client.needs if other != need]
        yield NEEDS, need, plain.replace({NEEDS: rest})
    if workload.client.auth not in (None, "none"):
        yield AUTH, workload.client.auth, plain.replace({AUTH: None})


def _price(r: Choice, field: str, value: Any, without: Workload) -> PromisePrice:
    from .choice import Choice

    free = Choice(without)
    usd = free.monthly_usd if free.design else None
    saves = r.monthly_usd - usd if r.feasible and usd is not None else None
    saves_score = r.score_usd - free.score_usd if r.feasible and free.design else None
    binds = (free.design is not None) != r.feasible or free.design != r.design or _is_money(saves_score)
    record = by_path()[field]
    words = value if isinstance(value, str) else record.kind.show(value)
    return PromisePrice(
        field,
        value,
        SYMBOLS.get(record.unit, record.unit),
        binds,
        usd,
        saves,
        saves_score,
        free.design.ids if free.design else None,
        _text(record.noun or record.label or field, words, r.feasible, binds, usd, saves),
    )


def _is_money(usd: float | None) -> bool:
    """Whether a difference of two sums exceeds their rounding."""
    return usd is not None and abs(usd) > ROUNDING_USD


def _text(
    noun: str, words: str, is_feasible: bool, binds: bool, usd: float | None, saves: float | None
) -> str:
    """The cost of the promise, as a sentence."""
    promise = f"{noun} ({words})"
    if usd is None:
        return f"without {promise}, nothing is feasible either"
    if not is_feasible:
        return f"without {promise}, a design is feasible for {format_usd(usd)} a month"
    if not binds or saves is None:
        return f"{promise} costs nothing: the answer is the same without"
    if not _is_money(saves):
        return f"{promise} costs no money, but parts"
    if saves > 0:
        return f"{promise} costs {format_usd(saves)} a month"
    return f"{promise} costs no money, but parts: without it the bill is {format_usd(-saves)} a month higher"
