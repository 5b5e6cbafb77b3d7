"""Counts the contents of a dotenv file: names and values are read, but neither stored nor shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationInfo

from explorer.facts.encoding import environment_size
from explorer.facts.units import quote_value

from .kinds import field_error, file_exists


def count_dotenv(dotenv: str, info: ValidationInfo) -> dict[str, float]:
    """The sizes of the variables in a dotenv file: total bytes, number, largest value."""
    path = Path((info.context or {}).get("folder", "."), dotenv)
    if not file_exists(path):
        raise field_error(
            f".dotenv is {quote_value(dotenv)}: no such file; expected a file of NAME=value lines"
        )
    try:
        variables = dict(_dotenv_variables(path, dotenv))
    except (OSError, UnicodeDecodeError):
        raise field_error(
            f".dotenv is {quote_value(dotenv)}: cannot be read; expected a file of NAME=value lines"
        ) from None
    count = len(variables)
    if not count:
        raise field_error(f'.dotenv is "{dotenv}": no NAME=value line in it')
    largest = max(len(value.encode("utf-8", "surrogatepass")) for value in variables.values())
    return {
        "total": environment_size(variables) - 6 * count - 1,
        "entries": count,
        "largest": largest,
    }


def _dotenv_variables(path: Path, dotenv: str) -> Iterator[tuple[str, str]]:
    """The names and values of a dotenv file; a line without them is rejected, and not shown."""
    from dotenv.parser import parse_stream

    with path.open(encoding="utf-8-sig") as file:
        for entry in parse_stream(file):
            if entry.error:
                line = entry.original.line
                raise field_error(f".dotenv is {quote_value(dotenv)}: line {line} is not NAME=value")
            if entry.key is not None:
                yield entry.key, entry.value or ""
