"""Read the workload fields that a template or plan states: its functions, their doors and needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from explorer.check import template as cloudformation
from explorer.check import terraform
from explorer.check.doors import doors
from explorer.check.nodes import Unknown, mapping, sequence, text
from explorer.check.parse import ParseError, parse
from explorer.check.stack import Resource, Stack
from explorer.engine.designs import OPTIONS
from explorer.options.base.request_path import BodyIn, BodyOut

from .frame import Part
from .function_configuration import facts_of_configuration

MARKS = re.compile(
    rb'^\s*"?Resources"?\s*:[\s\S]*AWS::|"planned_values"\s*:|"compiledCloudFormationTemplate"|"terraform_version"',
    re.M,
)
ENDINGS = (".yaml", ".yml", ".json", ".template", ".tfplan")
LARGEST = 64 << 20
UNKNOWN_NOTE = "the template leaves {} open: it is left to you"
NEEDS = {  # features a door must have, by the resources that use them
    "custom-domain": (
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGateway::BasePathMapping",
    ),
    "waf": ("AWS::WAFv2::WebACLAssociation", "AWS::WAFRegional::WebACLAssociation"),
    "usage-plans": ("AWS::ApiGateway::UsagePlan",),
}
THROTTLES = ("ThrottlingRateLimit", "ThrottlingBurstLimit")
APIS = (
    "AWS::ApiGateway::RestApi",
    "AWS::Serverless::Api",
    "AWS::ApiGatewayV2::Api",
    "AWS::Serverless::HttpApi",
)
STAGES = ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage", *APIS)
JWT = ("COGNITO_USER_POOLS", "JWT")


def is_template(path: Path, head: bytes) -> bool:
    """Whether a file looks like a template or a plan."""
    return path.suffix.lower() in ENDINGS and MARKS.search(head) is not None


def read(path: Path) -> Iterator[Part]:
    """The parts of a template, one for each function; with several functions, each part names its own."""
    content = path.read_bytes()[:LARGEST].decode("utf-8", "replace")
    beside = Part(read=1)
    try:
        tree = cloudformation.serverless_template(parse(content))
        if terraform.is_plan(tree):
            stack = terraform.stack(tree, path.name)
        elif cloudformation.is_template(tree):
            stack = cloudformation.stack(tree, path.name, path.parent)
        else:
            raise ParseError("it has no resources", 1)
    except (ParseError, ValueError, RecursionError) as error:
        line = re.match(r"line \d+", str(error))  # without its text, which may hold a secret
        place = line[0] if line else "the file"
        beside.count_unreadable(f"{path}: {place} cannot be read as a template or a plan")
        yield beside
        return
    functions = _entry_functions(stack)
    beside.used_lines = 1
    if not functions:
        beside.notes.append(f"{path.name} has no function")
    elif len(functions) > 1:
        names = ", ".join(_name(one) for one in functions)
        beside.notes.append(
            f"{path.name} has {len(functions)} functions, each a workload of its own: {names}"
        )
    yield beside
    for function in functions:
        part = _function(stack, function)
        part.group = _name(function) if len(functions) > 1 else ""
        yield part


def _entry_functions(stack: Stack) -> list[Resource]:
    """The functions behind a door; all functions if none is."""
    behind = {door.function for door in doors(stack)}
    return [one for one in stack.functions if one.id in behind] or stack.functions


def _name(function: Resource) -> str:
    return text(function.get("FunctionName").value) or function.id


def _function(stack: Stack, function: Resource) -> Part:
    """The fields of one function; values known only at deployment are left out, and a note names them."""
    opens: list[str] = []

    def look_up(*path: str) -> Any:
        value = function.get(*path).value
        if isinstance(value, Unknown):
            opens.append(".".join(path))
            return None
        return value

    variables = mapping(function.get("Environment", "Variables").value)
    configuration: dict[str, Any] = {
        "MemorySize": _number(look_up("MemorySize"), 128.0),
        "Timeout": _number(look_up("Timeout"), 3.0),
        "Runtime": text(look_up("Runtime")) or "",
        "Architectures": [one for one in map(text, sequence(look_up("Architectures"))) if one],
        "Environment": {
            "Variables": {str(name): _value(function, value) for name, value in variables.items()}
        },
    }
    part = facts_of_configuration(configuration, "")
    part.facts["timeout_s"] = configuration["Timeout"]
    part.facts |= {f"current.{concern}": option for concern, option in _current(stack, function).items()}
    needs = _needs(stack, function)
    if needs:
        part.facts["client.needs"] = needs
    if auth := _auth(stack, function):
        part.facts["client.auth"] = auth
    if any(isinstance(function.scope.value(value), Unknown) for value in variables.values()):
        part.notes.append(
            "variables that only a deployment knows are counted with the length of their expression"
        )
    part.notes += [UNKNOWN_NOTE.format(name) for name in opens]
    for name in ("MemorySize",):
        if name in opens:
            part.facts.pop("memory_mb", None)
    return part


def _number(value: Any, default: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def _value(function: Resource, value: Any) -> str:
    resolved = function.scope.value(value)
    return "x" * len(str(value)) if isinstance(resolved, Unknown) else str(text(resolved) or resolved)


def _current(stack: Stack, function: Resource) -> dict[str, str]:
    """The current options of a function: its door, and its request and response path."""
    own = [door for door in doors(stack) if door.function == function.id]
    options = {}
    for door in own:
        option = next(
            (
                one.id
                for one in OPTIONS["door"].values()
                if _waits(one) and door.limit.startswith(_waits(one))
            ),
            "",
        )
        if option:
            options["door"] = option
            break
    if not options:
        return {}
    streams = _streams(stack, function)
    for concern, what in (
        ("request", {"body_in": BodyIn.DOOR}),
        ("response", {"body_out": BodyOut.STREAM if streams else BodyOut.WHOLE}),
    ):
        option = next(
            (one.id for one in OPTIONS[concern].values() if what.items() <= dict(one.provides).items()), ""
        )
        if option:
            options[concern] = option
    return options


def _waits(option: Any) -> str:
    return str(getattr(option, "waits", "") or "")


def _streams(stack: Stack, function: Resource) -> bool:
    modes = [function.get("FunctionUrlConfig", "InvokeMode").value]
    modes += [
        url.get("InvokeMode").value
        for url in stack.pointing_to(function, "AWS::Lambda::Url", "TargetFunctionArn")
    ]
    return "RESPONSE_STREAM" in [text(mode) for mode in modes]


def _needs(stack: Stack, function: Resource) -> list[str]:
    """The features that a function's door must have, as far as the template shows them."""
    if not any(door.function == function.id for door in doors(stack)):
        return []
    needs = [need for need, types in NEEDS.items() if any(True for _ in stack.of_type(*types))]
    apis = list(stack.of_type(*APIS))
    if any(mapping(api.get("Domain").value) for api in apis):
        needs.append("custom-domain")
    for stage in stack.of_type(*STAGES):
        settings = [stage.get("DefaultRouteSettings").value, *sequence(stage.get("MethodSettings").value)]
        if any(name in mapping(one) for one in settings for name in THROTTLES):
            needs.append("throttling")
    plans = stack.of_type("AWS::ApiGateway::UsagePlan")
    if any(mapping(plan.get("Throttle").value) for plan in plans):
        needs.append("throttling")
    for api in apis:
        endpoint = api.get("EndpointConfiguration").value
        kinds = [endpoint, mapping(endpoint).get("Type"), *sequence(mapping(endpoint).get("Types"))]
        if "PRIVATE" in [text(api.scope.value(kind)) for kind in kinds]:
            needs.append("private")
    return list(dict.fromkeys(needs))


def _auth(stack: Stack, function: Resource) -> str:
    """The authorisation at the door, if the template states it: iam, jwt or none."""
    urls = stack.pointing_to(function, "AWS::Lambda::Url", "TargetFunctionArn")
    kinds = [text(url.get("AuthType").value) for url in urls]
    kinds.append(text(function.get("FunctionUrlConfig", "AuthType").value))
    methods = stack.of_type("AWS::ApiGateway::Method", "AWS::ApiGatewayV2::Route")
    kinds += [text(method.get("AuthorizationType").value) for method in methods]
    for api in stack.of_type(*APIS):
        kinds.append(text(api.get("Auth", "DefaultAuthorizer").value))
        for authorizer in mapping(api.get("Auth", "Authorizers").value).values():
            is_jwt = {"JwtConfiguration", "UserPoolArn"} & set(mapping(authorizer))
            kinds.append("JWT" if is_jwt else None)
    if any(kind in JWT for kind in kinds):
        return "jwt"
    if "AWS_IAM" in kinds:
        return "iam"
    return "none" if "NONE" in kinds else ""
