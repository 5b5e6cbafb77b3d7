"""Refusals of other services beyond their models: invalid names and texts, missing things.

Parameter Store, Secrets Manager, Step Functions, SQS, S3 and API Gateway. Each check returns a refusal, or
None to accept. The texts are AWS's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from explorer.check import state_language
from explorer.check.json_errors import json_problem

from . import state_mocks
from .limits import Limits, Refusal, invalid

Parameters = Mapping[str, Any]
Check = Callable[[Limits, Parameters], Refusal | None]
VALIDATION = "ValidationException"
PARAMETER_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+")
SECRET_NAME = re.compile(r"[a-zA-Z0-9/_+=.@!\-]+")
QUEUE_NAME = re.compile(r"[a-zA-Z0-9_-]+(\.fifo)?")
ROUTE = re.compile(r"\$default|\$connect|\$disconnect|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) /.*")
INVALID_IN_MACHINE_NAME = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]""")


def refuse(code: str, text: str, status: int = 400) -> Refusal:
    """A refusal with an error code, AWS's text and an HTTP status."""
    return Refusal(status, code, text)


# Parameter Store


def parameter_name(limits: Limits, parameters: Parameters) -> Refusal | None:
    """PutParameter: refuse a reserved or malformed name, and one with too many levels."""
    name = str(parameters.get("Name", ""))
    if not name:  # CloudFormation generates one
        return None
    first_level = name.strip("/").partition("/")[0].lower()
    if first_level.startswith("aws"):
        return refuse("AccessDeniedException", f"No access to reserved parameter name: {name}.")
    levels = [part for part in name.split("/") if part]
    if "/" in name and not name.startswith("/"):
        return refuse(VALIDATION, "Parameter name must be a fully qualified name.")
    bad_form = not PARAMETER_NAME.fullmatch(name) or "//" in name or name.endswith("/")
    if first_level.startswith("ssm") or bad_form:
        return refuse(
            VALIDATION,
            'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can '
            "consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, "
            "numbers and the following 3 symbols .-_",
        )
    most = limits["ssm.levels"]
    if len(levels) > most:
        return refuse(
            "HierarchyLevelLimitExceededException",
            f"Parameter name has too many levels: a maximum of {most} is supported.",
        )
    return None


def parameter_value(limits: Limits, parameters: Parameters) -> Refusal | None:
    """PutParameter: refuse an empty value."""
    if parameters.get("Value") == "":
        text = "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must "
        return refuse(VALIDATION, f"{text}have length greater than or equal to 1")
    return None


# Secrets Manager


INVALID_NAME = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)


