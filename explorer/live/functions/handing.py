"""A job's event on its way to the work: an asynchronous call, a queue, a state machine, or a container."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import open_jobs
import results
from clients import client, code, not_started
from settings import SETTINGS, variable

NOT_IN_A_MESSAGE = "\ufffe\uffff"  # SQS refuses these two characters


def fits(raw: bytes) -> bool:
    """Whether a body, JSON text, travels with its event."""
    size = len(json.dumps(raw.decode())) if SETTINGS.hand_over == "task" else len(raw)  # it is text in JSON
    if size + results.AROUND > SETTINGS.hand_bytes:
        return False
    return not any(character in raw.decode() for character in NOT_IN_A_MESSAGE)


def event(row: Mapping[str, Any], raw: bytes) -> bytes:
    """The event of a job's first hop; a body that travels with it is spliced in as it came."""
    head: dict[str, Any] = {"id": row["id"], "token": row["token"], "hop": 0}
    if "body" in row:
        return json.dumps({**head, "body_at": row["body"]}).encode()
    return json.dumps(head)[:-1].encode() + b', "body": ' + raw.strip() + b"}"


def hand_over(id: str, payload: bytes) -> None:
    """Give the event to whatever carries it to the work."""
    way = SETTINGS.hand_over or "event"
    if way == "fleet":  # the tasks that share the work find it there
        open_jobs.keep(id, payload)
        return
    WAYS[way](id, payload, variable("HAND_TO"))


def hand_on(following: Mapping[str, Any], function: str) -> None:
    """Invoke the function, which is this one itself, for the next hop."""
    _by_event(following["id"], json.dumps(following, separators=(",", ":")).encode(), function)


def _by_event(id: str, payload: bytes, function: str) -> None:
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)


def _by_name(id: str, payload: bytes, function: str) -> None:
    """What is only acknowledged has no row: by its execution's name it is begun once for a key."""
    name = {"DurableExecutionName": id} if SETTINGS.response == "nothing" else {}
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload, **name)


def _by_queue(id: str, payload: bytes, queue: str) -> None:
    client("sqs").send_message(QueueUrl=queue, MessageBody=payload.decode())


def _by_machine(id: str, payload: bytes, machine: str) -> None:
    """An execution has the job's name: one that is there already has the job."""
    try:
        client("stepfunctions").start_execution(stateMachineArn=machine, name=id, input=payload.decode())
    except Exception as error:
        if code(error) != "ExecutionAlreadyExists":
            raise


def begin_again(payload: bytes) -> None:
    """Start another task for the job of this one, which the platform ends."""
    _by_task(uuid.uuid4().hex, payload, variable("HAND_TO"))


def _by_task(id: str, payload: bytes, definition: str) -> None:
    """A task has the job's name: a call that is repeated starts no second one."""
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
        raise not_started(answer["failures"])


WAYS: dict[str, Callable[[str, bytes, str], None]] = {
    "event": _by_event,
    "durable": _by_name,
    "queue": _by_queue,
    "machine": _by_machine,
    "task": _by_task,
}
