"""A stack removed, with all that belongs to it: what it holds, its values, logs, code and callers."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from explorer.errors import CloudError, ExplorerError

from . import config_values
from .aws_errors import plainly, spoken
from .interrupts import OnStep
from .stack_description import code_bucket, members, origin, raw
from .target import Target
from .template import Stack, stack_of

POLL_S = {"local": 0.05, "aws": 3.0}
LONGEST_S = 900.0
TRIES = 2  # to remove a stack


def down(name: str, target: Target, on_step: OnStep = lambda _: None, stack: Stack | None = None) -> None:
    """Remove a stack and all that belongs to it: what it holds, its logs, its code, its callers.

    `stack` : what it was put up from; what its template says if none

    What cannot be removed does not keep the rest. Raises CloudError for the first of it.
    """
    problems = []
    for step in (_resources_gone, _logs_gone, _code_gone):  # by its code the rest is found again
        try:
            with spoken(f"destroy {name}"):
                step(name, target, on_step, stack)
        except CloudError as problem:
            problems.append(problem)
    if not problems:
        target.forget(name)
    target.leave()
    if problems:
        raise problems[0]


def _resources_gone(name: str, target: Target, on_step: OnStep, stack: Stack | None) -> None:
    description = raw(name, target)
    target.dismiss(name)
    if not description:
        return
    if target.name == "local" and description["StackStatus"].endswith("_IN_PROGRESS"):
        _last(name, target, on_step)  # the emulator goes on making what is removed meanwhile
    on_step("contents")
    rows = members(name, target)
    physical = {row.logical: row.physical for row in rows}
    config_values.remove(name, target.client, physical, stack or _origin(name, target))
    for _ in range(TRIES):  # a function that was at work may have written into an empty bucket
        for bucket in (row.physical for row in rows if row.type == "AWS::S3::Bucket"):
            _empty(bucket, target)
        on_step("resources")
        target.client("cloudformation").delete_stack(StackName=name)
        status = _last(name, target, on_step)
        if status == "DELETE_COMPLETE":
            return
    reason = why(name, target.client("cloudformation"), "DELETE_FAILED")
    rest = ", ".join(f"{row.logical} ({row.physical})" for row in members(name, target))
    raise CloudError(f"destroy {name}: {status}: {reason}. Left: {rest}")


def _origin(name: str, target: Target) -> Stack | None:
    made_from = origin(name, target)
    with suppress(ExplorerError):  # a design that this version has no template for
        return stack_of(made_from.workload, made_from.design) if made_from else None
    return None


def _last(name: str, target: Target, on_step: OnStep) -> str:
    """The status that the removal of a stack ends in."""
    from botocore.exceptions import ClientError

    try:
        return settled(name, target, on_step)
    except ClientError as error:
        if "does not exist" in str(error):
            return "DELETE_COMPLETE"
        raise


def _empty(bucket: str, target: Target) -> None:
    """Remove all that a bucket holds, in all its versions."""
    s3 = target.client("s3")
    with suppress(s3.exceptions.NoSuchBucket):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            rows = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            keys = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
            if keys:
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
                for problem in answer.get("Errors", [])[:1]:
                    raise CloudError(
                        f"{bucket}: {problem['Key']}: {problem['Code']}: {problem.get('Message', '')}"
                    )


def _code_gone(name: str, target: Target, on_step: OnStep, _: Stack | None) -> None:
    on_step("code")
    s3 = target.client("s3")
    with suppress(s3.exceptions.NoSuchBucket):
        _empty(code_bucket(name), target)
        s3.delete_bucket(Bucket=code_bucket(name))


def _logs_gone(name: str, target: Target, on_step: OnStep, _: Stack | None) -> None:
    """A function that ends after its log was removed makes it anew: remove what has come back."""
    on_step("logs")
    logs = target.client("logs")
    for prefix in (f"/aws/lambda/{name}-", f"/aws/ecs/{name}-", f"/aws/vendedlogs/states/{name}-"):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                with suppress(logs.exceptions.ResourceNotFoundException):
                    logs.delete_log_group(logGroupName=group["logGroupName"])


def settled(name: str, target: Target, on_step: OnStep) -> str:
    """Wait until a stack is no more IN_PROGRESS; its last status."""
    cloudformation, until = target.client("cloudformation"), time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        on_step(status)
        time.sleep(POLL_S[target.name])
    raise CloudError(f"{name}: not done after {LONGEST_S:g} s")


def why(name: str, cloudformation: Any, failure: str) -> str:
    """The first failure that is not the consequence of another."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    failed = [
        f"{event['LogicalResourceId']}: {plainly(event.get('ResourceStatusReason', 'no reason given'))}"
        for page in pages
        for event in page["StackEvents"]  # the latest first
        if event["ResourceStatus"] == failure
        and event["LogicalResourceId"] != name
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    return failed[-1] if failed else "no reason given"
