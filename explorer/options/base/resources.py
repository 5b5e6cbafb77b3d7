"""The pieces of a stack, as options define them: functions, routes, permissions, settings, resources.

An option yields pieces without knowing those of other options: a permission or a setting names the part to
which it belongs, and the template finds the function with this part. Values are literals, or CloudFormation
references made by `ref`, `attribute` and `substitute`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from explorer.facts import catalogue
from explorer.facts.units import Number

from .conditions import Conditions
from .paths import Paths
from .request_path import RequestPath

Value = Any  # a literal, or a reference that CloudFormation resolves
CALLER = "caller"  # the part of the callers of the endpoint
TOKEN_ISSUER, TOKEN_AUDIENCE = "JwtIssuer", "JwtAudience"  # parameters of a template that checks tokens
DISTRIBUTION = "Distribution"  # logical id of the distribution in front of a door, if there is one
PREFIX = "${AWS::StackName}"
LIVE = "live"  # name of the alias of a published version
PROVISIONED = "ProvisionedConcurrencyConfig"  # the property of an alias that keeps environments ready
AT_ONCE = {"DeploymentDurationInMinutes": 0, "FinalBakeTimeInMinutes": 0, "GrowthFactor": 100}  # percent
PLACE = "${AWS::Region}:${AWS::AccountId}"


@dataclass(frozen=True)
class FunctionRole:
    """A task of a function: its entry point, and what it needs to run."""

    id: str
    entry: str  # the shipped module with its `handler`
    memory_mb: float
    timeout_s: float
    properties: Mapping[str, Value] = field(default_factory=dict)
    versioned: bool = False  # whether it is invoked through an alias of a published version


@dataclass(frozen=True)
class TaskRole:
    """A task of a container: its program, and the task size."""

    id: str
    entry: str  # the shipped module that its image runs
    vcpu: float
    gb: float
    serves: bool = False  # whether it serves all routes, in place of the functions


@dataclass(frozen=True)
class Property:
    """A property that another option sets: of the function with a part, or of the alias of its version."""

    part: str
    name: str
    value: Value
    of: str = "function"  # or "alias"


@dataclass(frozen=True)
class Parameter:
    """A parameter that the user of a template has to state, besides the location of the code."""

    name: str
    description: str
    default: str | None = None


@dataclass(frozen=True)
class Route:
    """The requests that a door sends to a part."""

    part: str
    method: str
    path: str


@dataclass(frozen=True)
class Allow:
    """The actions that the role of a part may take, and on which resource."""

    part: str
    actions: tuple[str, ...]
    resource: Value
    condition: Mapping[str, Value] | None = None


@dataclass(frozen=True)
class Setting:
    """A setting that the shipped code reads from its package: a literal, the same for all parts."""

    name: str
    value: Any


@dataclass(frozen=True)
class Variable:
    """An environment variable of a part: a value that only CloudFormation knows, or a plain entry."""

    part: str
    name: str
    value: Value


@dataclass(frozen=True)
class Entry:
    """An entry of the configuration: its size [B], never its value."""

    name: str
    value_bytes: int
    secret: bool = False
    kept: str = "store"  # "store" or "environment"


@dataclass(frozen=True)
class Resource:
    """A CloudFormation resource."""

    id: str
    type: str
    properties: Mapping[str, Value]
    attributes: Mapping[str, Value] = field(default_factory=dict)  # such as DependsOn
    owned_alone: bool = False  # whether it is only in an exported template, not in a trial stack


TemplatePiece = (
    FunctionRole | TaskRole | Property | Parameter | Route | Allow | Setting | Variable | Entry | Resource
)


def ref(logical: str) -> Value:
    """A reference to a resource or parameter, as `Ref` returns it."""
    return {"Ref": logical}


def attribute(logical: str, name: str = "Arn") -> Value:
    """A reference to an attribute of a resource."""
    return {"Fn::GetAtt": [logical, name]}


def substitute(text: str) -> Value:
    """Text in which `${...}` are references."""
    return {"Fn::Sub": text}


@dataclass(frozen=True, order=True)
class Target:
    """What invokes a function addresses: the function, or the alias of its published version."""

    function: str  # logical id
    versioned: bool = False

    @property
    def arn(self) -> Value:
        """The ARN to invoke."""
        return ref(self._alias) if self.versioned else attribute(self.function)

    @property
    def name(self) -> Value:
        """The value of a `FunctionName`: the function's name, or the ARN of the alias."""
        return ref(self._alias if self.versioned else self.function)

    @property
    def arn_text(self) -> str:
        """The same inside a text of `substitute`."""
        return f"${{{self._alias}}}" if self.versioned else f"${{{self.function}.Arn}}"

    @property
    def qualifier(self) -> str:
        """The name of what is invoked, beside that of the function."""
        return LIVE if self.versioned else "$LATEST"

    @property
    def after(self) -> Mapping[str, Value]:
        """The attributes of a resource that names the qualifier: the alias has to exist before it."""
        return {"DependsOn": self._alias} if self.versioned else {}

    @property
    def _alias(self) -> str:
        return f"{self.function}Live"


