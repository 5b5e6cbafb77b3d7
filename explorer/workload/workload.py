"""The workload, what an API has to serve, from TOML or Python."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args, get_origin

import numpy as np
from pydantic import BaseModel, PrivateAttr, ValidationError, model_validator

from explorer.errors import WorkloadError
from explorer.facts import locations
from explorer.facts.text_file import read_text
from explorer.facts.units import quote_value

from .distribution_field import QUANTILE, states_distribution
from .fields import SPREADS, Fields
from .kinds import field_error, file_exists
from .run_time import check_sizes
from .validation_errors import first_mistake

EXPECTED = "a workload in TOML"
EXACT = 2.0**53  # up to which every whole number is a float


def examples() -> dict[str, Path]:
    """The example workloads that come with the package: their files by name.

    Examples
    --------
    >>> sorted(ex.examples())[:3]
    ['access', 'chat', 'passwords']
    """
    return {path.stem: path for path in sorted(locations.workloads_dir().glob("*.toml"))}


class Workload(Fields):
    """What an API has to serve; sizes [B] and times [s] are distributions.

    The arguments are the fields of the workload file: `Workload(requests_per_month=3e6, response="2 MB",
    runtime={"p50": "1 s", "p99": "9 s"})`. Raises WorkloadError naming the field, the stated value and what
    is accepted.

    Examples
    --------
    >>> w = ex.Workload(requests_per_month=3e6, response="2 MB", runtime={"p50": "1 s", "p99": "9 s"})
    >>> float(w.response.spread.median)
    2097152.0
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
    def load(cls, path: str | Path, changes: Mapping[str, Any] | None = None) -> Workload:
        """The workload of a TOML file, or an example by its bare name, such as "statements".

        File names inside a workload are relative to its folder.

        Parameters
        ----------
        path
            A TOML file, or the bare name of an example.
        changes
            Changes of fields by dotted names, as for `replace`, applied before validation.

        Raises
        ------
        WorkloadError
            Naming the file, the field, the stated value and what is accepted.
        """
        if not isinstance(path, str | Path):
            raise WorkloadError(f"workload is {quote_value(path)}: expected the path of a TOML file")
        name, path = str(path), Path(path)
        is_bare = path.name == str(path) and not path.suffix
        if is_bare and not file_exists(path) and path.name in examples():
            path = examples()[path.name]
            name = path.name
        text = read_text(path, EXPECTED, WorkloadError, examples() if is_bare else ())
        return cls.from_toml(text, name, path.parent, changes)

    @classmethod
    def from_toml(
        cls,
        text: str,
        origin: str = "workload",
        folder: Path | str = ".",
        changes: Mapping[str, Any] | None = None,
    ) -> Workload:
        r"""The workload from a TOML text.

        Parameters
        ----------
        text
            The content of the workload file.
        origin
            The name in messages: the file as the user named it.
        folder
            The folder to which file names inside are relative.
        changes
            Changes of fields by dotted names, applied before validation.

        Raises
        ------
        WorkloadError
            Naming the origin, the field, the stated value and what is accepted.

        Examples
        --------
        >>> text = 'requests_per_month = 2_628_000\nresponse = "2 MB"\nruntime = "1 s"'
        >>> Workload.from_toml(text).mean_rps
        1.0
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            hint = '; for p99.9, write "p99.9" in quotes' if "overwrite" in str(error) else ""
            raise WorkloadError(f"{origin}: is not TOML: {error}{hint}") from None
        except (ValueError, RecursionError) as error:  # thousands of digits or brackets
            reason = str(error).splitlines()[0]
            raise WorkloadError(f"{origin}: cannot be read ({reason}); expected {EXPECTED}") from None
        return cls(origin, folder, **_with_changes({"name": Path(origin).stem, **content}, changes or {}))

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
        """The mean rate over the month [requests/s]."""
        return self.requests_per_month / (self.preferences.month_hours * 3600)

    @property
    def source(self) -> str:
        """The name of the file from which it was read, or "workload"."""
        return Path(self._source).name

    @property
    def origin(self) -> str:
        """The file from which it was read, as the user named it, or "workload"."""
        return self._source

    def field_value(self, path: str) -> object:
        """The value of a dotted field, for a distribution its table; None if it is not stated.

        >>> Workload(requests_per_month=1e6, response="1 KB", runtime="1 s").field_value("client.waits")
        30.0
        """
        value: object = self
        for part in path.split("."):
            value = getattr(value, part)
        return value

    def is_given(self, field: str) -> bool:
        """Whether a dotted field such as "client.waits" is stated, not left at its default.

        A distribution is stated by a value, quantiles or samples, not by the other fields of its table.

        >>> w = Workload(requests_per_month=1, response="1 KB", runtime="1 s", request={"binary": True})
        >>> w.is_given("request.binary"), w.is_given("request")
        (True, False)
        """
        inner: Any = self._content
        for part in field.split("."):
            if not isinstance(inner, Mapping) or part not in inner:
                return False
            inner = inner[part]
        return field not in SPREADS or states_distribution(inner)

    def replace(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> Workload:
        """A copy with other fields: `w.replace(region="eu-west-1")`, `w.replace({"client.waits": "5 s"})`.

        A distribution that is replaced by one value keeps its other fields.

        Parameters
        ----------
        changes
            Values by dotted name, for fields inside a table.
        **fields
            Values by name, for fields outside the tables.

        Raises
        ------
        WorkloadError
            Naming the field, the value and what is accepted.
        """
        content = _with_changes(copy.deepcopy(self._content), {**(changes or {}), **fields})
        return Workload(self._source, self._folder, **content)

    def scale_by(self, spread: str, factor: float) -> Workload:
        """A copy in which every stated value of a distribution is multiplied by `factor`.

        Parameters
        ----------
        spread
            "request", "response" or "runtime".
        factor
            What to multiply by, above 0.

        Examples
        --------
        >>> w = Workload(requests_per_month=1, response={"p50": "1 KB", "p99": "9 KB"}, runtime="1 s")
        >>> round(float(w.scale_by("response", 2).response.spread.quantile(0.99)) / 1024, 6)
        18.0
        """
        section = getattr(self, spread)
        content = self._content.get(spread, section.spread.median)
        fields = content if isinstance(content, Mapping) else {"value": content}
        if "samples" in fields:
            return self.replace({spread: {"samples": section.spread.values * factor}})
        values = {
            name: _scaled_value(section, value, factor)
            for name, value in fields.items()
            if QUANTILE.fullmatch(name) or name in {"max", "value"}
        }
        return self.replace({spread: values or float(section.spread.median) * factor})

    def without(self, *fields: str) -> Workload:
        """A copy in which these dotted fields are not stated.

        >>> w = Workload(requests_per_month=1, response="1 KB", runtime="1 s", client={"waits": "5 s"})
        >>> w.without("client.waits").client.waits
        30.0
        """
        content = copy.deepcopy(self._content)
        for field in fields:
            *path, last = _path(field)
            table: Any = content
            for part in path:
                table = table.get(part) if isinstance(table, Mapping) else None
            if isinstance(table, dict):
                table.pop(last, None)
        return Workload(self._source, self._folder, **content)

    def without_current(self) -> Workload:
        """A copy without today's design."""
        return self.without("current")

    def to_toml(self) -> str:
        """The workload as stated, as TOML."""
        import tomli_w

        return tomli_w.dumps(_toml_value(self._content))


