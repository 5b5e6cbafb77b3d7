"""Histories of executions, event by event as AWS recorded them.

Source: the snapshots of LocalStack's tests of stepfunctions in github.com/localstack/localstack at 8b9a79f0
of 2026-03-23. In a chain, an event is its id, the id of the event before it, and its type.
"""

import json

import pytest

from tests.support.local_bench import until, zipped

pytestmark = pytest.mark.live

ECHO = """
def handle(event, context):
    if "fail" in event:
        raise KeyError(event["fail"])
    return event
"""
WHOLE = {"truncated": False}
PASS = {"Type": "Pass", "End": True}


@pytest.fixture(scope="module")
def function(bench):
    name = bench.function("echo-or-fail", Code={"ZipFile": zipped(ECHO)})
    return f"arn:aws:lambda:us-east-1:000000000000:function:{name}"


def history_of(bench, states: dict, start_input: str = "{}") -> tuple[dict, list[dict]]:
    """The execution of a machine that starts with its first state, and its events without timestamps."""
    client = bench.client("stepfunctions")
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    name = f"machine-{len(client.list_state_machines()['stateMachines'])}"
    arn = client.create_state_machine(name=name, roleArn=bench.role, definition=definition)["stateMachineArn"]
    run = client.start_execution(stateMachineArn=arn, input=start_input)["executionArn"]
    assert until(lambda: client.describe_execution(executionArn=run)["status"] != "RUNNING")
    events = client.get_execution_history(executionArn=run)["events"]
    without_times = [{key: each[key] for key in each if key != "timestamp"} for each in events]
    return client.describe_execution(executionArn=run), without_times


def chain(events: list[dict]) -> list[tuple[int, int, str]]:
    return [(each["id"], each["previousEventId"], each["type"]) for each in events]


def test_a_state_has_its_input_and_output_and_says_whether_they_are_whole(bench):
    run, events = history_of(bench, {"One": {**PASS, "Result": [1, {"b": "ü"}]}}, '{"a": 1}')
    started, entered, exited, succeeded = events
    assert chain(events) == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "PassStateEntered"),
        (3, 2, "PassStateExited"),
        (4, 3, "ExecutionSucceeded"),
    ]
    assert started["executionStartedEventDetails"]["inputDetails"] == WHOLE
    details = {"name": "One", "input": '{"a": 1}', "inputDetails": WHOLE}  # with its spaces, as it came
    assert entered["stateEnteredEventDetails"] == details
    output = '[1,{"b":"ü"}]'  # without spaces
    assert exited["stateExitedEventDetails"] == {"name": "One", "output": output, "outputDetails": WHOLE}
    assert succeeded["executionSucceededEventDetails"] == {"output": output, "outputDetails": WHOLE}
    assert run["output"] == output


def test_a_function_that_is_named_itself_has_events_of_its_own(bench, function):
    _, events = history_of(bench, {"Call": {"Type": "Task", "Resource": function, "End": True}}, '{"n":1}')
    assert chain(events)[2:5] == [
        (3, 2, "LambdaFunctionScheduled"),
        (4, 3, "LambdaFunctionStarted"),
        (5, 4, "LambdaFunctionSucceeded"),
    ]
    scheduled = {"input": '{"n":1}', "inputDetails": WHOLE, "resource": function}
    assert events[2]["lambdaFunctionScheduledEventDetails"] == scheduled
    answer = {"output": '{"n":1}', "outputDetails": WHOLE}
    assert events[4]["lambdaFunctionSucceededEventDetails"] == answer


