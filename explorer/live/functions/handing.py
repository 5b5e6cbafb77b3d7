"""A job's event on its way to the work: an asynchronous call, a queue, or a state machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import results
from clients import client, code
from settings import SETTINGS, variable

NOT_IN_A_MESSAGE = "\ufffe\uffff"  # SQS refuses these two characters


def fits(raw: bytes) -> bool:
    """Whether a body, JSON text, travels with its event."""
    if len(raw) + results.AROUND > SETTINGS.hand_bytes:
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
    WAYS[SETTINGS.hand_over or "event"](id, payload, variable("HAND_TO"))


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


WAYS: dict[str, Callable[[str, bytes, str], None]] = {
    "event": _by_event,
    "durable": _by_name,
    "queue": _by_queue,
    "machine": _by_machine,
}
