"""Tariffs by id and region, and substitutes for unknown prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fnmatch import fnmatchcase

from explorer.errors import FactsError

from .csv_table import Check, Columns, Row, cell_one_of, cell_or_blank, decimal_cell, refusal
from .records import Free, Tariff, Tier, tariff_of
from .sources import Source, source_address

ZERO = Decimal(0)
HOME_REGION = "us-east-1"  # every price id has a price here
PLACES = Decimal("1e-10")  # AWS's list prices have ten decimal places


@dataclass(frozen=True, slots=True)
class BillingNote:
    """Properties of all prices of one id.

    `price_of`: the id whose regional price gives this one's price where none is known. `free_not_in`:
    patterns of the regions without free quantities.
    """

    id: str
    is_global: bool
    price_of: str
    free: Free | None
    free_not_in: tuple[str, ...]

    def free_in(self, region: str) -> Free | None:
        """The free quantity per month in `region`; None if there is none."""
        return None if any(fnmatchcase(region, pattern) for pattern in self.free_not_in) else self.free


def _region_patterns(cell: str) -> tuple[str, ...]:
    patterns = tuple(cell.split())
    if not all(re.fullmatch(r"[a-z0-9-]+\*?", pattern) for pattern in patterns):
        raise ValueError('regions such as "us-gov-* cn-north-1"')
    return patterns


NOTE: dict[str, Check] = {
    "id": str,
    "scope": cell_one_of("region", "global"),
    "price_of": str,
    "free_quantity": cell_or_blank(decimal_cell),
    "free_pool": str,
    "free_not_in": _region_patterns,
}


def billing_notes_of(rows: Iterable[Row], prices: PriceBook) -> dict[str, BillingNote]:
    """The billing notes by price id.

    Raises FactsError for an id without a price or with two notes, or a pool with two quantities.
    """
    pools: dict[str, Decimal | None] = {}
    table: dict[str, BillingNote] = {}
    for row in rows:
        id, pool, quantity = row["id"], row["free_pool"], row["free_quantity"]
        if id not in prices or id in table:
            raise refusal(row["place"], "id", id, "an id of prices.csv, once")
        if row["price_of"] and row["price_of"] not in prices:
            raise refusal(row["place"], "price_of", row["price_of"], "an id of prices.csv, or blank")
        if (quantity is None) != (pool == "") or pools.setdefault(pool, quantity) != quantity:
            raise refusal(row["place"], "free_pool", pool, "one quantity a pool")
        table[id] = BillingNote(
            id,
            row["scope"] == "global",
            row["price_of"],
            None if quantity is None else Free(pool, quantity),
            row["free_not_in"],
        )
    return table


class PriceBook:
    """The prices of all ids, from the columns of `prices.csv`.

    Raises FactsError if an id has no price in us-east-1, or if tiers have gaps.
    """

    def __init__(self, columns: Columns, sources: Mapping[str, Source]) -> None:
        self._columns, self._sources = columns, sources
        self._rows: dict[str, dict[str, list[int]]] = {}
        for index, (id, region) in enumerate(zip(columns.values["id"], columns.values["region"])):
            regions = self._rows.get(id)
            if regions is None:
                self._rows[id] = {region: [index]}
            elif region in regions:
                regions[region].append(index)
            else:
                regions[region] = [index]
        self.ids = tuple(sorted(self._rows))
        self.regions = frozenset(columns.values["region"])
        self._tariffs: dict[tuple[str, str], Tariff] = {}
        self._check_tiers()

    def _check_tiers(self) -> None:
        starts, ends = self._columns.values["tier_from"], self._columns.values["tier_to"]
        days = self._columns.values["as_of"]
        for id, regions in self._rows.items():
            if HOME_REGION not in regions:
                raise FactsError(f"prices.csv: {id} has no price in {HOME_REGION}: expected one")
            for region, indices in regions.items():
                end: Decimal | None = ZERO
                for index in indices:  # the common case: tiers of one date, in order
                    if starts[index] != end or ends[index] == end or days[index] != days[indices[0]]:
                        self.own_tariff(id, region)  # checks all other cases
                        break
                    end = ends[index]

    def __contains__(self, id: str) -> bool:
        return id in self._rows

    def has(self, id: str, region: str) -> bool:
        """Whether `region` has its own price of `id`."""
        return region in self._rows[id]

    def own_tariff(self, id: str, region: str) -> Tariff:
        """The tariff of `id` in a region that has its own."""
        if (id, region) not in self._tariffs:
            rows = [self._columns.row(index) for index in self._rows[id][region]]
            tariff = tariff_of(rows)
            self._tariffs[id, region] = replace(tariff, source=source_address(tariff.source, self._sources))
        return self._tariffs[id, region]

    def tariff(self, id: str, region: str, notes: Mapping[str, BillingNote]) -> Tariff:
        """The tariff of `id` in `region`, marked `assumed` if it is not that region's own.

        A global price applies everywhere. Otherwise a related price of the same region is used, in the ratio
        that the two have in us-east-1; else the price of us-east-1. Example: if x costs 2 and its related
        price 4 in us-east-1, and the related price is 5 in the region, x is taken as 2.50.
        """
        if (id, region) in self._tariffs or self.has(id, region):
            return self.own_tariff(id, region)
        self._tariffs[id, region] = self._tariff_from_elsewhere(id, region, notes)
        return self._tariffs[id, region]

    def _tariff_from_elsewhere(self, id: str, region: str, notes: Mapping[str, BillingNote]) -> Tariff:
        home, note = self.own_tariff(id, HOME_REGION), notes.get(id)
        if note and note.is_global:
            return replace(home, region=region)
        if note and note.price_of and self.has(note.price_of, region):
            related = self.own_tariff(note.price_of, region)
            ratio = home.tiers[0].usd / self.own_tariff(note.price_of, HOME_REGION).tiers[0].usd
            tiers = tuple(
                Tier(tier.start, tier.end, _usd_in_ratio(tier.usd, ratio)) for tier in related.tiers
            )
            where = f"{note.price_of} in {region}"
            return replace(related, id=id, unit=home.unit, tiers=tiers, assumed=True, assumed_from=where)
        return replace(home, region=region, assumed=True, assumed_from=HOME_REGION)


def _usd_in_ratio(usd: Decimal, ratio: Decimal) -> Decimal:
    return usd if ratio == 1 else (usd * ratio).quantize(PLACES).normalize()
