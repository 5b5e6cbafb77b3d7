"""Requests held against the service models that the AWS SDK carries.

`request_of` reads from an HTTP request what the SDK put into it: the operation and its parameters.
`violations` walks the parameters along the operation's shape: what is required, types, lengths, ranges,
patterns, values. AWS's services make their checks from the same models, so that texts and order are theirs.
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

SERVICES = {  # the emulator's name of a service: its model's
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
}
UNCHECKED = {  # a rule of its own holds these: in bytes, with another code or text
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
WIDER = {  # classes of characters that only Java has: none narrower
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{Graph}": r"\S",
    r"\u0020": " ",
}
NOT_NULL = "Member must not be null"
LONGEST_SHOWN = 1_000  # characters of a value that a refusal repeats


@dataclass(frozen=True, slots=True)
class Violation:
    """A value that a model does not let pass.

    Parameters
    ----------
    path : where it is, as AWS names it: "vpcConfig.subnetIds"
    value : as AWS repeats it; None where it is secret, and must not be
    constraint : what it must satisfy
    shape : the name of the shape that says so
    missing : it is not there at all
    mistyped : it is of another type
    """

    path: str
    value: str | None
    constraint: str
    shape: str
    missing: bool = False
    mistyped: bool = False

    @property
    def text(self) -> str:
        """It in AWS's words."""
        start = "Value at" if self.value is None else f"Value '{self.value}' at"
        return (
            f"{'Value null at' if self.missing else start} '{self.path}' failed to satisfy constraint: "
            + (self.constraint)
        )


@dataclass(frozen=True, slots=True)
class Constraint:
    """One demand of a shape, and AWS's words for it."""

    text: str
    least: float | None = None
    most: float | None = None
    values: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None

    def holds(self, value: Any, size: float) -> bool:
        """Whether a value of this size, or a number of this value, meets it."""
        if self.most is not None:
            return size <= self.most
        if self.least is not None:
            return size >= self.least
        if self.values is not None:
            return str(value) in self.values
        return self.pattern is None or self.pattern.fullmatch(str(value)) is not None


@cache
def model(service: str) -> Any:
    """The SDK's model of a service."""
    from botocore.model import ServiceModel

    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@cache
def _loader() -> Any:
    from botocore.loaders import create_loader

    return create_loader()


def load_models() -> None:
    """Read all models: the first request of each service waits for none."""
    for service in (*SERVICES.values(), "apigatewayv2", "sqs"):
        assert model(service).operation_names, service


@cache
def input_shape(service: str, operation: str) -> Any:
    """The shape of an operation's parameters, None if it takes none."""
    return model(service).operation_model(operation).input_shape


def model_of(name: str, path: str) -> str | None:
    """The model that a request to the emulator's service `name` is held against, None if to none."""
    if name == "apigateway" and path.startswith("/v2/"):
        return "apigatewayv2"
    return SERVICES.get(name)


# What was asked


