"""The stacks that are there: what each is, where, and what it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from explorer.engine.designs import Design
from explorer.workload.workload import Workload

from . import teardown
from .aws_errors import spoken
from .stack_description import CODE, CREATED, EXPIRES, MARK, code_bucket, origin, raw, tags_of
from .target import Target
from .template import SAMPLE

if TYPE_CHECKING:
    from explorer.live.client.client import Client

WHOLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


@dataclass(frozen=True)
class DeployedStack:
    """A stack of this project that is there, whole or not, as CloudFormation describes it."""

    name: str
    target: Target = field(repr=False)
    state: str
    outputs: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def created(self) -> str | None:
        """When it was made, ISO 8601."""
        return self.tags.get(CREATED)

    @property
    def expires(self) -> str | None:
        """When it should be gone, ISO 8601; `stacks` shows which are overdue."""
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
class Standing(DeployedStack):
    """A stack that stands: it can be called, and its template says what it was made from."""

    workload: Workload = field(repr=False)
    design: Design
    handler: str = SAMPLE  # module and function of its work

    @property
    def url(self) -> str:
        """Where the endpoint is reached."""
        return self.target.url(self.outputs["Url"])

    def to_dict(self) -> dict[str, Any]:
        """The stack as plain values, for JSON."""
        return {**super().to_dict(), "url": self.url, "design": self.design.ids}

    def credentials(self) -> Mapping[str, str] | None:
        """A new caller's, for the endpoint and nothing else; None where the user's do, or nobody signs."""
        return self.target.admit(self.name, self.outputs["CallerPolicy"]) if self.is_signed else None

    @property
    def is_signed(self) -> bool:
        """Whether callers sign: a load balancer does not ask who they are."""
        return "CallerPolicy" in self.outputs

    def client(self, **options: Any) -> Client:
        """A client of the endpoint, as a new caller; `given` as `explorer.live.Client` takes it."""
        from explorer.live.client.client import Client

        credentials = self.credentials() if self.is_signed else False
        return Client(self.url, credentials, **{"region": self.target.region, **options})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        teardown.down(self.name, self.target, lambda _: None)

    def _repr_markdown_(self) -> str:
        where = "AWS" if self.target.name == "aws" else "this machine's local cloud"
        rows = "\n".join(f"| {concern} | {option} |" for concern, option in self.design.ids.items())
        return f"An endpoint stands on {where}.\n\n| concern | option |\n| --- | --- |\n{rows}"


def standing(name: str, target: Target) -> DeployedStack | None:
    """The stack of a name, if anything of it is there. Raises ExplorerError if it was not made here."""
    with spoken(f"find {name}"):
        description = raw(name, target)
        return described(description, target) if description else _code_alone(name, target)


def _code_alone(name: str, target: Target) -> DeployedStack | None:
    """What is left of a stack that was interrupted with no chance to clean up: its code."""
    from botocore.exceptions import ClientError

    s3, bucket = target.client("s3"), code_bucket(name)
    try:
        region = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
        tags = tags_of(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError:
        return None  # there is no such bucket, or it is someone else's
    ours = region == target.region and tags.get(MARK) == name
    return DeployedStack(name, target, "CODE_ALONE", {}, tags) if ours else None


def described(description: Mapping[str, Any], target: Target) -> DeployedStack:
    """A stack that is there, as whole as it is."""
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    name, state, tags = (
        description["StackName"],
        description["StackStatus"],
        tags_of(description.get("Tags", [])),
    )
    made_from = origin(name, target) if state in WHOLE and "Url" in outputs else None
    if made_from is None:
        return DeployedStack(name, target, state, outputs, tags)
    return Standing(
        name, target, state, outputs, tags, made_from.workload, made_from.design, made_from.handler
    )


def all_standing(target: Target) -> list[DeployedStack]:
    """Every stack of this project that is there on a target, oldest first."""
    with spoken("list stacks"):
        pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
        every = [stack for page in pages for stack in page["Stacks"]]
        ours = [stack for stack in every if tags_of(stack.get("Tags", [])).get(MARK) == stack["StackName"]]
        rows = [described(stack, target) for stack in ours]
        rows += _codes_alone({stack["StackName"] for stack in every}, target)
        return sorted(rows, key=lambda stack: stack.created or "")


def _codes_alone(with_stack: set[str], target: Target) -> Iterator[DeployedStack]:
    """What was interrupted without its stack: its code is the first that is made, and the last that goes."""
    noted = target.expected()
    for name in sorted((_named_by_buckets(target) if noted is None else noted) - with_stack):
        if leftover := _code_alone(name, target):
            yield leftover


def _named_by_buckets(target: Target) -> set[str]:
    from botocore.exceptions import ClientError

    try:
        pages = list(target.client("s3").get_paginator("list_buckets").paginate(BucketRegion=target.region))
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return set()  # who may not list buckets made none here
        raise
    names = [bucket["Name"] for page in pages for bucket in page["Buckets"]]
    return {name.removesuffix(CODE) for name in names if name.endswith(CODE)}
