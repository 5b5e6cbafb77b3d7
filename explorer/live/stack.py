"""A stack put up and removed, with all that belongs to it."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from ..errors import ExplorerError
from ..template import Stack
from ..workload import Workload
from . import CloudError, values
from .package import zipped
from .said import spoken
from .standing import EXPIRES, MADE, MARK, Standing, described, exists, members, template_of
from .target import Target

CODE_KEY = "functions.zip"
KEPT_FOR = timedelta(days=1)
POLL_S = {"local": 0.05, "aws": 3.0}
LONGEST_S = 900.0
Told = Callable[[str], None]


def named(workload: Workload) -> str:
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
    told: Told = lambda _: None,
) -> Standing:
    """Put a stack up. What goes wrong, or an interruption, takes all of it down again.

    Parameters
    ----------
    stack, shipped : what to put up, and the files of its functions
    target : where
    name : of the stack; made of the workload's name if none
    kept_for : after which time it counts as expired
    told : is called with each thing that is begun

    Raises CloudError with what the cloud said.
    """
    name = name or named(stack.workload)
    now = datetime.now(UTC).replace(microsecond=0)
    tags = {MARK: name, MADE: _iso(now), EXPIRES: _iso(now + kept_for)}
    try:
        with spoken(f"deploy {name}"):
            told("code")
            _ship(name, shipped, target, tags)
            told("resources")
            _create(name, stack, target, tags, told)
            told("configuration")
            ids = {row.logical: row.physical for row in members(name, target)}
            values.put(stack, name, target.client, ids, tags)
            return described(name, target)
    except BaseException:
        told("taking it down again")
        with suppress(ExplorerError):
            down(name, target)
        raise


def _iso(when: datetime) -> str:
    return when.isoformat().replace("+00:00", "Z")


def code_bucket(name: str) -> str:
    """The bucket of a stack's code; buckets share one name space, so the name has its chance in it."""
    return f"{name}-code"


def _ship(name: str, shipped: Mapping[str, bytes], target: Target, tags: Mapping[str, str]) -> None:
    s3, bucket = target.client("s3"), code_bucket(name)
    where = {} if target.region == "us-east-1" else {"LocationConstraint": target.region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": listed})
    s3.put_object(Bucket=bucket, Key=CODE_KEY, Body=zipped(shipped))


def _create(name: str, stack: Stack, target: Target, tags: Mapping[str, str], told: Told) -> None:
    cloudformation = target.client("cloudformation")
    given = {"CodeBucket": code_bucket(name), "CodeKey": CODE_KEY}
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template_of(stack),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    status = _settled(name, target, told)
    if status != "CREATE_COMPLETE":
        raise CloudError(f"deploy {name}: {status}: {_why(name, cloudformation)}")


def _settled(name: str, target: Target, told: Told) -> str:
    """Wait until a stack is no more IN_PROGRESS; its last status."""
    cloudformation, until = target.client("cloudformation"), time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        told(status)
        time.sleep(POLL_S[target.name])
    raise CloudError(f"{name}: not done after {LONGEST_S:g} s")


def _why(name: str, cloudformation: Any) -> str:
    """The first failure that is not the consequence of another."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']}: {' '.join(event.get('ResourceStatusReason', '').split())}"
        for event in reversed(events)
        if event["ResourceStatus"].endswith("_FAILED")
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    return failed[0] if failed else "no reason given"


def down(name: str, target: Target, told: Told = lambda _: None) -> None:
    """Remove a stack and all that belongs to it: what it holds, its logs, its code, its callers."""
    with spoken(f"destroy {name}"):
        cloudformation = target.client("cloudformation")
        found = exists(name, target)
        target.dismiss(name)
        if found:
            told("contents")
            rows = members(name, target)
            values.remove(name, target.client, {row.logical: row.physical for row in rows})
            for bucket in (row.physical for row in rows if row.type == "AWS::S3::Bucket"):
                _empty(bucket, target)
            told("resources")
            cloudformation.delete_stack(StackName=name)
            _gone(name, target, told)
        told("code and logs")
        _drop_code(name, target)
        _drop_logs(name, target)
    target.leave()


def _empty(bucket: str, target: Target) -> None:
    s3 = target.client("s3")
    with suppress(s3.exceptions.NoSuchBucket):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _gone(name: str, target: Target, told: Told) -> None:
    try:
        status = _settled(name, target, told)
    except Exception as error:
        if "does not exist" in str(error):
            return
        raise
    if status != "DELETE_COMPLETE":
        why = _why(name, target.client("cloudformation"))
        raise CloudError(f"destroy {name}: {status}: {why}")


def _drop_code(name: str, target: Target) -> None:
    s3 = target.client("s3")
    with suppress(s3.exceptions.NoSuchBucket):
        _empty(code_bucket(name), target)
        s3.delete_bucket(Bucket=code_bucket(name))


def _drop_logs(name: str, target: Target) -> None:
    """A function that ends after its log was removed makes it anew: remove what has come back."""
    logs = target.client("logs")
    for prefix in (f"/aws/lambda/{name}-", f"/aws/vendedlogs/states/{name}-"):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                with suppress(logs.exceptions.ResourceNotFoundException):
                    logs.delete_log_group(logGroupName=group["logGroupName"])
