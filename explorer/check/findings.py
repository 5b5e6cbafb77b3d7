"""A finding: one value of a template compared with one limit, and the verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from explorer.facts import catalogue
from explorer.facts.verdict import Verdict

from .nodes import Unknown, number
from .skipped import Skipped
from .stack import Resource, TemplateValue

ORDER = (Verdict.BREACH, Verdict.TIGHT, Verdict.UNKNOWN, Verdict.FITS)  # worst first
BREACH, TIGHT, UNKNOWN, FITS = ORDER
TEMPLATE_ITSELF = "(template)"  # the resource of a finding that concerns the template as a whole
AT_LEAST, AT_MOST = "at least ", "at most "
TIGHT_SHARE = 0.8  # for sizes and counts; a setting is tight only when it equals the limit


@dataclass(frozen=True)
class Finding:
    """One value compared with one limit; `value` and `limit_value` are in `unit`."""

    file: str
    line: int
    resource: str
    limit: str
    value: float | None
    limit_value: float | None
    unit: str
    verdict: Verdict
    message: str
    source_url: str
    reason: str = ""  # why the finding is suppressed; empty if it is not

    def to_dict(self) -> dict[str, Any]:
        """The finding as a dict of the JSON answer."""
        return {name: value for name, value in vars(self).items() if name != "reason"}

    @property
    def rank(self) -> tuple[int, str, int]:
        """Sort key: worst first, then by place."""
        return ORDER.index(self.verdict), self.file, self.line


def amount(value: float | None, unit: str) -> str:
    """A value with its unit, not rounded: at a limit every byte counts."""
    if value is None:
        return "an unknown amount"
    figure = f"{value:,}" if isinstance(value, int) or value.is_integer() else f"{value:,.6g}"
    figure = figure.removesuffix(".0")
    unit = {"seconds": "s"}.get(unit, unit)
    return f"{figure} {unit.removesuffix('s') if figure == '1' and len(unit) > 2 else unit}".rstrip()


COUNT = "The number of "
BELONGING = re.compile(r" (?:of|to|behind|in|with|for|that|at|under|whose) ")
Outcome = Finding | Skipped  # the result of a rule


@dataclass(frozen=True)
class Judge:
    """Makes the findings of one file; `warn_at` is the share of a limit from which a value is tight."""

    file: str
    warn_at: float | None = None

    def verdict(self, value: float, limit: float, grows: bool) -> Verdict:
        """Breach above the limit, tight from the share on, else fits."""
        share = self.warn_at if self.warn_at is not None else TIGHT_SHARE if grows else 1.0
        if value > limit:
            return BREACH
        return TIGHT if value >= share * limit * (1 - 1e-12) and value > 0 else FITS

    def hold(
        self,
        limit_id: str,
        resource: Resource,
        quantity: TemplateValue,
        what: str,
        *,
        grows: bool = False,
        limit: float | None = None,
        over: str = "",
        why: str = "",
        verdict: Verdict | None = None,
        note: str = "",
    ) -> Finding:
        """A finding that compares a quantity of the template with a limit.

        Parameters: `what`, the quantity in words; `grows`, whether it is a size or a count and not a
        setting; `limit`, if the template sets another limit; `over`, a sentence on the consequence of a
        breach; `why`, the reason if the value is not known; `verdict`, to replace the usual one; `note`,
        a remark that is added for every verdict.
        """
        row = catalogue.limit(limit_id)
        most = _plain(row.value if limit is None else limit)
        value, why = quantity.number, why or quantity.why_unknown
        if value is None and not why:
            why = "it is not a number"
        qualifier = "at least " if why else ""
        if verdict is None:
            value, qualifier = _deciding_value(quantity, most) if value is None else (value, qualifier)
            verdict = UNKNOWN
            if value is not None and most is not None and (value > most or not why or qualifier == AT_MOST):
                verdict = self.verdict(value, most, grows)
        assumption = f" ({quantity.assumed})" if quantity.assumed else ""
        unit = "" if what.startswith(COUNT) else row.unit  # what is counted is said once
        phrase = f"{what} {_verb(what)} {qualifier}{amount(value, unit)}{assumption}"
        if verdict == UNKNOWN:
            part = "" if value is None else f"; the part that is known: {amount(value, unit)}"
            message = f"{what} is not known ({why}){part}; the limit is {amount(most, unit)}"
        else:
            message = _sentence(phrase, value, most, unit, verdict)
        message += _elsewhere(quantity, most, unit, verdict)
        if verdict in (BREACH, TIGHT) and over:
            message = f"{message}. {over}"
        message = f"{message}: {note}" if note else message
        return self.make(limit_id, resource, quantity.line, value, most, verdict, message)

    def make(
        self,
        limit_id: str,
        resource: Resource,
        line: int,
        value: float | None,
        limit: float | None,
        verdict: Verdict,
        message: str,
    ) -> Finding:
        """A finding with its own message."""
        row = catalogue.limit(limit_id)
        return Finding(
            self.file, line, resource.id, limit_id, value, limit, row.unit, verdict, message, row.source_url
        )

    def skip(self, resource: Resource, line: int, what: str, reason: str, text: str, *limits: str) -> Skipped:
        """Record a value that a rule cannot compare with `limits`; the rule yields it with its findings."""
        return Skipped(self.file, line, resource.id, what, reason, text, limits)


def _plain(value: float | None) -> float | None:
    return int(value) if value is not None and float(value).is_integer() else value


def _deciding_value(quantity: TemplateValue, most: float | None) -> tuple[float | None, str]:
    """The value that decides among several: the least if that is over the limit, else the greatest."""
    if quantity.least is not None and most is not None and quantity.least > most:
        return quantity.least, AT_LEAST
    if quantity.greatest is not None and most is not None and quantity.greatest <= most:
        return quantity.greatest, AT_MOST
    return None, ""


def _elsewhere(quantity: TemplateValue, most: float | None, unit: str, verdict: str) -> str:
    """A remark on other possible values of a setting, if some of them exceed the limit."""
    options = quantity.value.options if isinstance(quantity.value, Unknown) else quantity.others
    values = [number(option) for option in options]
    over = sorted({one for one in values if one is not None and most is not None and one > most})
    if not over or verdict == BREACH:
        return ""
    return f"; with other parameters it is {amount(over[-1], unit)}, which is over"


def _sentence(phrase: str, value: float | None, limit: float | None, unit: str, verdict: str) -> str:
    most = f"the limit of {amount(limit, unit)}"
    if verdict == BREACH:
        return f"{phrase}, over {most}"
    if verdict == TIGHT and value is not None and limit is not None:
        share = "beyond" if value > limit else "all of" if value == limit else "near"
        return f"{phrase}, {share} {most}"
    return f"{phrase}, within {most}"


def _verb(what: str) -> str:
    """The verb after a quantity in words: "are" if its noun, before what it belongs to, is a plural.

    >>> _verb("The attempts of the job"), _verb("The number of layers"), _verb("The time-out behind a URL")
    ('are', 'is', 'is')
    """
    return "are" if BELONGING.split(what)[0].endswith("s") else "is"
