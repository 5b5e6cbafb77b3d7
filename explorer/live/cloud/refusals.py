"""AWS's refusals of requests and resources, in front of every service of the emulator.

A request that has passed the checks of signature and policies is checked against the SDK's model of the
operation, then by the service's further checks. A table of resource types applies the same checks to
resources that CloudFormation creates in process.
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

CODES = {  # error codes of model violations, where it is not ValidationException
    "apigatewayv2": "BadRequestException",
    "apigateway": "BadRequestException",
    "iam": "ValidationError",
    "cloudformation": "ValidationError",
    "cloudwatch": "ValidationError",
    "logs": "InvalidParameterException",
    "ecs": "InvalidParameterException",
    "elbv2": "ValidationError",
}
SPECIAL_FORM = {("lambda", "BatchSize")}  # shapes for which Lambda has another code and text
LONG_FUNCTIONS = "CapacityProviderConfig"  # functions with it have a longer limit on Timeout
KINDS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {  # service, operation, parameters with other names
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
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elbv2", "CreateLoadBalancer", {}),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("elbv2", "CreateTargetGroup", {}),
    "AWS::ElasticLoadBalancingV2::Listener": ("elbv2", "CreateListener", {}),
}
OTHER_FORM = {  # properties whose form in a template differs from the API's
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
TEMPLATE_CHECKS = {  # checks beyond the model that apply to a resource of a template, by operation
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
    """AWS's refusals of requests and of a template's resources."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.models = limits, Models(limits)
        self.checks = {"lambda": refusals_lambda.CHECKS, **refusals_services.CHECKS}

    def model_refusal(self, service: str, operation: str, parameters: Parameters) -> Refusal | None:
        """The refusal of parameters that violate the SDK's model, None if they do not."""
        violations = self.models.violations(service, operation, parameters)
        longest = self.limits["lambda.timeout.lmi"] if LONG_FUNCTIONS in parameters else 0
        violations = [
            one
            for one in violations
            if not (one.shape == "Timeout" and longest and float(parameters["Timeout"]) <= longest)
        ]
        return _violation_refusal(service, violations)

    def service_refusal(self, service: str, operation: str, parameters: Parameters) -> Refusal | None:
        """The service's refusal of parameters beyond its model, None if it accepts them."""
        checks: tuple[Any, ...] = self.checks.get(service, {}).get(operation, ())
        if service == "lambda" and "FunctionName" in parameters:
            checks = (*refusals_lambda.ANY, *checks)
        if service == "stepfunctions":
            checks = (refusals_services.arns, *checks)
        return next(filter(None, (check(self.limits, parameters) for check in checks)), None)

    def resource_refusal(self, kind: str, properties: Parameters) -> Refusal | None:
        """The refusal of a template's resource, None if it can be created.

        Parameters
        ----------
        kind : type of the resource, a key of KINDS
        properties : resolved, without Ref and Fn::
        """
        service, operation, names = KINDS[kind]
        same_form = {name: value for name, value in properties.items() if name not in OTHER_FORM}
        parameters = {names.get(name, name): value for name, value in same_form.items()}
        if "definition" in parameters:
            content, substitutions = parameters["definition"], properties.get("DefinitionSubstitutions") or {}
            parameters["definition"] = refusals_services.definition_text(content, substitutions)
        if "ZipFile" in (parameters.get("Code") or {}):  # source text in a template, a package in the API
            parameters["Code"] = {"ZipFile": ""}
        violations = self.models.violations(service, operation, parameters)
        violations = [one for one in violations if not one.missing and not one.mistyped]
        check_names = TEMPLATE_CHECKS.get(operation)
        checks: tuple[Any, ...] = self.checks.get(service, {}).get(operation, ())
        checks = tuple(one for one in checks if check_names is None or one.__name__ in check_names)
        refusals = (check(self.limits, parameters) for check in checks)
        return _violation_refusal(service, violations[:1]) or next(filter(None, refusals), None)


