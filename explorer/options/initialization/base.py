"""What the ways to start an environment have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.option import Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Initialization, Phase, RequestPath, Start, Step
from explorer.options.base.usage import UsageLines


class EnvironmentStart(Option):
    """How an environment starts when a request finds none free; only for compute that starts on demand."""

    concern = "initialization"
    depends_on: ClassVar[tuple[str, ...]] = ("compute", "initialization")
    clash_fields = ("compute", "initialization")
    init_limit: ClassVar[str] = "lambda.init"  # id of the limit on the duration of a start
    title: ClassVar[str] = "start an environment"

    def clashes(self, flow: RequestPath) -> str | None:
        plain = flow.initialization is Initialization.ON_DEMAND
        if plain or flow.compute.start is Start.ON_DEMAND:
            return None
        return f"{self.words} needs a function that is started on demand"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        started = path.compute.has(start=Start.ON_DEMAND)
        if started.any():
            yield FixedUse(self.init_limit, self.start_p99_s(load), started)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        if path.compute.has(start=Start.ON_DEMAND).any():
            seconds = load.requests * load.work_cold_share(path) * load.init_mean_s
            yield load.by_architecture("lambda.duration"), seconds * load.memory_gb

    def start_p99_s(self, load: Conditions) -> Number:
        """The p99 of a start [s]."""
        return load.init_p99_s

    def start_s(self, load: Conditions, path: Paths) -> Number:
        """The time that starts add at each of `LEVELS` [s]."""
        return load.cold_start(load.runtime.mean, "work")

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        started = path.compute.has(start=Start.ON_DEMAND)
        if started.any():
            who = (Actor.WORKER, Actor.WORKER)
            yield Step(Phase.COLD_START, self.title, who, self.start_s(load, path), where=started)
