"""One invocation of a function."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import FUNCTION
from explorer.options.base.usage import UsageLines

from .base import LambdaExecution


class Single(LambdaExecution):
    id = "single"
    deployable = True
    summary = "one invocation"
    provides = {"compute": FUNCTION}
    handed = "lambda.async.payload"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield load.time_limit("lambda.timeout", path)
        yield from super().limits(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield from self.more_events(load, path)
