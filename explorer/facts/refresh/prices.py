"""`explorer prices --refresh`: compares the price list with the current prices, and adds new rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.catalogue import Facts
from explorer.facts.csv_table import first_day
from explorer.facts.records import Tariff, Tier
from explorer.facts.suggestions import expected_one_of

from .append import append, check_writable, path_of
from .price_list import OfferFiles, QueryApi, Unpriced, product_tiers
from .products import MARKS, Product, products_by_price_id
from .result import RefreshResult, Row, suspicious

TABLE = "prices"
NO_ROW = "it has no row in products.csv"
Watch = Callable[[Sequence[str]], Iterable[str]]


def refresh_prices(
    regions: Sequence[str] = (),
    session: Any = None,
    today: date | None = None,
    *,
    yes: bool = False,
    offers: Path | None = None,
    tables: Facts | None = None,
    watch: Watch = iter,
) -> RefreshResult:
    """Compare the prices of `regions` with the AWS Price List, and add a row for each change.

    Parameters: `regions`, by default all of the table; `session`, of boto3, by default that of the
    environment; `today`, the date of new rows; `yes`, accept suspicious changes too; `offers`, a folder of
    public offer files to read instead of the API; `watch`, receives the regions in turn. Raises CloudError if
    AWS refuses or cannot be reached, FactsError if the table cannot be written; nothing is changed then.
    """
    tables, today = tables or catalogue.DEFAULT, today or date.today()
    products_by_id = products_by_price_id(tables)
    region_codes = _regions_to_refresh(regions or tables.regions(), tables)
    path = path_of(tables, TABLE)
    check_writable(path)
    result = RefreshResult(TABLE, today, region_codes, str(path))
    source = OfferFiles(offers) if offers else QueryApi(session)
    rows: list[Row] = []
    for region in watch(region_codes):
        for price_id in tables.price_ids():
            if tables.is_from_home(price_id, region):
                continue
            tariff = tables.tariff(price_id, region)
            rows += _refresh_price(tariff, products_by_id.get(price_id), source, today, yes, result)
    result.beyond = [price_id for price_id in tables.price_ids() if price_id not in products_by_id]
    product_rows = tables.products()
    result.why_beyond = {
        id: product_rows[id].not_listed if id in product_rows else NO_ROW for id in result.beyond
    }
    append(tables, TABLE, rows)
    result.added = len(rows)
    return result


def _regions_to_refresh(regions: Sequence[str], tables: Facts) -> tuple[str, ...]:
    accepted = [region for region in tables.regions() if region in MARKS]
    for region in regions:
        if region not in accepted:
            raise ExplorerError(f'region is "{region}": {expected_one_of(accepted)}')
    return tuple(dict.fromkeys(regions))


def _refresh_price(
    old: Tariff,
    product: Product | None,
    source: QueryApi | OfferFiles,
    today: date,
    yes: bool,
    result: RefreshResult,
) -> list[Row]:
    """The rows to add for one price; the outcome is recorded in `result`."""
    if product is None or (isinstance(source, OfferFiles) and not source.holds(product.service)):
        return []
    try:
        new = product_tiers(source, product, old.region, today, free_tier=old.tiers[0].usd == 0)
        if new:
            _check_takes_place(old, new, today)
    except Unpriced as error:
        result.unknown.append({"id": old.id, "region": old.region, "why": str(error)})
        return []
    if not new:
        if not old.assumed:
            result.unlisted.append(_unlisted_row(old, product.service))
        return []
    if new == old.tiers and not old.assumed:
        return _confirm_price(old, new, product.service, today, result)
    differs = _price_differences(old, new, today)
    if any(suspicious(*pair) for pair in _price_pairs(old.tiers, new)) and not yes:
        result.suspicious += differs
        return []
    result.changed += differs
    return _price_rows(old, new, product.service, today)


def _confirm_price(
    old: Tariff, new: tuple[Tier, ...], service: str, today: date, result: RefreshResult
) -> list[Row]:
    """A stale price that did not change gets a new date; any other is left unchanged."""
    if not old.stale:
        result.unchanged += 1
        return []
    result.confirmed += 1
    return _price_rows(old, new, service, today)


def _check_takes_place(old: Tariff, new: tuple[Tier, ...], today: date) -> None:
    """Raise Unpriced if new rows would not become the valid ones."""
    if new != old.tiers and not old.assumed and first_day(old.as_of) >= today:
        raise Unpriced(f"seen on {old.as_of} at another price: refresh on a later day")
    end = new[-1].end
    if end is not None and not old.assumed and old.tiers[-1].start >= end:
        raise Unpriced(f"its last tier ends at {end:f}, before one that is in the table")


def _unlisted_row(old: Tariff, service: str) -> Row:
    return {
        "id": old.id,
        "region": old.region,
        "unit": old.unit,
        "old_usd": old.tiers[0].usd,
        "old_as_of": old.as_of,
        "why": f"not found in the price list of {service}: the row stays",
    }


def _usd_at(tiers: tuple[Tier, ...], quantity: Decimal) -> Decimal | None:
    return next((t.usd for t in tiers if t.start <= quantity and (t.end is None or quantity < t.end)), None)


def _price_pairs(old: tuple[Tier, ...], new: tuple[Tier, ...]) -> list[tuple[float, float]]:
    """The old and the new price at every quantity at which a tier starts, where both are known."""
    starts = sorted({tier.start for tier in (*old, *new)})
    pairs = [(_usd_at(old, start), _usd_at(new, start)) for start in starts]
    return [(float(was), float(now)) for was, now in pairs if was is not None and now is not None]


def _price_differences(old: Tariff, new: tuple[Tier, ...], today: date) -> list[Row]:
    """Old and new prices side by side, one row per tier that differs; None for a missing tier."""
    was, now = ({tier.start: tier for tier in side} for side in (old.tiers, new))
    differ = sorted(start for start in {*was, *now} if old.assumed or was.get(start) != now.get(start))
    return [
        {
            "id": old.id,
            "region": old.region,
            "unit": old.unit,
            "tier_from": start,
            "tier_to": now[start].end if start in now else was[start].end,
            "old_usd": was[start].usd if start in was else None,
            "usd": now[start].usd if start in now else None,
            "old_as_of": old.as_of,
            "as_of": today.isoformat(),
            "note": f"{old.assumed_from}'s until now" if old.assumed else "",
        }
        for start in differ
    ]


def _price_rows(old: Tariff, new: tuple[Tier, ...], service: str, today: date) -> list[Row]:
    """All tiers as lines of the table: if one tier changes, all are written."""
    return [
        {
            "id": old.id,
            "region": old.region,
            "unit": old.unit,
            "tier_from": _text(tier.start),
            "tier_to": "" if tier.end is None else _text(tier.end),
            "price_usd": _text(tier.usd),
            "as_of": today.isoformat(),
            "source": f"offer.{service}",
        }
        for tier in new
    ]


def _text(number: Decimal) -> str:
    """The number as text, as short as possible without an exponent."""
    return f"{number.normalize():f}"
