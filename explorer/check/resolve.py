"""Resolve CloudFormation's intrinsic functions where the template alone determines their value.

A parameter has the value of its argument, else its default; a condition follows from the parameters. In a
scope without defaults, a parameter may have any of its AllowedValues. A value known only at deployment is
an `Unknown`, which keeps its certain text: that text alone may already exceed a limit.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from explorer.facts import catalogue

from .nodes import List, Map, Text, Unknown, mapping, number, one_of, sequence, text, walk

NO_VALUE = "AWS::NoValue"
PSEUDO = {  # text that each certainly holds; the right length for an account, a lower one for a region
    "AWS::AccountId": "0" * 12,
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "x",
    "AWS::StackId": "arn:aws:cloudformation:",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NotificationARNs": "",
}
MOST_TEXT = 1 << 20  # characters; more than any limit on a template
MOST_CONDITIONS = 50  # the deepest nesting of conditions
DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
VARIABLE = re.compile(r"\$\{([^}]*)\}")
FRAMEWORK = re.compile(r"\$\{(?:self|opt|env|sls|param|file\([^)]*\)):[^}]*\}")  # in a part of a service
LISTS = ("CommaDelimitedList", "List<")
DEPLOYED = {  # functions whose value is known only at deployment
    "Fn::ImportValue", "Fn::GetAZs", "Fn::Cidr", "Fn::Transform", "Fn::Length", "Fn::ForEach", "Fn::And",
    "Fn::Or", "Fn::Not", "Fn::Equals",
}  # fmt: skip
NAME_OF_RESOURCE = ("check.name.characters", "check.name.most_characters")
CHARACTERS = {  # the length of a value whose text is not known, by its kind
    "arn": "check.arn.characters",
    "url": "check.url.characters",
    "import": "check.import.characters",
    "secret": "check.secret.characters",
}
REFERENCES = {  # the kind of a Ref to a resource if it is not a name
    "AWS::SQS::Queue": "url",
    "AWS::SNS::Topic": "arn",
    "AWS::StepFunctions::StateMachine": "arn",
    "AWS::Serverless::StateMachine": "arn",
    "AWS::SecretsManager::Secret": "arn",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "arn",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "arn",
    "AWS::Lambda::Version": "arn",
    "AWS::Lambda::Alias": "arn",
    "AWS::Lambda::LayerVersion": "arn",
    "AWS::Serverless::LayerVersion": "arn",
    "AWS::ECS::TaskDefinition": "arn",
    "AWS::IAM::ManagedPolicy": "arn",
}
ATTRIBUTES = {"arn": "arn", "url": "url", "endpoint": "url", "domainname": "url", "uri": "url"}  # endings


class Scope:
    """The parameters, mappings and conditions of a template; `arguments` holds the values of parameters.

    `origins` names the environment of each value that comes from one. If `defaults` is false, a parameter
    without an argument may have any allowed value.
    """

    def __init__(
        self,
        template: Map,
        arguments: Mapping[str, Any] | None = None,
        defaults: bool = True,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self.template, self.defaults, self.origins = template, defaults, origins or {}
        self.parameters = mapping(template.get("Parameters"))
        self.mappings = mapping(template.get("Mappings"))
        self.conditions = mapping(template.get("Conditions"))
        self.arguments = arguments or {}
        self._condition_values: dict[str, bool | None] = {}
        self._open_conditions: set[str] = set()

    @cached_property
    def without_defaults(self) -> Scope:
        """The scope without defaults of parameters, for the values possible in another deployment."""
        if not self.parameters or not self.defaults:
            return self
        fixed = {name: value for name, value in self.arguments.items() if name not in self.origins}
        return Scope(self.template, fixed, False, self.origins)

    def type_of(self, name: str) -> str:
        """The type of a resource of the template; empty if there is no such resource."""
        resource = mapping(mapping(self.template.get("Resources")).get(name))
        return text(resource.get("Type")) or ""

    def display_name(self, name: Any) -> str:
        """A name for messages: a name declared in the template, else only its kind."""
        full_name = text(name) or ""
        own = full_name.partition(".")[0]
        declared = (self.parameters, self.conditions, mapping(self.template.get("Resources")), PSEUDO)
        return full_name if any(own in names for names in declared) else "a value of another place"

    def value(self, node: Any) -> Any:
        """`node`, or its value if it is an intrinsic function; nested parts are not resolved."""
        if isinstance(node, Map) and len(node) == 1:
            (name, argument), *_ = node.items()
            if does := FUNCTIONS.get(name):
                return does(self, argument)
            if name.startswith("Fn::"):
                subject = name if name in DEPLOYED else "a tag that CloudFormation does not have"
                return Unknown(f"{subject} is known when it is deployed", likely=_likely("import"))
            return node
        if isinstance(node, str) and "${" in node and FRAMEWORK.search(node):
            return Unknown("a variable of the Serverless Framework is known when it is packaged",
                           FRAMEWORK.sub("", node))  # fmt: skip
        if isinstance(node, str) and "{{resolve:" in node:
            remainder = DYNAMIC.sub("", node)
            return Unknown(
                "a dynamic reference is resolved by the deployment", remainder, likely=_likely("secret")
            )
        return node

    def text(self, node: Any) -> str | Unknown:
        """`node` as text."""
        value = self.value(node)
        if isinstance(value, Unknown):
            return value
        if value is None:
            return ""
        content = text(value)
        return Unknown("it is not text") if content is None else content

    def plain(self, node: Any) -> Any:
        """`node` with all functions inside it resolved."""
        value = self.value(node)
        if isinstance(value, Map):
            return Map({key: self.plain(inner) for key, inner in value.items()}, value.line, value.lines)
        return List([self.plain(inner) for inner in value]) if isinstance(value, list) else value

    def reference(self, name: Any) -> Any:
        """The value of a Ref to `name`."""
        if not isinstance(name, str) or name == NO_VALUE:
            return None
        if name in PSEUDO:
            return Unknown(f"{name} is known when it is deployed", PSEUDO[name])
        parameter = mapping(self.parameters.get(name))
        if name not in self.parameters and name not in self.arguments:
            why = f"{self.display_name(name)} is known when it is deployed"
            return Unknown(why, likely=_likely(REFERENCES.get(self.type_of(name), "name"), name))
        kind = str(parameter.get("Type"))
        if kind.startswith(("AWS::SSM::Parameter::Value", "AWS::SSM::Parameter::Name")):
            return Unknown(f"{name} is read from Parameter Store", likely=_likely("secret"))
        if name not in self.arguments and ("Default" not in parameter or not self.defaults):
            return self._possible_values(name, parameter)
        value = self.arguments.get(name, parameter.get("Default"))
        return _of_kind(kind, value)

    def _possible_values(self, name: str, parameter: Map) -> Any:
        """The possible values of a parameter without a value: its AllowedValues, or a range of numbers."""
        why = f"the default of {name}" if "Default" in parameter else f"{name} has no default"
        if name in self.origins:
            return Unknown(f"{name} by {self.origins[name]}")  # a known environment: no other value matters
        kind, allowed = str(parameter.get("Type")), sequence(parameter.get("AllowedValues"))
        if allowed and not kind.startswith(LISTS):
            return one_of(allowed, why)
        least, most = number(parameter.get("MinValue")), number(parameter.get("MaxValue"))
        return Unknown(why, least=least, most=most, likely=_likely("secret"))

    def holds(self, name: Any) -> bool | None:
        """Whether a condition holds with the defaults; None if they do not decide it."""
        if (
            not isinstance(name, str)
            or name in self._open_conditions
            or len(self._open_conditions) > MOST_CONDITIONS
        ):
            return None
        if name not in self._condition_values:
            self._open_conditions.add(name)
            self._condition_values[name] = self.truth(self.conditions.get(name))
            self._open_conditions.discard(name)
        return self._condition_values[name]

    def truth(self, node: Any) -> bool | None:
        """Whether a condition function holds; None if the defaults do not decide it."""
        if not isinstance(node, Map) or len(node) != 1:
            return None
        (name, argument), *_ = node.items()
        if name == "Condition":
            return self.holds(argument)
        if name == "Fn::Equals":
            return self._equal(sequence(argument))
        parts = [self.truth(part) for part in sequence(argument)]
        if name == "Fn::Not" and len(parts) == 1:
            return None if parts[0] is None else not parts[0]
        if name in ("Fn::And", "Fn::Or"):
            decides = name == "Fn::Or"
            if decides in parts:
                return decides
            return None if None in parts else not decides
        return None

    def _equal(self, sides: list[Any]) -> bool | None:
        texts = [self.text(side) for side in sides]
        if len(texts) != 2 or any(isinstance(side, Unknown) for side in texts):
            return None
        return texts[0] == texts[1]


def join(parts: list[str | Unknown]) -> str | Unknown:
    """The concatenation of texts."""
    known_text = "".join(part.known_text if isinstance(part, Unknown) else part for part in parts)
    if len(known_text) > MOST_TEXT:
        return Unknown("it is very long", known_text[:MOST_TEXT])
    unknown = [part for part in parts if isinstance(part, Unknown)]
    if not unknown:
        return known_text
    holes = "".join(part.pattern if isinstance(part, Unknown) else part for part in parts)
    likely = sum(one.likely for one in unknown)
    return Unknown(unknown[0].why, known_text, likely=likely, holes=holes[:MOST_TEXT])


def _of_kind(kind: str, value: Any) -> Any:
    """The value of a parameter of a type; a list type gives a list."""
    if kind.startswith(LISTS) and isinstance(value, str):
        return List([part.strip() for part in value.split(",")])
    return value


@cache
def _likely(kind: str, name: str = "") -> int:
    """The probable length of a value of a kind [characters], from the logical id that it refers to."""
    around, most = (round(catalogue.constant(id).value) for id in NAME_OF_RESOURCE)
    own = min(around + len(name), most) if name else 0
    return own if kind == "name" else own + round(catalogue.constant(CHARACTERS[kind]).value)


def _sub(scope: Scope, argument: Any) -> Any:
    """Replace `${Name}` and `${Name.Attribute}` in a text; `${!Name}` becomes `${Name}`."""
    template, own = argument, Map()
    if isinstance(argument, list) and argument:
        template, own = argument[0], mapping(argument[1] if len(argument) > 1 else None)
    template = scope.text(template)
    if isinstance(template, Unknown):
        return template
    values = {name: scope.text(value) for name, value in own.items()}
    parts: list[str | Unknown] = []
    for index, piece in enumerate(VARIABLE.split(template)):
        parts.append(piece if index % 2 == 0 else _variable(scope, piece.strip(), values))
    whole = join(parts)
    return scope.value(whole) if isinstance(whole, str) else whole


def _variable(scope: Scope, name: str, values: Mapping[str, str | Unknown]) -> str | Unknown:
    if name.startswith("!"):
        return f"${{{name[1:]}}}"
    if name in values:
        return values[name]
    if "." in name:
        return _attribute(scope, name)
    value = scope.reference(name)
    joined: str | Unknown = _join(scope, [",", value]) if isinstance(value, list) else scope.text(value)
    return joined


def _join(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        return Unknown("Fn::Join has no separator and list")
    separator, values = scope.text(argument[0]), scope.value(argument[1])
    if isinstance(values, Unknown) or isinstance(separator, Unknown):
        return Unknown("Fn::Join joins what is known when it is deployed")
    parts: list[str | Unknown] = []
    for value in sequence(values):
        inner = scope.value(value)
        parts += [
            separator,
            _join(scope, [separator, inner]) if isinstance(inner, list) else scope.text(inner),
        ]
    return join(parts[1:])


def _find_in_map(scope: Scope, argument: Any) -> Any:
    path = [scope.text(part) for part in sequence(argument)[:3]]
    value: Any = scope.mappings
    for part in path:
        if isinstance(part, Unknown):
            return _in_any_map(scope, argument, path) if part.options else Unknown(part.why)
        value = mapping(value).get(part)
    if value is None or len(path) != 3:
        default = mapping(sequence(argument)[-1] if sequence(argument) else None).get("DefaultValue")
        return Unknown("no mapping says it") if default is None else scope.value(default)
    return value


def _in_any_map(scope: Scope, argument: Any, path: list[str | Unknown]) -> Any:
    """The values in a mapping for each possible key."""
    at, key = next((at, key) for at, key in enumerate(path) if isinstance(key, Unknown))
    options = [text(option) for option in key.options]
    parts = sequence(argument)
    values = [_find_in_map(scope, [*parts[:at], option, *parts[at + 1 :]]) for option in options]
    return one_of(values, key.why)


def _if(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 3:
        return Unknown("Fn::If has no condition and two values")
    holds = scope.holds(argument[0])
    if holds is not None:
        return scope.value(argument[1 if holds else 2])
    name = scope.display_name(argument[0])
    by = "with these parameters" if scope.origins else "by default"
    why = f"condition {name} depends on what is deployed" if scope.defaults else f"as {name} is {by}"
    return one_of([scope.value(branch) for branch in argument[1:]], why)


def _select(scope: Scope, argument: Any) -> Any:
    index, values = [scope.value(part) for part in [*sequence(argument), None, None][:2]]
    if isinstance(index, Unknown) or isinstance(values, Unknown):
        return Unknown("Fn::Select selects from what is known when it is deployed")
    if isinstance(index, str) and index.isdecimal() and isinstance(values, list):
        at = int(index) if len(index) < 6 else len(values)
        return scope.value(values[at]) if at < len(values) else Unknown("Fn::Select is past the end")
    return Unknown("Fn::Select has no index and list")


def _split(scope: Scope, argument: Any) -> Any:
    separator, whole = [scope.text(part) for part in [*sequence(argument), None, None][:2]]
    if isinstance(whole, Unknown) or isinstance(separator, Unknown) or not separator:
        return Unknown("Fn::Split splits what is known when it is deployed")
    return List(whole.split(separator))


def _base64(scope: Scope, argument: Any) -> Any:
    plain = scope.text(argument)
    content = plain.known_text if isinstance(plain, Unknown) else plain
    coded = base64.b64encode(content.encode("utf-8", "surrogatepass")).decode()
    return Unknown(plain.why, coded[: len(coded) // 4 * 4]) if isinstance(plain, Unknown) else coded


def _to_json(scope: Scope, argument: Any) -> Any:
    plain = scope.plain(argument)
    unknown = next((part for part in walk(plain) if isinstance(part, Unknown)), None)
    if unknown is not None:
        return Unknown(unknown.why)
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def _get_att(scope: Scope, argument: Any) -> Any:
    parts = argument if isinstance(argument, list) else [argument]
    return _attribute(scope, ".".join(str(text(part) or "?") for part in parts[:2]))


def _attribute(scope: Scope, reference: str) -> Unknown:
    """The value of an attribute of a resource, written `Name.Attribute`."""
    name, _, attribute = reference.partition(".")
    kind = next((kind for ending, kind in ATTRIBUTES.items() if attribute.lower().endswith(ending)), "name")
    return Unknown(
        f"{scope.display_name(reference)} is known when it is deployed", likely=_likely(kind, name)
    )


FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": lambda scope, name: scope.reference(name),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Base64": _base64,
    "Fn::ToJsonString": _to_json,
}


def references(node: Any) -> Iterator[str]:
    """The names in each Ref, Fn::GetAtt and Fn::Sub inside `node`, without attributes."""
    for part in walk(node):
        if isinstance(part, Text | Unknown):
            yield from part.refers
        if not isinstance(part, Map):
            continue
        if isinstance(name := part.get("Ref"), str):
            yield name
            yield name.partition(".")[0]
        if "Fn::GetAtt" in part:
            path = sequence(part["Fn::GetAtt"])
            if path and isinstance(path[0], str):
                yield path[0].partition(".")[0]
        if "Fn::Sub" in part:
            template = (sequence(part["Fn::Sub"]) or [None])[0]
            if isinstance(template, str):
                yield from (name.strip().partition(".")[0] for name in VARIABLE.findall(template))