def work_target(path: RequestPath) -> Target:
    """The target of what hands jobs to the function that does the work."""
    return Target("Work", path.versioned)


def work_arn(path: RequestPath) -> Value:
    """The ARN of this target for a permission: text, as the work may invoke itself."""
    return own_arn("lambda", f"function:~-work{f':{LIVE}' if path.versioned else ''}")


def own_name(suffix: str) -> Value:
    """The name of an item of this stack."""
    return substitute(f"{PREFIX}-{suffix}")


def own_arn(service: str, resource: str) -> Value:
    """The ARN of an item whose name starts with the stack's name: text, which avoids circular references."""
    return substitute(f"arn:${{AWS::Partition}}:{service}:{PLACE}:{resource.replace('~', PREFIX)}")


def trust_policy(service: str) -> Value:
    """The trust policy that lets a service assume a role."""
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
    """A bucket that is private, encrypted and accessible only over TLS.

    `days` : for each prefix, the days after which its objects are deleted
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
    refused = require_tls_statement([attribute(logical), substitute(f"${{{logical}.Arn}}/*")])
    policy = {"Bucket": ref(logical), "PolicyDocument": statement_of([refused])}
    yield Resource(f"{logical}Policy", "AWS::S3::BucketPolicy", policy)


def require_tls_statement(places: Sequence[Value]) -> Mapping[str, Value]:
    """The statement of a bucket policy that denies access without TLS."""
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
        "Resource": list(places),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def objects(logical: str, prefix: str) -> Value:
    """The objects under a prefix of a bucket, for a permission."""
    return substitute(f"${{{logical}.Arn}}/{prefix}*")


def queue(logical: str, properties: Mapping[str, Value]) -> Resource:
    """An encrypted queue."""
    return Resource(logical, "AWS::SQS::Queue", {"SqsManagedSseEnabled": True, **properties})


def log_group(name: str) -> Mapping[str, Value]:
    """The log group of this stack: "~" in `name` becomes the stack's name; logs are kept for some days."""
    days = int(catalogue.constant("log.kept_days").value)
    return {"LogGroupName": substitute(name.replace("~", PREFIX)), "RetentionInDays": days}


DAY_S = 86400
# shipped modules; each has a `handler`
FRONT, WORK, ACCEPTED_WORK = "front", "work", "accepted_work"
SERVICE, TASK = "service", "task"  # shipped modules that run as programs
RESULTS, BODIES = "ResultsBucket", "BodiesBucket"  # logical ids


def front_part(load: Conditions, part: str) -> FunctionRole:
    """A small front function, which waits for other services and does no work itself."""
    return FunctionRole(part, FRONT, load.constant("handler.memory_mb"), load.constant("handler.timeout_s"))


def work_part(
    load: Conditions,
    path: RequestPath,
    entry: str = WORK,
    properties: Mapping[str, Any] | None = None,
) -> FunctionRole:
    """The function that does the work: behind the door, or as the receiver of jobs."""
    timeout_s, memory_mb = work_timeout_s(load, path), float(load.memory_mb)
    if path.asynchronous:
        return FunctionRole("work", entry, memory_mb, timeout_s, properties or {}, path.versioned)
    if path.run_limit:
        timeout_s = min(timeout_s, load.limit(path.run_limit))
    if path.door_waits:  # no longer than the door waits, or its result would be lost
        timeout_s = min(timeout_s, load.limit(path.door_waits) - 1)
    return FunctionRole("work", FRONT, memory_mb, timeout_s, properties or {}, path.versioned)


def work_timeout_s(load: Conditions, path: RequestPath) -> float:
    """The timeout of the function that does the work [s].

    It is the longest timeout that an AWS page confirms, which every tool accepts. If the work of at least one
    request a month takes longer, it is the longest timeout there is.
    """
    longest, confirmed = load.limit("lambda.timeout"), load.confirmed_limit("lambda.timeout")
    room = confirmed - load.constant("hop.margin_s")
    late = float(load.time_limit("lambda.timeout", Paths.of(path)).exceed(load, room)) * float(load.requests)
    return confirmed if late < 1 else longest


def days(seconds: Number) -> int:
    """The whole days that contain this many seconds, rounded up; buckets count in days."""
    return max(math.ceil(float(seconds) / DAY_S), 1)
