"""Loops of the language extensions are written out; those over what nobody knows are reported."""

import json

import pytest

from explorer.check.runner import Check


@pytest.fixture
def check(tmp_path):
    def of(resources, **sections):
        path = tmp_path / "template.json"
        path.write_text(
            json.dumps({"Transform": "AWS::LanguageExtensions", **sections, "Resources": resources})
        )
        return Check(lambda path, judge: []).run([path])

    return of


def function(**properties):
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def times(report):
    return {f.resource: f.value for f in report.all_findings if f.limit == "lambda.timeout"}


def test_a_loop_over_a_list_makes_a_resource_for_each(check):
    loop = ["Name", ["A", "B"], {"F${Name}": function(Timeout=1801, Description={"Fn::Sub": "of ${Name}"})}]
    report = check({"Fn::ForEach::Functions": loop})
    assert times(report) == {"FA": 1801, "FB": 1801} and not report.skipped
    assert {f.value for f in report.all_findings if f.limit == "lambda.description"} == {4}


def test_a_loops_variable_is_filled_in_where_a_ref_names_it(check):
    loop = ["Seconds", ["10", "1801"], {"F&{Seconds}": function(Timeout={"Ref": "Seconds"})}]
    assert times(check({"Fn::ForEach::F": loop})) == {"F10": 10, "F1801": 1801}


def test_loops_within_loops_and_over_a_parameter(check):
    inner = ["B", ["x", "y"], {"F${A}${B}": function(Timeout=5)}]
    loop = ["A", {"Ref": "Names"}, {"Fn::ForEach::Inner": inner}]
    parameters = {"Names": {"Type": "CommaDelimitedList", "Default": "p, q"}}
    assert set(times(check({"Fn::ForEach::Outer": loop}, Parameters=parameters))) == {
        "Fpx",
        "Fpy",
        "Fqx",
        "Fqy",
    }


def test_a_loop_in_properties_is_written_out(check):
    variables = {"Fn::ForEach::V": ["N", ["A", "B"], {"KEY_${N}": "x" * 2040}]}
    report = check({"F": function(Environment={"Variables": variables})})
    assert [f.value for f in report.all_findings if f.limit == "lambda.env"] == [2 * (5 + 2040 + 6) + 1]


@pytest.mark.parametrize(
    "loop",
    [
        ["Name", {"Ref": "Names"}, {"F${Name}": function()}],
        ["Name", ["A", {"Fn::ImportValue": "x"}], {"F${Name}": function()}],
        ["Name", ["A"]],
        None,
        ["Name", [str(n) for n in range(5001)], {"F${Name}": function()}],
    ],
)
def test_a_loop_that_cannot_be_written_out_is_reported(check, loop):
    report = check({"Fn::ForEach::Functions": loop, "G": function(Timeout=5)})
    assert [(one.resource, one.reason) for one in report.skipped] == [
        ("Fn::ForEach::Functions", "unresolved")
    ]
    assert times(report).get("G") == 5


SKIPPED = [
    ({"Conditions": {"C": {"Fn::Equals": ["a", "b"]}}}, {"F": {**function(), "Condition": "C"}}, "condition"),
    ({"Transform": "Mine"}, {"F": function()}, "macro"),
    ({"Transform": [{"Name": "AWS::Include"}]}, {"F": function()}, "macro"),
    ({}, {"F": function(), "Fn::Transform": {"Name": "Mine"}}, "macro"),
    ({}, {"F": {**function(), "Properties": {"Fn::Transform": {"Name": "x"}, "Timeout": 3}}}, "macro"),
    ({}, {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Fn::GetAtt": ["A", "B"]}}}, "unresolved"),
    (
        {},
        {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "none.yaml"}}},
        "missing-file",
    ),
    (
        {},
        {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x/y"}}},
        "remote",
    ),
    (
        {},
        {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {"Ref": "U"}}}},
        "unresolved",
    ),
    (
        {},
        {"N": {"Type": "AWS::Serverless::Application", "Properties": {"Location": {"ApplicationId": "a"}}}},
        "remote",
    ),
]


@pytest.mark.parametrize(("sections", "resources", "reason"), SKIPPED)
def test_what_a_template_leaves_to_the_deployment_is_told_of(check, sections, resources, reason):
    assert [one.reason for one in check(resources, **sections).skipped] == [reason]


@pytest.mark.parametrize(
    "uri",
    [
        {"Fn::ImportValue": "function"},
        "arn:aws:apigateway:x:lambda:path/x/functions/arn:aws:lambda:x:1:function:other/invocations",
    ],
)
def test_an_integration_of_a_function_of_another_stack_is_told_of(check, uri):
    method = {"Integration": {"Type": "AWS_PROXY", "Uri": uri, "TimeoutInMillis": 30000}}
    api = {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {"EndpointConfiguration": {"Types": ["REGIONAL"]}},
    }
    report = check({"A": api, "M": {"Type": "AWS::ApiGateway::Method",
                                    "Properties": {"RestApiId": {"Ref": "A"}, **method}}})  # fmt: skip
    assert [(one.reason, one.resource) for one in report.skipped] == [("unresolved", "M")]
    assert [(f.verdict, f.value) for f in report.all_findings if f.limit == "apigw.rest.timeout"] == [
        ("tight", 30)
    ]


@pytest.mark.parametrize("kind", ["HTTP_PROXY", "MOCK"])
def test_an_integration_of_no_function_is_not(check, kind):
    method = {"Integration": {"Type": kind, "Uri": {"Ref": "Address"}}}
    assert not check({"M": {"Type": "AWS::ApiGateway::Method", "Properties": method}}).skipped
