"""What an API has to carry, from TOML or Python."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from explorer.errors import ExplorerError, WorkloadError
from explorer.facts import catalogue, locations
from explorer.facts.units import parse_bandwidth, parse_time, shown

from .configuration import Configuration
from .distribution_field import QUANTILE, Spread
from .fields import (
    LONGEST_TIME,
    Section,
    Size,
    Switch,
    Time,
    exists,
    number_between,
    parse_memory,
    reads,
    said,
)
from .validation_errors import mistake

Need = Literal["custom-domain", "waf", "throttling", "usage-plans", "private"]
NEEDS: tuple[str, ...] = get_args(Need)
BANDWIDTH = 'more than 0, such as "20 Mbit/s"'


class Request(Spread):
    """Bytes as the client sends them, before any encoding."""

    binary: Switch = False


class Response(Spread):
    """Bytes as the client wants them, before any encoding."""

    binary: Switch = False
    compression: Annotated[float, number_between(0.001, 1, "compressed size / size, from 0.001 to 1")] = 1.0
    divisible: Switch = False
    kept: Time = 86400.0


class Timing(Spread):
    """Seconds that something takes."""

    @classmethod
    def parse(cls, text: object) -> float:
        return parse_time(text)

    @classmethod
    def most(cls) -> float:
        return LONGEST_TIME


class Runtime(Timing):
    """Seconds of the work itself, warm."""

    memory: Annotated[float, reads(parse_memory, 128, 122880, "128 MB to 120 GB")] = 1769.0
    architecture: Literal["arm64", "x86_64"] = "arm64"
    language: str = "python3.13"
    divisible: Switch = False
    steps: Annotated[float, number_between(1, 1e6, "a count of 1 or more")] | None = None
    state: Size = 0.0
    init: Timing | None = None  # a cold start as measured; omitted: that of an empty function
    network: Annotated[float, reads(parse_bandwidth, 1, 1e12, BANDWIDTH)] | None = None  # to and from S3

    @field_validator("language")
    @classmethod
    def _known(cls, language: str) -> str:
        try:
            catalogue.cold_start(language, "arm64", 128)
        except ExplorerError as error:
            raise said(f'is "{language}": {str(error).split(": ", 1)[-1]}') from None
        return language


class Client(Section):
    """What the callers can do."""

    waits: Time = 30.0
    polls: Switch = True
    uploads: Switch = True
    receives_callbacks: Switch = False
    bandwidth: Annotated[float, reads(parse_bandwidth, 1, 1e12, BANDWIDTH)] = 2.5e6
    auth: Literal["none", "iam", "jwt"] | None = None
    needs: tuple[Need, ...] = ()


class Targets(Section):
    """What is promised to the callers."""

    success: Annotated[float, number_between(0.5, 1, "a share from 0.5 to 1, such as 0.999")] = 0.999
    latency_p95: Time | None = None


class Preferences(Section):
    """How money is counted, and what one more moving part is worth avoiding."""

    part_usd: Annotated[float, number_between(0, 1e6, "0 USD a month or more")] = 10.0
    free_tier: Switch = False
    month_hours: Annotated[float, number_between(672, 744, "672 to 744 hours")] = 730.0
    discount: Annotated[float, number_between(0, 0.99, "a share from 0 to 0.99")] = 0.0


class Current(Section):
    """What runs today; concerns left out are filled by the best."""

    door: str | None = None
    request: str | None = None
    response: str | None = None
    execution: str | None = None
    configuration: str | None = None


def examples() -> dict[str, Path]:
    """The example workloads that come with the package: their files by name."""
    return {path.stem: path for path in sorted(locations.workloads_dir().glob("*.toml"))}


class Workload(Section):
    """What an API has to carry. Sizes [B] and times [s] are distributions.

    Give the fields of the workload file: `Workload(requests_per_month=3e6, response="2 MB",
    runtime={"p50": "1 s", "p99": "9 s"})`. Raises WorkloadError naming the field, the value given
    and what is accepted.
    """

    name: str = "workload"
    region: str = "us-east-1"
    requests_per_month: Annotated[float, number_between(1, 1e13, "1 request a month or more")]
    peak_rps: Annotated[float, number_between(1e-9, 1e8, "more than 0 requests a second")] | None = None
    request: Request = Field(default_factory=lambda: Request.model_validate("1 KB"))
    response: Response
    runtime: Runtime
    configuration: Configuration = Field(default_factory=Configuration)
    client: Client = Field(default_factory=Client)
    targets: Targets = Field(default_factory=Targets)
    preferences: Preferences = Field(default_factory=Preferences)
    current: Current | None = None
    times: dict[str, Timing] = Field(default_factory=dict)  # as measured, in place of those assumed

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)
    _source: str = PrivateAttr(default="workload")
    _folder: Path = PrivateAttr(default=Path())

    def __init__(self, _source: str = "workload", _folder: Path | str = ".", /, **given: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(
                given, self_instance=self, context={"folder": Path(_folder)}
            )
        except ValidationError as error:
            raise WorkloadError(f"{_source}: {mistake(error, type(self))}") from None
        self._given, self._source, self._folder = copy.deepcopy(given), _source, Path(_folder)

    @classmethod
    def load(cls, path: str | Path) -> Workload:
        """The workload of a TOML file, or an example by its bare name, such as "statements".

        File names inside a workload are relative to its folder.
        """
        if not isinstance(path, str | Path):
            raise WorkloadError(f"workload is {shown(path)}: expected the path of a TOML file")
        path = Path(path)
        if path.name == str(path) and not path.suffix and not exists(path):
            path = examples().get(path.name, path)
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise WorkloadError(f"{path}: no such file; expected a workload in TOML") from None
        except tomllib.TOMLDecodeError as error:
            hint = '; for p99.9, write "p99.9" in quotes' if "overwrite" in str(error) else ""
            raise WorkloadError(f"{path}: is not TOML: {error}{hint}") from None
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise WorkloadError(f"{path}: cannot be read ({reason}); expected a workload in TOML") from None
        return cls(path.name, path.parent, **{"name": path.stem, **given})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.peak_rps is not None and self.peak_rps < self.mean_rps * (1 - 1e-9):
            raise said(
                f"peak_rps is {self.peak_rps:g}: expected at least the mean rate of {self.mean_rps:.3g}"
                " (requests_per_month / month_hours)"
            )
        return self

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        """The name without what would move a terminal or a page about."""
        return " ".join("".join(c if c.isprintable() else " " for c in name).split()) or "workload"

    @field_validator("region")
    @classmethod
    def _priced(cls, region: str) -> str:
        if region not in catalogue.regions():
            raise said(f'is "{region}": expected one of {", ".join(catalogue.regions())}')
        return region

    @field_validator("times")
    @classmethod
    def _timed(cls, times: dict[str, Timing]) -> dict[str, Timing]:
        for time_id in times:
            try:
                catalogue.time(time_id)
            except ExplorerError as error:
                raise said(f'has "{time_id}": {str(error).split(": ", 1)[-1]}') from None
        return times

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
        found: Any = self._given
        for part in field.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return False
            found = found[part]
        return True

    def replace(self, changes: Mapping[str, Any] | None = None, **fields: Any) -> Workload:
        """A copy with other fields: `w.replace(region="eu-west-1")`, `w.replace({"client.waits": "5 s"})`.

        A spread that is replaced by one value keeps its other fields.
        """
        given = copy.deepcopy(self._given)
        for name, value in {**(changes or {}), **fields}.items():
            *path, last = name.split(".")
            table = given
            for part in path:
                inner = table.get(part, {})
                table[part] = dict(inner) if isinstance(inner, Mapping) else {"value": inner}
                table = table[part]
            table[last] = value if path else _kept(table.get(last), value)
        return Workload(self._source, self._folder, **given)

    def without_current(self) -> Workload:
        """A copy that does not say what runs today."""
        given = {name: value for name, value in self._given.items() if name != "current"}
        return Workload(self._source, self._folder, **given)

    def to_toml(self) -> str:
        """The workload as it was given, as TOML."""
        import tomli_w

        return tomli_w.dumps(_plain(self._given))


def _kept(old: Any, new: Any) -> Any:
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


def _plain(value: Any) -> Any:
    """`value` with NumPy's numbers and tuples as TOML has them."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value
