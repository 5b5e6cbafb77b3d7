"""The records of `data/`: limits, tariffs, times, constants, cold starts, breaches.

Each record comes with the checks of its columns; `catalogue` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .csv_table import (
    Check,
    Row,
    cell_list,
    cell_one_of,
    cell_or_blank,
    cell_yes_or_no,
    date_cell,
    decimal_cell,
    first_day,
    number_cell,
    refusal,
    text_cell,
    url_cell,
)

STALE_BEFORE = 2026  # a price last confirmed earlier is marked as stale
Z95, Z99 = 1.6448536269514722, 2.3263478740408408  # normal quantiles of 0.95 and 0.99


@dataclass(frozen=True, slots=True)
class Limit:
    """One AWS limit; `value` and `raised_to` are in `unit`, None if no number is known."""

    id: str
    service: str
    name: str
    value: float | None
    unit: str
    scope: str
    adjustable: str
    max_if_raised: str
    raised_to: float | None
    quota_code: str
    evidence: str
    as_of: str
    source_url: str
    verified: bool
    notes: str
    not_bound: str

    @property
    def title(self) -> str:
        """The name of its service, followed by its own."""
        return f"{self.service}: {self.name}"

    @property
    def short_name(self) -> str:
        """The name without additions after a comma or in brackets."""
        return re.sub(r"\s*\([^)]*\)|,.*", "", self.name)

    @property
    def raisable(self) -> bool:
        """Whether AWS raises it on request, even if only partly."""
        return self.adjustable in ("yes", "partly")


@dataclass(frozen=True, slots=True)
class Breach:
    """What the caller sees when a limit breaks; `status` is None if the caller gets no response."""

    limit: str
    door: str
    status: int | None
    code: str
    seen: str
    cause: str
    source_url: str
    as_of: str


@dataclass(frozen=True, slots=True)
class ProductRow:
    """The product of AWS's price list for a price id: any of `usage`, and each "name=value" of `where`.

    `not_listed` is the reason if the price list has no such product, or if the product is unknown.
    """

    id: str
    name: str  # what is charged, in plain words
    service: str
    usage: tuple[str, ...]
    where: tuple[str, ...]
    not_listed: str


@dataclass(frozen=True, slots=True)
class Service:
    """The first part of a price id: its name and the number of its colour (None: a spare one)."""

    service: str
    name: str
    shade: int | None
    prices_page: str  # AWS's own, on which the prices stand today


@dataclass(frozen=True, slots=True)
class Tier:
    """The price [USD] of one unit from `start` up to `end`; None if there is no end."""

    start: Decimal
    end: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Tariff:
    """The marginal tiers of one billing dimension in one region.

    `assumed`: the region has no own tiers, and those of `assumed_from` are used. `as_of` and `source` are
    those of the oldest tier; `stale`: it is from before 2026.
    """

    id: str
    region: str
    unit: str
    tiers: tuple[Tier, ...]
    as_of: str
    source: str
    assumed: bool
    stale: bool
    assumed_from: str = ""


@dataclass(frozen=True, slots=True)
class Free:
    """The monthly free quantity of all price ids in one `pool` together."""

    pool: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Time:
    """The time of one operation [s]; the p95 is interpolated log-linearly in the normal quantile."""

    id: str
    p50_s: float
    p95_s: float
    p99_s: float
    kind: str
    as_of: str
    source_url: str
    note: str
    not_used: str


@dataclass(frozen=True, slots=True)
class Constant:
    """One metering increment, or one assumption of the model."""

    id: str
    value: float
    unit: str
    kind: str
    as_of: str
    source_url: str
    note: str
    not_used: str


@dataclass(frozen=True, slots=True)
class TaskSize:
    """The memory sizes [GB] that Fargate offers for a number of vCPUs, the smallest first."""

    vcpu: float
    gb: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An EC2 instance type that Managed Instances may use."""

    instance: str
    architecture: str
    vcpu: float
    gb: float

    @property
    def price_id(self) -> str:
        """The price id of one hour of the instance."""
        return f"ec2.{self.instance}_linux_on_demand"


