"""The stacks that stand: what each is, where, and what it was made from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..design import Design, choices
from ..errors import ExplorerError
from ..template import Stack
from ..workload import Workload
from .said import spoken
from .target import Target

MADE, EXPIRES, MARK = "explorer:created", "explorer:expires", "explorer:stack"  # its tags


@dataclass(frozen=True)
class Standing:
    """A stack that stands."""

    name: str
    target: Target = field(repr=False)
    outputs: Mapping[str, str]
    tags: Mapping[str, str]
    workload: Workload = field(repr=False)
    design: Design

    @property
    def url(self) -> str:
        """Where the endpoint is reached."""
        return self.target.url(self.outputs["Url"])

    @property
    def created(self) -> str:
        """When it was made, ISO 8601."""
        return self.tags[MADE]

    @property
    def expires(self) -> str:
        """When it should be gone, ISO 8601; `stacks` tells which are overdue."""
        return self.tags[EXPIRES]

    @property
    def expired(self) -> bool:
        """Whether it should be gone by now."""
        return datetime.fromisoformat(self.expires) < datetime.now(UTC)

    def to_dict(self) -> dict[str, Any]:
        """As `explorer deploy` and `explorer stacks` print it."""
        return {
            "stack": self.name,
            "target": self.target.name,
            "url": self.url,
            "region": self.target.region,
            "design": self.design.ids,
            "created": self.created,
            "expires": self.expires,
            "expired": self.expired,
            "cannot_vouch_for": list(self.target.cannot_vouch_for),
        }

    def credentials(self) -> Mapping[str, str] | None:
        """A new caller's, who may use the endpoint and nothing else; None where the user's own do."""
        return self.target.admit(self.name, self.outputs["CallerPolicy"])


@dataclass(frozen=True)
class Member:
    """A resource of a stack."""

    logical: str
    type: str
    physical: str


def template_of(stack: Stack) -> str:
    """The template, with what it was made from: a stack that stands tells it again."""
    made_from = {"workload": stack.workload.without_current().to_toml(), "design": str(stack.design)}
    return json.dumps({**stack.template, "Metadata": {"explorer": made_from}})


def members(name: str, target: Target) -> list[Member]:
    """The resources of a stack that were made."""
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return [
        Member(row["LogicalResourceId"], row["ResourceType"], row["PhysicalResourceId"])
        for page in pages
        for row in page["StackResourceSummaries"]
        if row.get("PhysicalResourceId")
    ]


def standing(name: str, target: Target) -> Standing | None:
    """The stack of a name, if it stands. Raises ExplorerError if this project did not make it."""
    with spoken(f"find {name}"):
        return described(name, target) if exists(name, target) else None


def exists(name: str, target: Target) -> bool:
    """Whether a stack of this name is there. Raises ExplorerError if this project did not make it."""
    from botocore.exceptions import ClientError

    try:
        (found,) = target.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return False
        raise
    if _tags(found).get(MARK) != name:
        raise ExplorerError(f'stack is "{name}": it was not made here, and is left alone')
    return bool(found["StackStatus"] != "DELETE_COMPLETE")


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def described(name: str, target: Target) -> Standing:
    """The stack of a name, from what the cloud tells of it."""
    cloudformation = target.client("cloudformation")
    (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    template = cloudformation.get_template(StackName=name)["TemplateBody"]
    made_from = (json.loads(template) if isinstance(template, str) else template)["Metadata"]["explorer"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    workload = Workload(name, **tomllib.loads(made_from["workload"]))
    return Standing(name, target, outputs, _tags(found), workload, Design(**choices(made_from["design"])))


def all_standing(target: Target) -> list[Standing]:
    """Every stack of this project that stands on a target, oldest first."""
    with spoken("list stacks"):
        pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
        found = [stack for page in pages for stack in page["Stacks"]]
        ours = [stack["StackName"] for stack in found if _tags(stack).get(MARK) == stack["StackName"]]
        return sorted((described(name, target) for name in ours), key=lambda stack: stack.created)
