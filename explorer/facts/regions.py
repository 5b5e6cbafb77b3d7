"""AWS regions: those in the table, and other names of that form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from explorer.errors import UnknownIdError

from .csv_table import Check, Row, cell_one_of, date_cell, refusal, text_cell, url_cell
from .suggestions import nearest_names

_AREA = r"(?:[a-z]{2}|eusc)"
_PART = r"(?:-(?:gov|iso[a-z]?|[a-z]{2}))?"
_SIDE = r"(?:north|south|east|west|central|northeast|northwest|southeast|southwest)"
FORM = rf"{_AREA}{_PART}-{_SIDE}-[1-9]\d?"
ZONE = r"(.*\d)[a-f]"  # a zone such as eu-west-1a is the region plus a letter


@dataclass(frozen=True, slots=True)
class Region:
    """One AWS region; `lacks` names missing features, None if unknown."""

    region: str
    partition: str
    name: str
    has_lambda: bool
    lacks: frozenset[str] | None
    as_of: str
    source_url: str
    notes: str


def _region_features(cell: str) -> frozenset[str]:
    if not re.fullmatch(r"[a-z0-9-]*( [a-z0-9-]+)*", cell):
        raise ValueError('names such as "function-url snap-start"')
    return frozenset(cell.split())


REGION: dict[str, Check] = {
    **dict.fromkeys(("region", "partition", "name"), text_cell),
    "lambda": cell_one_of("yes", "no"),
    "features_known": cell_one_of("yes", "no"),
    "lacks": _region_features,
    "as_of": date_cell,
    "source_url": url_cell,
    "notes": str,
}


def regions_of(rows: Iterable[Row]) -> dict[str, Region]:
    """The regions by code; raises FactsError for a repeated or malformed code."""
    table: dict[str, Region] = {}
    for row in rows:
        code = row["region"]
        if code in table:
            raise refusal(row["place"], "region", code, "one line a region")
        if not re.fullmatch(FORM, code):
            raise refusal(row["place"], "region", code, "a region such as eu-central-1")
        if row["features_known"] == "no" and row["lacks"]:
            raise refusal(row["place"], "lacks", " ".join(row["lacks"]), "blank where features_known is no")
        table[code] = Region(
            code,
            row["partition"],
            row["name"],
            row["lambda"] == "yes",
            row["lacks"] if row["features_known"] == "yes" else None,
            row["as_of"],
            row["source_url"],
            row["notes"],
        )
    return table


def check_region_name(region: str, table: Mapping[str, Region]) -> None:
    """Accept a region of the table, and any other name of that form.

    Raises UnknownIdError with the probable region, such as eu-central-1 for "Frankfurt".
    """
    known_area = region[:2] in {code[:2] for code in table}
    if region in table or (
        re.fullmatch(FORM, region) and (known_area or _swap_first_letters(region) not in table)
    ):
        return
    candidates = _regions_meant_by(region, table)
    if len(candidates) == 1:
        code = candidates[0]
        raise UnknownIdError(f'region is "{region}": did you mean {code}, {table[code].name}?')
    accepted = ", ".join(candidates) if candidates else "us-east-1, eu-west-1"
    raise UnknownIdError(f'region is "{region}": expected a region of AWS such as {accepted}')


def _swap_first_letters(code: str) -> str:
    """The code with its first two letters swapped: "ue-west-1" becomes "eu-west-1"."""
    return code[1:2] + code[:1] + code[2:]


def _regions_meant_by(text: str, table: Mapping[str, Region]) -> list[str]:
    """The regions that `text` may mean, by code or place, the nearest first."""
    words = text.strip().lower()
    code = re.sub(r"(?<=[a-z])(?=\d$)", "-", re.sub(r"[\s_]+", "-", words))
    zone = re.fullmatch(ZONE, code)
    for name in (code, zone[1] if zone else code, _swap_first_letters(code)):
        if name in table:
            return [name]
    if numbered := [other for other in table if re.fullmatch(re.escape(code) + r"-?\d", other)]:
        return numbered
    places = {code: region.name.lower() for code, region in table.items()}
    exact = [code for code, place in places.items() if words in (place, *_place_names(place))]
    inside = [code for code, place in places.items() if len(words) > 3 and words in place]
    if exact or inside:
        return (exact or inside)[:5]
    cities = {name: code for code, place in places.items() for name in _place_names(place)}
    near = nearest_names(words, cities, 1, 0.8)
    return [cities[near[0]]] if near else nearest_names(code, table, 3, 0.6)


def _place_names(place: str) -> tuple[str, ...]:
    """The common names of a region: "n. virginia" and "virginia" for "us east (n. virginia)"."""
    inner = re.search(r"\((.*)\)", place)
    if not inner:
        return (place,)
    return inner[1], inner[1].removeprefix("n. ")
