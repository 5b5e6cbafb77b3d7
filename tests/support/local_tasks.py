"""The containers of a stack on a local cloud: their processes, and what ECS and the load balancer say."""

import os
import signal
from functools import cached_property
from pathlib import Path

from explorer.live.cloud.process import of_session
from tests.support.local_bench import until

PROGRAM = "task_start.py"


class Tasks:
    """The tasks of a stack that stands."""

    def __init__(self, standing) -> None:
        self.standing, self.place = standing, standing.target
        self.ecs, self.elb = self.place.client("ecs"), self.place.client("elbv2")

    @cached_property
    def members(self) -> dict[str, str]:
        """The stack's resources by logical id."""
        pages = self.place.client("cloudformation").describe_stack_resources(StackName=self.standing.name)
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in pages["StackResources"]}

    def tasks_with_status(self, status: str = "RUNNING") -> list[dict]:
        """The tasks as ECS describes them."""
        where = {"cluster": self.members["Cluster"]}
        arns = self.ecs.list_tasks(**where, desiredStatus=status)["taskArns"]
        return self.ecs.describe_tasks(**where, tasks=arns)["tasks"] if arns else []

    def states(self) -> list[str]:
        """The health of each target, as the load balancer describes it."""
        answer = self.elb.describe_target_health(TargetGroupArn=self.members["Targets"])
        return sorted(each["TargetHealth"]["State"] for each in answer["TargetHealthDescriptions"])

    def scale(self, count: int) -> None:
        """Have so many tasks, and wait until they are healthy."""
        where = {"cluster": self.members["Cluster"], "service": self.members["Service"]}
        self.ecs.update_service(**where, desiredCount=count)
        assert until(lambda: self.states() == ["healthy"] * count, 60), self.states()

    def processes(self) -> list[int]:
        """The processes of this cloud that are tasks."""
        return processes(self.place.cloud)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Signal one of them."""
        pid = self.processes()[0]
        os.kill(pid, number)
        return pid


def processes(cloud) -> list[int]:
    """The processes of a cloud that are tasks."""
    every = of_session(cloud.process.pid, cloud.folder)
    return sorted(one.pid for one in every if PROGRAM in _command(one.pid))


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
