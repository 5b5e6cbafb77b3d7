"""A stack for the rules: typed resources whose properties keep their lines and unknown parts.

SAM templates, CloudFormation (also from CDK and the Serverless Framework) and Terraform plans all become this
one form, so that each rule is written once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .nodes import Map, Unknown, mapping, number, one_of, sequence, text
from .resolve import Scope, references
from .skipped import Skipped

FUNCTION_TYPES = ("AWS::Lambda::Function", "AWS::Serverless::Function")
CDK_OWN = re.compile(  # matches paths of constructs and logical ids
    r"Custom(::)?[\w:]*CustomResourceProvider|Custom(::)?CDKBucketDeployment|AWS679f53fac002430cb0da5b7982bd2287"
    r"|LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8a|BucketNotificationsHandler050a0587b7544547bf325f094a3db834"
    r"|framework-?(onEvent|isComplete|onTimeout)|waiter-state-machine|@aws-cdk--"
)
POINTERS = ("AWS::Lambda::Alias", "AWS::Lambda::Version")  # refer to a function by FunctionName


@dataclass(frozen=True)
class TemplateValue:
    """A value in a template and its line; the value is None if it is not set.

    `assumed` names the default of a parameter that the value depends on, as a clause, and `others` are the
    values possible with other parameters.
    """

    value: Any
    line: int
    assumed: str = ""
    others: tuple[Any, ...] = ()

    @property
    def number(self) -> float | None:
        """The value as a number; None if it is not a number."""
        return number(self.value)

    @property
    def least(self) -> float | None:
        """The number, or its minimum if it is not known; None if there is no minimum."""
        if isinstance(self.value, Unknown):
            return min(self.value.numbers, default=self.value.least)
        return self.number

    @property
    def greatest(self) -> float | None:
        """The number, or its maximum if it is not known; None if there is no maximum."""
        if isinstance(self.value, Unknown):
            return max(self.value.numbers, default=self.value.most)
        return self.number

    def or_unset(self, constant: str) -> TemplateValue:
        """The value, with AWS's default (as text) wherever it is not set."""
        if self.value is None:
            return TemplateValue(constant, self.line, self.assumed, self.others)
        if isinstance(self.value, Unknown) and None in self.value.options:
            options = [constant if one is None else one for one in self.value.options]
            return TemplateValue(one_of(options, self.value.why), self.line)
        return self

    @property
    def why_unknown(self) -> str:
        """The reason why the value is not known; empty if it is known."""
        return self.value.why if isinstance(self.value, Unknown) else ""


@dataclass(frozen=True, eq=False)
class Resource:
    """One resource: its logical id, type, properties and line."""

    id: str
    type: str
    properties: Map
    line: int
    metadata: Map
    scope: Scope

    def get(self, *path: str) -> TemplateValue:
        """The property at a path of names, resolved; the line is that of the deepest name that exists."""
        value, line, is_resolved = self._at(path, self.scope)
        if not is_resolved or isinstance(value, Unknown) or self.scope.without_defaults is self.scope:
            return TemplateValue(value, line)
        return with_others(value, self._at(path, self.scope.without_defaults)[0], line)

    def _at(self, path: tuple[str, ...], scope: Scope) -> tuple[Any, int, bool]:
        """The value at a path, its line, and whether a function was resolved on the way."""
        value: Any = self.properties
        line, is_resolved = self.line, False
        for name in path:
            if isinstance(value, Map) and name in value:
                line = value.at(name)
            if isinstance(value, Unknown):
                value = _inner(value, name, scope)
                continue
            node = mapping(value).get(name)
            value = scope.value(node)
            is_resolved = is_resolved or value is not node
        return value, line, is_resolved

    def raw(self, *path: str) -> Any:
        """The property at a path of names; its last part is not resolved."""
        value: Any = self.properties
        for name in path[:-1]:
            value = self.scope.value(mapping(value).get(name))
        return mapping(value).get(path[-1])


def with_others(value: Any, elsewhere: Any, line: int) -> TemplateValue:
    """A value known with the defaults of parameters; `elsewhere` is the value without these defaults."""
    if not isinstance(elsewhere, Unknown) or isinstance(value, Unknown):
        return TemplateValue(value, line)
    return TemplateValue(value, line, elsewhere.why, elsewhere.options)


def _inner(value: Unknown, name: str, scope: Scope) -> Any:
    """A property of a mapping with several options; the whole Unknown if not all options are mappings."""
    if not value.options or not all(option is None or isinstance(option, Map) for option in value.options):
        return value
    return one_of([scope.value(mapping(option).get(name)) for option in value.options], value.why)


def resolve_node(node: Any, line: int, scope: Scope) -> TemplateValue:
    """The value of a node, and its possible values with other parameters."""
    value = scope.value(node)
    if value is node or scope.without_defaults is scope:
        return TemplateValue(value, line)
    return with_others(value, scope.without_defaults.value(node), line)


