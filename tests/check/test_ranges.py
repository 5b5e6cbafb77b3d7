"""Lower ends, whole numbers, patterns, lists of values: `ranges.csv` against the SDK's own models."""

import gzip
import json
from pathlib import Path

import botocore
import pytest

from explorer.check.runner import Check
from explorer.facts import catalogue

MODELS = Path(botocore.__file__).parent / "data"
RANGES = catalogue.ranges()
IN_MODEL = [one for one in RANGES if one.model]


def ids(one):
    return f"{one.types[0].rpartition('::')[2]}.{'.'.join(one.path)}"


def shape(model, name):
    (path,) = sorted((MODELS / model).glob("*/service-2.json.gz"))[-1:]
    return json.loads(gzip.decompress(path.read_bytes()))["shapes"][name]


@pytest.mark.parametrize("one", IN_MODEL, ids=ids)
def test_a_range_is_that_of_the_sdks_model(one):
    model_shape = shape(one.model, one.shape)
    own = catalogue.limit(one.lower).value if one.lower != one.limit else one.least
    if one.kind == "number":
        assert own == pytest.approx(model_shape["min"] * one.factor)
    elif own is not None:
        assert own == model_shape["min"] or model_shape["min"] == 0
    assert not one.pattern or one.pattern == model_shape["pattern"]
    if one.has_upper:
        assert catalogue.limit(one.limit).value == model_shape["max"]


def template(kind, path, value):
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return {"Resources": {"R": {"Type": kind, "Properties": value}}}


@pytest.fixture
def breaches(tmp_path):
    """The limits that a template with one property breaks."""

    def of(kind, path, value):
        (tmp_path / "t.json").write_text(json.dumps(template(kind, path, value)))
        report = Check(lambda path, judge: []).run([tmp_path / "t.json"])
        assert report.files and not report.unreadable
        return [one.limit for one in report.findings if one.verdict == "breach"]

    return of


EDGES = [  # type, property, the least, the limit that one less breaks; by the documentation
    ("AWS::Lambda::Function", "Timeout", 1, "lambda.timeout.min"),
    ("AWS::Serverless::Function", "MemorySize", 128, "lambda.memory.min"),
    ("AWS::Lambda::Function", "EphemeralStorage.Size", 512, "lambda.tmp.min"),
    ("AWS::Lambda::Function", "ReservedConcurrentExecutions", 0, "lambda.concurrency"),
    ("AWS::Serverless::Function", "EventInvokeConfig.MaximumEventAgeInSeconds", 60, "lambda.async.age.min"),
    ("AWS::Lambda::EventInvokeConfig", "MaximumRetryAttempts", 0, "lambda.async.retries"),
    ("AWS::SQS::Queue", "MessageRetentionPeriod", 60, "sqs.retention.min"),
    ("AWS::SQS::Queue", "VisibilityTimeout", 0, "sqs.visibility"),
    ("AWS::SQS::Queue", "MaximumMessageSize", 1024, "sqs.message.min"),
    ("AWS::Lambda::EventSourceMapping", "BatchSize", 1, "lambda.esm.batch_size"),
    (
        "AWS::Lambda::EventSourceMapping",
        "ScalingConfig.MaximumConcurrency",
        2,
        "lambda.esm.sqs.max_concurrency",
    ),
    ("AWS::ECS::TaskDefinition", "EphemeralStorage.SizeInGiB", 21, "fargate.disk"),
    ("AWS::ECS::TaskDefinition", "ContainerDefinitions.[].StopTimeout", 2, "fargate.stop"),
    ("AWS::Batch::JobDefinition", "Timeout.AttemptDurationSeconds", 60, "batch.timeout.min"),
    ("AWS::ApiGatewayV2::Integration", "TimeoutInMillis", 50, "apigw.http.timeout"),
]


@pytest.mark.parametrize(("kind", "path", "least", "limit"), EDGES)
def test_one_under_the_least_is_a_breach_and_the_least_is_none(breaches, kind, path, least, limit):
    assert breaches(kind, path.split("."), least) == []
    assert breaches(kind, path.split("."), least - 1) == [limit]
    assert breaches(kind, path.split("."), str(least - 1)) == [limit]


UPPER = [
    ("AWS::SQS::Queue", "DelaySeconds", 900, "sqs.delay"),
    ("AWS::SQS::Queue", "ReceiveMessageWaitTimeSeconds", 20, "sqs.wait"),
    ("AWS::Lambda::EventSourceMapping", "ParallelizationFactor", 10, "lambda.esm.parallel"),
    ("AWS::Lambda::EventSourceMapping", "TumblingWindowInSeconds", 900, "lambda.esm.tumbling"),
    ("AWS::ApiGateway::Authorizer", "AuthorizerResultTtlInSeconds", 3600, "apigw.authorizer.ttl"),
    ("AWS::Batch::JobDefinition", "RetryStrategy.Attempts", 10, "batch.attempts"),
    (
        "AWS::CloudFront::Distribution",
        "DistributionConfig.Origins.[].ConnectionAttempts",
        3,
        "cf.connect.attempts",
    ),
    ("AWS::Lambda::Function", "DurableConfig.RetentionPeriodInDays", 90, "durable.retention"),
    ("AWS::Events::Rule", "Targets.[].RetryPolicy.MaximumEventAgeInSeconds", 86400, "eb.retry.age"),
]


