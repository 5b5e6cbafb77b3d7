"""A Terraform plan or state, from `terraform show -json`, as a stack of the same resources.

Values are the planned ones; a value not known yet is an Unknown. References between resources come from the
plan's configuration, also through variables and outputs of modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .documents import with_documents
from .nodes import List, Map, Unknown, mapping, sequence
from .plan import Block, Plan
from .resolve import Scope, references
from .skipped import UNSUPPORTED, Skipped
from .stack import Resource, Stack
from .terraform_arguments import TABLE, cloudformation_type, of_schema, properties

MOVED = {  # separate resources that are a setting in CloudFormation: pointer, name, owner
    "AWS::S3::Notification": ("Bucket", "NotificationConfiguration", "AWS::S3::Bucket"),
    "AWS::IAM::Attachment": ("PolicyArn", "Roles", "AWS::IAM::ManagedPolicy"),
    "AWS::Events::Policy": ("EventBusName", "Policy", "AWS::Events::EventBus"),
    "AWS::Events::Target": ("Rule", "Targets", "AWS::Events::Rule"),
}
DOCUMENT = "AWS::IAM::Document"  # stands for the data source that builds a policy


def is_plan(tree: Any) -> bool:
    """Whether a tree is a plan or a state in the format of `terraform show -json`."""
    return isinstance(tree, Map) and (
        "planned_values" in tree or ("terraform_version" in tree and "values" in tree)
    )


def plan_in(tree: Any) -> Map | None:
    """The plan itself, or the plan that a wrapper nests one or two levels down."""
    rows = [tree]
    for _ in range(3):
        for row in rows:
            if is_plan(row):
                return mapping(row)
        rows = [
            inner
            for row in rows
            for inner in (row.values() if isinstance(row, Map) and len(row) < 20 else sequence(row))
            if isinstance(inner, Map | list)
        ][:20]
    return None


def stack(tree: Map, file: str, folder: Path | None = None) -> Stack:
    """The stack of a plan; paths of packages are relative to `folder`."""
    plan, scope = Plan(tree), Scope(Map())
    resources = []
    for address, kind, values, line in plan.resources():
        resources.append(_resource(Block(plan, address, values, line), kind, scope))
    for address, kind, values, line in plan.read_later():
        if kind == "aws_iam_policy_document":
            resources.append(_resource(Block(plan, address, values, line), kind, scope))
    plan_stack = Stack(file, assemble(resources), scope, folder)
    for resource in plan_stack.of_type("aws_cloudformation_stack"):
        message = "the template in it is not read: check it by itself"
        what = f"{resource.type} template_body"
        plan_stack.skipped.append(Skipped(file, resource.line, resource.id, what, UNSUPPORTED, message))
    return with_documents(plan_stack)


def _resource(block: Block, kind: str, scope: Scope) -> Resource:
    if kind in TABLE:
        name, shape = TABLE[kind]
        return Resource(block.address, name, properties(block, shape), block.line, Map(), scope)
    if kind.startswith("awscc_"):
        service, _, rest = kind.removeprefix("awscc_").partition("_")
        if own := cloudformation_type(service, rest):
            arguments = Map({name: block.argument(name) for name in block.names()}, block.line)
            set_ = Map({name: value for name, value in arguments.items() if value is not None}, block.line)
            return Resource(block.address, own, of_schema(set_, block.line), block.line, Map(), scope)
    return Resource(block.address, kind, Map(line=block.line), block.line, Map(), scope)


def assemble(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Resources by id; separate Terraform resources become settings where CloudFormation has settings."""
    by_id = {resource.id: resource for resource in resources}
    for resource in by_id.values():
        if resource.type in MOVED:
            _move(resource, *MOVED[resource.type], by_id)
        if isinstance(document := resource.properties.get("PolicyDocument"), Unknown):
            _follow(resource, document, by_id)
    return {name: one for name, one in by_id.items() if one.type not in (DOCUMENT, *MOVED)}


def _move(resource: Resource, pointer: str, name: str, kind: str, by_id: dict[str, Resource]) -> None:
    """Set a property of the resource that this one refers to; lists are joined."""
    for target in references(resource.properties.get(pointer)):
        owner, value = by_id.get(target), resource.properties.get(name)
        if owner is not None and owner.type == kind and value is not None:
            before = owner.properties.get(name)
            joined = [*sequence(before), *sequence(value)] if isinstance(value, list) else None
            owner.properties[name] = value if joined is None else List(joined, owner.line)
            return


def _follow(resource: Resource, document: Unknown, by_id: dict[str, Resource]) -> None:
    """A policy known only later, replaced by the data source that builds it."""
    for target in document.refers:
        data = by_id.get(target)
        if data is not None and data.type == DOCUMENT:
            resource.properties["PolicyDocument"] = mapping(data.properties)
            return
