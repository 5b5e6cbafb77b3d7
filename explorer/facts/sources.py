"""The sources of prices: the short keys in `prices.csv` and their rows in `sources.csv`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .csv_table import (
    Check,
    Columns,
    Row,
    cell_one_of,
    cell_or_blank,
    date_cell,
    first_day,
    refusal,
    text_cell,
    url_cell,
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where prices were read; `date` is the newest date that it covers, "" if its content changes.

    `reopens`: "yes", the address keeps the same content; "moves", it serves a later edition each time; "no",
    it cannot be opened again.
    """

    key: str
    title: str
    url: str
    date: str
    reopens: str
    kind: str


SOURCE: dict[str, Check] = {
    **dict.fromkeys(("key", "title"), text_cell),
    "url": cell_or_blank(url_cell),
    "date": cell_or_blank(date_cell),
    "reopens": cell_one_of("yes", "moves", "no"),
    "kind": cell_one_of("price list", "AWS page", "extract", "quotation"),
}


def sources_of(rows: Iterable[Row]) -> dict[str, Source]:
    """The sources by key.

    Raises FactsError for a repeated key, or if `reopens` contradicts `url` or `date`.
    """
    table: dict[str, Source] = {}
    for row in rows:
        place, key = row["place"], row["key"]
        if key in table:
            raise refusal(place, "key", key, "one line a source")
        if (row["reopens"] == "no") != (row["url"] == "" or row["url"] is None):
            raise refusal(place, "reopens", row["reopens"], "no without a url, yes or moves with one")
        if (row["reopens"] == "yes") != bool(row["date"]):
            raise refusal(place, "date", row["date"] or "", "a date where reopens is yes, else blank")
        fields = {name: row[name] or "" for name in SOURCE}
        table[key] = Source(**fields)
    return table


def source_address(key: str, sources: Mapping[str, Source]) -> str:
    """The address of a source, or its title if it has none; a text that is not a key is an address itself."""
    source = sources.get(key)
    return (source.url or source.title) if source else key


def check_sources(prices: Columns, sources: Mapping[str, Source]) -> None:
    """Check that each price names a source, or an address, that covers its date.

    Raises FactsError for a key without a row, or an `as_of` after the date of its source.
    """
    pairs = list(zip(prices.values["source"], prices.values["as_of"]))
    for key, as_of in set(pairs):
        source = sources.get(key)
        if source is None and not key.startswith("https://"):
            accepted = "a key of sources.csv, or an address"
            raise refusal(_price_place(prices, pairs, (key, as_of)), "source", key, accepted)
        if source and source.date and first_day(as_of) > first_day(source.date):
            accepted = f"{source.date} or earlier, the date of {key}"
            raise refusal(_price_place(prices, pairs, (key, as_of)), "as_of", as_of, accepted)


def _price_place(prices: Columns, pairs: list[tuple[str, str]], pair: tuple[str, str]) -> str:
    return str(prices.row(pairs.index(pair))["place"])
