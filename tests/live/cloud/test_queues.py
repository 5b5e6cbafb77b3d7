"""Messages and events whose function fails, dies or has no room come again, and none is lost."""

import json
import time

import pytest

from tests.support.local_bench import Bench, until, zipped

pytestmark = pytest.mark.live

CODE = """
import json, os, signal, time
import boto3
table = boto3.resource("dynamodb").Table("seen")
def handle(event, context):
    record = event["Records"][0] if "Records" in event else {"body": json.dumps(event)}
    asked = json.loads(record["body"])
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": 1}}
    done = table.update_item(Key={"id": asked["id"]}, ReturnValues="ALL_NEW", **update)
    if done["Attributes"]["n"] > asked.get("bad", 0):
        return time.sleep(asked.get("hold", 0))
    if "back_s" in asked:
        boto3.client("sqs").change_message_visibility(
            QueueUrl=asked["queue"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=asked["back_s"])
    if asked.get("how") == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if asked.get("how") == "part":
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    raise ValueError("bad")
"""
HIDDEN_S, LONG_S = 3, 60


@pytest.fixture(scope="module")
def worker(quick):
    quick.table("seen")
    return quick.function("queued", Code={"ZipFile": zipped(CODE)}, Timeout=3)


@pytest.fixture(scope="module")
def dead(quick):
    """The address of the queue of dead letters."""
    return quick.client("sqs").create_queue(QueueName="dead")["QueueUrl"]


@pytest.fixture(scope="module")
def queue(quick, worker, dead):
    """The address of a queue in front of the worker: what it was given is hidden for a while."""
    return in_front(quick, worker, HIDDEN_S)


@pytest.fixture(scope="module")
def patient(quick, worker, dead):
    """The same, but hidden for longer than any test lasts."""
    return in_front(quick, worker, LONG_S)


def in_front(bench: Bench, worker: str, hidden_s: int) -> str:
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2}
    settings = {"VisibilityTimeout": str(hidden_s), "RedrivePolicy": json.dumps(redrive)}
    url = bench.client("sqs").create_queue(QueueName=f"work-{hidden_s}", Attributes=settings)["QueueUrl"]
    bench.client("lambda").create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:work-{hidden_s}",
        FunctionName=worker,
        BatchSize=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 5},
    )
    return url


def count_of(bench: Bench, id: str) -> int:
    item = bench.session.resource("dynamodb").Table("seen").get_item(Key={"id": id}).get("Item")
    return int(item["n"]) if item else 0


@pytest.mark.parametrize("how", ["raise", "part", "kill"])
def test_a_message_that_failed_comes_back_when_it_is_seen_again(quick, queue, how):
    id, began = f"{how} later", time.monotonic()
    body = {"id": id, "bad": 1, "how": how, "queue": queue}
    quick.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(body))
    assert until(lambda: count_of(quick, id) == 2)
    assert HIDDEN_S - 0.2 <= time.monotonic() - began < LONG_S


@pytest.mark.parametrize("how", ["raise", "part", "kill"])
def test_a_message_that_its_function_shows_again_comes_back_at_once(quick, patient, how):
    id, began = f"{how} at once", time.monotonic()
    body = {"id": id, "bad": 1, "how": how, "queue": patient, "back_s": 0}
    quick.client("sqs").send_message(QueueUrl=patient, MessageBody=json.dumps(body))
    assert until(lambda: count_of(quick, id) == 2) and time.monotonic() - began < LONG_S - 5


def test_a_message_that_always_fails_is_put_aside(quick, patient, dead):
    sqs, body = quick.client("sqs"), {"id": "always", "bad": 9, "back_s": 0, "queue": patient}
    sqs.send_message(QueueUrl=patient, MessageBody=json.dumps(body))
    ids = []  # on a busy machine, messages of other tests too: one that is hidden for too short a time

    def is_put_aside():
        received = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages", [])
        ids.extend(json.loads(each["Body"])["id"] for each in received)
        return "always" in ids

    assert until(is_put_aside) and count_of(quick, "always") == 2


def test_messages_wait_for_a_function_without_room(quick, patient, worker):
    functions, sqs = quick.client("lambda"), quick.client("sqs")
    functions.put_function_concurrency(FunctionName=worker, ReservedConcurrentExecutions=1)
    quick.invoke({"id": "busy", "hold": 1}, worker, InvocationType="Event")
    assert until(lambda: count_of(quick, "busy") == 1)
    began = time.monotonic()
    sqs.send_message(QueueUrl=patient, MessageBody=json.dumps({"id": "waiting"}))
    assert until(lambda: count_of(quick, "waiting") == 1)
    assert time.monotonic() - began < LONG_S - 5  # it did not have to come back for it
    functions.delete_function_concurrency(FunctionName=worker)


