"""Containers of ECS as processes of this machine: what the emulator would ask of Docker, done without it.

A task is a process with an address of the loopback, as a task on AWS has an interface of its own. It has
its variables, the credentials of its own role and nothing of the host's; it ends with the cloud, however that
ends. What a process cannot be is refused by name, as a task that could not start.
"""

from __future__ import annotations

import itertools
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from explorer.facts.key_value import format_pair
from explorer.facts.locations import task_start_file

from . import images, task_credentials
from .grants import LOG_ACTIONS, role_allows
from .hook import checked, hook, hook_action
from .limits import Limits
from .patch_runtime import function_environment
from .starts import AT_ONCE, yield_to_the_cloud

HERE = "127.0.0.1"
TASKS_AT_ONCE = 254  # of one cloud: the last byte of their addresses, without the first and the last
LISTENS_S = 20.0  # that a start may take before the next has its turn
POLL_S = 0.02
KEPT_LINES = 1000  # of a container's output, for who asks for it later
CLUSTER = "cluster"  # the field of ECS's requests
COMMANDS = "commands of containers other than python -m MODULE"
NO_INSTANCES = "No Container Instances were found in your cluster."
TASK_ARN, CONTAINER = "com.amazonaws.ecs.task-arn", "com.amazonaws.ecs.container-name"

_starts = threading.BoundedSemaphore(AT_ONCE)


class CannotRunError(Exception):
    """What a task asks for, and a process of this machine cannot be."""


class Container:
    """One process, as the emulator knows a container."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, labels: Mapping[str, str]) -> None:
        self.id, self.process, self.address, self.labels = uuid.uuid4().hex, process, address, labels
        networks = {"awsvpc": {"IPAddress": address}}
        self.attrs = {"NetworkSettings": {"Networks": networks}, "Config": {"Labels": labels}}
        self.status = "running"
        self._lines: deque[bytes] = deque(maxlen=KEPT_LINES)
        self._followers: list[queue.SimpleQueue[bytes | None]] = []
        self._lock, self._ended = threading.Lock(), False
        threading.Thread(target=self._read, daemon=True).start()

    def reload(self) -> None:
        """Look whether it still runs."""
        self.status = "running" if self.process.poll() is None else "exited"

    def wait(self, **_: Any) -> dict[str, int]:
        """Its exit code once it has ended, as Docker has it: 128 and the signal."""
        code = self.process.wait()
        return {"StatusCode": code if code >= 0 else 128 - code}

    def stop(self, timeout: float = 5) -> None:
        """Ask it to end; after `timeout` [s] make it."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        self.remove()

    def remove(self, **_: Any) -> None:
        """End it at once, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        Containers.by_id.pop(self.id, None)

    def logs(self, stream: bool = False, **_: Any) -> Any:
        """What it has written; with `stream`, line after line until it ends."""
        return self._follow() if stream else b"".join(self._lines)

    def _follow(self) -> Iterator[bytes]:
        mine: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        with self._lock:
            for line in self._lines:
                mine.put(line)
            if self._ended:
                mine.put(None)
            self._followers.append(mine)
        return iter(mine.get, None)

    def _read(self) -> None:
        """Take what it writes off its hands: a full pipe would hold it."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._lock:
                    self._lines.append(line)
                    for follower in self._followers:
                        follower.put(line)
        with self._lock:
            self._ended = True
            for follower in self._followers:
                follower.put(None)


