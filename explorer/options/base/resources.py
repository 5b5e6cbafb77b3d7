"""What a stack is made of, as options state it: functions, routes, permissions, settings, resources.

An option yields pieces and knows nothing of the others': a permission or a setting names the part that
has it, and the template finds the function that plays this part. Values are literals, or CloudFormation's
own references, made by `ref`, `attribute` and `joined`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from explorer.facts import catalogue

from .conditions import Conditions
from .paths import Paths
from .request_path import RequestPath

Value = Any  # a literal, or a reference that CloudFormation resolves
CALLER = "caller"  # the part of whoever may use the endpoint
DISTRIBUTION = "Distribution"  # the logical id of what stands in front of a door, where something does
PREFIX = "${AWS::StackName}"
AT_ONCE = {"DeploymentDurationInMinutes": 0, "FinalBakeTimeInMinutes": 0, "GrowthFactor": 100}  # percent
PLACE = "${AWS::Region}:${AWS::AccountId}"


@dataclass(frozen=True)
class FunctionRole:
    """Something that a function does: what enters it, and what it needs to run."""

    id: str
    entry: str  # the module of the code that is shipped whose `handler` it is
    memory_mb: float
    timeout_s: float
    properties: Mapping[str, Value] = field(default_factory=dict)
    versioned: bool = False  # it is called by an alias of a published version


@dataclass(frozen=True)
class TaskRole:
    """Something that a container does: what it runs, and the task that holds it."""

    id: str
    entry: str  # the module of the code that is shipped that its image runs
    vcpu: float
    gb: float
    serves: bool = False  # it answers all routes, and plays the parts of the functions that would


@dataclass(frozen=True)
class Parameter:
    """What whoever puts a template up has to say, beside where the code lies."""

    name: str
    description: str
    default: str | None = None


@dataclass(frozen=True)
class Route:
    """What a door sends to a part."""

    part: str
    method: str
    path: str


@dataclass(frozen=True)
class Allow:
    """What the role of a part may do, and to what."""

    part: str
    actions: tuple[str, ...]
    resource: Value
    condition: Mapping[str, Value] | None = None


@dataclass(frozen=True)
class Setting:
    """What the code that is shipped reads from its package: a literal, the same for all parts."""

    name: str
    value: Any


@dataclass(frozen=True)
class Variable:
    """What a part reads from its environment: only what CloudFormation alone knows, and plain entries."""

    part: str
    name: str
    value: Value


@dataclass(frozen=True)
class Entry:
    """An entry of the configuration: its size, never its value [B]."""

    name: str
    value_bytes: int
    secret: bool = False
    kept: str = "store"  # or environment


@dataclass(frozen=True)
class Resource:
    """A resource as CloudFormation has it."""

    id: str
    type: str
    properties: Mapping[str, Value]
    attributes: Mapping[str, Value] = field(default_factory=dict)  # such as DependsOn
    owned_alone: bool = False  # it is in a template that is owned, not in a stack that is tried


TemplatePiece = FunctionRole | TaskRole | Parameter | Route | Allow | Setting | Variable | Entry | Resource


def ref(logical: str) -> Value:
    """What `Ref` gives for a resource or parameter."""
    return {"Ref": logical}


def attribute(logical: str, name: str = "Arn") -> Value:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [logical, name]}


def joined(text: str) -> Value:
    """Text with `${...}` for references."""
    return {"Fn::Sub": text}


def own_name(suffix: str) -> Value:
    """The name of something of this stack."""
    return joined(f"{PREFIX}-{suffix}")


def own_arn(service: str, resource: str) -> Value:
    """The ARN of something of this stack whose name begins with the stack's: no reference, no circle."""
    return joined(f"arn:${{AWS::Partition}}:{service}:{PLACE}:{resource.replace('~', PREFIX)}")


def trusted(service: str) -> Value:
    """The document that lets a service take a role on."""
    return statement_of(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    )


def statement(allow: Allow) -> Mapping[str, Value]:
    """A permission as a policy has it."""
    entry = {"Effect": "Allow", "Action": list(allow.actions), "Resource": allow.resource}
    return entry if allow.condition is None else {**entry, "Condition": allow.condition}


