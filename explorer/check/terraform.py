"""A Terraform plan, from `terraform show -json`, as a stack of the same resources.

Values are the planned ones; what a plan does not know yet is an Unknown. Which resource refers to which
is in the plan's configuration, by way of modules' variables and outputs too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .nodes import List, Map, number
from .plan import Block, Plan
from .resolve import Scope
from .stack import Resource, Stack

Read = Callable[[Block], Any]


def is_plan(tree: Any) -> bool:
    """Whether a tree is a plan or a state as `terraform show -json` writes them."""
    return isinstance(tree, Map) and (
        "planned_values" in tree or ("terraform_version" in tree and "values" in tree)
    )


def stack(tree: Map, file: str) -> Stack:
    """The stack of a plan."""
    plan, scope, resources = Plan(tree), Scope(Map()), {}
    for address, kind, values, line in plan.resources():
        if kind in KINDS:
            name, fields = KINDS[kind]
            block = Block(plan, address, values)
            properties = {field: read(block) for field, read in fields.items()}
            known = Map({k: v for k, v in properties.items() if v is not None}, line)
            resources[address] = Resource(address, name, known, line, Map(), scope)
    return Stack(file, resources, scope)


def _of(name: str) -> Read:
    return lambda block: block.value(name)


def _ref(name: str) -> Read:
    return lambda block: block.refers(name)


def _in(outer: str, name: str, *into: str) -> Read:
    """An argument of an inner block, in mappings of these names."""

    def read(block: Block) -> Any:
        value = block.inner(outer, name)
        for key in reversed(into):
            value = None if value is None else Map({key: value})
        return value

    return read


def _reserved(block: Block) -> Any:
    value = block.value("reserved_concurrent_executions")
    return None if (number(value) or 0) < 0 else value  # -1: not reserved


def _integration(block: Block) -> Any:
    return Map(
        {
            "Uri": block.refers("uri"),
            "TimeoutInMillis": block.value("timeout_milliseconds"),
            "RequestParameters": block.value("request_parameters"),
        }
    )


def _attached(block: Block) -> Any:
    return List([Map({"Id": block.refers("target_id")})])


def _endpoint(block: Block) -> Any:
    types = block.inner("endpoint_configuration", "types")
    return None if types is None else Map({"Types": types})


def _idle(block: Block) -> Any:
    pair = {"Key": "idle_timeout.timeout_seconds", "Value": block.value("idle_timeout")}
    return None if pair["Value"] is None else List([Map(pair)])


KINDS: dict[str, tuple[str, dict[str, Read]]] = {
    "aws_lambda_function": (
        "AWS::Lambda::Function",
        {
            "Timeout": _of("timeout"),
            "MemorySize": _of("memory_size"),
            "FunctionName": _of("function_name"),
            "Handler": _of("handler"),
            "Description": _of("description"),
            "Layers": Block.layers,
            "Environment": lambda block: Map({"Variables": block.variables()}),
            "EphemeralStorage": _in("ephemeral_storage", "size", "Size"),
            "ReservedConcurrentExecutions": _reserved,
            "SnapStart": _in("snap_start", "apply_on", "ApplyOn"),
            "DurableConfig": _in("durable_config", "execution_timeout", "ExecutionTimeout"),
        },
    ),
    "aws_lambda_function_recursion_config": (
        "AWS::Lambda::RecursionConfig",
        {"FunctionName": _ref("function_name"), "RecursiveLoop": _of("recursive_loop")},
    ),
    "aws_lambda_function_event_invoke_config": (
        "AWS::Lambda::EventInvokeConfig",
        {
            "FunctionName": _ref("function_name"),
            "MaximumRetryAttempts": _of("maximum_retry_attempts"),
            "MaximumEventAgeInSeconds": _of("maximum_event_age_in_seconds"),
        },
    ),
    "aws_lambda_alias": ("AWS::Lambda::Alias", {"FunctionName": _ref("function_name")}),
    "aws_lambda_event_source_mapping": (
        "AWS::Lambda::EventSourceMapping",
        {"FunctionName": _ref("function_name"), "EventSourceArn": _ref("event_source_arn")},
    ),
    "aws_lambda_permission": (
        "AWS::Lambda::Permission",
        {
            "FunctionName": _ref("function_name"),
            "Principal": _of("principal"),
            "SourceArn": _ref("source_arn"),
        },
    ),
    "aws_sqs_queue": (
        "AWS::SQS::Queue",
        {
            "QueueName": _of("name"),
            "VisibilityTimeout": _of("visibility_timeout_seconds"),
            "MessageRetentionPeriod": _of("message_retention_seconds"),
        },
    ),
    "aws_api_gateway_rest_api": ("AWS::ApiGateway::RestApi", {"EndpointConfiguration": _endpoint}),
    "aws_api_gateway_integration": (
        "AWS::ApiGateway::Method",
        {"RestApiId": _ref("rest_api_id"), "Integration": _integration},
    ),
    "aws_apigatewayv2_api": (
        "AWS::ApiGatewayV2::Api",
        {"ProtocolType": _of("protocol_type"), "Target": _ref("target")},
    ),
    "aws_apigatewayv2_integration": (
        "AWS::ApiGatewayV2::Integration",
        {
            "ApiId": _ref("api_id"),
            "IntegrationUri": _ref("integration_uri"),
            "TimeoutInMillis": _of("timeout_milliseconds"),
        },
    ),
    "aws_lb": ("AWS::ElasticLoadBalancingV2::LoadBalancer", {"LoadBalancerAttributes": _idle}),
    "aws_lb_target_group_attachment": ("AWS::ElasticLoadBalancingV2::TargetGroup", {"Targets": _attached}),
    "aws_ssm_parameter": ("AWS::SSM::Parameter", {"Value": _of("value"), "Tier": _of("tier")}),
    "aws_secretsmanager_secret_version": (
        "AWS::SecretsManager::Secret",
        {"SecretString": _of("secret_string")},
    ),
    "aws_sfn_state_machine": (
        "AWS::StepFunctions::StateMachine",
        {"StateMachineType": _of("type"), "DefinitionString": _of("definition")},
    ),
}
