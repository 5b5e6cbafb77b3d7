"""Values that know their lines: the tree of a template, whatever its format.

A scalar is text as written, a boolean, or None. Time-outs of `30`, `"30"` and `3e1` are equal only as
numbers, and a variable of `1.10` keeps its four characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

HOLE = "\ue000"  # Unicode private use; replaces each unknown part of a text
MOST_DEPTH = 100  # the deepest nesting of values; templates have about 40 levels


class Map(dict[str, Any]):
    """A mapping, the line where it begins, and the line of each key.

    The mapping of a whole document also has `duplicate_keys`: the keys that occur twice in one mapping, each
    with the line of the first entry, which is lost, and of the second, which counts.
    """

    __slots__ = ("duplicate_keys", "line", "lines")

    def __init__(self, pairs: Any = (), line: int = 1, lines: dict[str, int] | None = None) -> None:
        super().__init__(pairs)
        self.line, self.lines = line, lines or {}
        self.duplicate_keys: list[tuple[str, int, int]] = []

    def at(self, key: str) -> int:
        """The line of a key; the line of the mapping if it does not have the key."""
        return self.lines.get(key, self.line)


class List(list[Any]):
    """A sequence, and the line where it begins."""

    __slots__ = ("line",)

    def __init__(self, values: Any = (), line: int = 1) -> None:
        super().__init__(values)
        self.line = line


@dataclass(frozen=True)
class Unknown:
    """A value that is known only at deployment, and what is certain about it.

    Parameters
    ----------
    why
        The reason, as a clause; it holds no value of a template.
    known_text
        The text that the value certainly contains, or its shortest possible text.
    options
        All possible values: a parameter's AllowedValues, or both branches of an If. Empty if they are
        not known; None among them means that the property is not set.
    least, most
        The MinValue and MaxValue of a parameter.
    likely
        The probable length of the unknown part [characters]; 0 if it cannot be estimated.
    """

    why: str
    known_text: str = ""
    options: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    likely: int = 0
    refers: tuple[str, ...] = ()  # the ids of the resources that the value refers to, as far as known
    holes: str = ""  # `known_text` with a HOLE for each unknown part; empty if the only one is at its end

    @property
    def numbers(self) -> tuple[float, ...]:
        """The options as numbers; empty unless every option is a number."""
        numbers = [number(option) for option in self.options]
        return () if None in numbers else tuple(one for one in numbers if one is not None)

    @property
    def pattern(self) -> str:
        """The known text, with a `HOLE` for each unknown part."""
        return HOLE if self.options else self.holes or f"{self.known_text}{HOLE}"


def one_of(options: Iterable[Any], why: str) -> Any:
    """One of several values: the value itself if all are equal, else an Unknown with these options."""
    flat: list[Any] = []
    complete, likely, texts, refers = True, 0, [], dict[str, None]()
    for option in options:
        refers |= dict.fromkeys(getattr(option, "refers", ()))
        if isinstance(option, Unknown):
            complete = complete and bool(option.options)
            flat += [inner for inner in option.options if inner not in flat]
            likely = max(likely, option.likely)
            texts.append(option.known_text)
        else:
            flat += [] if option in flat else [option]
            texts.append(text(option) or "")
    if complete and len(flat) == 1:
        return flat[0]
    shortest = min(texts, key=lambda candidate: len(candidate.encode("utf-8", "surrogatepass")), default="")
    return Unknown(why, shortest, tuple(flat) if complete else (), likely=likely, refers=tuple(refers))


class Text(str):
    """A known text, and the ids of the resources that it refers to."""

    refers: tuple[str, ...]

    def __new__(cls, value: str, refers: tuple[str, ...] = ()) -> Text:
        """Make a text that refers to these resources."""
        instance = super().__new__(cls, value)
        instance.refers = refers
        return instance


def mapping(value: Any) -> Map:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, Map) else Map()


def sequence(value: Any) -> list[Any]:
    """`value` if it is a sequence, an empty one for None, else a sequence of `value` alone."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text(value: Any) -> str | None:
    """A scalar as the text that CloudFormation passes on; None if it is not a scalar."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """A number as written in a template, `30` or `"30"`; None if it is not a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        as_float = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(as_float):
        return None
    return int(as_float) if as_float.is_integer() else as_float


def walk(value: Any) -> Iterator[Any]:
    """`value` and everything inside it."""
    rest = [value]
    while rest:
        value = rest.pop()
        yield value
        if isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)


def of(value: Any, line: int = 1) -> Any:
    """Convert plain dicts, lists and numbers to a tree with all values on one line."""
    if isinstance(value, dict):
        pairs = {str(key): of(inner, line) for key, inner in value.items()}
        return Map(pairs, line)
    if isinstance(value, list | tuple):
        return List([of(inner, line) for inner in value], line)
    if value is None or isinstance(value, bool | str | Unknown):
        return value
    return repr(value)
