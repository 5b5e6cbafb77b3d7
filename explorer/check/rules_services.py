"""Other services of a stack: Fargate tasks, the caches of Lambda's extension, routes, definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from explorer.facts import catalogue

from .findings import BREACH, FITS, TIGHT, Finding, Judge, amount
from .nodes import mapping, number, text
from .resolve import references
from .stack import Resource, Stack, TemplateValue, each

CACHES = {  # environment variables of the Parameters and Secrets Extension
    "PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE": ("ext.cache.items", "The cache of the extension"),
    "SSM_PARAMETER_STORE_TTL": ("ext.cache.ttl", "The time that the extension keeps a parameter"),
    "SECRETS_MANAGER_TTL": ("ext.cache.ttl", "The time that the extension keeps a secret"),
}


def caches(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """The extension's settings in a function's environment; their maximum fits."""
    variables = mapping(function.get("Environment", "Variables").value)
    for name, (limit_id, what) in CACHES.items():
        value = number(function.scope.value(variables.get(name)))
        if value is not None:
            fits = FITS if value == catalogue.limit(limit_id).value else None
            setting = TemplateValue(value, variables.at(name))
            yield judge.hold(
                limit_id, function, setting, what, verdict=fits, over="The extension does not start"
            )


# Counts -------------------------------------------------------------------------------------------

COUNTED = {  # resources counted per parent: the property that names it, the limit, what they are
    "AWS::ApiGateway::Resource": ("RestApiId", "apigw.rest.resources", "The number of resources of an API"),
    "AWS::ApiGatewayV2::Route": ("ApiId", "apigw.http.routes", "The number of routes of an API"),
    "AWS::Logs::SubscriptionFilter": (
        "LogGroupName",
        "logs.subscriptions",
        "The subscriptions of a log group",
    ),
}


def counts(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The number of resources that belong to one parent, against its limit."""
    for kind, (name, limit_id, what) in COUNTED.items():
        members: dict[str, list[Resource]] = {}
        for resource in stack.of_type(kind):
            owner = next(references(resource.raw(name)), None) or text(resource.get(name).value)
            if owner:
                members.setdefault(owner, []).append(resource)
        for owner, own in members.items():
            yield from _count(judge, stack, owner, own, limit_id, what)


def _count(
    judge: Judge, stack: Stack, owner: str, own: list[Resource], limit_id: str, what: str
) -> Iterator[Finding]:
    holder = stack.resources.get(owner, own[0])
    if limit_id == "apigw.http.routes" and holder.get("ProtocolType").value == "WEBSOCKET":
        limit_id = "apigw.ws.routes"
    row = catalogue.limit(limit_id)
    over = row.value is not None and len(own) > row.value
    verdict = TIGHT if over and row.raisable else None
    count = TemplateValue(len(own), own[-1].line)
    note = "It takes a raised quota" if row.raisable else ""
    finding = judge.hold(limit_id, holder, count, what, grows=True, verdict=verdict, over=note)
    if over:
        yield finding


def definitions(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """Long texts: definitions of workflows, mapping templates, audiences."""
    for machine in stack.of_type("AWS::StepFunctions::StateMachine"):
        definition = machine.get("DefinitionString")
        if isinstance(definition.value, str):
            size = TemplateValue(len(definition.value), definition.line)
            finding = judge.hold("sfn.definition", machine, size, "The definition", grows=True)
            if finding.verdict != FITS:
                yield finding
    for authorizer in stack.of_type("AWS::ApiGatewayV2::Authorizer"):
        audiences = authorizer.get("JwtConfiguration", "Audience")
        count = TemplateValue(len(each(audiences.value, stack.scope)), audiences.line)
        finding = judge.hold("apigw.http.audiences", authorizer, count, "The number of audiences")
        if count.value and finding.verdict == BREACH:
            yield finding


# Tasks --------------------------------------------------------------------------------------------

UNITS, MB = 1024, 1024  # CPU units per vCPU, MB per GB


def tasks(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The size of a Fargate task: an allowed CPU size, and a memory size that goes with it."""
    for task in stack.of_type("AWS::ECS::TaskDefinition"):
        kinds = [text(one) for one in each(task.raw("RequiresCompatibilities"), task.scope)]
        cpu, memory = _size(task.get("Cpu"), "vcpu", UNITS), _size(task.get("Memory"), "gb", MB)
        if "FARGATE" not in kinds or cpu is None or memory is None:
            continue
        most = catalogue.limit("fargate.task").value
        line, unit = task.get("Memory").line, "GB"
        sold = {size.vcpu: size.gb for size in catalogue.DEFAULT.task_sizes()}
        if cpu not in sold:
            sizes = ", ".join(f"{one:g}" for one in sold)
            message = f"The task has {amount(cpu, 'vCPU')}: Fargate sells {sizes} vCPU"
            yield judge.make("fargate.task", task, task.get("Cpu").line, cpu, None, BREACH, message)
        elif memory not in sold[cpu]:
            message = f"The task's memory of {amount(memory, unit)} does not go with {amount(cpu, 'vCPU')}:"
            message = f"{message} expected {_sizes_in_words(sold[cpu], unit)}"
            yield judge.make("fargate.task", task, line, memory, most, BREACH, message)


def _sizes_in_words(sizes: Sequence[float], unit: str) -> str:
    """Sizes in equal steps as a range, else as a list."""
    steps = {after - before for before, after in pairwise(sizes)}
    if len(sizes) < 4 or len(steps) > 1:
        return f"one of {', '.join(f'{size:g}' for size in sizes)} {unit}"
    return f"{amount(sizes[0], unit)} to {amount(sizes[-1], unit)} in steps of {amount(steps.pop(), unit)}"


def _size(setting: TemplateValue, suffix: str, divisor: int) -> float | None:
    """CPU units as vCPU or MB as GB; also reads `1 vCPU` and `2 GB`."""
    content = (text(setting.value) or "").strip().lower()
    if content.endswith(suffix):
        return number(content.removesuffix(suffix).strip())
    value = number(content)
    return None if value is None else value / divisor
