"""What a gate in CI gets: baselines, formats, suppressions that are reported, and nothing echoed."""

import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from explorer.check.findings import Finding
from explorer.check.formats import format_report, step_summary
from explorer.check.places import fingerprints, in_repository, subject
from explorer.check.runner import Check, Report
from explorer.check.skipped import REASONS, Skipped


def run(*arguments, **environment):
    from explorer.cli.main import app

    return CliRunner().invoke(app, ["check", *map(str, arguments)], env=environment)


def checked(*paths, **options):
    return Check(lambda path, judge: [], **options).run(paths)


def stack(*timeouts):
    """A template of functions behind an HTTP API, with these time-outs."""
    lines = ["Transform: AWS::Serverless-2016-10-31", "Resources:"]
    for n, timeout in enumerate(timeouts):
        lines += [f"  F{n}:", "    Type: AWS::Serverless::Function", "    Properties:",
                  f"      Timeout: {timeout}", "      Events: {A: {Type: HttpApi}}"]  # fmt: skip
    return "\n".join(lines) + "\n"


@pytest.fixture
def template(tmp_path):
    def of(content, name="template.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return of


# Baselines ----------------------------------------------------------------------------------------


@pytest.fixture
def baseline(template, tmp_path):
    """The baseline of a template, and the template itself, to be written again."""
    path = template(stack(31, 10))
    assert run(path, "--json", "-o", tmp_path / "baseline.json").exit_code == 1
    return path, tmp_path / "baseline.json"


LATER = [
    (stack(31, 10), 0),
    ("# moved\n\n" + stack(31, 10), 0),  # lines may move
    (stack(60, 10), 0),  # as may the value of what is broken already
    (stack(31, 31), 1),  # another resource
    (stack(31, 10).replace("HttpApi", "Api"), 1),  # another limit
    (stack(10, 10), 0),
]


@pytest.mark.parametrize(("content", "code"), LATER)
def test_only_what_is_new_fails(baseline, content, code):
    path, baseline_path = baseline
    path.write_text(content)
    assert run(path, "--baseline", baseline_path).exit_code == code


def test_what_is_worse_than_in_the_baseline_is_new(template, tmp_path):
    path, baseline_path = template(stack(30)), tmp_path / "baseline.json"
    assert run(path, "--json", "-o", baseline_path).exit_code == 0
    path.write_text(stack(31))
    assert run(path, "--baseline", baseline_path).exit_code == 1
    assert run(path, "--baseline", baseline_path, "--fail-on", "tight").exit_code == 1


def test_the_known_is_counted_and_shown_with_all(baseline):
    path, baseline_path = baseline
    output = run(path, "--baseline", baseline_path).stdout
    assert output.count("breach: apigw") == 0 and "of these in the baseline" in output
    assert "(in the baseline)" in run(path, "--baseline", baseline_path, "--all").stdout


def test_what_was_skipped_may_be_in_the_baseline_too(template, tmp_path):
    template(
        "# AWS::\nservice: shop\nprovider: {name: aws, runtime: x}\nfunctions: ${file(x.yml)}\n",
        "serverless.yml",
    )
    template(stack(5))
    folder, baseline_path = tmp_path, tmp_path.parent / f"{tmp_path.name}.json"
    if not checked(folder).skipped:
        pytest.skip("all of it is read")
    assert run(folder, "--json", "-o", baseline_path).exit_code == 0
    assert run(folder, "--fail-on", "skipped").exit_code == 1
    assert run(folder, "--fail-on", "skipped", "--baseline", baseline_path).exit_code == 0


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"findings": [{"file": 1}]}'])
def test_what_is_no_baseline_is_refused_by_its_name(template, tmp_path, content):
    baseline_path = tmp_path / "known.json"
    if content is not None:
        baseline_path.write_text(content)
    result = run(template(stack(5)), "--baseline", baseline_path)
    assert result.exit_code == 2 and "known.json" in result.stderr and result.stderr.count("\n") == 1


