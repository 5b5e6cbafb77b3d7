"""The result of a refresh, as plain rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

Row = dict[str, Any]


@dataclass
class RefreshResult:
    """The result of a refresh; every list holds rows of plain values, old and new side by side.

    `changed` were added to the table as new rows. `confirmed` counts stale prices that did not change and got
    today's date. `suspicious` changed by more than a factor of 2 and were added only on request. `unlisted`
    have a row here but not at AWS, and stay. `unknown` could not be compared, and state `why`. `beyond` are
    ids that no AWS API provides, or that are not matched to one; `why_beyond` gives the reason for each
    price. `yours` are the account's own quotas, `elsewhere` the defaults of regions that differ from the
    table: both are reported, never stored.

    For limits, compared with the SDK's service models of release `models`: `moved` have another number there
    and were added as not verified; `gone` are no longer there; `new` have a number where the table has none;
    `older` are from a later release than the SDK's; `silent` have no probe. `held` counts all states.
    `not_asked` says why AWS was not queried.
    """

    table: str
    as_of: date
    regions: tuple[str, ...]
    path: str
    added: int = 0
    unchanged: int = 0
    confirmed: int = 0
    changed: list[Row] = field(default_factory=list)
    suspicious: list[Row] = field(default_factory=list)
    unlisted: list[Row] = field(default_factory=list)
    unknown: list[Row] = field(default_factory=list)
    yours: list[Row] = field(default_factory=list)
    elsewhere: list[Row] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)
    why_beyond: dict[str, str] = field(default_factory=dict)
    models: str = ""
    held: dict[str, int] = field(default_factory=dict)
    moved: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)
    new: list[Row] = field(default_factory=list)
    older: list[Row] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    not_asked: str = ""

    def to_dict(self) -> Row:
        """The result as plain values, with dates as text."""
        return {**asdict(self), "as_of": self.as_of.isoformat(), "regions": list(self.regions)}


def suspicious(old: float, new: float) -> bool:
    """Whether a figure changed by more than a factor of 2, or from or to 0."""
    low, high = sorted((old, new))
    return low != high and high > 2 * low
