"""Notices over a WebSocket: the end of a job, sent to the connection that waits for it."""

from __future__ import annotations

import json
import os
import re
import time
from functools import cache
from typing import Any

import log
from clients import error_code, platform_errors, session_client
from description import describe
from row import Row, now
from settings import variable

AWS_ADDRESS = re.compile(r"\w+://(\w+)\.execute-api\.[^/]+/(\w+)")
OPENING_S = 10.0  # a connection younger than this may still be opening
PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6)  # before further attempts on a connection that is still opening


def address(scheme: str) -> str:
    """The address of the stack's WebSocket API: where AWS has it, or on the cloud that stands in for AWS.

    `scheme` : ws for clients, http for those who send notices; TLS is added
    """
    aws_address, elsewhere = variable("SOCKET"), os.environ.get("AWS_ENDPOINT_URL")
    if not elsewhere:
        return aws_address.replace("wss://", f"{scheme}s://", 1)
    place = AWS_ADDRESS.sub(r"_aws/execute-api/\1/\2", aws_address)
    return f"{scheme}://{elsewhere.partition('://')[2]}/{place}"


@cache
def _connections() -> Any:
    return session_client("apigatewaymanagementapi", endpoint_url=address("http"))


def send(row: Row) -> None:
    """Send the end of a job to its connection, if it has one; a connection that is gone gets nothing.

    A notice that cannot be sent is no failure of the job: its client also reads the status.
    """
    if "connection" not in row:
        return
    message = json.dumps(describe(row)).encode()
    for pause_s in (*PAUSES_S, None):
        try:
            _connections().post_to_connection(ConnectionId=row["connection"], Data=message)
        except platform_errors() as error:
            code = error_code(error)
            if code == "GoneException" and pause_s and now() - row["connected"] < OPENING_S:
                time.sleep(pause_s)  # it is not open before the function that admits it has answered
                continue
            log.note(notice=code or log.where(error))
        return