def test_every_format_knows_the_baseline(baseline):
    path, baseline_path = baseline
    sarif = json.loads(run(path, "--baseline", baseline_path, "--format", "sarif").stdout)["runs"][0][
        "results"
    ]
    assert {one["baselineState"] for one in sarif} == {"unchanged"}
    suites = ElementTree.fromstring(run(path, "--baseline", baseline_path, "--format", "junit").stdout)
    assert [suite.get("failures") for suite in suites] == ["0"]
    assert "::error" not in run(path, "--baseline", baseline_path, "--format", "github").stdout


# Formats ------------------------------------------------------------------------------------------


def finding(n=0, verdict="breach", file="t.yaml", message="The time-out is 31 s, over the limit of 30 s"):
    return Finding(file, 3 + n, "F", "apigw.http.timeout", 31, 30, "seconds", verdict, message, "https://x")


def test_gitlab(template, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    path = template(stack(31, 30), "app/template.yaml")
    issues = json.loads(run(path, "--format", "gitlab").stdout)
    assert [one["severity"] for one in issues] == ["critical", "minor"]
    assert all(
        set(one) == {"description", "check_name", "fingerprint", "severity", "location"} for one in issues
    )
    assert issues[0]["location"] == {"path": "app/template.yaml", "lines": {"begin": 6}}
    assert issues[0]["check_name"] == "apigw.http.timeout"
    assert len({one["fingerprint"] for one in issues}) == len(issues)


def test_gitlab_is_an_empty_list_where_nothing_is_wrong(template):
    assert json.loads(run(template(stack(5)), "--format", "gitlab").stdout) == []


def test_paths_are_those_of_the_repository(tmp_path, template, monkeypatch):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    path = template(stack(31), "app/my template.yaml")
    monkeypatch.chdir(path.parent)
    (result,) = [one for one in json.loads(run(path.name, "--format", "sarif").stdout)["runs"][0]["results"]
                 if one["level"] == "error"]  # fmt: skip
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "app/my%20template.yaml"
    assert run(path.name, "--format", "github").stdout.startswith("::error file=app/my template.yaml,line=6")
    assert in_repository("/nowhere/at all.yaml") == "/nowhere/at all.yaml"


def test_fingerprints_are_distinct_and_stay_when_lines_and_values_move():
    same, moved = (
        [finding(0), finding(1)],
        [finding(7), finding(9, message="The time-out is 60 s, over the limit of 30 s")],
    )
    assert len(set(fingerprints(same))) == 2 and fingerprints(same) == fingerprints(moved)
    assert subject("The memory is 1,024 MB, within the limit of 2 MB") == "The memory"


JUNIT = {  # elements and their attributes in the schema of Jenkins' xUnit plugin, junit-10.xsd
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname",
                  "id", "package", "file", "log", "url"},
    "testcase": {"name", "time", "classname", "group"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}  # fmt: skip
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}


def test_junit_is_what_jenkins_takes():
    skipped = [Skipped("u.yaml", 1, "M", "AWS::X Y", REASONS[0], "it is not here")]
    many = [finding(0), finding(1), finding(2, "tight"), finding(3, "unknown"), finding(4, "fits")]
    report = Report(["t.yaml"], many, [("bad.yaml", "is not YAML")], skipped)
    root = ElementTree.fromstring(format_report(report, "junit", "1"))
    for element in root.iter():
        assert set(element.attrib) <= JUNIT[element.tag]
        assert REQUIRED.get(element.tag, set()) <= set(element.attrib)
    assert [suite.get("tests") for suite in root] == ["5", "1", "1"]
    assert [suite.get("skipped") for suite in root] == ["1", "0", "1"]
    names = [case.get("name") for case in root[0]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("count", "more"), [(10, 0), (11, 1), (25, 15)])
