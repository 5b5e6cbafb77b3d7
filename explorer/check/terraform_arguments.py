"""The table that maps arguments of Terraform's AWS provider to properties of CloudFormation.

A row is a resource type: the CloudFormation type, and its properties. An argument that no row names gets the
name that CloudFormation would use (`delay_seconds` becomes `DelaySeconds`), so the table holds only the
differences. Pulumi's AWS provider is generated from Terraform's: its previews use the same table, in camel
case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .nodes import List, Map, Text, Unknown, mapping, number, sequence
from .parse import ParseError, parse


class Arguments(Protocol):
    """The arguments of one resource, from Terraform or Pulumi."""

    address: str
    line: int

    def argument(self, name: str) -> Any:
        """An argument as a tree, by Terraform's name."""

    def names(self) -> Iterator[str]:
        """The names of the arguments that it has, in Terraform's form."""


@dataclass(frozen=True)
class Inner:
    """A block that occurs once, as a mapping of this shape; `many`: a list of them."""

    block: str
    shape: Mapping[str, Source]
    many: bool = False


Source = str | Inner | Callable[[Arguments], Any]  # an argument by name, a block, or a function
Shape = Mapping[str, Source]


def one(block: str, **shape: Source) -> Inner:
    """A block that occurs once."""
    return Inner(block, shape)


def many(block: str, **shape: Source) -> Inner:
    """A block that may occur several times."""
    return Inner(block, shape, many=True)


def properties(block: Arguments, shape: Shape) -> Map:
    """The properties of a resource by CloudFormation's names, without those that are not set."""
    values = {name: _read(block, source) for name, source in shape.items()}
    argument_names = {source if isinstance(source, str) else source.block for source in shape.values()
            if isinstance(source, str | Inner)}  # fmt: skip
    for name in block.names():
        if name not in argument_names and name not in APART and pascal(name) not in values:
            values[pascal(name)] = block.argument(name)
    return Map({name: value for name, value in values.items() if value is not None}, block.line)


def _read(block: Arguments, source: Source) -> Any:
    if isinstance(source, str):
        return block.argument(source)
    if isinstance(source, Inner):
        return _to_shape(block.argument(source.block), source, block.line)
    return source(block)


def _to_shape(tree: Any, inner: Inner, line: int) -> Any:
    if tree is None or isinstance(tree, Unknown):
        return tree
    rows = [_row(row, inner.shape, line) for row in sequence(tree)]
    if inner.many:
        return List(rows, line) if rows else None
    return rows[0] if rows else None


def _row(row: Any, shape: Shape, line: int) -> Any:
    if not isinstance(row, Map):
        return row
    values: dict[str, Any] = {}
    argument_names = set()
    for name, source in shape.items():
        if isinstance(source, str):
            argument_names.add(source)
            values[name] = _in(row, source)
        elif isinstance(source, Inner):
            argument_names.add(source.block)
            values[name] = _to_shape(_in(row, source.block), source, line)
    for name, value in row.items():
        plain = snake(name)
        if plain not in argument_names and f"{plain}".removesuffix("s") not in argument_names:
            values.setdefault(pascal(plain), value)
    return Map({name: value for name, value in values.items() if value is not None}, line)


def _in(row: Map, name: str) -> Any:
    """A value in a block, by its name in Terraform or in Pulumi."""
    for form in (name, camel(name), f"{camel(name)}s"):
        if form in row:
            return row[form]
    return None


def pascal(name: str) -> str:
    """Convert `delay_seconds` to CloudFormation's form.

    >>> pascal("delay_seconds")
    'DelaySeconds'
    """
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def camel(name: str) -> str:
    """Convert `delay_seconds` to Pulumi's form.

    >>> camel("delay_seconds")
    'delaySeconds'
    """
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def snake(name: str) -> str:
    """Convert `delaySeconds` to Terraform's form.

    >>> snake("delaySeconds")
    'delay_seconds'
    """
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


# Functions for single arguments -------------------------------------------------------------------