@dataclass(frozen=True, eq=False)
class Stack:
    """The resources of one file, by logical id; local paths are relative to `folder`."""

    file: str
    resources: Mapping[str, Resource]
    scope: Scope
    folder: Path | None = None
    metadata: Map = field(default_factory=Map)
    shared: Map = field(default_factory=Map)  # SAM's Globals
    skipped: list[Skipped] = field(default_factory=list)  # seen while reading, not in `resources`
    read: set[Path] = field(default_factory=set)  # other files that are a part of it

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types."""
        return (resource for kind in types for resource in self._by_type.get(kind, ()))

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        by_type: dict[str, list[Resource]] = {}
        for resource in self.resources.values():
            by_type.setdefault(resource.type, []).append(resource)
        return by_type

    @cached_property
    def functions(self) -> list[Resource]:
        """Every Lambda function."""
        return list(self.of_type(*FUNCTION_TYPES))

    def pointing_to(self, function: Resource, kind: str, name: str) -> list[Resource]:
        """The resources of a type whose property `name` refers to a function."""
        if (kind, name) not in self._by_target:
            by_function: dict[str, list[Resource]] = {}
            for resource in self.of_type(kind):
                target = self.function(resource.raw(name))
                if target:
                    by_function.setdefault(target.id, []).append(resource)
            self._by_target[kind, name] = by_function
        return self._by_target[kind, name].get(function.id, [])

    @cached_property
    def package_sizes(self) -> dict[tuple[Path, bool], int | None]:
        """The measured sizes of packages [B], which functions may share; without node_modules."""
        return {}

    @cached_property
    def folder_contents(self) -> dict[Path, frozenset[str]]:
        """The contents of searched source folders, which functions may share."""
        return {}

    @cached_property
    def _by_target(self) -> dict[tuple[str, str], dict[str, list[Resource]]]:
        return {}

    @cached_property
    def policies_of_roles(self) -> dict[str, list[Resource]]:
        """The policies that are separate resources, by the role that they are attached to."""
        by_role: dict[str, list[Resource]] = {}
        for policy in self.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            for role in dict.fromkeys(references(policy.raw("Roles"))):
                by_role.setdefault(role, []).append(policy)
        return by_role

    def find_resource(self, node: Any, *types: str) -> Resource | None:
        """The first resource of one of these types that an expression refers to.

        Found by a reference, by the resource's literal name, or by the end of its ARN.
        """
        for name in references(node):
            resource = self._follow_pointers(self.resources.get(name))
            if resource is not None and resource.type in types:
                return resource
        literal = certain(self.scope.value(node))
        own = literal.rsplit(":", 1)[-1]
        bucket = own.partition("/")[0]  # an ARN of objects
        names = [name for name in (own, bucket) if name]
        return next((resource for name in names if (resource := self._by_name.get(name, types))), None)

    def function(self, node: Any) -> Resource | None:
        """The function that an expression refers to, also through an alias or a version."""
        if resource := self.find_resource(node, *FUNCTION_TYPES):
            return resource
        _, arn, qualified_name = certain(self.scope.value(node)).partition(":function:")
        return self._by_name.get(re.split("[:/]", qualified_name)[0], FUNCTION_TYPES) if arn else None

    def _follow_pointers(self, resource: Resource | None) -> Resource | None:
        for _ in range(3):  # an alias of a version of a function
            if resource is None or resource.type not in POINTERS:
                return resource
            to = next(references(resource.raw("FunctionName")), "")
            resource = self.resources.get(to)
        return resource

    @cached_property
    def _by_name(self) -> _Names:
        return _Names(self)


class _Names:
    """Resources by their literal names."""

    PROPERTIES = ("FunctionName", "QueueName", "TopicName", "BucketName", "Name")

    def __init__(self, stack: Stack) -> None:
        self.by_literal: dict[str, list[Resource]] = {}
        for resource in stack.resources.values():
            if resource.type in POINTERS:
                continue
            for name in self.PROPERTIES:
                value = resource.get(name).value if name in resource.properties else None
                literal = certain(value)
                if len(literal) > 1 or (
                    literal and not isinstance(value, Unknown)
                ):  # a stack's name is one "x"
                    self.by_literal.setdefault(literal, []).append(resource)

    def get(self, name: str, types: tuple[str, ...]) -> Resource | None:
        return next((resource for resource in self.by_literal.get(name, ()) if resource.type in types), None)


def is_own_to_cdk(function: Resource) -> bool:
    """Whether CDK adds a function for its own use, such as the handler of a custom resource."""
    path = text(function.metadata.get("aws:cdk:path")) or ""
    return bool(CDK_OWN.search(path) or CDK_OWN.search(function.id))


def certain(value: Any) -> str:
    """The certain text of a value; equal pseudo parameters count as equal text."""
    return value.known_text if isinstance(value, Unknown) else text(value) or ""


def entries(value: Any, scope: Scope) -> Iterator[tuple[str, Map, int]]:
    """The mappings in a mapping by name, such as a function's events, each with its line."""
    section = mapping(scope.value(value))
    for name, inner in section.items():
        yield name, mapping(scope.value(inner)), section.at(name)


def each(value: Any, scope: Scope) -> list[Any]:
    """The resolved values of a list, without those that have no value."""
    values = scope.value(value)
    if isinstance(values, Unknown):
        return [values]
    return [inner for inner in map(scope.value, sequence(values)) if inner is not None]
