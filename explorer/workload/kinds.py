"""Kinds of fields in the workload file: how values are parsed, checked and shown, and in which unit.

Each mistake gives one clear line. A kind knows no field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import PydanticCustomError

from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.suggestions import expected_id
from explorer.facts.units import (
    BYTES,
    format_bandwidth,
    format_number,
    format_percent,
    format_size,
    format_time,
    format_usd,
    parse_bandwidth,
    parse_size,
    parse_time,
    quote_value,
)

LARGEST_SIZE = 50 * 1024**4  # the largest object in S3 is 48.8 TiB
LONGEST_TIME = 366 * 86400.0  # the longest execution of any AWS compute service
MB = BYTES["MB"]
ANY = "any"  # for a size: the cheapest


def field_error(text: str) -> PydanticCustomError:
    """An error whose text continues the field's name: 'is "x": expected y' or '.p99 is ...'."""
    return PydanticCustomError("explorer", "{text}", {"text": text})


@dataclass(frozen=True, eq=False)
class Kind:
    """The accepted values of a field. Numbers are in the base unit: bytes, seconds, bytes/s, megabytes."""

    accepted: str  # in errors and in the documentation
    schema: str = "any"  # its definition in the JSON Schema
    parse: Callable[[object], Any] | None = None  # from the stated value; None: by its Python type
    least: float = -np.inf
    most: float = np.inf
    check: Callable[[Any], Any] | None = None  # for the parsed value; returns it, or raises
    options: Callable[[], tuple[str, ...]] | None = None  # known choices, where others are accepted too
    unit: str = ""  # for an axis of a sweep
    short: str = ""  # for a range, after a value
    show: Callable[[Any], str] = str  # for people
    plain: Callable[[Any], str] | None = None  # for an assumption; None: as `show`
    is_text: bool = False  # whether "5" and "yes" on the command line are text
    is_share: bool = False  # whether it is a share of a whole
    is_whole: bool = False  # whether it counts things
    levels: int = 0  # number of values on sale; 0: any value

    def read(self, content: object) -> Any:
        """The value of the stated content; raises PydanticCustomError with what is accepted."""
        if self.parse is None:
            return content
        try:
            value = self.parse(content)
        except ExplorerError as error:
            raise field_error(str(error)) from None
        if isinstance(value, float) and not self.least <= value <= self.most:
            raise field_error(f"is {quote_value(content)}: expected {self.accepted}")
        if self.is_whole and value != int(value):
            raise field_error(f"is {quote_value(content)}: expected {self.accepted}")
        return value

    def state(self, value: Any) -> str:
        """The value as text for an assumption."""
        return (self.plain or self.show)(value)


def parse_number(value: object) -> float:
    """The value as a float; raises ExplorerError if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ExplorerError(f"is {quote_value(value)}: expected a number")
    try:
        return float(value)
    except OverflowError:
        raise ExplorerError(f"is {quote_value(value)}: expected a number") from None


def parse_memory(value: object) -> float:
    """The value in megabytes; a bare number is taken as megabytes."""
    if not isinstance(value, str):
        return parse_number(value)
    try:
        result: float = parse_size(value) / MB
        return result
    except ExplorerError:
        raise ExplorerError(f'is {quote_value(value)}: expected a size such as "512 MB" or 512') from None


def parse_memory_or_any(value: object) -> float | str:
    """The value in megabytes, or "any", which means the cheapest."""
    try:
        return ANY if value == ANY else parse_memory(value)
    except ExplorerError as error:
        raise ExplorerError(f'{error}, or "{ANY}"') from None


def show_memory(memory: float | str) -> str:
    """Memory as text for people."""
    return ANY if memory == ANY else f"{memory:,.0f} MB"


def parse_switch(value: object) -> bool:
    """The value, if it is true or false; else raises ExplorerError."""
    if not isinstance(value, bool):
        raise ExplorerError(f"is {quote_value(value)}: expected true or false")
    return value


def file_exists(path: Path) -> bool:
    """Whether the file exists; false for an invalid name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def parse_date(value: object) -> str:
    """A day as "2026-11-30", from a TOML date or text."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else _refuse_date(value)
    except ValueError:
        return _refuse_date(value)


def _refuse_date(value: object) -> str:
    raise ExplorerError(f"is {quote_value(value)}: expected a day such as 2026-11-30")


def parse_names(value: object) -> object:
    """A single name as a tuple of one; anything else unchanged."""
    return (value,) if isinstance(value, str) else value


def check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each in one line."""
    return tuple(one_line(name) for name in names)


def one_line(name: str) -> str:
    """The name without characters that would disturb a terminal or a page."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "workload"


def check_region_field(region: str) -> str:
    """The region, if it is known; else raises the field's error."""
    try:
        catalogue.check_region(region)
    except ExplorerError as error:
        raise field_error(str(error).removeprefix("region ")) from None
    return region


