"""Values in stores, workflows, concurrency and signed URLs: other numbers of a template."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from explorer.facts import catalogue

from . import state_language
from .findings import BREACH, Finding, Judge, amount
from .nodes import Map, Unknown, mapping, text, walk
from .rules_callers import states
from .stack import Resource, Stack, TemplateValue

# The lifetime of a signed URL: from a variable's name, or from the call that signs it.
SIGNED = re.compile(r"(?i)(pre_?signed?|signed_?url|sign(ing)?_?(expir|ttl))")
LIFETIME = re.compile(r"(?i)(expir|ttl|lifetime|valid|duration|seconds|max_?age)")
IN_CODE = re.compile(r"(?i)\bexpires_?in\b[\"']?\s*[:=]\s*(\d{1,12})\b")


def parameters(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """Values of Parameter Store [characters], Secrets Manager and AppConfig [bytes]; messages omit them."""
    for parameter in stack.of_type("AWS::SSM::Parameter"):
        tier = text(parameter.get("Tier").value) or "Standard"
        limit_id = "ssm.std" if tier == "Standard" else "ssm.adv"
        yield from _length(judge, stack, parameter, "Value", limit_id, "The parameter's value")
    for secret in stack.of_type("AWS::SecretsManager::Secret"):
        yield from _length(judge, stack, secret, "SecretString", "sm.value", "The secret's value")
    for version in stack.of_type("AWS::AppConfig::HostedConfigurationVersion"):
        yield from _length(judge, stack, version, "Content", "appconfig.size", "The configuration")


def _length(
    judge: Judge, stack: Stack, resource: Resource, name: str, limit_id: str, what: str
) -> Iterator[Finding]:
    setting = resource.get(name)
    if setting.value is None:
        return
    content = stack.scope.text(resource.raw(name))
    why = content.why if isinstance(content, Unknown) else ""
    known_text = content.known_text if isinstance(content, Unknown) else content
    in_bytes = catalogue.limit(limit_id).unit == "bytes"
    size = len(known_text.encode("utf-8", "surrogatepass")) if in_bytes else len(known_text)
    yield judge.hold(limit_id, resource, TemplateValue(size, setting.line), what, grows=True, why=why)


# Step Functions -----------------------------------------------------------------------------------

MACHINES = {"AWS::StepFunctions::StateMachine": "StateMachineType", "AWS::Serverless::StateMachine": "Type"}


def workflows(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """A state machine's time-out, definition, and the payloads inside the definition."""
    for machine in stack.of_type(*MACHINES):
        definition, line = _definition(machine)
        express = machine.get(MACHINES[machine.type]).value == "EXPRESS"
        limit_id = "sfn.duration.exp" if express else "sfn.duration.std"
        top = mapping(definition)
        if "TimeoutSeconds" in top:
            timeout = TemplateValue(stack.scope.value(top["TimeoutSeconds"]), line)
            yield judge.hold(limit_id, machine, timeout, "The workflow's time-out")
        for name, value in _payloads(top):
            size = TemplateValue(_json_bytes(value, stack), line)
            yield judge.hold("sfn.payload", machine, size, f"The {name} in the definition", grows=True)
        yield from states(judge, machine, definition, line, stack)
        yield from _definition_errors(judge, machine, top, line, express)


def _definition_errors(
    judge: Judge, machine: Resource, definition: Map, line: int, express: bool
) -> Iterator[Finding]:
    """Errors that Step Functions would report for the definition; unknown parts count as valid."""
    if not definition:
        return
    kind = state_language.EXPRESS if express else state_language.STANDARD
    for one in state_language.of_machine(_fill(definition), kind):
        if one.severity == state_language.ERROR:
            where = f" at {one.location}" if one.location else ""
            message = f"Step Functions refuses the definition: {one.message.rstrip('.')}{where}"
            yield judge.make("sfn.definition", machine, line, None, None, BREACH, message)


