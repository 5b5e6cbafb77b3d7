"""What CloudFormation tells of a stack: its resources, its tags, and what it was made from."""

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

CODE = "-code"  # how the bucket of a stack's code ends
MADE, EXPIRES, MARK = "explorer:created", "explorer:expires", "explorer:stack"  # its tags


@dataclass(frozen=True)
class Member:
    """A resource of a stack."""

    logical: str
    type: str
    physical: str


def template_of(stack: Stack, template: Mapping[str, Any] | None = None) -> str:
    """The template, with what it was made from: a stack that stands tells it again."""
    made_from = {
        "workload": stack.workload.without_current().to_toml(),
        "design": str(stack.design),
        "handler": stack.handler,
    }
    return json.dumps({**(template or stack.template), "Metadata": {"explorer": made_from}})


def members(name: str, target: Target) -> list[Member]:
    """The resources of a stack that were made and are there."""
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return [
        Member(row["LogicalResourceId"], row["ResourceType"], row["PhysicalResourceId"])
        for page in pages
        for row in page["StackResourceSummaries"]
        if row.get("PhysicalResourceId") and row["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def raw(name: str, target: Target) -> Mapping[str, Any] | None:
    """What CloudFormation tells of a stack. Raises ExplorerError if this project did not make it."""
    from botocore.exceptions import ClientError

    try:
        (found,) = target.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if tags_of(found.get("Tags", [])).get(MARK) != name:
        raise ExplorerError(f'stack is "{name}": it was not made here, and is left alone')
    return found if found["StackStatus"] != "DELETE_COMPLETE" else None


def tags_of(listed: list[dict[str, str]]) -> dict[str, str]:
    """Tags by key, from the list that CloudFormation gives."""
    return {tag["Key"]: tag["Value"] for tag in listed}


def code_bucket(name: str) -> str:
    """The bucket of a stack's code; buckets share one name space, so the name has its chance in it."""
    return f"{name}{CODE}"


@dataclass(frozen=True)
class Origin:
    """What a stack was made from; `handler` is module and function of its work."""

    workload: Workload
    design: Design
    handler: str


def origin(name: str, target: Target) -> Origin | None:
    """What a stack was made from; None if it does not tell, such as one of another version."""
    from botocore.exceptions import ClientError

    try:
        template = target.client("cloudformation").get_template(StackName=name)["TemplateBody"]
        made_from = (json.loads(template) if isinstance(template, str) else template)["Metadata"]["explorer"]
        workload = Workload(name, **tomllib.loads(made_from["workload"]))
        return Origin(workload, Design(**choices(made_from["design"])), made_from.get("handler", SAMPLE))
    except (ClientError, ExplorerError, KeyError, TypeError, ValueError):
        return None
