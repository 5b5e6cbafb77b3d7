"""The one table of arguments: complete for whatever a rule reads, and read in every provider's form."""

import pytest

from explorer.check import runner
from explorer.check.findings import Judge
from explorer.check.held_types import LIMITS
from explorer.check.nodes import Map, of
from explorer.check.resolve import Scope
from explorer.check.sources import pulumi
from explorer.check.stack import Resource, Stack
from explorer.check.terraform_arguments import TABLE, cloudformation_type

SAM = "SAM's own: Terraform has the resources that SAM makes of it"
ELSEWHERE = {  # types that limits are held against and that no row makes, each with its reason
    "AWS::CloudFormation::Stack": "a plan nests modules instead",
}
ABSENT = {  # properties that Terraform has no argument for, each with its reason
    ("AWS::Lambda::Function", "FunctionUrlConfig"): SAM,
    ("AWS::Lambda::Function", "CodeUri"): SAM,
    ("AWS::Lambda::Function", "InlineCode"): SAM,
    ("AWS::Lambda::Function", "Policies"): SAM,
    ("AWS::Lambda::Function", "Events"): SAM,
    ("AWS::Lambda::Function", "EventInvokeConfig"): SAM,
    ("AWS::Lambda::Function", "ProvisionedConcurrencyConfig"): SAM,
    ("AWS::Lambda::Function", "AutoPublishAlias"): SAM,
    ("AWS::Lambda::Function", "RecursiveLoop"): "aws_lambda_function_recursion_config says it",
    ("AWS::Lambda::LayerVersion", "Code"): "Content is its name",
    ("AWS::Lambda::LayerVersion", "CodeUri"): SAM,
    ("AWS::SNS::Topic", "Subscription"): "aws_sns_topic_subscription is a resource of its own",
    ("AWS::StepFunctions::StateMachine", "Definition"): "definition is a text",
    ("AWS::StepFunctions::StateMachine", "DefinitionSubstitutions"): "templatefile() has filled them in",
    ("AWS::StepFunctions::StateMachine", "DefinitionS3Location"): "definition is a text",
    ("AWS::ApiGateway::RestApi", "BodyS3Location"): "body is a text",
    ("AWS::ApiGateway::RestApi", "DefinitionBody"): SAM,
    ("AWS::ApiGateway::RestApi", "Auth"): SAM,
    ("AWS::ApiGatewayV2::Api", "BodyS3Location"): "body is a text",
    ("AWS::ApiGatewayV2::Api", "DefinitionBody"): SAM,
    ("AWS::StepFunctions::StateMachine", "Type"): SAM,
    ("AWS::ApiGatewayV2::Api", "Auth"): SAM,
    ("AWS::ApiGatewayV2::Integration", "Type"): "IntegrationType is its name",
    ("AWS::ApiGatewayV2::Integration", "type"): "of an OpenAPI document",
    ("AWS::CloudFront::Distribution", "LambdaFunctionARN"): "within DistributionConfig",
    ("AWS::KinesisFirehose::DeliveryStream", "ParameterName"): "within ProcessingConfiguration",
    ("AWS::Events::EventBus", "Policy"): "aws_cloudwatch_event_bus_policy is moved to it",
    ("AWS::Lambda::Alias", "ProvisionedConcurrencyConfig"): "a resource of its own",
    ("AWS::Events::Rule", "Targets"): "aws_cloudwatch_event_target is moved to it",
    ("AWS::S3::Bucket", "NotificationConfiguration"): "aws_s3_bucket_notification is moved to it",
    ("AWS::IAM::Policy", "Users"): "not read of a role",
    ("AWS::IAM::ManagedPolicy", "Roles"): "aws_iam_role_policy_attachment is moved to it",
}


class Recorded(Map):
    """A mapping that records the names read from it."""

    def __init__(self, pairs, read_names):
        super().__init__(pairs)
        self.read_names = read_names

    def get(self, name, default=None):
        self.read_names.add(name)
        return super().get(name, default)

    def __contains__(self, name):
        self.read_names.add(name)
        return super().__contains__(name)


def reads():
    """The types and the properties that rules ask for, of a resource of each type."""
    read_names, scope = {}, Scope(Map())
    kinds = {kind for kind, _ in TABLE.values()} | set(LIMITS)
    resources = {}
    for number, kind in enumerate(sorted(kinds)):
        names = read_names.setdefault(kind, set())
        properties = Recorded(
            {"FunctionName": Map({"Ref": "F"}), "Environment": Map({"Variables": Map()})}, names
        )
        name = "F" if kind == "AWS::Lambda::Function" else f"R{number}"
        resources[name] = Resource(name, kind, properties, 1, Map(), scope)
    list(runner.apply_rules(Judge("plan.json"), Stack("plan.json", resources, scope)))
    return read_names


def test_each_property_that_a_rule_reads_has_its_argument_or_a_reason():
    provided = {}
    for kind, shape in TABLE.values():
        provided.setdefault(kind, set()).update(shape)
    names = {"QueueName", "TopicName", "BucketName", "Name", "FunctionName"}  # looked for in every resource
    missing = {
        (kind, name)
        for kind, read_names in reads().items()
        if kind in provided
        for name in read_names - provided[kind] - names
        if (kind, name) not in ABSENT
    }
    assert not missing


def test_each_type_that_a_limit_is_held_against_has_its_row_or_a_reason():
    provided = {kind for kind, _ in TABLE.values()}
    assert {kind for kind in LIMITS if not kind.startswith("AWS::Serverless::")} <= provided | set(ELSEWHERE)


def test_a_provider_made_of_cloudformations_schemas_has_its_types():
    assert cloudformation_type("apigatewayv2", "Integration") == "AWS::ApiGatewayV2::Integration"
    assert cloudformation_type("lambda", "event_source_mapping") == "AWS::Lambda::EventSourceMapping"
    assert cloudformation_type("ec2", "vpc") is None


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("aws:lambda/function:Function", "aws_lambda_function"),
        ("aws:apigateway/restApi:RestApi", "aws_api_gateway_rest_api"),
        ("aws:apigatewayv2/integration:Integration", "aws_apigatewayv2_integration"),
        ("aws:lb/loadBalancer:LoadBalancer", "aws_lb"),
        ("aws:appsync/dataSource:DataSource", "aws_appsync_datasource"),
        ("aws:s3/bucketV2:BucketV2", "aws_s3_bucket"),
        ("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream", "aws_kinesis_firehose_delivery_stream"),
    ],
)
def test_pulumis_types_are_terraforms(token, kind):
    state = of({"urn": f"urn:pulumi:dev::p::{token}::n", "type": token, "inputs": {}})
    (resource,) = pulumi.stack(
        of({"steps": [{"op": "create", "newState": state}]}), "p.json"
    ).resources.values()
    assert resource.type == TABLE[kind][0]