def secret_id(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a secret's id that is neither an ARN nor a valid name."""
    id = str(parameters.get("SecretId", ""))
    if not id or id.startswith("arn:") or SECRET_NAME.fullmatch(id):
        return None
    return refuse(VALIDATION, INVALID_NAME)


def secret_name(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateSecret: refuse a name with invalid characters, or too long."""
    name, most = str(parameters.get("Name", "")), limits["sm.name"]
    if name and not SECRET_NAME.fullmatch(name):
        return refuse(VALIDATION, INVALID_NAME)
    if len(name) > most:
        return invalid(name, "name", f"have length less than or equal to {most}")
    return None


def one_value(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a secret with both a text and bytes."""
    if parameters.get("SecretString") is not None and parameters.get("SecretBinary") is not None:
        return refuse(
            "InvalidParameterException",
            "You can't specify both a binary secret value and a string secret value in the same secret.",
        )
    return None


def new_secret(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateSecret: refuse a name in use."""
    secret = _secret(parameters.get("Name"))
    if secret is None or parameters.get("ClientRequestToken") in (secret.get("Versions") or {}):
        return None
    if secret.get("DeletedDate"):
        return refuse(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        )
    text = f"The operation failed because the secret {parameters.get('Name')} already exists."
    return refuse("ResourceExistsException", text)


def secret_stage(limits: Limits, parameters: Parameters) -> Refusal | None:
    """GetSecretValue: refuse a stage that no version, or not the requested one, has."""
    secret, stage, id = (
        _secret(parameters.get("SecretId")),
        parameters.get("VersionStage"),
        parameters.get("VersionId"),
    )
    if secret is None or not stage:
        return None
    versions = secret.get("Versions") or {}
    stage_versions = [key for key, one in versions.items() if stage in (one.get("Stages") or ())]
    if id and id in versions and id not in stage_versions:
        text = "You provided a VersionStage that is not associated to the provided VersionId."
        return refuse("InvalidRequestException", text)
    if not stage_versions:
        text = f"Secrets Manager can't find the specified secret value for staging label: {stage}"
        return refuse("ResourceNotFoundException", text)
    return None


def rotation(limits: Limits, parameters: Parameters) -> Refusal | None:
    """RotateSecret: refuse a missing rotation function."""
    from ministack.services import lambda_svc

    secret, arn = _secret(parameters.get("SecretId")), str(parameters.get("RotationLambdaARN") or "")
    if arn and arn.partition(":function:")[2].partition(":")[0] not in lambda_svc._functions:
        return refuse(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy "
            "grants access to the principal secretsmanager.amazonaws.com.",
        )
    if secret is None or arn or secret.get("RotationLambdaARN"):
        return None
    text = "No Lambda rotation function ARN is associated with this secret."
    return refuse("InvalidRequestException", text)


def _secret(id: Any) -> Any:
    from ministack.services import secretsmanager

    return secretsmanager._resolve(id)[1] if id else None


# Step Functions


def arns(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a name in place of the ARN of a machine, an execution or an activity."""
    for name, value in parameters.items():
        if name.endswith("Arn") and name != "roleArn" and not str(value).startswith("arn:"):
            return refuse("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {value}'")
    return None


def machine_name(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a name with invalid characters, or too long."""
    name = str(parameters.get("name", ""))
    if name and (INVALID_IN_MACHINE_NAME.search(name) or len(name) > limits["sfn.name"]):
        return refuse("InvalidName", f"Invalid Name: '{name}'")
    return None


def definition(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a definition with errors."""
    text = parameters.get("definition")
    if text is None:
        return None
    kind = parameters.get("type") or _kind(parameters.get("stateMachineArn")) or state_language.STANDARD
    diagnostics = state_language.diagnostics(str(text), str(kind))
    if any(one.severity == state_language.ERROR for one in diagnostics):
        return refuse("InvalidDefinition", state_language.refusal_text(diagnostics))
    return None


def _kind(arn: Any) -> str | None:
    machine = _machines().get(arn) if arn else None
    return str(machine["type"]) if machine else None


def _machines() -> Any:
    from ministack.services import stepfunctions

    return stepfunctions._state_machines


def has_change(limits: Limits, parameters: Parameters) -> Refusal | None:
    """UpdateStateMachine: refuse a request without any change."""
    settings = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration")
    if any(parameters.get(name) is not None for name in (*settings, "encryptionConfiguration")):
        return None
    return refuse(
        "MissingRequiredParameter",
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
        "specified",
    )


def machine_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a missing machine; the emulator checks versions and aliases."""
    arn = str(parameters.get("stateMachineArn", ""))
    plain_parts = 7
    if arn and len(arn.split(":")) == plain_parts and arn not in _machines():
        return refuse("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return None


def machine_to_update(limits: Limits, parameters: Parameters) -> Refusal | None:
    """UpdateStateMachine: refuse a missing machine, and a version or an alias."""
    arn = str(parameters.get("stateMachineArn", ""))
    if arn not in _machines():
        return refuse("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return None


def new_machine(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateStateMachine: refuse a name in use, except for an identical machine."""
    from ministack.core.responses import get_account_id, get_region

    arn = f"arn:aws:states:{get_region()}:{get_account_id()}:stateMachine:{parameters.get('name')}"
    machine = _machines().get(arn)
    if machine is None or (
        machine["definition"] == parameters.get("definition")
        and machine["type"] == parameters.get("type", state_language.STANDARD)
    ):
        return None
    return refuse("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def execution_input(limits: Limits, parameters: Parameters) -> Refusal | None:
    """StartExecution: refuse an input that is not JSON."""
    text = parameters.get("input")
    if text is None:
        return None
    problem = json_problem(str(text)) if text else ("Invalid execution input.", 1, 1)
    if problem is None:
        return None
    return refuse("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{problem[0]}'")


def synchronous(limits: Limits, parameters: Parameters) -> Refusal | None:
    """StartSyncExecution: refuse a Standard workflow."""
    kind = _kind(parameters.get("stateMachineArn"))
    if kind and kind != state_language.EXPRESS:
        text = "This operation is not supported by this type of state machine"
        return refuse("StateMachineTypeNotSupported", text)
    return None


def not_express(limits: Limits, parameters: Parameters) -> Refusal | None:
    """DescribeExecution and its kind: refuse executions of Express workflows."""
    arn = str(parameters.get("executionArn", ""))
    if ":express:" in arn:
        text = f"Invalid Arn: 'Resource type not valid in this context: express' for arn '{arn}'"
        return refuse("InvalidArn", text)
    return None


def execution_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a missing execution."""
    from ministack.services import stepfunctions

    arn = str(parameters.get("executionArn", ""))
    if arn and arn not in stepfunctions._executions:
        return refuse("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return None


def validation_answer(parameters: Parameters) -> dict[str, Any]:
    """The body of the answer to ValidateStateMachineDefinition."""
    kind = str(parameters.get("type") or state_language.STANDARD)
    diagnostics = state_language.diagnostics(str(parameters.get("definition", "")), kind)
    if parameters.get("severity", state_language.ERROR) == state_language.ERROR:
        diagnostics = [one for one in diagnostics if one.severity == state_language.ERROR]
    most = int(parameters.get("maxResults") or 0) or len(diagnostics)
    failed = any(one.severity == state_language.ERROR for one in diagnostics)
    entries = [
        {"severity": one.severity, "code": one.code, "message": one.message}
        | ({"location": one.location} if one.location else {})
        for one in diagnostics[:most]
    ]
    result, truncated = "FAIL" if failed else "OK", len(diagnostics) > most
    return {"result": result, "diagnostics": entries, "truncated": truncated}


def version_description(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateStateMachine and its kind: refuse a version's description without publication."""
    if parameters.get("versionDescription") is None or parameters.get("publish"):
        return None
    return refuse(VALIDATION, "Version description can only be set when publish is true")


def activity_is_there(limits: Limits, parameters: Parameters) -> Refusal | None:
    """Refuse a missing activity."""
    from ministack.services import stepfunctions

    arn = str(parameters.get("activityArn", ""))
    if arn not in stepfunctions._activities:
        return refuse("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    return None


# SQS


def message(limits: Limits, parameters: Parameters) -> Refusal | None:
    """SendMessage: refuse a delay out of range [s]."""
    return _seconds(parameters, "DelaySeconds", limits["sqs.delay"], "DelaySeconds must be >= 0 and <= {}.")


def receive(limits: Limits, parameters: Parameters) -> Refusal | None:
    """ReceiveMessage: refuse a wait out of range [s]."""
    return _seconds(parameters, "WaitTimeSeconds", limits["sqs.wait"], "Must be >= 0 and <= {}, if provided.")


def _seconds(parameters: Parameters, name: str, most: float, reason: str) -> Refusal | None:
    value = parameters.get(name)
    if value is None or 0 <= int(value) <= most:
        return None
    text = f"Value {value} for parameter {name} is invalid. Reason: {reason.format(most)}"
    return refuse("InvalidParameterValue", text)


def batch(limits: Limits, parameters: Parameters) -> Refusal | None:
    """SendMessageBatch and its kind: refuse too many entries."""
    most, entries = limits["sqs.batch"], parameters.get("Entries") or []
    if len(entries) > most:
        text = f"Maximum number of entries per request are {most}. You have sent {len(entries)}."
        return refuse("TooManyEntriesInBatchRequest", text)
    return None


def queue(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateQueue: refuse an invalid name, and a FIFO attribute for a standard queue."""
    name, attributes = str(parameters.get("QueueName", "")), parameters.get("Attributes") or {}
    if not QUEUE_NAME.fullmatch(name) or len(name) > limits["sqs.name"]:
        return refuse(
            "InvalidParameterValue",
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to "
            f"{limits['sqs.name']} in length",
        )
    if not name.endswith(".fifo") and "ContentBasedDeduplication" in attributes:
        return refuse("InvalidAttributeName", "Unknown Attribute ContentBasedDeduplication.")
    return None


# S3 and API Gateway


def object_key(limits: Limits, path: str) -> Refusal | None:
    """PutObject: refuse a key that is too long [bytes]."""
    key = path.lstrip("/").partition("/")[2]
    if len(key.encode("utf-8", "surrogateescape")) > limits["s3.key"]:
        return refuse("KeyTooLongError", "Your key is too long")
    return None


def integration(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateIntegration: refuse a time-out out of range [ms]."""
    return _milliseconds(parameters.get("TimeoutInMillis"), limits["apigw.http.timeout"])


def rest_integration(limits: Limits, parameters: Parameters) -> Refusal | None:
    """PutIntegration: refuse a REST API's time-out out of range [ms]."""
    return _milliseconds(parameters.get("timeoutInMillis"), limits["apigw.rest.timeout"])


def _milliseconds(value: Any, most_s: float) -> Refusal | None:
    least, most = 50, round(most_s * 1000)
    if value is None or least <= int(value) <= most:
        return None
    return refuse("BadRequestException", f"Timeout should be between {least} ms and {most} ms")


def route(limits: Limits, parameters: Parameters) -> Refusal | None:
    """CreateRoute: refuse a malformed key."""
    from ministack.services import apigateway

    key = str(parameters.get("RouteKey", ""))
    api = apigateway._apis.get(parameters.get("ApiId"))
    if api and api.get("protocolType") == "HTTP" and not ROUTE.fullmatch(key):
        return refuse(
            "BadRequestException",
            f"The provided route key is not formatted properly for HTTP protocol. Format should be "
            f'"<HTTP METHOD> /<RESOURCE PATH>" or "$default": {key}',
        )
    return None


CHECKS: Mapping[str, Mapping[str, tuple[Check, ...]]] = {
    "ssm": {"PutParameter": (parameter_name, parameter_value)},
    "secretsmanager": {
        "CreateSecret": (secret_name, one_value, new_secret),
        "PutSecretValue": (secret_id, one_value),
        "UpdateSecret": (secret_id, one_value),
        "GetSecretValue": (secret_id, secret_stage),
        "RotateSecret": (rotation,),
        **dict.fromkeys(
            ("DeleteSecret", "DescribeSecret", "ListSecretVersionIds", "TagResource", "UntagResource"),
            (secret_id,),
        ),
        "ValidateResourcePolicy": (secret_id,),
    },
    "stepfunctions": {
        "CreateStateMachine": (machine_name, version_description, definition, new_machine),
        "UpdateStateMachine": (machine_to_update, version_description, has_change, definition),
        "DescribeStateMachine": (machine_is_there,),
        "StartExecution": (machine_name, machine_is_there, execution_input),
        "StartSyncExecution": (machine_is_there, synchronous, execution_input),
        "ListExecutions": (machine_is_there,),
        "DescribeExecution": (not_express, execution_is_there),
        "GetExecutionHistory": (not_express, execution_is_there),
        "StopExecution": (not_express, execution_is_there),
        "CreateActivity": (machine_name,),
        "DescribeActivity": (activity_is_there,),
        "GetActivityTask": (activity_is_there,),
        "TestState": (state_mocks.mocked_state,),
    },
    "sqs": {
        "SendMessageBatch": (batch,),
        "DeleteMessageBatch": (batch,),
        "ChangeMessageVisibilityBatch": (batch,),
        "SendMessage": (message,),
        "ReceiveMessage": (receive,),
        "CreateQueue": (queue,),
    },
    "apigatewayv2": {
        "CreateIntegration": (integration,),
        "UpdateIntegration": (integration,),
        "CreateRoute": (route,),
    },
    "apigateway": {"PutIntegration": (rest_integration,)},
}


def definition_text(content: Any, substitutions: Mapping[str, Any]) -> str:
    """The definition of a template as the service's text, with its substitutions applied."""
    text = content if isinstance(content, str) else json.dumps(content)
    for name, value in substitutions.items():
        text = text.replace(f"${{{name}}}", str(value))
    return text
