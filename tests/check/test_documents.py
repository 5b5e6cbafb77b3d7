"""State machines and OpenAPI: in the template, put together, in a file beside it; else reported."""

import json

import pytest

from explorer.check.runner import Check

LONG = {"StartAt": "A", "TimeoutSeconds": 301, "States": {"A": {"Type": "Succeed"}}}
SFN = "AWS::StepFunctions::StateMachine"


@pytest.fixture
def check(tmp_path):
    def of(kind, files=None, parameters=None, **properties):
        for name, content in (files or {}).items():
            (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
        if "StateMachine" in kind:
            properties = {("StateMachineType" if kind == SFN else "Type"): "EXPRESS", **properties}
        template = {
            "Parameters": parameters or {},
            "Resources": {"M": {"Type": kind, "Properties": properties}},
        }
        (tmp_path / "template.json").write_text(json.dumps(template, indent=1))
        return Check(lambda path, judge: []).run([tmp_path / "template.json"])

    return of


def joined(*parts):
    return {"Fn::Join": ["", list(parts)]}


ARN = {"Fn::GetAtt": ["F", "Arn"]}
TASK = '{"StartAt": "A", "TimeoutSeconds": %s, "States": {"A": {"Type": "Task", "Resource": "'
DEFINITIONS = {
    "a text": {"DefinitionString": json.dumps(LONG)},
    "a tree": {"Definition": LONG},
    "Fn::Join": {"DefinitionString": joined(TASK % 301, ARN, '", "End": true}}}')},
    "Fn::Sub": {"DefinitionString": {"Fn::Sub": TASK % 301 + '${F.Arn}", "End": true}}}'}},
    "a number that is not known": {
        "DefinitionString": joined(
            '{"TimeoutSeconds": 301, "States": {"A": {"Type": "Wait", "Seconds": ', ARN, "}}}"
        )
    },
    "substitutions": {
        "DefinitionString": TASK % "${Wait}" + '${Arn}"}}}',
        "DefinitionSubstitutions": {"Wait": 301, "Arn": ARN},
    },
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_is_read_however_it_is_put_together(check, name):
    report = check(SFN, **DEFINITIONS[name])
    assert [f.value for f in report.all_findings if f.limit == "sfn.duration.exp"] == [
        301
    ] and not report.skipped


@pytest.mark.parametrize(("seconds", "verdict"), [(300, "tight"), (301, "breach")])
@pytest.mark.parametrize("kind", ["AWS::Serverless::StateMachine", SFN])
def test_a_definition_in_a_file_is_a_part_of_the_template(check, kind, seconds, verdict):
    place = {"DefinitionUri": "m.asl.json"} if kind != SFN else {"DefinitionS3Location": "m.asl.json"}
    report = check(kind, {"m.asl.json": {**LONG, "TimeoutSeconds": seconds}}, **place)
    (finding,) = [one for one in report.all_findings if one.limit == "sfn.duration.exp"]
    assert (finding.verdict, finding.file.endswith("template.json"), finding.line) == (verdict, True, 8)


def test_a_value_that_is_not_known_is_unknown_in_a_definition(check):
    report = check(SFN, DefinitionString=joined('{"TimeoutSeconds": ', {"Ref": "Wait"}, ', "States": {}}'))
    assert [f.verdict for f in report.all_findings if f.limit == "sfn.duration.exp"] == ["unknown"]


UNREAD = [
    ({"DefinitionUri": "none.asl.json"}, "missing-file"),
    ({"DefinitionUri": "s3://bucket/m.json"}, "remote"),
    ({"DefinitionUri": {"Bucket": "b", "Key": "k"}}, "remote"),
    ({"DefinitionUri": {"Ref": "Place"}}, "unresolved"),
    ({"DefinitionUri": "broken.json"}, "unresolved"),
    ({"Definition": {"Fn::Transform": {"Name": "Mine"}}}, "macro"),
]


@pytest.mark.parametrize(("place", "reason"), UNREAD)
def test_a_definition_that_cannot_be_read_is_told_of(check, place, reason):
    report = check("AWS::Serverless::StateMachine", {"broken.json": '{"a": '}, **place)
    (skipped,) = report.skipped
    assert (skipped.reason, skipped.resource, skipped.line) == (reason, "M", 8)
    assert "sfn.payload" in skipped.limits


def test_a_text_of_nothing_but_unknowns_is_told_of(check):
    (skipped,) = check(SFN, DefinitionString={"Ref": "Given"}).skipped
    assert skipped.reason == "unresolved" and "known when it is deployed" in skipped.text


@pytest.mark.parametrize(
    ("kind", "place", "reason"),
    [
        ("AWS::Serverless::Api", {"DefinitionUri": "api.yaml"}, "missing-file"),
        ("AWS::ApiGateway::RestApi", {"BodyS3Location": {"Bucket": "b", "Key": "k"}}, "remote"),
        (
            "AWS::Serverless::Api",
            {
                "DefinitionBody": {
                    "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "none.yaml"}}
                }
            },
            "missing-file",
        ),
        ("AWS::ApiGatewayV2::Api", {"Body": {"Ref": "Given"}}, "unresolved"),
    ],
)
def test_a_description_that_cannot_be_read_is_told_of(check, kind, place, reason):
    assert [one.reason for one in check(kind, **place).skipped] == [reason]


def test_files_of_a_folder_that_a_template_names_are_not_checked_twice(check, tmp_path):
    check("AWS::Serverless::StateMachine", {"m.asl.json": LONG}, DefinitionUri="m.asl.json")
    (tmp_path / "other.asl.json").write_text(json.dumps({**LONG, "TimeoutSeconds": 31536001}))
    report = Check(lambda path, judge: []).run([tmp_path])
    assert sorted(file.rsplit("/", 1)[-1] for file in report.files) == ["other.asl.json", "template.json"]
    assert [(f.limit, f.resource) for f in report.all_findings if f.verdict == "breach"] == [
        ("sfn.duration.std", "other.asl.json"),
        ("sfn.duration.exp", "M"),
    ]
