"""A design as CloudFormation: the pieces that its options state, combined into one stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any

from explorer.engine.designs import Design
from explorer.errors import DesignError
from explorer.facts.suggestions import expected_one_of
from explorer.options.base.conditions import Conditions, at_stated_size
from explorer.options.base.resources import (
    CALLER,
    LIVE,
    PROVISIONED,
    TOKEN_AUDIENCE,
    TOKEN_ISSUER,
    Allow,
    Entry,
    FunctionRole,
    Parameter,
    Property,
    Resource,
    Route,
    Setting,
    Target,
    TaskRole,
    TemplatePiece,
    Value,
    Variable,
    attribute,
    log_group,
    own_arn,
    own_name,
    ref,
    statement,
    statement_of,
    trust_policy,
)
from explorer.workload.workload import Workload

from . import task_resources

__all__ = ["Stack", "stack_of"]

FORMAT = "2010-09-09"
RUNTIMES = {"python3.11", "python3.12", "python3.13", "python3.14"}
PARAMETERS = {
    "CodeBucket": {"Type": "String", "Description": "The bucket that holds the functions' code."},
    "CodeKey": {"Type": "String", "Description": "The code, a zip."},
}
SAMPLE = "sample:handle"  # the work without a handler of the user
STATEFUL_TYPES = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, eq=False)
class Stack:
    """A design for a workload as a value; nothing is deployed yet."""

    design: Design
    workload: Workload
    pieces: tuple[TemplatePiece, ...]
    handler: str = SAMPLE  # module and function of the work
    values: Mapping[str, str] = field(default_factory=dict)  # of parameters that the user has stated

    def of(self, kind: type[Any]) -> list[Any]:
        """The pieces of one type."""
        return [piece for piece in self.pieces if isinstance(piece, kind)]

    @cached_property
    def functions(self) -> Mapping[str, tuple[FunctionRole, tuple[str, ...]]]:
        """The functions by logical id: the role of each, and the ids of its parts."""
        if self.serving_task:
            return {}
        door = self._door
        routed_parts = {route.part for route in self.of(Route)}
        shared_roles = [
            part
            for part in self.of(FunctionRole)
            if getattr(door, "one_function", False) and part.id in routed_parts
        ]
        functions = {
            part.id.title(): (part, (part.id,)) for part in self.of(FunctionRole) if part not in shared_roles
        }
        if len(shared_roles) == 1:
            functions[shared_roles[0].id.title()] = (shared_roles[0], (shared_roles[0].id,))
        elif shared_roles:
            longest = max(shared_roles, key=lambda part: part.timeout_s)
            front = replace(longest, id="front", versioned=any(part.versioned for part in shared_roles))
            functions["Front"] = (front, tuple(part.id for part in shared_roles))
        return functions

    @property
    def serving_task(self) -> TaskRole | None:
        """The container that answers all routes in place of functions, if the design has one."""
        return next((task for task in self.of(TaskRole) if task.serves), None)

    @property
    def parameters(self) -> Mapping[str, Value]:
        """The parameters that a deployment of the template has to give."""
        parameters = [*self.of(Parameter), *([task_resources.IMAGE] if self.of(TaskRole) else [])]
        descriptions = {
            each.name: {
                "Type": "String",
                "Description": each.description,
                **({} if each.default is None else {"Default": each.default}),
            }
            for each in parameters
        }
        return {**PARAMETERS, **descriptions} if self.functions else descriptions

    @property
    def is_signed(self) -> bool:
        """Whether callers are identified by their signatures."""
        return bool(self._caller_statements)

    @property
    def missing(self) -> tuple[str, ...]:
        """The parameters that only the owner of an account can give."""
        return tuple(
            name
            for name, each in self.parameters.items()
            if name not in {*PARAMETERS, *self.values} and "Default" not in each
        )

    @property
    def takes_tokens(self) -> bool:
        """Whether callers are identified by tokens."""
        return TOKEN_ISSUER in self.parameters

    @property
    def provisioned_environments(self) -> int:
        """The number of environments that the stack keeps ready."""
        configs = [each.value for each in self.of(Property) if each.name == PROVISIONED]
        return sum(config["ProvisionedConcurrentExecutions"] for config in configs)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The settings that the shipped code reads from its package."""
        return {setting.name: setting.value for setting in self.of(Setting)} | {
            "entries": [entry.name for entry in self.of(Entry)],
        }

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template as JSON values; its parameters give the location of the code."""
        return {
            "AWSTemplateFormatVersion": FORMAT,
            "Description": f"{self.workload.name}: {self.design}",
            "Parameters": self.parameters,
            **({"Conditions": conditions} if (conditions := self._door.conditions()) else {}),
            "Resources": unique((resource.id, template_entry(resource)) for resource in self._resources()),
            "Outputs": {
                "Url": {"Description": "The endpoint.", "Value": self._edge.address(self._door.address())},
                **self._caller_output,
                **self._token_outputs,
                "Design": {"Description": "What it was made from.", "Value": str(self.design)},
            },
        }

    @property
    def _caller_statements(self) -> list[Mapping[str, Value]]:
        """The permissions of callers who sign."""
        return [statement(allow) for allow in self.of(Allow) if allow.part == CALLER]

    @property
    def _caller_output(self) -> Mapping[str, Value]:
        policy = {"Description": "What a caller needs.", "Value": ref("Caller")}
        return {"CallerPolicy": policy} if self._caller_statements else {}

    @property
    def _token_outputs(self) -> Mapping[str, Value]:
        if not self.takes_tokens:
            return {}
        issuer = {"Description": "Whose tokens callers send.", "Value": ref(TOKEN_ISSUER)}
        audience = {"Description": "Whom the tokens are for.", "Value": ref(TOKEN_AUDIENCE)}
        return {TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience}

    @property
    def _door(self) -> Any:
        return self.design.option("door")

    @property
    def _edge(self) -> Any:
        return self.design.option("edge")

    def _resources(self) -> Iterable[Resource]:
        for logical, (part, part_ids) in self.functions.items():
            yield from self._function(logical, part, part_ids)
        for task in self.of(TaskRole):
            yield from self._task(task)
        yield from (resource for resource in self.of(Resource) if not resource.owned_alone)
        allowed = self._caller_statements
        if not allowed:  # nobody signs requests
            return
        policy = {
            "Description": "Use of the endpoint, and nothing else.",
            "PolicyDocument": statement_of(allowed),
        }
        yield Resource("Caller", "AWS::IAM::ManagedPolicy", policy)

    def _function(self, logical: str, part: FunctionRole, part_ids: tuple[str, ...]) -> Iterable[Resource]:
        log = f"/aws/lambda/~-{part.id}"
        yield Resource(f"{logical}Log", "AWS::Logs::LogGroup", log_group(log))
        yield Resource(f"{logical}Role", "AWS::IAM::Role", self._role(log, part_ids))
        variables = {v.name: v.value for v in self.of(Variable) if v.part in part_ids}
        if "work" in part_ids:
            variables |= self.environment_entries()
        if len(part_ids) > 1:
            variables["SERVES"] = ",".join(part_ids)
        properties = {
            "FunctionName": own_name(part.id),
            "Runtime": self.workload.runtime.language,
            "Architectures": [self.workload.runtime.architecture],
            "Handler": f"{part.entry}.handler",
            "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
            "Role": attribute(f"{logical}Role"),
            "MemorySize": int(part.memory_mb),
            "Timeout": int(part.timeout_s),
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": ref(f"{logical}Log")},
            **({"Environment": {"Variables": variables}} if variables else {}),
            **part.properties,
            **self._added_properties(part_ids, "function"),
        }
        yield Resource(logical, "AWS::Lambda::Function", properties)
        if part.versioned:
            function = {"FunctionName": ref(logical)}
            version = {**function, "Description": ref("CodeKey")}  # another key publishes another version
            yield Resource(f"{logical}Version", "AWS::Lambda::Version", version)
            number = attribute(f"{logical}Version", "Version")
            alias = {**function, "FunctionVersion": number, "Name": LIVE}
            alias |= self._added_properties(part_ids, "alias")
            yield Resource(f"{logical}Live", "AWS::Lambda::Alias", alias)

    def _added_properties(self, part_ids: tuple[str, ...], of: str) -> dict[str, Value]:
        """The properties that options add to a function with these parts, or to its alias."""
        return {
            each.name: each.value for each in self.of(Property) if each.part in part_ids and each.of == of
        }

    def parts_of_task(self, task: TaskRole) -> tuple[str, ...]:
        """The parts of functions that a container takes over in addition to its own."""
        return tuple(part.id for part in self.of(FunctionRole)) if task.serves else ()

    def _task(self, task: TaskRole) -> Iterable[Resource]:
        """A container in place of functions: for the work alone, or for everything that answers a request."""
        parts = {task.id, *self.parts_of_task(task)}
        variables = {v.name: v.value for v in self.of(Variable) if v.part in parts}
        allowed = [statement(allow) for allow in self.of(Allow) if allow.part in parts]
        environment = {**variables, **self.environment_entries()}
        if task.serves:
            environment["SERVES"] = ",".join(sorted(parts))
        architecture = self.workload.runtime.architecture
        yield from task_resources.resources(task, environment, allowed, architecture)

    def environment_entries(self) -> dict[str, str]:
        """The entries of the configuration in the environment of the work, by name."""
        return {entry.name: filler(entry) for entry in self.of(Entry) if entry.kept == "environment"}

    def _role(self, log: str, part_ids: tuple[str, ...]) -> Mapping[str, Any]:
        """The permissions of a function: write its own log, and those of its parts."""
        log_permission = Allow("", LOGS, own_arn("logs", f"log-group:{log}:*"))
        allowed = [statement(log_permission)] + [
            statement(allow) for allow in self.of(Allow) if allow.part in part_ids
        ]
        policy = {"PolicyName": "parts", "PolicyDocument": statement_of(allowed)}
        return {"AssumeRolePolicyDocument": trust_policy("lambda"), "Policies": [policy]}


def stack_of(workload: Workload, design: Design, load: Conditions | None = None) -> Stack:
    """The stack of a design.

    Parameters
    ----------
    workload, design : what the stack is for, and its design
    load : conditions with the memory and architecture to use (default: typical ones)

    Raises DesignError, with the reason, if the design has no template.
    """
    if design.undeployable:
        raise DesignError(f"design {design} cannot be deployed: {'; '.join(design.undeployable)}")
    if workload.runtime.language not in RUNTIMES:
        raise DesignError(
            f"runtime.language is {workload.runtime.language}: the deployed functions are Python; "
            + expected_one_of(sorted(RUNTIMES))
        )
    load, path = load or at_stated_size(workload), design.flow
    if unbuilt := design.unbuilt(load):
        raise DesignError(f"design {design} cannot be deployed: {'; '.join(unbuilt)}")
    if workload.runtime.architecture != load.architecture:  # "any": the one that the design takes
        workload = workload.replace({"runtime.architecture": load.architecture})
    pieces = tuple(chain.from_iterable(option.pieces(load, path) for option in design.options))
    stack = Stack(design, workload, pieces)
    door: Any = design.option("door")
    edge: Any = design.option("edge")
    response: Any = design.option("response")
    routes = {
        route: Target(logical, part.versioned)
        for route in stack.of(Route)
        for logical, (part, part_ids) in stack.functions.items()
        if route.part in part_ids
    }
    in_front = edge.wiring(load, path, door.address())
    wired = (*door.wiring(load, path, routes), *response.wiring(load, path, routes), *in_front)
    return replace(stack, pieces=(*pieces, *wired))


def unique(items: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """A mapping of the items. Raises ValueError if two have the same name."""
    mapping: dict[str, Value] = {}
    for name, value in items:
        if name in mapping:
            raise ValueError(f"two resources are named {name}")
        mapping[name] = value
    return mapping


def template_entry(resource: Resource) -> Mapping[str, Value]:
    """A resource as a template contains it; a stateful one is deleted with the stack."""
    policies = (
        dict.fromkeys(("DeletionPolicy", "UpdateReplacePolicy"), "Delete")
        if resource.type in STATEFUL_TYPES
        else {}
    )
    return {"Type": resource.type, "Properties": resource.properties, **policies, **resource.attributes}


def filler(entry: Entry) -> str:
    """A meaningless value of the entry's size: only the size counts."""
    return ("explorer-" * (entry.value_bytes // 9 + 1))[: entry.value_bytes]
