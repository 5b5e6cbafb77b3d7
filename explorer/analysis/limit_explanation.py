"""Explains one limit: what it is, how it is counted, what the caller sees when it breaks, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from explorer.options.base.limit_uses import Driver
from explorer.workload.workload import Workload

from .phrases import sentence

ANY = {  # a workload for which every option reports all limits that may bind it
    "requests_per_month": 1000,
    "response": {"p50": 1, "divisible": True},
    "runtime": {"p50": 1, "divisible": True},
    "configuration": {"total": 9, "entries": 3},
}
DRIVER_WORDS: Mapping[str, str] = {  # what uses a limit, by the driver of its use
    Driver.REQUEST: "the request of each call",
    Driver.RESPONSE: "the response of each call",
    Driver.RUNTIME: "the run time of each call",
    Driver.PEAK: "the demand at the peak rate",
    Driver.AMOUNT: "an amount that the workload sets",
}


@dataclass(frozen=True)
class LimitExplanation:
    """The explanation of one limit.

    `seen` are rows of breaches.csv, one per door; `binds` are the options that the limit binds, as
    concern=option, and `freed_by` the options with which it never binds; `history` are its rows in
    limits.csv, the oldest first; `counts` and `advice` are sentences.
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
        """The explanation as plain values, as in the JSON output."""
        values = {name: value for name, value in asdict(self).items() if name not in {"limit", "history"}}
        history = [
            {"value": row.value, "as_of": row.as_of, "verified": row.verified, "source_url": row.source_url}
            for row in self.history
        ]
        return {**asdict(self.limit), **values, "history": history}


def explain_limit(limit_id: str) -> LimitExplanation:
    """What a limit is, how it is counted, what the caller sees, and what to do.

    Parameters
    ----------
    limit_id : the id of a limit, such as "lambda.timeout"

    Raises UnknownIdError naming similar ids.
    """
    row = catalogue.limit(limit_id)
    drivers, binds, freed_by = _options_of_limit(limit_id)
    return LimitExplanation(
        limit=row,
        age_days=(date.today() - first_day(row.as_of)).days,
        history=catalogue.limit_history(limit_id),
        what=_limit_sentence(row),
        counts=tuple(_counting_sentences(row, drivers)),
        seen=catalogue.breaches_of(limit_id),
        binds=binds,
        freed_by=freed_by,
        advice=tuple(_advice_sentences(row, binds, freed_by)),
    )


def _limit_sentence(row: Limit) -> str:
    value = "no number is known" if row.value is None else format_quantity(row.value, row.unit)
    doubt = "" if row.verified else ", not verified"
    return f"{row.title}: {value}, per {row.scope}, as of {row.as_of}{doubt}."


def _counting_sentences(row: Limit, drivers: Iterable[str]) -> Iterable[str]:
    if uses := [DRIVER_WORDS[driver] for driver in sorted(drivers)]:
        yield sentence(f"it is held against {' and '.join(uses)}, in {row.unit}")
    if row.notes:
        yield sentence(row.notes)
    if row.value is not None and (new := catalogue.unconfirmed_note(row.id, row.value)):
        yield sentence(new)


def _advice_sentences(row: Limit, binds: tuple[str, ...], freed_by: tuple[str, ...]) -> Iterable[str]:
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
def _limits_by_placement() -> tuple[Table, tuple[dict[str, str], ...]]:
    """The table of all designs, and for each placement the limits that bind it, with their drivers."""
    load, every = Conditions(Workload.model_validate(ANY).replace({"configuration.secrets": 1})), table()
    return every, tuple(
        {use.limit: use.driver for use in binding_uses(placement, load)} for placement in every.placements
    )


def _options_of_limit(limit_id: str) -> tuple[set[str], tuple[str, ...], tuple[str, ...]]:
    """The drivers of a limit, the options that it binds, and the options with which it never binds."""
    every, uses = _limits_by_placement()
    naming = [index for index, limits in enumerate(uses) if limit_id in limits]
    if not naming:
        return set(), (), ()
    options = [every.placements[index].option for index in naming]
    binds = {(option.concern, option.id) for option in options}
    is_bound = np.asarray(np.isin(every.rows, naming).any(axis=1))
    binding_pairs = {
        pair for design, holds in zip(every.designs, is_bound) if holds for pair in design.ids.items()
    }
    others = [(c, o) for c in CONCERNS for o in OPTIONS[c] if (c, o) not in binding_pairs]
    return (
        {uses[index][limit_id] for index in naming},
        tuple(format_pair(c, o) for c in CONCERNS for o in OPTIONS[c] if (c, o) in binds),
        tuple(format_pair(c, o) for c, o in others),
    )