def _endpoint(block: Arguments) -> Any:
    """The endpoint of a REST API; a plan that leaves it to AWS's default still lists it, as unknown."""
    if "endpoint_configuration" not in block.names():
        return Unknown("the plan does not say it")
    return _read(block, one("endpoint_configuration", Types="types"))


def _first_argument(*names: str) -> Callable[[Arguments], Any]:
    """The first argument that is set, for names that differ between provider versions."""

    def read(block: Arguments) -> Any:
        for name in names:
            value = block.argument(name)
            if value is not None and value != "":
                return value
        return None

    return read


def _reserved_concurrency(block: Arguments) -> Any:
    value = block.argument("reserved_concurrent_executions")
    return None if (number(value) or 0) == -1 else value  # not reserved


def _retention(block: Arguments) -> Any:
    days = block.argument("retention_in_days")
    return None if number(days) == 0 else days  # 0: never deleted


def _code(block: Arguments) -> Any:
    """A package beside the plan or in S3, or an image."""
    if filename := block.argument("filename"):
        return filename
    location = {
        "S3Bucket": block.argument("s3_bucket"),
        "S3Key": block.argument("s3_key"),
        "ImageUri": block.argument("image_uri"),
    }
    return Map({name: value for name, value in location.items() if value is not None}, block.line) or None


def _document(name: str) -> Callable[[Arguments], Any]:
    """A JSON text as a tree; if it is known only later, its references."""

    def read(block: Arguments) -> Any:
        value = block.argument(name)
        return _parse(value, block.line)

    return read


def _parse(value: Any, line: int) -> Any:
    if not isinstance(value, str) or isinstance(value, Unknown) or not value.strip():
        return value or None
    try:
        tree = parse(value)
    except ParseError:
        return value
    refers = value.refers if isinstance(value, Text) else ()
    return _at(tree, line, refers) if isinstance(tree, Map) else value


def _at(tree: Any, line: int, refers: tuple[str, ...]) -> Any:
    """Put a tree parsed from a one-line text on that line."""
    if isinstance(tree, Map):
        return Map({name: _at(inner, line, refers) for name, inner in tree.items()}, line)
    if isinstance(tree, list):
        return List([_at(inner, line, refers) for inner in tree], line)
    return tree


def _integration(block: Arguments) -> Any:
    settings = {
        "Type": block.argument("type"),
        "Uri": block.argument("uri"),
        "IntegrationHttpMethod": block.argument("integration_http_method"),
        "TimeoutInMillis": block.argument("timeout_milliseconds"),
        "ResponseTransferMode": block.argument("response_transfer_mode"),
        "RequestParameters": block.argument("request_parameters"),
    }
    return Map({name: value for name, value in settings.items() if value is not None}, block.line)


def _policy_rows(block: Arguments) -> Any:
    return List([Map({"Id": block.argument("target_id")}, block.line)], block.line)


def _attributes(block: Arguments) -> Any:
    """A load balancer's attributes, in CloudFormation's form."""
    value = block.argument("idle_timeout")
    if value is None:
        return None
    pair = {"Key": "idle_timeout.timeout_seconds", "Value": value}
    return List([Map(pair, block.line)], block.line)


def _alone(name: str) -> Callable[[Arguments], Any]:
    """A single value as a list of one, which CloudFormation expects."""
    return lambda block: None if (value := block.argument(name)) is None else List([value], block.line)


def _policies(block: Arguments) -> Any:
    """The inline policies of a role, one document each."""
    rows = []
    for row in map(mapping, sequence(block.argument("inline_policy"))):
        if _in(row, "policy") is not None:
            document = _parse(_in(row, "policy"), block.line)
            name = _in(row, "name")
            rows.append(Map({"PolicyName": name, "PolicyDocument": document}, block.line))
    return List(rows, block.line) if rows else None


def _notifications(block: Arguments) -> Any:
    rows = [
        Map({"Function": _in(row, "lambda_function_arn"), "Event": _in(row, "events")}, block.line)
        for row in map(mapping, sequence(block.argument("lambda_function")))
    ]
    queues = [
        Map({"Queue": _in(row, "queue_arn"), "Event": _in(row, "events")}, block.line)
        for row in map(mapping, sequence(block.argument("queue")))
    ]
    settings = {
        "LambdaConfigurations": List(rows, block.line),
        "QueueConfigurations": List(queues, block.line),
    }
    return Map({name: value for name, value in settings.items() if value}, block.line) or None


