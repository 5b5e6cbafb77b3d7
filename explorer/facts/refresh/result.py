"""The result of a refresh, as plain rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

Row = dict[str, Any]


@dataclass
class RefreshResult:
    """The result of a refresh; every list holds rows of plain values, old and new side by side.

    `changed` are in the table now, as new rows. `confirmed` counts those that were stale and cost the
    same: seen again, with today's date. `suspicious` changed by more than a factor of 2 and are not in
    the table unless that was asked for. `unlisted` have a row here and none at AWS, and stay. `unknown`
    could not be compared, and say `why`. `beyond` are the ids that no API of AWS gives, or that are not
    matched to one; `why_beyond` says of each price why. `yours` are this account's own quotas, `elsewhere`
    the defaults of regions that have others than the table: both are reported and never stored.

    Of the SDK's service models, those of release `models` (limits alone): `moved` have another number there
    and are in the table now, as not verified; `gone` are no longer there, `new` have a number where the table
    has none, `older` are of a later release than the SDK's, and `silent` have no probe. `held` counts all.
    `not_asked` says why AWS was not asked.
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
        """The same as plain values; dates as text."""
        return {**asdict(self), "as_of": self.as_of.isoformat(), "regions": list(self.regions)}


def suspicious(old: float, new: float) -> bool:
    """Whether a figure changed by more than a factor of 2, or to or from nothing."""
    low, high = sorted((old, new))
    return low != high and high > 2 * low
