"""Formats beside templates and plans: each into the same stack; what is not read, with a hint."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from explorer.check import nodes, recognition, rules
from explorer.check.findings import Judge
from explorer.check.recognition import unwrap
from explorer.check.runner import SOURCES, Check

REST, EDGE, HTTP = "apigw.rest.timeout", "apigw.rest.timeout.edge", "apigw.http.timeout"


@pytest.fixture
def check(tmp_path):
    def of(content, name="serverless.yml", **files):
        for other, text in {name: content, **files}.items():
            path = tmp_path / other
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text if isinstance(text, str) else json.dumps(text, indent=1), encoding="utf-8")
        return Check(lambda path, judge: []).run([tmp_path / name])

    return of


def of_limit(report, limit):
    return {f.resource: (f.verdict, f.value) for f in report.all_findings if f.limit == limit}


# The Serverless Framework -------------------------------------------------------------------------

SERVICE = """\
service: shop
provider:
  name: aws
  stage: ${{opt:stage, 'dev'}}
  {provider}
custom:
  slow: {{dev: 30, prod: 31}}
  wait: ${{self:custom.slow.${{opt:stage, 'dev'}}}}
functions:
  get-it:
    handler: app.handle
    {function}
    events:
      - {event}
"""
F = "GetDashitLambdaFunction"


def service(event="schedule: rate(1 day)", function="timeout: 10", provider="runtime: python3.13"):
    return SERVICE.format(event=event, function=function, provider=provider)


YES_OR_NO = """\
StartAt: Which
States:
  Which: {Type: Choice, Choices: [{Variable: $.a, BooleanEquals: true, Next: Yes}], Default: No}
  Yes: {Type: Succeed}
  No: {Type: Fail}
"""
STEPS = """\
service: shop
provider: {name: aws, runtime: python3.13}
stepFunctions: {stateMachines: {one: {definition: "${file(./steps.yml)}"}}}
"""
IN_SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  One: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: steps.yml}}
"""


def test_yes_and_no_are_names_of_states_to_the_serverless_framework(check):
    report = check(STEPS, **{"steps.yml": YES_OR_NO})
    assert {f.verdict for f in report.all_findings if f.limit == "sfn.definition"} <= {"fits"}


def test_yes_and_no_are_names_of_states_in_a_definition_by_itself(check):
    report = check(YES_OR_NO, "steps.asl.yml")
    assert {f.verdict for f in report.all_findings if f.limit == "sfn.definition"} <= {"fits"}


def test_yes_and_no_are_booleans_to_sam_which_reads_yaml_1_1(check):
    report = check(IN_SAM, "template.yaml", **{"steps.yml": YES_OR_NO})
    assert next(f.verdict for f in report.all_findings if f.limit == "sfn.definition") == "breach"


DOORS = [
    ("http: GET /x", EDGE, 29),
    ("httpApi: 'GET /x'", HTTP, 30),
    ("websocket: $connect", "apigw.ws.timeout", 29),
    ("cloudFront: {eventType: viewer-request, origin: s3://x}", "edge.timeout", 30),
]


@pytest.mark.parametrize(("event", "limit", "most"), DOORS)
@pytest.mark.parametrize("more", [0, 1])
def test_an_event_of_a_service_is_a_door(check, event, limit, most, more):
    report = check(service(event, f"timeout: {most + more}"))
    assert of_limit(report, limit) == {F: ("breach" if more else "tight", most + more)}
    (finding,) = [f for f in report.all_findings if f.limit == limit]
    assert finding.line == 12


def test_a_service_says_what_kind_of_rest_api_it_has(check):
    report = check(service("http: GET /x", "timeout: 30", "endpointType: regional"))
    assert of_limit(report, REST) == {F: ("breach", 30)} and not of_limit(report, EDGE)


def test_an_asynchronous_event_is_no_door(check):
    assert not of_limit(check(service("http: {path: x, method: get, async: true}", "timeout: 300")), EDGE)


def test_what_a_service_does_not_set_is_the_frameworks_own(check):
    report = check(service(function="description: x"))
    assert of_limit(report, "lambda.timeout")[F][1] == 6 and of_limit(report, "lambda.memory")[F][1] == 1024


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("timeout: ${self:custom.wait}", 30),
        ("timeout: ${self:custom.none, 12}", 12),
        ("timeout: ${env:NONE, '14'}", 14),
        ("timeout: ${file(slow.yml):deep.seconds}", 17),
        ("timeout: ${ssm:/x}", None),
        ("timeout: ${file(slow.js):x}", None),
    ],
)
def test_a_variable_of_a_service_is_resolved_or_unknown(check, function, value):
    report = check(service(function=function), **{"slow.yml": "deep: {seconds: 17}\n", "slow.js": "x"})
    assert of_limit(report, "lambda.timeout")[F] == ("unknown" if value is None else "fits", value)


