"""The local cloud's process: `python -m explorer.live.cloud.server FOLDER`, started only by `supervisor`."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from explorer.errors import CloudError

from . import loopback
from .limits import Limits
from .supervisor import note_process

HOST = "127.0.0.1"
ADMINISTRATOR = "explorer-administrator"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
ROOT = "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/iam/aws4_request"  # used in this process only
KEEP_ALIVE_S, GRACE_S, BACKLOG = 75, 0.2, 512
MOST_HEADER_BYTES = 128 * 1024  # more than any door accepts: each has its own limit


def main(folder: Path) -> None:
    """Serve the cloud of a run folder until SIGTERM; a failure to start is the last line of its log."""
    note_process(folder, os.getpid())
    settings = json.loads((folder / "settings.json").read_text())
    listener = socket.create_server((HOST, 0), backlog=BACKLOG)
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])
    try:
        limits = Limits(Path(settings["facts"]) if settings["facts"] else None, settings["limits"])
        loopback.install()
        asyncio.run(_serve(folder, settings["region"], listener, limits))
    except CloudError as error:
        print(error, flush=True)
        os._exit(1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # at once: threads that still wait for a function do not delay it


async def _serve(folder: Path, region: str, listener: socket.socket, limits: Limits) -> None:
    from hypercorn.asyncio import serve
    from ministack.app import app
    from ministack.core import lambda_runtime

    from . import (
        actions,
        authentication,
        doors,
        durable,
        evaluation,
        grants,
        history,
        inspection,
        invocations,
        limits_inside,
        load_balancer,
        machines,
        patch_cloudformation,
        patch_runtime,
        provisioned,
        qualified_names,
        queues,
        refusals,
        secret_versions,
        snap_start,
        sockets,
        starts,
        states,
        steady_service,
        target_health,
        task_permissions,
        task_processes,
        tokens,
        variable_references,
    )
    from .hook import check_version
    from .limits_at_door import LimitsAtDoor

    check_version()
    for part in (
        patch_runtime,
        starts,
        provisioned,
        snap_start,
        limits_inside,
        invocations,
        states,
        queues,
        durable,
        doors,
        tokens,
        grants,
        history,
        evaluation,
        inspection,
        machines,
        variable_references,
        secret_versions,
        sockets,
        qualified_names,
        actions,
        task_permissions,
        task_processes,
        load_balancer,
        steady_service,
        refusals,
    ):
        part.install(limits)
    patch_cloudformation.install()
    shutdown = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, shutdown.set)
    credentials = await _create_administrator(app)
    authentication.install()
    _publish(folder, region, listener, credentials)
    watch_task = asyncio.create_task(target_health.watch())
    try:
        application: Any = LimitsAtDoor(app, limits)
        await serve(application, _config(listener), shutdown_trigger=shutdown.wait)
    finally:
        watch_task.cancel()
        task_processes.end_all()
        lambda_runtime.reset()


def _config(listener: socket.socket) -> Any:
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.backlog = BACKLOG
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.graceful_timeout = GRACE_S
    config.h11_max_incomplete_size = MOST_HEADER_BYTES
    config.loglevel = "ERROR"
    return config


def _publish(folder: Path, region: str, listener: socket.socket, credentials: dict[str, str]) -> None:
    """Write the file for which the supervisor waits, atomically."""
    port = listener.getsockname()[1]
    ready = {"port": port, "region": region, "credentials": credentials}
    part = folder / "cloud.json.part"
    with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        json.dump(ready, file)
    part.rename(folder / "cloud.json")


async def _create_administrator(app: Any) -> dict[str, str]:
    """Create the user with all permissions in this cloud, and its access key."""
    user = {"UserName": ADMINISTRATOR}
    await _call_iam(app, Action="CreateUser", **user)
    await _call_iam(app, Action="PutUserPolicy", PolicyName="everything", PolicyDocument=POLICY, **user)
    answer = await _call_iam(app, Action="CreateAccessKey", **user)
    names = {"access_key_id": "AccessKeyId", "secret_access_key": "SecretAccessKey"}
    matches = {name: re.search(f"<{tag}>([^<]+)</{tag}>", answer) for name, tag in names.items()}
    return {name: match[1] for name, match in matches.items() if match}


async def _call_iam(app: Any, **fields: str) -> str:
    """Call IAM in the emulator before it is reachable; the body of the answer. Raises CloudError."""
    body = urlencode({"Version": "2010-05-08", **fields}).encode()
    headers = {
        "host": "iam.amazonaws.com",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
        "authorization": f"{ROOT}, SignedHeaders=host, Signature=0",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "scheme": "http",
        "client": (HOST, 0),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    answer = b"".join(message.get("body", b"") for message in messages).decode()
    if messages[0]["status"] != 200:
        raise CloudError(f"ministack: {fields['Action']} answered {messages[0]['status']}: {answer}")
    return answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