def check_language_field(language: str) -> str:
    """The language, if cold starts are known for it; else raises the field's error."""
    try:
        catalogue.cold_start(language, "arm64", 128)
    except ExplorerError as error:
        raise field_error(str(error).removeprefix("language ")) from None
    return language


def check_time_ids(times: dict[str, Any]) -> dict[str, Any]:
    """The times, if each id is one of times.csv; else raises the field's error."""
    for time_id in times:
        try:
            catalogue.time(time_id)
        except ExplorerError as error:
            raise field_error(f'has "{time_id}": {str(error).split(": ", 1)[-1]}') from None
    return times


def parse_quotas(quotas: object) -> object:
    """Quotas by their full id: TOML reads the bare key `lambda.concurrency` as a table in a table."""
    if not isinstance(quotas, Mapping):
        return quotas
    flat: dict[str, object] = {}
    for name, value in quotas.items():
        if isinstance(value, str):
            raise ExplorerError(f'."{name}" is {quote_value(value)}: expected a number above 0')
        inner = parse_quotas(value)
        deeper = inner if isinstance(inner, dict) else None
        flat.update({f"{name}.{rest}": each for rest, each in deeper.items()} if deeper else {name: inner})
    return flat


def check_quotas(quotas: dict[str, float]) -> dict[str, float]:
    """Quotas in the unit of their limit; raises the field's error unless each limit can be raised."""
    raisable = {limit.id: limit.name for limit in catalogue.limits().values() if limit.raisable}
    for limit_id, value in quotas.items():
        if limit_id not in raisable:
            near = expected_id(limit_id, raisable)
            raise field_error(f'has "{limit_id}", which is no quota that can be raised: {near}')
        if not 0 < value < np.inf:
            raise field_error(f'."{limit_id}" is {quote_value(value)}: expected a number above 0')
    return quotas


SIZE = Kind("a size of at most 50 TB", "size", parse_size, 0, LARGEST_SIZE,
            unit="bytes", short="bytes", show=format_size)  # fmt: skip
TIME = Kind("a time of at most 366 days", "time", parse_time, 0, LONGEST_TIME,
            unit="seconds", short="s", show=format_time)  # fmt: skip
WAIT = replace(TIME, accepted="a time from 1 ms to 366 days", least=0.001)
BANDWIDTH = Kind('more than 0, such as "20 Mbit/s"', "bandwidth", parse_bandwidth, 1, 1e12,
                 unit="bytes/s", short="bytes/s", show=format_bandwidth)  # fmt: skip
MEMORY = Kind("128 MB to 120 GB", "memory", parse_memory, 128.0, 122_880.0, unit="MB", short="MB",
              show=show_memory, plain=lambda mb: f"{mb:g} MB", levels=16)  # fmt: skip
MEMORY_OR_ANY = replace(MEMORY, accepted='128 MB to 120 GB, or "any"', schema="memory_or_any",
                        parse=parse_memory_or_any,
                        plain=lambda memory: memory if memory == ANY else f"{memory:g} MB")  # fmt: skip
NUMBER = Kind("a number", "number", parse_number, show=format_number)
COUNT = replace(NUMBER, accepted="a whole number of 0 or more", least=0, most=1e9, is_whole=True)
SHARE = replace(NUMBER, accepted="a share", least=0.0, most=1.0, short="share", show=format_percent,
                plain=str, is_share=True)  # fmt: skip
USD = replace(NUMBER, accepted="0 USD a month or more", least=0, most=1e6, unit="USD/month",
              short="USD a part", show=format_usd, plain=format_number)  # fmt: skip
SWITCH = Kind("`true` or `false`", "switch", parse_switch, plain=lambda on: str(on).lower())
TEXT = Kind("text", "text", is_text=True)
NAME = replace(TEXT, check=one_line)
NAMES = replace(TEXT, parse=parse_names, show=", ".join, check=check_names)
DATE = Kind("a day such as 2026-11-30", "date", parse_date, is_text=True)
PARAGRAPH = replace(TEXT, check=lambda text: one_line(text) if text.strip() else "")
REGION = replace(TEXT, schema="region", check=check_region_field,
                 options=lambda: tuple(sorted(catalogue.regions())))  # fmt: skip
LANGUAGE = replace(TEXT, check=check_language_field, options=catalogue.languages)
WORD = Kind("text", "text")  # the id of an option, or a file name
CHOICE = Kind("one of some words", "choice")  # listed by its type
CHOICES = Kind("some of some words", "choice", show=", ".join, plain=lambda words: ", ".join(words) or "none")
TABLE = Kind("a table of fields", "table")  # a table with its own fields
SIZES = replace(SIZE, accepted="a size", schema="table", parse=None)  # a distribution, or a total
TIMES = replace(TIME, accepted="a time", schema="table", parse=None)
QUOTAS = Kind("a table of quotas", "table", parse_quotas, check=check_quotas)
TABLE_OF_TIMES = Kind("a table of times", "table", check=check_time_ids)
