"""The first mistake in a workload as one line: the field, the value given, what is accepted."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from explorer.facts.suggestions import suggest
from explorer.facts.units import quote_value

from .distribution_field import DISTRIBUTION_ALIAS, Spread
from .fields import by_path


def first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """The first mistake as one line: the field, the value given, what is accepted."""
    errors = error.errors()
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = [str(part) for part in first["loc"]]
    field = ".".join(path)
    kind, value = first["type"], quote_value(first.get("input"))
    if kind == "explorer":
        text = first["msg"]
        return f"{field}{text}" if text.startswith(".") else f"{field} {text}".strip()
    if kind == "missing":
        record = by_path().get(field)
        return f"{_public_path(field)} is missing: expected {record.missing if record else 'a value'}"
    if kind == "extra_forbidden":
        return _unknown_field(field, _field_names_at(model, path[:-1]))
    if kind in {"model_type", "model_attributes_type"}:
        return f"{field} is {value}: expected a table of fields"
    accepted = {
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "string_type": "text",
        "tuple_type": "a list",
        "literal_error": "one of " + str(first.get("ctx", {}).get("expected", "")).replace("'", ""),
    }
    return f"{field} is {value}: expected {accepted.get(kind, 'another kind of value')}"


def _public_path(field: str) -> str:
    return field.removesuffix(f".{DISTRIBUTION_ALIAS}")


def _field_names_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """The names that are accepted at `path` of the file."""
    for part in path:
        if part not in model.model_fields:
            continue  # the key of a table such as times: its fields are those of the table's rows
        annotation = model.model_fields[part].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next(kind for kind in options if isinstance(kind, type) and issubclass(kind, BaseModel))
    names = [name for name in model.model_fields if name != "spread"]
    return [*names, "p1 to p99.9", "max", "samples", "column"] if issubclass(model, Spread) else names


def _unknown_field(field: str, accepted: list[str]) -> str:
    return f"{field} is not a field{suggest(field.split('.')[-1], accepted)}"
