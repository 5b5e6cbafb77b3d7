"""Entry of the WebSocket API: a caller connects to a job, and asks from time to time whether it has ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import jobs
import log
import notices
import strict_json
from clients import error_code, platform_errors
from request import owner_of
from row import Refused
from settings import served_parts

JOB = "job"  # name of the job's id, in the query of a connection and in a message
NO_SUCH_JOB, ENDED, FAILED, OK = 404, 410, 500, 200  # status codes of an answer to API Gateway


def is_event(event: Mapping[str, Any]) -> bool:
    """Whether API Gateway sent the event for a WebSocket, and this function serves those."""
    is_socket = "connectionId" in (event.get("requestContext") or {})
    return is_socket and "SOCKET" in os.environ and "status" in served_parts()


def address_of(id: str) -> dict[str, str]:
    """The address at which the caller of a job waits for its end; nothing where the stack has none."""
    if "SOCKET" not in os.environ:
        return {}
    return {"socket": f"{notices.address('ws')}?{JOB}={quote(id)}"}


def answer(event: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Admit a connection, or look after the job of one."""
    context = event["requestContext"]
    with log.invocation("socket", request_id):
        try:
            if context["eventType"] == "CONNECT":
                status = _connect(event, context)
            else:
                status = _look(str(event.get("body") or ""), context["connectionId"])
        except platform_errors() as error:
            log.note(failed=log.where(error), code=error_code(error))
            status = FAILED
        log.note(status=status)
        return {"statusCode": status}


def _connect(event: Mapping[str, Any], context: Mapping[str, Any]) -> int:
    """Admit the owner of a job that has not ended; its notice goes to the connection that came last."""
    identity = context.get("identity") or {}
    owner = owner_of(identity.get("caller"), identity.get("userArn"))
    id = (event.get("queryStringParameters") or {}).get(JOB, "")
    row = jobs.read(id, owner) if owner else None
    if row is None:
        return NO_SUCH_JOB
    log.note(job=id)
    try:
        jobs.connect(row, context["connectionId"])
    except Refused:
        return ENDED
    return OK


def _look(body: str, connection: str) -> int:
    """Send the notice again if the job has ended. Its connection alone shows who asks."""
    try:
        message = strict_json.parse(body.encode("utf-8", "surrogatepass"))
    except strict_json.NotJson:
        return OK
    id = message.get(JOB) if isinstance(message, dict) else None
    row = jobs.read_connected(id, connection) if isinstance(id, str) else None
    if row is not None:
        log.note(job=id)
        if row["status"] in jobs.ENDED:
            notices.send(row)
    return OK
