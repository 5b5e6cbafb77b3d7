"""The limits that apply to each type of resource, to list those not checked if a resource is unreadable."""

from __future__ import annotations

FUNCTION = ("lambda.timeout", "lambda.memory", "lambda.env")
MACHINE = ("sfn.duration.std", "sfn.duration.exp", "sfn.payload")
REST, HTTP = ("apigw.rest.timeout", "apigw.rest.timeout.edge"), ("apigw.http.timeout",)
PACKAGE = ("lambda.zip.unzipped",)

LIMITS: dict[str, tuple[str, ...]] = {
    "AWS::Lambda::Function": FUNCTION,
    "AWS::Serverless::Function": FUNCTION,
    "AWS::Lambda::EventSourceMapping": ("sqs.visibility",),
    "AWS::Lambda::EventInvokeConfig": ("lambda.async.retries", "lambda.async.age"),
    "AWS::StepFunctions::StateMachine": MACHINE,
    "AWS::Serverless::StateMachine": MACHINE,
    "AWS::SQS::Queue": ("sqs.visibility", "sqs.retention"),
    "AWS::SSM::Parameter": ("ssm.std", "ssm.adv"),
    "AWS::SecretsManager::Secret": ("sm.value",),
    "AWS::AppConfig::HostedConfigurationVersion": ("appconfig.size",),
    "AWS::ApiGateway::RestApi": REST,
    "AWS::ApiGateway::Method": REST,
    "AWS::Serverless::Api": REST,
    "AWS::ApiGatewayV2::Api": HTTP,
    "AWS::ApiGatewayV2::Integration": HTTP,
    "AWS::Serverless::HttpApi": HTTP,
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("alb.idle.timeout",),
    "AWS::AppSync::DataSource": ("appsync.time",),
    "AWS::CloudFront::Distribution": ("edge.timeout",),
    "AWS::CloudFormation::Stack": (),
    "AWS::Serverless::Application": (),
}
