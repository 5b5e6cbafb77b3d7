"""A template makes on the local cloud all that it would make on AWS, and goes as it would go there."""

import json

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.support.local_bench import CODE, Bench, code, until

pytestmark = pytest.mark.live

KEY = {"AttributeName": "id", "KeyType": "HASH"}
TAGS = [{"Key": "explorer:stack", "Value": "whole"}]


def of(kind: str, **properties) -> dict:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def function(bench: Bench, **properties) -> dict:
    common = {"Role": bench.role, "Runtime": "python3.13", "Handler": "index.handle"}
    return of("Lambda::Function", **common, Code={"ZipFile": CODE}, **properties)


def resources(bench: Bench) -> dict:
    rule = {"Id": "old", "Status": "Enabled", "ExpirationInDays": 1, "Prefix": "results/"}
    parts = {"Id": "parts", "Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
    logged = [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Log", "Arn"]}}}]
    return {
        "Bucket": of("S3::Bucket", LifecycleConfiguration={"Rules": [rule, parts]}),
        "Table": of(
            "DynamoDB::Table",
            KeySchema=[KEY],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True},
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            SSESpecification={"SSEEnabled": True},
        ),
        "Worker": function(
            bench,
            FunctionName="whole-worker",
            RecursiveLoop={"Fn::If": ["Always", "Allow", "Terminate"]},
            ReservedConcurrentExecutions=7,
            DurableConfig={"ExecutionTimeout": 60, "RetentionPeriodInDays": 1},
        ),
        "Version": of("Lambda::Version", FunctionName={"Ref": "Worker"}),
        "Log": of("Logs::LogGroup", LogGroupName="/aws/vendedlogs/states/whole"),
        "Machine": of(
            "StepFunctions::StateMachine",
            RoleArn=bench.role,
            DefinitionString='{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}',
            LoggingConfiguration={"Level": "ERROR", "IncludeExecutionData": False, "Destinations": logged},
        ),
        "Api": of("ApiGatewayV2::Api", Name="whole", ProtocolType="HTTP"),
        "Stage": of(
            "ApiGatewayV2::Stage",
            ApiId={"Ref": "Api"},
            StageName="$default",
            DefaultRouteSettings={"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 10},
        ),
    }


@pytest.fixture(scope="module")
def whole(bench):
    """The ids of a stack of all that CloudFormation used to drop something of."""
    template = {"Conditions": {"Always": {"Fn::Equals": ["a", "a"]}}, "Resources": resources(bench)}
    formation = bench.client("cloudformation")
    formation.create_stack(StackName="whole", TemplateBody=json.dumps(template), Tags=TAGS)
    assert until(lambda: status(bench, "whole") == "CREATE_COMPLETE")
    rows = formation.list_stack_resources(StackName="whole")["StackResourceSummaries"]
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}


def status(bench: Bench, stack: str) -> str:
    return bench.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]


