"""Creates a stack with all that belongs to it; after a failure or an interruption it is removed again."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from explorer.errors import CloudError, ExplorerError
from explorer.options.base.resources import require_tls_statement, statement_of
from explorer.workload.workload import Workload

from . import config_values
from .aws_errors import describe_refusal, explain_errors
from .interrupts import OnStep, allow_one_interrupt
from .package import zip_files
from .registry import Standing, deployed_stack
from .stack_description import (
    CREATED,
    EXPIRES,
    MARK,
    Member,
    code_bucket,
    describe_stack,
    members,
    template_of,
)
from .target import Target
from .teardown import first_failure, remove_stack, wait_until_settled
from .template import Stack

CODE_KEY = "functions.zip"
KEPT_FOR = timedelta(days=1)
TEMPLATE_KEY = "template.json"
TEMPLATE_BYTES = 51_200  # the largest that the call itself takes [B]


def new_name(workload: Workload) -> str:
    """A new name for a stack of this workload."""
    slug = re.sub(r"[^a-z0-9]+", "-", workload.name.lower()).strip("-")[:24].strip("-")
    return (
        f"{slug or 'workload'}-{secrets.token_hex(3)}" if slug[:1].isalpha() else f"w-{secrets.token_hex(3)}"
    )


def create_stack(
    stack: Stack,
    shipped: Mapping[str, bytes],
    target: Target,
    name: str | None = None,
    kept_for: timedelta = KEPT_FOR,
    on_step: OnStep = lambda _: None,
) -> Standing:
    """Create a stack. After a failure or an interruption, all of it is removed again.

    Parameters
    ----------
    stack, shipped : the design as a stack, and the files of its functions
    target : where it is created
    name : of the stack (default: made from the workload's name)
    kept_for : after this time it counts as expired
    on_step : called with the name of each step that begins

    Returns
    -------
    The deployed stack.

    Raises CloudError with the message of the cloud, and whether anything is left.
    """
    requested_name, name = name, name or new_name(stack.workload)
    now = datetime.now(UTC).replace(microsecond=0)
    tags = {MARK: name, CREATED: _iso(now), EXPIRES: _iso(now + kept_for)}
    with explain_errors(f"deploy {name}"):
        if requested_name and describe_stack(requested_name, target):
            raise ExplorerError(f'stack is "{requested_name}": it is there already: expected another name')
    with _remove_on_failure(name, target, on_step, stack), explain_errors(f"deploy {name}"):
        on_step("code")
        _upload_code(name, shipped, target, tags)
        on_step("resources")
        _create(name, stack, target, tags, on_step)
        on_step("configuration")
        rows = members(name, target)
        _tag_policies(rows, target, tags)
        config_values.put(stack, name, target.client, {row.logical: row.physical for row in rows}, tags)
        description = describe_stack(name, target)
        deployed = deployed_stack(description, target) if description else None
        if not isinstance(deployed, Standing):
            raise CloudError(f"deploy {name}: it was created, but cannot be read")
        return deployed


class NothingMadeError(CloudError):
    """The cloud refused the first call: there is nothing to remove."""


@contextmanager
def _remove_on_failure(name: str, target: Target, on_step: OnStep, stack: Stack) -> Iterator[None]:
    """Remove a stack again if the block fails or is interrupted, and report what is left."""
    with allow_one_interrupt(on_step) as note_interrupt:
        try:
            yield
        except NothingMadeError:
            target.forget_name(name)
            target.stop_if_last()
            raise
        except BaseException as error:
            note_interrupt()
            outcome = _remove_again(name, target, on_step, stack)
            if isinstance(error, CloudError):
                raise CloudError(f"{str(error).rstrip('.')}. {outcome}") from None
            error.add_note(outcome)
            raise


def _remove_again(name: str, target: Target, on_step: OnStep, stack: Stack) -> str:
    on_step("removing it again")
    try:
        remove_stack(name, target, on_step, stack)
    except (Exception, KeyboardInterrupt) as problem:
        why = str(problem) or "interrupted"
        return f"A part of it is left ({why}): explorer destroy {name}{target.options}"
    return f"All of {name} was taken down again"


def _iso(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def _upload_code(name: str, shipped: Mapping[str, bytes], target: Target, tags: Mapping[str, str]) -> None:
    s3, bucket = target.client("s3"), code_bucket(name)
    location = {} if target.region == "us-east-1" else {"LocationConstraint": target.region}
    configuration: dict[str, Any] = {**location, "Tags": config_values.tag_list(tags)}  # from the start
    target.note_name(name)
    try:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=configuration)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass  # made by the first attempt of this call, whose answer was lost
    except s3.exceptions.ClientError as error:
        raise NothingMadeError(f"deploy {name}: {describe_refusal(error)}") from None
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    bucket_arn = f"arn:{s3.meta.partition}:s3:::{bucket}"
    tls_only = statement_of([require_tls_statement([bucket_arn, f"{bucket_arn}/*"])])
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tls_only))
    s3.put_object(Bucket=bucket, Key=CODE_KEY, Body=zip_files(shipped))


def _create(name: str, stack: Stack, target: Target, tags: Mapping[str, str], on_step: OnStep) -> None:
    cloudformation = target.client("cloudformation")
    bucket = code_bucket(name)
    own_values = {"CodeBucket": bucket, "CodeKey": CODE_KEY}
    values = {**own_values, **target.parameters(bucket, CODE_KEY), **stack.values}
    parameters = {key: value for key, value in values.items() if key in stack.parameters}
    cloudformation.create_stack(
        StackName=name,
        **_template_argument(name, template_of(stack), target),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
        Tags=config_values.tag_list(tags),
    )
    status = wait_until_settled(name, target, on_step)
    if status != "CREATE_COMPLETE":
        raise CloudError(f"deploy {name}: {status}: {first_failure(name, cloudformation, 'CREATE_FAILED')}")


def _template_argument(name: str, body: str, target: Target) -> dict[str, str]:
    """The template itself, or its location beside the code if it is too large for the call."""
    if len(body.encode()) <= TEMPLATE_BYTES:
        return {"TemplateBody": body}
    target.client("s3").put_object(Bucket=code_bucket(name), Key=TEMPLATE_KEY, Body=body.encode())
    return {"TemplateURL": f"https://{code_bucket(name)}.s3.{target.region}.amazonaws.com/{TEMPLATE_KEY}"}


def _tag_policies(rows: Iterable[Member], target: Target, tags: Mapping[str, str]) -> None:
    """Tag the managed policies: CloudFormation gives the stack's tags to all other resources."""
    for row in rows:
        if row.type == "AWS::IAM::ManagedPolicy":
            target.client("iam").tag_policy(PolicyArn=row.physical, Tags=config_values.tag_list(tags))
