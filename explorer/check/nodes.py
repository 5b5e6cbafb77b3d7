"""Values that know their lines: what a template's text becomes, whatever it is written in.

A scalar is text as it was written, a truth value, or None: a time of `30`, `"30"` and `3e1` differ only
to those who ask for a number, and a variable of `1.10` has four characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

HOLE = "\ue000"  # of Unicode's private use: stands in a text where a part of it is not known
MOST_DEPTH = 100  # of values in one another; templates have about 40


class Map(dict[str, Any]):
    """A mapping, the line that it begins on, and that of each of its keys.

    That of a whole document has in `twice` the keys that stand twice in one mapping of it, each with the
    line of the first, which is lost, and of the second, which counts.
    """

    __slots__ = ("line", "lines", "twice")

    def __init__(self, pairs: Any = (), line: int = 1, lines: dict[str, int] | None = None) -> None:
        super().__init__(pairs)
        self.line, self.lines = line, lines or {}
        self.twice: list[tuple[str, int, int]] = []

    def at(self, key: str) -> int:
        """The line of a key, of the mapping itself where the key is not in it."""
        return self.lines.get(key, self.line)


class List(list[Any]):
    """A sequence, and the line that it begins on."""

    __slots__ = ("line",)

    def __init__(self, values: Any = (), line: int = 1) -> None:
        super().__init__(values)
        self.line = line


@dataclass(frozen=True)
class Unknown:
    """A value that is known only when it is deployed, and what is certain of it all the same.

    Parameters
    ----------
    why
        Why it is not known, as a clause; it holds no value of a template.
    known_text
        Text that it certainly holds, or the shortest that it may be.
    options
        All values that it may have: a parameter's AllowedValues, both branches of an If. Empty where
        they are not known; None among them stands for a property that is not set.
    least, most
        A parameter's MinValue and MaxValue.
    likely
        How many characters the part that is not known probably has [characters]; 0 where nobody can say.
    """

    why: str
    known_text: str = ""
    options: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    likely: int = 0
    refers: tuple[str, ...] = ()  # the ids of resources that it is made of, where something tells
    holes: str = ""  # `known_text` with a HOLE for each part that is not; empty where it is one

    @property
    def numbers(self) -> tuple[float, ...]:
        """Its options as numbers; empty unless each is one."""
        numbers = [number(option) for option in self.options]
        return () if None in numbers else tuple(one for one in numbers if one is not None)

    @property
    def pattern(self) -> str:
        """What is known of the text, with a `HOLE` where something is not."""
        return HOLE if self.options else self.holes or f"{self.known_text}{HOLE}"


def one_of(options: Iterable[Any], why: str) -> Any:
    """What is one of several values: the value itself if they are equal, else an Unknown of them."""
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
    """A text that is known, and the ids of the resources that it is made of."""

    refers: tuple[str, ...]

    def __new__(cls, value: str, refers: tuple[str, ...] = ()) -> Text:
        """A text that knows which resources it was made of."""
        instance = super().__new__(cls, value)
        instance.refers = refers
        return instance


def mapping(value: Any) -> Map:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, Map) else Map()


def sequence(value: Any) -> list[Any]:
    """`value` if it is a sequence, alone in one if it is anything else, empty for None."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def text(value: Any) -> str | None:
    """A scalar as CloudFormation passes it on as text; None for what is none."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """A number as a template has it, `30` or `"30"`; None for what is none."""
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
    """`value` and all that is in it."""
    rest = [value]
    while rest:
        value = rest.pop()
        yield value
        if isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)


def of(value: Any, line: int = 1) -> Any:
    """Plain dicts, lists and numbers as a tree whose every value is on one line."""
    if isinstance(value, dict):
        pairs = {str(key): of(inner, line) for key, inner in value.items()}
        return Map(pairs, line)
    if isinstance(value, list | tuple):
        return List([of(inner, line) for inner in value], line)
    if value is None or isinstance(value, bool | str | Unknown):
        return value
    return repr(value)
