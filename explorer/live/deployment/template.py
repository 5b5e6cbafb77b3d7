"""A design as CloudFormation: the pieces that its options state, put together as one stack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Any

from explorer.engine.designs import Design
from explorer.errors import DesignError
from explorer.facts.suggestions import expected_one_of
from explorer.options.base.conditions import Conditions
from explorer.options.base.resources import (
    CALLER,
    LIVE,
    PROVISIONED,
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
    trusted,
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
SAMPLE = "sample:handle"  # the work that is there without a handler of one's own
HOLDING = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")


@dataclass(frozen=True, eq=False)
class Stack:
    """A design for a workload, as what is put up: a value, not yet anything that stands."""

    design: Design
    workload: Workload
    pieces: tuple[TemplatePiece, ...]
    handler: str = SAMPLE  # module and function of the work

    def of(self, kind: type[Any]) -> list[Any]:
        """The pieces of one kind."""
        return [piece for piece in self.pieces if isinstance(piece, kind)]

    @cached_property
    def functions(self) -> Mapping[str, tuple[FunctionRole, tuple[str, ...]]]:
        """The functions by logical id: what each is, and the parts that it plays."""
        if self.serving_task:
            return {}
        door = self._door
        routed = {route.part for route in self.of(Route)}
        shared = [
            part
            for part in self.of(FunctionRole)
            if getattr(door, "one_function", False) and part.id in routed
        ]
        functions = {
            part.id.title(): (part, (part.id,)) for part in self.of(FunctionRole) if part not in shared
        }
        if len(shared) == 1:
            functions[shared[0].id.title()] = (shared[0], (shared[0].id,))
        elif shared:
            most = max(shared, key=lambda part: part.timeout_s)
            front = replace(most, id="front", versioned=any(part.versioned for part in shared))
            functions["Front"] = (front, tuple(part.id for part in shared))
        return functions

    @property
    def serving_task(self) -> TaskRole | None:
        """The container that answers all routes in the place of functions, if one does."""
        return next((task for task in self.of(TaskRole) if task.serves), None)

    @property
    def parameters(self) -> Mapping[str, Value]:
        """What whoever puts the template up has to say."""
        stated = [*self.of(Parameter), *([task_resources.IMAGE] if self.of(TaskRole) else [])]
        described = {
            each.name: {
                "Type": "String",
                "Description": each.description,
                **({} if each.default is None else {"Default": each.default}),
            }
            for each in stated
        }
        return {**PARAMETERS, **described} if self.functions else described

    @property
    def is_signed(self) -> bool:
        """Whether callers are known by their signatures."""
        return bool(self._of_callers)

    @property
    def missing(self) -> tuple[str, ...]:
        """The parameters that nobody but the owner of an account can state."""
        return tuple(
            name for name, each in self.parameters.items() if name not in PARAMETERS and "Default" not in each
        )

    @property
    def provisioned(self) -> int:
        """The number of environments that the stack keeps ready."""
        configs = [each.value for each in self.of(Property) if each.name == PROVISIONED]
        return sum(config["ProvisionedConcurrentExecutions"] for config in configs)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What the code that is shipped reads from its package."""
        return {setting.name: setting.value for setting in self.of(Setting)} | {
            "entries": [entry.name for entry in self.of(Entry)],
        }

    @cached_property
    def template(self) -> Mapping[str, Any]:
        """The template, as JSON has it; its parameters say where the code lies."""
        return {
            "AWSTemplateFormatVersion": FORMAT,
            "Description": f"{self.workload.name}: {self.design}",
            "Parameters": self.parameters,
            **({"Conditions": conditions} if (conditions := self._door.conditions()) else {}),
            "Resources": unique((resource.id, described(resource)) for resource in self._resources()),
            "Outputs": {
                "Url": {"Description": "The endpoint.", "Value": self._edge.address(self._door.address())},
                **self._caller_output,
                "Design": {"Description": "What it was made from.", "Value": str(self.design)},
            },
        }

    @property
    def _of_callers(self) -> list[Mapping[str, Value]]:
        """What callers may do by their own signature."""
        return [statement(allow) for allow in self.of(Allow) if allow.part == CALLER]

    @property
    def _caller_output(self) -> Mapping[str, Value]:
        policy = {"Description": "What a caller needs.", "Value": ref("Caller")}
        return {"CallerPolicy": policy} if self._of_callers else {}

    @property
    def _door(self) -> Any:
        return self.design.option("door")

    @property
    def _edge(self) -> Any:
        return self.design.option("edge")

    def _resources(self) -> Iterable[Resource]:
        for logical, (part, plays) in self.functions.items():
            yield from self._function(logical, part, plays)
        for task in self.of(TaskRole):
            yield from self._task(task)
        yield from (resource for resource in self.of(Resource) if not resource.owned_alone)
        allowed = self._of_callers
        if not allowed:  # nobody signs requests of their own
            return
        policy = {
            "Description": "Use of the endpoint, and nothing else.",
            "PolicyDocument": statement_of(allowed),
        }
        yield Resource("Caller", "AWS::IAM::ManagedPolicy", policy)

    def _function(self, logical: str, part: FunctionRole, plays: tuple[str, ...]) -> Iterable[Resource]:
        log = f"/aws/lambda/~-{part.id}"
        yield Resource(f"{logical}Log", "AWS::Logs::LogGroup", log_group(log))
        yield Resource(f"{logical}Role", "AWS::IAM::Role", self._role(log, plays))
        variables = {v.name: v.value for v in self.of(Variable) if v.part in plays}
        if "work" in plays:
            variables |= self.environment_entries()
        if len(plays) > 1:
            variables["SERVES"] = ",".join(plays)
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
            **self._set_by_others(plays, "function"),
        }
        yield Resource(logical, "AWS::Lambda::Function", properties)
        if part.versioned:
            version = {"FunctionName": ref(logical)}
            live = {**version, "FunctionVersion": attribute(f"{logical}Version", "Version"), "Name": LIVE}
            version |= self._set_by_others(plays, "version")
            yield Resource(f"{logical}Version", "AWS::Lambda::Version", version)
            live |= self._set_by_others(plays, "alias")
            yield Resource(f"{logical}Live", "AWS::Lambda::Alias", live)

    def _set_by_others(self, plays: tuple[str, ...], of: str) -> dict[str, Value]:
        """What other options set of a function with these parts, of its version or of its alias."""
        return {each.name: each.value for each in self.of(Property) if each.part in plays and each.of == of}

    def plays(self, task: TaskRole) -> tuple[str, ...]:
        """The parts of functions that a container plays beside its own."""
        return tuple(part.id for part in self.of(FunctionRole)) if task.serves else ()

    def _task(self, task: TaskRole) -> Iterable[Resource]:
        """A container in the place of functions: of the work alone, or of all that answers a request."""
        parts = {task.id, *self.plays(task)}
        variables = {v.name: v.value for v in self.of(Variable) if v.part in parts}
        allowed = [statement(allow) for allow in self.of(Allow) if allow.part in parts]
        environment = {**variables, **self.environment_entries()}
        if task.serves:
            environment["SERVES"] = ",".join(sorted(parts))
        architecture = self.workload.runtime.architecture
        yield from task_resources.resources(task, environment, allowed, architecture)

    def environment_entries(self) -> dict[str, str]:
        """The configuration that stands in the environment of the work, by name."""
        return {entry.name: filler(entry) for entry in self.of(Entry) if entry.kept == "environment"}

    def _role(self, log: str, plays: tuple[str, ...]) -> Mapping[str, Any]:
        """What a function may do: write its own log, and what its parts' permissions say."""
        own = Allow("", LOGS, own_arn("logs", f"log-group:{log}:*"))
        allowed = [statement(own)] + [statement(allow) for allow in self.of(Allow) if allow.part in plays]
        policy = {"PolicyName": "parts", "PolicyDocument": statement_of(allowed)}
        return {"AssumeRolePolicyDocument": trusted("lambda"), "Policies": [policy]}


