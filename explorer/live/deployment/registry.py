"""The existing stacks: what each is, where it is, and what it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from explorer.engine.designs import Design
from explorer.errors import ExplorerError
from explorer.options.base.resources import TOKEN_AUDIENCE, TOKEN_ISSUER
from explorer.workload.workload import Workload

from . import teardown
from .aws_errors import explain_errors
from .stack_description import CODE, CREATED, EXPIRES, MARK, code_bucket, describe_stack, read_origin, tags_of
from .target import Target
from .template import SAMPLE

if TYPE_CHECKING:
    from explorer.live.client.client import Client

COMPLETE_STATES = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


@dataclass(frozen=True)
class DeployedStack:
    """An existing stack of this project, complete or not, as CloudFormation describes it."""

    name: str
    target: Target = field(repr=False)
    state: str
    outputs: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def created(self) -> str | None:
        """When it was created, ISO 8601."""
        return self.tags.get(CREATED)

    @property
    def expires(self) -> str | None:
        """When it is to be removed, ISO 8601; `stacks` shows the overdue ones."""
        return self.tags.get(EXPIRES)

    @property
    def expired(self) -> bool:
        """Whether it is overdue."""
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
    """A complete stack: it can be called, and its template contains its workload and design."""

    workload: Workload = field(repr=False)
    design: Design
    handler: str = SAMPLE  # module and function of its work

    @property
    def url(self) -> str:
        """The URL of the endpoint."""
        return self.target.url(self.outputs["Url"])

    def to_dict(self) -> dict[str, Any]:
        """The stack as plain values, for JSON."""
        tokens = {"jwt": dict(self.tokens)} if self.tokens else {}
        return {**super().to_dict(), "url": self.url, "design": self.design.ids, **tokens}

    @property
    def tokens(self) -> Mapping[str, str]:
        """The issuer and the audience of the tokens that callers send; empty if they send none."""
        names = {"issuer": TOKEN_ISSUER, "audience": TOKEN_AUDIENCE}
        return {name: self.outputs[key] for name, key in names.items() if key in self.outputs}

    def credentials(self) -> Mapping[str, str] | None:
        """Credentials of a new caller of this endpoint; None if the user's own apply or nobody signs."""
        return self.target.create_caller(self.name, self.outputs["CallerPolicy"]) if self.is_signed else None

    @property
    def is_signed(self) -> bool:
        """Whether callers sign: a load balancer does not authenticate them."""
        return "CallerPolicy" in self.outputs

    def client(self, **options: Any) -> Client:
        """A client of the endpoint, as a new caller; `options` as `explorer.live.Client` takes them.

        Where callers send tokens, `credentials` has to be one of them.
        """
        from explorer.live.client.client import Client

        credentials = options.pop("credentials", None) or (self.credentials() if self.is_signed else False)
        if self.tokens and credentials is False:
            raise ExplorerError(f"{self.name} takes tokens: expected credentials={{'token': ...}}")
        return Client(self.url, credentials, **{"region": self.target.region, **options})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        teardown.remove_stack(self.name, self.target, lambda _: None)

    def _repr_markdown_(self) -> str:
        location = "AWS" if self.target.name == "aws" else "this machine's local cloud"
        rows = "\n".join(f"| {concern} | {option} |" for concern, option in self.design.ids.items())
        return f"An endpoint on {location}.\n\n| concern | option |\n| --- | --- |\n{rows}"


def find_stack(name: str, target: Target) -> DeployedStack | None:
    """The stack with this name, if any part of it exists. Raises ExplorerError for a foreign stack."""
    with explain_errors(f"find {name}"):
        description = describe_stack(name, target)
        return deployed_stack(description, target) if description else _find_code_alone(name, target)


def _find_code_alone(name: str, target: Target) -> DeployedStack | None:
    """The code that is left of a stack whose deployment was ended without a removal."""
    from botocore.exceptions import ClientError

    s3, bucket = target.client("s3"), code_bucket(name)
    try:
        region = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] or "us-east-1"
        tags = tags_of(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except ClientError:
        return None  # there is no such bucket, or it belongs to another account
    ours = region == target.region and tags.get(MARK) == name
    return DeployedStack(name, target, "CODE_ALONE", {}, tags) if ours else None


def deployed_stack(description: Mapping[str, Any], target: Target) -> DeployedStack:
    """An existing stack, complete or not."""
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    name, state, tags = (
        description["StackName"],
        description["StackStatus"],
        tags_of(description.get("Tags", [])),
    )
    origin = read_origin(name, target) if state in COMPLETE_STATES and "Url" in outputs else None
    if origin is None:
        return DeployedStack(name, target, state, outputs, tags)
    return Standing(name, target, state, outputs, tags, origin.workload, origin.design, origin.handler)


def list_stacks(target: Target) -> list[DeployedStack]:
    """Every stack of this project on a target, oldest first."""
    with explain_errors("list stacks"):
        pages = target.client("cloudformation").get_paginator("describe_stacks").paginate()
        all_stacks = [stack for page in pages for stack in page["Stacks"]]
        ours = [
            stack for stack in all_stacks if tags_of(stack.get("Tags", [])).get(MARK) == stack["StackName"]
        ]
        rows = [deployed_stack(stack, target) for stack in ours]
        rows += _find_codes_alone({stack["StackName"] for stack in all_stacks}, target)
        return sorted(rows, key=lambda stack: stack.created or "")


def _find_codes_alone(with_stack: set[str], target: Target) -> Iterator[DeployedStack]:
    """Code without a stack: the code is created first and removed last."""
    noted_names = target.noted_names()
    for name in sorted((_names_from_buckets(target) if noted_names is None else noted_names) - with_stack):
        if leftover := _find_code_alone(name, target):
            yield leftover


def _names_from_buckets(target: Target) -> set[str]:
    from botocore.exceptions import ClientError

    try:
        pages = list(target.client("s3").get_paginator("list_buckets").paginate(BucketRegion=target.region))
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return set()  # an identity that may not list buckets has made none here
        raise
    names = [bucket["Name"] for page in pages for bucket in page["Buckets"]]
    return {name.removesuffix(CODE) for name in names if name.endswith(CODE)}
