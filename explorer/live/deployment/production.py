"""What the template for production adds: access logs, throttles and alarms.

It depends only on the types of the resources, not on the options that made them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from explorer.facts import catalogue
from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.resources import (
    PREFIX,
    Resource,
    attribute,
    log_group,
    ref,
    statement_of,
    substitute,
)

from .template import Stack, template_entry

HTTP_STAGE, REST_STAGE = "AWS::ApiGatewayV2::Stage", "AWS::ApiGateway::Stage"
ACCESS_LOG_FIELDS = {  # fields of a request, by API Gateway's names
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationStatus": "$context.integrationStatus",
    "error": "$context.error.message",
}
SOCKET_LOG_FIELDS = {  # of a connection or a message
    name: ACCESS_LOG_FIELDS[name] for name in ("requestId", "time", "ip", "status", "error")
} | {
    "event": "$context.eventType",
    "connection": "$context.connectionId",
    "integrationLatency": "$context.integrationLatency",
}
TOPIC = "AlarmTopic"
PERIOD_S = 300


def production_template(stack: Stack, alarms: bool = False) -> dict[str, Any]:
    """The stack's template for production.

    Parameters
    ----------
    stack : the design for a workload
    alarms : whether to add alarms for errors, throttles and lost jobs, and the topic that they notify

    Returns
    -------
    The template as JSON values, with access logs and a throttle on each stage of an API.
    """
    template: dict[str, Any] = json.loads(json.dumps(stack.template))
    resources = template["Resources"]
    additions = [resource for resource in stack.of(Resource) if resource.owned_alone]
    for name, resource in resources.items():
        if resource["Type"] in (HTTP_STAGE, REST_STAGE):
            additions.append(_access_log(name, resource, _is_for_sockets(resource, resources)))
            _throttle(resource, _peak_rps(stack))
    if alarms:
        additions += _alarms(resources)
        template["Outputs"]["AlarmTopic"] = {"Description": "Subscribe to it.", "Value": ref(TOPIC)}
    for addition in additions:
        resources[addition.id] = template_entry(addition)
    return template


def _peak_rps(stack: Stack) -> float:
    """Peak rate of requests at the door: submissions, polls, connections and pages [1/s]."""
    load, path = Conditions(stack.workload), Paths.of(stack.design.flow)
    exchanges = [*load.exchanges(path), *([load.connections] if path.socket else [])]
    return sum(float(load.peak_rps * term) for term in exchanges)


def _is_for_sockets(stage: Mapping[str, Any], resources: Mapping[str, Any]) -> bool:
    """Whether a stage belongs to a WebSocket API."""
    if stage["Type"] != HTTP_STAGE:
        return False
    api = resources[stage["Properties"]["ApiId"]["Ref"]]
    return bool(api["Properties"]["ProtocolType"] == "WEBSOCKET")


def _access_log(stage: str, resource: dict[str, Any], for_sockets: bool) -> Resource:
    """The log of a stage; the stage gets the setting that writes it."""
    name = f"{stage}AccessLog"
    log_fields = SOCKET_LOG_FIELDS if for_sockets else ACCESS_LOG_FIELDS
    log_format = json.dumps(log_fields, separators=(",", ":"))
    setting = "AccessLogSettings" if resource["Type"] == HTTP_STAGE else "AccessLogSetting"
    resource["Properties"][setting] = {"DestinationArn": attribute(name), "Format": log_format}
    return Resource(name, "AWS::Logs::LogGroup", log_group(f"/aws/apigateway/~-{stage.lower()}"))


def _throttle(resource: dict[str, Any], peak_rps: float) -> None:
    """Set a limit above the workload's peak: a higher rate is not its own load, and would cost."""
    headroom = catalogue.constant("export.throttle_headroom").value
    rate = {
        "ThrottlingRateLimit": max(math.ceil(headroom * peak_rps), 1),
        "ThrottlingBurstLimit": max(math.ceil(headroom * peak_rps), 1),
    }
    if resource["Type"] == HTTP_STAGE:
        resource["Properties"]["DefaultRouteSettings"] = {"DetailedMetricsEnabled": True, **rate}
    else:
        all_methods = {"ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": True, **rate}
        resource["Properties"]["MethodSettings"] = [all_methods]


