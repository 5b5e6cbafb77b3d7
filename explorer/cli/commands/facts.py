"""`explorer limits` and `explorer prices`: the facts, their age, and changes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from explorer.cli import tables
from explorer.cli.console import Json, known_region, out, regions
from explorer.cli.tables import Row, UnwrappedLine, price_marks, table, title
from explorer.errors import UnknownIdError
from explorer.facts import catalogue
from explorer.facts.csv_table import first_day
from explorer.facts.suggestions import did_you_mean, expected_id
from explorer.facts.units import format_quantity, quote_value

if TYPE_CHECKING:
    import pandas as pd

    from explorer.facts.refresh.result import RefreshResult
    from explorer.facts.refresh.summary import Part


def _known_regions(regions: list[str] | None) -> list[str]:
    return [region for region in regions or [] if known_region(region)]


Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="May be given again.",
        autocompletion=regions,
        callback=_known_regions,
    ),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ask AWS, and add what changed to the table.")]
AcceptLargeChanges = Annotated[
    bool, typer.Option("--yes", "-y", help="With --refresh: changes by more than 2 x too.")
]
TextFilter = Annotated[str, typer.Argument(metavar="TEXT", help="Only rows that contain this text.")]


def limits(
    text: TextFilter = "",
    refresh: Refresh = False,
    region: Regions = None,
    yes: AcceptLargeChanges = False,
    as_json: Json = False,
) -> None:
    """AWS's limits as this project knows them: value, age, source, and whether verified."""
    if refresh:
        from explorer.facts.refresh.quotas import refresh_limits

        return show_refresh(refresh_limits(region or [], yes=yes, watch=asking), as_json)
    every = catalogue.limit_rows()
    matches = containing(every, text, ("id", "service", "name"))
    if not matches:
        raise _no_match("limit", text, {row["id"]: f"{row['service']} {row['name']}" for row in every})
    out({"limits": matches}, as_json, limits_table, matches)


def prices(
    text: TextFilter = "",
    refresh: Refresh = False,
    region: Regions = None,
    yes: AcceptLargeChanges = False,
    offers: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="With --refresh: public offer files, read instead of asking."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Every recorded price, or with --region those in force there: tier, age, source, staleness."""
    if refresh:
        from explorer.facts.refresh.prices import refresh_prices

        return show_refresh(refresh_prices(region or [], yes=yes, offers=offers, watch=asking), as_json)
    frames = [prices_in(name) for name in region or []] or [catalogue.prices_frame()]
    matches = [row for frame in frames for row in rows(frame, text, ("id", "unit"))]
    if not matches:
        raise _no_match("price", text, dict.fromkeys(catalogue.price_ids(), ""))
    out({"prices": matches}, as_json, prices_table, matches)


def _no_match(what: str, text: str, names: Mapping[str, str]) -> UnknownIdError:
    """The error for a text that no row contains, with similar ids; `names` are names by id."""
    words = {word: word for id, name in names.items() for word in (id, *_searchable(f"{id} {name}").split())}
    near = did_you_mean(_searchable(text), words)
    return UnknownIdError(
        f"TEXT is {quote_value(text)}: no {what} contains it{near}: {expected_id(text, names)}"
    )


def asking(regions: Sequence[str]) -> Iterable[str]:
    """Iterate over the regions, with progress on standard error if it is a terminal."""
    return tables.with_progress(regions, "Asking AWS")


def show_refresh(result: RefreshResult, as_json: bool) -> None:
    """Print the result of a refresh, as JSON or as tables of old and new values."""
    from explorer.facts.refresh.summary import refresh_sentences, refresh_tables

    out(result.to_dict(), as_json, refresh_lines, refresh_sentences(result), refresh_tables(result))


def rows(frame: pd.DataFrame, text: str, columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of a frame in which one of the `columns` contains `text`, ignoring case."""
    return containing(frame.astype(object).where(frame.notna(), None).to_dict("records"), text, columns)


def containing(rows: Iterable[Mapping[Any, Any]], text: str, columns: Iterable[str]) -> list[dict[str, Any]]:
    """The rows in which one of the `columns` contains `text`, ignoring case; a hyphen matches a space."""
    words = _searchable(text)
    return [dict(row) for row in rows if any(words in _searchable(str(row[name])) for name in columns)]


def _searchable(text: str) -> str:
    return text.lower().replace("-", " ")


def prices_in(region: str) -> pd.DataFrame:
    """The prices in force in a region, one row per tier; `assumed` prices come from us-east-1."""
    from datetime import date

    import pandas as pd

    tariffs = [catalogue.tariff(price_id, region) for price_id in catalogue.price_ids()]
    return pd.DataFrame(
        {
            "id": tariff.id,
            "region": region,
            "unit": tariff.unit,
            "tier_from": float(tier.start),
            "tier_to": None if tier.end is None else float(tier.end),
            "price_usd": float(tier.usd),
            "as_of": tariff.as_of,
            "source": tariff.source,
            "age_days": (date.today() - first_day(tariff.as_of)).days,
            "stale": tariff.stale,
            "assumed": tariff.assumed,
        }
        for tariff in tariffs
        for tier in tariff.tiers
    )


OPTIONAL_COLUMNS = (
    ">as of",
    ">old as of",
    "note",
    ">from",
)  # columns of a refresh to drop in a narrow terminal


def limits_table(rows: list[Row]) -> Iterator[RenderableType]:
    """The answer of `limits`."""
    columns = ("limit", "name", ">~value", ">age", "verified", "source")
    yield table(columns, map(_limit, rows), ("source", "age", "verified"))


def _limit(row: Row) -> tuple[str | Text, ...]:
    value = "no number" if row["value"] is None else format_quantity(row["value"], row["unit"])
    verified = Text("yes") if row["verified"] else Text("no", "yellow")
    return row["id"], row["name"], value, f"{row['age_days']} days", verified, _source(row["source_url"])


def _source(url: str) -> Text:
    """A link: only the site's name in a terminal, the whole URL in a pipe."""
    if sys.stdout.isatty() and url.startswith("https://"):
        return Text(url.split("/")[2], f"link {url}")
    return Text(url)


def prices_table(rows: list[Row]) -> Iterator[RenderableType]:
    """The answer of `prices`."""
    columns = ("line", "region", "unit", ">from", ">to", ">USD", ">age", "price", "source")
    spared = ("source", "age", "to", "price", "region")
    yield table(columns, map(_price, rows), spared)


def _price(row: Row) -> tuple[str | Text, ...]:
    start, end = ("" if row[at] is None else f"{row[at]:,.15g}" for at in ("tier_from", "tier_to"))
    tier = (start, end, f"{row['price_usd']:.12f}".rstrip("0").rstrip("."))
    return (
        row["id"],
        row["region"],
        row["unit"],
        *tier,
        f"{row['age_days']} days",
        price_marks(row),
        _source(row["source"]),
    )


def refresh_lines(sentences: list[str], parts: list[Part]) -> Iterator[RenderableType]:
    """The summary of a refresh, and one table for each kind of change."""
    yield from map(UnwrappedLine, sentences)
    for heading, note, columns, rows in parts:
        yield title(heading, note)
        yield table(columns, rows, [name.lstrip(">") for name in OPTIONAL_COLUMNS if name in columns])