def test_github_shows_ten_of_each_level_and_the_rest_is_in_the_log(count, more):
    report = Report(
        ["t.yaml"], [finding(n) for n in range(count)] + [finding(n, "tight") for n in range(count)]
    )
    lines = format_report(report, "github", "1").splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("::warning ") for line in lines) == 10
    assert sum(line.startswith("t.yaml:") for line in lines) == 2 * more
    assert step_summary(report).count("\n| breach |") == step_summary(report).count("\n| tight |") == count


def test_the_summary_of_a_step_is_written_where_github_says(template, tmp_path):
    summary = tmp_path / "summary.md"
    run(template(stack(31)), "--format", "github", GITHUB_STEP_SUMMARY=str(summary))
    assert "| breach |" in summary.read_text() and "apigw.http.timeout" in summary.read_text()
    assert step_summary(Report(all_findings=[finding(message="a | b <i>")])).count("a \\| b &lt;i>") == 1


# Suppressions -------------------------------------------------------------------------------------

ABOVE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
{above}      Timeout: {timeout}{beside}
      Events: {{A: {{Type: HttpApi}}}}
"""


def ignored(template, above="", beside="", timeout=60):
    lines = "".join(f"      {line}\n" for line in above.splitlines())
    report = checked(template(ABOVE.format(above=lines, beside=beside, timeout=timeout)))
    return {one.limit for one in report.suppressed_findings}, [note.text for note in report.notes]


IGNORE = "# explorer: ignore"


@pytest.mark.parametrize(
    "comment",
    [
        f"{IGNORE} apigw.http.timeout why",
        "# Explorer: Ignore apigw.http.timeout why",
        "#explorer:ignore apigw.http.timeout why",
        f"{IGNORE} apigw.http.timeout: why",
        f"{IGNORE} apigw.* - why",
    ],
)
def test_an_ignore_may_be_written_as_people_write_it(template, comment):
    assert ignored(template, beside=f"  {comment}") == ({"apigw.http.timeout"}, [])
    assert ignored(template, above=comment) == ({"apigw.http.timeout"}, [])


def test_all_comments_directly_above_a_line_count(template):
    two = f"{IGNORE} apigw.http.timeout why\n{IGNORE} lambda.timeout why"
    assert ignored(template, above=two, timeout=1801) == ({"apigw.http.timeout", "lambda.timeout"}, [])
    assert ignored(template, above=f"{IGNORE} apigw.http.timeout why\n# another") == (
        {"apigw.http.timeout"},
        [],
    )


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        (f"{IGNORE} apigw.http.timout why", 'did you mean "apigw.http.timeout"'),
        (f"{IGNORE} lambda.env why", "it matches nothing"),
        (f"{IGNORE} lambda.timeout why", "it can go"),
    ],
)
def test_an_ignore_that_hides_nothing_is_reported(template, comment, message):
    hidden, notes = ignored(template, beside=f"  {comment}")
    assert hidden == set() and len(notes) == 1 and message in notes[0]


def test_every_format_tells_of_an_ignore_that_hides_nothing(template):
    path = template(ABOVE.format(above="", beside=f" {IGNORE} lambda.tmeout why", timeout=5))
    for form in ("text", "json", "sarif", "github", "gitlab"):
        assert "did you mean" in run(path, "--format", form).stdout
    (note,) = json.loads(run(path, "--json").stdout)["ignores"]
    assert (note["line"], note["limit"]) == (6, "lambda.tmeout")
    assert "ignores" not in json.loads(run(template(stack(5)), "--json").stdout)


SETTINGS = '[[ignore]]\nlimit = "{limit}"\nreason = "why"\nfile = "{file}"\n'


@pytest.mark.parametrize(
    ("limit", "file", "whole", "count"),
    [
        ("apigw.http.timeout", "template.yaml", True, 0),
        ("apigw.http.timeout", "another.yaml", True, 1),
        ("apigw.http.timeout", "another.yaml", False, 0),  # a hook gives some files of many
        ("apigw.http.timout", "template.yaml", False, 1),
    ],
)
def test_ignores_of_a_settings_file_are_told_of_where_all_was_looked_at(
    template, tmp_path, limit, file, whole, count
):
    path = template(stack(60))
    template(SETTINGS.format(limit=limit, file=file), ".explorer-check.toml")
    notes = checked(tmp_path if whole else path).notes
    assert [Path(note.file).name for note in notes] == [".explorer-check.toml"] * count
    assert all(note.line == 1 for note in notes)


# Workloads ----------------------------------------------------------------------------------------

WORKLOAD = """\
requests_per_month = 1000