def request_of(
    service: str, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """The operation and its parameters; None where the request is for none that the model knows.

    Raises ValueError for a body that cannot be read.
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
    flat = flat or {name: _one(value) for name, value in query.items()}
    operation = flat.get("Action", "")
    if operation not in model(service).operation_names:
        return None
    shape = input_shape(service, operation)
    return operation, _unflattened(shape, flat, "") if shape else {}


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


@cache
def _routes(service: str, method: str) -> list[tuple[re.Pattern[str], set[str], str]]:
    """The paths of a service's operations as patterns, the most literal first."""
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
    inside = json.loads(body) if body and not payload else {}
    inside = inside if isinstance(inside, dict) else {}
    for name, member in shape.members.items():
        where, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            if match.groupdict().get(wire) is not None:
                parameters[name] = unquote(match[wire])
        elif where == "querystring":
            if wire in query:
                parameters[name] = query[wire] if member.type_name == "list" else _one(query[wire])
        elif where == "header":
            if wire.lower() in headers:
                parameters[name] = headers[wire.lower()]
        elif where is None and name != payload and wire in inside:
            parameters[name] = inside[wire]
    return parameters


def _unflattened(shape: Any, flat: Mapping[str, str], prefix: str) -> Any:
    """The parameters of the query protocol: names with dots are structures, numbers lists."""
    if shape.type_name == "structure":
        out = {}
        for name, member in shape.members.items():
            at = prefix + member.serialization.get("name", name)
            if any(key == at or key.startswith(f"{at}.") for key in flat):
                out[name] = _unflattened(member, flat, f"{at}.")
        return out
    if shape.type_name == "list":
        at = prefix if shape.serialization.get("flattened") else f"{prefix}member."
        numbers = {key[len(at) :].split(".")[0] for key in flat if key.startswith(at)}
        return [_unflattened(shape.member, flat, f"{at}{number}.") for number in sorted(numbers)]
    return None if shape.type_name == "map" else flat.get(prefix.rstrip("."))


# What the model says of it


class Models:
    """The SDK's models, their figures replaced by the facts where both have one: a model is no quota."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.constraints: dict[tuple[str, str], tuple[Constraint, ...]] = {}
        self.figures = {
            (row.model, row.shape): row.limit
            for row in limits.facts.ranges()
            if row.kind == NUMBER and row.model and row.factor == 1
        }

    def violations(self, service: str, operation: str, parameters: Mapping[str, Any]) -> list[Violation]:
        """What AWS's model does not let pass, in the order of the members."""
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
                yield _mistyped(shape, path)
            else:
                yield from self._breaches(service, shape, value, number, path)
        elif kind == "string" and isinstance(value, str | int | float):
            yield from self._breaches(service, shape, value, len(str(value)), path)
        elif kind == "blob" and isinstance(value, str | bytes):
            size = len(value) if isinstance(value, bytes) else len(value.rstrip("=")) * 3 // 4
            yield from self._breaches(service, shape, None, size, path)
        elif kind in ("string", "blob"):
            yield _mistyped(shape, path)

    def _structure(self, service: str, shape: Any, value: Any, path: str) -> Iterator[Violation]:
        if not isinstance(value, Mapping):
            yield _mistyped(shape, path)
            return
        for required in shape.required_members:
            if value.get(required) is None:
                member = shape.members[required]
                yield Violation(_at(path, required), None, NOT_NULL, member.name, missing=True)
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from self._walk(service, member, value[name], _at(path, name))

    def _collection(self, service: str, shape: Any, value: Any, path: str) -> Iterator[Violation]:
        is_list = shape.type_name == "list"
        if not isinstance(value, list if is_list else dict):
            yield _mistyped(shape, path)
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
        """The constraints of a shape that a value breaks."""
        for constraint in self._constraints(service, shape):
            if not constraint.holds(value, size):
                hidden = value is None or shape.metadata.get("sensitive")
                yield Violation(path, None if hidden else _java_text(value), constraint.text, shape.name)

    def _constraints(self, service: str, shape: Any) -> tuple[Constraint, ...]:
        """What a shape demands, in the order in which AWS lists it."""
        constraints = self.constraints.get((service, shape.name))
        if constraints is None:
            constraints = tuple(self._demands(service, shape))
            self.constraints[service, shape.name] = constraints
        return constraints

    def _demands(self, service: str, shape: Any) -> Iterator[Constraint]:
        least, most = (_number(shape.metadata.get(name)) for name in ("min", "max"))
        row = self.figures.get((service, shape.name))
        if row and most is not None and self.limits.facts.limit(row).value != most:
            most = self.limits[row]
        fraction = shape.type_name in ("float", "double")
        what = "value" if fraction or shape.type_name in ("integer", "long") else "length"
        if most is not None:
            text = f"Member must have {what} less than or equal to {most:{'.1f' if fraction else '.0f'}}"
            yield Constraint(text, most=most)
        if least is not None:
            text = f"Member must have {what} greater than or equal to {least:{'.1f' if fraction else '.0f'}}"
            yield Constraint(text, least=least)
        if getattr(shape, "enum", None):
            text = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            yield Constraint(text, values=frozenset(shape.enum))
        elif shape.metadata.get("pattern"):
            pattern = shape.metadata["pattern"]
            text = f"Member must satisfy regular expression pattern: {pattern}"
            yield Constraint(text, pattern=_compiled(pattern))


def _mistyped(shape: Any, path: str) -> Violation:
    return Violation(path, None, "", shape.name, mistyped=True)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _at(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _java_text(value: Any) -> str:
    """A value as AWS's services, in Java, print it."""
    if isinstance(value, Mapping):
        text = "{" + format_pairs({name: _java_text(inner) for name, inner in value.items()}) + "}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_java_text, value))}]"
    else:
        text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, in Java's syntax, as Python has it; None where Python has none such."""
    text = pattern
    for java, python in WIDER.items():
        text = text.replace(java, python)
    try:
        return None if r"\p{" in text else re.compile(text)
    except re.error:
        return None
