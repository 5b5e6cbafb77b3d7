"""The drawer: all fields of the workload without a control on the main screen, grouped as in the file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from explorer.engine.designs import OPTIONS
from explorer.errors import ExplorerError
from explorer.facts.suggestions import expected_one_of
from explorer.workload.distribution_field import Spread
from explorer.workload.field_record import Field
from explorer.workload.fields import FIELDS, SPREADS, by_path
from explorer.workload.workload import Workload

from .field_text import (
    check_units,
    checked_choice,
    quantiles_as_text,
    quantiles_of_text,
    toml_of_text,
    value_of_text,
    with_unit,
)

QUANTILES = ".quantiles"  # suffix of a distribution's path: all of it as one text
FILES = ("samples", "dotenv")  # fields that name a local file
GENERAL = "general"  # group of the fields at the top of the file
TODAY = "current"  # the table whose fields are options
TOTAL = "configuration.total"  # has a slider, named after its table


@dataclass(frozen=True)
class Entry:
    """A field of the drawer: its key, its record, and its form of input.

    `shape` is switch, menu, several (words), text, quantiles or toml.
    """

    key: str
    record: Field
    shape: str

    @property
    def name(self) -> str:
        """Its name on the screen."""
        record = self.record
        control = getattr(record.control, "name", "")
        if self.shape == "quantiles" and record.path in SPREADS:
            return f"{record.label}, all quantiles"
        text = control or record.label or record.noun or record.name.replace("_", " ")
        if self.shape == "switch" and not control and record.words != Field.words:
            text += f" is {record.words[0]}"
        return text[:1].upper() + text[1:]

    @property
    def group(self) -> str:
        """Its table in the file."""
        if self.record.is_mapping or self.record.path in SPREADS:
            return self.record.path
        return self.record.section or GENERAL

    @property
    def hint(self) -> str:
        """The line under it; "" where its group says the same."""
        if self.shape == "quantiles" and self.record.path in SPREADS:
            return "any of p1 to p99.9, and max; the sliders set the median and the p99"
        return "" if self.record.path == self.group else first_sentence(self.record)

    @property
    def options(self) -> tuple[str, ...]:
        """The words to choose from."""
        if self.record.section == TODAY:
            return tuple(OPTIONS[self.record.name])
        return self.record.choices

    @property
    def words(self) -> str:
        """The words by which it is found: its name in the file, its description, and synonyms."""
        return search_words(self.record)

    def content_of_text(self, text: str) -> Any:
        """The value in the workload file for a text. Raises ExplorerError in one line."""
        if self.shape == "quantiles":
            return quantiles_of_text(self.name, text)
        return toml_of_text(self.name, text)

    def text_with_unit(self, text: str, workload: Workload) -> str:
        """A typed number in the unit of the present value, if it has none of its own."""
        if self.shape != "text":
            return text.strip()
        hint = self.text_of(workload, content_of(workload)) or self.placeholder
        return with_unit(self.record.kind, text, hint)

    def value_of_text(self, text: str) -> Any:
        """The stored value for a typed text; None if the field is empty. Raises ExplorerError."""
        if not text.strip():
            return None
        if self.shape in ("quantiles", "toml"):
            content = self.content_of_text(text)
            if self.shape == "quantiles":
                check_units(self.spread.kind, self.name, content)
            return text.strip()
        return value_of_text(self.record.kind, self.name, text, self.record.unit)

    def check_choice(self, value: Any) -> Any:
        """Validate a value chosen in the browser. Raises ExplorerError if it is invalid."""
        if self.shape == "switch" and isinstance(value, bool):
            return value
        if self.shape == "menu" and value in ("", None):
            return None
        if self.shape == "menu" and isinstance(value, str) and self.record.kind.options:
            return checked_choice(self.record.kind, self.name, value)
        words = value if isinstance(value, list | tuple) and self.shape == "several" else [value]
        if self.shape in ("menu", "several") and all(word in self.options for word in words):
            return tuple(words) if self.shape == "several" else value
        raise ExplorerError(f"{self.name} is {value!r}: {expected_one_of(self.options)}")

    def text_of(self, workload: Workload, content: Mapping[str, Any]) -> str:
        """The text shown in the field; "" if it has no value. `content` is the workload as in its file."""
        value_in_file: Any = content
        for part in self.record.path.split("."):
            if not isinstance(value_in_file, Mapping) or part not in value_in_file:
                return ""
            value_in_file = value_in_file[part]
        if self.shape == "quantiles":
            return quantiles_as_text(self.spread.kind, value_in_file)
        if self.shape == "toml":
            return _toml_text(value_in_file)
        value = value_at(workload, self.record.path)
        return "" if value is None else self.record.kind.show(value)

    @property
    def spread(self) -> type[Spread]:
        """The class of its distribution."""
        table = self.record.table
        assert table is not None and issubclass(table, Spread)
        return table

    @property
    def placeholder(self) -> str:
        """The text in the empty field: its default, or an example."""
        record = self.record
        if self.shape == "toml":
            return '[{memory = "512 MB", value = "4 s"}]' if record.is_list else '"id" = value'
        if self.shape == "quantiles":
            return "p50 …, p99 …"
        plain = not callable(record.default) and record.default not in (None, ...)
        return record.kind.show(record.default) if plain else record.absent or "not given"

    def to_dict(self) -> dict[str, Any]:
        """The description from which the browser builds the field."""
        return {
            "field": self.key,
            "name": self.name,
            "shape": self.shape,
            "options": list(self.options) if self.shape in ("menu", "several") else [],
            "placeholder": self.placeholder,
            "hint": self.hint,
            "optional": self.record.default is None,
            "words": self.words,
        }


def search_words(record: Field) -> str:
    """A field's name in the file, its description and its synonyms, in lower case."""
    return f"{record.path} {record.label} {record.sentence} {record.synonyms}".casefold()


