"""ECS containers as processes of this machine: replaces the Docker client that the emulator would use.

A task is a process with a loopback address of its own, as a task on AWS has its own network interface. It has
its variables and the credentials of its role, and nothing of the host's environment; it ends with the cloud,
however the cloud ends. A feature that a process cannot have is refused by name: the task does not start.
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
from .hook import hook, hook_action, require
from .limits import Limits
from .patch_runtime import function_environment
from .starts import AT_ONCE, yield_to_the_cloud

HOST = "127.0.0.1"
TASKS_AT_ONCE = 254  # of one cloud: values of the last byte of an address, without 0 and 255
LISTEN_WAIT_S = 20.0  # longest time for which a start holds its slot
POLL_S = 0.02
MOST_LINES = 1000  # of a container's output, for later readers
CLUSTER = "cluster"  # the field of ECS's requests
COMMANDS = "commands of containers other than python -m MODULE"
NO_INSTANCES = "No Container Instances were found in your cluster."
TASK_ARN, CONTAINER = "com.amazonaws.ecs.task-arn", "com.amazonaws.ecs.container-name"

_starts = threading.BoundedSemaphore(AT_ONCE)


class CannotRunError(Exception):
    """A task needs something that a process of this machine cannot have."""


class Container:
    """One process with the interface of docker-py's Container, as far as the emulator uses it.

    Parameters
    ----------
    process : with pipes as standard input and output
    address : of the task, on the loopback
    labels : of the container
    """

    def __init__(self, process: subprocess.Popen[bytes], address: str, labels: Mapping[str, str]) -> None:
        self.id, self.process, self.address, self.labels = uuid.uuid4().hex, process, address, labels
        networks = {"awsvpc": {"IPAddress": address}}
        self.attrs = {"NetworkSettings": {"Networks": networks}, "Config": {"Labels": labels}}
        self.status = "running"
        self._lines: deque[bytes] = deque(maxlen=MOST_LINES)
        self._followers: list[queue.SimpleQueue[bytes | None]] = []
        self._lock, self._ended = threading.Lock(), False
        threading.Thread(target=self._read, daemon=True).start()

    def reload(self) -> None:
        """Update `status`: "running" or "exited"."""
        self.status = "running" if self.process.poll() is None else "exited"

    def wait(self, **_: Any) -> dict[str, int]:
        """Wait for its end; its exit code in Docker's form: 128 plus the signal's number."""
        code = self.process.wait()
        return {"StatusCode": code if code >= 0 else 128 - code}

    def stop(self, timeout: float = 5) -> None:
        """Send SIGTERM, and SIGKILL if it still runs after `timeout` [s]."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        self.remove()

    def remove(self, **_: Any) -> None:
        """Kill it if it still runs, and forget it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        Containers.by_id.pop(self.id, None)

    def logs(self, stream: bool = False, **_: Any) -> Any:
        """Its output so far [bytes]; with `stream`, an iterator of lines until it ends."""
        return self._follow() if stream else b"".join(self._lines)

    def _follow(self) -> Iterator[bytes]:
        lines_queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        with self._lock:
            for line in self._lines:
                lines_queue.put(line)
            if self._ended:
                lines_queue.put(None)
            self._followers.append(lines_queue)
        return iter(lines_queue.get, None)

    def _read(self) -> None:
        """Read its output all the time: a full pipe would block the process."""
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
    """The emulator's `docker.containers`; one set of containers for the cloud."""

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
        """Start a process for a container of a task; other parameters are those of docker-py.

        Parameters
        ----------
        image : name, as `images.image_of` makes it
        command : `python -m MODULE ARGUMENTS`
        environment : of the container
        labels : with the ARN of the task

        Raises CannotRunError for what a process cannot have, the emulator's error for a missing image.
        """
        from ministack.services import ecs

        labels = labels or {}
        definition = _definition_of(labels[TASK_ARN])
        _require_runnable(definition, more)
        try:
            folder = images.unpack(image)
        except images.NoImageError as error:
            raise ecs._ImagePullError(str(error)) from None
        address = self._address()
        variables = _container_environment(dict(environment or {}), definition, labels[TASK_ARN], address)
        module = _module_of(command)
        _starts.acquire()
        try:
            process = _spawn([*module], folder, variables)
        except BaseException:
            _starts.release()
            raise
        container = Container(process, address, labels)
        self.by_id[container.id] = container
        port = _port_of(definition)
        threading.Thread(
            target=_hold_slot_until_listening, args=(process, address, port), daemon=True
        ).start()
        return container

    def _address(self) -> str:
        """The address that has been free for longest. Raises CannotRunError if all are in use."""
        network = cloud_network(int(os.environ["GATEWAY_PORT"]))
        used_addresses = {each.address for each in list(self.by_id.values()) if each.process.poll() is None}
        with self._lock:
            for number in itertools.islice(self._numbers, TASKS_AT_ONCE):
                if (address := f"{network}.{number}") not in used_addresses:
                    return address
        raise CannotRunError(f"the local cloud does not run more than {TASKS_AT_ONCE} tasks at once")

    def get(self, id: str) -> Any:
        """The container with an id; for the emulator's own host name, the cloud itself."""
        if id == os.environ.get("HOSTNAME", ""):
            return _Cloud()
        return self.by_id[id]

    def list(self, filters: Mapping[str, Any] | None = None, **_: Any) -> list[Container]:
        """The containers with all labels of `filters`."""
        label = (filters or {}).get("label", [])
        requested = {label} if isinstance(label, str) else set(label)
        return [
            one
            for one in self.by_id.values()
            if set(itertools.starmap(format_pair, one.labels.items())) >= requested
        ]


