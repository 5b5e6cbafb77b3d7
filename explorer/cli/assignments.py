"""Parse the FIELD=VALUE of `--set`: a value in TOML, or as people write it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts.key_value import parse_pair
from explorer.workload.fields import SPREADS, by_path
from explorer.workload.kinds import CHOICE
from explorer.workload.spoken_numbers import spoken_number

Answers = dict[str, Any]  # by dotted field
WHOLE = {**{name: f"{name}.p50" for name in SPREADS}, "configuration": "configuration.total"}
WORDS = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


def changes(pairs: Sequence[str]) -> Answers:
    """The changes that `--set` makes to a workload file, by dotted field; the last value of a field counts.

    A value is TOML, or a text without quotes: `response.p99=9 MB`, `client.needs=["waf"]`.
    """
    fields: Answers = {}
    for name, text in map(_pair, pairs):
        fields.pop(name, None)  # keeps the order of the last values
        fields[name] = toml_value(name, text)
    return fields


def toml_value(name: str, text: str) -> Any:
    """The value of `text` for a field: parsed as TOML, or else as people write it."""
    record = by_path().get(name)
    try:
        table = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        if text[:1] in ("[", "{", '"', "'"):
            raise ExplorerError(f"--set {name}={text}: is not a value of TOML: {error}") from None
        return value(name, text)
    if list(table) != ["value"]:
        raise ExplorerError(f"--set {name}: expected one value, without a line break")
    answer = table["value"]
    return text if record and record.kind.is_text and not isinstance(answer, str) else answer


def _pair(pair: str) -> tuple[str, str]:
    name, text = parse_pair(pair)
    if not text or not name:
        raise ExplorerError(f'--set is "{pair}": expected FIELD=VALUE, such as response.p99=9MB')
    return name, text


def parse_assignments(pairs: list[str]) -> Answers:
    """Parse the `field=value` arguments of `--set`."""
    answers = {}
    for name, text in map(_pair, pairs):
        name = WHOLE.get(name, name)
        answers[name] = value(name, text)
    return answers


def value(name: str, text: str) -> Any:
    """The value of `text` for a field: a number, yes or no, a list, or the text itself."""
    record = by_path().get(name)
    if record and record.is_list:
        return [word for word in re.split(r"[\s,]+", text) if word]
    if record and record.kind.is_text:
        return text
    if text.lower() in WORDS and not (record and record.kind is CHOICE):
        return WORDS[text.lower()]
    if record and record.kind.schema != "number":  # a size or a time includes its unit
        return text
    number = spoken_number(text, record.unit if record else "")
    if number is None:
        return text
    return int(number) if number.is_integer() else number
