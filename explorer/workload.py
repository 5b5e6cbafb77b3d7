"""What an API has to carry: read from TOML or Python, checked, with one clear line for a mistake."""

from __future__ import annotations

import copy
import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from . import distribution, facts
from .encoding import environment_size
from .errors import ExplorerError, WorkloadError
from .units import BYTES, parse_bandwidth, parse_size, parse_time

LARGEST_SIZE = 50 * 1024**4  # the largest object that S3 keeps is 48.8 TiB
LONGEST_TIME = 366 * 86400.0  # the longest that any AWS compute service lets one execution run
QUANTILE = re.compile(r"p(\d{1,2})(?:[._](\d+))?")
NEEDS = ("custom-domain", "waf", "throttling", "usage-plans", "private")
CONCERNS = ("door", "request", "response", "execution", "configuration")
MB = BYTES["MB"]


def _said(text: str) -> PydanticCustomError:
    """An error whose text goes on from the field's name: 'is "x": expected y' or '.p99 is ...'."""
    return PydanticCustomError("explorer", "{text}", {"text": text})


def _reads(parse: Callable[[object], float], least: float, most: float, accepted: str) -> BeforeValidator:
    """A validator that reads with `parse` and holds the number between `least` and `most`."""

    def read(given: object) -> float:
        try:
            number = parse(given)
        except ExplorerError as error:
            raise _said(str(error)) from None
        if not least <= number <= most:
            raise _said(f"is {_shown(given)}: expected {accepted}")
        return number

    return BeforeValidator(read)


def _shown(given: object) -> str:
    text = f'"{given}"' if isinstance(given, str) else str(given).lower() if isinstance(given, bool) else repr(given)
    return text if len(text) < 60 else text[:57] + "..."