class _Cloud:
    """The cloud itself as a container: gives the loopback address at which tasks reach it."""

    attrs: Mapping[str, Any] = {"NetworkSettings": {"Networks": {"loopback": {"IPAddress": HOST}}}}


class Images:
    """The emulator's `docker.images`; an image is read only when a container starts from it."""

    def __init__(self, id: str = "") -> None:
        self.id = id

    def get(self, image: str) -> Images:
        """The image with a name. Raises NoImageError."""
        return Images(images.digest_of(image))

    def get_registry_data(self, image: str, **_: Any) -> Images:
        """The digest of an image, as from a registry. Raises NoImageError."""
        return Images(images.digest_of(image))

    def pull(self, image: str, **_: Any) -> Images:
        """Do nothing: a missing image fails the start of the container, with ECS's text."""
        return self

    def tag(self, *_: Any, **__: Any) -> bool:
        """Do nothing: an image has its name already."""
        return True


class Docker:
    """The emulator's client of Docker."""

    containers, images = Containers(), Images()


def install(limits: Limits) -> None:
    """Run tasks as processes in the emulator that is loaded in this process."""
    from ministack.services import ecs

    for name, parameters in {
        "_get_docker": "",
        "_cleanup_task_resources": "task docker_client extra_container",
        "_task_capacity": "launch_type strategy",
        "_launch_choice": "data cluster",
    }.items():
        require(ecs, name, parameters)
    task_credentials.install()
    docker = Docker()
    ecs._get_docker = lambda: docker
    hook_action(ecs, "RunTask", "_run_task", "data", _run_as_aws)
    hook(ecs, "_mark_task_stopped", "task_arn task reason stop_code exit_code", _withdraw_credentials)


def cloud_network(gateway_port: int) -> str:
    """The first three bytes of the addresses of a cloud's tasks; all of 127/8 is loopback on Linux.

    The addresses contain the cloud's port, which differs between clouds of one machine: a request of one
    cloud cannot reach tasks of another.

    >>> cloud_network(4566)
    '127.17.214'
    """
    return f"127.{gateway_port // 256}.{gateway_port % 256}"


def end_all() -> None:
    """Kill every task; called when the cloud ends."""
    for container in list(Containers.by_id.values()):
        with suppress(OSError):
            container.process.kill()


def last_line(task: str) -> str:
    """The last line of a task's output, "" if there is none; `task` is its ARN."""
    for container in reversed(list(Containers.by_id.values())):
        if container.labels[TASK_ARN] == task:
            lines = container.logs().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
    return ""


# Task definitions


def _definition_of(task: str) -> Mapping[str, Any]:
    from ministack.services import ecs

    record = ecs._tasks[task]
    definition: Mapping[str, Any] = ecs._task_defs[ecs._resolve_td_key(record["taskDefinitionArn"])]
    return definition


# a feature that a process cannot have: whether the task definition or docker-py's parameters ask for it
Predicate = Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
NOT_RUN: Mapping[str, Predicate] = {
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


def _require_runnable(definition: Mapping[str, Any], more: Mapping[str, Any]) -> None:
    """Raise CannotRunError if the task needs something that a process of this machine cannot have."""
    for what, applies in NOT_RUN.items():
        if applies(definition, more):
            raise CannotRunError(f"the local cloud does not run {what}")
    _require_log(definition)


def _require_log(definition: Mapping[str, Any]) -> None:
    """Raise CannotRunError if the task's log group is missing or its role may not write to it, as on AWS."""
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
    task_credentials.require_trust(role)
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


def _container_environment(
    env: dict[str, str], definition: Mapping[str, Any], task: str, address: str
) -> dict[str, str]:
    """The environment of a container, with the address of its role's credentials if it has a role."""
    from ministack.core.responses import get_region

    for name in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"):
        env.pop(name, None)
    if role := definition.get("taskRoleArn"):
        path, token = task_credentials.grant(role, task)
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{HOST}:{os.environ['GATEWAY_PORT']}{path}"
        env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token
    region = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), get_region())
    variables = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        "ADDRESS": address,
    }
    return function_environment({**variables, **region, **env})


# Processes


def _spawn(module: Sequence[str], folder: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
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


def _hold_slot_until_listening(process: subprocess.Popen[bytes], address: str, port: int | None) -> None:
    """Hold the slot of a start until the process listens, ends or reaches the time-out."""
    try:
        until = time.monotonic() + (LISTEN_WAIT_S if port else POLL_S)
        while time.monotonic() < until and process.poll() is None:
            with suppress(OSError), socket.create_connection((address, port or 0), timeout=1):
                return
            time.sleep(POLL_S)
    finally:
        _starts.release()


# RunTask


def _run_as_aws(original: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a repeated client token with the first answer; refuse tasks on EC2: there are no instances."""
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


def _withdraw_credentials(original: Callable[..., Any]) -> Callable[..., Any]:
    def mark(task_arn: str, *args: Any, **kwargs: Any) -> Any:
        task_credentials.withdraw(task_arn)
        return original(task_arn, *args, **kwargs)

    return mark
