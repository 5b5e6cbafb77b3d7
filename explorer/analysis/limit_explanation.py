"""One limit: what it is, how it is counted, what the caller sees when it breaks, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from explorer.engine.designs import CONCERNS, OPTIONS, Table, table
from explorer.engine.limits import binding_uses
from explorer.facts import catalogue
from explorer.facts.csv_table import first_day
from explorer.facts.key_value import format_pair
from explorer.facts.records import Breach, Limit
from explorer.facts.units import format_quantity
from explorer.options.base.conditions import Conditions
from explorer.workload.workload import Workload

from .phrases import sentence

ANY = {  # a workload under which each option names every limit that it may meet
    "requests_per_month": 1000,
    "response": {"p50": 1, "divisible": True},
    "runtime": {"p50": 1, "divisible": True},
    "configuration": {"total": 9, "entries": 3, "secrets": 1},
}
DRIVERS = {  # what uses a limit, by the driver of its use
    "request": "the request of each call",
    "response": "the response of each call",
    "runtime": "the run time of each call",
    "peak": "the demand at the peak rate",
    "amount": "an amount that the workload sets",
}


@dataclass(frozen=True)
class LimitExplanation:
    """What there is to say of one limit.

    `seen` are rows of breaches.csv, a row a door; `binds` and `freed_by` are options as concern=option:
    those that name the limit, and those of the same concerns behind or with which it never binds;
    `history` are its rows in limits.csv, the oldest first; `counts` and `advice` are sentences.
    """

    limit: Limit
    age_days: int
    history: tuple[Limit, ...]
    what: str
    counts: tuple[str, ...]
    seen: tuple[Breach, ...]
    binds: tuple[str, ...]
    freed_by: tuple[str, ...]
    advice: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """It as the JSON answer has it."""
        told = {name: value for name, value in asdict(self).items() if name not in {"limit", "history"}}
        history = [
            {"value": row.value, "as_of": row.as_of, "verified": row.verified, "source_url": row.source_url}
            for row in self.history
        ]
        return {**asdict(self.limit), **told, "history": history}


def explain(limit_id: str) -> LimitExplanation:
    """What a limit is, how it is counted, what the caller sees, and what to do.

    Parameters
    ----------
    limit_id : the id of a limit, such as "lambda.timeout"

    Raises UnknownIdError naming what comes near.
    """
    row = catalogue.limit(limit_id)
    drivers, binds, freed_by = _options(limit_id)
    return LimitExplanation(
        limit=row,
        age_days=(date.today() - first_day(row.as_of)).days,
        history=catalogue.limit_history(limit_id),
        what=_what(row),
        counts=tuple(_counts(row, drivers)),
        seen=catalogue.breaches_of(limit_id),
        binds=binds,
        freed_by=freed_by,
        advice=tuple(_advice(row, binds, freed_by)),
    )


def _what(row: Limit) -> str:
    value = "no number is known" if row.value is None else format_quantity(row.value, row.unit)
    doubt = "" if row.verified else ", not verified"
    return f"{row.title}: {value}, per {row.scope}, as of {row.as_of}{doubt}."


def _counts(row: Limit, drivers: Iterable[str]) -> Iterable[str]:
    if used := [DRIVERS[driver] for driver in sorted(drivers)]:
        yield sentence(f"it is held against {' and '.join(used)}, in {row.unit}")
    if row.notes:
        yield sentence(row.notes)
    if row.value is not None and (new := catalogue.unconfirmed(row.id, row.value)):
        yield sentence(new)


def _advice(row: Limit, binds: tuple[str, ...], freed_by: tuple[str, ...]) -> Iterable[str]:
    if row.raisable:
        code = f" by quota {row.quota_code}" if row.quota_code else ""
        most = "" if row.raised_to is None else f" to {format_quantity(row.raised_to, row.unit)} at most"
        how = f" ({row.max_if_raised})" if row.max_if_raised and not row.max_if_raised.isdigit() else ""
        yield f"Ask AWS to raise it{code}{most}{how}."
    elif row.adjustable == "setting":
        yield "It is a setting: the value is the end of its range."
    elif row.adjustable == "no":
        yield "AWS does not raise it."
    else:
        yield "Whether AWS raises it is not known."
    if freed_by:
        yield f"It does not bind with any of {', '.join(freed_by)}."
    elif not binds and row.not_bound:
        yield sentence(f"no option of a design is held against it: {row.not_bound}")


@cache
def _uses() -> tuple[Table, tuple[dict[str, str], ...]]:
    """The table of all designs, and by placement the limits that it names, with the driver of each."""
    load, every = Conditions(Workload.model_validate(ANY)), table()
    return every, tuple(
        {use.limit: use.driver for use in binding_uses(placement, load)} for placement in every.placements
    )


def _options(limit_id: str) -> tuple[set[str], tuple[str, ...], tuple[str, ...]]:
    """The drivers of a limit, the options that name it, and those without which it binds."""
    every, uses = _uses()
    naming = [index for index, limits in enumerate(uses) if limit_id in limits]
    if not naming:
        return set(), (), ()
    options = [every.placements[index].option for index in naming]
    binds = {(option.concern, option.id) for option in options}
    bound = np.asarray(np.isin(every.rows, naming).any(axis=1))
    met = {pair for design, holds in zip(every.designs, bound) if holds for pair in design.ids.items()}
    others = [(c, o) for c in CONCERNS for o in OPTIONS[c] if (c, o) not in met]
    return (
        {uses[index][limit_id] for index in naming},
        tuple(format_pair(c, o) for c in CONCERNS for o in OPTIONS[c] if (c, o) in binds),
        tuple(format_pair(c, o) for c, o in others),
    )