def statement_of(statements: Iterable[Mapping[str, Value]]) -> Value:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def bucket(logical: str, days: Mapping[str, int]) -> Iterable[Resource]:
    """A bucket that is private, encrypted and reached by TLS alone.

    `days` : after how many days what begins with a prefix is removed, by prefix
    """
    rules = [
        {
            "Id": prefix.rstrip("/"),
            "Prefix": prefix,
            "Status": "Enabled",
            "ExpirationInDays": after,
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
        for prefix, after in days.items()
    ]
    closed = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    encrypted = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    yield Resource(
        logical,
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {"ServerSideEncryptionConfiguration": [encrypted]},
            "PublicAccessBlockConfiguration": dict.fromkeys(closed, True),
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {"Rules": rules},
        },
    )
    refused = by_tls_alone([attribute(logical), joined(f"${{{logical}.Arn}}/*")])
    policy = {"Bucket": ref(logical), "PolicyDocument": statement_of([refused])}
    yield Resource(f"{logical}Policy", "AWS::S3::BucketPolicy", policy)


def by_tls_alone(places: Sequence[Value]) -> Mapping[str, Value]:
    """The statement of a bucket's policy that refuses whoever comes without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
        "Resource": list(places),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def objects(logical: str, prefix: str) -> Value:
    """What lies under a prefix of a bucket, for a permission."""
    return joined(f"${{{logical}.Arn}}/{prefix}*")


def queue(logical: str, properties: Mapping[str, Value]) -> Resource:
    """An encrypted queue."""
    return Resource(logical, "AWS::SQS::Queue", {"SqsManagedSseEnabled": True, **properties})


def log_group(name: str) -> Mapping[str, Value]:
    """A log of this stack: what stands after the stack's name closes `name`; kept some days."""
    days = int(catalogue.constant("log.kept_days").value)
    return {"LogGroupName": joined(name.replace("~", PREFIX)), "RetentionInDays": days}


DAY_S = 86400
# modules of the code that is shipped; each has a `handler`
FRONT, WORK, ACCEPTED_WORK = "front", "work", "accepted_work"
SERVICE, TASK = "service", "task"  # each of which is run as a program
RESULTS, BODIES = "ResultsBucket", "BodiesBucket"  # logical ids


def front_part(load: Conditions, part: str) -> FunctionRole:
    """A small function beside the worker, which waits for other services and does no work itself."""
    return FunctionRole(part, FRONT, load.constant("handler.memory_mb"), load.constant("handler.timeout_s"))


def work_part(
    load: Conditions,
    path: RequestPath,
    entry: str = WORK,
    properties: Mapping[str, Any] | None = None,
    versioned: bool = False,
) -> FunctionRole:
    """The function that does the work: behind the door, or handed its jobs."""
    timeout_s = work_timeout_s(load, path)
    if path.asynchronous:
        return FunctionRole("work", entry, load.memory_mb, timeout_s, properties or {}, versioned)
    if path.run_limit:
        timeout_s = min(timeout_s, load.limit(path.run_limit))
    if path.door_waits:  # no longer than the door waits for it, or it would work for nobody
        timeout_s = min(timeout_s, load.limit(path.door_waits) - 1)
    return FunctionRole("work", FRONT, load.memory_mb, timeout_s, properties or {}, versioned)


def work_timeout_s(load: Conditions, path: RequestPath) -> float:
    """The time-out of the function that does the work [s].

    That is the longest that a page of AWS confirms, which every tool accepts, unless the work of one
    request a month or more takes longer: then the longest that there is.
    """
    longest, confirmed = load.limit("lambda.timeout"), load.confirmed_limit("lambda.timeout")
    room = confirmed - load.constant("hop.margin_s")
    late = float(load.time_limit("lambda.timeout", Paths.of(path)).exceed(load, room)) * float(load.requests)
    return confirmed if late < 1 else longest


def days(seconds: Any) -> int:
    """Whole days that hold as many seconds: what a bucket counts in."""
    return max(math.ceil(float(seconds) / DAY_S), 1)
