"""The Serverless Framework's `serverless.yml`, as far as the file itself contains the values.

The output of `serverless package` gives better results: variables are resolved, and plug-ins have run. In the
source, a variable has its fallback value, and a value known only at deployment is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.facts import catalogue

from .. import template
from ..findings import TEMPLATE_ITSELF
from ..nodes import List, Map, Unknown, mapping, sequence, text
from ..parse import ParseError, parse
from ..resolve import join
from ..skipped import MISSING_FILE, UNRESOLVED, Skipped
from ..stack import Stack

STAGE, REGION = "dev", "us-east-1"  # the framework's defaults
VARIABLE = re.compile(r"\$\{((?:[a-z][A-Za-z0-9-]*(?:\([^(){}]*\))?:|file\()[^{}]*)\}")
FILE = re.compile(r"file\(\s*([^)]+?)\s*\)(?::(.*))?$")
MOST_STEPS = 40  # the longest chain of variables
MOST_BYTES = 4 << 20
REST_API, HTTP_API, WEBSOCKET_API = "ApiGatewayRestApi", "HttpApi", "WebsocketsApi"
PROPERTIES = {  # properties of a function, or of the provider for all functions
    "timeout": "Timeout",
    "memorySize": "MemorySize",
    "handler": "Handler",
    "runtime": "Runtime",
    "description": "Description",
    "layers": "Layers",
    "reservedConcurrency": "ReservedConcurrentExecutions",
    "provisionedConcurrency": "ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions",
    "ephemeralStorageSize": "EphemeralStorage.Size",
    "maximumRetryAttempts": "EventInvokeConfig.MaximumRetryAttempts",
    "maximumEventAge": "EventInvokeConfig.MaximumEventAgeInSeconds",
    "url": "FunctionUrlConfig",
}
SHARED = {"timeout", "memorySize", "runtime", "layers", "ephemeralStorageSize"}  # also set on the provider
SOURCES = {  # events that poll a source: SAM's type, and its property for the source
    "sqs": ("SQS", "Queue"),
    "sns": ("SNS", "Topic"),
    "s3": ("S3", "Bucket"),
    "dynamodb": ("DynamoDB", "Stream"),
    "kinesis": ("Kinesis", "Stream"),
    "schedule": ("Schedule", "Schedule"),
    "cognitoUserPool": ("Cognito", "UserPool"),
}
SETTINGS = {
    "batchSize": "BatchSize",
    "maximumBatchingWindow": "MaximumBatchingWindowInSeconds",
    "batchWindow": "MaximumBatchingWindowInSeconds",
    "maximumRetryAttempts": "MaximumRetryAttempts",
    "maximumRecordAgeInSeconds": "MaximumRecordAgeInSeconds",
    "parallelizationFactor": "ParallelizationFactor",
    "tumblingWindowInSeconds": "TumblingWindowInSeconds",
    "trigger": "Trigger",
}


def is_one(tree: Any, path: Path) -> bool:
    """Whether a tree is a service on AWS with functions, state machines or resources."""
    fields = mapping(tree)
    provider = fields.get("provider")
    name = provider if isinstance(provider, str) else mapping(provider).get("name")
    if "service" not in fields or not (name == "aws" or (isinstance(provider, str) and "${" in provider)):
        return False
    return any(part in fields for part in ("functions", "resources", "stepFunctions"))


def stack(tree: Map, file: str, folder: Path | None = None) -> Stack:
    """The stack of a service."""
    return _Service(tree, file, folder).stack()


# Variables ----------------------------------------------------------------------------------------


@dataclass
class _Variables:
    """Resolves `${self:...}` and its like within one service."""

    tree: Map
    folder: Path | None
    missing: dict[str, str] = field(default_factory=dict)  # files that do not exist, and why
    _files: dict[str, Any] = field(default_factory=dict)

    def resolve(self, node: Any, steps: int = 0) -> Any:
        """A tree with its variables replaced; with an Unknown for each that is not known."""
        if isinstance(node, Map):
            return Map({key: self.resolve(one, steps) for key, one in node.items()}, node.line, node.lines)
        if isinstance(node, list):
            return List([self.resolve(one, steps) for one in node], getattr(node, "line", 1))
        return self.text(node, steps) if isinstance(node, str) and "${" in node else node

    def text(self, content: str, steps: int = 0) -> Any:
        """The value of a text with variables; a tree if the text is a single variable."""
        for _ in range(MOST_STEPS):
            if steps > MOST_STEPS:
                return Unknown("its variables name one another")
            match = VARIABLE.search(content)
            if not match:
                return content
            value = self._value(match[1], steps + 1)
            whole = match.span() == (0, len(content))
            if whole:
                return value
            if isinstance(value, Unknown) or text(value) is None:
                part = value if isinstance(value, Unknown) else Unknown("it is no text")
                rest = self.text(content[match.end() :], steps + 1)
                return join([content[: match.start()], part, rest if isinstance(rest, str | Unknown) else ""])
            content = f"{content[: match.start()]}{text(value)}{content[match.end() :]}"
        return Unknown("it has too many variables")

    def _value(self, variable: str, steps: int) -> Any:
        """The value of the first source of a variable that has one."""
        unknown: Unknown | None = None
        for source in _split(variable):
            value = self._source(source.strip(), steps)
            if isinstance(value, Unknown):
                unknown = unknown or value
            elif value is not None:
                return value
        if unknown is not None:
            return unknown
        return Unknown(f"${{{variable.partition(':')[0]}:...}} gives nothing here")

    def _source(self, source: str, steps: int) -> Any:
        if source[:1] in ("'", '"'):
            return source[1:-1]
        if match := FILE.match(source):
            return self._file(match[1], match[2], steps)
        kind, colon, rest = source.partition(":")
        if not colon:
            return {"true": True, "false": False, "null": None}.get(source, source or None)
        rest = re.sub(r"^\s+", "", rest)
        if kind == "self":
            return self._at(self.tree, rest, steps)
        if (kind, rest) in (("sls", "stage"), ("opt", "stage")):
            stage = mapping(self.tree.get("provider")).get("stage")
            return STAGE if not isinstance(stage, str) or "opt:stage" in stage else self.text(stage, steps)
        if (kind, rest) in (("aws", "region"), ("opt", "region")):
            return self._at(self.tree, "provider.region", steps) or REGION
        if kind == "param":
            return self._at(mapping(mapping(self.tree.get("params")).get("default")), rest, steps)
        if kind in ("opt", "env"):
            return None  # known when it is packaged; the fallback applies
        return Unknown(f"${{{kind}:...}} is known when it is packaged")

    def _at(self, tree: Any, path: str, steps: int) -> Any:
        value = tree
        for name in filter(None, path.split(".")):
            if isinstance(value, str) and "${" in value:
                value = self.text(value, steps + 1)
            if isinstance(value, Unknown):
                return value
            if isinstance(value, list):
                at = int(name) if name.isdecimal() and len(name) < 6 else len(value)
                value = value[at] if at < len(value) else None
            else:
                value = mapping(value).get(name)
        return self.resolve(value, steps + 1)

    def _file(self, name: str, path: str | None, steps: int) -> Any:
        if name not in self._files:
            self._files[name] = self._read(name)
        tree = self._files[name]
        if tree is None:
            return Unknown(f"{name} is not read")
        return self._at(tree, path or "", steps)

    def _read(self, name: str) -> Any:
        path = self.folder / name if self.folder else None
        if "${" in name or path is None or not path.is_file():
            self.missing[name] = "it is not here"
            return None
        if path.suffix not in (".yml", ".yaml", ".json"):
            self.missing[name] = "it is code, which is not run"
            return None
        try:
            if path.stat().st_size > MOST_BYTES:
                raise ParseError("it is too large")
            return parse(path.read_text(encoding="utf-8-sig"), is_yaml_1_2=True)
        except (OSError, ValueError, ParseError) as error:
            self.missing[name] = " ".join(str(error).split())
            return None


def _split(variable: str) -> Iterator[str]:
    """The sources of a variable, split at commas outside of quotes and brackets."""
    depth, quote, start = 0, "", 0
    for index, letter in enumerate(variable):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "," and depth == 0:
            yield variable[start:index]
            start = index + 1
    yield variable[start:]


# A service ----------------------------------------------------------------------------------------


class _Service:
    """One service, converted to the template that it becomes."""

    def __init__(self, tree: Map, file: str, folder: Path | None) -> None:
        self.file, self.folder, self.tree = file, folder, tree
        self.variables = _Variables(tree, folder)
        self.provider = mapping(self.variables.resolve(tree.get("provider")))
        self.resources, self.lines = Map(line=tree.line), dict[str, int]()
        self.skipped: list[Skipped] = []

    def stack(self) -> Stack:
        """Its functions, state machines and resources, with the framework's logical ids."""
        for name, function, line in self._entries("functions"):
            self._function(name, mapping(function), line)
        for name, layer, line in self._entries("layers"):
            place = mapping(layer).get("path")
            properties = Map({"Content": place}, line, {"Content": mapping(layer).at("path")})
            body = Map({"Type": "AWS::Lambda::LayerVersion", "Properties": properties}, line)
            self._add(f"{_normal(name)}LambdaLayer", body, line)
        self._machines()
        template_tree = Map({"Resources": self.resources}, self.tree.line)
        for part in map(mapping, sequence(self.variables.resolve(self.tree.get("resources")))):
            for section, inner in part.items():
                if section == "Resources":
                    for key, body in mapping(inner).items():
                        self._add(key, body, mapping(inner).at(key))
                elif section == "extensions":
                    self._extend(mapping(inner))
                else:
                    template_tree[section] = Map({**mapping(template_tree.get(section)), **mapping(inner)})
        self.resources.lines.update(self.lines)
        service_stack = template.stack(template_tree, self.file, self.folder)
        for name, why in self.variables.missing.items():
            message = f"{name} is not read: {why}; check .serverless after `serverless package`"
            reason = MISSING_FILE if why == "it is not here" else UNRESOLVED
            self.skipped.append(
                Skipped(self.file, 1, TEMPLATE_ITSELF, "serverless.yml file()", reason, message)
            )
        service_stack.skipped.extend(self.skipped)
        return service_stack

    def _entries(self, section: str) -> Iterator[tuple[str, Any, int]]:
        """The entries of a section by name; the section is a mapping or a list of mappings."""
        whole = self.variables.resolve(self.tree.get(section))
        for part in sequence(whole):
            if isinstance(part, Unknown):
                self._skip(TEMPLATE_ITSELF, section, part, self.tree.at(section))
            for name, inner in mapping(part).items():
                if isinstance(inner, Unknown):
                    self._skip(name, section, inner, mapping(part).at(name))
                else:
                    yield name, inner, mapping(part).at(name)

    def _skip(self, name: str, what: str, value: Unknown, line: int) -> None:
        message = f"{value.why}; check .serverless after `serverless package`"
        self.skipped.append(Skipped(self.file, line, name, f"serverless.yml {what}", UNRESOLVED, message))

    def _add(self, name: str, body: Any, line: int) -> None:
        self.resources[name], self.lines[name] = body, line

    def _extend(self, extensions: Map) -> None:
        """Apply `extensions`, which set properties of generated resources."""
        for name, body in extensions.items():
            owner = mapping(self.resources.get(name))
            if owner and isinstance(owner.get("Properties"), Map):
                owner["Properties"].update(mapping(mapping(body).get("Properties")))

    def _function(self, name: str, function: Map, line: int) -> None:
        properties, lines = Map(line=line), dict[str, int]()
        properties["Timeout"] = _default("serverless.timeout.unset_s")
        properties["MemorySize"] = _default("serverless.memory.unset_mb")
        for owner in (self.provider, function):
            for key, path in PROPERTIES.items():
                value = owner.get(key)
                if value is not None and (owner is function or key in SHARED):
                    _set(properties, path, value, owner.at(key))
        if text(function.get("snapStart")) == "true":
            properties["SnapStart"] = Map({"ApplyOn": "PublishedVersions"}, function.at("snapStart"))
        artifact = mapping(function.get("package")).get("artifact")
        if isinstance(artifact, str):
            properties["CodeUri"], properties.lines["CodeUri"] = artifact, function.at("package")
        self._environment(properties, function)
        service = self.variables.resolve(self.tree.get("service"))
        service = mapping(service).get("name", "") if isinstance(service, Map) else service
        stage = self.variables.text("${sls:stage}")
        own = join(
            [part if isinstance(part, str | Unknown) else "" for part in (service, "-", stage, f"-{name}")]
        )
        properties["FunctionName"] = function.get("name") or own
        properties.lines.update(lines)
        logical = f"{_normal(name)}LambdaFunction"
        events = Map(line=function.at("events"))
        for index, event in enumerate(sequence(function.get("events"))):
            self._event(events, str(index), logical, event, function.at("events"))
        properties["Events"], properties.lines["Events"] = events, events.line
        self._add(logical, Map({"Type": "AWS::Serverless::Function", "Properties": properties}, line), line)

    def _environment(self, properties: Map, function: Map) -> None:
        variables = Map(line=function.at("environment"))
        for owner in (self.provider, function):
            inner = owner.get("environment")
            if isinstance(inner, Unknown):
                properties["Environment"] = Map({"Variables": inner}, owner.at("environment"))
                return
            variables.update(mapping(inner))
            variables.lines.update(mapping(inner).lines)
        if variables:
            line = (function if "environment" in function else self.provider).at("environment")
            properties["Environment"] = Map({"Variables": variables}, line)
            properties.lines["Environment"] = line

    def _event(self, events: Map, index: str, logical: str, event: Any, line: int) -> None:
        if isinstance(event, str):
            event = Map({event: Map()}, line)
        for kind, settings in mapping(event).items():
            at = mapping(event).at(kind)
            settings = self.variables.resolve(settings)
            sam_event = self._door(kind, settings, logical, at) or _source(kind, settings, at)
            if sam_event is not None:
                events[index], events.lines[index] = sam_event, at

    def _door(self, kind: str, settings: Any, logical: str, line: int) -> Map | None:
        """A door that waits for the function; doors without a SAM event type become resources."""
        arn = Map({"Fn::GetAtt": List([logical, "Arn"])}, line)
        if kind == "http":
            if text(mapping(settings).get("async")) == "true":
                return None
            own = mapping(self.provider.get("apiGateway"))
            endpoint = self.provider.get("endpointType") or own.get("endpointType") or "EDGE"
            kinds = Map({"EndpointConfiguration": Map({"Types": List([_upper(endpoint)])})}, line)
            self._add(REST_API, Map({"Type": "AWS::ApiGateway::RestApi", "Properties": kinds}, line), line)
            return Map({"Type": "Api", "Properties": Map({"RestApiId": Map({"Ref": REST_API})}, line)}, line)
        if kind == "httpApi":
            api = Map({"ProtocolType": "HTTP"}, line)
            self._add(HTTP_API, Map({"Type": "AWS::ApiGatewayV2::Api", "Properties": api}, line), line)
            return Map({"Type": "HttpApi", "Properties": Map({"ApiId": Map({"Ref": HTTP_API})}, line)}, line)
        if kind == "websocket":
            api = Map({"ProtocolType": "WEBSOCKET"}, line)
            self._add(WEBSOCKET_API, Map({"Type": "AWS::ApiGatewayV2::Api", "Properties": api}, line), line)
            pairs = Map({"ApiId": Map({"Ref": WEBSOCKET_API}), "IntegrationUri": arn}, line)
            body = Map({"Type": "AWS::ApiGatewayV2::Integration", "Properties": pairs}, line)
            self._add(f"{logical}WebsocketsIntegration", body, line)
        if kind == "alb":
            pairs = Map({"TargetType": "lambda", "Targets": List([Map({"Id": arn}, line)], line)}, line)
            body = Map({"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": pairs}, line)
            self._add(f"{logical}AlbTargetGroup", body, line)
        if kind == "cloudFront":
            association = {"EventType": mapping(settings).get("eventType"), "LambdaFunctionARN": arn}
            behaviour = Map({"LambdaFunctionAssociations": List([Map(association, line)], line)}, line)
            pairs = Map({"DistributionConfig": Map({"DefaultCacheBehavior": behaviour}, line)}, line)
            body = Map({"Type": "AWS::CloudFront::Distribution", "Properties": pairs}, line)
            self._add(f"{logical}Distribution", body, line)
        return None

    def _machines(self) -> None:
        """The state machines of the plug-in serverless-step-functions."""
        section = mapping(self.variables.resolve(self.tree.get("stepFunctions")))
        for name, machine in mapping(section.get("stateMachines")).items():
            pairs = {
                "Definition": mapping(machine).get("definition"),
                "Type": _upper(mapping(machine).get("type") or "STANDARD"),
            }
            line = mapping(section.get("stateMachines")).at(name)
            properties = Map(pairs, line, {"Definition": mapping(machine).at("definition")})
            self._add(
                _normal(name),
                Map({"Type": "AWS::Serverless::StateMachine", "Properties": properties}, line),
                line,
            )


