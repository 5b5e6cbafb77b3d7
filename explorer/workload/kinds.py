"""What a field of the workload file may hold: how it is read, checked and shown, and in which unit.

Each mistake is one clear line. A kind knows no field.
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

LARGEST_SIZE = 50 * 1024**4  # the largest object that S3 keeps is 48.8 TiB
LONGEST_TIME = 366 * 86400.0  # the longest that any AWS compute service lets one execution run
MB = BYTES["MB"]
ANY = "any"  # of a size: what costs least


def field_error(text: str) -> PydanticCustomError:
    """An error whose text goes on from the field's name: 'is "x": expected y' or '.p99 is ...'."""
    return PydanticCustomError("explorer", "{text}", {"text": text})


@dataclass(frozen=True, eq=False)
class Kind:
    """What a field may hold. Numbers are in the base unit: bytes, seconds, bytes a second, megabytes."""

    accepted: str  # in an error, and in the documentation
    schema: str = "any"  # the definition in the JSON Schema that it follows
    parse: Callable[[object], Any] | None = None  # from what is given; None: as Python types it
    least: float = -np.inf
    most: float = np.inf
    check: Callable[[Any], Any] | None = None  # of what was read; gives it back, or raises
    options: Callable[[], tuple[str, ...]] | None = None  # what can be chosen, where no type lists it
    unit: str = ""  # of an axis of a sweep
    short: str = ""  # of a range, beside a value
    show: Callable[[Any], str] = str  # for people
    plain: Callable[[Any], str] | None = None  # as an assumption states it; None: as `show`
    is_text: bool = False  # whether "5" and "yes" on the command line are text
    is_share: bool = False  # whether it is a part of a whole
    is_whole: bool = False  # whether it counts things
    levels: int = 0  # in how many values it is sold; 0: in any

    def read(self, content: object) -> Any:
        """The value of what is given. Raises PydanticCustomError with what is accepted."""
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
        """The value, as an assumption states it."""
        return (self.plain or self.show)(value)


def parse_number(value: object) -> float:
    """The value as a float; `ExplorerError` if it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ExplorerError(f"is {quote_value(value)}: expected a number")
    try:
        return float(value)
    except OverflowError:
        raise ExplorerError(f"is {quote_value(value)}: expected a number") from None


def parse_memory(value: object) -> float:
    """Megabytes; a bare number is megabytes already."""
    if not isinstance(value, str):
        return parse_number(value)
    try:
        result: float = parse_size(value) / MB
        return result
    except ExplorerError:
        raise ExplorerError(f'is {quote_value(value)}: expected a size such as "512 MB" or 512') from None


def parse_memory_or_any(value: object) -> float | str:
    """Megabytes, or the word for whatever costs least."""
    try:
        return ANY if value == ANY else parse_memory(value)
    except ExplorerError as error:
        raise ExplorerError(f'{error}, or "{ANY}"') from None


def show_memory(memory: float | str) -> str:
    """Memory as people write it."""
    return ANY if memory == ANY else f"{memory:,.0f} MB"


def parse_switch(value: object) -> bool:
    """The value, if it is true or false; else `ExplorerError`."""
    if not isinstance(value, bool):
        raise ExplorerError(f"is {quote_value(value)}: expected true or false")
    return value


def file_exists(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have has none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def parse_date(value: object) -> str:
    """A day as "2026-11-30": a date of TOML, or text that is one."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else _refuse_date(value)
    except ValueError:
        return _refuse_date(value)


def _refuse_date(value: object) -> str:
    raise ExplorerError(f"is {quote_value(value)}: expected a day such as 2026-11-30")


def parse_names(value: object) -> object:
    """One name is a list of one."""
    return (value,) if isinstance(value, str) else value


def check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each in one line."""
    return tuple(one_line(name) for name in names)


def one_line(name: str) -> str:
    """The name without what would move a terminal or a page about."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "workload"


def check_region_field(region: str) -> str:
    """The region, if it is known; else the field's error."""
    try:
        catalogue.check_region(region)
    except ExplorerError as error:
        raise field_error(str(error).removeprefix("region ")) from None
    return region


def check_language_field(language: str) -> str:
    """The language, if cold starts are known for it; else the field's error."""
    try:
        catalogue.cold_start(language, "arm64", 128)
    except ExplorerError as error:
        raise field_error(f'is "{language}": {str(error).split(": ", 1)[-1]}') from None
    return language


def check_time_ids(times: dict[str, Any]) -> dict[str, Any]:
    """The times, if each id is one of latency.csv; else the field's error."""
    for time_id in times:
        try:
            catalogue.time(time_id)
        except ExplorerError as error:
            raise field_error(f'has "{time_id}": {str(error).split(": ", 1)[-1]}') from None
    return times


def parse_quotas(quotas: object) -> object:
    """Quotas by the whole id: TOML takes the bare key `lambda.concurrency` for a table in a table."""
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
    """Quotas in the unit of their limit, each of a limit that can be raised."""
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
LANGUAGE = replace(TEXT, check=check_language_field)
WORD = Kind("text", "text")  # an option's id, or a file
CHOICE = Kind("one of some words", "choice")  # its type lists them
CHOICES = Kind("some of some words", "choice", show=", ".join, plain=lambda words: ", ".join(words) or "none")
TABLE = Kind("a table of fields", "table")  # of fields of its own
SIZES = replace(SIZE, accepted="a size", schema="table", parse=None)  # a distribution, or a total
TIMES = replace(TIME, accepted="a time", schema="table", parse=None)
QUOTAS = Kind("a table of quotas", "table", parse_quotas, check=check_quotas)
TABLE_OF_TIMES = Kind("a table of times", "table", check=check_time_ids)
