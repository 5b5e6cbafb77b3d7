"""The one place where AWS's refusals are made: in front of every service of the emulator.

A request that has come past signature and policies is held against the SDK's own model of the operation,
then against what the service knows beyond its model. What CloudFormation makes in process is held against
the same, by a table of kinds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from explorer.facts.units import format_count

from . import refusals_lambda, refusals_services
from .limits import Answer, Limits, Refusal, event_reason
from .request_models import Models, Violation, load_models, model, model_of, request_of

Handler = Callable[..., Any]
Parameters = Mapping[str, Any]

CODES = {  # of what breaks a model, where it is not ValidationException
    "apigatewayv2": "BadRequestException",
    "apigateway": "BadRequestException",
    "iam": "ValidationError",
    "cloudformation": "ValidationError",
    "cloudwatch": "ValidationError",
    "logs": "InvalidParameterException",
}
OWN_FORM = {("lambda", "BatchSize")}  # Lambda has another code and text for it
LONG_FUNCTIONS = "CapacityProviderConfig"  # whose functions may run longer than others
KINDS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {  # operation, and names that differ
    "AWS::Lambda::Function": ("lambda", "CreateFunction", {}),
    "AWS::Lambda::EventSourceMapping": ("lambda", "CreateEventSourceMapping", {}),
    "AWS::Lambda::EventInvokeConfig": ("lambda", "PutFunctionEventInvokeConfig", {}),
    "AWS::Lambda::Url": ("lambda", "CreateFunctionUrlConfig", {"TargetFunctionArn": "FunctionName"}),
    "AWS::Lambda::Permission": ("lambda", "AddPermission", {}),
    "AWS::Lambda::Alias": ("lambda", "CreateAlias", {}),
    "AWS::SSM::Parameter": ("ssm", "PutParameter", {}),
    "AWS::SecretsManager::Secret": ("secretsmanager", "CreateSecret", {}),
    "AWS::StepFunctions::StateMachine": (
        "stepfunctions",
        "CreateStateMachine",
        {
            "StateMachineName": "name",
            "RoleArn": "roleArn",
            "DefinitionString": "definition",
            "Definition": "definition",
            "StateMachineType": "type",
        },
    ),
    "AWS::ApiGatewayV2::Api": ("apigatewayv2", "CreateApi", {}),
    "AWS::ApiGatewayV2::Route": ("apigatewayv2", "CreateRoute", {}),
    "AWS::ApiGatewayV2::Integration": ("apigatewayv2", "CreateIntegration", {}),
    "AWS::IAM::Role": ("iam", "CreateRole", {}),
}
OTHERWISE = {  # properties that a template writes in another form than the API
    "Tags",
    "RoutingConfig",
    "SourceAccessConfigurations",
    "GenerateSecretString",
    "AssumeRolePolicyDocument",
    "DefinitionSubstitutions",
    "DefinitionS3Location",
    "ResponseParameters",
    "LoggingConfiguration",
    "TracingConfiguration",
}
OF_TEMPLATES = {  # of what the service knows beyond its model: what holds for a new thing
    "CreateFunction": ("runtime", "source", "role", "variables", "layers", "name_length"),
    "CreateEventSourceMapping": ("event_source",),
    "PutFunctionEventInvokeConfig": ("event_config",),
    "AddPermission": (),
    "CreateFunctionUrlConfig": (),
    "CreateAlias": (),
    "CreateSecret": ("secret_name", "one_value"),
    "CreateStateMachine": ("machine_name", "definition"),
}


class Refusals:
    """What AWS refuses, asked of one request or resource."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.models = limits, Models(limits)
        self.checks = {"lambda": refusals_lambda.CHECKS, **refusals_services.CHECKS}

    def of_model(self, service: str, operation: str, parameters: Parameters) -> Refusal | None:
        """Why AWS's own model does not let it pass."""
        violations = self.models.violations(service, operation, parameters)
        longest = self.limits["lambda.timeout.lmi"] if LONG_FUNCTIONS in parameters else 0
        violations = [
            one
            for one in violations
            if not (one.shape == "Timeout" and longest and float(parameters["Timeout"]) <= longest)
        ]
        return _of_violations(service, violations)

    def beyond_model(self, service: str, operation: str, parameters: Parameters) -> Refusal | None:
        """Why the service does not take it, though its model would."""
        checks: tuple[Any, ...] = self.checks.get(service, {}).get(operation, ())
        if service == "lambda" and "FunctionName" in parameters:
            checks = (*refusals_lambda.ANY, *checks)
        return next(filter(None, (check(self.limits, parameters) for check in checks)), None)

    def of_resource(self, kind: str, properties: Parameters) -> Refusal | None:
        """Why CloudFormation could not make this; the properties are resolved."""
        service, operation, names = KINDS[kind]
        alike = {name: value for name, value in properties.items() if name not in OTHERWISE}
        parameters = {names.get(name, name): value for name, value in alike.items()}
        if "definition" in parameters:
            content, substitutions = parameters["definition"], properties.get("DefinitionSubstitutions") or {}
            parameters["definition"] = refusals_services.definition_text(content, substitutions)
        if "ZipFile" in (parameters.get("Code") or {}):  # source there, a package here
            parameters["Code"] = {"ZipFile": ""}
        violations = self.models.violations(service, operation, parameters)
        violations = [one for one in violations if not one.missing and not one.mistyped]
        check_names = OF_TEMPLATES.get(operation)
        checks: tuple[Any, ...] = self.checks.get(service, {}).get(operation, ())
        checks = tuple(one for one in checks if check_names is None or one.__name__ in check_names)
        refusals = (check(self.limits, parameters) for check in checks)
        return _of_violations(service, violations[:1]) or next(filter(None, refusals), None)