[response]
p50 = "4 MB"
p99 = "9 MB"

[runtime]
p99 = "40 s"
p50 = "1 s"

[current]
door = "rest-api"
response = "buffered"
execution = "single"
"""


def test_a_workloads_finding_stands_at_the_line_of_its_field(template):
    lines = {
        one["limit"]: one["line"]
        for one in json.loads(run(template(WORKLOAD, "w.toml"), "--json").stdout)["findings"]
    }
    assert (lines["lambda.sync.response"], lines["apigw.rest.timeout"]) == (3, 7)
    plain = WORKLOAD.replace(
        '[response]\np50 = "4 MB"\np99 = "9 MB"\n', 'response = {p50 = "4 MB", p99 = "9 MB"}\n'
    )
    lines = {
        one["limit"]: one["line"]
        for one in json.loads(run(template(plain, "v.toml"), "--json").stdout)["findings"]
    }
    assert lines["lambda.sync.response"] == 3


# Nothing is echoed --------------------------------------------------------------------------------

SECRET = "hunter2Xq"
OF_FUNCTION = "Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      {}"
OF_PARAMETER = "Resources:\n  S:\n    Type: AWS::SSM::Parameter\n    Properties: {{Value: {}}}\n"
ECHOES = [
    OF_FUNCTION.format(f"Environment: {{Variables: {{PW: *{SECRET}}}}}"),
    OF_FUNCTION.format(f"Environment: {{Variables: {{PW: !{SECRET} x}}}}"),
    OF_FUNCTION.format(f"Timeout: {SECRET}\n      MemorySize: '{SECRET}'"),
    OF_FUNCTION.format(f"PW: &{SECRET}\n      x: ["),
    OF_FUNCTION.format(f"PW: '{SECRET}"),
    OF_FUNCTION.format(f"PW: %{SECRET}"),
    OF_FUNCTION.format(f"{SECRET}!: 1\n      {SECRET}!: 2"),
    OF_FUNCTION.format(f"Environment: {{Variables: {{'{SECRET} !': x}}}}"),
    OF_PARAMETER.format(f"!{SECRET} x"),
    OF_PARAMETER.format(f"!Sub 'a${{{SECRET}.b}}'"),
    OF_PARAMETER.format(f"!Ref {SECRET}"),
    OF_PARAMETER.format(f"!GetAtt {SECRET}.x"),
    OF_PARAMETER.format(f"!If [{SECRET}, a, b]"),
    f'{{"Resources": {{"F": {{"Type": "AWS::Lambda::Function", "PW": {SECRET}}}}}}}',
    f"Resources: {{R: {{Type: AWS::SQS::Queue, Properties: {{QueueName: '{SECRET} !'}}}}}}",
]


@pytest.mark.parametrize("content", ECHOES)
def test_no_value_is_echoed_in_any_format(template, content):
    path = template("AWSTemplateFormatVersion: 2010-09-09\n" * (content[0] != "{") + content)
    for form in ("text", "json", "sarif", "junit", "github", "gitlab"):
        result = run(path, "--format", form, "--all")
        assert not re.search(SECRET, result.stdout + result.stderr), (form, result.stdout)