@dataclass(frozen=True, slots=True)
class ColdStart:
    """The measured initialisation [s] of an empty function with `memory_mb`: real functions take longer.

    `assumed`: it is that of `language`, because the requested runtime was not measured.
    """

    language: str
    architecture: str
    memory_mb: int
    p50_s: float
    p90_s: float
    p95_s: float
    p99_s: float
    as_of: str
    source_url: str
    assumed: bool = False


def _http_status(cell: str) -> int:
    if not (cell.isdigit() and 100 <= int(cell) <= 599):
        raise ValueError("an HTTP status")
    return int(cell)


def _rising_numbers(cell: str) -> tuple[float, ...]:
    sizes = tuple(number_cell(each) for each in cell.split())
    if not sizes or list(sizes) != sorted(set(sizes)):
        raise ValueError('rising numbers such as "0.5 1 2"')
    return sizes


LIMIT: dict[str, Check] = dict.fromkeys(Limit.__dataclass_fields__, str) | {
    **dict.fromkeys(("id", "service", "name", "unit", "scope", "evidence"), text_cell),
    **dict.fromkeys(("value", "raised_to"), cell_or_blank(number_cell)),
    "adjustable": cell_one_of("yes", "partly", "no", "setting", "unknown"),
    "as_of": date_cell,
    "source_url": url_cell,
    "verified": cell_yes_or_no,
}
BREACH: dict[str, Check] = dict.fromkeys(Breach.__dataclass_fields__, text_cell) | {
    "status": cell_or_blank(_http_status),
    "code": str,
    "source_url": url_cell,
    "as_of": date_cell,
}
PRODUCT: dict[str, Check] = {
    **dict.fromkeys(("id", "name"), text_cell),
    "service": str,
    "usage": cell_list(" | "),
    "where": cell_list("; ", "="),
    "not_listed": str,
}
SERVICE: dict[str, Check] = {
    "service": text_cell,
    "name": text_cell,
    "shade": cell_or_blank(lambda cell: int(number_cell(cell))),
    "prices_page": url_cell,
}
PRICE: dict[str, Check] = {
    **dict.fromkeys(("id", "region", "unit"), text_cell),
    "tier_from": decimal_cell,
    "tier_to": cell_or_blank(decimal_cell),
    "price_usd": decimal_cell,
    "as_of": date_cell,
    "source": text_cell,
}
_SOURCE_COLUMNS: dict[str, Check] = {
    "kind": cell_one_of("measured", "documented", "assumption"),
    "as_of": date_cell,
    "source_url": cell_or_blank(url_cell),
    "note": str,
}
TIME: dict[str, Check] = {
    "id": text_cell,
    "p50_ms": number_cell,
    "p99_ms": number_cell,
    **_SOURCE_COLUMNS,
    "not_used": str,
}
CONSTANT: dict[str, Check] = {
    "id": text_cell,
    "value": number_cell,
    "unit": text_cell,
    **_SOURCE_COLUMNS,
    "not_used": str,
}
TASK_SIZE: dict[str, Check] = {
    "vcpu": number_cell,
    "gb": _rising_numbers,
    "as_of": date_cell,
    "source_url": url_cell,
}
INSTANCE_TYPE: dict[str, Check] = {
    "instance": text_cell,
    "architecture": cell_one_of("arm64", "x86_64"),
    **dict.fromkeys(("vcpu", "gb"), number_cell),
    "as_of": date_cell,
    "source_url": url_cell,
}
COLD_START: dict[str, Check] = {
    **dict.fromkeys(("runtime", "lambda_runtime_id"), text_cell),
    "architecture": cell_one_of("arm64", "x86_64"),
    "memory_mb": number_cell,
    "package_type": cell_one_of("zip", "image"),
    "snapstart": cell_one_of("yes", ""),
    **dict.fromkeys(("p50", "p90", "p95", "p99"), number_cell),
    "measured_on": date_cell,
    "source_url": url_cell,
}


