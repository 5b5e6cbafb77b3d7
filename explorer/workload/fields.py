"""What a field of the workload file may hold, each read with one clear line for a mistake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from explorer.errors import ExplorerError
from explorer.facts.units import BYTES, parse_size, parse_time, shown

LARGEST_SIZE = 50 * 1024**4  # the largest object that S3 keeps is 48.8 TiB
LONGEST_TIME = 366 * 86400.0  # the longest that any AWS compute service lets one execution run
MB = BYTES["MB"]


def said(text: str) -> PydanticCustomError:
    """An error whose text goes on from the field's name: 'is "x": expected y' or '.p99 is ...'."""
    return PydanticCustomError("explorer", "{text}", {"text": text})


def reads(parse: Callable[[object], float], least: float, most: float, accepted: str) -> BeforeValidator:
    """A validator that reads with `parse` and holds the number between `least` and `most`."""

    def read(given: object) -> float:
        try:
            number = parse(given)
        except ExplorerError as error:
            raise said(str(error)) from None
        if not least <= number <= most:
            raise said(f"is {shown(given)}: expected {accepted}")
        return number

    return BeforeValidator(read)


def parse_number(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise ExplorerError(f"is {shown(given)}: expected a number")
    try:
        return float(given)
    except OverflowError:
        raise ExplorerError(f"is {shown(given)}: expected a number") from None


def parse_memory(given: object) -> float:
    """Megabytes; a bare number is megabytes already."""
    return parse_number(given) if not isinstance(given, str) else parse_size(given) / MB


def exists(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have has none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def number_between(least: float, most: float, accepted: str) -> BeforeValidator:
    return reads(parse_number, least, most, accepted)


Size = Annotated[float, reads(parse_size, 0, LARGEST_SIZE, "a size of at most 50 TB")]
Time = Annotated[float, reads(parse_time, 0, LONGEST_TIME, "a time of at most 366 days")]
Switch = Annotated[bool, Field(strict=True)]
Count = Annotated[float, number_between(0, 1e9, "a count of 0 or more")]


class Section(BaseModel):
    """A table of the workload file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