# Alarms


def _alarms(resources: Mapping[str, Any]) -> Iterable[Resource]:
    """An alarm for each resource whose metrics show that work fails, waits or is lost."""
    yield Resource(TOPIC, "AWS::SNS::Topic", {"TopicName": substitute(f"{PREFIX}-alarms")})
    permission = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": ref(TOPIC),
        "Condition": {"StringEquals": {"AWS:SourceAccount": ref("AWS::AccountId")}},
    }
    policy = {"Topics": [ref(TOPIC)], "PolicyDocument": statement_of([permission])}
    yield Resource(f"{TOPIC}Policy", "AWS::SNS::TopicPolicy", policy)
    dead_letter_queues = _dead_letters(resources)
    for name, resource in resources.items():
        kind = resource["Type"]
        if kind == "AWS::Lambda::Function":
            of_function = {"FunctionName": ref(name)}
            yield _alarm(f"{name}Errors", "AWS/Lambda", "Errors", of_function)
            yield _alarm(f"{name}Throttles", "AWS/Lambda", "Throttles", of_function)
        elif kind == "AWS::SQS::Queue":
            of_queue = {"QueueName": attribute(name, "QueueName")}
            if name in dead_letter_queues:  # a message here is lost to its caller
                metric = "ApproximateNumberOfMessagesVisible"
                yield _alarm(f"{name}Filled", "AWS/SQS", metric, of_queue, "Maximum")
            else:
                oldest = "ApproximateAgeOfOldestMessage"
                visibility_s = resource["Properties"].get("VisibilityTimeout", PERIOD_S)
                yield _alarm(f"{name}Age", "AWS/SQS", oldest, of_queue, "Maximum", visibility_s)
        elif kind == "AWS::StepFunctions::StateMachine":
            of_machine = {"StateMachineArn": ref(name)}
            yield _alarm(f"{name}Failed", "AWS/States", "ExecutionsFailed", of_machine)
            yield _alarm(f"{name}TimedOut", "AWS/States", "ExecutionsTimedOut", of_machine)
        elif kind == HTTP_STAGE:
            of_api = {"ApiId": resource["Properties"]["ApiId"], "Stage": resource["Properties"]["StageName"]}
            errors = "IntegrationError" if _is_for_sockets(resource, resources) else "5xx"
            yield _alarm(f"{name}Errors", "AWS/ApiGateway", errors, of_api)
        elif kind == REST_STAGE:
            of_api = {"ApiName": substitute(f"{PREFIX}-api"), "Stage": resource["Properties"]["StageName"]}
            yield _alarm(f"{name}Errors", "AWS/ApiGateway", "5XXError", of_api)


def _dead_letters(resources: Mapping[str, Any]) -> set[str]:
    """The queues that receive what failed, from other queues and from asynchronous calls."""
    places = [
        resource["Properties"].get("RedrivePolicy", {}).get("deadLetterTargetArn")
        for resource in resources.values()
    ]
    places += [
        resource["Properties"].get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        for resource in resources.values()
    ]
    return {place["Fn::GetAtt"][0] for place in places if isinstance(place, dict) and "Fn::GetAtt" in place}


def _alarm(
    name: str,
    namespace: str,
    metric: str,
    dimensions: Mapping[str, Any],
    statistic: str = "Sum",
    threshold: float = 0,
) -> Resource:
    properties = {
        "AlarmName": substitute(f"{PREFIX}-{name}"),
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": statistic,
        "Period": PERIOD_S,
        "EvaluationPeriods": 1,
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [ref(TOPIC)],
    }
    return Resource(f"{name}Alarm", "AWS::CloudWatch::Alarm", properties)
