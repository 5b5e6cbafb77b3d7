"""The CloudFormation resources of a container: its log, its two roles, and its task definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explorer.options.base.public_network import PORT
from explorer.options.base.resources import (
    Parameter,
    Resource,
    TaskRole,
    Value,
    attribute,
    log_group,
    own_arn,
    own_name,
    ref,
    statement_of,
    trust_policy,
)

IMAGE = Parameter("Image", "The image of the tasks: what the Dockerfile beside the code builds.")
LOG = "/aws/ecs/~-{}"
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
PULLS = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
CPU_UNITS, MB = 1024, 1024  # units of a vCPU; MB of a GB
STOP_S = 30  # time that a task has to finish its work when it is ended
PLATFORMS = {"arm64": "ARM64", "x86_64": "X86_64"}


def resources(
    task: TaskRole,
    environment: Mapping[str, Value],
    allowed: Sequence[Mapping[str, Value]],
    architecture: str,
) -> Iterable[Resource]:
    """The resources of a container.

    Parameters
    ----------
    task : its role in the design
    environment : its variables
    allowed : the statements of its own role
    architecture : arm64 or x86_64
    """
    logical, log = task.id.title(), LOG.format(task.id)
    yield Resource(f"{logical}Log", "AWS::Logs::LogGroup", log_group(log))
    trust = trust_policy("ecs-tasks")
    task_role = {"AssumeRolePolicyDocument": trust, "Policies": [_policy("parts", allowed)]}
    yield Resource(f"{logical}TaskRole", "AWS::IAM::Role", task_role)
    start_role = {
        "AssumeRolePolicyDocument": trust,
        "Policies": [_policy("start", list(_start_permissions(log)))],
    }
    yield Resource(f"{logical}StartRole", "AWS::IAM::Role", start_role)
    definition = {
        "Family": own_name(task.id),
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        "Cpu": str(int(task.vcpu * CPU_UNITS)),
        "Memory": str(int(task.gb * MB)),
        "RuntimePlatform": {"CpuArchitecture": PLATFORMS[architecture], "OperatingSystemFamily": "LINUX"},
        "TaskRoleArn": attribute(f"{logical}TaskRole"),
        "ExecutionRoleArn": attribute(f"{logical}StartRole"),
        "ContainerDefinitions": [_container(task, environment, logical)],
    }
    yield Resource(f"{logical}Task", "AWS::ECS::TaskDefinition", definition)


def _container(task: TaskRole, environment: Mapping[str, Value], logical: str) -> Mapping[str, Any]:
    variables = {**environment, "MEMORY_MB": str(int(task.gb * MB)), "PORT": str(PORT)}
    log = {
        "awslogs-group": ref(f"{logical}Log"),
        "awslogs-region": ref("AWS::Region"),
        "awslogs-stream-prefix": "task",
    }
    return {
        "Name": task.id,
        "Image": ref(IMAGE.name),
        "Essential": True,
        "Command": ["python", "-m", task.entry],
        "Environment": [{"Name": name, "Value": value} for name, value in variables.items()],
        "StopTimeout": STOP_S,
        "LogConfiguration": {"LogDriver": "awslogs", "Options": log},
        **({"PortMappings": [{"ContainerPort": PORT, "Protocol": "tcp"}]} if task.serves else {}),
    }


def _start_permissions(log: str) -> Iterable[Mapping[str, Value]]:
    """What Fargate does for the stack before the container runs: pull its image, open its log."""
    yield _allow(LOGS, own_arn("logs", f"log-group:{log}:*"))
    yield _allow(PULLS, own_arn("ecr", "repository/*"))
    yield _allow(("ecr:GetAuthorizationToken",), "*")


def _allow(actions: Sequence[str], resource: Value) -> Mapping[str, Value]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def _policy(name: str, statements: Sequence[Mapping[str, Value]]) -> Mapping[str, Value]:
    return {"PolicyName": name, "PolicyDocument": statement_of(statements)}