def _fill(node: Any, name: str = "") -> Any:
    """A definition with a valid value in place of each reference or substitution."""
    if isinstance(node, Map):
        if len(node) == 1 and (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::")):
            return _filler(name)
        return {key: _fill(value, key) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, name) for value in node]
    is_scalar = node is None or isinstance(node, str | int | float)
    return node if is_scalar and "${" not in str(node) else _filler(name)


def _filler(name: str) -> str:
    return "$" if name.endswith((".$", "Path")) else "arn:aws:states:::known:later"


def _definition(machine: Resource) -> tuple[Any, int]:
    """The definition: a mapping, or parsed from its text."""
    for name in ("Definition", "DefinitionString"):
        setting = machine.get(name)
        if isinstance(setting.value, Map):
            return setting.value, setting.line
        if isinstance(setting.value, str):
            return _parse(setting.value), setting.line
    return None, machine.line


def _parse(content: str) -> Any:
    from .parse import ParseError, parse

    try:
        return parse(content)
    except ParseError:
        return None


def _payloads(definition: Map) -> Iterator[tuple[str, Any]]:
    """Payloads that states pass on by themselves; only the largest of each kind is reported."""
    for part in walk(definition):
        if isinstance(part, Map) and part.get("Type") in ("Pass", "Task", "Map", "Parallel"):
            for name in ("Result", "Parameters", "Arguments"):
                if isinstance(part.get(name), Map | list):
                    yield name, part[name]


def _json_bytes(value: Any, stack: Stack) -> int:
    plain = _known_values(stack.scope.plain(value))
    return len(json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _known_values(value: Any) -> Any:
    """A tree as plain JSON values; an unknown value becomes its known text."""
    if isinstance(value, dict):
        return {key: _known_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_known_values(inner) for inner in value]
    return value.known_text if isinstance(value, Unknown) else value


# Concurrency --------------------------------------------------------------------------------------


NEW_ACCOUNT = (  # from field reports: AWS publishes no figure for new accounts
    "an account whose quota is still that of a new one refuses any reservation, for what is left"
    " unreserved may not fall under"
)


def concurrency(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The total reserved concurrency against the account's, less what must stay unreserved."""
    quota, unreserved = (
        catalogue.limit("lambda.concurrency"),
        catalogue.limit("lambda.concurrency.unreserved"),
    )
    most, total = (quota.value or 0) - (unreserved.value or 0), 0.0
    over = f"The quota is raised on request ({quota.quota_code}); if yours is, say so in an ignore"
    last = None
    for function in stack.functions:
        reservation = function.get("ReservedConcurrentExecutions")
        if reservation.value is None:
            continue
        note = f"{NEW_ACCOUNT} {amount(unreserved.value, unreserved.unit)}" if reservation.number else ""
        yield judge.hold(
            quota.id, function, reservation, "The reserved concurrency", limit=most, over=over, note=note
        )
        if reservation.number is not None and reservation.number <= most:
            total, last = total + reservation.number, (function, reservation)
    if last and total > most:
        function, reservation = last
        yield judge.hold(quota.id, function, TemplateValue(total, reservation.line),
                         "The reserved concurrency of all functions", limit=most, over=over)  # fmt: skip


# Signed URLs --------------------------------------------------------------------------------------


def signed_urls(judge: Judge, function: Resource, stack: Stack) -> Iterator[Finding]:
    """Lifetimes of signed URLs that exceed the lifetime of the credentials that sign them."""
    lifetimes = [
        (name, TemplateValue(function.scope.value(value), function.get("Environment", "Variables").line))
        for name, value in mapping(function.get("Environment", "Variables").value).items()
        if SIGNED.search(name) and LIFETIME.search(name)
    ]
    for path in (("Code", "ZipFile"), ("InlineCode",)):
        code = function.get(*path)
        if isinstance(code.value, str):
            lifetimes += [
                ("expires in", TemplateValue(match, code.line)) for match in IN_CODE.findall(code.value)
            ]
    over = "The URL ends with the credentials of the role that signs it: sign when it is read"
    for name, lifetime in lifetimes:
        if lifetime.number is not None:
            yield judge.hold(
                "s3.presign.role", function, lifetime, f"The lifetime of a signed URL ({name})", over=over
            )
