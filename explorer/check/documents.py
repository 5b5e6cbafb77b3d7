"""Documents that a template passes to AWS whole: state machine definitions and OpenAPI descriptions.

A document is a tree in the template, a text that the template builds, or a file beside the template.
This module reads it and sets it as a property of its resource, where the rules look for it; a document
that cannot be read is reported.
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

MOST_BYTES = 16 << 20  # the largest size of a file beside the template
PLACES = {  # properties that hold a document: as a tree or text, and as a path or URL
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
    """A document cannot be read; has the reason and the sentence for `Skipped`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def with_documents(stack: Stack) -> Stack:
    """The stack with all documents read. Unreadable ones go to `skipped`, files that were read to `read`."""
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
    """The tree of a document; None if the property has no value."""
    node = resource.properties[name]
    include = mapping(node).get("Fn::Transform")
    if include is not None:
        return _include(stack, resource, include, resource.properties.at(name))
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
        return _fill(value, values) if values else value
    return _put_together(value, resource.properties.at(name), values)


def _include(stack: Stack, resource: Resource, include: Any, line: int) -> Map:
    """The content that AWS::Include inserts; the output of other macros is not known."""
    if text(mapping(include).get("Name")) != "AWS::Include":
        raise _NotReadError(MACRO, "a macro makes it when it is deployed")
    place = mapping(mapping(include).get("Parameters")).get("Location")
    return _beside(stack, stack.scope.value(place), line, {})


def _beside(stack: Stack, place: Any, line: int, values: dict[str, Any]) -> Map:
    """The document in a file beside the template."""
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
        tree = _parse(path.read_text(encoding="utf-8-sig"), values)
    except (OSError, ValueError, ParseError) as error:
        detail = "" if isinstance(error, UnicodeDecodeError) else f": {' '.join(str(error).split())}"
        raise _NotReadError(UNRESOLVED, f"{place} cannot be read{detail}") from None
    if not isinstance(tree, Map):
        raise _NotReadError(UNRESOLVED, f"{place} holds no document")
    stack.read.add(path.resolve())
    document: Map = on_one_line(tree, line)
    return document


def _put_together(value: Any, line: int, values: dict[str, Any]) -> Map:
    """The document in a text of which parts may be unknown."""
    content = value.pattern if isinstance(value, Unknown) else text(value) or ""
    if not content.replace(HOLE, "").strip(" \n\t{}[]\"',:"):
        why = value.why if isinstance(value, Unknown) else "it is no text"
        raise _NotReadError(UNRESOLVED, f"it is not known ({why})")
    try:
        tree = _parse(content, values)
    except ParseError:
        tree = None
    if not isinstance(tree, Map):
        raise _NotReadError(UNRESOLVED, "the text that it is put together from is no JSON or YAML")
    document: Map = on_one_line(tree, line)
    return document


def _parse(content: str, values: dict[str, Any]) -> Any:
    """Parse a text after its substitutions are filled in and each hole outside of quotes is quoted."""
    if values:
        content = SUBSTITUTION.sub(lambda match: _certain(values.get(match[1], match[0])), content)
    if HOLE in content and content.lstrip()[:1] == "{":
        content = TOKEN.sub(lambda match: match[0] if match[0] != HOLE else f'"{HOLE}"', content)
    return parse(content)


def on_one_line(tree: Any, line: int) -> Any:
    """Put a tree parsed from another text on one line; a scalar with a hole becomes an Unknown."""
    if isinstance(tree, Map):
        return Map({name.replace(HOLE, ""): on_one_line(inner, line) for name, inner in tree.items()}, line)
    if isinstance(tree, list):
        return List([on_one_line(inner, line) for inner in tree], line)
    if isinstance(tree, str) and HOLE in tree:
        return Unknown("a part of it is known when it is deployed", tree.replace(HOLE, ""))
    return tree


def _fill(tree: Any, values: dict[str, Any]) -> Any:
    if isinstance(tree, Map):
        if len(tree) == 1 and next(iter(tree)).startswith("Fn::"):
            return tree
        lines = tree.lines
        return Map({name: _fill(inner, values) for name, inner in tree.items()}, tree.line, lines)
    if isinstance(tree, list):
        return List([_fill(inner, values) for inner in tree], getattr(tree, "line", 1))
    if not isinstance(tree, str) or "${" not in tree:
        return tree
    whole = SUBSTITUTION.fullmatch(tree)
    if whole and whole[1] in values:
        return values[whole[1]]
    return SUBSTITUTION.sub(lambda match: _certain(values.get(match[1], match[0])), tree)


def _certain(value: Any) -> str:
    """A value as text, with a hole for each unknown part."""
    return value.pattern if isinstance(value, Unknown) else text(value) or ""
