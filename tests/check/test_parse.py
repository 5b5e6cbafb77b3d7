"""Templates as text: lines, tags, aliases, and what must neither hang nor end the program."""

import json
import string
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer import errors
from explorer.check import nodes, resolve, runner, template, terraform
from explorer.check import nodes as reader
from explorer.check.findings import Judge
from explorer.check.parse import ParseError, from_json, from_yaml, parse
from explorer.check.skipped import Skipped

YAML = """\
Resources:            # a comment
  F:
    Type: AWS::Lambda::Function
    Properties:
      Timeout: !Ref Wait
      Name: !Sub "${A}-f"
      Arn: !GetAtt F.Arn
      Text: |
        two
        lines
"""


def test_a_yaml_tree_knows_its_lines_and_short_functions():
    properties = parse(YAML)["Resources"]["F"]["Properties"]
    assert properties["Timeout"] == {"Ref": "Wait"} and properties["Name"] == {"Fn::Sub": "${A}-f"}
    assert properties["Arn"] == {"Fn::GetAtt": "F.Arn"} and properties["Text"] == "two\nlines\n"
    assert [properties.at(name) for name in properties] == [5, 6, 7, 8]


def test_a_json_tree_knows_its_lines():
    tree = parse('{"Resources": {\n "F": {"Timeout": 30,\n "On": true, "Not": null}}}')
    assert tree["Resources"].at("F") == 2 and tree["Resources"]["F"].at("On") == 3
    assert tree == {"Resources": {"F": {"Timeout": "30", "On": True, "Not": None}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 30", "30"),
        ('a: "30"', "30"),
        ("a: 1.10", "1.10"),
        ("a: yes", True),
        ('a: "yes"', "yes"),
        ("a: ~", None),
        ("a:", None),
        ("a: !!str true", "true"),
        ("a: 2012-10-17", "2012-10-17"),
        ("a: !If [C, 1, 2]", {"Fn::If": ["C", "1", "2"]}),
    ],
)
def test_a_scalar_stays_as_it_was_written(text, value):
    assert from_yaml(text)["a"] == value


def test_aliases_are_shared_and_merged():
    tree = from_yaml("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\nd: {<<: [*a, {z: 4}]}")
    assert tree["b"] == {"x": "1", "y": "3"} and tree["c"] is tree["a"] and tree["d"]["z"] == "4"
    assert tree["b"].at("x") == 1


LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
HOSTILE = {
    "a billion laughs": LAUGHS,
    "a billion merges": LAUGHS.replace("[", "{<<: [").replace("]", "]}"),
    "an alias of itself": "a: &a [*a]",
    "an alias of nothing": "a: *b",
    "flow a million deep": "[" * 1_000_000,
    "objects a million deep": '{"a":' * 1_000_000,
    "blocks very deep": "\n".join(" " * n + "a:" for n in range(3000)),
    "dashes very deep": "- " * 100_000,
    "tags very deep": "!Sub [" * 100_000,
    "a key without end": "? " * 100_000,
    "a text without end": '{"a": "' + "x" * 1_000_000,
    "very large": "- a\n" * 30_000_000,
    "controls": "a: \x00\x01",
    "a tab": "a:\n\t- b",
    "directives": "%YAML 9.9\n%TAG ! x\n---\na: b: c",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_refused_in_one_line_and_at_once(name):
    began = time.perf_counter()
    with pytest.raises(ParseError) as refused:
        parse(HOSTILE[name])
    assert time.perf_counter() - began < 5 and "\n" not in str(refused.value)


def test_a_tag_makes_nothing():
    assert from_yaml("a: !!python/object/apply:os.system [ls]") == {"a": ["ls"]}


def test_a_large_template_is_read():
    resources = {
        f"F{n}": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": n}} for n in range(20_000)
    }
    assert len(parse(json.dumps({"Resources": resources}))["Resources"]) == 20_000


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", '{"a" 1}', '{"a":}', "[1 2]", "tru", "{1: 2}", "[]]", '"a', "01", "[1}", "nul"]
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ParseError):
        from_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def as_written(value):
    """A value with its numbers as the text that JSON writes."""
    if isinstance(value, dict):
        return {key: as_written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_written(inner) for inner in value]
    return value if value is None or isinstance(value, bool | str) else json.dumps(value)


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_is_read_as_it_was_written(value, indent, ascii_only):
    assert from_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only)) == as_written(value)


PLAIN = st.recursive(
    st.text(string.ascii_letters, min_size=1) | st.integers().map(str),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(string.ascii_letters), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1), PLAIN, min_size=1), st.booleans())
def test_yaml_is_read_as_a_library_reads_it(value, flow):
    text = yaml.safe_dump(value, default_flow_style=flow)
    assert from_yaml(text) == yaml.load(text, yaml.BaseLoader)