def _number(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise ExplorerError(f"is {_shown(given)}: expected a number")
    return float(given)


def _memory(given: object) -> float:
    """Megabytes; a bare number is megabytes already."""
    return _number(given) if not isinstance(given, str) else parse_size(given) / MB


def _number_between(least: float, most: float, accepted: str) -> BeforeValidator:
    return _reads(_number, least, most, accepted)


Size = Annotated[float, _reads(parse_size, 0, LARGEST_SIZE, "a size of at most 50 TB")]
Time = Annotated[float, _reads(parse_time, 0, LONGEST_TIME, "a time of at most 366 days")]
Count = Annotated[float, _number_between(0, 1e9, "a count of 0 or more")]


class Section(BaseModel):
    """A table of the workload file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Spread(Section):
    """A distribution: one value, quantiles p1 to p99.9 and max, or samples."""

    spread: distribution.Distribution = Field(exclude=True)

    @classmethod
    def parse(cls, text: object) -> float:
        """A value of this spread in its base unit."""
        return parse_size(text)

    @classmethod
    def most(cls) -> float:
        """The largest value that is not taken for a slip."""
        return LARGEST_SIZE

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, given: Any, info: ValidationInfo) -> Any:
        """The given value, quantiles or samples as one distribution; other fields as they are."""
        if isinstance(given, cls):
            return given
        fields = dict(given) if isinstance(given, Mapping) else {"value": given}
        points, rest = _quantile_fields(fields)
        maximum, value = rest.pop("max", None), rest.pop("value", None)
        samples, column = rest.pop("samples", None), rest.pop("column", None)
        if sum((bool(points) or maximum is not None, value is not None, samples is not None)) > 1:
            raise _said("has several of one value, quantiles and samples: expected one of them")
        try:
            if samples is not None:
                spread: Any = distribution.from_samples(_sampled(samples, column, info))
            elif value is not None:
                spread = distribution.constant(cls._value("", value))
            else:
                read = {p: cls._value(f".{name}", text) for p, (name, text) in points.items()}
                spread = distribution.from_quantiles(
                    read, None if maximum is None else cls._value(".max", maximum)
                )
        except ExplorerError as error:
            text = str(error)
            raise _said(text if text[0] == "." else "." + text if text[0] in "pm" else text) from None
        return {**rest, "spread": spread}

    @classmethod
    def _value(cls, name: str, given: object) -> float:
        try:
            number = cls.parse(given)
        except ExplorerError as error:
            raise _said(f"{name} {error}") from None
        if number > cls.most():
            limit = "50 TB" if cls.most() == LARGEST_SIZE else "366 days"
            raise _said(f"{name} is {_shown(given)}: expected at most {limit}")
        return number


def _quantile_fields(fields: Mapping[str, Any]) -> tuple[dict[float, tuple[str, Any]], dict[str, Any]]:
    """The quantiles among `fields` by probability, as (name, text), and the other fields."""
    points, rest = {}, {}
    for name, given in fields.items():
        match = QUANTILE.fullmatch(name)
        # TOML reads the bare key `p99.9 = "1 s"` as p99 = {9 = "1 s"}
        tenths = given if isinstance(given, Mapping) else {match[2] or "0" if match else "": given}
        if not match:
            rest[name] = given
            continue
        for digits, text in tenths.items():
            probability = float(f"{match[1]}.{digits}") / 100
            if not 0 < probability < 1:
                raise _said(f".{name} is not a quantile: expected p1 to p99.9, or max")
            points[round(probability, 9)] = (name, text)
    return points, rest


def _sampled(samples: Any, column: str | None, info: ValidationInfo) -> np.ndarray:
    """The samples themselves, or those of a .parquet, .csv or .txt file beside the workload."""
    if not isinstance(samples, str):
        return np.asarray(samples, dtype=float)
    path = Path((info.context or {}).get("folder", "."), samples)
    if not path.is_file():
        raise _said(f'.samples is "{samples}": no such file; expected a .parquet, .csv or .txt file')
    try:
        return _read_samples(path, column)
    except (ValueError, OSError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise _said(f'.samples is "{samples}": cannot be read ({reason})') from None


def _read_samples(path: Path, column: str | None) -> np.ndarray:
    import pandas as pd

    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    elif path.suffix in {".csv", ".txt"}:
        frame = pd.read_csv(path, header="infer" if path.suffix == ".csv" else None)
    else:
        raise ValueError("expected a .parquet, .csv or .txt file")
    numbers = frame[[column]] if column else frame.select_dtypes("number")
    if numbers.shape[1] != 1:
        raise ValueError(f"{numbers.shape[1]} columns of numbers: name one with column")
    return numbers.iloc[:, 0].dropna().to_numpy()


class Request(Spread):
    """Bytes as the client sends them, before any encoding."""

    binary: bool = False


class Response(Spread):
    """Bytes as the client wants them, before any encoding."""

    binary: bool = False
    compression: Annotated[float, _number_between(0.001, 1, "compressed size / size, from 0.001 to 1")] = 1.0
    divisible: bool = False
    kept: Time = 86400.0


class Runtime(Spread):
    """Seconds of the work itself, warm."""

    memory: Annotated[float, _reads(_memory, 128, 122880, "128 MB to 120 GB")] = 1769.0
    architecture: Literal["arm64", "x86_64"] = "arm64"
    language: str = "python3.13"
    divisible: bool = False
    steps: Annotated[float, _number_between(1, 1e6, "a count of 1 or more")] | None = None
    state: Size = 0.0

    @classmethod
    def parse(cls, text: object) -> float:
        return parse_time(text)

    @classmethod
    def most(cls) -> float:
        return LONGEST_TIME

    @field_validator("language")
    @classmethod
    def _known(cls, language: str) -> str:
        try:
            facts.cold_start(language, "arm64", 128)
        except ExplorerError as error:
            raise _said(f'is "{language}": {str(error).split(": ", 1)[-1]}') from None
        return language


class Configuration(Section):
    """What the work reads at its start; names and values are counted, never stored."""

    total: Size = 0.0
    entries: Count | None = None
    largest: Size | None = None
    secrets: Count = 0
    rotation: bool = False
    changes_without_deploy: bool = False
    dotenv: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _count(cls, given: Any, info: ValidationInfo) -> Any:
        if isinstance(given, str | int | float) and not isinstance(given, bool):
            given = {"total": given}
        if isinstance(given, Mapping) and isinstance(given.get("dotenv"), str):
            doubled = next((name for name in ("total", "entries", "largest") if name in given), None)
            if doubled:
                raise _said(f".{doubled} is given beside dotenv: expected one of them")
            return {**given, **_counted(given["dotenv"], info)}
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        entries = self.entry_count
        if self.secrets > entries:
            raise _said(f".secrets is {self.secrets:g}: expected at most entries = {entries:g}")
        if self.largest is not None and self.largest > self.total:
            raise _said(f".largest is {self.largest:g} bytes: expected at most total = {self.total:g}")
        return self

    @property
    def entry_count(self) -> float:
        """The entries, or as many of the assumed size as the total holds."""
        if self.entries is not None:
            return self.entries
        each = facts.constant("configuration.entry_bytes").value
        return max(float(np.ceil(self.total / each)), self.secrets)


def _counted(dotenv: str, info: ValidationInfo) -> dict[str, float]:
    """Sizes of the variables in a dotenv file: their bytes, their number, the largest value."""
    from dotenv import dotenv_values

    path = Path((info.context or {}).get("folder", "."), dotenv)
    if not path.is_file():
        raise _said(f'.dotenv is "{dotenv}": no such file; expected a file of NAME=value lines')
    variables = {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
    count = len(variables)
    if not count:
        raise _said(f'.dotenv is "{dotenv}": no NAME=value line in it')
    largest = max(len(value.encode("utf-8", "surrogatepass")) for value in variables.values())
    return {"total": environment_size(variables) - 6 * count - 1, "entries": count, "largest": largest}


class Client(Section):
    """What the callers can do."""

    waits: Time = 30.0
    polls: bool = True
    uploads: bool = True
    receives_callbacks: bool = False
    bandwidth: Annotated[float, _reads(parse_bandwidth, 1, 1e12, 'more than 0, such as "20 Mbit/s"')] = 2.5e6
    auth: Literal["none", "iam", "jwt"] | None = None
    needs: tuple[Literal["custom-domain", "waf", "throttling", "usage-plans", "private"], ...] = ()


class Targets(Section):
    """What is promised to the callers."""

    success: Annotated[float, _number_between(0.5, 1, "a share from 0.5 to 1, such as 0.999")] = 0.999
    latency_p95: Time | None = None


class Preferences(Section):
    """How money is counted, and what one more moving part is worth avoiding."""

    part_usd: Annotated[float, _number_between(0, 1e6, "0 USD a month or more")] = 10.0
    free_tier: bool = False
    month_hours: Annotated[float, _number_between(672, 744, "672 to 744 hours")] = 730.0
    discount: Annotated[float, _number_between(0, 0.99, "a share from 0 to 0.99")] = 0.0


class Current(Section):
    """What runs today; concerns left out are filled by the best."""

    door: str | None = None
    request: str | None = None
    response: str | None = None
    execution: str | None = None
    configuration: str | None = None


class Workload(Section):
    """What an API has to carry. Sizes [B] and times [s] are distributions.

    Give the fields of the workload file: `Workload(requests_per_month=3e6, response="2 MB",
    runtime={"p50": "1 s", "p99": "9 s"})`. Raises WorkloadError naming the field, the value given
    and what is accepted.
    """

    name: str = "workload"
    region: str = "us-east-1"
    requests_per_month: Annotated[float, _number_between(1, 1e13, "1 request a month or more")]
    peak_rps: Annotated[float, _number_between(1e-9, 1e8, "more than 0 requests a second")] | None = None
    request: Request = Field(default_factory=lambda: Request.model_validate("1 KB"))
    response: Response
    runtime: Runtime
    configuration: Configuration = Field(default_factory=Configuration)
    client: Client = Field(default_factory=Client)
    targets: Targets = Field(default_factory=Targets)
    preferences: Preferences = Field(default_factory=Preferences)
    current: Current | None = None

    _given: dict[str, Any] = PrivateAttr(default_factory=dict)
    _source: str = PrivateAttr(default="workload")
    _folder: Path = PrivateAttr(default=Path())

    def __init__(self, _source: str = "workload", _folder: Path | str = ".", /, **given: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(
                given, self_instance=self, context={"folder": Path(_folder)}
            )
        except ValidationError as error:
            raise WorkloadError(f"{_source}: {_line(error, type(self))}") from None
        self._given, self._source, self._folder = copy.deepcopy(given), _source, Path(_folder)

    @classmethod
    def load(cls, path: str | Path) -> Workload:
        """The workload of a TOML file; file names inside it are relative to its folder."""
        path = Path(path)
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise WorkloadError(f"{path}: no such file; expected a workload in TOML") from None
        except (OSError, UnicodeDecodeError) as error:
            raise WorkloadError(f"{path}: cannot be read ({error}); expected a workload in TOML") from None
        except tomllib.TOMLDecodeError as error:
            raise WorkloadError(f"{path}: is not TOML: {error}") from None
        return cls(path.name, path.parent, **{"name": path.stem, **given})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.peak_rps is not None and self.peak_rps < self.mean_rps * (1 - 1e-9):
            raise _said(
                f"peak_rps is {self.peak_rps:g}: expected at least the mean rate of {self.mean_rps:.3g}"
                " (requests_per_month / month_hours)"
            )
        return self

    @field_validator("region")
    @classmethod
    def _priced(cls, region: str) -> str:
        if region not in facts.regions():
            raise _said(f'is "{region}": expected one of {", ".join(facts.regions())}')
        return region

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
        if not QUANTILE.fullmatch(name) and name not in {"max", "value", "samples", "column", "total", "dotenv"}
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


def _line(error: ValidationError, model: type[BaseModel]) -> str:
    """The first mistake as one line: the field, the value given, what is accepted."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    kind, given = first["type"], _shown(first.get("input"))
    if kind == "explorer":
        text = first["msg"]
        return f"{field}{text}" if text.startswith(".") else f"{field} {text}".strip()
    if kind == "missing":
        return f"{_public(field)} is missing: expected {MISSING.get(field, 'a value')}"
    if kind == "extra_forbidden":
        return _unknown(field, _fields(model, field.split(".")[:-1]))
    if kind in {"model_type", "model_attributes_type"}:
        return f"{field} is {given}: expected a table of fields"
    expected = {
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "string_type": "text",
        "literal_error": "one of " + str(first.get("ctx", {}).get("expected", "")).replace("'", ""),
    }
    return f"{field} is {given}: expected {expected.get(kind, first['msg'])}"


MISSING = {
    "requests_per_month": "a number of requests such as 3_000_000",
    "response": 'a size such as "2 MB", or a table of quantiles such as {p50 = "1 MB", p99 = "9 MB"}',
    "runtime": 'a time such as "4 s", or a table of quantiles such as {p50 = "4 s", p99 = "40 s"}',
}


def _public(field: str) -> str:
    return field.removesuffix(".spread")


def _fields(model: type[BaseModel], path: list[str]) -> list[str]:
    """The names that may stand at `path` of the file."""
    for part in path:
        annotation = model.model_fields[part].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next(kind for kind in options if isinstance(kind, type) and issubclass(kind, BaseModel))
    names = [name for name in model.model_fields if name != "spread"]
    return [*names, "p1 to p99.9", "max", "samples"] if issubclass(model, Spread) else names


def _unknown(field: str, accepted: list[str]) -> str:
    near = difflib.get_close_matches(field.split(".")[-1], accepted, n=1)
    hint = f' (did you mean "{near[0]}"?)' if near else ""
    return f"{field} is not a field{hint}: expected one of {', '.join(accepted)}"
