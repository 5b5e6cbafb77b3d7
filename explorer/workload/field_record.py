"""The record of a field: all that is stated about it, in the table of the file where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, ParamSpec, cast, get_args, get_origin

import pydantic
from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator
from pydantic.fields import FieldInfo

from .kinds import Kind

REQUIRED: Any = ...
RECORD = "record"
P = ParamSpec("P")

# `order` below: where a reader shows the field, the lower first, within one order as in the file.


@dataclass(frozen=True)
class DefaultAssumption:
    """A default that may decide the answer: its sentence, and the other values to try."""

    why: str
    factors: tuple[float, ...] = (0.5, 2.0)  # times the default
    order: int = 0


@dataclass(frozen=True)
class Relaxation:
    """A way out where nothing is feasible: "the client polled a status", "the client waited {}"."""

    sentence: str
    order: int = 0


@dataclass(frozen=True)
class BreakEvenAxis:
    """An axis of the break-evens: its name there, the unit of its rows, the largest value."""

    noun: str
    unit: str
    most: float
    order: int = 0


@dataclass(frozen=True)
class Slider:
    """A slider of the app, from one round value to another in the base unit."""

    least: float
    most: float
    name: str = ""  # "": the label
    zero: bool = False  # whether 0 is its first stop
    absent: str = ""  # the last stop, where the field is left out; "": it always has a value
    on_map: bool = True  # whether it can be an axis of the map
    in_drawer: bool = False  # whether it stands among all fields only
    order: int = 0


@dataclass(frozen=True)
class Toggle:
    """A switch of the app."""

    name: str
    in_drawer: bool = False  # whether it stands among all fields only
    order: int = 0


@dataclass(frozen=True)
class Menu:
    """A choice of the app."""

    name: str
    in_drawer: bool = False  # whether it stands among all fields only
    order: int = 0


@dataclass(frozen=True, eq=False)
class Field:
    """One field of the workload file. What is left empty, no reader shows."""

    kind: Kind
    default: Any  # a value, what makes one, or REQUIRED
    sentence: str  # what it is: documentation and JSON Schema

    missing: str = "a value"  # what the error expects where a required field is missing
    # `explorer init`
    question: str = ""  # beside the field; of a table: beside its heading
    quantiles: tuple[str, str] | None = None  # of a distribution: beside p50 and p99
    suggestion: Any = None  # what stands there; None: the default
    is_asked: bool = True  # whether `init` asks for it, or only writes it into the file
    only_if: str = ""  # another field that must be given and not no
    # `explorer ingest`
    if_unknown: str = ""  # the question, where the input does not hold it
    # The report
    label: str = ""
    phrase: str | Callable[[Any], str] = "{}"  # the shown value in its words, or what makes them
    phrase_of_table: Callable[[Any], str] | None = None  # the words, from the table with several fields
    absent: str | None = None  # in place of an empty value; "": the row is left out
    words: tuple[str, str] = ("yes", "no")  # of a switch
    is_carried: bool = False  # of a table: it says what is carried, not what is promised
    report_order: int = 0  # of a table
    # What varies
    is_axis: bool = False  # of sweeps, forecasts, sensitivities and maps
    axis_unit: str | None = None  # None: that of the kind
    ends: tuple[float, float] | None = None  # of a map, where the field is narrow
    noun: str = ""  # in a sentence or beside an axis; "": its path
    origin: Literal["", "measured", "chosen"] = ""  # of its value, where it is uncertain by itself
    # What decides
    assumption: DefaultAssumption | None = None
    relaxation: Relaxation | None = None
    break_evens: BreakEvenAxis | None = None
    # The app
    control: Slider | Toggle | Menu | None = None
    # Where it stands: filled in by `walk`
    path: str = ""
    annotation: Any = None

    @property
    def unit(self) -> str:
        """The unit of an axis' values, "" for counts and shares."""
        return self.kind.unit if self.axis_unit is None else self.axis_unit

    @property
    def table(self) -> type[Section] | None:
        """The table that the field is, if it is one."""
        return next((kind for kind in type_parts(self.annotation) if is_section(kind)), None)

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that can be chosen, if there is nothing else to give."""
        kinds = [kind for kind in type_parts(self.annotation) if kind not in (None, type(None))]
        if float in kinds:  # a number, or a word in its place
            return ()
        literals = (get_args(kind) for kind in kinds if get_origin(kind) is Literal)
        return next(literals, self.kind.options() if self.kind.options else ())

    @property
    def is_list(self) -> bool:
        """Whether several of its choices, or of its tables, can be given."""
        return get_origin(self.annotation) is tuple

    @property
    def is_mapping(self) -> bool:
        """Whether it is a table by names that are not fields, such as ids."""
        return get_origin(self.annotation) is dict

    @property
    def section(self) -> str:
        """The table that it stands in, "" at the top."""
        return self.path.rpartition(".")[0]

    @property
    def within(self) -> str:
        """The table that it belongs to or is, "" at the top."""
        return self.path if self.table else self.section

    @property
    def name(self) -> str:
        """Its name within its table."""
        return self.path.rpartition(".")[2]


def type_parts(kind: Any) -> Iterator[Any]:
    """A type and those that it is made of; of a Literal nothing more."""
    yield kind
    if get_origin(kind) is not Literal:
        for inner in get_args(kind):
            yield from type_parts(inner)


def is_section(kind: Any) -> bool:
    """Whether a kind is a table of the workload file."""
    return isinstance(kind, type) and issubclass(kind, Section)


def _attribute_of_record(make: Callable[P, Field]) -> Callable[P, Any]:
    """What states a record as the attribute of a table, with the parameters of the record."""

    def attribute(*args: P.args, **kwargs: P.kwargs) -> Any:
        record = make(*args, **kwargs)
        extra = cast(Any, {RECORD: record})
        if callable(record.default):
            return pydantic.Field(default_factory=record.default, json_schema_extra=extra)
        return pydantic.Field(record.default, json_schema_extra=extra)

    return attribute


field = _attribute_of_record(Field)


def record_of(info: FieldInfo) -> Field | None:
    """The record that a table's attribute states."""
    extra: Any = info.json_schema_extra
    return extra.get(RECORD) if isinstance(extra, dict) else None


def walk_fields(model: type[BaseModel], within: str = "") -> Iterator[Field]:
    """The records of a table and of the tables in it, in the order of the file, each with its path."""
    for name, info in model.model_fields.items():
        if (record := record_of(info)) is None:
            continue
        in_place = replace(record, path=within + name, annotation=info.annotation)
        yield in_place
        if in_place.table and not (in_place.is_list or in_place.is_mapping):
            yield from walk_fields(in_place.table, f"{in_place.path}.")


class Section(BaseModel):
    """A table of the workload file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @field_validator("*", mode="before")
    @classmethod
    def _parse_field(cls, value: Any, info: ValidationInfo) -> Any:
        record = record_of(cls.model_fields[info.field_name or ""])
        if record is None or (value is None and record.default is None):
            return value
        return record.kind.read(value)

    @field_validator("*", mode="after")
    @classmethod
    def _check(cls, value: Any, info: ValidationInfo) -> Any:
        record = record_of(cls.model_fields[info.field_name or ""])
        return value if record is None or not record.kind.check else record.kind.check(value)