def stack_of(workload: Workload, design: Design, load: Conditions | None = None) -> Stack:
    """The stack of a design, at the size of `load`; at a typical one without.

    Raises DesignError, naming why, if the design has no template.
    """
    if design.undeployable:
        raise DesignError(f"design {design} cannot be put up: {'; '.join(design.undeployable)}")
    if workload.runtime.language not in RUNTIMES:
        raise DesignError(
            f"runtime.language is {workload.runtime.language}: the functions that are put up are Python; "
            + expected_one_of(sorted(RUNTIMES))
        )
    load, path = load or Conditions(workload), design.flow
    if unbuilt := design.unbuilt(load):
        raise DesignError(f"design {design} cannot be put up: {'; '.join(unbuilt)}")
    if workload.runtime.architecture != load.architecture:  # any: the one that the design takes
        workload = workload.replace({"runtime.architecture": load.architecture})
    pieces = tuple(chain.from_iterable(option.pieces(load, path) for option in design.options))
    stack = Stack(design, workload, pieces)
    door: Any = design.option("door")
    edge: Any = design.option("edge")
    routes = {
        route: Target(logical, part.versioned)
        for route in stack.of(Route)
        for logical, (part, plays) in stack.functions.items()
        if route.part in plays
    }
    in_front = edge.wiring(load, path, door.address())
    return replace(stack, pieces=(*pieces, *door.wiring(load, path, routes), *in_front))


def unique(items: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """A mapping of items no two of which have the same name."""
    mapping: dict[str, Value] = {}
    for name, value in items:
        if name in mapping:
            raise ValueError(f"two resources are named {name}")
        mapping[name] = value
    return mapping


def described(resource: Resource) -> Mapping[str, Value]:
    """A resource as a template has it; what it holds goes with the stack."""
    policies = (
        dict.fromkeys(("DeletionPolicy", "UpdateReplacePolicy"), "Delete") if resource.type in HOLDING else {}
    )
    return {"Type": resource.type, "Properties": resource.properties, **policies, **resource.attributes}


def filler(entry: Entry) -> str:
    """A value of the entry's size that says nothing: the sizes count, not the values."""
    return ("explorer-" * (entry.value_bytes // 9 + 1))[: entry.value_bytes]
