"""CloudFormation and SAM as a stack: Globals merged into what they hold for, local stacks nested.

CDK's synthesised templates and the Serverless Framework's packaged ones are CloudFormation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .nodes import List, Map, mapping, sequence, text
from .resolve import Scope
from .stack import Resource, Stack

GLOBALS = {  # a section of Globals: the type that it holds for
    "Function": "AWS::Serverless::Function",
    "Api": "AWS::Serverless::Api",
    "HttpApi": "AWS::Serverless::HttpApi",
    "StateMachine": "AWS::Serverless::StateMachine",
    "LayerVersion": "AWS::Serverless::LayerVersion",
}
SECTIONS = {kind: section for section, kind in GLOBALS.items()}
NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}


def is_template(tree: Any) -> bool:
    """Whether a tree is a CloudFormation or SAM template: it has resources, and one of them a type."""
    if not isinstance(tree, Map):
        return False
    resources = tree.get("Resources")
    typed = (resource for resource in mapping(resources).values() if "Type" in mapping(resource))
    declared = "AWSTemplateFormatVersion" in tree or "Transform" in tree
    return isinstance(resources, Map) and (declared or any(typed))


def packaged(tree: Any) -> Any:
    """The template inside a Serverless Framework state file, else `tree`."""
    provider = mapping(mapping(mapping(tree).get("service")).get("provider"))
    return provider.get("compiledCloudFormationTemplate", tree)


def stack(
    tree: Map,
    file: str,
    folder: Path | None = None,
    given: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> Stack:
    """The stack of a template; `given` are its parameters, and `origins` says which file gives some."""
    scope, resources = Scope(tree, given, origins=origins), {}
    section = mapping(tree.get("Resources"))
    shared = mapping(tree.get("Globals"))
    for name, body in section.items():
        kind = text(mapping(body).get("Type"))
        if kind is None or scope.holds(body.get("Condition")) is False:
            continue
        properties = _with_globals(body, mapping(shared.get(SECTIONS.get(kind, ""))), scope)
        metadata = mapping(body.get("Metadata"))
        resources[name] = Resource(name, kind, properties, section.at(name), metadata, scope)
    return Stack(file, resources, scope, folder, mapping(tree.get("Metadata")), shared)


def _with_globals(body: Map, shared: Map, scope: Scope) -> Map:
    properties = mapping(scope.value(body.get("Properties")))
    ignored = sequence(body.get("IgnoreGlobals"))
    if not shared or "*" in ignored:
        return properties
    return _merged(
        Map({k: v for k, v in shared.items() if k not in ignored}, shared.line, shared.lines), properties
    )


def _merged(common: Map, own: Map) -> Map:
    """Mappings are merged, lists joined, of all else its own wins."""
    merged = Map({**common, **own}, own.line if own else common.line, {**common.lines, **own.lines})
    for name in common.keys() & own.keys():
        ours, theirs = own[name], common[name]
        if (
            isinstance(ours, Map)
            and isinstance(theirs, Map)
            and not (_is_function(ours) or _is_function(theirs))
        ):
            merged[name] = _merged(theirs, ours)
        elif isinstance(ours, list) and isinstance(theirs, list):
            merged[name] = List([*theirs, *ours], getattr(ours, "line", own.line))
    return merged


def _is_function(node: Map) -> bool:
    return len(node) == 1 and any(name == "Ref" or name.startswith("Fn::") for name in node)


def nested(parent: Stack) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The local templates that a stack nests, each with the parameters that it gives."""
    for resource in parent.of_type(*NESTED):
        location = resource.get(NESTED[resource.type]).value
        location = text(resource.metadata.get("aws:asset:path")) or location  # CDK's
        if parent.folder is None or not isinstance(location, str) or "://" in location or "\0" in location:
            continue
        parameters = mapping(resource.get("Parameters").value)
        given = {name: parent.scope.plain(value) for name, value in parameters.items()}
        yield parent.folder / location, given