def test_an_environment_of_a_service_is_the_providers_and_the_functions(check):
    own, shared = "environment: {B: " + "x" * 2002 + "}", "environment: {A: " + "y" * 2080 + "}"
    report = check(service(function=own, provider=shared))
    assert of_limit(report, "lambda.env")[F] == ("breach", 2002 + 2080 + 2 * (1 + 6) + 1)


def test_a_queue_of_a_services_resources_is_known(check):
    queue = "resources: {Resources: {Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 9}}}}\n"
    report = check(service("sqs: {arn: !GetAtt Q.Arn}", "timeout: 10") + queue)
    assert of_limit(report, "sqs.visibility")[F] == ("breach", 10)


def test_functions_of_other_files_are_read_or_told_of(check):
    head = "service: s\nprovider: {name: aws}\nfunctions:\n"
    part = "f: {handler: a.b, timeout: 1801}\n"
    report = check(head + "  - ${file(more.yml)}\n  - ${file(none.yml)}\n", **{"more.yml": part})
    assert of_limit(report, "lambda.timeout") == {"FLambdaFunction": ("breach", 1801)}
    assert {one.reason for one in report.skipped} == {"missing-file", "unresolved"}


def test_state_machines_of_a_service(check):
    machine = "stepFunctions: {stateMachines: {m: {type: EXPRESS, definition: {TimeoutSeconds: 301}}}}\n"
    assert of_limit(check(service() + machine), "sfn.duration.exp") == {"M": ("breach", 301)}


def test_layers_of_a_service_are_measured(check, tmp_path):
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "x").write_bytes(b"x" * 20)
    layers = "layers: {deps: {path: deps}}\n"
    assert of_limit(check(service() + layers), "lambda.zip.unzipped") == {"DepsLambdaLayer": ("fits", 20)}


# Chalice, ASL, OpenAPI ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("app", "limits"),
    [
        ({}, {EDGE}),
        ({"app.py": "@app.route('/')\ndef f(): pass\n"}, {EDGE}),
        ({"app.py": "@app.schedule('x')\ndef f(): pass\n"}, set()),
    ],
)
def test_chalices_configuration_is_a_function_behind_a_rest_api(check, app, limits):
    content = {
        "version": "2.0",
        "app_name": "a",
        "lambda_timeout": 30,
        "stages": {"dev": {}, "prod": {"lambda_timeout": 29}},
    }
    report = check(content, ".chalice/config.json", **app)
    assert {f.limit for f in report.all_findings if f.verdict == "breach"} == limits
    assert of_limit(report, "lambda.timeout") == {
        "dev/APIHandler": ("fits", 30),
        "prod/APIHandler": ("fits", 29),
    }


@pytest.mark.parametrize(("seconds", "verdict"), [(31536000, "tight"), (31536001, "breach")])
@pytest.mark.parametrize("name", ["m.asl.json", "m.asl.yaml"])
def test_a_definition_by_itself(check, name, seconds, verdict):
    definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "TimeoutSeconds": seconds}
    assert of_limit(check(definition, name), "sfn.duration.std") == {name: (verdict, seconds)}


@pytest.mark.parametrize(
    ("extra", "wait", "limit", "verdict"),
    [
        ({}, 29000, REST, "fits"),
        ({}, 29001, REST, "tight"),  # by a raised quota
        ({"payloadFormatVersion": "2.0"}, 30000, HTTP, "fits"),
        ({"payloadFormatVersion": "2.0"}, 30001, HTTP, "breach"),
    ],
)
def test_a_description_by_itself_states_waits(check, extra, wait, limit, verdict):
    integration = {"type": "aws_proxy", "uri": "${function_arn}", "timeoutInMillis": wait, **extra}
    paths = {"/x": {"get": {"x-amazon-apigateway-integration": integration}}}
    report = check({"openapi": "3.0.1", "info": {"title": "api"}, "paths": paths}, "api.json")
    assert of_limit(report, limit) == {"api": (verdict, wait / 1000)}
    assert [one.reason for one in report.skipped] == ["unresolved"]  # whose time-out is not known


