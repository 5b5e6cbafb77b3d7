"""Parse text to a tree: JSON, and YAML with CloudFormation's tags (from the events of libyaml).

Neither parser is recursive, so deep nesting cannot crash the program. Aliases share one value and are not
copied; a document is rejected if its aliases expand to more values than a person would write.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from json import JSONDecodeError, decoder
from typing import Any

from explorer.errors import ExplorerError

from .nodes import MOST_DEPTH, List, Map

MOST_YAML = 8 << 20  # characters; CloudFormation accepts 1 MB
MOST_ALIASED = 300_000  # values after expansion of the aliases
NULLS = {"", "~", "null", "Null", "NULL"}
TRUTHS = {"true", "True", "TRUE"}
FALSEHOODS = {"false", "False", "FALSE"}
# Booleans in YAML 1.1, which CloudFormation reads; text in YAML 1.2, which the Serverless Framework reads
TRUTHS_1_1 = TRUTHS | {"yes", "Yes", "YES", "on", "On", "ON"}
FALSEHOODS_1_1 = FALSEHOODS | {"no", "No", "NO", "off", "Off", "OFF"}
MERGE = "<<"


class ParseError(ExplorerError):
    """A text is not valid in its format."""


def parse(content: str, is_yaml_1_2: bool = False) -> Any:
    """Parse a JSON or YAML text to a tree. Raises ParseError with the line.

    >>> parse("Default: No"), parse("Default: No", is_yaml_1_2=True)
    ({'Default': False}, {'Default': 'No'})
    """
    if content.lstrip()[:1] in ("{", "["):
        try:
            return from_json(content)
        except ParseError as error:
            try:
                return from_yaml(content, is_yaml_1_2)  # a YAML flow mapping begins like a JSON object
            except ParseError:
                raise error from None
    return from_yaml(content, is_yaml_1_2)


class Builder:
    """Builds a tree from values in document order; `size` counts the values behind aliases."""

    def __init__(self) -> None:
        self.root: Any = None
        self.open: list[tuple[Map | List, Any]] = []  # the open containers, with their notes
        self.keys: list[Any] = []
        self.sizes = [0]
        self.duplicate_keys: list[tuple[str, int, int]] = []

    def begin(self, container: Map | List, note: Any = None) -> None:
        """Open a container."""
        if len(self.open) >= MOST_DEPTH:
            raise ParseError(f"line {container.line}: nested more than {MOST_DEPTH} deep")
        self.open.append((container, note))
        self.keys.append(None)
        self.sizes.append(1)

    def end(self) -> tuple[Any, Any, int]:
        """Close the innermost container: the container, its note, its size."""
        self.keys.pop()
        return (*self.open.pop(), self.sizes.pop())

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key of a mapping."""
        return bool(self.open) and isinstance(self.open[-1][0], Map) and self.keys[-1] is None

    def add(self, value: Any, line: int, size: int = 1) -> None:
        """Add a value or a key at the current position."""
        self.sizes[-1] += size
        if not self.open:
            self.root = value
            if isinstance(value, Map):
                value.duplicate_keys = self.duplicate_keys
            return
        container, _ = self.open[-1]
        if isinstance(container, List):
            container.append(value)
        elif self.keys[-1] is None:
            self.keys[-1] = (_key(value), line)
        else:
            key, at = self.keys[-1]
            if key in container and key != MERGE:
                self.duplicate_keys.append((_name(key), container.at(key), at))
            container[key], container.lines[key] = value, at
            self.keys[-1] = None


def _name(key: str) -> str:
    """A key for a message: only if it is a name, because a wrongly indented key may be a secret value."""
    return key if re.fullmatch(r"[A-Za-z][A-Za-z0-9_:.-]{0,63}", key) else "a key"


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else "" if value is None else "?"


# YAML ---------------------------------------------------------------------------------------------


