"""Documents that a template hands to AWS as a whole: state machines and OpenAPI descriptions.

They stand in the template, in a text that it puts together, or in a file beside it. Here they are read in
and set where the rules look for them; what cannot be read is reported.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .held_types import LIMITS
from .nodes import HOLE, List, Map, Unknown, mapping, text
from .parse import ParseError, parse
from .skipped import MACRO, MISSING_FILE, REMOTE, UNRESOLVED, Skipped
from .stack import Resource, Stack

MOST_BYTES = 16 << 20  # of a file beside the template
PLACES = {  # where a document may stand: as a tree or a text, as a path or an address
    "AWS::StepFunctions::StateMachine": (("Definition", "DefinitionString"), ("DefinitionS3Location",)),
    "AWS::Serverless::StateMachine": (("Definition",), ("DefinitionUri",)),
    "AWS::Serverless::Api": (("DefinitionBody",), ("DefinitionUri",)),
    "AWS::Serverless::HttpApi": (("DefinitionBody",), ("DefinitionUri",)),
    "AWS::ApiGateway::RestApi": (("Body",), ("BodyS3Location",)),
    "AWS::ApiGatewayV2::Api": (("Body",), ("BodyS3Location",)),
}
TOKEN = re.compile(rf'"(?:[^"\\]|\\.)*"|{HOLE}')
SUBSTITUTION = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


class _NotReadError(Exception):
    """A document cannot be read: the reason of `Skipped`, and the sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def with_documents(stack: Stack) -> Stack:
    """The stack with every document read in; what could not be is in `skipped`, files in `read`."""
    resources = dict(stack.resources)
    for resource in stack.of_type(*PLACES):
        inline, beside = PLACES[resource.type]
        for name in (*inline, *beside):
            if name not in resource.properties:
                continue
            line = resource.properties.at(name)
            try:
                tree = _document(stack, resource, name, name in beside)
            except _NotReadError as error:
                what = f"{resource.type} {name}"
                stack.skipped.append(
                    Skipped(stack.file, line, resource.id, what, error.reason, str(error),
                            LIMITS[resource.type])
                )  # fmt: skip
                continue
            if tree is not None:
                resources[resource.id] = _holding(resource, inline[0], tree, line)
                break
    return replace(stack, resources=resources)


def _holding(resource: Resource, name: str, tree: Map, line: int) -> Resource:
    properties = resource.properties
    lines = {**properties.lines, name: line}
    return replace(resource, properties=Map({**properties, name: tree}, properties.line, lines))


def _document(stack: Stack, resource: Resource, name: str, is_beside: bool) -> Map | None:
    """The tree of a document; None where the property is not set after all."""
    node = resource.properties[name]
    include = mapping(node).get("Fn::Transform")
    if include is not None:
        return _included(stack, resource, include, resource.properties.at(name))
    value = stack.scope.value(node)
    if value is None:
        return None
    substitutions = mapping(resource.get("DefinitionSubstitutions").value)
    values = {key: stack.scope.value(one) for key, one in substitutions.items()}
    if is_beside:
        return _beside(stack, value, resource.properties.at(name), values)
    if isinstance(value, Map):
        if "Fn::Transform" in value:
            raise _NotReadError(MACRO, "Fn::Transform makes a part of it when it is deployed")
        return _filled(value, values) if values else value
    return _put_together(value, resource.properties.at(name), values)


def _included(stack: Stack, resource: Resource, include: Any, line: int) -> Map:
    """What AWS::Include brings in; other macros make what only they know."""
    if text(mapping(include).get("Name")) != "AWS::Include":
        raise _NotReadError(MACRO, "a macro makes it when it is deployed")
    place = mapping(mapping(include).get("Parameters")).get("Location")
    return _beside(stack, stack.scope.value(place), line, {})


