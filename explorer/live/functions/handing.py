"""Sends a job's event to the work: asynchronous call, queue, state machine or container."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import open_jobs
import results
from clients import client, error_code, task_not_placed
from settings import SETTINGS, variable

NOT_IN_A_MESSAGE = "\ufffe\uffff"  # SQS refuses these two characters


def fits_in_event(raw: bytes) -> bool:
    """Whether a body, as JSON text, fits into its event."""
    size = len(json.dumps(raw.decode())) if SETTINGS.hand_over == "task" else len(raw)  # as a JSON string
    if size + results.EVENT_OVERHEAD_BYTES > SETTINGS.hand_bytes:
        return False
    return not any(character in raw.decode() for character in NOT_IN_A_MESSAGE)


def event(row: Mapping[str, Any], raw: bytes) -> bytes:
    """The event of a job's first hop; the body in it is inserted unchanged."""
    head: dict[str, Any] = {"id": row["id"], "token": row["token"], "hop": 0}
    if "body" in row:
        return json.dumps({**head, "body_at": row["body"]}).encode()
    return json.dumps(head)[:-1].encode() + b', "body": ' + raw.strip() + b"}"


def hand_over(id: str, payload: bytes) -> None:
    """Send the event to the work."""
    carrier = SETTINGS.hand_over or "event"
    if carrier == "fleet":  # the tasks that share the work find it there
        open_jobs.keep(id, payload)
        return
    CARRIERS[carrier](id, payload, variable("HAND_TO"))


def hand_on(next_event: Mapping[str, Any], function: str) -> None:
    """Invoke this function itself for the next hop."""
    _by_event(next_event["id"], json.dumps(next_event, separators=(",", ":")).encode(), function)


def _by_event(id: str, payload: bytes, function: str) -> None:
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)


def _by_name(id: str, payload: bytes, function: str) -> None:
    """Acknowledged work has no row: its execution's name ensures one start for each key."""
    name = {"DurableExecutionName": id} if SETTINGS.response == "nothing" else {}
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload, **name)


def _by_queue(id: str, payload: bytes, queue: str) -> None:
    client("sqs").send_message(QueueUrl=queue, MessageBody=payload.decode())


def _by_machine(id: str, payload: bytes, machine: str) -> None:
    """The execution is named after the job: if it exists, it has the job."""
    try:
        client("stepfunctions").start_execution(stateMachineArn=machine, name=id, input=payload.decode())
    except Exception as error:
        if error_code(error) != "ExecutionAlreadyExists":
            raise


def start_another_task(payload: bytes) -> None:
    """Start another task for the job of this one, which the platform ends."""
    _by_task(uuid.uuid4().hex, payload, variable("HAND_TO"))


def _by_task(id: str, payload: bytes, definition: str) -> None:
    """The token is the job's id: a repeated call starts no second task."""
    environment = [{"name": "EVENT", "value": payload.decode()}]
    network = {"subnets": variable("SUBNETS").split(","), "securityGroups": [variable("SECURITY_GROUP")],
               "assignPublicIp": "ENABLED"}  # fmt: skip
    answer = client("ecs").run_task(
        cluster=variable("CLUSTER"),
        taskDefinition=definition,
        clientToken=id,
        capacityProviderStrategy=[{"capacityProvider": SETTINGS.capacity}],
        networkConfiguration={"awsvpcConfiguration": network},
        overrides={"containerOverrides": [{"name": "work", "environment": environment}]},
    )
    if answer["failures"] or not answer["tasks"]:
        raise task_not_placed(answer["failures"])


CARRIERS: dict[str, Callable[[str, bytes, str], None]] = {
    "event": _by_event,
    "durable": _by_name,
    "queue": _by_queue,
    "machine": _by_machine,
    "task": _by_task,
}
