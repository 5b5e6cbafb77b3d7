"""Parameters of a template: what a command, samconfig and files give them, defaults, allowed values."""

import json

import pytest

from explorer.check.parameters import from_options, overrides
from explorer.check.runner import Check
from explorer.errors import ExplorerError

HTTP = "apigw.http.timeout"
HEAD = "Transform: AWS::Serverless-2016-10-31\n"
FUNCTION = """\
  F:
    Type: AWS::Serverless::Function
    Properties: {{Timeout: {wait}, Events: {{A: {{Type: HttpApi}}}}}}
"""


def template(wait, parameters="Wait: {Type: Number, Default: 10}", more=""):
    body = FUNCTION.format(wait=wait)
    return f"{HEAD}Parameters:\n  {parameters}\n{more}Resources:\n{body}"


@pytest.fixture
def check(tmp_path):
    def of(content, *options, name="template.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        report = Check(lambda path, judge: [], None, False, options).run([path])
        assert not report.unreadable
        (finding,) = [one for one in report.findings if one.limit == HTTP]
        return finding

    return of


# What a template alone allows ---------------------------------------------------------------------


def test_a_default_is_judged_and_said_to_be_one(check):
    finding = check(template("!Ref Wait"))
    assert finding.verdict == "fits" and "10 s (the default of Wait)" in finding.message
    assert "default" not in check(template("10")).message


ALLOWED = [
    ("[60, 120, 300]", "breach", 60),
    ("[31, 60]", "breach", 31),
    ("[30, 60]", "unknown", None),
    ("[5, 30]", "tight", 30),
    ("[5, 29]", "fits", 29),
    ("[31]", "breach", 31),
    ("[soon, 60]", "unknown", None),
]


@pytest.mark.parametrize(("allowed", "verdict", "value"), ALLOWED)
def test_a_parameter_without_a_default_is_judged_by_all_that_it_allows(check, allowed, verdict, value):
    finding = check(template("!Ref Wait", f"Wait: {{Type: Number, AllowedValues: {allowed}}}"))
    assert (finding.verdict, finding.value) == (verdict, value)


@pytest.mark.parametrize(
    ("least", "most", "verdict"), [(31, 60, "breach"), (30, 60, "unknown"), (1, 30, "tight")]
)
def test_the_range_of_a_parameter_counts_where_it_has_no_values(check, least, most, verdict):
    parameter = f"Wait: {{Type: Number, MinValue: {least}, MaxValue: {most}}}"
    assert check(template("!Ref Wait", parameter)).verdict == verdict


def test_the_default_counts_and_a_value_that_is_allowed_and_over_is_named(check):
    finding = check(template("!Ref Wait", "Wait: {Type: Number, Default: 10, AllowedValues: [10, 300]}"))
    assert finding.verdict == "fits" and "with other parameters it is 300 s" in finding.message


BRANCHES = [
    ("31, 60", "breach", 31),
    ("30, 60", "unknown", None),
    ("10, 29", "fits", 29),
    ("60, !Ref AWS::NoValue", "unknown", None),
    ("!If [Unknown, 40, 50], 60", "breach", 40),
    ("!ImportValue x, 60", "unknown", None),
]


@pytest.mark.parametrize(("branches", "verdict", "value"), BRANCHES)
def test_both_branches_of_an_if_count_where_nobody_knows_which(check, branches, verdict, value):
    more = "Conditions: {Unknown: !Equals [!Ref Wait, x]}\n"
    finding = check(template(f"!If [Unknown, {branches}]", "Wait: {Type: String}", more))
    assert (finding.verdict, finding.value) == (verdict, value)


def test_a_mapping_by_a_parameter_is_judged_for_every_key_that_is_allowed(check):
    more = "Mappings: {By: {dev: {T: 40}, prod: {T: 60}}}\n"
    finding = check(
        template("!FindInMap [By, !Ref Wait, T]", "Wait: {Type: String, AllowedValues: [dev, prod]}", more)
    )
    assert (finding.verdict, finding.value) == ("breach", 40)


def test_the_branch_of_a_default_says_on_which_condition_it_rests(check):
    more = "Conditions: {IsProd: !Equals [!Ref Stage, prod]}\n"
    stage = "Stage: {Type: String, Default: dev}"
    finding = check(template("!If [IsProd, 60, 10]", stage, more))
    assert finding.verdict == "fits" and "as IsProd is by default" in finding.message
    assert "with other parameters it is 60 s" in finding.message


# --parameter --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wait", "verdict"), [("30", "tight"), ("31", "breach")])
def test_a_value_from_the_command_line_counts(check, wait, verdict):
    finding = check(template("!Ref Wait"), f"Wait={wait}")
    assert finding.verdict == verdict and "Wait by --parameter" in finding.message


FILES = [
    ("p.json", json.dumps([{"ParameterKey": "Wait", "ParameterValue": "31"}])),
    ("p.json", json.dumps({"Parameters": {"Wait": 31}, "Tags": {"a": "b"}})),
    ("p.json", json.dumps({"Parameters": [{"ParameterKey": "Wait", "ParameterValue": "31"}]})),
    ("p.json", json.dumps(["Wait=31"])),
    ("p.json", json.dumps({"Wait": 31})),
    ("p.yaml", "Parameters: {Wait: 31}\n"),
]


@pytest.mark.parametrize("prefix", ["", "file://", "@"])
@pytest.mark.parametrize(("name", "content"), FILES)
def test_a_parameter_file_may_be_named(check, tmp_path, name, content, prefix):
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / name).write_text(content)
    assert check(template("!Ref Wait"), f"{prefix}{tmp_path}/aside/{name}").verdict == "breach"