# Pulumi -------------------------------------------------------------------------------------------


def urn(kind, name):
    return f"urn:pulumi:dev::shop::{kind}::{name}"


def step(kind, name, inputs, op="create", **depends):
    state = {
        "urn": urn(kind, name),
        "type": kind,
        "custom": True,
        "inputs": inputs,
        "propertyDependencies": depends,
    }
    return {"op": op, "urn": urn(kind, name), "newState": state}


LATER = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
FUNCTION, QUEUE = "aws:lambda/function:Function", "aws:sqs/queue:Queue"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
WIRES = {"functionName": [urn(FUNCTION, "f")], "eventSourceArn": [urn(QUEUE, "q")]}


@pytest.mark.parametrize(("wait", "verdict"), [(31, "tight"), (30, "breach")])
def test_a_preview_is_read_by_terraforms_table(check, wait, verdict):
    steps = [
        step(
            FUNCTION,
            "f",
            {"timeout": 31, "ephemeralStorage": {"size": 10241}, "environment": {"variables": {"A": LATER}}},
        ),
        step(QUEUE, "q", {"visibilityTimeoutSeconds": wait}),
        step(MAPPING, "m", {"functionName": LATER, "eventSourceArn": LATER, "batchSize": 10}, **WIRES),
        step(FUNCTION, "gone", {"timeout": 1801}, op="delete"),
    ]
    report = check({"steps": steps, "changeSummary": {"create": 3, "same": 2}}, "preview.json")
    name = f"{FUNCTION}::f"
    assert of_limit(report, "sqs.visibility")[name] == (verdict, 31)
    assert of_limit(report, "lambda.tmp") == {name: ("breach", 10241)}
    assert of_limit(report, "lambda.env")[name][0] == "unknown"
    assert ["--show-sames" in one.text for one in report.skipped] == [True]


def test_a_program_that_names_no_properties_is_followed_by_its_dependencies(check):
    wired = step(MAPPING, "m", {"functionName": LATER, "eventSourceArn": LATER})
    wired["newState"] |= {"propertyDependencies": {}, "dependencies": [urn(FUNCTION, "f"), urn(QUEUE, "q")]}
    steps = [step(FUNCTION, "f", {"timeout": 31}), step(QUEUE, "q", {}), wired]
    assert of_limit(check({"steps": steps}, "preview.json"), "sqs.visibility")[f"{FUNCTION}::f"] == (
        "breach",
        31,
    )


def test_an_exported_stack_is_read_and_secrets_are_not(check):
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "hunter2"}
    resources = [
        step("aws:ssm/parameter:Parameter", "p", {"value": secret, "tier": "Standard"})["newState"],
        step("aws-native:lambda:Function", "n", {"timeout": 1801, "memorySize": 128})["newState"],
    ]
    report = check({"version": 3, "deployment": {"resources": resources}}, "stack.json")
    assert of_limit(report, "lambda.timeout") == {"aws-native:lambda:Function::n": ("breach", 1801)}
    assert of_limit(report, "ssm.std")["aws:ssm/parameter:Parameter::p"][0] == "unknown"
    assert "hunter2" not in json.dumps(report.to_dict())


# What is not read ---------------------------------------------------------------------------------

HINTS = [
    ("main.tf", 'resource "aws_lambda_function" "f" {}\n', "terraform show -json"),
    ("main.tf.json", '{"resource": {}}', "terraform show -json"),
    ("plan.log.json", '{"@level":"info","@module":"terraform.ui"}\n{"@level":"info"}\n', "holds no values"),
    ("state.json", '{"terraform_version": "1", "serial": 1, "lineage": "x"}', "as it is stored"),
    ("serverless.ts", "export default {}", "serverless package"),
    ("sst.config.ts", "export default {}", "SST"),
    ("Pulumi.yaml", "name: shop\nruntime: nodejs\n", "pulumi preview --json"),
    ("zappa_settings.json", '{"dev": {"app_function": "a.app", "timeout_seconds": 300}}', "zappa template"),
    ("netlify.toml", '[context.production.environment]\nA = "%s"\n' % ("x" * 4090), "4,098 bytes"),
    ("cdk.json", '{"app": "python app.py", "context": {}}', "cdk synth"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "hint"), HINTS)