STARTS = """
import json, os, signal, time
import boto3
if os.path.exists(os.environ["MARK"]):
    how = open(os.environ["MARK"]).read()
    os.remove(os.environ["MARK"])
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError("not today")
table = boto3.resource("dynamodb").Table("seen")
def handle(event, context):
    for _ in range(2):
        update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": 1}}
        table.update_item(Key={"id": event["id"]}, **update)
        while os.path.exists(event["holds"]):
            time.sleep(0.02)
    return "done"
"""


@pytest.mark.parametrize(
    ("how", "kind", "says"),
    [("kill", "Runtime.ExitError", "signal: killed"), ("raise", "Runtime.Unknown", "not today")],
)
def test_a_worker_that_does_not_start_ends_no_other(quick, worker, tmp_path, how, kind, says):
    mark, holds, id = tmp_path / "mark", tmp_path / "holds", f"starts {how}"
    more = {"Environment": {"Variables": {"MARK": str(mark)}}, "Timeout": 60}
    name = quick.function(f"starts-{how}", Code={"ZipFile": zipped(STARTS)}, **more)
    holds.touch()
    quick.invoke({"id": id, "holds": str(holds)}, name, InvocationType="Event")
    assert until(lambda: count_of(quick, id) == 1)
    mark.write_text(how)
    answer = quick.invoke({"id": "no", "holds": ""}, name)
    error = json.loads(answer["body"])
    assert answer["FunctionError"] == "Unhandled" and (error["errorType"], count_of(quick, "no")) == (kind, 0)
    assert error["errorMessage"].endswith(says)
    holds.unlink()
    assert until(lambda: count_of(quick, id) == 2)
    assert json.loads(quick.invoke({"id": f"{id} again", "holds": ""}, name)["body"]) == "done"


@pytest.mark.parametrize(("qualifier", "called"), [("$LATEST", "queued"), ("live", "queued:live")])
def test_a_failed_event_is_tried_again_as_its_qualifier_says(quick, worker, qualifier, called):
    functions = quick.client("lambda")
    if qualifier == "live":
        version = functions.publish_version(FunctionName=worker)["Version"]
        functions.create_alias(FunctionName=worker, FunctionVersion=version, Name="live")
    config = {"FunctionName": worker, "Qualifier": qualifier, "MaximumRetryAttempts": 1}
    functions.put_function_event_invoke_config(**config)
    id, began = f"event {qualifier}", time.monotonic()
    quick.invoke({"id": id, "bad": 9}, called, InvocationType="Event")
    assert until(lambda: count_of(quick, id) == 2) and time.monotonic() - began >= 0.3
    time.sleep(0.5)
    assert count_of(quick, id) == 2


UPDATED = """
import os, time
import boto3
table = boto3.resource("dynamodb").Table("seen")
def handle(event, context):
    if event.get("look"):
        return {"end_s": context.get_remaining_time_in_millis() / 1000, "form": os.environ["FORM"]}
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": 1}}
    table.update_item(Key={"id": event["id"] + os.environ["FORM"]}, **update)
    while os.environ["FORM"] == "old" and os.path.exists(event["holds"]):
        time.sleep(0.02)
    if os.environ["FORM"] == "old":
        raise ValueError("old")
"""


def variables(form):
    return {"Environment": {"Variables": {"FORM": form}}}


def test_an_event_that_is_tried_again_finds_the_function_as_it_is_by_then(quick, worker, tmp_path):
    name, holds, functions = "updated", tmp_path / "holds", quick.client("lambda")
    quick.function(name, Code={"ZipFile": zipped(UPDATED)}, Timeout=30, **variables("old"))
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    holds.touch()
    quick.invoke({"id": "updated ", "holds": str(holds)}, name, InvocationType="Event")
    assert until(lambda: count_of(quick, "updated old") == 1)
    functions.update_function_configuration(FunctionName=name, Timeout=300, **variables("new"))
    holds.unlink()
    assert until(lambda: count_of(quick, "updated new") == 1)
    seen = json.loads(quick.invoke({"look": True}, name)["body"])
    assert seen["form"] == "new" and 290 < seen["end_s"] <= 300
