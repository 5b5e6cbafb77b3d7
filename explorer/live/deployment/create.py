"""A stack put up, with all that belongs to it; what fails or is interrupted is taken down again."""

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
from .aws_errors import refused, spoken
from .interrupts import OnStep, one_interrupt
from .package import zipped
from .registry import Standing, described
from .stack_description import CREATED, EXPIRES, MARK, Member, code_bucket, members, raw, template_of
from .target import Target
from .teardown import down, settled, why
from .template import Stack

CODE_KEY = "functions.zip"
KEPT_FOR = timedelta(days=1)
TEMPLATE_KEY = "template.json"
TEMPLATE_BYTES = 51_200  # the largest that is given in the call itself


def new_name(workload: Workload) -> str:
    """A new name for a stack of this workload."""
    slug = re.sub(r"[^a-z0-9]+", "-", workload.name.lower()).strip("-")[:24].strip("-")
    return (
        f"{slug or 'workload'}-{secrets.token_hex(3)}" if slug[:1].isalpha() else f"w-{secrets.token_hex(3)}"
    )


def up(
    stack: Stack,
    shipped: Mapping[str, bytes],
    target: Target,
    name: str | None = None,
    kept_for: timedelta = KEPT_FOR,
    on_step: OnStep = lambda _: None,
) -> Standing:
    """Put a stack up. What goes wrong, or an interruption, takes all of it down again.

    Parameters
    ----------
    stack, shipped : what to put up, and the files of its functions
    target : where
    name : of the stack; made of the workload's name if none
    kept_for : after which time it counts as expired
    on_step : is called with each thing that is begun

    Raises CloudError with what the cloud said, and whether anything is left.
    """
    requested, name = name, name or new_name(stack.workload)
    now = datetime.now(UTC).replace(microsecond=0)
    tags = {MARK: name, CREATED: _iso(now), EXPIRES: _iso(now + kept_for)}
    with spoken(f"deploy {name}"):
        if requested and raw(requested, target):
            raise ExplorerError(f'stack is "{requested}": it is there already: expected another name')
    with _undone(name, target, on_step, stack), spoken(f"deploy {name}"):
        on_step("code")
        _ship(name, shipped, target, tags)
        on_step("resources")
        _create(name, stack, target, tags, on_step)
        on_step("configuration")
        rows = members(name, target)
        _tag_policies(rows, target, tags)
        config_values.put(stack, name, target.client, {row.logical: row.physical for row in rows}, tags)
        description = raw(name, target)
        deployed = described(description, target) if description else None
        if not isinstance(deployed, Standing):
            raise CloudError(f"deploy {name}: it was made, and cannot be read again")
        return deployed


class NothingMadeError(CloudError):
    """The cloud refused the first thing: there is nothing to take down."""


@contextmanager
def _undone(name: str, target: Target, on_step: OnStep, stack: Stack) -> Iterator[None]:
    """Take a stack down again if what is done within fails or is interrupted, and say what is left."""
    with one_interrupt(on_step) as no_more:
        try:
            yield
        except NothingMadeError:
            target.forget(name)
            target.leave()
            raise
        except BaseException as error:
            no_more()
            became = _taken_down(name, target, on_step, stack)
            if isinstance(error, CloudError):
                raise CloudError(f"{str(error).rstrip('.')}. {became}") from None
            error.add_note(became)
            raise


def _taken_down(name: str, target: Target, on_step: OnStep, stack: Stack) -> str:
    on_step("taking it down again")
    try:
        down(name, target, on_step, stack)
    except (Exception, KeyboardInterrupt) as problem:
        why = str(problem) or "interrupted"
        return f"Not all of it is gone ({why}): explorer destroy {name}{target.options}"
    return f"All of {name} was taken down again"


def _iso(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def _ship(name: str, shipped: Mapping[str, bytes], target: Target, tags: Mapping[str, str]) -> None:
    s3, bucket = target.client("s3"), code_bucket(name)
    where = {} if target.region == "us-east-1" else {"LocationConstraint": target.region}
    configuration: dict[str, Any] = {**where, "Tags": config_values.tag_list(tags)}  # from its first moment
    target.expect(name)
    try:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=configuration)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass  # made by the first try of this call, whose answer was lost
    except s3.exceptions.ClientError as error:
        raise NothingMadeError(f"deploy {name}: {refused(error)}") from None
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    place = f"arn:{s3.meta.partition}:s3:::{bucket}"
    tls_alone = statement_of([require_tls_statement([place, f"{place}/*"])])
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(tls_alone))
    s3.put_object(Bucket=bucket, Key=CODE_KEY, Body=zipped(shipped))


def _create(name: str, stack: Stack, target: Target, tags: Mapping[str, str], on_step: OnStep) -> None:
    cloudformation = target.client("cloudformation")
    bucket = code_bucket(name)
    values = {"CodeBucket": bucket, "CodeKey": CODE_KEY, **target.parameters(bucket, CODE_KEY)}
    parameters = {key: value for key, value in values.items() if key in stack.parameters}
    cloudformation.create_stack(
        StackName=name,
        **_template(name, template_of(stack), target),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
        Tags=config_values.tag_list(tags),
    )
    status = settled(name, target, on_step)
    if status != "CREATE_COMPLETE":
        raise CloudError(f"deploy {name}: {status}: {why(name, cloudformation, 'CREATE_FAILED')}")


def _template(name: str, body: str, target: Target) -> dict[str, str]:
    """The template itself, or where it lies beside the code if it is too large for the call."""
    if len(body.encode()) <= TEMPLATE_BYTES:
        return {"TemplateBody": body}
    target.client("s3").put_object(Bucket=code_bucket(name), Key=TEMPLATE_KEY, Body=body.encode())
    return {"TemplateURL": f"https://{code_bucket(name)}.s3.{target.region}.amazonaws.com/{TEMPLATE_KEY}"}


def _tag_policies(rows: Iterable[Member], target: Target, tags: Mapping[str, str]) -> None:
    """Managed policies are all that takes tags and that CloudFormation does not give the stack's."""
    for row in rows:
        if row.type == "AWS::IAM::ManagedPolicy":
            target.client("iam").tag_policy(PolicyArn=row.physical, Tags=config_values.tag_list(tags))