def _default(constant_id: str) -> str:
    """The framework's default if the service sets no value."""
    return f"{catalogue.constant(constant_id).value:g}"


def _set(properties: Map, path: str, value: Any, line: int) -> None:
    outer, dot, inner = path.partition(".")
    if dot:
        value = Map({**mapping(properties.get(outer)), inner: value}, line)
    properties[outer], properties.lines[outer] = value, line


def _source(kind: str, settings: Any, line: int) -> Map | None:
    """An event that polls a source."""
    if kind == "stream":
        kind = text(mapping(settings).get("type")) or _kind_of_stream(settings)
    if kind not in SOURCES:
        return None
    sam, name = SOURCES[kind]
    own = mapping(settings)
    what = (
        settings
        if not isinstance(settings, Map) or any(key.startswith(("Fn::", "Ref")) for key in own)
        else None
    )
    for key in ("arn", "bucket", "topicName", "rate", "pool"):
        what = own.get(key) if what is None else what
    pairs = {name: what, **{SETTINGS[key]: value for key, value in own.items() if key in SETTINGS}}
    lines = {SETTINGS[key]: own.at(key) for key in own if key in SETTINGS}
    if own.get("maximumConcurrency") is not None:
        pairs["ScalingConfig"] = Map({"MaximumConcurrency": own["maximumConcurrency"]}, line)
    properties = Map({key: value for key, value in pairs.items() if value is not None}, line, lines)
    return Map({"Type": sam, "Properties": properties}, line)


def _kind_of_stream(settings: Any) -> str:
    return "dynamodb" if ":dynamodb:" in str(settings) else "kinesis"


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _normal(name: str) -> str:
    """A name in the form that the framework uses in logical ids."""
    name = name.replace("-", "Dash").replace("_", "Underscore")
    return name[:1].upper() + name[1:]