class Containers:
    """What `docker.containers` is to the emulator."""

    by_id: dict[str, Container] = {}
    _numbers = itertools.cycle(range(1, TASKS_AT_ONCE + 1))
    _lock = threading.Lock()

    def run(
        self,
        image: str,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Container:
        """Start a process for a container of a task."""
        from ministack.services import ecs

        labels = labels or {}
        definition = _definition_of(labels[TASK_ARN])
        _must_be_runnable(definition, more)
        try:
            folder = images.unpack(image)
        except images.NoImageError as error:
            raise ecs._ImagePullError(str(error)) from None
        address = self._address()
        own = _own_environment(dict(environment or {}), definition, labels[TASK_ARN], address)
        module = _module_of(command)
        _starts.acquire()
        try:
            process = _spawned([*module], folder, own)
        except BaseException:
            _starts.release()
            raise
        container = Container(process, address, labels)
        self.by_id[container.id] = container
        port = _port_of(definition)
        threading.Thread(target=_until_it_listens, args=(process, address, port), daemon=True).start()
        return container

    def _address(self) -> str:
        """The address of this cloud that has been free for longest; CannotRunError if all are taken."""
        network = cloud_network(int(os.environ["GATEWAY_PORT"]))
        taken = {each.address for each in list(self.by_id.values()) if each.process.poll() is None}
        with self._lock:
            for number in itertools.islice(self._numbers, TASKS_AT_ONCE):
                if (address := f"{network}.{number}") not in taken:
                    return address
        raise CannotRunError(f"the local cloud does not run more than {TASKS_AT_ONCE} tasks at once")

    def get(self, id: str) -> Any:
        """A container by its id; by the emulator's own name, what shows where tasks reach it."""
        if id == os.environ.get("HOSTNAME", ""):
            return _Cloud()
        return self.by_id[id]

    def list(self, filters: Mapping[str, Any] | None = None, **_: Any) -> list[Container]:
        """Containers with all of the labels that are asked for."""
        label = (filters or {}).get("label", [])
        requested = {label} if isinstance(label, str) else set(label)
        return [
            one
            for one in self.by_id.values()
            if set(itertools.starmap(format_pair, one.labels.items())) >= requested
        ]


class _Cloud:
    """The cloud itself, as a container beside the tasks: they reach it by its address on the loopback."""

    attrs: Mapping[str, Any] = {"NetworkSettings": {"Networks": {"loopback": {"IPAddress": HERE}}}}


class Images:
    """What `docker.images` is to the emulator: an image is pulled when a container is started from it."""

    def __init__(self, id: str = "") -> None:
        self.id = id

    def get(self, image: str) -> Images:
        """An image by its name."""
        return Images(images.digest_of(image))

    def get_registry_data(self, image: str, **_: Any) -> Images:
        """What a registry says of an image: its digest."""
        return Images(images.digest_of(image))

    def pull(self, image: str, **_: Any) -> Images:
        """Nothing yet: an image that is not there fails the start, in ECS's own words."""
        return self

    def tag(self, *_: Any, **__: Any) -> bool:
        """It has its name already."""
        return True


class Docker:
    """What a client of Docker is to the emulator."""

    containers, images = Containers(), Images()


def install(limits: Limits) -> None:
    """Let tasks be processes, in the emulator that is loaded in this process."""
    from ministack.services import ecs

    for name, parameters in {
        "_get_docker": "",
        "_cleanup_task_resources": "task docker_client extra_container",
        "_task_capacity": "launch_type strategy",
        "_launch_choice": "data cluster",
    }.items():
        checked(ecs, name, parameters)
    task_credentials.install()
    docker = Docker()
    ecs._get_docker = lambda: docker
    hook_action(ecs, "RunTask", "_run_task", "data", _as_on_aws)
    hook(ecs, "_mark_task_stopped", "task_arn task reason stop_code exit_code", _without_credentials)


def cloud_network(gateway_port: int) -> str:
    """The first three bytes of the addresses of a cloud's tasks; all of 127/8 is loopback on Linux.

    Two clouds on one machine have two ports, so the port in the address keeps a request of the one from the
    tasks of the other.

    >>> cloud_network(4566)
    '127.17.214'
    """
    return f"127.{gateway_port // 256}.{gateway_port % 256}"


def end_all() -> None:
    """End every task, at the end of the cloud."""
    for container in list(Containers.by_id.values()):
        with suppress(OSError):
            container.process.kill()


def last_line(task: str) -> str:
    """The last line that a task has written, "" where nothing is known of it."""
    for container in reversed(list(Containers.by_id.values())):
        if container.labels[TASK_ARN] == task:
            lines = container.logs().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
    return ""


# What a task asks for


def _definition_of(task: str) -> Mapping[str, Any]:
    from ministack.services import ecs

    record = ecs._tasks[task]
    definition: Mapping[str, Any] = ecs._task_defs[ecs._resolve_td_key(record["taskDefinitionArn"])]
    return definition


Refused = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
NOT_RUN: Mapping[
    str, Refused
] = {  # what a process of this machine cannot be: a definition, what Docker is asked
    "tasks elsewhere than on Linux: they have no addresses of their own there": lambda *_: (
        not sys.platform.startswith("linux")
    ),
    "tasks of more than one container": lambda task, _: len(task["containerDefinitions"]) > 1,
    "tasks of another network mode than awsvpc": lambda task, _: task.get("networkMode") != "awsvpc",
    "volumes of tasks": lambda task, more: task.get("volumes") or more.get("volumes"),
    "privileges of tasks": lambda _, more: any(
        more.get(name) for name in ("privileged", "cap_add", "pid_mode")
    ),
}


def _must_be_runnable(definition: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    """Raise CannotRunError for what a process of this machine cannot be."""
    for what, is_so in NOT_RUN.items():
        if is_so(definition, more):
            raise CannotRunError(f"the local cloud does not run {what}")
    _must_be_loggable(definition)


def _must_be_loggable(definition: Mapping[str, Any]) -> None:
    """On AWS a task does not start whose log is missing, or that may not write it."""
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import cloudwatch_logs

    log = definition["containerDefinitions"][0].get("logConfiguration") or {}
    group = (log.get("options") or {}).get("awslogs-group")
    if log.get("logDriver") != "awslogs" or not group:
        return
    failed = "failed to validate logger args: create stream has been retried 1 times: "
    if group not in cloudwatch_logs._log_groups:
        raise CannotRunError(f"{failed}ResourceNotFoundException: The specified log group does not exist.")
    role, region = definition.get("executionRoleArn") or "", get_region()
    stream = f"arn:aws:logs:{region}:{get_account_id()}:log-group:{group}:log-stream:any"
    task_credentials.must_trust(role)
    for action in LOG_ACTIONS:
        if not role_allows(role, action, stream, region):
            raise CannotRunError(f"{failed}AccessDeniedException: {role} may not perform: {action}")


def _module_of(command: Sequence[str] | None) -> Sequence[str]:
    if not command or list(command[:2]) not in (["python", "-m"], ["python3", "-m"]):
        text = " ".join(command or ()) or "that of the image"
        raise CannotRunError(f"the local cloud does not run {COMMANDS}, such as {text}")
    return command[2:]


def _port_of(definition: Mapping[str, Any]) -> int | None:
    ports = definition["containerDefinitions"][0].get("portMappings") or ()
    return int(ports[0]["containerPort"]) if ports else None


def _own_environment(
    env: dict[str, str], definition: Mapping[str, Any], task: str, address: str
) -> dict[str, str]:
    """The variables of a container, with the way to the credentials of its role, if it has one."""
    from ministack.core.responses import get_region

    for name in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"):
        env.pop(name, None)
    if role := definition.get("taskRoleArn"):
        path, token = task_credentials.grant(role, task)
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{HERE}:{os.environ['GATEWAY_PORT']}{path}"
        env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token
    region = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), get_region())
    own = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "ADDRESS": address}
    return function_environment({**own, **region, **env})


