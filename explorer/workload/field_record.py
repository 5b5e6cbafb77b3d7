"""The record of a field: everything that is stated about it, at its attribute in the table."""

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

# `order` below: the position in which a reader shows the field, lower first, ties as in the file.


@dataclass(frozen=True)
class DefaultAssumption:
    """A default that may decide the answer: its sentence, and the other values to try."""

    why: str
    factors: tuple[float, ...] = (0.5, 2.0)  # multiples of the default
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
    zero: bool = False  # whether the first stop is 0
    absent: str = ""  # label of the last stop, which omits the field; "": it always has a value
    on_map: bool = True  # whether it can be an axis of the map
    in_drawer: bool = False  # whether it is shown only among all fields
    order: int = 0


@dataclass(frozen=True)
class Toggle:
    """A switch of the app."""

    name: str
    in_drawer: bool = False  # whether it is shown only among all fields
    order: int = 0


@dataclass(frozen=True)
class Menu:
    """A choice of the app."""

    name: str
    in_drawer: bool = False  # whether it is shown only among all fields
    order: int = 0


@dataclass(frozen=True, eq=False)
class Field:
    """One field of the workload file; readers show nothing for attributes left empty."""

    kind: Kind
    default: Any  # a value, a factory, or REQUIRED
    sentence: str  # its description in documentation and JSON Schema

    missing: str = "a value"  # the text after "expected" where a required field is missing
    # `explorer init`
    question: str = ""  # next to the field; for a table, next to its heading
    quantiles: tuple[str, str] | None = None  # for a distribution, next to p50 and p99
    suggestion: Any = None  # the value shown there; None: the default
    is_asked: bool = True  # whether `init` asks for it, or only writes it to the file
    only_if: str = ""  # another field that must be stated and not false or 0
    # `explorer ingest`
    if_unknown: str = ""  # the question if the input does not contain it
    # The report
    label: str = ""
    phrase: str | Callable[[Any], str] = "{}"  # a format for the shown value, or a function
    phrase_of_table: Callable[[Any], str] | None = None  # the phrase, from a table with several fields
    absent: str | None = None  # shown for an empty value; "": the row is left out
    words: tuple[str, str] = ("yes", "no")  # for a switch
    is_carried: bool = False  # for a table: whether it describes the load, not promises
    report_order: int = 0  # for a table
    # Variation
    is_axis: bool = False  # for sweeps, forecasts, sensitivities and maps
    axis_unit: str | None = None  # None: the unit of the kind
    ends: tuple[float, float] | None = None  # ends of a map, for a narrow field
    noun: str = ""  # in a sentence or at an axis; "": its path
    origin: Literal["", "measured", "chosen"] = ""  # source of its value, if it is uncertain by itself
    # Decisions
    assumption: DefaultAssumption | None = None
    relaxation: Relaxation | None = None
    break_evens: BreakEvenAxis | None = None
    # The app
    control: Slider | Toggle | Menu | None = None
    synonyms: str = ""  # other words under which people look for it, separated by commas
    # Its position, set by `walk_fields`
    path: str = ""
    annotation: Any = None

    @property
    def unit(self) -> str:
        """The unit of an axis' values; "" for counts and shares."""
        return self.kind.unit if self.axis_unit is None else self.axis_unit

    @property
    def table(self) -> type[Section] | None:
        """The class of the table, if the field is a table."""
        return next((kind for kind in type_parts(self.annotation) if is_section(kind)), None)

    @property
    def choices(self) -> tuple[str, ...]:
        """The accepted words, if the field accepts only words from a list."""
        kinds = [kind for kind in type_parts(self.annotation) if kind not in (None, type(None))]
        if float in kinds:  # a number, or a word in its place
            return ()
        literals = (get_args(kind) for kind in kinds if get_origin(kind) is Literal)
        return next(literals, self.kind.options() if self.kind.options else ())

    @property
    def is_list(self) -> bool:
        """Whether the field accepts several of its choices or tables."""
        return get_origin(self.annotation) is tuple

    @property
    def is_mapping(self) -> bool:
        """Whether the field is a table whose keys are not fields, such as ids."""
        return get_origin(self.annotation) is dict

    @property
    def section(self) -> str:
        """The table that contains the field; "" at the top level."""
        return self.path.rpartition(".")[0]

    @property
    def within(self) -> str:
        """The table that the field belongs to, or is; "" at the top level."""
        return self.path if self.table else self.section

    @property
    def name(self) -> str:
        """The name of the field within its table."""
        return self.path.rpartition(".")[2]


def type_parts(kind: Any) -> Iterator[Any]:
    """A type and the types in its arguments; a Literal has no further parts."""
    yield kind
    if get_origin(kind) is not Literal:
        for inner in get_args(kind):
            yield from type_parts(inner)


def is_section(kind: Any) -> bool:
    """Whether a type is a table of the workload file."""
    return isinstance(kind, type) and issubclass(kind, Section)


def _attribute_of_record(make: Callable[P, Field]) -> Callable[P, Any]:
    """A function that makes the attribute of a table, with the parameters of its record."""

    def attribute(*args: P.args, **kwargs: P.kwargs) -> Any:
        record = make(*args, **kwargs)
        extra = cast(Any, {RECORD: record})
        if callable(record.default):
            return pydantic.Field(default_factory=record.default, json_schema_extra=extra)
        return pydantic.Field(record.default, json_schema_extra=extra)

    return attribute


field = _attribute_of_record(Field)


def record_of(info: FieldInfo) -> Field | None:
    """The record of a table's attribute; None if it has none."""
    extra: Any = info.json_schema_extra
    return extra.get(RECORD) if isinstance(extra, dict) else None


def walk_fields(model: type[BaseModel], within: str = "") -> Iterator[Field]:
    """The records of a table and of its inner tables, in the order of the file, each with its path."""
    for name, info in model.model_fields.items():
        if (record := record_of(info)) is None:
            continue
        in_place = replace(record, path=within + name, annotation=info.annotation)
        yield in_place
        if in_place.table and not (in_place.is_list or in_place.is_mapping):
            yield from walk_fields(in_place.table, f"{in_place.path}.")


class Section(BaseModel):
    """A table of the workload file; unknown fields are rejected."""

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
