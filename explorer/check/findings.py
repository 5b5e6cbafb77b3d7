"""One limit held against one value of a template, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.facts import catalogue
from explorer.facts.verdict import Verdict

from .stack import Given, Resource

ORDER = (Verdict.BREACH, Verdict.TIGHT, Verdict.UNKNOWN, Verdict.FITS)  # worst first
BREACH, TIGHT, UNKNOWN, FITS = ORDER
TIGHT_SHARE = 0.8  # of what grows: bytes, layers. A setting is tight when it is the limit itself.


@dataclass(frozen=True)
class Finding:
    """One limit held against one value: `value` and `limit_value` are in `unit`."""

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
    reason: str = ""  # for which it is suppressed

    def to_dict(self) -> dict[str, Any]:
        """It as the JSON answer has it."""
        return {name: value for name, value in vars(self).items() if name != "reason"}

    @property
    def rank(self) -> tuple[int, str, int]:
        """Worst first, then by place."""
        return ORDER.index(self.verdict), self.file, self.line


def amount(value: float | None, unit: str) -> str:
    """A value with its unit, exact: at an edge every byte counts."""
    if value is None:
        return "an unknown amount"
    said = f"{value:,}" if isinstance(value, int) or value.is_integer() else f"{value:,.6g}"
    said = said.removesuffix(".0")
    unit = {"seconds": "s"}.get(unit, unit)
    return f"{said} {unit.removesuffix('s') if said == '1' and len(unit) > 2 else unit}"


@dataclass(frozen=True)
class Judge:
    """Makes findings for one file; `warn_at` moves the share of a limit from which it is tight."""

    file: str
    warn_at: float | None = None

    def verdict(self, value: float, limit: float, grows: bool) -> Verdict:
        """breach over the limit, tight from the share on, else fits."""
        share = self.warn_at if self.warn_at is not None else TIGHT_SHARE if grows else 1.0
        if value > limit:
            return BREACH
        return TIGHT if value >= share * limit * (1 - 1e-12) and value > 0 else FITS

    def hold(
        self,
        limit_id: str,
        resource: Resource,
        given: Given,
        what: str,
        *,
        grows: bool = False,
        limit: float | None = None,
        over: str = "",
        why: str = "",
        verdict: Verdict | None = None,
        note: str = "",
    ) -> Finding:
        """A limit held against what is given.

        Parameters: `what` it is, in words; `grows`, whether it is a size or a count rather than a
        setting; `limit`, where the template sets a smaller or larger one; `over`, a sentence for what
        comes of a breach; `why`, for what is not known; `verdict`, if it is not the usual one; `note`,
        what else to know whatever the verdict.
        """
        row = catalogue.limit(limit_id)
        most = _plain(row.value if limit is None else limit)
        value, why = given.number, why or given.why_unknown
        if value is None and not why:
            why = "it is not a number"
        if verdict is None:
            breaks = value is not None and most is not None and value > most
            known = value is not None and most is not None and (breaks or not why)
            verdict = self.verdict(value, most, grows) if known else UNKNOWN  # type: ignore[arg-type]
        said = _sentence(what, value, most, row.unit, verdict, why)
        if verdict in (BREACH, TIGHT) and over:
            said = f"{said}. {over}"
        said = f"{said}: {note}" if note else said
        return self.make(limit_id, resource, given.line, value, most, verdict, said)

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
        """A finding with a message of its own."""
        row = catalogue.limit(limit_id)
        return Finding(
            self.file, line, resource.id, limit_id, value, limit, row.unit, verdict, message, row.source_url
        )


def _plain(value: float | None) -> float | None:
    return int(value) if value is not None and float(value).is_integer() else value


def _sentence(what: str, value: float | None, limit: float | None, unit: str, verdict: str, why: str) -> str:
    most = amount(limit, unit)
    if verdict == UNKNOWN:
        part = "" if value is None else f"; the part that is known: {amount(value, unit)}"
        return f"{what} is not known ({why}){part}; the limit is {most}"
    known = "at least " if why else ""
    said = f"{what} of {known}{amount(value, unit)}"
    if verdict == BREACH:
        return f"{said} is over {most}"
    if verdict == TIGHT and value is not None and limit is not None:
        share = "beyond" if value > limit else "all of" if value == limit else "near the end of"
        return f"{said} is {share} {most}"
    return f"{said} is within {most}"