def _of_violations(service: str, violations: list[Violation]) -> Refusal | None:
    if not violations:
        return None
    if any(one.mistyped for one in violations):
        return Refusal(400, "SerializationException", "Unexpected value")
    for one in violations:
        if (service, one.shape) in OWN_FORM:
            text = f"Value {one.value} at '{one.path}' failed to satisfy constraint: {one.constraint}"
            return Refusal(400, refusals_lambda.PARAMETER, text)
    count = format_count(len(violations), "validation error")
    text = f"{count} detected: {'; '.join(one.text for one in violations)}"
    return Refusal(400, CODES.get(service, "ValidationException"), text)


def install(limits: Limits) -> None:
    """Put the refusals in front of the emulator that is loaded in this process."""
    from ministack import app
    from ministack.services.cloudformation import provisioners

    refusals = Refusals(limits)
    load_models()
    for name, handler in app.SERVICE_HANDLERS.items():
        app.SERVICE_HANDLERS[name] = _guarded(refusals, name, handler)
    for kind in KINDS:
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["create"] = _provisioned(refusals, kind, handlers["create"], 1)
        if "update" in handlers:
            handlers["update"] = _provisioned(refusals, kind, handlers["update"], 2)


def _guarded(refusals: Refusals, name: str, handler: Handler) -> Handler:
    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        return _refused(refusals, name, method, path, headers, body, query) or await handler(
            method, path, headers, body, query
        )

    return handle


def _refused(
    refusals: Refusals, name: str, method: str, path: str, headers: Any, body: bytes, query: Any
) -> Answer | None:
    """The answer to a request that AWS refuses, None to one that it takes."""
    if name == "s3":
        wrong = refusals_services.object_key(refusals.limits, path) if method == "PUT" else None
        return _answer("s3", wrong) if wrong else None
    service = "sqs" if name == "sqs" else model_of(name, path)
    if service is None:
        return None
    try:
        request = request_of(service, method, path, headers, body, query)
    except (ValueError, KeyError, AttributeError):
        return _answer(service, Refusal(400, "SerializationException", "Unexpected value"))
    if request is None:
        return None
    operation, parameters = request
    if operation == "ValidateStateMachineDefinition":
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return 200, headers, json.dumps(refusals_services.validated(parameters)).encode()
    wrong = None if service == "sqs" else refusals.of_model(service, operation, parameters)
    wrong = wrong or refusals.beyond_model(service, operation, parameters)
    if wrong is None and operation in ("Invoke", "InvokeWithResponseStream", "InvokeAsync"):
        wrong = refusals_lambda.payload_refusal(body)
    return _answer(service, wrong) if wrong else None


def _answer(service: str, refusal: Refusal) -> Answer:
    """A refusal in the form of the service's protocol."""
    protocol = "rest-xml" if service == "s3" else model(service).metadata["protocol"]
    if service == "sqs":
        from ministack.services import sqs

        answer: Answer = sqs._json_err_resp(refusal.code, refusal.message, refusal.status)
        return answer
    if protocol == "rest-json":
        own = service == "lambda" and refusal.code not in ("ValidationException", "SerializationException")
        fields = {"Type": "User", "message": refusal.message} if own else {"message": refusal.message}
        headers = {"Content-Type": "application/json", "x-amzn-errortype": refusal.code}
        return refusal.status, headers, json.dumps(fields).encode()
    if protocol == "json":
        return refusal.json_1_1()
    inner = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    whole = (
        f"<Error>{inner}</Error>"
        if service == "s3"
        else (f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>")
    )
    return refusal.status, {"Content-Type": "application/xml"}, whole.encode()


def _provisioned(refusals: Refusals, kind: str, original: Handler, at: int) -> Handler:
    """`at` is where the properties are among the arguments of a create or an update."""

    def provision(*args: Any, **kwargs: Any) -> Any:
        refusal = refusals.of_resource(kind, args[at])
        if refusal:
            raise ValueError(event_reason(refusal, kind.split("::")[1]))
        return original(*args, **kwargs)

    return provision