def from_yaml(content: str, is_yaml_1_2: bool = False) -> Any:
    """Parse the first document of a YAML text to a tree. Raises ParseError with the line."""
    import yaml

    if len(content) > MOST_YAML:
        raise ParseError(f"is larger than {MOST_YAML >> 20} MB")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Yaml(yaml, is_yaml_1_2).read(yaml.parse(content, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise ParseError(f"{place}is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise ParseError(f"is not YAML: {str(error).splitlines()[0]}") from None


class _Yaml:
    """Builds a tree from the events of one document."""

    def __init__(self, yaml: Any, is_yaml_1_2: bool) -> None:
        self.truths, self.falsehoods = (TRUTHS, FALSEHOODS) if is_yaml_1_2 else (TRUTHS_1_1, FALSEHOODS_1_1)
        self.builder, self.anchors = Builder(), dict[str, tuple[Any, int]]()
        self.document_end = yaml.DocumentEndEvent
        self.does = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.MappingStartEvent: lambda event, line: self._begin(Map(line=line), event),
            yaml.SequenceStartEvent: lambda event, line: self._begin(List(line=line), event),
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
        }

    def read(self, events: Any) -> Any:
        """The tree of the first document."""
        for event in events:
            kind = type(event)
            if kind is self.document_end:
                break
            if does := self.does.get(kind):
                does(event, event.start_mark.line + 1)
        return self.builder.root

    def _begin(self, container: Map | List, event: Any) -> None:
        self.builder.begin(container, (event.tag, event.anchor))

    def _end(self, event: Any, line: int) -> None:
        container, (tag, anchor), size = self.builder.end()
        if MERGE in container and isinstance(container, Map):
            _merge(container)
        self._add(_with_tag(tag, container, container.line), anchor, container.line, size)

    def _scalar(self, event: Any, line: int) -> None:
        value: Any = event.value
        if event.implicit[0] and not event.style:
            value = self._plain(value)
        self._add(_with_tag(event.tag, value, line), event.anchor, line, 1)

    def _plain(self, value: str) -> Any:
        """The value of an unquoted scalar: null, a boolean, or its text."""
        if value in NULLS:
            return None
        if value in self.truths:
            return True
        return False if value in self.falsehoods else value

    def _add(self, value: Any, anchor: str | None, line: int, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = value, size
        self.builder.add(value, line, size)

    def _alias(self, event: Any, line: int) -> None:
        if event.anchor not in self.anchors:
            raise ParseError(f"line {line}: an alias (*) names nothing above it, or what it is in")
        value, size = self.anchors[event.anchor]
        if size + self.builder.sizes[-1] > MOST_ALIASED:
            raise ParseError(f"line {line}: an alias (*) makes it more than {MOST_ALIASED:,} values")
        self.builder.add(value, line, size)


def _with_tag(tag: str | None, value: Any, line: int) -> Any:
    """A value with a tag: `!Sub x` is {"Fn::Sub": x}; YAML's own tags do not change it."""
    if tag is None or tag == "!" or not tag.startswith("!"):
        return value
    name = tag[1:]
    key = name if name in ("Ref", "Condition") else f"Fn::{name}"
    return Map({key: value}, line, {key: line})


def _merge(container: Map) -> None:
    """Merge what `<<` refers to; the mapping's own keys win, then those of the first mapping in the list."""
    others = container.pop(MERGE)
    for other in others if isinstance(others, list) else [others]:
        if isinstance(other, Map):
            for key, value in other.items():
                if key not in container:
                    container[key], container.lines[key] = value, other.at(key)


# JSON ---------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r'[ \t\n\r]*(?:(?P<mark>[{}\[\],:])|(?P<text>")|(?P<word>true|false|null)'
    r"|(?P<number>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?))",
    re.ASCII,
)
WORDS = {"true": True, "false": False, "null": None}
VALUE, KEY, COLON, NEXT, FIRST_KEY, FIRST_VALUE = (
    "a value",
    "a key",
    '":"',
    '","',
    "a key or }",
    "a value or ]",
)


def from_json(content: str) -> Any:
    """Parse a JSON text to a tree. Raises ParseError with the line."""
    return _Json(content).read()


class _Json:
    """Builds a tree from the tokens of a text."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.breaks = [match.start() for match in re.finditer("\n", content)]
        self.builder, self.expected = Builder(), VALUE

    def line(self, position: int) -> int:
        return bisect_right(self.breaks, position) + 1

    def error_at(self, position: int, expected: str) -> ParseError:
        return ParseError(f"line {self.line(position)}: is not JSON: expected {expected}")

    def read(self) -> Any:
        """The tree of the text."""
        position = 0
        while not (self.expected is NEXT and not self.builder.open):
            match = TOKEN.match(self.content, position)
            if not match:
                raise self.error_at(position, self.expected)
            position = self._token(match)
        if self.content[position:].strip(" \t\n\r"):
            raise self.error_at(position, "nothing more")
        return self.builder.root

    def _token(self, match: re.Match[str]) -> int:
        """Process one token; returns the position after it."""
        start: int = match.start(match.lastgroup or 0)
        end: int = match.end()
        token = match[match.lastgroup or 0]
        if match.lastgroup == "mark":
            self._mark(token, start)
            return end
        if match.lastgroup == "text":
            return self._text(start)
        self._value(WORDS[token] if match.lastgroup == "word" else token, start)
        return end

    def _text(self, start: int) -> int:
        end: int
        try:
            value, end = decoder.scanstring(self.content, start + 1, False)  # type: ignore[attr-defined]
        except JSONDecodeError:
            raise self.error_at(start, "a text that ends") from None
        if self.expected in (KEY, FIRST_KEY):
            self.builder.add(value, self.line(start))
            self.expected = COLON
        else:
            self._value(value, start)
        return end

    def _value(self, value: Any, start: int, size: int = 1) -> None:
        if self.expected not in (VALUE, FIRST_VALUE):
            raise self.error_at(start, self.expected)
        self.builder.add(value, self.line(start), size)
        self.expected = NEXT

    def _mark(self, mark: str, start: int) -> None:
        if mark in "{[" and self.expected in (VALUE, FIRST_VALUE):
            self.builder.begin((Map if mark == "{" else List)(line=self.line(start)))
            self.expected = FIRST_KEY if mark == "{" else FIRST_VALUE
        elif mark in "}]" and self.builder.open and self._ends(mark):
            container, _, size = self.builder.end()
            self.expected = VALUE
            self._value(container, start, size)
        elif mark == ":" and self.expected is COLON:
            self.expected = VALUE
        elif mark == "," and self.expected is NEXT and self.builder.open:
            self.expected = KEY if isinstance(self.builder.open[-1][0], Map) else VALUE
        else:
            raise self.error_at(start, self.expected)

    def _ends(self, mark: str) -> bool:
        is_map = isinstance(self.builder.open[-1][0], Map)
        return (mark == "}") is is_map and self.expected in (NEXT, FIRST_KEY if is_map else FIRST_VALUE)
