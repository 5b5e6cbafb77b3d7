"""CloudFormation and SAM as a stack: SAM Globals are merged into resources, local stacks are nested.

CDK's synthesised templates and the Serverless Framework's packaged ones are CloudFormation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .documents import with_documents
from .findings import TEMPLATE_ITSELF
from .foreach import expand_loops
from .held_types import LIMITS
from .nodes import List, Map, Unknown, mapping, sequence, text
from .resolve import Scope
from .skipped import CONDITION, MACRO, MISSING_FILE, REMOTE, UNRESOLVED, Skipped
from .stack import Resource, Stack

GLOBALS = {  # a section of Globals: the resource type that it applies to
    "Function": "AWS::Serverless::Function",
    "Api": "AWS::Serverless::Api",
    "HttpApi": "AWS::Serverless::HttpApi",
    "StateMachine": "AWS::Serverless::StateMachine",
    "LayerVersion": "AWS::Serverless::LayerVersion",
}
SECTIONS = {kind: section for section, kind in GLOBALS.items()}
LANGUAGE = {  # transforms that are supported, or that change no resource
    "AWS::Serverless-2016-10-31",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
    "AWS::CodeDeployBlueGreen",
}
NESTED = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}


def is_template(tree: Any) -> bool:
    """Whether a tree is a CloudFormation or SAM template: it has resources, at least one with a type."""
    if not isinstance(tree, Map):
        return False
    resources = tree.get("Resources")
    typed = (resource for resource in mapping(resources).values() if "Type" in mapping(resource))
    declared = "AWSTemplateFormatVersion" in tree or "Transform" in tree
    if declared and "Resources" in tree and resources is None:
        return True  # an empty template
    return isinstance(resources, Map) and (declared or any(typed))


def serverless_template(tree: Any) -> Any:
    """The template inside a state file of the Serverless Framework, else `tree`."""
    provider = mapping(mapping(mapping(tree).get("service")).get("provider"))
    return provider.get("compiledCloudFormationTemplate", tree)


def stack(
    tree: Map,
    file: str,
    folder: Path | None = None,
    arguments: Mapping[str, Any] | None = None,
    origins: Mapping[str, str] | None = None,
) -> Stack:
    """The stack of a template; `arguments` are the values of its parameters, `origins` their environments."""
    loops = expand_loops(tree, Scope(tree, arguments, origins=origins))
    tree = loops.tree
    scope, resources = Scope(tree, arguments, origins=origins), {}
    skipped = [
        Skipped(file, line, name, "Fn::ForEach", UNRESOLVED, f"it is not written out: {why}")
        for name, line, why in loops.unread
    ]
    skipped += _macros(tree, file)
    section = mapping(tree.get("Resources"))
    shared = mapping(tree.get("Globals"))
    for name, body in section.items():
        kind, line = text(mapping(body).get("Type")), section.at(name)
        if name == "Fn::Transform":
            message = "a macro makes resources when it is deployed: check the template that it makes"
            skipped.append(Skipped(file, line, TEMPLATE_ITSELF, "Fn::Transform", MACRO, message))
        if kind is None:
            if name != "Fn::Transform" and not name.startswith("Fn::ForEach"):
                why = body.why if isinstance(body, Unknown) else "it states no type that can be read"
                skipped.append(Skipped(file, line, name, "Type", UNRESOLVED, why))
            continue
        what = (file, line, name, kind)
        if scope.holds(body.get("Condition")) is False:
            if kind in LIMITS:
                message = f"condition {text(body['Condition'])} does not hold with these parameters"
                skipped.append(Skipped(*what, CONDITION, message, LIMITS[kind]))
            continue
        own = scope.value(body.get("Properties"))
        if isinstance(own, Unknown):
            if kind in LIMITS:
                message = f"its properties are not known ({own.why})"
                skipped.append(Skipped(*what, UNRESOLVED, message, LIMITS[kind]))
            continue
        if "Fn::Transform" in mapping(own):
            message = "a macro makes some of its properties when it is deployed"
            skipped.append(Skipped(*what, MACRO, message, LIMITS.get(kind, ())))
        properties = _with_globals(body, mapping(shared.get(SECTIONS.get(kind, ""))), scope)
        metadata = mapping(body.get("Metadata"))
        resources[name] = Resource(name, kind, properties, line, metadata, scope)
    template_stack = Stack(file, resources, scope, folder, mapping(tree.get("Metadata")), shared, skipped)
    return with_documents(template_stack)


def _macros(tree: Map, file: str) -> Iterator[Skipped]:
    """Transforms that may change any resource, and whose code is elsewhere."""
    for transform in sequence(tree.get("Transform")):
        name = text(transform) or text(mapping(transform).get("Name"))
        if name not in LANGUAGE and transform is not None:
            message = "a macro may change any resource when it is deployed: check the template that it makes"
            yield Skipped(
                file, tree.at("Transform"), TEMPLATE_ITSELF, f"Transform {name or ''}".strip(), MACRO, message
            )


def _with_globals(body: Map, shared: Map, scope: Scope) -> Map:
    properties = mapping(scope.value(body.get("Properties")))
    ignored = sequence(body.get("IgnoreGlobals"))
    if not shared or "*" in ignored:
        return properties
    return _merge(
        Map({k: v for k, v in shared.items() if k not in ignored}, shared.line, shared.lines), properties
    )


def _merge(common: Map, own: Map) -> Map:
    """Merge Globals into a resource: mappings merge, lists join, otherwise the resource's value wins."""
    merged = Map({**common, **own}, own.line if own else common.line, {**common.lines, **own.lines})
    for name in common.keys() & own.keys():
        ours, theirs = own[name], common[name]
        if (
            isinstance(ours, Map)
            and isinstance(theirs, Map)
            and not (_is_function(ours) or _is_function(theirs))
        ):
            merged[name] = _merge(theirs, ours)
        elif isinstance(ours, list) and isinstance(theirs, list):
            merged[name] = List([*theirs, *ours], getattr(ours, "line", own.line))
    return merged


def _is_function(node: Map) -> bool:
    return len(node) == 1 and any(name == "Ref" or name.startswith("Fn::") for name in node)


def nested_templates(parent: Stack) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The local nested templates of a stack, each with the parameters that the stack passes.

    Nested templates that are not local are added to the parent's `skipped`.
    """
    for resource in parent.of_type(*NESTED):
        setting = resource.get(NESTED[resource.type])
        location = text(resource.metadata.get("aws:asset:path")) or setting.value  # of CDK
        reason, message = _elsewhere(location, parent.folder)
        if reason:
            what = f"{resource.type} {NESTED[resource.type]}"
            parent.skipped.append(Skipped(parent.file, setting.line, resource.id, what, reason, message))
            continue
        parameters = mapping(resource.get("Parameters").value)
        arguments = {name: parent.scope.plain(value) for name, value in parameters.items()}
        yield parent.folder / location, arguments  # type: ignore[operator]


def _elsewhere(location: Any, folder: Path | None) -> tuple[str, str]:
    """Why a nested template cannot be read; empty if it can."""
    if isinstance(location, Unknown):
        return UNRESOLVED, f"where the nested template lies is not known ({location.why})"
    if not isinstance(location, str) or "://" in location or "\0" in location:
        return REMOTE, "the nested template lies elsewhere: check it by itself"
    if folder is None or not (folder / location).is_file():
        return MISSING_FILE, "the nested template is not here: check it where it is made"
    return "", ""
