"""Expands `Fn::ForEach` loops (language extensions) before anything else reads the template.

A loop over values that are known only at deployment is not expanded, and is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .nodes import List, Map, Unknown, sequence, text
from .resolve import Scope

LOOP = "Fn::ForEach"
SECTIONS = ("Conditions", "Resources")  # Outputs have no limits to check
MOST_COPIES = 5_000  # of all loops of a template; a template may have 500 resources
VARIABLE = re.compile(r"[$&]\{([A-Za-z0-9]+)\}")


@dataclass
class Loops:
    """A template with its loops expanded, and the loops that could not be: name, line, reason."""

    tree: Map
    unread: list[tuple[str, int, str]] = field(default_factory=list)


def expand_loops(tree: Map, scope: Scope) -> Loops:
    """Expand the loops of a template.

    >>> tree = Map({"Resources": Map({"Fn::ForEach::F": [
    ...     "Name", ["A", "B"], Map({"Fn${Name}": Map({"Type": "AWS::SNS::Topic"})})]})})
    >>> list(expand_loops(tree, Scope(Map())).tree["Resources"])
    ['FnA', 'FnB']
    """
    sections = [name for name in SECTIONS if name in tree]
    if not any(_has_loop(tree[name]) for name in sections):
        return Loops(tree)
    loops = Loops(Map(tree, tree.line, tree.lines))
    writer = _Writer(scope, loops)
    for name in sections:
        loops.tree[name] = writer.expand(tree[name])
    return loops


def _has_loop(value: Any) -> bool:
    rest = [value]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            if any(key.startswith(LOOP) for key in value):
                return True
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    return False


class _Writer:
    """Expands loops, up to `MOST_COPIES` copies."""

    def __init__(self, scope: Scope, loops: Loops) -> None:
        self.scope, self.loops, self.copies = scope, loops, 0

    def expand(self, value: Any) -> Any:
        """A tree with the loops in it expanded."""
        if isinstance(value, list):
            return List([self.expand(inner) for inner in value], getattr(value, "line", 1))
        if not isinstance(value, Map):
            return value
        tree = Map(line=value.line)
        for name, inner in value.items():
            line = value.at(name)
            if not name.startswith(LOOP):
                tree[name], tree.lines[name] = self.expand(inner), line
                continue
            for key, body in self._copies(name, inner, line):
                one = self.expand(Map({key: body}, line, {key: line}))  # the copy may hold another loop
                tree.update(one)
                tree.lines.update(one.lines)
        return tree

    def _copies(self, name: str, loop: Any, line: int) -> Iterator[tuple[str, Any]]:
        """The key-value pairs that a loop makes."""
        parts = sequence(loop)
        variables = [text(one) for one in sequence(parts[0])] if parts else []
        if len(parts) != 3 or None in variables or not isinstance(parts[2], Map):
            self.loops.unread.append((name, line, "it is not a variable, a list and what to repeat"))
            return
        values = self.scope.value(parts[1])
        rows = [self.scope.value(one) for one in sequence(values)]
        unknown = next((one for one in (values, *rows) if isinstance(one, Unknown)), None)
        if unknown is not None:
            self.loops.unread.append((name, line, f"what it goes through is not known ({unknown.why})"))
            return
        for row in rows:
            pairs = dict(zip(variables, [text(one) for one in sequence(row)], strict=False))
            self.copies += len(parts[2])
            if self.copies > MOST_COPIES:
                self.loops.unread.append((name, line, f"it makes more than {MOST_COPIES:,} resources"))
                return
            for key, body in parts[2].items():
                yield _fill(key, pairs), _copy(body, pairs)


def _fill(content: str, pairs: dict[str | None, str | None]) -> str:
    return VARIABLE.sub(lambda match: pairs.get(match[1]) or match[0], content)


def _copy(node: Any, pairs: dict[str | None, str | None]) -> Any:
    """A loop's body with the variable filled in: in texts, in keys, and in each Ref to the variable."""
    if isinstance(node, str):
        return _fill(node, pairs) if "{" in node else node
    if isinstance(node, list):
        return List([_copy(inner, pairs) for inner in node], getattr(node, "line", 1))
    if not isinstance(node, Map):
        return node
    if len(node) == 1 and isinstance(name := node.get("Ref"), str) and name in pairs:
        return pairs[name]
    lines = {_fill(name, pairs): node.at(name) for name in node}
    return Map({_fill(name, pairs): _copy(inner, pairs) for name, inner in node.items()}, node.line, lines)
