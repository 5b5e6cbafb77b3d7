"""Definitions of state machines as AWS judges them, by its diagnostics; and texts that are no JSON."""

import json

import pytest

from explorer.check import state_language
from explorer.check.json_errors import json_problem
from explorer.check.runner import Check

PASS = {"Type": "Pass", "End": True}
SCHEMA, TARGET = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET"


def states(**states_by_name):
    return {"StartAt": next(iter(states_by_name)), "States": states_by_name}


def diagnostics_of(definition, kind="STANDARD"):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [(one.code, one.message, one.location) for one in state_language.diagnostics(text, kind)]


TASK = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:0:function:f"}
REFUSED = [  # what AWS recorded or documents
    ("", [(SCHEMA, "Definition must be a valid JSON object", None)]),
    ("[]", [(SCHEMA, "Definition must be a valid JSON object", None)]),
    ("{}", [(SCHEMA, "These fields are required: [States, StartAt]", "/")]),
    ({"StartAt": "A"}, [(SCHEMA, "These fields are required: [States]", "/")]),
    (
        states(pass1={"Type": "Pass", "Next": "pass3"}, pass2=PASS),
        [
            (TARGET, "Missing 'Next' target: pass3", "/States/pass1/Next"),
            (TARGET, 'State "pass2" is not reachable.', "/States/pass2"),
        ],
    ),
    (
        states(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
        [("MISSING_END_STATE", "Workflow has no terminal state", None)],
    ),
    (
        states(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, C=PASS),
        [(TARGET, 'State "C" is not reachable.', "/States/C")],
    ),
    (
        states(A={"Type": "Pass", "Next": "NOPE"}),
        [
            (TARGET, "Missing 'Next' target: NOPE", "/States/A/Next"),
            ("MISSING_END_STATE", "Workflow has no terminal state", None),
        ],
    ),
    (
        states(P={**PASS, "TimeoutSeconds": 5}),
        [(SCHEMA, "Field 'TimeoutSeconds' is not supported", "/States/P")],
    ),
    (states(P={**PASS, "Catch": []}), [(SCHEMA, "Field 'Catch' is not supported", "/States/P")]),
    (
        states(C={"Type": "Choice", "Choices": [{"Variable": "$"}], "Default": "D"}, D=PASS),
        [(SCHEMA, "These fields are required: [Next]", "/States/C/Choices[0]")],
    ),
    (
        states(StateName={"Type": "Parallel", "Branches": [], "End": True}),
        [(SCHEMA, "Value cannot be empty", "/States/StateName/Branches")],
    ),
    (
        {**states(Pass={**PASS, "QueryLanguage": "JSONPath"}), "QueryLanguage": "JSONata"},
        [
            (
                SCHEMA,
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                "/States/Pass",
            )
        ],
    ),
    (
        states(P={**PASS, "Output": "{% 1 %}"}),
        [
            (
                SCHEMA,
                "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the "
                "'JSONata' QueryLanguage",
                "/States/P",
            )
        ],
    ),
    (
        states(State0={**TASK, "Credentials": {}, "End": True}),
        [(SCHEMA, "The field 'RoleArn' is required but was missing", "/States/State0/Credentials")],
    ),
]


@pytest.mark.parametrize(("definition", "diagnostics"), REFUSED, ids=str)
def test_what_aws_refuses(definition, diagnostics):
    assert diagnostics_of(definition) == diagnostics


@pytest.mark.parametrize(
    "definition",
    [
        states(A=PASS),
        states(A={"Type": "Succeed"}),
        states(A={**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}], "End": True}, B=PASS),
        states(C={"Type": "Choice", "Choices": [{"Variable": "$", "Next": "D"}]}, D={"Type": "Fail"}),
        states(M={"Type": "Map", "ItemProcessor": states(I=PASS), "End": True}),
        states(P={"Type": "Parallel", "Branches": [states(A=PASS), states(B=PASS)], "End": True}),
        states(W={"Type": "Wait", "Timestamp": "2026-11-30T00:00:00Z", "End": True}),
        states(P={**PASS, "QueryLanguage": "JSONata", "Output": "{% 1 %}"}),
        states(P={**PASS, "Parameters": {"a.$": "$.a", "b.$": "States.UUID()", "c": 3}}),
    ],
    ids=str,
)
def test_what_aws_takes(definition):
    assert diagnostics_of(definition) == []


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (-1, False)])
def test_the_least_wait(seconds, good):
    diagnostics = diagnostics_of(states(W={"Type": "Wait", "Seconds": seconds, "End": True}))
    assert diagnostics == ([] if good else [(SCHEMA, "Minimum value is 0", "/States/W/Seconds")])


@pytest.mark.parametrize(("length", "good"), [(80, True), (81, False)])
def test_the_longest_name(length, good):
    assert (diagnostics_of(states(**{"a" * length: PASS})) == []) is good


@pytest.mark.parametrize("pattern", ["", ".sync", ".sync:2", ".waitForTaskToken"])
def test_an_express_workflow_waits_for_nobody(pattern):
    resource = f"arn:aws:states:::states:startExecution{pattern}"
    definition = states(S={"Type": "Task", "Resource": resource, "End": True})
    assert diagnostics_of(definition) == []
    assert bool(diagnostics_of(definition, "EXPRESS")) is bool(pattern)


def test_a_name_stands_once_in_the_whole_machine():
    twice = states(A={"Type": "Parallel", "Branches": [states(A=PASS)], "End": True})
    assert [code for code, _, _ in diagnostics_of(twice)] == ["DUPLICATE_STATE_NAME"]


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("not a definition", "Unrecognized token 'not': was expecting (JSON String, ", 4),
        (
            "{'not': 1}",
            "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
            2,
        ),
        ("{", "Unexpected end-of-input", 2),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon ", 6),
    ],
)
def test_what_a_text_lacks_to_be_json(text, message, column):
    problem, line, at = json_problem(text)
    assert problem.startswith(message) and (line, at) == (1, column)


@pytest.mark.parametrize("text", ["1", "null", '"a"', "[]", '{"a": [1]}'])
def test_what_is_json(text):
    assert json_problem(text) is None


MACHINE = """
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      Definition:
        StartAt: A
        States:
          A: {{Type: Task, Resource: {resource}, Next: {next}}}
          B: {{Type: Succeed}}
"""


def no_workloads(path, judge):
    raise AssertionError(f"{path} is no workload")


@pytest.mark.parametrize(
    ("resource", "after", "says"),
    [
        ("!GetAtt Work.Arn", "B", []),
        ('!Sub "${Work.Arn}"', "B", []),
        ("!GetAtt Work.Arn", "C", ["Missing 'Next' target: C at /States/A/Next", "not reachable"]),
        ("work", "B", ["Value is not a valid resource ARN at /States/A/Resource"]),
    ],
)
def test_a_template_is_held_against_the_same(tmp_path, resource, after, says):
    path = tmp_path / "t.yaml"
    path.write_text(MACHINE.format(resource=resource, next=after))
    findings = [
        one
        for one in Check(no_workloads).run([path]).findings
        if one.limit == "sfn.definition" and one.verdict == "breach"
    ]
    assert len(findings) == len(says)
    assert all(text in one.message for text, one in zip(says, findings, strict=True))