def test_a_bucket_has_its_lifecycle_and_tags(bench, whole):
    s3, name = bench.client("s3"), {"Bucket": whole["Bucket"]}
    rules = s3.get_bucket_lifecycle_configuration(**name)["Rules"]
    assert rules[0]["Expiration"] == {"Days": 1} and rules[0]["Filter"] == {"Prefix": "results/"}
    assert rules[1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert TAGS[0] in s3.get_bucket_tagging(**name)["TagSet"]


def test_a_table_has_its_time_to_live_backups_and_encryption(bench, whole):
    dynamodb, name = bench.client("dynamodb"), {"TableName": whole["Table"]}
    ttl = dynamodb.describe_time_to_live(**name)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    backups = dynamodb.describe_continuous_backups(**name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.describe_table(**name)["Table"]["SSEDescription"]["Status"] == "ENABLED"


def test_a_function_and_its_version_have_their_settings(bench, whole):
    functions, name = bench.client("lambda"), {"FunctionName": "whole-worker"}
    assert functions.get_function_recursion_config(**name)["RecursiveLoop"] == "Allow"
    assert functions.get_function_concurrency(**name)["ReservedConcurrentExecutions"] == 7
    durable = functions.get_function_configuration(**name, Qualifier="1")["DurableConfig"]
    assert durable == {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}


def test_a_machine_logs_and_a_stage_throttles(bench, whole):
    machine = bench.client("stepfunctions").describe_state_machine(stateMachineArn=whole["Machine"])
    assert machine["loggingConfiguration"]["level"] == "ERROR"
    stage = bench.client("apigatewayv2").get_stage(ApiId=whole["Api"], StageName="$default")
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 10.0}


@pytest.mark.parametrize(
    ("name", "resource", "says"),
    [
        ("code", {"Code": {"S3Bucket": "templates", "S3Key": "none.zip"}}, "NoSuchKey"),
        ("loop", {"RecursiveLoop": "Perhaps"}, "Allow, Terminate"),
    ],
)
def test_a_function_that_cannot_be_leaves_nothing(bench, name, resource, says):
    resource_of_it = function(bench, FunctionName=f"broken-{name}")
    resource_of_it["Properties"] |= resource
    assert bench.deploy(f"broken-{name}", {"It": resource_of_it}) == "ROLLBACK_COMPLETE"
    assert says in bench.reasons(f"broken-{name}")
    names = [row["FunctionName"] for row in bench.client("lambda").list_functions()["Functions"]]
    assert f"broken-{name}" not in names


def test_a_stack_goes_when_nobody_needs_it_any_more(bench):
    allowed = {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    policy = of("IAM::ManagedPolicy", ManagedPolicyName="going", PolicyDocument=allowed)
    bench.deploy("going", {"Bucket": of("S3::Bucket", BucketName="going"), "Policy": policy})
    s3, iam, formation = bench.client("s3"), bench.client("iam"), bench.client("cloudformation")
    arn = "arn:aws:iam::000000000000:policy/going"
    stack = formation.describe_stacks(StackName="going")["Stacks"][0]["StackId"]
    s3.put_object(Bucket="going", Key="k", Body=b"x")
    iam.create_user(UserName="holder")
    iam.attach_user_policy(UserName="holder", PolicyArn=arn)
    formation.delete_stack(StackName="going")
    assert until(lambda: status(bench, stack) == "DELETE_FAILED")
    assert "not empty" in bench.reasons(stack) and "attached" in bench.reasons(stack)
    s3.delete_object(Bucket="going", Key="k")
    iam.detach_user_policy(UserName="holder", PolicyArn=arn)
    formation.delete_stack(StackName="going")
    assert until(lambda: status(bench, stack) == "DELETE_COMPLETE")


@pytest.mark.parametrize("qualifier", ["$LATEST", "1", "now"])
def test_the_arn_in_a_description_has_the_qualifier_that_was_asked_for(bench, qualifier):
    functions, name = bench.client("lambda"), bench.function("described")
    if not functions.list_aliases(FunctionName=name)["Aliases"]:
        version = functions.publish_version(FunctionName=name)["Version"]
        functions.create_alias(FunctionName=name, Name="now", FunctionVersion=version)
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
    assert functions.get_function_configuration(FunctionName=name)["FunctionArn"] == arn
    of_version = {"FunctionName": name, "Qualifier": qualifier}
    assert functions.get_function_configuration(**of_version)["FunctionArn"] == f"{arn}:{qualifier}"
    assert functions.get_function(**of_version)["Configuration"]["FunctionArn"] == f"{arn}:{qualifier}"


def test_requests_of_containers_and_load_balancers_are_held_against_their_models(bench):
    balancers, tasks = (
        bench.session.client(service, config=Config(parameter_validation=False))
        for service in ("elbv2", "ecs")
    )
    with pytest.raises(ClientError) as caught:
        balancers.create_target_group(Name="group", Protocol="HTTP", Port=65_536)
    assert code(caught.value) == (400, "ValidationError")
    assert "'port' failed to satisfy constraint" in caught.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as caught:
        tasks.list_tasks(desiredStatus="SLEEPING")
    assert code(caught.value) == (400, "InvalidParameterException")
    assert balancers.create_target_group(Name="group", Protocol="HTTP", Port=65_535)["TargetGroups"]
    group = of("ElasticLoadBalancingV2::TargetGroup", Port=65_536, Protocol="HTTP")
    assert bench.deploy("no-port", {"Group": group}) == "ROLLBACK_COMPLETE"
    assert "'port' failed to satisfy constraint" in bench.reasons("no-port")