# Fuzzed: an answer or one line, and never a traceback ------------------------------------------------


def refused_or_read(content):
    try:
        return parse(content)
    except ParseError as error:
        assert "\n" not in str(error)
        return None


TOKENS = [
    "a",
    "b: ",
    "- ",
    "? ",
    ": ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "!Sub ",
    "!Ref ",
    "!!str ",
    "<<: ",
    "#",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "\t",
    "\\u00e9",
    "\U0001f600",
    "\x85",
    "\ufeff",
    "~",
    "30",
    "Resources:\n",
    "{{",
    "${",
]


@settings(max_examples=300)
@given(st.text() | st.lists(st.sampled_from(TOKENS), max_size=40).map("".join))
def test_any_text_is_read_or_refused_in_one_line(content):
    refused_or_read(content)  # holds the message to one line; any other error fails the test


INTRINSICS = [
    "Ref",
    "Fn::Sub",
    "Fn::Join",
    "Fn::If",
    "Fn::FindInMap",
    "Fn::Select",
    "Fn::Split",
    "Fn::GetAtt",
    "Fn::Base64",
    "Fn::ToJsonString",
    "Fn::Equals",
    "Fn::And",
    "Fn::Not",
    "Fn::Or",
    "Condition",
    "Fn::Transform",
    "Fn::ForEach::X",
    "Fn::Cidr",
    "Fn::ImportValue",
    "<<",
]
NAMES = [
    "A",
    "B",
    "C",
    "AWS::NoValue",
    "AWS::Region",
    "A.Arn",
    "${A}",
    "${!A}",
    "${A.B}-${C}",
    "0",
    "1",
    "-1",
    "9" * 5000,
    "1e400",
    "nan",
    "{{resolve:ssm:x}}",
    "",
    ",",
    "arn:aws:lambda:x:y:function:A",
    "Allow",
    "Api",
    "SQS",
    "EXPRESS",
]
NODE = st.recursive(
    st.sampled_from(NAMES) | st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(INTRINSICS), inner, min_size=1, max_size=1)
        | st.dictionaries(st.sampled_from([*INTRINSICS, *NAMES]), inner, max_size=3)
    ),
    max_leaves=12,
)
TYPES = [
    "AWS::Lambda::Function",
    "AWS::Serverless::Function",
    "AWS::Serverless::Api",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Version",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::SNS::Subscription",
    "AWS::S3::Bucket",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
    "AWS::Serverless::StateMachine",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    "AWS::AppSync::DataSource",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::CloudFront::Distribution",
    "AWS::Serverless::Connector",
    "AWS::AppConfig::HostedConfigurationVersion",
    "AWS::ApiGateway::Authorizer",
    "AWS::Serverless::Application",
    "AWS::CloudFormation::Stack",
]
PROPERTIES = [
    "Timeout",
    "MemorySize",
    "Environment",
    "Variables",
    "Layers",
    "EphemeralStorage",
    "SnapStart",
    "FunctionName",
    "Handler",
    "Description",
    "EventInvokeConfig",
    "DurableConfig",
    "ReservedConcurrentExecutions",
    "Events",
    "Type",
    "Properties",
    "RestApiId",
    "ApiId",
    "Integration",
    "Uri",
    "IntegrationUri",
    "TimeoutInMillis",
    "RequestParameters",
    "Body",
    "DefinitionBody",
    "DefinitionUri",
    "Principal",
    "SourceArn",
    "Policies",
    "Role",
    "Statement",
    "Action",
    "Resource",
    "Effect",
    "Queue",
    "VisibilityTimeout",
    "Value",
    "Tier",
    "SecretString",
    "Definition",
    "DefinitionString",
    "States",
    "Targets",
    "LoadBalancerAttributes",
    "EventSourceArn",
    "Endpoint",
    "TopicArn",
    "NotificationConfiguration",
    "Subscription",
    "Source",
    "Destination",
    "Permissions",
    "CodeUri",
    "Code",
    "EndpointConfiguration",
    "Auth",
    "LambdaConfig",
    "AuthorizerUri",
    "Location",
    "TemplateURL",
    "Parameters",
    "PRESIGN_TTL",
    "x-amazon-apigateway-integration",
    "ProtocolType",
    "Target",
    "MaximumRetryAttempts",
]
BODY = st.recursive(
    NODE, lambda inner: st.dictionaries(st.sampled_from(PROPERTIES), inner, max_size=6), max_leaves=15
)
RESOURCE = st.fixed_dictionaries(
    {"Type": st.sampled_from(TYPES) | NODE},
    optional={
        "Properties": st.dictionaries(st.sampled_from(PROPERTIES), BODY, max_size=8) | NODE,
        "Condition": NODE,
        "Metadata": NODE | st.just({"explorer": {"ignore": "x"}}),
        "IgnoreGlobals": NODE,
    },
)
TEMPLATE = st.fixed_dictionaries(
    {
        "Resources": st.dictionaries(
            st.sampled_from(["A", "B", "C", "Fn::ForEach::X"]), RESOURCE | NODE, min_size=1
        )
    },
    optional={
        "Parameters": st.dictionaries(
            st.sampled_from("ABC"), st.fixed_dictionaries({"Type": NODE, "Default": NODE}) | NODE
        ),
        "Conditions": st.dictionaries(st.sampled_from("ABC"), NODE),
        "Mappings": NODE,
        "Globals": st.dictionaries(st.sampled_from(["Function", "Api"]), BODY) | NODE,
        "Metadata": NODE,
    },
)