def value_at(workload: Workload, path: str) -> Any:
    """The value of a dotted field; None if its table does not exist."""
    value: Any = workload
    for part in path.split("."):
        value = None if value is None else getattr(value, part)
    return value


def content_of(workload: Workload) -> dict[str, Any]:
    """The given values of a workload, as in its file."""
    return tomllib.loads(workload.to_toml())


def _toml_text(content: Any) -> str:
    """A table as lines of `name = value`, a list as one line."""
    import tomli_w

    if isinstance(content, Mapping):
        return tomli_w.dumps(_flat(content)).strip()
    inline = [
        "{" + ", ".join(tomli_w.dumps(each).strip().splitlines()) + "}"
        if isinstance(each, Mapping)
        else str(each)
        for each in content
    ]
    return f"[{', '.join(inline)}]"


def _flat(table: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Flatten nested tables to dotted names; quantiles stay a table."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        deeper = isinstance(value, Mapping) and not {"p50", "value", "max"} & value.keys()
        flat |= _flat(value, f"{within}{name}.") if deeper else {f"{within}{name}": value}
    return flat


def _shape_of(record: Field) -> str:
    table = record.table
    if record.is_mapping or (table and record.is_list):
        return "toml"
    if table:
        return "quantiles" if issubclass(table, Spread) else ""
    if record.kind.schema == "switch":
        return "switch"
    if record.section == TODAY or record.choices:
        return "several" if record.is_list else "menu"
    return "text"


def _entries() -> list[Entry]:
    """The fields without a control on the main screen, in the order of the file."""
    entries = []
    for record in FIELDS:
        shape = _shape_of(record)
        alone = record.control is None or record.path in SPREADS
        if shape and alone and record.path != TOTAL and record.name not in FILES:
            key = record.path + (QUANTILES if record.path in SPREADS else "")
            entries.append(Entry(key, record, shape))
    return entries


ENTRIES: dict[str, Entry] = {entry.key: entry for entry in _entries()}


def group_title(group: str) -> tuple[str, str]:
    """The heading of a group, and what the table is for."""
    record = by_path().get(group)
    title = group.replace("_", " ")
    return title[:1].upper() + title[1:], first_sentence(record) + "." if record else ""


def first_sentence(record: Field) -> str:
    """What a field is for, in plain text without the full stop."""
    return record.sentence.split(". ")[0].rstrip(".").replace("`", "")
