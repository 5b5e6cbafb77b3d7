"""What was seen and not held against its limits stands in the answer, each with its reason."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from explorer.check.findings import Judge
from explorer.check.nodes import Map
from explorer.check.resolve import Scope
from explorer.check.runner import Check, Report
from explorer.check.skipped import REASONS, Skipped
from explorer.check.stack import Resource

FUNCTION = "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Timeout: 3}}}\n"


def checked(*paths):
    return Check(lambda path, judge: [], None, False).run(paths)


def run(*arguments):
    from explorer.cli.main import app

    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_a_rule_skips_by_the_line_of_what_it_cannot_read():
    machine = Resource("M", "AWS::StepFunctions::StateMachine", Map(), 4, Map(), Scope(Map()))
    what = "AWS::StepFunctions::StateMachine DefinitionUri"
    skipped = Judge("t.yaml").skip(machine, 7, what, "missing-file", "m.asl.json is not there", "sfn.payload")
    assert skipped.to_dict() == {
        "file": "t.yaml",
        "line": 7,
        "resource": "M",
        "what": what,
        "limits": ["sfn.payload"],
        "reason": "missing-file",
        "text": "m.asl.json is not there",
    }


def test_a_reason_that_is_none_is_refused():
    with pytest.raises(ValueError, match="expected one of"):
        Skipped("t.yaml", 1, "F", "Timeout", "because", "")
    assert len(REASONS) == 6


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "serverless.yml").write_text("# AWS::Lambda\nservice: shop\nprovider: {name: aws}\n")
    (tmp_path / "template.yaml").write_text(FUNCTION)
    return tmp_path


def test_a_file_of_a_folder_that_is_not_read_is_skipped_with_its_hint(folder):
    (skipped,) = checked(folder).skipped
    assert (skipped.reason, skipped.what) == ("unsupported-format", "serverless.yml")
    assert "serverless package" in skipped.text


def test_the_summary_counts_what_was_seen_and_what_was_checked(folder):
    (folder / "template.yaml").write_text(FUNCTION[:-2] + ", B: {Type: AWS::S3::Bucket}}\n")
    answer = json.loads(run(folder, "--json").stdout)
    assert answer["summary"] == {"files": 1, "resources": 2, "checked": 1, "skipped": 1, "unreadable": 0}
    assert [Path(one["file"]).name for one in answer["skipped"]] == ["serverless.yml"]


def test_the_text_names_what_was_skipped_and_its_last_line_counts_it(folder):
    lines = run(folder).stdout.splitlines()
    assert "serverless.yml:1: skipped: serverless.yml" in lines[0] and lines[-1].endswith(", 1 skipped")


def test_many_that_are_alike_take_one_line_unless_all_are_asked_for():
    from explorer.check.formats import format_report

    many = [Skipped(f"{n}.yml", 1, "serverless.yml", "serverless.yml", REASONS[3], "why") for n in range(9)]
    lines = format_report(Report(skipped=many), "text", "1").splitlines()
    assert len(lines) == 2 and "8 more places" in lines[0]
    assert len(format_report(Report(skipped=many), "text", "1", every=True).splitlines()) == 10


@pytest.mark.parametrize(("fail_on", "code"), [("breach", 0), ("tight", 0), ("skipped", 1)])
def test_a_gate_may_fail_on_what_was_skipped(folder, fail_on, code):
    assert run(folder, "--fail-on", fail_on).exit_code == code


def test_where_all_is_skipped_nothing_was_checked(folder):
    (folder / "template.yaml").unlink()
    result = run(folder)
    assert result.exit_code == 2 and "serverless package" in result.stderr


TWICE = [
    (
        "a.yaml",
        "Resources:\n  F:\n    Type: AWS::Lambda::Function\n  F: {Type: AWS::Lambda::Function}\n",
        2,
        4,
    ),
    (
        "a.json",
        '{"Resources": {\n"F": {"Type": "AWS::Lambda::Function"},\n"F": {"Type": "AWS::SNS::Topic"}}}',
        2,
        3,
    ),
]


@pytest.mark.parametrize(("name", "content", "first", "second"), TWICE)
def test_a_key_that_stands_twice_is_told_of_and_the_last_counts(tmp_path, name, content, first, second):
    (tmp_path / name).write_text(content)
    (skipped,) = checked(tmp_path / name).skipped
    assert skipped.text.startswith("F stands twice") and f"line {first} and on line {second}" in skipped.text
