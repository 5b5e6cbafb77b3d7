"""Checks of requests against the service models of the AWS SDK.

`request_of` reads the operation and its parameters from an HTTP request. `violations` compares the parameters
with the operation's shape: required members, types, lengths, ranges, patterns and values. AWS's services
generate their checks from the same models, so texts and order are those of AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from explorer.facts.key_value import format_pairs
from explorer.facts.ranges import NUMBER

from .limits import Limits

SERVICES = {  # the emulator's name of a service: the name of its model
    "lambda": "lambda",
    "ssm": "ssm",
    "secretsmanager": "secretsmanager",
    "states": "stepfunctions",
    "iam": "iam",
    "cloudformation": "cloudformation",
    "monitoring": "cloudwatch",
    "logs": "logs",
    "dynamodb": "dynamodb",
    "apigateway": "apigateway",
    "ecs": "ecs",
    "elasticloadbalancing": "elbv2",
}
UNCHECKED = {  # shapes that another check covers: in bytes, with another code or text
    ("secretsmanager", "SecretStringType"),
    ("secretsmanager", "SecretBinaryType"),
    ("secretsmanager", "NameType"),
    ("lambda", "Blob"),
    ("lambda", "BlobStream"),
    ("lambda", "Runtime"),
    ("stepfunctions", "Name"),
    ("stepfunctions", "Definition"),
    ("stepfunctions", "SensitiveData"),
    ("ssm", "PSParameterValue"),
    ("dynamodb", "AttributeValue"),
    ("dynamodb", "PutItemInputAttributeMap"),
    ("cloudformation", "TemplateBody"),
}
PYTHON_CLASSES = {  # Java's classes of characters: Python's, which accept at least as much
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{Graph}": r"\S",
    r"\u0020": " ",
}
NOT_NULL = "Member must not be null"
MOST_VALUE_CHARACTERS = 1_000  # characters of a value that a refusal repeats


@dataclass(frozen=True, slots=True)
class Violation:
    """A value that violates a model.

    Parameters
    ----------
    path : of the value, as in AWS's texts: "vpcConfig.subnetIds"
    value : as AWS repeats it, None if it is secret
    constraint : that it violates, in AWS's words
    shape : name of the shape with the constraint
    missing : a required value is absent
    mistyped : it has another type
    """

    path: str
    value: str | None
    constraint: str
    shape: str
    missing: bool = False
    mistyped: bool = False

    @property
    def text(self) -> str:
        """AWS's sentence about the violation."""
        start = "Value at" if self.value is None else f"Value '{self.value}' at"
        return (
            f"{'Value null at' if self.missing else start} '{self.path}' failed to satisfy constraint: "
            + (self.constraint)
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """One constraint of a shape and AWS's words for it; at most one field beside `text` is set."""

    text: str
    least: float | None = None
    most: float | None = None
    values: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None

    def holds(self, value: Any, size: float) -> bool:
        """Whether `value` meets it; `size` is its length, or the number itself."""
        if self.most is not None:
            return size <= self.most
        if self.least is not None:
            return size >= self.least
        if self.values is not None:
            return str(value) in self.values
        return self.pattern is None or self.pattern.fullmatch(str(value)) is not None


@cache
def model(service: str) -> Any:
    """The SDK's model of a service, by the SDK's name of the service."""
    from botocore.model import ServiceModel

    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


def load_models() -> None:
    """Load all models in advance, so that no request waits for them."""
    for service in (*SERVICES.values(), "apigatewayv2", "sqs"):
        assert model(service).operation_names, service


@cache
def input_shape(service: str, operation: str) -> Any:
    """The shape of an operation's parameters, None if it has none."""
    return model(service).operation_model(operation).input_shape


def model_of(name: str, path: str) -> str | None:
    """The name of the model for a request to the emulator's service `name`, None if none is checked."""
    if name == "apigateway" and path.startswith("/v2/"):
        return "apigatewayv2"
    return SERVICES.get(name)


# Reading a request


def request_of(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """The operation of an HTTP request and its parameters.

    Parameters
    ----------
    service : name of a model
    method, path, headers, body : of the request; names of headers in lower case
    query : values by name; a value may be a list

    Returns
    -------
    The operation and its parameters, None if the model has no such operation.

    Raises ValueError for a body that cannot be parsed.
    """
    protocol = model(service).metadata["protocol"]
    if protocol == "json" or "x-amz-target" in headers:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in model(service).operation_names:
            return None
        parameters = json.loads(body or b"{}")
        return (operation, parameters) if isinstance(parameters, dict) else None
    if protocol == "query":
        return _query_request(service, body, query)
    for pattern, query_names, operation in _routes(service, method):
        match = pattern.fullmatch(path)
        if match and query_names <= set(query):
            shape = input_shape(service, operation)
            return operation, _rest_parameters(shape, match, headers, body, query)
    return None


def _query_request(service: str, body: bytes, query: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    flat = dict(parse_qsl(body.decode(), keep_blank_values=True))
    flat = flat or {name: _first(value) for name, value in query.items()}
    operation = flat.get("Action", "")
    if operation not in model(service).operation_names:
        return None
    shape = input_shape(service, operation)
    return operation, _unflatten(shape, flat, "") if shape else {}


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


@cache
def _routes(service: str, method: str) -> list[tuple[re.Pattern[str], set[str], str]]:
    """Path patterns, query names and operations of a service for a method, the most specific first."""
    routes = []
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        if http["method"] != method:
            continue
        path, _, query = http["requestUri"].partition("?")
        parts = re.split(r"\{(\w+)(\+?)\}", path.rstrip("/"))
        text = "".join(
            re.escape(part) if at % 3 == 0 else _group(part, parts[at + 1]) if at % 3 == 1 else ""
            for at, part in enumerate(parts)
        )
        literal = sum(map(len, parts[::3]))
        query_names = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
        routes.append((bool(parts[2::3].count("+")), -len(query_names), -literal, text, query_names, name))
    routes.sort(key=lambda route: route[:4])
    return [(re.compile(text + "/?"), query_names, name) for *_, text, query_names, name in routes]


def _group(name: str, greedy: str) -> str:
    return f"(?P<{name}>{'.+' if greedy else '[^/]*'})"


def _rest_parameters(
    shape: Any,
    match: re.Match[str],
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, Any],
) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if shape is None:
        return parameters
    payload = shape.serialization.get("payload")
    body_fields = json.loads(body) if body and not payload else {}
    body_fields = body_fields if isinstance(body_fields, dict) else {}
    for name, member in shape.members.items():
        location, wire_name = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            if match.groupdict().get(wire_name) is not None:
                parameters[name] = unquote(match[wire_name])
        elif location == "querystring":
            if wire_name in query:
                parameters[name] = (
                    query[wire_name] if member.type_name == "list" else _first(query[wire_name])
                )
        elif location == "header":
            if wire_name.lower() in headers:
                parameters[name] = headers[wire_name.lower()]
        elif location is None and name != payload and wire_name in body_fields:
            parameters[name] = body_fields[wire_name]
    return parameters


def _unflatten(shape: Any, flat: Mapping[str, str], prefix: str) -> Any:
    """Nested parameters from the query protocol's flat ones: dots separate members, numbers are items."""
    if shape.type_name == "structure":
        members = {}
        for name, member in shape.members.items():
            at = prefix + member.serialization.get("name", name)
            if any(key == at or key.startswith(f"{at}.") for key in flat):
                members[name] = _unflatten(member, flat, f"{at}.")
        return members
    if shape.type_name == "list":
        at = prefix if shape.serialization.get("flattened") else f"{prefix}member."
        numbers = {key[len(at) :].split(".")[0] for key in flat if key.startswith(at)}
        return [_unflatten(shape.member, flat, f"{at}{number}.") for number in sorted(numbers)]
    return None if shape.type_name == "map" else flat.get(prefix.rstrip("."))


# Comparing with the model


class Models:
    """The SDK's models, with the facts' figures where both have one: a model's figure is not the quota."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.constraints: dict[tuple[str, str], tuple[Constraint, ...]] = {}
        self.figures = {
            (row.model, row.shape): row.limit
            for row in limits.facts.ranges()
            if row.kind == NUMBER and row.model and row.factor == 1
        }

    def violations(self, service: str, operation: str, parameters: Mapping[str, Any]) -> list[Violation]:
        """The violations of an operation's shape by its parameters, in the order of the shape's members."""
        shape = input_shape(service, operation)
        return list(self._walk(service, shape, parameters, "")) if shape is not None else []

    def _walk(self, service: str, shape: Any, value: Any, path: str) -> Iterator[Violation]:
        name, kind = shape.name, shape.type_name
        if (service, name) in UNCHECKED or getattr(shape, "is_document_type", False):
            return
        if kind == "structure":
            yield from self._structure(service, shape, value, path)
        elif kind in ("list", "map"):
            yield from self._collection(service, shape, value, path)
        elif kind in ("integer", "long", "float", "double"):
            number = _number(value)
            if number is None:
                yield _type_violation(shape, path)
            else:
                yield from self._breaches(service, shape, value, number, path)
        elif kind == "string" and isinstance(value, str | int | float):
            yield from self._breaches(service, shape, value, len(str(value)), path)
        elif kind == "blob" and isinstance(value, str | bytes):
            size = len(value) if isinstance(value, bytes) else len(value.rstrip("=")) * 3 // 4
            yield from self._breaches(service, shape, None, size, path)
        elif kind in ("string", "blob"):
            yield _type_violation(shape, path)

    def _structure(self, service: str, shape: Any, value: Any, path: str) -> Iterator[Violation]:
        if not isinstance(value, Mapping):
            yield _type_violation(shape, path)
            return
        for required in shape.required_members:
            if value.get(required) is None:
                member = shape.members[required]
                yield Violation(_member_path(path, required), None, NOT_NULL, member.name, missing=True)
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from self._walk(service, member, value[name], _member_path(path, name))

    def _collection(self, service: str, shape: Any, value: Any, path: str) -> Iterator[Violation]:
        is_list = shape.type_name == "list"
        if not isinstance(value, list if is_list else dict):
            yield _type_violation(shape, path)
            return
        yield from self._breaches(service, shape, value, len(value), path)
        if is_list and shape.member.type_name != "string":
            for number, item in enumerate(value, 1):
                yield from self._walk(service, shape.member, item, f"{path}.{number}.member")
            return
        parts: list[tuple[str, Any, list[Any]]] = []
        if isinstance(value, dict):
            parts.append(("Map keys must satisfy constraint", shape.key, list(value)))
            parts.append(("Map value must satisfy constraint", shape.value, list(value.values())))
        else:
            parts.append(("Member must satisfy constraint", shape.member, value))
        for prefix, member, items in parts:
            inner = [one for item in items for one in self._walk(service, member, item, path)]
            if not inner:
                continue
            if member.type_name in ("structure", "list", "map") or inner[0].mistyped:
                yield from inner
                continue
            constraints = [one.text for one in self._constraints(service, member)] + [NOT_NULL]
            sensitive = shape.metadata.get("sensitive") or member.metadata.get("sensitive")
            if isinstance(value, dict) and shape.value.type_name in ("double", "float"):
                value = {name: float(each) for name, each in value.items()}
            text = None if sensitive else _java_text(value)
            yield Violation(path, text, f"{prefix}: [{', '.join(constraints)}]", member.name)

    def _breaches(self, service: str, shape: Any, value: Any, size: float, path: str) -> Iterator[Violation]:
        """A violation for each constraint of a shape that a value does not meet."""
        for constraint in self._constraints(service, shape):
            if not constraint.holds(value, size):
                hidden = value is None or shape.metadata.get("sensitive")
                yield Violation(path, None if hidden else _java_text(value), constraint.text, shape.name)

    def _constraints(self, service: str, shape: Any) -> tuple[Constraint, ...]:
        """The constraints of a shape, in AWS's order."""
        constraints = self.constraints.get((service, shape.name))
        if constraints is None:
            constraints = tuple(self._read_constraints(service, shape))
            self.constraints[service, shape.name] = constraints
        return constraints

    def _read_constraints(self, service: str, shape: Any) -> Iterator[Constraint]:
        least, most = (_number(shape.metadata.get(name)) for name in ("min", "max"))
        row = self.figures.get((service, shape.name))
        if row and most is not None and self.limits.facts.limit(row).value != most:
            most = self.limits[row]
        fraction = shape.type_name in ("float", "double")
        quantity = "value" if fraction or shape.type_name in ("integer", "long") else "length"
        if most is not None:
            text = f"Member must have {quantity} less than or equal to {most:{'.1f' if fraction else '.0f'}}"
            yield Constraint(text, most=most)
        if least is not None:
            text = (
                f"Member must have {quantity} greater than or equal to {least:{'.1f' if fraction else '.0f'}}"
            )
            yield Constraint(text, least=least)
        if getattr(shape, "enum", None):
            text = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            yield Constraint(text, values=frozenset(shape.enum))
        elif shape.metadata.get("pattern"):
            pattern = shape.metadata["pattern"]
            text = f"Member must satisfy regular expression pattern: {pattern}"
            yield Constraint(text, pattern=_compile(pattern))


def _type_violation(shape: Any, path: str) -> Violation:
    return Violation(path, None, "", shape.name, mistyped=True)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _member_path(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _java_text(value: Any) -> str:
    """A value in the form in which AWS's services, in Java, print it, shortened."""
    if isinstance(value, Mapping):
        text = "{" + format_pairs({name: _java_text(inner) for name, inner in value.items()}) + "}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_java_text, value))}]"
    else:
        text = str(value)
    return text if len(text) <= MOST_VALUE_CHARACTERS else f"{text[:MOST_VALUE_CHARACTERS]}..."


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """A pattern in Java's syntax as Python's, None if Python has no equivalent."""
    text = pattern
    for java, python in PYTHON_CLASSES.items():
        text = text.replace(java, python)
    try:
        return None if r"\p{" in text else re.compile(text)
    except re.error:
        return None
