"""Parse and format field values as people type them: "2.7 MB", "3.14 million", "p50 40 KB, p99 2 MB"."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from explorer.errors import ExplorerError
from explorer.facts.units import BYTES, NUMBER, quote_value
from explorer.workload.distribution_field import QUANTILE
from explorer.workload.kinds import Kind
from explorer.workload.spoken_numbers import spoken_number

MEASURED = ("size", "time", "bandwidth", "memory", "memory_or_any")  # kinds whose values have a unit
BARE = re.compile(NUMBER, re.ASCII)
UNIT = re.compile(rf"\s*(?:{NUMBER})\s*([A-Za-z/]+)\s*", re.ASCII)
QUANTILE_AND_VALUE = re.compile(r"(p\d{1,2}(?:[._]\d+)?|max)\s*[:=]?\s+(.+)")
BETWEEN = re.compile(r";|,(?!\d{3})")  # separates quantiles; a comma before three digits separates thousands


def with_unit(kind: Kind, text: str, field_text: str) -> str:
    """A typed number without a unit in the unit of the value that the field shows; other texts as they are.

    People who replace "400 KB" by "500" mean 500 KB. Where no unit is shown, it is the one of the file.

    >>> from explorer.workload.kinds import SIZE
    >>> with_unit(SIZE, "500", "400 KB"), with_unit(SIZE, "2 MB", "400 KB"), with_unit(SIZE, "500", "")
    ('500 KB', '2 MB', '500 bytes')
    """
    text = text.strip()
    if kind.schema not in MEASURED or not BARE.fullmatch(text):
        return text
    unit = UNIT.fullmatch(field_text)
    return f"{text} {unit[1] if unit else kind.short}"


def check_units(kind: Kind, name: str, content: Mapping[str, str]) -> None:
    """Raises ExplorerError if a typed quantile other than 0 has no unit: in a file it would be bytes."""
    for quantile, value in content.items():
        if BARE.fullmatch(value) and float(value.replace(",", "")):
            which = "" if quantile == "value" else f"{quantile} "
            unit = "KB" if kind.schema == "size" else kind.short
            raise ExplorerError(
                f'{name}: {which}{value} has no unit: expected one, such as "{which}{value} {unit}"'
            )


def checked_choice(kind: Kind, name: str, word: str) -> str:
    """A word of an open list, as its kind accepts it. Raises ExplorerError in one line."""
    try:
        return str(kind.check(word)) if kind.check else word
    except PydanticCustomError as error:
        raise ExplorerError(f"{name} {error.message()}") from None


def _read(kind: Kind, name: str, text: object) -> Any:
    """Parse a text by its kind. Raises ExplorerError in one line that begins with the name."""
    try:
        return kind.read(text)
    except PydanticCustomError as error:
        raise ExplorerError(f"{name} {error.message()}") from None


def value_of_text(kind: Kind, name: str, text: str, unit: str = "") -> Any:
    """Parse a value typed into a field, to its base unit; `unit` is that of a number.

    Raises ExplorerError with the field's name, the text and what is accepted.
    """
    text = text.strip()
    if kind.schema == "number":
        number = spoken_number(text, unit)
        if number is None:
            raise ExplorerError(f"{name} is {quote_value(text)}: expected {kind.accepted}")
        return _read(kind, name, number)
    return _read(kind, name, text)


def ratio_of_text(kind: Kind, name: str, text: str, median: float) -> float:
    """The ratio of a p99 to its median, typed as a multiple ("22.5 ×") or as a value ("9 MB").

    Raises ExplorerError for any other text, or if the p99 is below the median.
    """
    ratio = spoken_number(text)
    if ratio is None and median > 0:
        ratio = float(_read(kind, name, text.strip())) / median
    if ratio is None or ratio < 1:
        raise ExplorerError(
            f"{name} is {quote_value(text)}: expected at least the median, {kind.show(median)}"
        )
    return ratio


def quantiles_of_text(name: str, text: str) -> dict[str, str]:
    """One value or quantiles as in the workload file: "2 MB", "p50 40 KB, p99 2 MB, max 5 MB".

    >>> quantiles_of_text("Response", "p50 40 KB, p99 = 2 MB"), quantiles_of_text("Response", "1 MB")
    ({'p50': '40 KB', 'p99': '2 MB'}, {'value': '1 MB'})
    """
    parts = [part.strip() for part in BETWEEN.split(text) if part.strip()]
    matches = [QUANTILE_AND_VALUE.fullmatch(part.replace("=", " ")) for part in parts]
    if len(parts) == 1 and matches[0] is None:
        return {"value": parts[0]}
    content = {match[1]: match[2].strip() for match in matches if match}
    if len(content) != len(parts):
        accepted = 'one value, or quantiles such as "p50 40 KB, p99 2 MB"'
        raise ExplorerError(f"{name} is {quote_value(text)}: expected {accepted}")
    return content


def quantiles_as_text(kind: Kind, content: Any) -> str:
    """The given values of a distribution in a form that can be typed; "" for samples."""
    if not isinstance(content, dict):
        return _value_text(kind, content)
    if "value" in content:
        return _value_text(kind, content["value"])
    parts = []
    for name, value in content.items():
        if QUANTILE.fullmatch(name) or name == "max":
            tenths = value.items() if isinstance(value, dict) else [("", value)]
            parts += [
                f"{name}{f'.{tenth}' if tenth else ''} {_value_text(kind, each)}" for tenth, each in tenths
            ]
    return ", ".join(parts)


def _value_text(kind: Kind, value: Any) -> str:
    """A value in words if they parse to the same value; else with more digits, or as given."""
    number = _read(kind, "value", value)
    texts = [kind.show(number)]
    if kind.short == "bytes":
        texts += [
            f"{number / BYTES[unit]:.9g} {unit}" for unit in ("GB", "MB", "KB") if number >= BYTES[unit]
        ]
    for text in texts:
        if abs(_read(kind, "value", text) - number) <= 1e-9 * abs(number):
            return text
    return f"{value:.12g} {kind.short}" if isinstance(value, int | float) else str(value)


def toml_of_text(name: str, text: str) -> Any:
    """Parse a list, a table, or lines of `name = value`, in TOML. Raises ExplorerError in one line."""
    try:
        if text.lstrip().startswith(("[", "{")):
            return tomllib.loads(f"value = {text.strip()}")["value"]
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0]
        raise ExplorerError(f"{name} is {quote_value(text.strip())}: is not TOML ({reason})") from None
