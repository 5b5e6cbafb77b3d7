"""The stacks that are there: what each is, where, and what it was made from."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from explorer.engine.designs import Design, choices
from explorer.errors import ExplorerError
from explorer.workload.workload import Workload

from .aws_errors import spoken
from .target import Target
from .template import Stack

if TYPE_CHECKING:
    from explorer.live.client.client import Client

MADE, EXPIRES, MARK = "explorer:created", "explorer:expires", "explorer:stack"  # its tags
WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


@dataclass(frozen=True)
class Found:
    """A stack of this project that is there, whole or not, as CloudFormation tells of it."""

    name: str
    target: Target = field(repr=False)
    state: str
    outputs: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def created(self) -> str | None:
        """When it was made, ISO 8601."""
        return self.tags.get(MADE)

    @property
    def expires(self) -> str | None:
        """When it should be gone, ISO 8601; `stacks` tells which are overdue."""
        return self.tags.get(EXPIRES)

    @property
    def expired(self) -> bool:
        """Whether it should be gone by now."""
        try:
            return datetime.fromisoformat(self.expires or "").astimezone(UTC) < datetime.now(UTC)
        except ValueError:
            return False  # a tag that someone has changed

    def to_dict(self) -> dict[str, Any]:
        """As `explorer deploy` and `explorer stacks` print it."""
        return {
            "stack": self.name,
            "target": self.target.name,
            "url": None,
            "region": self.target.region,
            "state": self.state,
            "design": None,
            "created": self.created,
            "expires": self.expires,
            "expired": self.expired,
            "cannot_vouch_for": list(self.target.cannot_vouch_for),
        }


@dataclass(frozen=True)
class Standing(Found):
    """A stack that stands: it can be called, and tells what it was made from."""

    workload: Workload = field(repr=False)
    design: Design

    @property
    def url(self) -> str:
        """Where the endpoint is reached."""
        return self.target.url(self.outputs["Url"])

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "url": self.url, "design": self.design.ids}

    def credentials(self) -> Mapping[str, str] | None:
        """A new caller's, who may use the endpoint and nothing else; None where the user's own do."""
        return self.target.admit(self.name, self.outputs["CallerPolicy"])

    def client(self, **given: Any) -> Client:
        """A client of the endpoint, as a new caller; `given` as `explorer.live.Client` takes it."""
        from explorer.live.client.client import Client

        return Client(self.url, self.credentials(), **{"region": self.target.region, **given})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        from .deploy import destroy

        destroy(self)

    def _repr_markdown_(self) -> str:
        where = "AWS" if self.target.name == "aws" else "this machine's local cloud"
        rows = "\n".join(f"| {concern} | {option} |" for concern, option in self.design.ids.items())
        return f"An endpoint stands on {where}.\n\n| concern | option |\n| --- | --- |\n{rows}"


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
    """The resources of a stack that were made and are there."""
    pages = target.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    return [
        Member(row["LogicalResourceId"], row["ResourceType"], row["PhysicalResourceId"])
        for page in pages
        for row in page["StackResourceSummaries"]
        if row.get("PhysicalResourceId") and row["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def standing(name: str, target: Target) -> Found | None:
    """The stack of a name, if anything of it is there. Raises ExplorerError if it was not made here."""
    with spoken(f"find {name}"):
        found = raw(name, target)
        return described(found, target) if found else _code_alone(name, target)


def raw(name: str, target: Target) -> Mapping[str, Any] | None:
    """What CloudFormation tells of a stack. Raises ExplorerError if this project did not make it."""
    from botocore.exceptions import ClientError

    try:
        (found,) = target.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    if _tags(found.get("Tags", [])).get(MARK) != name:
        raise ExplorerError(f'stack is "{name}": it was not made here, and is left alone')
    return found if found["StackStatus"] != "DELETE_COMPLETE" else None


def _tags(listed: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}


def code_bucket(name: str) -> str:
    """The bucket of a stack's code; buckets share one name space, so the name has its chance in it."""
    return f"{name}-code"


def _code_alone(name: str, target: Target) -> Found | None:
    """What is left of a stack that was interrupted with no chance to clean up: its code."""
    from botocore.exceptions import ClientError

    s3, bucket = target.client("s3"), code_bucket(name)
    try:
        region = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
        tags = _tags(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError:
        return None  # there is no such bucket, or it is someone else's
    ours = region == target.region and tags.get(MARK) == name
    return Found(name, target, "CODE_ALONE", {}, tags) if ours else None


def described(found: Mapping[str, Any], target: Target) -> Found:
    """A stack that is there, as whole as it is."""
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    name, state, tags = found["StackName"], found["StackStatus"], _tags(found.get("Tags", []))
    made_from = origin(name, target) if state in WHOLE and "Url" in outputs else None
    if made_from is None:
        return Found(name, target, state, outputs, tags)
    return Standing(name, target, state, outputs, tags, *made_from)


def origin(name: str, target: Target) -> tuple[Workload, Design] | None:
    """What a stack was made from; None if it does not tell, such as one of another version."""
    from botocore.exceptions import ClientError

    try:
        template = target.client("cloudformation").get_template(StackName=name)["TemplateBody"]
        made_from = (json.loads(template) if isinstance(template, str) else template)["Metadata"]["explorer"]
        workload = Workload(name, **tomllib.loads(made_from["workload"]))
        return workload, Design(**choices(made_from["design"]))
    except (ClientError, ExplorerError, KeyError, TypeError, ValueError):
        return None


def all_standing(target: Target) -> list[Found]:
    """Every stack of this project that is there on a target, oldest first."""
    with spoken("list stacks"):
        pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
        found = [stack for page in pages for stack in page["Stacks"]]
        ours = [stack for stack in found if _tags(stack.get("Tags", [])).get(MARK) == stack["StackName"]]
        return sorted((described(stack, target) for stack in ours), key=lambda stack: stack.created or "")