def _with_changes(content: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the changes applied, in order."""
    for name, value in changes.items():
        *path, last = _path(name)
        table = content
        for part in path:
            inner = table.get(part, {})
            table[part] = dict(inner) if isinstance(inner, Mapping) else {"value": inner}
            table = table[part]
        table[last] = value if path else _merge_spread(table.get(last), value)
    return content


def _scaled_value(section: Any, value: Any, factor: float) -> Any:
    """A stated value times `factor`: TOML reads the bare key p99.9 as a table of tenths."""
    if isinstance(value, Mapping):
        return {tenths: _scaled_value(section, each, factor) for tenths, each in value.items()}
    return section.parse(value) * factor


def _path(name: str) -> list[str]:
    """The keys that lead to a field; in a table whose keys are ids, such as `times`, an id is one key.

    >>> _path("client.waits"), _path("times.s3.get.p50")
    (['client', 'waits'], ['times', 's3.get', 'p50'])
    """
    table, *rest = (part.strip().strip("\"'") for part in name.split("."))
    annotation = Fields.model_fields[table].annotation if table in Fields.model_fields else None
    if get_origin(annotation) is not dict or not rest:
        return [table, *rest]
    inner = get_args(annotation)[1]
    if isinstance(inner, type) and issubclass(inner, BaseModel) and len(rest) > 1:
        return [table, ".".join(rest[:-1]), rest[-1]]
    return [table, ".".join(rest)]


def _merge_spread(old: Any, new: Any) -> Any:
    """`new`, plus the fields of `old` that do not state the distribution itself."""
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
    """`value` with NumPy's numbers and tuples converted for TOML; a whole number has no decimal point."""
    if isinstance(value, Mapping):
        return {key: _toml_value(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, np.ndarray | list | tuple):
        return [_toml_value(inner) for inner in value]
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < EXACT else value
