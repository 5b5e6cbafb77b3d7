"""CloudFormation's intrinsic functions, resolved where the template alone says what they are.

A parameter stands for its default, a condition for what it is then. What only a deployment knows is an
`Unknown`, which keeps the text that it certainly holds: enough of it breaks a limit by itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .nodes import List, Map, Text, Unknown, mapping, sequence, text, walk

NO_VALUE = "AWS::NoValue"
PSEUDO = {  # what each certainly holds; of an account and a region the length
    "AWS::AccountId": "0" * 12,
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "x",
    "AWS::StackId": "arn:aws:cloudformation:",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NotificationARNs": "",
}
MOST_TEXT = 1 << 20  # characters; more than any limit that a template is held against
MOST_CONDITIONS = 50  # that are made of one another
DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
VARIABLE = re.compile(r"\$\{([^}]*)\}")
LISTS = ("CommaDelimitedList", "List<")


class Scope:
    """The parameters, mappings and conditions of one template; `given` are a parent's arguments."""

    def __init__(self, template: Map, given: Mapping[str, Any] | None = None) -> None:
        self.parameters = mapping(template.get("Parameters"))
        self.mappings = mapping(template.get("Mappings"))
        self.conditions = mapping(template.get("Conditions"))
        self.given = given or {}
        self._held: dict[str, bool | None] = {}
        self._asked: set[str] = set()

    def value(self, node: Any) -> Any:
        """`node`, or what it stands for if it is an intrinsic function; its parts are left as they are."""
        if isinstance(node, Map) and len(node) == 1:
            (name, argument), *_ = node.items()
            if does := FUNCTIONS.get(name):
                return does(self, argument)
            return Unknown(f"{name} is known when it is deployed") if name.startswith("Fn::") else node
        if isinstance(node, str) and "{{resolve:" in node:
            return Unknown("a dynamic reference is resolved by the deployment", DYNAMIC.sub("", node))
        return node

    def text(self, node: Any) -> str | Unknown:
        """`node` as text."""
        found = self.value(node)
        if isinstance(found, Unknown):
            return found
        if found is None:
            return ""
        said = text(found)
        return Unknown("it is not text") if said is None else said

    def plain(self, node: Any) -> Any:
        """`node` with every function in it resolved."""
        found = self.value(node)
        if isinstance(found, Map):
            return Map({key: self.plain(inner) for key, inner in found.items()}, found.line, found.lines)
        return List([self.plain(inner) for inner in found]) if isinstance(found, list) else found

    def reference(self, name: Any) -> Any:
        """What a Ref to `name` stands for."""
        if not isinstance(name, str) or name == NO_VALUE:
            return None
        if name in PSEUDO:
            return Unknown(f"{name} is known when it is deployed", PSEUDO[name])
        parameter = mapping(self.parameters.get(name))
        if name not in self.given and "Default" not in parameter:
            why = "has no default" if name in self.parameters else "is known when it is deployed"
            return Unknown(f"{name} {why}")
        kind, default = str(parameter.get("Type")), self.given.get(name, parameter.get("Default"))
        if kind.startswith(("AWS::SSM::Parameter::Value", "AWS::SSM::Parameter::Name")):
            return Unknown(f"{name} is read from Parameter Store")
        if kind.startswith(LISTS) and isinstance(default, str):
            return List([part.strip() for part in default.split(",")])
        return default

    def holds(self, name: Any) -> bool | None:
        """Whether a condition holds with the defaults; None if they do not tell."""
        if not isinstance(name, str) or name in self._asked or len(self._asked) > MOST_CONDITIONS:
            return None
        if name not in self._held:
            self._asked.add(name)
            self._held[name] = self.truth(self.conditions.get(name))
            self._asked.discard(name)
        return self._held[name]

    def truth(self, node: Any) -> bool | None:
        """Whether a condition function holds; None if the defaults do not tell."""
        if not isinstance(node, Map) or len(node) != 1:
            return None
        (name, argument), *_ = node.items()
        if name == "Condition":
            return self.holds(argument)
        if name == "Fn::Equals":
            return self._equal(sequence(argument))
        parts = [self.truth(part) for part in sequence(argument)]
        if name == "Fn::Not" and len(parts) == 1:
            return None if parts[0] is None else not parts[0]
        if name in ("Fn::And", "Fn::Or"):
            decides = name == "Fn::Or"
            if decides in parts:
                return decides
            return None if None in parts else not decides
        return None

    def _equal(self, sides: list[Any]) -> bool | None:
        said = [self.text(side) for side in sides]
        if len(said) != 2 or any(isinstance(side, Unknown) for side in said):
            return None
        return said[0] == said[1]


def joined(parts: list[str | Unknown]) -> str | Unknown:
    """Texts one after another."""
    known = "".join(part.known if isinstance(part, Unknown) else part for part in parts)
    if len(known) > MOST_TEXT:
        return Unknown("it is very long", known[:MOST_TEXT])
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    if unknown is None:
        return known
    holes = "".join(part.pattern if isinstance(part, Unknown) else part for part in parts)
    return Unknown(unknown.why, known, holes=holes[:MOST_TEXT])


