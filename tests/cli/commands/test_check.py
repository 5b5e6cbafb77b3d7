"""`explorer check` in CI: exit codes, formats, the action and the hook."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import typer
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from explorer.check.findings import Finding
from explorer.check.formats import FORMATS, format_report
from explorer.check.runner import Report, share
from explorer.cli.commands import check
from explorer.cli.console import Commands
from explorer.errors import ExplorerError
from explorer.facts import locations
from tests.support.paths import ROOT

SAMPLES = Path(__file__).parent / "check_samples"
STATEMENTS = str(locations.workloads_dir() / "statements.toml")
FIELDS = [
    "file",
    "line",
    "resource",
    "limit",
    "value",
    "limit_value",
    "unit",
    "verdict",
    "message",
    "source_url",
]

app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
app.callback()(lambda: None)
app.command()(check.check)


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def function(timeout):
    properties = f"    Properties:\n      Timeout: {timeout}\n"
    return f"Resources:\n  F:\n    Type: AWS::Lambda::Function\n{properties}"


@pytest.fixture
def template(tmp_path):
    def of(content, name="template.yaml"):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return of


@pytest.mark.parametrize(("timeout", "code"), [(30, 0), (901, 0), (1800, 0), (1801, 1), ("!Ref T", 0)])
def test_a_breach_alone_is_a_no(template, timeout, code):
    assert run(template(function(timeout))).exit_code == code


@pytest.mark.parametrize(("timeout", "code"), [(1800, 1), (1440, 0)])
def test_what_is_near_a_limit_fails_where_it_is_asked_for(template, timeout, code):
    path = template(function(timeout))
    assert run(path).exit_code == 0
    assert run(path, "--warn-at", "90%", "--fail-on", "tight").exit_code == code


def test_the_json_is_that_of_the_contract(template):
    result = run(template(function(1801)), template("x: {", "broken.yaml"), "--json")
    answer = json.loads(result.stdout)
    assert list(answer) == ["files", "findings", "unreadable", "skipped", "summary"] and result.exit_code == 1
    assert all(list(finding) == FIELDS for finding in answer["findings"])
    (breach,) = [finding for finding in answer["findings"] if finding["verdict"] == "breach"]
    assert (breach["line"], breach["resource"], breach["limit"], breach["value"], breach["limit_value"]) == (
        5, "F", "lambda.timeout", 1801, 1800)  # fmt: skip
    assert [list(one) for one in answer["unreadable"]] == [["file", "reason"]]


BAD = [
    ["none.yaml"],
    [STATEMENTS, "--format", "xml"],
    [STATEMENTS, "--warn-at", "0"],
    [STATEMENTS, "--warn-at", "many"],
    [STATEMENTS, "--fail-on", "many"],
    [STATEMENTS, "--growth", "response"],
    [STATEMENTS, "--growth", "response=fast"],
    [STATEMENTS, "--months", "0"],
    [],
]


@pytest.mark.parametrize("arguments", BAD)
def test_bad_input_is_one_line(arguments):
    result = run(*arguments)
    assert result.exit_code == 2 and result.stderr.count("\n") == 1 and result.stdout == ""


def test_nothing_that_can_be_read_is_bad_input(template, tmp_path):
    result = run(template("x: {", "broken.yaml"), "--json")
    assert (
        result.exit_code == 2 and json.loads(result.stdout)["unreadable"] and result.stderr.count("\n") == 1
    )
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty").exit_code == 2
    assert run(template("- a", "notes.yaml"), "--pass-over").exit_code == 0


def test_one_that_cannot_be_read_is_bad_input_beside_those_that_can(template):
    good, unreadable = template(function(450), "good.yaml"), template("x: {", "broken.yaml")
    result = run(good, unreadable)
    assert result.exit_code == 2 and "broken.yaml" in result.stderr and result.stderr.count("\n") == 1
    assert run(template(function(1801), "over.yaml"), unreadable).exit_code == 1  # a breach is the answer


def test_no_workload_in_a_folder_is_passed_over_in_silence(tmp_path):
    fields = 'requests_per_month = 1000\nruntime = "1 s"\nresponse = "2 KB"\n'
    (tmp_path / "good.toml").write_text(fields)
    (tmp_path / "other.toml").write_text('[tool]\nname = "x"\n')
    assert run(tmp_path).exit_code == 0
    for name, wrong in (("bad.toml", fields.replace("2 KB", "two")), ("half.toml", fields + "[")):
        (tmp_path / name).write_text(wrong)
    result = run(tmp_path, "--json")
    assert [Path(one["file"]).name for one in json.loads(result.stdout)["unreadable"]] == [
        "bad.toml",
        "half.toml",
    ]
    assert result.exit_code == 2 and result.stderr.count("\n") == 1


def test_a_growth_that_is_none_is_refused_whatever_is_checked(template):
    result = run(template(function(450)), "--growth", "garbage")
    assert result.exit_code == 2 and "growth" in result.stderr and result.stderr.count("\n") == 1


def test_warn_at_and_all(template):
    path = template(function(900))
    assert "tight" not in run(path).stdout and "fits" in run(path, "--all").stdout
    assert "tight: lambda.timeout" in run(path, "--warn-at", "50%").stdout


# Workloads ----------------------------------------------------------------------------------------


def test_a_workload_is_held_against_its_own_design_of_today():
    answer = json.loads(run(STATEMENTS, "--json").stdout)
    breaches = {finding["limit"] for finding in answer["findings"] if finding["verdict"] == "breach"}
    assert "lambda.sync.response" in breaches


def test_a_workload_without_one_is_held_against_the_recommended(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text('requests_per_month = 1000\nresponse = "2 KB"\nruntime = "1 s"\n')
    assert run(path).exit_code == 0
    path.write_text('requests_per_month = 1000\nresponse = "two"\nruntime = "1 s"\n')
    result = run(path, "--json")
    assert result.exit_code == 2 and "response" in json.loads(result.stdout)["unreadable"][0]["reason"]


def test_growth_says_when_it_breaks(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(
        'requests_per_month = 1000\nruntime = "1 s"\nresponse = {p50 = "4 MB", p99 = "5 MB"}\n'
        '[current]\ndoor = "rest-api"\nresponse = "buffered"\nexecution = "single"\n'
    )
    assert run(path).exit_code == 0
    result = run(path, "--growth", "response=3%/month", "--months", "36")
    assert (
        result.exit_code == 1
        and "breaks in month" in result.stdout
        and "lambda.sync.response" in result.stdout
    )
    assert run(path, "--growth", "response=3%/month", "--months", "1").exit_code == 0
    for growth in ("response", "response=fast", "colour=3%"):
        refused = run(path, "--growth", growth)
        assert refused.exit_code == 2 and refused.stderr.count("\n") == 1


# Formats ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report():
    findings = [
        Finding(
            "a b/t,é.yaml",
            3,
            "F",
            "lambda.env",
            4097,
            4096,
            "bytes",
            "breach",
            "over\n100% <of> it",
            "https://x",
        ),
        Finding(
            "a b/t,é.yaml", 4, "F", "lambda.timeout", 900, 900, "seconds", "tight", "all of it", "https://x"
        ),
        Finding(
            "a b/t,é.yaml", 5, "F", "lambda.memory", None, 10240, "MB", "unknown", "not known", "https://x"
        ),
        Finding(
            "a b/t,é.yaml",
            6,
            "G",
            "lambda.memory",
            20000,
            10240,
            "MB",
            "breach",
            "over",
            "https://x",
            "a reason",
        ),
    ]
    return Report(["a b/t,é.yaml"], findings, [("bad.yaml", "line 1: is not YAML\x1b")])


def test_sarif(report):
    run = json.loads(format_report(report, "sarif", "1.0"))["runs"][0]
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note", "error"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "lambda.env",
        "lambda.memory",
        "lambda.timeout",
    ]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a%20b/t%2C%C3%A9.yaml"}, "region": {"startLine": 3}}
    assert run["results"][3]["suppressions"] == [{"kind": "inSource", "justification": "a reason"}]


def test_junit(report):
    suites = ElementTree.fromstring(format_report(report, "junit", "1.0").encode())
    assert [suite.get("failures") for suite in suites] == ["1", "0"]
    assert [child.tag for case in suites[0] for child in case] == [
        "failure",
        "system-out",
        "skipped",
        "skipped",
    ]
    assert suites[1][0][0].tag == "error"


def test_github(report):
    lines = format_report(report, "github", "1.0").splitlines()
    assert lines[0].startswith(
        "::error file=a b/t%2Cé.yaml,line=3,title=lambda.env%3A F::over%0A100%25 <of> it"
    )
    assert [line.split(" ")[0] for line in lines[:3]] == ["::error", "::warning", "::warning"]
    assert "a reason" not in "".join(lines)


def test_text(report):
    lines = format_report(report, "text", "1.0").splitlines()
    assert lines[-1] == "1 file: 1 breach, 1 tight, 1 unknown, 1 ignored, 1 unreadable" and len(lines) == 4
    assert "(ignored: a reason)" in format_report(report, "text", "1.0", every=True)


@given(st.text(), st.text(), st.text())
def test_any_text_can_be_written_in_any_format(file, resource, message):
    finding = Finding(file, 1, resource, "lambda.env", 1, 2, "bytes", "breach", message, "https://x")
    for form in FORMATS:
        text = format_report(Report([file], [finding], [(file, message)]), form, "1.0").encode(
            "utf-8", "replace"
        )
        if form == "junit":
            ElementTree.fromstring(text)
        if form in ("json", "sarif"):
            json.loads(text)
        if form in ("text", "github"):
            assert text.count(b"\n") <= 3


# The action, the hook -----------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path):
    """Runs the action's own script, with `explorer` the command of these tests."""
    step = next(
        one for one in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"] if one.get("id")
    )
    command = tmp_path / "bin" / "explorer"
    command.parent.mkdir()
    code = f"import sys\nsys.path[:0] = [{str(ROOT)!r}]\nfrom explorer.cli.main import main\nmain()"
    command.write_text(f"#!{sys.executable}\n{code}\n")
    command.chmod(0o755)

    def of(paths, **inputs):
        env = {"PATHS": paths, "WARN_AT": "", "GROWTH": "", "MONTHS": "12", **inputs}
        env |= {"SARIF": str(tmp_path / "out.sarif"), "GITHUB_OUTPUT": str(tmp_path / "output")}
        path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
        run = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(run, env={**os.environ, **env, "PATH": path}, capture_output=True, text=True)

    return of


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="no bash")
def test_the_action_annotates_writes_sarif_and_fails_on_a_breach(shell, template, tmp_path):
    slow = template(function(1801), "a template.yaml")
    process = shell(f"{slow}\n")
    assert process.returncode == 1 and process.stdout.startswith("::error file=")
    assert json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"]
    assert (tmp_path / "output").read_text().strip() == f"sarif={tmp_path / 'out.sarif'}"
    assert shell(str(template(function(1800))), WARN_AT="90%").returncode == 0
    assert shell("nowhere").returncode == 2