@pytest.mark.parametrize(("kind", "path", "most", "limit"), UPPER)
def test_one_over_the_most_is_a_breach_and_the_most_is_none(breaches, kind, path, most, limit):
    assert breaches(kind, path.split("."), most) == []
    assert breaches(kind, path.split("."), most + 1) == [limit]


@pytest.mark.parametrize(
    ("days", "limits"), [(30, []), (45, ["logs.retention"]), (3653, []), (3654, ["logs.retention"])]
)
def test_a_retention_of_logs_is_one_of_those_that_there_are(breaches, days, limits):
    assert breaches("AWS::Logs::LogGroup", ["RetentionInDays"], days) == limits


@pytest.mark.parametrize("value", [2.5, "2.5"])
def test_a_setting_is_a_whole_number(breaches, value):
    assert breaches("AWS::Lambda::Function", ["Timeout"], value) == ["lambda.timeout"]
    assert breaches("AWS::Lambda::Function", ["Timeout"], 2.0) == []


TEXTS = [
    ("AWS::Lambda::Function", "FunctionName", "a-b_C9", "a b", "lambda.name"),
    ("AWS::Lambda::Function", "Handler", "app.handle", "app handle", "lambda.handler"),
    ("AWS::SQS::Queue", "QueueName", "a" * 75 + ".fifo", "a" * 76 + ".fifo", "sqs.name"),
    ("AWS::SQS::Queue", "QueueName", "a.fifo", "a.b", "sqs.name"),
    ("AWS::IAM::Role", "RoleName", "r" * 64, "r" * 65, "iam.role.name"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name", "a-b", "-a", "elb.name"),
    ("AWS::CloudFront::Function", "FunctionCode", "é" * 5120, "é" * 5121, "edge.functions.size"),
    ("AWS::Events::Rule", "Targets.[].Input", "x" * 8192, "x" * 8193, "eb.target.input"),
]


@pytest.mark.parametrize(("kind", "path", "good", "bad", "limit"), TEXTS)
def test_a_text_has_its_length_and_its_pattern(breaches, kind, path, good, bad, limit):
    assert breaches(kind, path.split("."), good) == []
    assert breaches(kind, path.split("."), bad) == [limit]


NAMES = [
    ("AB", []),
    ("A-B", ["lambda.env.name"]),
    ("AWS_REGION", ["lambda.env.name"]),
    ("9A", ["lambda.env.name"]),
]


@pytest.mark.parametrize(("name", "limits"), NAMES)
def test_a_name_of_the_environment_is_one_that_lambda_takes(breaches, name, limits):
    assert breaches("AWS::Lambda::Function", ["Environment", "Variables"], {name: "x"}) == limits


def test_what_is_under_its_least_does_not_fit_below_its_most(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(template("AWS::Lambda::Function", ["Timeout"], 0)))
    report = Check(lambda path, judge: []).run([tmp_path / "t.json"])
    assert [one.limit for one in report.findings if one.limit.startswith("lambda.timeout")] == [
        "lambda.timeout.min"
    ]


def test_a_parameter_whose_values_are_all_under_the_least_is_a_breach(tmp_path):
    tree = template("AWS::Lambda::Function", ["MemorySize"], {"Ref": "M"})
    tree["Parameters"] = {"M": {"Type": "Number", "AllowedValues": [64, 100]}}
    (tmp_path / "t.json").write_text(json.dumps(tree))
    report = Check(lambda path, judge: []).run([tmp_path / "t.json"])
    assert [one.value for one in report.findings if one.limit == "lambda.memory.min"] == [100]


@pytest.mark.parametrize(("days", "breaches"), [(0, []), (45, ["logs.retention"])])
def test_a_plans_retention_of_0_keeps_the_logs_for_ever(tmp_path, days, breaches):
    values = {"name": "g", "retention_in_days": days}
    group = {"address": "aws_cloudwatch_log_group.g", "mode": "managed", "type": "aws_cloudwatch_log_group",
             "name": "g", "values": values}  # fmt: skip
    plan = {"terraform_version": "1.9.8", "planned_values": {"root_module": {"resources": [group]}}}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    report = Check(lambda path, judge: []).run([tmp_path / "plan.json"])
    assert [one.limit for one in report.findings if one.verdict == "breach"] == breaches