@settings(max_examples=500)
@given(TEMPLATE)
def test_any_template_is_checked(content):
    tree = nodes.of(content)
    stack = template.stack(tree, "template.yaml")
    for finding in runner.apply_rules(Judge("template.yaml"), stack):
        json.dumps(finding.to_dict(), allow_nan=False)
        if isinstance(finding, Skipped):
            assert finding.text
            continue
        assert finding.verdict in ("fits", "tight", "breach", "unknown") and finding.message
    list(template.nested_templates(stack))


PLANNED = [
    "address",
    "type",
    "values",
    "mode",
    "resources",
    "child_modules",
    "timeout",
    "environment",
    "variables",
    "root_module",
    "after_unknown",
    "change",
    "expressions",
    "references",
    "module_calls",
    "module",
    "outputs",
    "expression",
    "uri",
    "rest_api_id",
    "layers",
    "ephemeral_storage",
    "visibility_timeout_seconds",
    "for_each_expression",
    "constant_value",
    "default_cache_behavior",
    "statement",
    "x",
    "out",
    "m",
]
ADDRESS_LIKE = st.sampled_from(
    [
        "aws_lambda_function",
        "aws_api_gateway_integration",
        "aws_sqs_queue",
        "module.m.aws_lambda_function.f",
        "aws_lambda_function.f",
        "aws_lambda_function.f[0]",
        "var.x",
        "module.m.out",
        'module.m["a"].aws_lambda_function.f[0]',
        'module.m["a"].out',
        "module.m",
        "each.value.x",
        "each.key",
        "count.index",
        "data.aws_iam_policy_document.d",
        "aws_cloudfront_distribution",
        "aws_iam_role_policy",
        "x",
    ]
)
PLAN = st.recursive(
    ADDRESS_LIKE | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PLANNED), inner, max_size=5),
    max_leaves=25,
)
RESOURCES = st.lists(
    st.fixed_dictionaries(
        {"address": ADDRESS_LIKE, "type": ADDRESS_LIKE, "values": PLAN},
        optional={"expressions": PLAN, "change": PLAN},
    )
    | PLAN
)
MODULE = st.fixed_dictionaries({"root_module": st.fixed_dictionaries({"resources": RESOURCES}) | PLAN}) | PLAN


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {"planned_values": MODULE, "configuration": MODULE, "resource_changes": RESOURCES | PLAN}
    )
)
def test_any_plan_is_checked(content):
    list(runner.apply_rules(Judge("plan.json"), terraform.stack(nodes.of(content), "plan.json")))


@settings(max_examples=200)
@given(
    st.text()
    | st.lists(st.sampled_from(["A", "=", "'", '"', "\n", "#", "export ", "$", "{", "\\", " "])).map("".join)
)
def test_any_dotenv_is_counted(content):
    try:
        (finding,) = runner.dotenv(Judge(".env"), runner.Path(".env"), content)
    except errors.ExplorerError:
        return
    assert finding.value >= 2


def test_texts_that_double_are_cut_short():
    node = "x" * 100
    for _ in range(60):
        node = {"Fn::Sub": ["${a}${a}", {"a": node}]}
    began = time.perf_counter()
    value = resolve.Scope(nodes.Map()).text(nodes.of(node))
    assert isinstance(value, nodes.Unknown) and time.perf_counter() - began < 2


def test_conditions_that_ask_one_another_end():
    conditions = {f"C{n}": {"Fn::And": [{"Condition": f"C{n + 1}"}] * 2} for n in range(3000)}
    conditions["C3000"] = {"Fn::Not": [{"Condition": "C0"}]}
    assert resolve.Scope(nodes.of({"Conditions": conditions})).holds("C0") is None


def test_the_reader_has_its_own_limit_of_depth():
    assert reader.MOST_DEPTH <= 100  # what resolves it afterwards goes down with it
