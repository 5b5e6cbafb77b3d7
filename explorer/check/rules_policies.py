"""Lengths of policies: inline policies of a role or user together, managed ones, and resource policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from explorer.facts import catalogue

from .findings import FITS, TIGHT, Finding, Judge, amount
from .nodes import Map, Unknown, mapping, text
from .resolve import references
from .stack import Resource, Stack, TemplateValue, each

INLINE, MANAGED = "iam.role.inline", "iam.policy"
RESOURCE_POLICIES = {  # policies of resources: the property, the limit, what it is
    "AWS::ApiGateway::RestApi": ("Policy", "apigw.rest.policy", "The API's policy"),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy", "sm.policy", "The secret's policy"),
    "AWS::Events::EventBus": ("Policy", "eb.policy", "The event bus's policy"),
}
SPLIT = "Put statements into managed policies, or name resources by a pattern"


def policies(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The policies of a template against IAM's lengths, which do not count white space."""
    attached = _separate_policies(stack)
    for role in stack.of_type("AWS::IAM::Role"):
        documents = [mapping(one).get("PolicyDocument") for one in each(role.raw("Policies"), role.scope)]
        documents += attached.get(role.id, [])
        line = role.get("Policies").line
        yield from _check_length(judge, INLINE, role, documents, line, "The inline policies of the role")
    for function in stack.of_type("AWS::Serverless::Function", "AWS::Serverless::StateMachine"):
        if function.get("Role").value is not None:
            continue  # these policies count for the role
        documents = [
            one for one in each(function.raw("Policies"), function.scope) if "Statement" in mapping(one)
        ]
        documents += attached.get(f"{function.id}Role", [])
        line = function.get("Policies").line
        yield from _check_length(judge, INLINE, function, documents, line, "The inline policies of its role")
    for policy in stack.of_type("AWS::IAM::ManagedPolicy"):
        document = policy.get("PolicyDocument")
        yield from _check_length(
            judge, MANAGED, policy, [policy.raw("PolicyDocument")], document.line, "The managed policy"
        )
    for kind, (name, limit_id, what) in RESOURCE_POLICIES.items():
        for resource in stack.of_type(kind):
            line = resource.get(name).line
            yield from _check_length(judge, limit_id, resource, [resource.raw(name)], line, what)
    yield from _permissions(judge, stack)


def _separate_policies(stack: Stack) -> dict[str, list[Any]]:
    """The inline policies that are separate resources, by the role that they belong to."""
    by_role: dict[str, list[Any]] = {}
    for policy in stack.of_type("AWS::IAM::Policy"):
        for role in dict.fromkeys(references(policy.raw("Roles"))):
            by_role.setdefault(role, []).append(policy.raw("PolicyDocument"))
    for policy in stack.of_type("AWS::IAM::RolePolicy"):
        for role in dict.fromkeys(references(policy.raw("RoleName"))):
            by_role.setdefault(role, []).append(policy.raw("PolicyDocument"))
    return by_role


def _check_length(
    judge: Judge, limit_id: str, resource: Resource, documents: list[Any], line: int, what: str
) -> Iterator[Finding]:
    """The total length of documents against a limit; reported only near the limit or above it."""
    row = catalogue.limit(limit_id)
    size = likely = 0
    for document in documents:
        characters, more = length(document, resource)
        size, likely = size + characters, likely + more
    why = "names of resources are known when it is deployed" if likely else ""
    finding = judge.hold(limit_id, resource, TemplateValue(size, line), what, grows=True, why=why, over=SPLIT)
    if likely and row.value is not None and size <= row.value < size + likely:
        message = (
            f"{what}, {amount(size, row.unit)} that are known and about {amount(likely, row.unit)} more by"
        )
        message = (
            f"{message} the usual lengths of ARNs, are probably over {amount(row.value, row.unit)}. {SPLIT}"
        )
        yield judge.make(limit_id, resource, line, size, row.value, TIGHT, message)
    elif finding.verdict != FITS and size and not (likely and size <= (row.value or size)):
        yield finding


def length(document: Any, resource: Resource) -> tuple[int, int]:
    """The length of a policy without white space [characters]: the known part, and the probable rest."""
    plain = resource.scope.plain(document)
    if isinstance(plain, Unknown):
        return len(plain.known_text), plain.likely
    if isinstance(plain, str):
        return len(re.sub(r"\s", "", plain)), 0
    likely = 0

    def replace_unknown(value: Any) -> Any:
        nonlocal likely
        if isinstance(value, Unknown):
            likely += value.likely
            return value.known_text
        if isinstance(value, dict):
            return {name: replace_unknown(inner) for name, inner in value.items() if inner is not None}
        return (
            [replace_unknown(inner) for inner in value if inner is not None]
            if isinstance(value, list)
            else value
        )

    if not plain:
        return 0, 0
    compact = json.dumps(replace_unknown(plain), separators=(",", ":"), ensure_ascii=False)
    return len(re.sub(r"\s", "", compact)), likely


def _permissions(judge: Judge, stack: Stack) -> Iterator[Finding]:
    """The resource policy of a function, one statement per permission; one per route may be too many."""
    statements: dict[str, list[tuple[int, int]]] = {}
    functions: dict[str, Resource] = {}
    for permission in stack.of_type("AWS::Lambda::Permission"):
        function = stack.function(permission.raw("FunctionName"))
        if function is None:
            continue
        condition = {"ArnLike": Map({"AWS:SourceArn": permission.raw("SourceArn")})}
        statement = Map(
            {
                "Sid": Map({"Ref": permission.id}),
                "Effect": "Allow",
                "Principal": Map({"Service": permission.raw("Principal")}),
                "Action": text(permission.get("Action").value) or "lambda:InvokeFunction",
                "Resource": Map({"Fn::GetAtt": [function.id, "Arn"]}),
                "Condition": Map(condition),
            }
        )
        statements.setdefault(function.id, []).append(length(statement, permission))
        functions[function.id] = function
    row = catalogue.limit("lambda.policy")
    for name, sizes in statements.items():
        size = sum(characters + likely for characters, likely in sizes)
        if row.value is not None and size > row.value:
            message = f"{len(sizes):,} permissions make a policy of about {amount(size, row.unit)}, over"
            message = f"{message} {amount(row.value, row.unit)}: give one permission for the whole API"
            function = functions[name]
            yield judge.make("lambda.policy", function, function.line, size, row.value, TIGHT, message)
