"""Reports the first mistake in a workload in one line: the field, the stated value, what is accepted."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError

from explorer.facts.suggestions import suggest
from explorer.facts.units import quote_value

from .distribution_field import DISTRIBUTION_ALIAS, Spread
from .field_record import record_of, type_parts
from .fields import by_path, synonyms


def first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """The first mistake as one line: the field, the stated value, what is accepted."""
    errors = error.errors()
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = [str(part) for part in first["loc"]]
    field = ".".join(path)
    kind, value = first["type"], quote_value(first.get("input"))
    if kind == "explorer":
        text = first["msg"]
        return f"{field}{text}" if text.startswith(".") else f"{field} {text}".strip()
    if kind == "missing":
        return f"{_public_path(field)} is missing: expected {_missing(model, path)}"
    if kind == "extra_forbidden":
        return _unknown_field(field, _field_names_at(model, path[:-1]))
    if kind in {"model_type", "model_attributes_type"}:
        return f"{field} is {value}: expected a table of fields"
    accepted = {
        "bool_type": "true or false",
        "bool_parsing": "true or false",
        "string_type": "text",
        "float_parsing": "a number",
        "float_type": "a number",
        "dict_type": "a table",
        "tuple_type": "a list",
        "literal_error": "one of " + str(first.get("ctx", {}).get("expected", "")).replace("'", ""),
    }
    return f"{field} is {value}: expected {accepted.get(kind, 'another kind of value')}"


def _missing(model: type[BaseModel], path: list[str]) -> str:
    """What is expected where a required field is missing, also in a row of a list."""
    if record := by_path().get(".".join(path)):
        return record.missing
    info = _table(model, path[:-1]).model_fields.get(path[-1])
    row = record_of(info) if info else None
    return row.missing if row else "a value"


def _public_path(field: str) -> str:
    return field.removesuffix(f".{DISTRIBUTION_ALIAS}")


def _table(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    """The table at `path` of the file, or the row of a list or of a table with ids there."""
    for part in path:
        if part not in model.model_fields:
            continue  # the key of a table such as times, whose fields are those of its rows
        options = type_parts(model.model_fields[part].annotation)
        model = next(kind for kind in options if isinstance(kind, type) and issubclass(kind, BaseModel))
    return model


def _field_names_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """The accepted names at `path` of the file."""
    model = _table(model, path)
    names = [name for name in model.model_fields if name != "spread"]
    return [*names, "p1 to p99.9", "max", "samples", "column"] if issubclass(model, Spread) else names


def _unknown_field(field: str, accepted: list[str]) -> str:
    table, _, name = field.rpartition(".")
    of_table = {path: words for path, words in synonyms().items() if path.rpartition(".")[0] == table}
    return f"{field} is not a field{suggest(name, accepted, of_table | synonyms())}"
