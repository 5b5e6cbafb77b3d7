"""Durable functions go on where they stopped, whatever calls them and whatever happens to an invocation."""

import json
import time
from functools import partial

import pytest
from botocore.config import Config

from tests.support.local_bench import TRUST, Bench, Caller, code, refused, until, zipped

pytestmark = pytest.mark.live

CODE = """
import json, os, time
import boto3
from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

table = boto3.resource("dynamodb").Table("steps")
patient = RetryStrategyConfig(max_attempts=3, initial_delay=Duration.from_seconds(1))

def work(n, event):
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": 1}}
    key = {"id": f"{event['job']}-{n}"}
    times = int(table.update_item(Key=key, ReturnValues="ALL_NEW", **update)["Attributes"]["n"])
    first = times == 1 and n == 1
    if first and event.get("exit"):
        os._exit(9)
    if first and event.get("hang"):
        time.sleep(60)
    if times < 3 and n == 1 and event.get("flaky"):
        raise OSError("not yet")
    return n

@durable_execution
def handle(event, context):
    door = "requestContext" in event
    if door:
        event = json.loads(event["body"])
    if "Records" in event:
        event = json.loads(event["Records"][0]["body"])
    done = []
    for n in range(3):
        config = StepConfig(retry_strategy=create_retry_strategy(patient))
        done.append(context.step(lambda step: work(n, event), name=f"step {n}", config=config))
        if event.get("wait") and n == 1:
            context.wait(Duration.from_seconds(1))
    if event.get("raise"):
        raise ValueError("outside a step")
    return {"statusCode": 200, "body": json.dumps(done)} if door else done
"""
NAME = "lasting"


@pytest.fixture(scope="module")
def lasting(bench):
    """The ARN of the alias of a durable function."""
    bench.table("steps")
    settings = {"DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}}
    package = {"ZipFile": zipped(CODE)}
    return alias(bench, bench.function(NAME, Code=package, Timeout=2, MemorySize=512, **settings))


def alias(bench: Bench, name: str) -> str:
    functions = bench.client("lambda")
    version = functions.publish_version(FunctionName=name)["Version"]
    return functions.create_alias(FunctionName=name, FunctionVersion=version, Name="live")["AliasArn"]


def times(bench: Bench, job: str) -> list[int]:
    """How often each step of the job was worked."""
    table = bench.session.resource("dynamodb").Table("steps")
    rows = [table.get_item(Key={"id": f"{job}-{n}"}).get("Item", {"n": 0}) for n in range(3)]
    return [int(row["n"]) for row in rows]


@pytest.mark.parametrize(
    ("event", "counts", "at_least_s"),
    [
        ({}, [1, 1, 1], 0),
        ({"wait": True}, [1, 1, 1], 1),
        ({"flaky": True}, [1, 3, 1], 2),
        ({"exit": True}, [1, 2, 1], 1),
        ({"hang": True}, [1, 2, 1], 2),
    ],
    ids=str,
)
def test_each_step_is_done_once_whatever_happens(bench, lasting, event, counts, at_least_s):
    job, began = f"once {event}", time.monotonic()
    answer = bench.invoke({"job": job, **event}, lasting)
    assert json.loads(answer["body"]) == [0, 1, 2] and "FunctionError" not in answer
    assert times(bench, job) == counts and time.monotonic() - began >= at_least_s


def test_an_exception_outside_a_step_ends_it_at_once(bench, lasting):
    answer = bench.invoke({"job": "raising", "raise": True}, lasting)
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["body"])["errorMessage"] == "outside a step"
    assert times(bench, "raising") == [1, 1, 1]


def execution(bench: Bench, arn: str) -> str:
    return bench.client("lambda").get_durable_execution(DurableExecutionArn=arn)["Status"]