def test_a_service_is_named_with_its_action_and_its_parameters(bench, function):
    parameters = {"FunctionName": function, "Payload.$": "$"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    _, events = history_of(bench, {"Call": {**task, "TimeoutSeconds": 9, "End": True}}, '{"n":1}')
    assert [each["type"] for each in events[2:5]] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    called = {"resource": "invoke", "resourceType": "lambda"}
    scheduled = events[2]["taskScheduledEventDetails"]
    assert json.loads(scheduled.pop("parameters")) == {"FunctionName": function, "Payload": {"n": 1}}
    assert scheduled == {**called, "region": "us-east-1", "timeoutInSeconds": 9}
    assert events[3]["taskStartedEventDetails"] == called
    assert called.items() <= events[4]["taskSucceededEventDetails"].items()


def test_a_failed_execution_has_no_output(bench, function):
    states = {"Call": {"Type": "Task", "Resource": function, "End": True}}
    run, events = history_of(bench, states, '{"fail":"x"}')
    assert chain(events)[4:] == [(5, 4, "LambdaFunctionFailed"), (6, 5, "ExecutionFailed")]
    assert events[4]["lambdaFunctionFailedEventDetails"]["error"] == "KeyError" == run["error"]
    assert "output" not in run


def test_branches_follow_the_start_of_their_state_and_not_each_other(bench):
    branches = [{"StartAt": name, "States": {name: PASS}} for name in ("Left", "Right")]
    _, events = history_of(bench, {"Both": {"Type": "Parallel", "Branches": branches, "End": True}})
    assert chain(events)[1:3] == [(2, 0, "ParallelStateEntered"), (3, 2, "ParallelStateStarted")]
    inside = events[3:7]
    assert [each["previousEventId"] for each in inside if each["type"] == "PassStateEntered"] == [3, 3]
    last = [each["previousEventId"] for each in events[7:9]]  # both follow the end of the branches
    assert last == [7, 7] and [each["type"] for each in events[7:9]] == [
        "ParallelStateSucceeded",
        "ParallelStateExited",
    ]


def test_a_failed_branch_fails_its_state_once_it_is_not_tried_again(bench):
    branch = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "E", "Cause": "why"}}}
    retry = [{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    state = {"Type": "Parallel", "Branches": [branch], "Retry": retry, "End": True}
    _, events = history_of(bench, {"Both": state})
    assert chain(events)[2:] == [
        (3, 2, "ParallelStateStarted"),
        (4, 3, "FailStateEntered"),
        (5, 4, "ParallelStateStarted"),
        (6, 5, "FailStateEntered"),
        (7, 6, "ParallelStateFailed"),
        (8, 7, "ExecutionFailed"),
    ]


def test_iterations_one_at_a_time_follow_what_the_last_one_did(bench):
    iterator = {"StartAt": "Each", "States": {"Each": PASS}}
    state = {"Type": "Map", "ItemProcessor": iterator, "MaxConcurrency": 1, "End": True}
    _, events = history_of(bench, {"All": state}, "[1,2]")
    assert chain(events)[2:] == [
        (3, 2, "MapStateStarted"),
        (4, 3, "MapIterationStarted"),
        (5, 4, "PassStateEntered"),
        (6, 5, "PassStateExited"),
        (7, 6, "MapIterationSucceeded"),
        (8, 6, "MapIterationStarted"),
        (9, 8, "PassStateEntered"),
        (10, 9, "PassStateExited"),
        (11, 10, "MapIterationSucceeded"),
        (12, 11, "MapStateSucceeded"),
        (13, 11, "MapStateExited"),
        (14, 13, "ExecutionSucceeded"),
    ]
    assert events[2]["mapStateStartedEventDetails"] == {"length": 2}
    assert events[7]["mapIterationStartedEventDetails"] == {"index": 1, "name": "All"}


def test_a_distributed_map_has_a_run_and_its_items_have_histories_of_their_own(bench):
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    iterator = {**mode, "StartAt": "Each", "States": {"Each": PASS}}
    state = {"Type": "Map", "ItemProcessor": iterator, "End": True}
    _, events = history_of(bench, {"All": state}, "[1,2]")
    assert chain(events)[2:7] == [
        (3, 2, "MapStateStarted"),
        (4, 3, "MapRunStarted"),
        (5, 4, "MapRunSucceeded"),
        (6, 5, "MapStateSucceeded"),
        (7, 5, "MapStateExited"),
    ]
    assert ":mapRun:" in events[3]["mapRunStartedEventDetails"]["mapRunArn"]


def test_an_invoked_function_answers_with_lambda_s_own_headers(bench, function):
    parameters = {"FunctionName": function, "Payload.$": "$"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    run, _ = history_of(bench, {"Call": {**task, "End": True}}, '{"n":1}')
    output = json.loads(run["output"])
    metadata, request = output.pop("SdkHttpMetadata"), output.pop("SdkResponseMetadata")
    assert output == {"ExecutedVersion": "$LATEST", "Payload": {"n": 1}, "StatusCode": 200}
    assert metadata["HttpStatusCode"] == 200 and metadata["HttpHeaders"]["Content-Length"] == "7"
    assert metadata["AllHttpHeaders"]["x-amzn-RequestId"] == [request["RequestId"]]


def test_a_machine_says_how_it_logs_and_an_execution_whether_it_can_run_again(bench, function):
    run, _ = history_of(bench, {"Call": {"Type": "Task", "Resource": function, "End": True}}, '{"fail":"x"}')
    assert (run["redriveCount"], run["redriveStatus"]) == (0, "REDRIVABLE")
    other, _ = history_of(bench, {"One": PASS})
    assert other["redriveStatus"] == "NOT_REDRIVABLE"
    assert other["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    machine = bench.client("stepfunctions").describe_state_machine(stateMachineArn=other["stateMachineArn"])
    assert machine["tracingConfiguration"] == {"enabled": False}
    assert machine["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