def test_of_two_values_the_later_counts(check):
    assert check(template("!Ref Wait"), "Wait=31", "Wait=5").value == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["hunter2"], "expected NAME=VALUE"),
        (["a-b=hunter2"], "expected NAME=VALUE"),
        (["Wiat=hunter2"], "Wiat: no template has a parameter of that name: expected one of Wait"),
        (["none.json"], "none.json"),
    ],
)
def test_a_parameter_that_is_none_is_refused_without_its_value(check, options, message):
    with pytest.raises(ExplorerError, match=message) as refused:
        check(template("!Ref Wait"), *options)
    assert "hunter2" not in str(refused.value)


def test_a_value_that_is_not_allowed_is_refused_without_it(tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(template("!Ref Wait", "Wait: {Type: Number, AllowedValues: [10, 20]}"))
    report = Check(lambda path, judge: [], None, False, ["Wait=77"]).run([path])
    ((_, reason),) = report.unreadable
    assert "expected one of 10, 20" in reason and "77" not in reason


# Beside the template ------------------------------------------------------------------------------

SAMCONFIG = [
    'parameter_overrides = "Wait=300"',
    'parameter_overrides = "Stage=prod Wait=\\"300\\""',
    'parameter_overrides = "ParameterKey=Wait,ParameterValue=300 ParameterKey=A,ParameterValue=b"',
    'parameter_overrides = ["Stage=prod", "Wait=300"]',
    "parameter_overrides = {Wait = 300}",
]


@pytest.mark.parametrize("setting", SAMCONFIG)
@pytest.mark.parametrize("command", ["deploy", "global", "sync"])
def test_samconfigs_overrides_count(check, tmp_path, setting, command):
    (tmp_path / "samconfig.toml").write_text(f"version = 0.1\n[prod.{command}.parameters]\n{setting}\n")
    finding = check(template("!Ref Wait"))
    assert (finding.verdict, finding.value) == ("breach", 300)
    assert "Wait by prod in samconfig.toml" in finding.message


def test_the_worst_of_several_environments_counts_and_is_named(check, tmp_path):
    tables = [f'[{name}.deploy.parameters]\nparameter_overrides = "Wait={wait}"' for name, wait in
              (("dev", 5), ("prod", 31), ("test", 30))]  # fmt: skip
    (tmp_path / "samconfig.toml").write_text("\n".join(["version = 0.1", *tables]))
    finding = check(template("!Ref Wait"))
    assert (finding.verdict, finding.value) == (
        "breach",
        31,
    ) and "(with prod in samconfig.toml)" in finding.message


def test_a_samconfig_in_yaml_or_above_that_names_the_template_counts(check, tmp_path):
    content = (
        "prod: {deploy: {parameters: {template_file: app/template.yaml, parameter_overrides: Wait=31}}}\n"
    )
    (tmp_path / "samconfig.yaml").write_text(content)
    assert check(template("!Ref Wait"), name="app/template.yaml").verdict == "breach"
    assert check(template("!Ref Wait"), name="app/another.yaml").verdict == "fits"


def test_the_command_line_wins_over_samconfig(check, tmp_path):
    (tmp_path / "samconfig.toml").write_text('[a.deploy.parameters]\nparameter_overrides = "Wait=300"\n')
    assert check(template("!Ref Wait"), "Wait=5").value == 5


@pytest.mark.parametrize("name", ["prod.json", "parameters/prod.json", "params/prod.json"])
def test_parameter_files_beside_the_template_count(check, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(FILES[0][1])
    finding = check(template("!Ref Wait"))
    assert finding.verdict == "breach" and f"Wait by {name}" in finding.message


@pytest.mark.parametrize(
    "content", ['[{"ParameterKey": "Other", "ParameterValue": "31"}]', '{"Wait": 31}', "{"]
)
def test_other_files_beside_it_do_not(check, tmp_path, content):
    (tmp_path / "other.json").write_text(content)
    assert check(template("!Ref Wait")).verdict == "fits"


def test_overrides_that_do_not_end_their_quotation_are_read_as_far_as_they_go():
    assert overrides('A=1 B="2') == {"A": "1", "B": '"2'}
    assert from_options(["A=b=c"]).values == {"A": "b=c"}
