"""The configuration that the work reads: counted from its totals, or from a dotenv file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import ValidationInfo, model_validator

from explorer.facts import catalogue
from explorer.facts.encoding import environment_size
from explorer.facts.units import Number, shown

from .fields import Count, Section, Size, Switch, exists, said


class Configuration(Section):
    """What the work reads at its start; names and values are counted, never stored."""

    total: Size = 0.0
    entries: Count | None = None
    largest: Size | None = None
    secrets: Count = 0
    rotation: Switch = False
    changes_without_deploy: Switch = False
    dotenv: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _count(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, str | int | float) and not isinstance(given, bool):
            given = {"total": given}
        if isinstance(given, Mapping) and isinstance(given.get("dotenv"), str):
            doubled = next((name for name in ("total", "entries", "largest") if name in given), None)
            if doubled:
                raise said(f".{doubled} is given beside dotenv: expected one of them")
            return {**given, **_counted(given["dotenv"], info)}
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        entries = self.entry_count
        if self.total > 0 and entries < 1:
            raise said(f".entries is {entries:g}: expected 1 or more with a total of {self.total:g} bytes")
        if self.secrets > entries:
            raise said(f".secrets is {self.secrets:g}: expected at most entries = {entries:g}")
        if self.largest is not None and self.largest > self.total:
            raise said(f".largest is {self.largest:g} bytes: expected at most total = {self.total:g}")
        return self

    @property
    def entry_count(self) -> float:
        """The entries, or as many of the assumed size as the total holds."""
        if self.entries is not None:
            return self.entries
        return float(self.entries_of(self.total))

    def entries_of(self, total: Number) -> Number:
        """As many entries as a total [B] holds at the assumed size, and no fewer than the secrets."""
        each = catalogue.constant("configuration.entry_bytes").value
        return np.maximum(np.ceil(total / each), self.secrets)


def _counted(dotenv: str, info: ValidationInfo) -> dict[str, float]:
    """Sizes of the variables in a dotenv file: their bytes, their number, the largest value."""
    path = Path((info.context or {}).get("folder", "."), dotenv)
    if not exists(path):
        raise said(f".dotenv is {shown(dotenv)}: no such file; expected a file of NAME=value lines")
    try:
        variables = dict(_variables(path, dotenv))
    except (OSError, UnicodeDecodeError):
        raise said(
            f".dotenv is {shown(dotenv)}: cannot be read; expected a file of NAME=value lines"
        ) from None
    count = len(variables)
    if not count:
        raise said(f'.dotenv is "{dotenv}": no NAME=value line in it')
    largest = max(len(value.encode("utf-8", "surrogatepass")) for value in variables.values())
    return {
        "total": environment_size(variables) - 6 * count - 1,
        "entries": count,
        "largest": largest,
    }


def _variables(path: Path, dotenv: str) -> Iterator[tuple[str, str]]:
    """The names and values of a dotenv file; a line that has none is refused, and not shown."""
    from dotenv.parser import parse_stream

    with path.open(encoding="utf-8-sig") as file:
        for binding in parse_stream(file):
            if binding.error:
                line = binding.original.line
                raise said(f".dotenv is {shown(dotenv)}: line {line} is not NAME=value")
            if binding.key is not None:
                yield binding.key, binding.value or ""