def _target(block: Arguments) -> Any:
    """The target of a rule, in the form that CloudFormation lists in the rule."""
    pairs = {
        "Arn": block.argument("arn"),
        "Id": block.argument("target_id"),
        "Input": block.argument("input"),
    }
    target = {name: value for name, value in pairs.items() if value is not None}
    return List([Map(target, block.line)], block.line)


def _containers(block: Arguments) -> Any:
    tree = _parse(block.argument("container_definitions"), block.line)
    if isinstance(tree, str):
        try:
            tree = _at(parse(tree), block.line, ())
        except ParseError:
            return None
    return tree if isinstance(tree, list | Unknown) else None


BEHAVIOUR: Shape = {
    "TargetOriginId": "target_origin_id",
    "LambdaFunctionAssociations": many(
        "lambda_function_association", EventType="event_type", LambdaFunctionARN="lambda_arn",
        IncludeBody="include_body"
    ),
    "FunctionAssociations": many(
        "function_association", EventType="event_type", FunctionARN="function_arn"
    ),
}  # fmt: skip
ORIGIN: Shape = {
    "Id": "origin_id",
    "DomainName": "domain_name",
    "ConnectionAttempts": "connection_attempts",
    "ConnectionTimeout": "connection_timeout",
    "ResponseCompletionTimeout": "response_completion_timeout",
    "CustomOriginConfig": one(
        "custom_origin_config",
        OriginReadTimeout="origin_read_timeout",
        OriginKeepaliveTimeout="origin_keepalive_timeout",
        OriginProtocolPolicy="origin_protocol_policy",
    ),
}


def _distribution(block: Arguments) -> Any:
    settings = {
        "Enabled": block.argument("enabled"),
        "DefaultCacheBehavior": _to_shape(
            block.argument("default_cache_behavior"), Inner("", BEHAVIOUR), block.line
        ),
        "CacheBehaviors": _to_shape(
            block.argument("ordered_cache_behavior"), Inner("", BEHAVIOUR, many=True), block.line
        ),
        "Origins": _to_shape(block.argument("origin"), Inner("", ORIGIN, many=True), block.line),
    }
    return Map({name: value for name, value in settings.items() if value is not None}, block.line)


def _statements(block: Arguments) -> Any:
    """The statements of a policy document that consists of blocks."""
    rows = []
    for row in map(mapping, sequence(block.argument("statement"))):
        pairs = {
            "Effect": _in(row, "effect"),
            "Action": _in(row, "actions"),
            "Resource": _in(row, "resources"),
        }
        rows.append(Map({name: value for name, value in pairs.items() if value is not None}, block.line))
    return List(rows, block.line)


TRIGGERS = ("create_auth_challenge", "custom_message", "define_auth_challenge", "post_authentication",
            "post_confirmation", "pre_authentication", "pre_sign_up", "pre_token_generation",
            "user_migration", "verify_auth_challenge_response")  # fmt: skip

BALANCER: tuple[str, Shape] = (
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    {"LoadBalancerAttributes": _attributes, "Type": "load_balancer_type", "Name": "name"},
)
GROUP: tuple[str, Shape] = (
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    {"TargetGroupArn": "target_group_arn", "Targets": _policy_rows},
)
OBJECTS: tuple[str, Shape] = ("AWS::S3::Object", {})

