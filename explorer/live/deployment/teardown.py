"""Removes a stack and all that belongs to it: contents, values, logs, code and callers."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from explorer.errors import CloudError, ExplorerError

from . import config_values
from .aws_errors import explain_errors, short_message
from .interrupts import OnStep
from .stack_description import code_bucket, describe_stack, members, read_origin
from .target import Target
from .template import Stack, stack_of

POLL_S = {"local": 0.05, "aws": 3.0}
REMOVAL_TIMEOUT_S = 900.0
TRIES = 2  # attempts to remove a stack


def remove_stack(
    name: str, target: Target, on_step: OnStep = lambda _: None, stack: Stack | None = None
) -> None:
    """Remove a stack and all that belongs to it: contents, values, logs, code and callers.

    Parameters
    ----------
    name, target : of the stack
    on_step : called with the name of each step that begins
    stack : the design as a stack (default: read from the template)

    A part that cannot be removed does not prevent the removal of the others. Raises CloudError for the first
    such part.
    """
    problems = []
    # the code is last: it shows that a stack is not removed completely
    for step in (_remove_resources, _remove_logs, _remove_code):
        try:
            with explain_errors(f"destroy {name}"):
                step(name, target, on_step, stack)
        except CloudError as problem:
            problems.append(problem)
    if not problems:
        target.forget_name(name)
    target.stop_if_last()
    if problems:
        raise problems[0]


def _remove_resources(name: str, target: Target, on_step: OnStep, stack: Stack | None) -> None:
    description = describe_stack(name, target)
    target.remove_callers(name)
    if not description:
        return
    if target.name == "local" and description["StackStatus"].endswith("_IN_PROGRESS"):
        # the emulator would create again what is removed during a creation
        _wait_for_removal(name, target, on_step)
    on_step("contents")
    rows = members(name, target)
    physical = {row.logical: row.physical for row in rows}
    config_values.remove(name, target.client, physical, stack or _read_stack(name, target))
    for _ in range(TRIES):  # a function that was running may have written to an empty bucket
        for bucket in (row.physical for row in rows if row.type == "AWS::S3::Bucket"):
            _empty_bucket(bucket, target)
        on_step("resources")
        target.client("cloudformation").delete_stack(StackName=name)
        status = _wait_for_removal(name, target, on_step)
        if status == "DELETE_COMPLETE":
            return
    reason = first_failure(name, target.client("cloudformation"), "DELETE_FAILED")
    rest = ", ".join(f"{row.logical} ({row.physical})" for row in members(name, target))
    raise CloudError(f"destroy {name}: {status}: {reason}. Left: {rest}")


def _read_stack(name: str, target: Target) -> Stack | None:
    made_from = read_origin(name, target)
    with suppress(ExplorerError):  # a design without a template in this version
        return stack_of(made_from.workload, made_from.design) if made_from else None
    return None


def _wait_for_removal(name: str, target: Target, on_step: OnStep) -> str:
    """The final status of the removal of a stack."""
    from botocore.exceptions import ClientError

    try:
        return wait_until_settled(name, target, on_step)
    except ClientError as error:
        if "does not exist" in str(error):
            return "DELETE_COMPLETE"
        raise


def _empty_bucket(bucket: str, target: Target) -> None:
    """Remove all objects of a bucket, in all their versions."""
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


def _remove_code(name: str, target: Target, on_step: OnStep, _: Stack | None) -> None:
    on_step("code")
    s3 = target.client("s3")
    with suppress(s3.exceptions.NoSuchBucket):
        _empty_bucket(code_bucket(name), target)
        s3.delete_bucket(Bucket=code_bucket(name))


def _remove_logs(name: str, target: Target, on_step: OnStep, _: Stack | None) -> None:
    """Remove the logs of a stack, including those that a function has created again at its end."""
    on_step("logs")
    logs = target.client("logs")
    for prefix in (f"/aws/lambda/{name}-", f"/aws/ecs/{name}-", f"/aws/vendedlogs/states/{name}-"):
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                with suppress(logs.exceptions.ResourceNotFoundException):
                    logs.delete_log_group(logGroupName=group["logGroupName"])


def wait_until_settled(name: str, target: Target, on_step: OnStep) -> str:
    """Wait until the status of a stack no longer ends in IN_PROGRESS; return it."""
    cloudformation, deadline = target.client("cloudformation"), time.monotonic() + REMOVAL_TIMEOUT_S
    while time.monotonic() < deadline:
        status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            return status
        on_step(status)
        time.sleep(POLL_S[target.name])
    raise CloudError(f"{name}: not finished after {REMOVAL_TIMEOUT_S:g} s")


def first_failure(name: str, cloudformation: Any, failure: str) -> str:
    """The first failure that is not the consequence of another."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    failures = [
        f"{event['LogicalResourceId']}: {short_message(event.get('ResourceStatusReason', 'no reason given'))}"
        for page in pages
        for event in page["StackEvents"]  # the latest first
        if event["ResourceStatus"] == failure
        and event["LogicalResourceId"] != name
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    return failures[-1] if failures else "no reason given"