# Processes


def _spawned(module: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, str(task_start_file()), *module],
        cwd=folder,
        env={**env, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    yield_to_the_cloud(process.pid)
    return process


def _until_it_listens(process: subprocess.Popen[bytes], address: str, port: int | None) -> None:
    """Hold the slot of a start until the process listens, has ended, or takes too long."""
    try:
        until = time.monotonic() + (LISTENS_S if port else POLL_S)
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError), socket.create_connection((address, port or 0), timeout=1):
                return
            time.sleep(POLL_S)
    finally:
        _starts.release()


# What the emulator's own RunTask lets pass


def _as_on_aws(original: Callable[..., Any]) -> Callable[..., Any]:
    """A call that is repeated with its token starts nothing more; tasks of EC2 have no instances here."""
    from ministack.core.responses import error_response_json
    from ministack.services import ecs

    answers: dict[tuple[str, str], Any] = {}

    def run(data: dict[str, Any]) -> Any:
        key = (str(data.get(CLUSTER, "")), str(data.get("clientToken") or ""))
        if key[1] and key in answers:
            return answers[key]
        cluster = ecs._clusters.get(ecs._resolve_cluster_name(data.get(CLUSTER, "default")) or "")
        launch, strategy, _ = ecs._launch_choice(data, cluster)
        if ecs._task_capacity(launch, strategy)[0] == "EC2":
            return error_response_json("InvalidParameterException", NO_INSTANCES, 400)
        answer = original(data)
        if key[1] and answer[0] == 200:
            answers[key] = answer
        return answer

    return run


def _without_credentials(original: Callable[..., Any]) -> Callable[..., Any]:
    def mark(task_arn: str, *args: Any, **kwargs: Any) -> Any:
        task_credentials.withdraw(task_arn)
        return original(task_arn, *args, **kwargs)

    return mark