TABLE: dict[str, tuple[str, Shape]] = {
    "aws_lambda_function": (
        "AWS::Lambda::Function",
        {
            "Timeout": "timeout",
            "MemorySize": "memory_size",
            "FunctionName": "function_name",
            "Handler": "handler",
            "Description": "description",
            "Runtime": "runtime",
            "Layers": "layers",
            "Role": "role",
            "Code": _code,
            "PackageType": "package_type",
            "Environment": one("environment", Variables="variables"),
            "EphemeralStorage": one("ephemeral_storage", Size="size"),
            "ReservedConcurrentExecutions": _reserved_concurrency,
            "SnapStart": one("snap_start", ApplyOn="apply_on"),
            "DurableConfig": one(
                "durable_config",
                ExecutionTimeout="execution_timeout",
                RetentionPeriodInDays="retention_period",
            ),
            "CapacityProviderConfig": one(
                "capacity_provider_config",
                LambdaManagedInstancesCapacityProviderConfig=one(
                    "lambda_managed_instances_capacity_provider_config",
                    CapacityProviderArn="capacity_provider_arn",
                ),
            ),
            "FileSystemConfigs": many("file_system_config", Arn="arn", LocalMountPath="local_mount_path"),
            "VpcConfig": one("vpc_config", SubnetIds="subnet_ids", SecurityGroupIds="security_group_ids"),
            "DeadLetterConfig": one("dead_letter_config", TargetArn="target_arn"),
            "ImageConfig": one("image_config"),
            "LoggingConfig": one("logging_config"),
            "TracingConfig": one("tracing_config"),
        },
    ),
    "aws_lambda_function_url": (
        "AWS::Lambda::Url",
        {
            "TargetFunctionArn": "function_name",
            "AuthType": "authorization_type",
            "InvokeMode": "invoke_mode",
            "Qualifier": "qualifier",
            "Cors": one("cors"),
        },
    ),
    "aws_lambda_function_recursion_config": (
        "AWS::Lambda::RecursionConfig",
        {"FunctionName": "function_name", "RecursiveLoop": "recursive_loop"},
    ),
    "aws_lambda_function_event_invoke_config": (
        "AWS::Lambda::EventInvokeConfig",
        {
            "FunctionName": "function_name",
            "MaximumRetryAttempts": "maximum_retry_attempts",
            "MaximumEventAgeInSeconds": "maximum_event_age_in_seconds",
            "DestinationConfig": one(
                "destination_config",
                OnSuccess=one("on_success", Destination="destination"),
                OnFailure=one("on_failure", Destination="destination"),
            ),
        },
    ),
    "aws_lambda_alias": (
        "AWS::Lambda::Alias",
        {"FunctionName": "function_name", "Name": "name", "FunctionVersion": "function_version"},
    ),
    "aws_lambda_provisioned_concurrency_config": (
        "AWS::Lambda::ProvisionedConcurrencyConfig",  # a setting of an alias or a version in CloudFormation
        {
            "FunctionName": "function_name",
            "Qualifier": "qualifier",
            "ProvisionedConcurrentExecutions": "provisioned_concurrent_executions",
        },
    ),
    "aws_lambda_layer_version": (
        "AWS::Lambda::LayerVersion",
        {"LayerName": "layer_name", "Content": _code, "CompatibleRuntimes": "compatible_runtimes"},
    ),
    "aws_lambda_event_source_mapping": (
        "AWS::Lambda::EventSourceMapping",
        {
            "FunctionName": "function_name",
            "EventSourceArn": "event_source_arn",
            "BatchSize": "batch_size",
            "Topics": "topics",
            "MaximumBatchingWindowInSeconds": "maximum_batching_window_in_seconds",
            "ParallelizationFactor": "parallelization_factor",
            "MaximumRecordAgeInSeconds": "maximum_record_age_in_seconds",
            "MaximumRetryAttempts": "maximum_retry_attempts",
            "TumblingWindowInSeconds": "tumbling_window_in_seconds",
            "FilterCriteria": one("filter_criteria", Filters=many("filter", Pattern="pattern")),
            "ScalingConfig": one("scaling_config", MaximumConcurrency="maximum_concurrency"),
            "ProvisionedPollerConfig": one(
                "provisioned_poller_config",
                MaximumPollers="maximum_pollers",
                MinimumPollers="minimum_pollers",
            ),
            "DestinationConfig": one(
                "destination_config", OnFailure=one("on_failure", Destination="destination_arn")
            ),
        },
    ),
    "aws_lambda_permission": (
        "AWS::Lambda::Permission",
        {
            "FunctionName": "function_name",
            "Principal": "principal",
            "SourceArn": "source_arn",
            "Action": "action",
        },
    ),
    "aws_sqs_queue": (
        "AWS::SQS::Queue",
        {
            "QueueName": "name",
            "FifoQueue": "fifo_queue",
            "VisibilityTimeout": "visibility_timeout_seconds",
            "MessageRetentionPeriod": "message_retention_seconds",
            "DelaySeconds": "delay_seconds",
            "MaximumMessageSize": "max_message_size",
            "ReceiveMessageWaitTimeSeconds": "receive_wait_time_seconds",
            "RedrivePolicy": _document("redrive_policy"),
        },
    ),
    "aws_sns_topic": ("AWS::SNS::Topic", {"TopicName": "name"}),
    "aws_sns_topic_subscription": (
        "AWS::SNS::Subscription",
        {"Protocol": "protocol", "Endpoint": "endpoint", "TopicArn": "topic_arn"},
    ),
    "aws_s3_bucket": ("AWS::S3::Bucket", {"BucketName": "bucket"}),
    "aws_s3_bucket_notification": (
        "AWS::S3::Notification",  # a setting of the bucket in CloudFormation: moved there
        {"Bucket": "bucket", "NotificationConfiguration": _notifications},
    ),
    "aws_s3_object": OBJECTS,
    "aws_s3_bucket_object": OBJECTS,
    "aws_iam_role": (
        "AWS::IAM::Role",
        {
            "RoleName": "name",
            "Path": "path",
            "MaxSessionDuration": "max_session_duration",
            "AssumeRolePolicyDocument": _document("assume_role_policy"),
            "ManagedPolicyArns": "managed_policy_arns",
            "Policies": _policies,
        },
    ),
    "aws_iam_role_policy": (
        "AWS::IAM::Policy",
        {"PolicyName": "name", "Roles": _alone("role"), "PolicyDocument": _document("policy")},
    ),
    "aws_iam_policy": (
        "AWS::IAM::ManagedPolicy",
        {"ManagedPolicyName": "name", "PolicyDocument": _document("policy")},
    ),
    "aws_iam_role_policy_attachment": (
        "AWS::IAM::Attachment",  # a setting of the policy in CloudFormation: moved there
        {"Roles": _alone("role"), "PolicyArn": "policy_arn"},
    ),
    "aws_iam_policy_attachment": ("AWS::IAM::Attachment", {"Roles": "roles", "PolicyArn": "policy_arn"}),
    "aws_iam_policy_document": ("AWS::IAM::Document", {"Statement": _statements}),
    "aws_api_gateway_rest_api": (
        "AWS::ApiGateway::RestApi",
        {
            "Name": "name",
            "Body": _document("body"),
            "Policy": _document("policy"),
            "EndpointConfiguration": _endpoint,
        },
    ),
    "aws_api_gateway_method": ("AWS::ApiGateway::Method", {"RestApiId": "rest_api_id"}),
    "aws_api_gateway_integration": (
        "AWS::ApiGateway::Method",
        {
            "RestApiId": "rest_api_id",
            "ResourceId": "resource_id",
            "HttpMethod": "http_method",
            "Integration": _integration,
        },
    ),
    "aws_api_gateway_authorizer": (
        "AWS::ApiGateway::Authorizer",
        {
            "RestApiId": "rest_api_id",
            "Type": "type",
            "AuthorizerUri": "authorizer_uri",
            "AuthorizerResultTtlInSeconds": "authorizer_result_ttl_in_seconds",
        },
    ),
    "aws_api_gateway_stage": ("AWS::ApiGateway::Stage", {"RestApiId": "rest_api_id"}),
    "aws_apigatewayv2_api": (
        "AWS::ApiGatewayV2::Api",
        {
            "Name": "name",
            "ProtocolType": "protocol_type",
            "Target": "target",
            "Body": _document("body"),
            "RouteSelectionExpression": "route_selection_expression",
            "CorsConfiguration": one("cors_configuration"),
        },
    ),
    "aws_apigatewayv2_integration": (
        "AWS::ApiGatewayV2::Integration",
        {
            "ApiId": "api_id",
            "IntegrationUri": "integration_uri",
            "IntegrationType": "integration_type",
            "PayloadFormatVersion": "payload_format_version",
            "TimeoutInMillis": "timeout_milliseconds",
            "RequestParameters": "request_parameters",
        },
    ),
    "aws_apigatewayv2_route": (
        "AWS::ApiGatewayV2::Route",
        {"ApiId": "api_id", "RouteKey": "route_key", "Target": "target", "AuthorizerId": "authorizer_id"},
    ),
    "aws_apigatewayv2_authorizer": (
        "AWS::ApiGatewayV2::Authorizer",
        {
            "ApiId": "api_id",
            "Name": "name",
            "AuthorizerType": "authorizer_type",
            "AuthorizerUri": "authorizer_uri",
            "AuthorizerResultTtlInSeconds": "authorizer_result_ttl_in_seconds",
            "AuthorizerPayloadFormatVersion": "authorizer_payload_format_version",
            "EnableSimpleResponses": "enable_simple_responses",
            "JwtConfiguration": one("jwt_configuration", Audience="audience", Issuer="issuer"),
        },
    ),
    "aws_lb": BALANCER,
    "aws_alb": BALANCER,
    "aws_lb_target_group_attachment": GROUP,
    "aws_alb_target_group_attachment": GROUP,
    "aws_appsync_datasource": (
        "AWS::AppSync::DataSource",
        {
            "Name": "name",
            "Type": "type",
            "ApiId": "api_id",
            "LambdaConfig": one("lambda_config", LambdaFunctionArn="function_arn"),
        },
    ),
    "aws_appsync_graphql_api": (
        "AWS::AppSync::GraphQLApi",
        {
            "Name": "name",
            "AuthenticationType": "authentication_type",
            "ResolverCountLimit": "resolver_count_limit",
            "QueryDepthLimit": "query_depth_limit",
            "LambdaAuthorizerConfig": one(
                "lambda_authorizer_config",
                AuthorizerUri="authorizer_uri",
                AuthorizerResultTtlInSeconds="authorizer_result_ttl_in_seconds",
            ),
        },
    ),
    "aws_cloudfront_distribution": (
        "AWS::CloudFront::Distribution",
        {"DistributionConfig": _distribution},
    ),
    "aws_cloudfront_function": (
        "AWS::CloudFront::Function",
        {"Name": "name", "FunctionCode": "code"},
    ),
    "aws_cognito_user_pool": (
        "AWS::Cognito::UserPool",
        {
            "UserPoolName": "name",
            "LambdaConfig": one("lambda_config", **{pascal(trigger): trigger for trigger in TRIGGERS}),
        },
    ),
    "aws_kinesis_firehose_delivery_stream": (
        "AWS::KinesisFirehose::DeliveryStream",
        {
            "DeliveryStreamName": "name",
            "ExtendedS3DestinationConfiguration": one(
                "extended_s3_configuration",
                ProcessingConfiguration=one(
                    "processing_configuration",
                    Processors=many(
                        "processors",
                        Type="type",
                        Parameters=many(
                            "parameters", ParameterName="parameter_name", ParameterValue="parameter_value"
                        ),
                    ),
                ),
            ),
        },
    ),
    "aws_cloudwatch_event_target": (
        "AWS::Events::Target",  # a setting of the rule in CloudFormation: moved there
        {"Rule": "rule", "Targets": _target, "Arn": "arn"},
    ),
    "aws_cloudwatch_event_rule": (
        "AWS::Events::Rule",
        {"Name": "name", "ScheduleExpression": "schedule_expression", "EventPattern": "event_pattern"},
    ),
    "aws_ssm_parameter": (
        "AWS::SSM::Parameter",
        {"Name": "name", "Tier": "tier", "Type": "type", "Value": _first_argument("insecure_value", "value")},
    ),
    "aws_secretsmanager_secret_version": (
        "AWS::SecretsManager::Secret",
        {"SecretString": "secret_string"},
    ),
    "aws_appconfig_hosted_configuration_version": (
        "AWS::AppConfig::HostedConfigurationVersion",
        {"Content": "content", "ContentType": "content_type"},
    ),
    "aws_sfn_state_machine": (
        "AWS::StepFunctions::StateMachine",
        {
            "StateMachineName": "name",
            "StateMachineType": "type",
            "DefinitionString": "definition",
            "RoleArn": "role_arn",
        },
    ),
    "aws_ecs_task_definition": (
        "AWS::ECS::TaskDefinition",
        {
            "Family": "family",
            "Cpu": "cpu",
            "Memory": "memory",
            "NetworkMode": "network_mode",
            "RequiresCompatibilities": "requires_compatibilities",
            "EphemeralStorage": one("ephemeral_storage", SizeInGiB="size_in_gib"),
            "ContainerDefinitions": _containers,
        },
    ),
    "aws_api_gateway_resource": (
        "AWS::ApiGateway::Resource",
        {"RestApiId": "rest_api_id", "ParentId": "parent_id", "PathPart": "path_part"},
    ),
    "aws_cloudwatch_log_group": (
        "AWS::Logs::LogGroup",
        {"LogGroupName": "name", "RetentionInDays": _retention},
    ),
    "aws_cloudwatch_log_subscription_filter": (
        "AWS::Logs::SubscriptionFilter",
        {"LogGroupName": "log_group_name", "DestinationArn": "destination_arn"},
    ),
    "aws_cloudwatch_event_bus": ("AWS::Events::EventBus", {"Name": "name"}),
    "aws_cloudwatch_event_bus_policy": (
        "AWS::Events::Policy",  # a setting of the bus in CloudFormation: moved there
        {"EventBusName": "event_bus_name", "Policy": _document("policy")},
    ),
    "aws_secretsmanager_secret_policy": (
        "AWS::SecretsManager::ResourcePolicy",
        {"SecretId": "secret_arn", "ResourcePolicy": _document("policy")},
    ),
    "aws_sqs_queue_policy": (
        "AWS::SQS::QueuePolicy",
        {"Queues": _alone("queue_url"), "PolicyDocument": _document("policy")},
    ),
    "aws_sns_topic_policy": (
        "AWS::SNS::TopicPolicy",
        {"Topics": _alone("arn"), "PolicyDocument": _document("policy")},
    ),
    "aws_s3_bucket_policy": (
        "AWS::S3::BucketPolicy",
        {"Bucket": "bucket", "PolicyDocument": _document("policy")},
    ),
    "aws_msk_cluster": ("AWS::MSK::Cluster", {"ClusterName": "cluster_name"}),
    "aws_msk_serverless_cluster": ("AWS::MSK::ServerlessCluster", {"ClusterName": "cluster_name"}),
    "aws_mq_broker": ("AWS::AmazonMQ::Broker", {"BrokerName": "broker_name"}),
    "aws_dynamodb_table": ("AWS::DynamoDB::Table", {"TableName": "name"}),
    "aws_kinesis_stream": ("AWS::Kinesis::Stream", {"Name": "name"}),
}
APART = {"id", "arn", "tags", "tags_all", "region", "timeouts", "source_code_hash", "depends_on"}
"""Arguments that are Terraform's own, or that nothing is held against."""
CLOUDFORMATION = {kind for kind, _ in TABLE.values()} | {"AWS::Lambda::Version"}


def cloudformation_type(service: str, name: str) -> str | None:
    """The CloudFormation type of a lower-case type in a provider generated from CloudFormation.

    >>> cloudformation_type("lambda", "function")
    'AWS::Lambda::Function'
    """
    lowercase_name = f"{service}{name}".replace("_", "").lower()
    return next(
        (kind for kind in CLOUDFORMATION if kind[5:].replace("::", "").lower() == lowercase_name), None
    )


def of_schema(tree: Any, line: int) -> Any:
    """A tree from a provider generated from CloudFormation's schemas, with CloudFormation's names."""
    if isinstance(tree, Map):
        return Map({pascal(name): of_schema(inner, line) for name, inner in tree.items()}, line)
    if isinstance(tree, list):
        return List([of_schema(inner, line) for inner in tree], line)
    return tree
