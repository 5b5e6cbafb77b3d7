"""What an API has to carry, from TOML or Python."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import PrivateAttr, ValidationError, model_validator

from explorer.errors import WorkloadError
from explorer.facts import locations
from explorer.facts.units import quote_value

from .distribution_field import QUANTILE
from .fields import Fields
from .kinds import field_error, file_exists
from .run_time import check_sizes
from .validation_errors import first_mistake


def examples() -> dict[str, Path]:
    """The example workloads that come with the package: their files by name."""
    return {path.stem: path for path in sorted(locations.workloads_dir().glob("*.toml"))}


class Workload(Fields):
    """What an API has to carry. Sizes [B] and times [s] are distributions.

    Give the fields of the workload file: `Workload(requests_per_month=3e6, response="2 MB",
    runtime={"p50": "1 s", "p99": "9 s"})`. Raises WorkloadError naming the field, the value given
    and what is accepted.
    """

    _content: dict[str, Any] = PrivateAttr(default_factory=dict)
    _source: str = PrivateAttr(default="workload")
    _folder: Path = PrivateAttr(default=Path())

    def __init__(self, _source: str = "workload", _folder: Path | str = ".", /, **fields: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(
                fields, self_instance=self, context={"folder": Path(_folder)}
            )
        except ValidationError as error:
            raise WorkloadError(f"{_source}: {first_mistake(error, type(self))}") from None
        self._content, self._source, self._folder = copy.deepcopy(fields), _source, Path(_folder)

    @classmethod
    def load(cls, path: str | Path) -> Workload:
        """The workload of a TOML file, or an example by its bare name, such as "statements".

        File names inside a workload are relative to its folder.
        """
        if not isinstance(path, str | Path):
            raise WorkloadError(f"workload is {quote_value(path)}: expected the path of a TOML file")
        path = Path(path)
        if path.name == str(path) and not path.suffix and not file_exists(path):
            path = examples().get(path.name, path)
        try:
            fields = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise WorkloadError(f"{path}: no such file; expected a workload in TOML") from None
        except tomllib.TOMLDecodeError as error:
            hint = '; for p99.9, write "p99.9" in quotes' if "overwrite" in str(error) else ""
            raise WorkloadError(f"{path}: is not TOML: {error}{hint}") from None
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise WorkloadError(f"{path}: cannot be read ({reason}); expected a workload in TOML") from None
        return cls(path.name, path.parent, **{"name": path.stem, **fields})

    @model_validator(mode="after")
    def _check_peak_rate(self) -> Self:
        if self.peak_rps is not None and self.peak_rps < self.mean_rps * (1 - 1e-9):
            raise field_error(
                f"peak_rps is {self.peak_rps:g}: expected at least the mean rate of {self.mean_rps:.3g}"
                " (requests_per_month / month_hours)"
            )
        check_sizes(self.runtime)
        return self

    @property
    def mean_rps(self) -> float:
        """Requests a second, on average over the month."""
        return self.requests_per_month / (self.preferences.month_hours * 3600)

    @property
    def source(self) -> str:
        """The file that it was read from, or "workload"."""
        return self._source

    def is_given(self, field: str) -> bool:
        """Whether a dotted field such as "client.waits" was given, not left to its default."""
        inner: Any = self._content
        for part in field.split("."):
            if not isinstance(inner, Mapping) or part not in inner:
                return False
            inner = inner[part]
        return True

    def replace(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> Workload:
        """A copy with other fields: `w.replace(region="eu-west-1")`, `w.replace({"client.waits": "5 s"})`.

        A spread that is replaced by one value keeps its other fields.
        """
        content = copy.deepcopy(self._content)
        for name, value in {**(changes or {}), **fields}.items():
            *path, last = name.split(".")
            table = content
            for part in path:
                inner = table.get(part, {})
                table[part] = dict(inner) if isinstance(inner, Mapping) else {"value": inner}
                table = table[part]
            table[last] = value if path else _merge_spread(table.get(last), value)
        return Workload(self._source, self._folder, **content)

    def without_current(self) -> Workload:
        """A copy that does not say what runs today."""
        content = {name: value for name, value in self._content.items() if name != "current"}
        return Workload(self._source, self._folder, **content)

    def to_toml(self) -> str:
        """The workload as it was given, as TOML."""
        import tomli_w

        return tomli_w.dumps(_toml_value(self._content))


def _merge_spread(old: Any, new: Any) -> Any:
    """`new`, with those fields of `old` that do not give the spread itself."""
    if not isinstance(old, Mapping) or (isinstance(new, Mapping) and not old):
        return new
    rest = {
        name: value
        for name, value in old.items()
        if not QUANTILE.fullmatch(name)
        and name not in {"max", "value", "samples", "column", "total", "dotenv"}
    }
    if isinstance(new, Mapping):
        return {**rest, **new}
    return {**rest, "total" if "total" in old else "value": new}


def _toml_value(value: Any) -> Any:
    """`value` with NumPy's numbers and tuples as TOML has them."""
    if isinstance(value, Mapping):
        return {key: _toml_value(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, np.ndarray | list | tuple):
        return [_toml_value(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value
