"""What CloudFormation reports of a stack: its resources, its tags, and what it was made from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from explorer.engine.designs import Design, choices
from explorer.errors import ExplorerError
from explorer.workload.workload import Workload

from .target import Target
from .template import SAMPLE, Stack

CODE = "-code"  # suffix of the bucket with a stack's code
CREATED, EXPIRES, MARK = "explorer:created", "explorer:expires", "explorer:stack"  # its tags


@dataclass(frozen=True)
class Member:
    """A resource of a stack."""

    logical: str
    type: str
    physical: str


def template_of(stack: Stack, template: Mapping[str, Any] | None = None) -> str:
    """The template as JSON text; its metadata contain what it was made from, for `read_origin`."""
    made_from = {
        "workload": stack.workload.without_current().to_toml(),
        "design": str(stack.design),
        "handler": stack.handler,
    }
    return json.dumps({**(template or stack.template), "Metadata": {"explorer": made_from}})


def members(name: str, target: Target) -> list[Member]:
    """The existing resources of a stack."""
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return [
        Member(row["LogicalResourceId"], row["ResourceType"], row["PhysicalResourceId"])
        for page in pages
        for row in page["StackResourceSummaries"]
        if row.get("PhysicalResourceId") and row["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def describe_stack(name: str, target: Target) -> Mapping[str, Any] | None:
    """CloudFormation's description of a stack. Raises ExplorerError if this project did not make it."""
    from botocore.exceptions import ClientError

    try:
        (description,) = target.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if tags_of(description.get("Tags", [])).get(MARK) != name:
        raise ExplorerError(f'stack is "{name}": it was not made here, and is left alone')
    return description if description["StackStatus"] != "DELETE_COMPLETE" else None


def tags_of(tag_list: list[dict[str, str]]) -> dict[str, str]:
    """Tags by key, from CloudFormation's list."""
    return {tag["Key"]: tag["Value"] for tag in tag_list}


def code_bucket(name: str) -> str:
    """The bucket with a stack's code; bucket names are global, so the stack's name ends in random digits."""
    return f"{name}{CODE}"


@dataclass(frozen=True)
class Origin:
    """What a stack was made from; `handler` is module and function of its work."""

    workload: Workload
    design: Design
    handler: str


def read_origin(name: str, target: Target) -> Origin | None:
    """What a stack was made from; None if its template does not contain it, as in another version."""
    from botocore.exceptions import ClientError

    try:
        template = target.client("cloudformation").get_template(StackName=name)["TemplateBody"]
        made_from = (json.loads(template) if isinstance(template, str) else template)["Metadata"]["explorer"]
        workload = Workload(name, **tomllib.loads(made_from["workload"]))
        return Origin(workload, Design(**choices(made_from["design"])), made_from.get("handler", SAMPLE))
    except (ClientError, ExplorerError, KeyError, TypeError, ValueError):
        return None