def _violation_refusal(service: str, violations: list[Violation]) -> Refusal | None:
    if not violations:
        return None
    if any(one.mistyped for one in violations):
        return Refusal(400, "SerializationException", "Unexpected value")
    for one in violations:
        if (service, one.shape) in SPECIAL_FORM:
            text = f"Value {one.value} at '{one.path}' failed to satisfy constraint: {one.constraint}"
            return Refusal(400, refusals_lambda.PARAMETER, text)
    count = format_count(len(violations), "validation error")
    text = f"{count} detected: {'; '.join(one.text for one in violations)}"
    return Refusal(400, CODES.get(service, "ValidationException"), text)


def install(limits: Limits) -> None:
    """Put the checks in front of the services of the emulator that is loaded in this process."""
    from ministack import app
    from ministack.services.cloudformation import provisioners

    refusals = Refusals(limits)
    load_models()
    for name, handler in app.SERVICE_HANDLERS.items():
        app.SERVICE_HANDLERS[name] = _check_requests(refusals, name, handler)
    for kind in KINDS:
        handlers = provisioners._RESOURCE_HANDLERS[kind]
        handlers["create"] = _check_resource(refusals, kind, handlers["create"], 1)
        if "update" in handlers:
            handlers["update"] = _check_resource(refusals, kind, handlers["update"], 2)


def _check_requests(refusals: Refusals, name: str, handler: Handler) -> Handler:
    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = _refusal_answer(refusals, name, method, path, headers, body, query) or await handler(
            method, path, headers, body, query
        )
        return _with_model_s_names(name, path, answer) if answer[0] >= 400 else answer

    return handle


def _with_model_s_names(name: str, path: str, answer: Answer) -> Answer:
    """A refusal whose text has the name that the SDK's model of this error gives it: message or Message."""
    service = model_of(name, path)
    status, headers, body = answer
    if service is None or b'"message"' not in body:
        return answer
    fields = json.loads(body)
    code = {name.lower(): value for name, value in headers.items()}.get("x-amzn-errortype", "")
    code = str(fields.get("__type", code)).rpartition("#")[2]
    if code not in model(service).shape_names or "Message" not in model(service).shape_for(code).members:
        return answer
    fields["Message"] = fields.pop("message")
    return status, headers, json.dumps(fields).encode()


def _refusal_answer(
    refusals: Refusals, name: str, method: str, path: str, headers: Any, body: bytes, query: Any
) -> Answer | None:
    """The answer to a request that AWS refuses, None if AWS accepts it."""
    if name == "s3":
        refusal = refusals_services.object_key(refusals.limits, path) if method == "PUT" else None
        return _answer("s3", refusal) if refusal else None
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
        return 200, headers, json.dumps(refusals_services.validation_answer(parameters)).encode()
    refusal = None if service == "sqs" else refusals.model_refusal(service, operation, parameters)
    refusal = refusal or refusals.service_refusal(service, operation, parameters)
    if refusal is None and operation in ("Invoke", "InvokeWithResponseStream", "InvokeAsync"):
        refusal = refusals_lambda.payload_refusal(body)
    return _answer(service, refusal) if refusal else None


def _answer(service: str, refusal: Refusal) -> Answer:
    """The answer with a refusal, in the form of the service's protocol."""
    protocol = "rest-xml" if service == "s3" else model(service).metadata["protocol"]
    if service == "sqs":
        from ministack.services import sqs

        answer: Answer = sqs._json_err_resp(refusal.code, refusal.message, refusal.status)
        return answer
    if protocol == "rest-json":
        has_type = service == "lambda" and refusal.code not in (
            "ValidationException",
            "SerializationException",
        )
        fields = {"Type": "User", "message": refusal.message} if has_type else {"message": refusal.message}
        headers = {"Content-Type": "application/json", "x-amzn-errortype": refusal.code}
        return refusal.status, headers, json.dumps(fields).encode()
    if protocol == "json":
        return refusal.json_1_1()
    inner = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    text_xml = (
        f"<Error>{inner}</Error>"
        if service == "s3"
        else (f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>")
    )
    return refusal.status, {"Content-Type": "application/xml"}, text_xml.encode()


def _check_resource(refusals: Refusals, kind: str, original: Handler, position: int) -> Handler:
    """Check a resource first; its properties are argument `position` of a create or an update."""

    def provision(*args: Any, **kwargs: Any) -> Any:
        refusal = refusals.resource_refusal(kind, args[position])
        if refusal:
            raise ValueError(event_reason(refusal, kind.split("::")[1]))
        return original(*args, **kwargs)

    return provision
