"""Messages and events whose function fails, dies or has no room come again, and none is lost."""

import json
import time

import pytest
from local_bench import Bench, until, zipped

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
HIDDEN_S = 3


@pytest.fixture(scope="module")
def worker(quick):
    quick.table("seen")
    return quick.function("queued", Code={"ZipFile": zipped(CODE)}, Timeout=3)


@pytest.fixture(scope="module")
def queue(quick, worker):
    """The addresses of a queue in front of the worker and of its dead letters."""
    sqs = quick.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 2}
    settings = {"VisibilityTimeout": str(HIDDEN_S), "RedrivePolicy": json.dumps(redrive)}
    url = sqs.create_queue(QueueName="work", Attributes=settings)["QueueUrl"]
    quick.client("lambda").create_event_source_mapping(
        EventSourceArn="arn:aws:sqs:us-east-1:000000000000:work",
        FunctionName=worker,
        BatchSize=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 5},
    )
    return url, dead


def seen(bench: Bench, id: str) -> int:
    item = bench.session.resource("dynamodb").Table("seen").get_item(Key={"id": id}).get("Item")
    return int(item["n"]) if item else 0


@pytest.mark.parametrize("how", ["raise", "part", "kill"])
@pytest.mark.parametrize(("back", "after_s", "before_s"), [({}, HIDDEN_S, 6), ({"back_s": 0}, 0, 2.8)])
def test_a_message_that_failed_comes_back_when_it_is_seen_again(quick, queue, how, back, after_s, before_s):
    id, began = f"{how}-{bool(back)}", time.monotonic()
    body = {"id": id, "bad": 1, "how": how, "queue": queue[0], **back}
    quick.client("sqs").send_message(QueueUrl=queue[0], MessageBody=json.dumps(body))
    assert until(lambda: seen(quick, id) == 2)
    assert after_s <= time.monotonic() - began + 0.2 and time.monotonic() - began < before_s


def test_a_message_that_always_fails_is_put_aside(quick, queue):
    sqs, body = quick.client("sqs"), {"id": "always", "bad": 9, "back_s": 0, "queue": queue[0]}
    sqs.send_message(QueueUrl=queue[0], MessageBody=json.dumps(body))
    received = sqs.receive_message(QueueUrl=queue[1], WaitTimeSeconds=10)["Messages"]
    assert json.loads(received[0]["Body"])["id"] == "always" and seen(quick, "always") == 2


def test_messages_wait_for_a_function_without_room(quick, queue, worker):
    functions, sqs = quick.client("lambda"), quick.client("sqs")
    functions.put_function_concurrency(FunctionName=worker, ReservedConcurrentExecutions=1)
    quick.invoke({"id": "busy", "hold": 1}, worker, InvocationType="Event")
    assert until(lambda: seen(quick, "busy") == 1)
    began = time.monotonic()
    sqs.send_message(QueueUrl=queue[0], MessageBody=json.dumps({"id": "waiting"}))
    assert until(lambda: seen(quick, "waiting") == 1)
    assert time.monotonic() - began < HIDDEN_S - 0.5  # it did not have to come back for it
    functions.delete_function_concurrency(FunctionName=worker)


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
    assert until(lambda: seen(quick, id) == 2) and time.monotonic() - began >= 0.3
    time.sleep(0.5)
    assert seen(quick, id) == 2