def test_events_go_on_by_themselves_side_by_side(bench, lasting):
    send = partial(bench.invoke, name=lasting, InvocationType="Event")
    arns = [send({"job": f"event {n}", "wait": True})["DurableExecutionArn"] for n in range(4)]
    assert until(lambda: {execution(bench, arn) for arn in arns} == {"SUCCEEDED"})
    ran = [bench.client("lambda").get_durable_execution(DurableExecutionArn=arn) for arn in arns]
    times_of = [(one["StartTimestamp"], one["EndTimestamp"]) for one in ran]
    assert max(began for began, _ in times_of) < min(ended for _, ended in times_of)
    assert all((ended - began).total_seconds() >= 1 for began, ended in times_of)
    assert times(bench, "event 3") == [1, 1, 1]


def test_an_execution_has_its_time(bench, lasting):
    settings = {"DurableConfig": {"ExecutionTimeout": 1, "RetentionPeriodInDays": 1}}
    options = {"Code": {"ZipFile": zipped(CODE)}, "Timeout": 30, **settings}
    name = bench.function("hasty", **options)
    answer = bench.invoke({"job": "late", "exit": True}, name, Qualifier="$LATEST")
    assert answer["FunctionError"] == "Unhandled"
    assert until(lambda: execution(bench, answer["DurableExecutionArn"]) == "TIMED_OUT")


def test_doors_and_queues_wait_for_the_end(bench, lasting):
    url = bench.http_api(f"{NAME}:live")
    answer = bench.post(url, b'{"job":"door","wait":true}')
    assert (answer.status, json.loads(answer.body)) == (200, [0, 1, 2])
    sqs = bench.client("sqs")
    queue = sqs.create_queue(QueueName="lasting")["QueueUrl"]
    source = "arn:aws:sqs:us-east-1:000000000000:lasting"
    bench.client("lambda").create_event_source_mapping(EventSourceArn=source, FunctionName=lasting)
    sqs.send_message(QueueUrl=queue, MessageBody='{"job":"queue","wait":true}')
    assert until(lambda: times(bench, "queue") == [1, 1, 1])
    query = {"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"]}
    assert until(lambda: sqs.get_queue_attributes(**query)["Attributes"].popitem()[1] == "0")


def test_who_calls_says_which_version(bench, lasting):
    error = refused(bench.invoke, {}, NAME)
    assert code(error) == (400, "InvalidParameterValueException") and "unqualified" in str(error)


@pytest.mark.parametrize(("action", "fails"), [("CheckpointDurableExecution", False), ("Nothing", True)])
def test_its_role_may_note_its_steps(bench, lasting, action, fails):
    name = f"noting-{action}"
    iam, own = bench.client("iam"), f"arn:aws:lambda:us-east-1:000000000000:function:{name}:*"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    rows = {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": "*"}
    notes = {"Effect": "Allow", "Action": f"lambda:{action}", "Resource": own}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [rows, notes]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    settings = {"DurableConfig": {"ExecutionTimeout": 60, "RetentionPeriodInDays": 1}}
    bench.function(name, Role=role, Code={"ZipFile": zipped(CODE)}, **settings)
    answer = bench.invoke({"job": name}, name, Qualifier="$LATEST")
    assert ("FunctionError" in answer) is fails and (b"not authorized" in answer["body"]) is fails


def test_its_state_is_nobody_else_s(bench, lasting):
    answer = bench.invoke({"job": "private"}, lasting)
    other = Caller(bench, "curious", []).client("lambda")
    error = refused(other.get_durable_execution, DurableExecutionArn=answer["DurableExecutionArn"])
    assert code(error) == (403, "AccessDeniedException")


def test_a_caller_hears_that_there_is_no_room_and_an_event_waits_for_it(bench, lasting):
    functions = bench.client("lambda")
    functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    impatient = bench.session.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    error = refused(impatient.invoke, FunctionName=lasting, Payload=b'{"job":"crowded"}')
    assert code(error) == (429, "TooManyRequestsException")
    bench.invoke({"job": "patient"}, lasting, InvocationType="Event")
    time.sleep(0.3)
    assert times(bench, "patient") == times(bench, "crowded") == [0, 0, 0]
    functions.delete_function_concurrency(FunctionName=NAME)
    assert until(lambda: times(bench, "patient") == [1, 1, 1])
