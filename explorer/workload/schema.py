"""The JSON Schema of the workload file, from the records of its fields, for editors.

The schema accepts everything that the reader accepts. Rules that it cannot express, such as non-decreasing
quantiles or the upper bound of a size in text, are checked only by the reader.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.facts.units import NUMBER, SECONDS

from .distribution_field import QUANTILE, Spread
from .field_record import REQUIRED, Field, walk_fields
from .fields import FIELDS
from .kinds import ANY, MEMORY, SIZE, TIME, TIMES, Kind

Schema = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"  # the dialect that TOML editors support
SIZE_UNITS = "[Bb]([Yy][Tt][Ee][Ss]?)?|[KkMmGgTt][Ii]?[Bb]"
BANDWIDTH_UNITS = "[KkMmGg]?([Bb][Ii][Tt]/[Ss]|[Bb]/[Ss]|bps)"


def json_schema() -> Schema:
    """The schema of the file: its definitions are kinds, its properties are fields in file order."""
    return {
        "$schema": DIALECT,
        "title": "Workload",
        "description": "What an API has to carry: the workload file of explorer.",
        **_table_schema(field for field in FIELDS if not field.section),
        "definitions": _kind_definitions(),
    }


def _kind_definitions() -> Schema:
    """The definitions of values with a unit."""
    units = {
        "size": SIZE_UNITS,
        "time": "|".join(SECONDS),
        "bandwidth": BANDWIDTH_UNITS,
        "memory": SIZE_UNITS,
    }
    texts = {name: {"type": "string", "pattern": _quantity(unit)} for name, unit in units.items()}
    return {
        "size": {"anyOf": [_number_schema(SIZE), texts["size"]]},
        "time": {"anyOf": [_number_schema(TIME), texts["time"]]},
        "bandwidth": {"anyOf": [{"type": "number", "minimum": 1}, texts["bandwidth"]]},
        "memory": {"anyOf": [_number_schema(MEMORY), texts["memory"]]},
        "memory_or_any": {"anyOf": [_number_schema(MEMORY), texts["memory"], {"const": ANY}]},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "region": {"type": "string", "pattern": "^[a-z]{2}(-[a-z]+)+-[0-9]+$"},
    }


def _quantity(units: str) -> str:
    return rf"^\s*({NUMBER})\s*({units})?\s*$"


def _number_schema(kind: Kind) -> Schema:
    """A number in the base unit of a kind."""
    ends = {"minimum": kind.least, "maximum": kind.most}
    return {
        "type": "integer" if kind.is_whole else "number",
        **{name: _integer_if_whole(end) for name, end in ends.items() if math.isfinite(end)},
    }


def _integer_if_whole(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _table_schema(records: Iterable[Field]) -> Schema:
    """The schema of a table of the file and its fields."""
    fields = list(records)
    required = [field.name for field in fields if field.default is REQUIRED]
    return {
        "type": "object",
        "properties": {field.name: _field_schema(field) for field in fields},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _field_schema(field: Field) -> Schema:
    """The schema of a field: its content, its description and its default."""
    return {"description": field.sentence, **_content_schema(field), **_default_schema(field)}


def _content_schema(field: Field) -> Schema:
    if field.table is not None:
        return _nested_table_schema(field, field.table)
    if field.choices and not field.kind.options:
        word: Schema = {"type": "string", "enum": list(field.choices)}
        return {"type": "array", "items": word} if field.is_list else word
    if field.is_list and field.kind.schema == "text":
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    plain: Mapping[str, Schema] = {"switch": {"type": "boolean"}, "text": {"type": "string"}}
    if field.kind.schema == "number":
        return _number_schema(field.kind)
    if field.is_mapping:
        return {"type": "object", "additionalProperties": {"type": "number"}}
    # this dialect ignores everything next to a reference
    return plain.get(field.kind.schema) or {"allOf": [{"$ref": f"#/definitions/{field.kind.schema}"}]}


def _nested_table_schema(field: Field, table: type) -> Schema:
    """The schema of a table; a table that is a distribution or a total may also be one value."""
    inner = _table_schema(record for record in walk_fields(table) if not record.section)
    if field.is_mapping or field.is_list:
        one = _distribution_schema(TIMES, inner["properties"]) if issubclass(table, Spread) else inner
        if field.is_list:
            return {"type": "array", "items": one}
        return {"type": "object", "additionalProperties": one}
    if issubclass(table, Spread):
        return _distribution_schema(field.kind, inner["properties"], table.if_unstated is None)
    return {"anyOf": [_value_schema(field.kind), inner]} if field.kind.unit else inner


def _value_schema(kind: Kind) -> Schema:
    return {"$ref": "#/definitions/time" if kind.unit == TIME.unit else "#/definitions/size"}


def _distribution_schema(kind: Kind, properties: Schema, is_stated: bool = True) -> Schema:
    """One value, or a table of quantiles or samples and other fields; without either if not `is_stated`."""
    value = _value_schema(kind)
    samples = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "number"}}]}
    own: Schema = {"value": value, "max": value, "samples": samples, "column": {"type": "string"}}
    quantile = {"anyOf": [value, {"type": "object", "additionalProperties": value}]}  # for the bare key p99.9
    forms = [{"required": ["value"]}, {"required": ["samples"]}, {"required": ["max"]},
             {"not": {"propertyNames": {"not": {"pattern": f"^{QUANTILE.pattern}$"}}}}]  # fmt: skip
    table = {
        "type": "object",
        "properties": {**own, **properties},
        "patternProperties": {f"^{QUANTILE.pattern}$": quantile},
        "additionalProperties": False,
        **({"anyOf": forms} if is_stated else {}),
    }
    return {"anyOf": [value, table]}


def _default_schema(field: Field) -> Schema:
    """The default as in the file, if there is one."""
    default = field.suggestion if field.suggestion is not None and field.default else field.default
    if field.default is REQUIRED or callable(default) or default is None or default == ():
        return {}
    return {"default": default}