def _sub(scope: Scope, argument: Any) -> Any:
    """`${Name}` and `${Name.Attribute}` in a text, `${!Name}` as it stands."""
    template, own = argument, Map()
    if isinstance(argument, list) and argument:
        template, own = argument[0], mapping(argument[1] if len(argument) > 1 else None)
    template = scope.text(template)
    if isinstance(template, Unknown):
        return template
    values = {name: scope.text(value) for name, value in own.items()}
    parts: list[str | Unknown] = []
    for index, piece in enumerate(VARIABLE.split(template)):
        parts.append(piece if index % 2 == 0 else _variable(scope, piece.strip(), values))
    whole = joined(parts)
    return scope.value(whole) if isinstance(whole, str) else whole


def _variable(scope: Scope, name: str, values: Mapping[str, str | Unknown]) -> str | Unknown:
    if name.startswith("!"):
        return f"${{{name[1:]}}}"
    if name in values:
        return values[name]
    if "." in name:
        return Unknown(f"{name} is known when it is deployed")
    found = scope.reference(name)
    if isinstance(found, list):
        return _join(scope, [",", found])
    return scope.text(found)


def _join(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown("Fn::Join has no separator and list")
    separator, values = scope.text(argument[0]), scope.value(argument[1])
    if isinstance(values, Unknown) or isinstance(separator, Unknown):
        return Unknown("Fn::Join joins what is known when it is deployed")
    parts: list[str | Unknown] = []
    for value in sequence(values):
        found = scope.value(value)
        parts += [
            separator,
            _join(scope, [separator, found]) if isinstance(found, list) else scope.text(found),
        ]
    return joined(parts[1:])


def _find_in_map(scope: Scope, argument: Any) -> Any:
    path = [scope.text(part) for part in sequence(argument)[:3]]
    found: Any = scope.mappings
    for part in path:
        if isinstance(part, Unknown):
            return Unknown(part.why)
        found = mapping(found).get(part)
    if found is None or len(path) != 3:
        default = mapping(sequence(argument)[-1] if sequence(argument) else None).get("DefaultValue")
        return Unknown("no mapping says it") if default is None else scope.value(default)
    return found


def _if(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 3:
        return Unknown("Fn::If has no condition and two values")
    holds = scope.holds(argument[0])
    if holds is not None:
        return scope.value(argument[1 if holds else 2])
    return Unknown(f"condition {text(argument[0])} depends on what is deployed")


def _select(scope: Scope, argument: Any) -> Any:
    index, values = [scope.value(part) for part in [*sequence(argument), None, None][:2]]
    if isinstance(index, Unknown) or isinstance(values, Unknown):
        return Unknown("Fn::Select selects from what is known when it is deployed")
    if isinstance(index, str) and index.isdecimal() and isinstance(values, list):
        at = int(index) if len(index) < 6 else len(values)
        return scope.value(values[at]) if at < len(values) else Unknown("Fn::Select is past the end")
    return Unknown("Fn::Select has no index and list")


def _split(scope: Scope, argument: Any) -> Any:
    separator, whole = [scope.text(part) for part in [*sequence(argument), None, None][:2]]
    if isinstance(whole, Unknown) or isinstance(separator, Unknown) or not separator:
        return Unknown("Fn::Split splits what is known when it is deployed")
    return List(whole.split(separator))


def _base64(scope: Scope, argument: Any) -> Any:
    plain = scope.text(argument)
    known = plain.known if isinstance(plain, Unknown) else plain
    coded = base64.b64encode(known.encode("utf-8", "surrogatepass")).decode()
    return Unknown(plain.why, coded[: len(coded) // 4 * 4]) if isinstance(plain, Unknown) else coded


def _to_json(scope: Scope, argument: Any) -> Any:
    plain = scope.plain(argument)
    unknown = next((part for part in walk(plain) if isinstance(part, Unknown)), None)
    if unknown is not None:
        return Unknown(unknown.why)
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def _get_att(scope: Scope, argument: Any) -> Any:
    parts = argument if isinstance(argument, list) else [argument]
    said = ".".join(str(text(part) or "?") for part in parts[:2])
    return Unknown(f"{said} is known when it is deployed")


FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": lambda scope, name: scope.reference(name),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json,
}


def references(node: Any) -> Iterator[str]:
    """The names that Ref, Fn::GetAtt and Fn::Sub name anywhere in `node`, attributes left out."""
    for part in walk(node):
        if isinstance(part, Text | Unknown):
            yield from part.refers
        if not isinstance(part, Map):
            continue
        if isinstance(name := part.get("Ref"), str):
            yield name
            yield name.partition(".")[0]
        if "Fn::GetAtt" in part:
            named = sequence(part["Fn::GetAtt"])
            if named and isinstance(named[0], str):
                yield named[0].partition(".")[0]
        if "Fn::Sub" in part:
            template = (sequence(part["Fn::Sub"]) or [None])[0]
            if isinstance(template, str):
                yield from (name.strip().partition(".")[0] for name in VARIABLE.findall(template))
