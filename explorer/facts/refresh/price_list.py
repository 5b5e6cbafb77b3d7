"""The AWS Price List, from its Query API or from offer files: products and their price bands."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.records import Tier

from . import aws_calls
from .products import Product

API_REGION = "us-east-1"  # region of the Price List API, which covers all regions
ONE_BY_ONE = {"AmazonEC2", "AWSDataTransfer"}  # too long to list completely
WORLDWIDE = {"AmazonCloudFront", "AmazonRoute53"}  # most of their products have no region
MANY = re.compile(r"^(per\s+)?(\d{3,}|\d+\s?M\b|thousand|million)", re.IGNORECASE)
FORM = "expected an offer file of the AWS Price List, index.json"

Offer = dict[str, Any]  # {"product": {...}, "terms": {"OnDemand": {...}}}, as returned by the Query API


class Unpriced(Exception):
    """The price of a product cannot be used; the message says why."""


class QueryApi:
    """Offers from the Query API; lists are cached."""

    def __init__(self, session: Any) -> None:
        self._client = aws_calls.aws_client(session, "pricing", API_REGION)
        self._offers_by_key: dict[tuple[str, str], list[Offer]] = {}

    def offers(self, product: Product, region: str) -> list[Offer]:
        """Offers that include the product's, if AWS lists it."""
        if product.service in ONE_BY_ONE:
            lists = (
                self._list_offers(product.service, usagetype=usage)
                for usage in product.usage_types_in_region(region)
            )
            return next(filter(None, lists), [])
        only = {} if product.service in WORLDWIDE else {"regionCode": region}
        key = product.service, only.get("regionCode", "")
        if key not in self._offers_by_key:
            self._offers_by_key[key] = self._list_offers(product.service, **only)
        return self._offers_by_key[key]

    def _list_offers(self, service: str, **attributes: str) -> list[Offer]:
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": v} for name, v in attributes.items()]
        pages = aws_calls.aws_pages(
            self._client,
            "pricing",
            "GetProducts",
            "get_products",
            ServiceCode=service,
            Filters=filters,
            FormatVersion="aws_v1",
            PaginationConfig={"PageSize": 100},
        )
        return [json.loads(text) for page in pages for text in page["PriceList"]]


class OfferFiles:
    """Offers from a folder of offer files, of one region or all, with any names ending in .json."""

    def __init__(self, folder: Path) -> None:
        self._offers: dict[str, list[Offer]] = {}
        paths = sorted(folder.rglob("*.json"))
        if not paths:
            raise ExplorerError(f"{folder}: holds no .json file: {FORM}")
        for path in paths:
            code, offers = _read_offer_file(path)
            self._offers.setdefault(code, []).extend(offers)

    def offers(self, product: Product, region: str) -> list[Offer]:
        """Offers that include the product's, if AWS lists it."""
        return self._offers.get(product.service, [])

    def holds(self, service: str) -> bool:
        """Whether the folder has a file for that service."""
        return service in self._offers


def _read_offer_file(path: Path) -> tuple[str, list[Offer]]:
    try:
        file = json.loads(path.read_text(encoding="utf-8"))
        terms = file["terms"].get("OnDemand", {})
        offers = [
            {"product": product, "terms": {"OnDemand": terms.get(sku, {})}}
            for sku, product in file["products"].items()
        ]
        return str(file["offerCode"]), offers
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ExplorerError(f"{path}: is no offer file: {FORM}") from None


def product_tiers(
    source: QueryApi | OfferFiles, product: Product, region: str, today: date, *, free_tier: bool = False
) -> tuple[Tier, ...]:
    """The tiers of the product's price in the region; () if AWS does not list it.

    With `free_tier`, a first tier at 0 USD is kept, for products that are sold with another one. Raises
    Unpriced if the price is not in USD, not for one unit, or if several products match at different prices.
    """
    offers = source.offers(product, region)
    try:
        fitting = [offer for offer in offers if _offer_fits(offer, product, region)]
        ladders = {_offer_tiers(offer, today, free_tier) for offer in fitting} - {()}
    except (AttributeError, TypeError):
        raise Unpriced(f"the price list of {product.service} has a form that is not known here") from None
    if len(ladders) > 1:
        raise Unpriced(f"{len(ladders)} products of {product.service} fit, at different prices")
    return next(iter(ladders), ())


def _offer_fits(offer: Offer, product: Product, region: str) -> bool:
    description = offer.get("product", {})
    return product.fits(description.get("productFamily", ""), description.get("attributes", {}), region)


def _offer_tiers(offer: Offer, today: date, free_tier: bool) -> tuple[Tier, ...]:
    bands = sorted(
        (_price_band(dimension) for dimension in _price_dimensions(offer, today)), key=lambda band: band.start
    )
    if len(bands) > 1 and bands[0].usd == 0 and not free_tier:  # monthly free quantities are in billing_notes
        bands = [Tier(Decimal(0), bands[1].end, bands[1].usd), *bands[2:]]
    ends = [Decimal(0), *(band.end for band in bands[:-1])]
    if [band.start for band in bands] != ends[: len(bands)]:
        raise Unpriced("its tiers do not join")
    return tuple(bands)


def _price_dimensions(offer: Offer, today: date) -> list[dict[str, Any]]:
    """The price dimensions of the current on-demand term; later terms are ignored."""
    terms = [
        term
        for term in offer.get("terms", {}).get("OnDemand", {}).values()
        if term.get("effectiveDate", "")[:10] <= today.isoformat()
    ]
    if not terms:
        return []
    latest = max(terms, key=lambda term: term.get("effectiveDate", ""))
    return list(latest.get("priceDimensions", {}).values())


def _price_band(dimension: dict[str, Any]) -> Tier:
    prices, unit = dimension.get("pricePerUnit", {}), str(dimension.get("unit", ""))
    if "USD" not in prices:
        raise Unpriced(f"its price is in {', '.join(sorted(prices)) or 'no currency'}: expected USD")
    if MANY.match(unit):
        raise Unpriced(f'its price is for "{unit}": expected for one')
    end = dimension.get("endRange", "Inf")
    start = _price_number(dimension.get("beginRange", "0"))
    return Tier(start, None if end == "Inf" else _price_number(end), _price_number(prices["USD"]))


def _price_number(text: object) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise Unpriced(f'its price list says "{text}": expected a number, 0 or more')
    return value
