"""Pulumi: `pulumi preview --json` and `pulumi stack export`, for the providers aws and aws-native.

The aws provider and its table of arguments come from Terraform's provider; aws-native comes from
CloudFormation's schemas.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..documents import with_documents
from ..findings import TEMPLATE_ITSELF
from ..nodes import List, Map, Text, Unknown, mapping, number, sequence, text
from ..resolve import Scope
from ..skipped import UNRESOLVED, Skipped
from ..stack import Resource, Stack
from ..terraform import assemble
from ..terraform_arguments import TABLE, camel, cloudformation_type, of_schema, properties, snake

LATER = "it is known after the update"
UNKNOWNS = {  # Pulumi's placeholders for values not known yet: any, boolean, number, ...
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "[unknown]",
    "output<string>",
}
SIGNATURE = "4dabf18193072939515e22adb298388d"  # Pulumi's key for special values such as assets and secrets
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - Pulumi's mark of a secret, the same for all
REMOVALS = ("delete", "discard", "remove")  # operations that remove a resource
RENAMED = {  # arguments with another name in Pulumi than in Terraform
    "function_name": ("function",),
    "rest_api_id": ("restApi",),
    "topic_arn": ("topic",),
    "filename": ("code",),
}
OTHER_NAMES = {"lbloadbalancer": "lb", "albloadbalancer": "lb", "s3bucketv2": "s3bucket"}
MOST_DEEP = 100


def is_one(tree: Any, path: Path) -> bool:
    """Whether a tree is a preview or an exported stack."""
    fields = mapping(tree)
    if "steps" in fields:
        steps = sequence(fields["steps"])
        return "changeSummary" in fields or any("urn" in mapping(step) for step in steps[:3])
    return "resources" in mapping(fields.get("deployment"))


def stack(tree: Map, file: str, folder: Path | None = None) -> Stack:
    """The stack of a preview or of an exported stack."""
    scope = Scope(Map())
    states = list(_states(tree))
    resources = [_resource(state, scope) for state in states]
    result = Stack(file, assemble(one for one in resources if one), scope, folder)
    same = number(mapping(tree.get("changeSummary")).get("same")) or 0
    unchanged = sum(mapping(step).get("op") == "same" for step in sequence(tree.get("steps")))
    if same > unchanged:
        message = f"{same - unchanged:,.0f} unchanged resources are not in the preview: add --show-sames"
        result.skipped.append(Skipped(file, 1, TEMPLATE_ITSELF, "pulumi preview", UNRESOLVED, message))
    return with_documents(result)


def _states(tree: Map) -> Iterator[Map]:
    """The planned state of each resource."""
    for step in map(mapping, sequence(tree.get("steps"))):
        if not (text(step.get("op")) or "").startswith(REMOVALS):
            state = mapping(step.get("newState"))
            if state:
                yield state
    yield from map(mapping, sequence(mapping(tree.get("deployment")).get("resources")))


def _resource(state: Map, scope: Scope) -> Resource | None:
    urn, kind = text(state.get("urn")), text(state.get("type"))
    if not urn or not kind or state.get("delete") is True:
        return None
    provider, _, rest = kind.partition(":")
    block = _Inputs(state, _id(urn))
    if provider == "aws":
        module, _, name = rest.rpartition(":")
        own = TERRAFORM.get(_plain(module.partition("/")[0] + name))
        if own:
            block.kind = own
            type_name, shape = TABLE[own]
            return Resource(block.address, type_name, properties(block, shape), block.line, Map(), scope)
    if provider == "aws-native":
        service, _, name = rest.partition(":")
        if native := cloudformation_type(service, name):
            pairs = Map({key: block.tree(key) for key in block.inputs}, block.line)
            return Resource(block.address, native, of_schema(pairs, block.line), block.line, Map(), scope)
    return Resource(block.address, kind, Map(line=block.line), block.line, Map(), scope)


def _id(urn: str) -> str:
    """The part of a URN that identifies a resource in its stack: the parent types, and its name."""
    return "::".join(urn.split("::")[2:]).removeprefix("pulumi:pulumi:Stack$") or urn


def _ids(urns: Any) -> tuple[str, ...]:
    return tuple(_id(urn) for urn in map(text, sequence(urns)) if urn)


def _plain(name: str) -> str:
    name = name.replace("_", "").lower()
    return OTHER_NAMES.get(name, name)


TERRAFORM = {_plain(kind.removeprefix("aws_")): kind for kind in TABLE}


class _Inputs:
    """The inputs of one resource, by Terraform's names."""

    def __init__(self, state: Map, address: str) -> None:
        self.address, self.line, self.kind = address, state.line, ""
        self.inputs = mapping(state.get("inputs"))
        depends = mapping(state.get("propertyDependencies"))
        self.depends = {name: _ids(urns) for name, urns in depends.items()}
        self.every = () if depends else _ids(state.get("dependencies"))  # older versions give only this list

    def names(self) -> Iterator[str]:
        """The names of the inputs in Terraform."""
        for name in self.inputs:
            if not name.startswith("__"):
                yield snake(name)

    def argument(self, name: str) -> Any:
        """An input by its name in Terraform."""
        other = ("name",) if (self.kind, name) == ("aws_lambda_function", "function_name") else ()
        for form in (camel(name), f"{camel(name)}s", *other, *RENAMED.get(name, ())):
            if form in self.inputs:
                return self.tree(form)
        return None

    def tree(self, name: str) -> Any:
        """An input as a tree, with its references."""
        return self._tree(self.inputs[name], self.depends.get(name, self.every), 0)

    def _tree(self, value: Any, refers: tuple[str, ...], depth: int) -> Any:
        if isinstance(value, Map) and SIGNATURE in value:
            if value[SIGNATURE] == SECRET:
                return Unknown("it is a secret", refers=refers)
            return value.get("path")  # an archive beside the program
        if isinstance(value, Map) and depth < MOST_DEEP:
            pairs = {key: self._tree(inner, refers, depth + 1) for key, inner in value.items()}
            return Map({key: inner for key, inner in pairs.items() if not key.startswith("__")}, self.line)
        if isinstance(value, list) and depth < MOST_DEEP:
            return List([self._tree(inner, refers, depth + 1) for inner in value], self.line)
        if isinstance(value, str) and value in UNKNOWNS:
            return Unknown(LATER, refers=refers)
        if value == "[secret]":
            return Unknown("it is a secret", refers=refers)
        return Text(value, refers) if isinstance(value, str) and refers else value