def rows_by_id(rows: Iterable[Row], history: bool = False) -> dict[str, Row]:
    """The rows by id; with `history`, a later row of an id replaces an earlier one."""
    table: dict[str, Row] = {}
    for row in rows:
        earlier = table.get(row["id"])
        if earlier and not (history and first_day(row["as_of"]) > first_day(earlier["as_of"])):
            accepted = "one line an id" + (", or a later as_of" if history else "")
            raise refusal(row["place"], "id", row["id"], accepted)
        _check_source(row)
        table[row["id"]] = row
    return table


def _check_source(row: Row) -> None:
    """Check that an assumption has a reason, and every other row a source."""
    is_assumption = row.get("kind") == "assumption"
    if is_assumption and not row["note"]:
        raise refusal(row["place"], "note", "", "the reason for the assumption")
    if not is_assumption and not row["source_url"]:
        raise refusal(row["place"], "source_url", "", "an address, or the kind assumption")


def is_stale(as_of: str) -> bool:
    """Whether a price of this date is marked as stale."""
    return first_day(as_of).year < STALE_BEFORE


def time_of(row: Row) -> Time:
    """The Time of a row of times.csv; raises FactsError if its p99 is below its p50."""
    place, p50, p99 = row["place"], row["p50_ms"] / 1000, row["p99_ms"] / 1000
    if not 0 < p50 <= p99:
        raise refusal(place, "p99_ms", f"{1000 * p99:g}", "p50_ms, over 0, or more")
    rest = {field: row[field] for field in ("id", *_SOURCE_COLUMNS, "not_used")}
    return Time(p50_s=p50, p95_s=p50 * (p99 / p50) ** (Z95 / Z99), p99_s=p99, **rest)


def cold_start_of(row: Row) -> ColdStart:
    """The ColdStart of a row; its language is a runtime id, or "go" for "go (prov.al2023)"."""
    managed = not row["lambda_runtime_id"].startswith("provided")
    return ColdStart(
        language=row["lambda_runtime_id"] if managed else row["runtime"].split("(")[0].strip(),
        architecture=row["architecture"],
        memory_mb=int(row["memory_mb"]),
        **{f"{p}_s": row[p] / 1000 for p in ("p50", "p90", "p95", "p99")},
        as_of=row["measured_on"],
        source_url=row["source_url"],
    )


def tariff_of(rows: list[Row]) -> Tariff:
    """The Tariff from all rows of one id in one region; raises FactsError if tiers have gaps."""
    ladder = _tiers_in_force(rows)
    oldest = min(ladder, key=lambda row: first_day(row["as_of"])) if ladder[1:] else ladder[0]
    return Tariff(
        id=oldest["id"],
        region=oldest["region"],
        unit=oldest["unit"],
        tiers=tuple(Tier(row["tier_from"], row["tier_to"], row["price_usd"]) for row in ladder),
        as_of=oldest["as_of"],
        source=oldest["source"],
        assumed=False,
        stale=is_stale(oldest["as_of"]),
    )


def _tiers_in_force(rows: list[Row]) -> list[Row]:
    """The valid tiers from 0 up: at each start the newest row, each tier starting where the last one ends.

    Older rows in between are history.
    """
    if len(rows) == 1 and rows[0]["tier_from"] == 0 and rows[0]["tier_to"] is None:
        return rows  # most prices have one tier and one date
    newest: dict[Decimal, Row] = {}
    for row in sorted(rows, key=lambda row: first_day(row["as_of"])):
        start, end, other = row["tier_from"], row["tier_to"], newest.get(row["tier_from"])
        if other and first_day(other["as_of"]) == first_day(row["as_of"]):
            accepted = f"another as_of than {other['place']} has"
            raise refusal(row["place"], "tier_from", start, accepted)
        if end is not None and end <= start:
            raise refusal(row["place"], "tier_to", end, f"more than {start}, or blank")
        newest[start] = row
    ladder: list[Row] = []
    end = Decimal(0)
    while end in newest:
        ladder.append(newest.pop(end))
        end = ladder[-1]["tier_to"]
    latest = max((first_day(row["as_of"]) for row in ladder), default=date.min)
    for start, row in newest.items():
        if first_day(row["as_of"]) >= latest or (end is not None and start >= end):
            raise refusal(row["place"], "tier_from", start, "0 or where another tier ends")
    return ladder