def test_what_is_infrastructure_and_not_read_says_what_to_check(check, tmp_path, name, content, hint):
    assert hint in check(content, name).unreadable[0][1]
    (skipped,) = Check(lambda path, judge: []).run([tmp_path]).skipped
    assert skipped.reason == "unsupported-format" and hint in skipped.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("variables.tf", 'variable "x" {}\n'),
        ("main.tf", 'resource "google_storage_bucket" "b" {}\n'),
        ("serverless.yml", "service: s\nprovider: {name: google}\nfunctions: {}\n"),
        ("netlify.toml", '[build]\ncommand = "make"\n'),
        ("values.yaml", "provider: x\nreplicas: 3\n"),
    ],
)
def test_what_is_none_of_ours_in_a_folder_is_no_matter(check, tmp_path, name, content):
    check(content, name)
    report = Check(lambda path, judge: []).run([tmp_path])
    assert report.skipped == [] and report.unreadable == []


def test_source_with_its_plan_beside_it_is_not_skipped(check, tmp_path):
    check('resource "aws_lambda_function" "f" {}\n', "modules/main.tf")
    check({"planned_values": {"root_module": {}}}, "plan.json")
    assert Check(lambda path, judge: []).run([tmp_path]).skipped == []


def test_lines_keep_their_numbers_without_a_wrapper():
    assert unwrap('a\nb\n{"planned_values": {}}\nc') == '\n\n{"planned_values": {}}'


def test_a_service_that_is_packaged_beside_it_is_checked_once(check, tmp_path):
    check(service("httpApi: 'GET /x'", "timeout: 60"))
    packaged = {"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 1801}}}}
    check(packaged, ".serverless/cloudformation-template-update-stack.json")
    breaches = [
        f.limit for f in Check(lambda path, judge: []).run([tmp_path]).all_findings if f.verdict == "breach"
    ]
    assert breaches == ["lambda.timeout"]


def test_a_template_of_a_folder_that_cannot_be_read_ends_with_2(check, tmp_path):
    from explorer.cli.main import app

    check("Resources: {F: {Type: AWS::Lambda::Function, Properties: [}", "broken.yaml")
    check({"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {}}}}, "fine.json")
    result = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert result.exit_code == 2 and "broken.yaml" in result.stderr and "is not YAML" in result.stderr


# Fuzzed: an answer or a hint, and never a traceback -------------------------------------------------

KEYS = [
    *(
        "service",
        "provider",
        "name",
        "functions",
        "f",
        "events",
        "http",
        "httpApi",
        "sqs",
        "timeout",
        "stage",
    ),
    *(
        "environment",
        "resources",
        "Resources",
        "stepFunctions",
        "stateMachines",
        "definition",
        "custom",
        "file",
    ),
    *(
        "steps",
        "newState",
        "urn",
        "type",
        "inputs",
        "propertyDependencies",
        "deployment",
        "op",
        "changeSummary",
    ),
    *("app_name", "stages", "dev", "lambda_functions", "lambda_timeout", "environment_variables", "layers"),
    *("openapi", "paths", "x-amazon-apigateway-integration", "uri", "timeoutInMillis", "StartAt", "States"),
    *(
        "Type",
        "Properties",
        "extensions",
        "arn",
        "async",
        "url",
        "runtime",
        "context",
        "functionName",
        "body",
    ),
]
WORDS = [
    *("aws", "A", "${self:custom.x, 3}", "${self:service}", "${opt:stage, self:provider.stage}", "30", "-1"),
    *(
        "${file(x.yml):a}",
        "${",
        "${self:}",
        "aws:lambda/function:Function",
        "urn:pulumi:d::p::t::n",
        "create",
    ),
    *("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "aws-native:lambda:Function", "{}", "AWS::Lambda::Function"),
]
TREE = st.recursive(
    st.sampled_from(WORDS) | st.none() | st.booleans() | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(KEYS), TREE, max_size=6), st.sampled_from(SOURCES))
def test_any_tree_is_read_by_any_format(content, source):
    tree = nodes.of(content)
    source.is_one(tree, Path("x.yml"))
    recognition.by_content(tree)
    for one in rules.apply_rules(Judge("x.yml"), source.stack(tree, "x.yml", Path("none"))):
        row = one.to_dict()
        assert json.loads(json.dumps(row, allow_nan=False)) == row and (row.get("verdict") or row["reason"])


@settings(max_examples=200)
@given(
    st.text()
    | st.lists(st.sampled_from(["{", "}", '"planned_values"', ":", "\n", "[", "]", "1"])).map("".join)
)
def test_any_text_is_taken_out_of_a_wrapper(content):
    assert isinstance(unwrap(content), str) and recognition.is_plan_log(content) in (True, False)