def test_the_hook_runs_this_command_on_these_files():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"].split()[:2] == ["explorer", "check"]
    for name in ("template.yaml", "a/b.template", ".env", "a/.env.prod", "prod.env", "w.toml", "plan.json"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "main.py")


@pytest.mark.parametrize("share_text", ["2", "0%", "-1", "101%", "nan", ""])
def test_a_refusal_of_a_share_names_it(share_text):
    with pytest.raises(ExplorerError, match="warn-at"):
        share(share_text)


STATED = 'requests_per_month = 1e6\nruntime = "1 s"\nresponse = "{}"\n'
WORKLOAD = f'{STATED}[current]\ndoor = "rest-api"\nresponse = "buffered"\n'
TEMPLATE = "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Timeout: {}\n"
STANDARD_INPUTS = [
    (WORKLOAD.format("1 MB"), 0),
    (WORKLOAD.format("9 MB"), 1),
    (TEMPLATE.format(3), 0),
    (TEMPLATE.format(100_000), 1),
    ('{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {"Timeout": 100000}}}}', 1),
    ("neither = [", 2),
]


@pytest.mark.parametrize(("text", "code"), STANDARD_INPUTS)
def test_standard_input_is_checked_as_a_file_is(text, code):
    result = CliRunner().invoke(app, ["check", "-", "--json"], input=text)
    assert result.exit_code == code
    if code < 2:
        report = json.loads(result.stdout)
        assert report["files"] == ["standard input"]
        assert {finding["file"] for finding in report["findings"]} == {"standard input"}
    else:
        assert "standard input" in result.stderr and "Traceback" not in result.stderr
