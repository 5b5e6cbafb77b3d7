"""The distributions of the workload file: one value, quantiles, or samples."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from explorer.errors import ExplorerError
from explorer.facts.extras import require
from explorer.facts.units import quote_value

from . import distribution
from .field_record import Section
from .kinds import LARGEST_SIZE, SIZE, Kind, field_error, file_exists

DISTRIBUTION_ALIAS = "(distribution)"  # not a name that a file can contain
QUANTILE = re.compile(r"p(\d{1,2})(?:[._](\d+))?")


class Spread(Section):
    """A distribution: one value, quantiles p1 to p99.9 and max, or samples."""

    spread: distribution.Distribution = Field(exclude=True, validation_alias=DISTRIBUTION_ALIAS)
    kind: ClassVar[Kind] = SIZE  # kind of each value
    if_unstated: ClassVar[str | None] = None  # the one value of a table without any; None: it needs one

    @classmethod
    def parse(cls, text: object) -> float:
        """A value of the distribution in its base unit."""
        assert cls.kind.parse is not None
        result: float = cls.kind.parse(text)
        return result

    @classmethod
    def most(cls) -> float:
        """The largest accepted value; larger ones are probably mistakes."""
        return cls.kind.most

    @model_validator(mode="before")
    @classmethod
    def _gather_distribution(cls, content: Any, info: ValidationInfo) -> Any:
        """The stated value, quantiles or samples as one distribution; other fields unchanged."""
        if isinstance(content, cls):
            return content
        fields = dict(content) if isinstance(content, Mapping) else {"value": content}
        points, rest = _quantile_fields(fields)
        maximum, value = rest.pop("max", None), rest.pop("value", None)
        samples, column = rest.pop("samples", None), rest.pop("column", None)
        if column is not None and samples is None:
            rest["column"] = column
        if not rest.keys() <= cls.model_fields.keys() - {"spread"}:
            return rest  # contains a field that will be rejected
        if sum((bool(points) or maximum is not None, value is not None, samples is not None)) > 1:
            raise field_error("has several of one value, quantiles and samples: expected one of them")
        if not (points or maximum is not None or value is not None or samples is not None):
            value = cls.if_unstated
        try:
            if samples is not None:
                spread: Any = distribution.from_samples(_load_samples(samples, column, info))
            elif value is not None:
                spread = distribution.constant(cls._parse_value("", value))
            else:
                values = {p: cls._parse_value(f".{name}", text) for p, (name, text) in points.items()}
                most = None if maximum is None else cls._parse_value(".max", maximum)
                ends = [] if maximum is None else [("max", maximum, most)]
                _check_rising([(*points[p], values[p]) for p in sorted(points)] + ends)
                spread = distribution.from_quantiles(values, most, cls.most())
        except ExplorerError as error:
            text = str(error)
            raise field_error(
                "." + text if QUANTILE.match(text) or text.startswith("max") else text
            ) from None
        return {**rest, DISTRIBUTION_ALIAS: spread}

    @classmethod
    def _parse_value(cls, name: str, text: object) -> float:
        try:
            number = cls.parse(text)
        except ExplorerError as error:
            raise field_error(f"{name} {error}".strip()) from None
        if number > cls.most():
            limit = "50 TB" if cls.most() == LARGEST_SIZE else "366 days"
            raise field_error(f"{name} is {quote_value(text)}: expected at most {limit}".strip())
        return number


def states_distribution(content: Any) -> bool:
    """Whether the content of a table states its distribution, not only its other fields.

    >>> states_distribution({"binary": True}), states_distribution({"binary": True, "p50": "1 KB"})
    (False, True)
    """
    if not isinstance(content, Mapping):
        return True
    return any(QUANTILE.fullmatch(str(name)) or name in {"max", "value", "samples"} for name in content)


def _check_rising(points: list[tuple[str, Any, Any]]) -> None:
    """Raise unless the values of (name, text, value) are non-decreasing."""
    for (before, least, low), (name, text, value) in itertools.pairwise(points):
        if value < low:
            raise field_error(
                f".{name} is {quote_value(text)}: expected at least {before} = {quote_value(least)}"
            )


def _quantile_fields(
    fields: Mapping[str, Any],
) -> tuple[dict[float, tuple[str, Any]], dict[str, Any]]:
    """The quantiles among `fields` by probability, as (name, text), and the other fields."""
    points, rest = {}, {}
    for name, content in fields.items():
        match = QUANTILE.fullmatch(str(name))
        # TOML reads the bare key `p99.9 = "1 s"` as p99 = {9 = "1 s"}
        tenths = content if isinstance(content, Mapping) else {match[2] or "0" if match else "": content}
        if not match:
            rest[str(name)] = content
            continue
        for digits, text in tenths.items():
            if not str(digits).isdecimal() or not 1 <= float(f"{match[1]}.{digits}") <= 99.9:
                raise field_error(
                    f".{name} is {quote_value(content)}: expected a value for one of p1 to p99.9"
                )
            probability = float(f"{match[1]}.{digits}") / 100
            points[round(probability, 9)] = (name, text)
    return points, rest


def _load_samples(samples: Any, column: str | None, info: ValidationInfo) -> np.ndarray:
    """The samples, from the field or from a .parquet, .csv or .txt file next to the workload."""
    if not isinstance(samples, str):
        return _sample_numbers(samples)
    path = Path((info.context or {}).get("folder", "."), samples)
    if not file_exists(path):
        raise field_error(
            f".samples is {quote_value(samples)}: no such file; expected a .parquet, .csv or .txt file"
        )
    try:
        return _read_samples(path, column)
    except (ValueError, OSError, KeyError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise field_error(f".samples is {quote_value(samples)}: cannot be read ({reason})") from None


def _sample_numbers(samples: Any) -> np.ndarray:
    """Samples from the workload file or from Python: one row of numbers."""
    try:
        array = np.asarray(samples)
        if array.ndim == 1 and array.dtype.kind in "iuf":
            return array.astype(float)
    except (ValueError, TypeError, OverflowError):
        pass
    raise field_error(f".samples is {quote_value(samples)}: expected a list of numbers or a file")


def _starts_with_number(path: Path) -> bool:
    """Whether a file starts with a number and therefore has no header."""
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline().split(",")[0].strip()
    try:
        float(first)
    except ValueError:
        return False
    return True


def _read_samples(path: Path, column: str | None) -> np.ndarray:
    import pandas as pd

    if path.suffix.lower() == ".parquet":
        require("a workload with samples in Parquet", "pyarrow")
        frame = pd.read_parquet(path)
    elif path.suffix.lower() in {".csv", ".txt"}:
        frame = pd.read_csv(path, header=None if _starts_with_number(path) else "infer")
    else:
        raise ValueError("expected a .parquet, .csv or .txt file")
    numbers = frame[[column]] if column else frame.select_dtypes("number")
    if numbers.shape[1] != 1:
        raise ValueError(f"{numbers.shape[1]} columns of numbers: name one with column")
    return numbers.iloc[:, 0].dropna().to_numpy()