def _beside(stack: Stack, place: Any, line: int, values: dict[str, Any]) -> Map:
    """The document of a file beside the template."""
    if isinstance(place, Unknown):
        raise _NotReadError(UNRESOLVED, f"the file that it names is not known ({place.why})")
    if not isinstance(place, str) or "://" in place or "\0" in place:
        raise _NotReadError(REMOTE, "it lies in a bucket: check the file itself as well")
    if stack.folder is None:
        raise _NotReadError(MISSING_FILE, "the template has no folder to look for it in")
    path = stack.folder / place
    try:
        if not path.is_file():
            raise _NotReadError(MISSING_FILE, f"{place} is not beside the template")
        if path.stat().st_size > MOST_BYTES:
            raise _NotReadError(UNRESOLVED, f"{place} is larger than {MOST_BYTES >> 20} MB")
        tree = _parsed(path.read_text(encoding="utf-8-sig"), values)
    except (OSError, ValueError, ParseError) as error:
        detail = "" if isinstance(error, UnicodeDecodeError) else f": {' '.join(str(error).split())}"
        raise _NotReadError(UNRESOLVED, f"{place} cannot be read{detail}") from None
    if not isinstance(tree, Map):
        raise _NotReadError(UNRESOLVED, f"{place} holds no document")
    stack.read.add(path.resolve())
    document: Map = on_one_line(tree, line)
    return document


def _put_together(value: Any, line: int, values: dict[str, Any]) -> Map:
    """The document of a text, of which parts may not be known."""
    content = value.pattern if isinstance(value, Unknown) else text(value) or ""
    if not content.replace(HOLE, "").strip(" \n\t{}[]\"',:"):
        why = value.why if isinstance(value, Unknown) else "it is no text"
        raise _NotReadError(UNRESOLVED, f"it is not known ({why})")
    try:
        tree = _parsed(content, values)
    except ParseError:
        tree = None
    if not isinstance(tree, Map):
        raise _NotReadError(UNRESOLVED, "the text that it is put together from is no JSON or YAML")
    document: Map = on_one_line(tree, line)
    return document


def _parsed(content: str, values: dict[str, Any]) -> Any:
    """The tree of a text, with its substitutions filled in, and its holes as texts of their own."""
    if values:
        content = SUBSTITUTION.sub(lambda match: _certain(values.get(match[1], match[0])), content)
    if HOLE in content and content.lstrip()[:1] == "{":
        content = TOKEN.sub(lambda match: match[0] if match[0] != HOLE else f'"{HOLE}"', content)
    return parse(content)


def on_one_line(tree: Any, line: int) -> Any:
    """A tree from another text, all of it on one line; a scalar with a hole is unknown again."""
    if isinstance(tree, Map):
        return Map({name.replace(HOLE, ""): on_one_line(inner, line) for name, inner in tree.items()}, line)
    if isinstance(tree, list):
        return List([on_one_line(inner, line) for inner in tree], line)
    if isinstance(tree, str) and HOLE in tree:
        return Unknown("a part of it is known when it is deployed", tree.replace(HOLE, ""))
    return tree


def _filled(tree: Any, values: dict[str, Any]) -> Any:
    if isinstance(tree, Map):
        if len(tree) == 1 and next(iter(tree)).startswith("Fn::"):
            return tree
        lines = tree.lines
        return Map({name: _filled(inner, values) for name, inner in tree.items()}, tree.line, lines)
    if isinstance(tree, list):
        return List([_filled(inner, values) for inner in tree], getattr(tree, "line", 1))
    if not isinstance(tree, str) or "${" not in tree:
        return tree
    whole = SUBSTITUTION.fullmatch(tree)
    if whole and whole[1] in values:
        return values[whole[1]]
    return SUBSTITUTION.sub(lambda match: _certain(values.get(match[1], match[0])), tree)


def _certain(value: Any) -> str:
    """A value as a text, with a hole where it is not known."""
    return value.pattern if isinstance(value, Unknown) else text(value) or ""
