"""Mocks of TestState: which states take or need one, and whether its result is one of the operation."""

import json

import pytest

from explorer.live.cloud.state_mocks import mocked_state

LIMITS = {}  # no quota applies
SCHEMA = "Mock result schema validation error: "
OTHER = "is not an expected value"


def task(call="states:startExecution", **fields):
    return {"Type": "Task", "Resource": f"arn:aws:states:::{call}", "End": True, **fields}


def text_of(definition, **parameters):
    refusal = mocked_state(LIMITS, {"definition": json.dumps(definition), **parameters})
    return refusal and refusal.message


def with_result(definition, result, mode="STRICT"):
    return text_of(definition, mock={"result": json.dumps(result), "fieldValidationMode": mode})


STARTED = {"ExecutionArn": "arn", "StartDate": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("call", "mode", "result", "problem"),
    [
        ("states:startExecution", "STRICT", STARTED, None),
        ("states:startExecution", "STRICT", {"StartDate": "x"}, "Required field 'ExecutionArn' is missing"),
        ("states:startExecution", "PRESENT", {"StartDate": "x"}, None),
        ("states:startExecution", "PRESENT", {"StartDate": 1}, "Field 'StartDate' must be a string"),
        ("states:startExecution", "NONE", {"StartDate": 1}, None),
        ("states:startExecution.sync:2", "STRICT", {"Output": 1}, None),
        ("lambda:invoke", "STRICT", {"StatusCode": 200, "Payload": {"a": 1}}, None),
        ("lambda:invoke", "STRICT", {"StatusCode": True}, "Field 'StatusCode' must be a number"),
        ("aws-sdk:s3:getObject", "STRICT", {"StorageClass": "GLACIER"}, None),
        ("aws-sdk:s3:getObject", "STRICT", {"StorageClass": "PAPER"}, "Field 'StorageClass' " + OTHER),
        ("events:putEvents", "STRICT", {"Entries": [{"EventId": "1"}]}, None),
        ("events:putEvents", "STRICT", {"Entries": [{"EventId": 1}]}, "Field 'EventId' must be a string"),
        ("events:putEvents", "STRICT", {"More": 1}, None),
        ("aws-sdk:nobody:knows", "STRICT", {"A": 1}, None),
    ],
)  # fmt: skip
def test_the_result_of_a_task_is_one_of_its_operation(call, mode, result, problem):
    assert with_result(task(call), result, mode) == (problem and SCHEMA + problem)


BRANCH = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
PARALLEL = {"Type": "Parallel", "Branches": [BRANCH, BRANCH], "End": True}
MAP = {"Type": "Map", "ItemProcessor": BRANCH, "End": True}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}


def test_a_parallel_state_takes_an_item_for_each_branch():
    assert with_result(PARALLEL, [1, 2]) is None
    assert "same number of items" in with_result(PARALLEL, [1])
    assert with_result(PARALLEL, {}) == "Mocked result must be an array."


def test_a_map_state_takes_an_array_or_an_object_of_its_writer():
    assert with_result(MAP, [1]) is None and with_result(MAP, {}) == "Mocked result must be an array."
    distributed = {**BRANCH, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    written = {**MAP, "ItemProcessor": distributed, "ResultWriter": WRITER}
    assert with_result(written, {"a": 1}) is None
    assert with_result(written, [1]) == "Mocked result must be a JSON object."


def test_only_some_states_take_a_mock_and_only_some_need_one():
    mock = {"mock": {"result": "{}"}}
    assert text_of({"Type": "Pass", "End": True}) is None
    assert "'Pass' is not supported" in text_of({"Type": "Pass", "End": True}, **mock)
    assert "does not support Map or Parallel" in text_of(MAP)
    assert "RoleArn must be specified" in text_of(task())
    assert text_of(task(), roleArn="arn:aws:iam::000000000000:role/r") is None


def test_a_mock_is_one_thing_and_json():
    both = {"result": json.dumps(STARTED), "errorOutput": {"error": "E"}}
    assert "only one of the following" in text_of(task(), mock=both)
    assert text_of(task(), mock={"errorOutput": {"error": "E"}}) is None
    assert text_of(task(), mock={"result": "no"}) == "Mocked result must be valid JSON"
    hidden = {"mock": {"result": json.dumps(STARTED)}, "revealSecrets": True}
    assert "RevealSecrets" in text_of(task(), **hidden)


def test_only_the_state_under_test_has_to_be_right():
    states = {"Good": {"Type": "Pass", "Next": "Bad"}, "Bad": {"Type": "Nothing"}}
    machine = {"StartAt": "Good", "States": states}
    assert text_of(machine) is None and "'Type'" in text_of(machine, stateName="Bad")
    assert text_of(machine, stateName="Other") == "State 'Other' not found in definition"
