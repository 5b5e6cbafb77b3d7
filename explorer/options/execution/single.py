"""One invocation of a function."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse
from explorer.options.base.request_path import FUNCTION, UsageLines

from .base import LambdaExecution


class Single(LambdaExecution):
    id = "single"
    deployable = True
    summary = "one invocation"
    provides = {"compute": FUNCTION}
    handed = "lambda.async.payload"

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield load.time_limit("lambda.timeout")
        yield from super().limits(load)

    def usage(self, load: Conditions) -> UsageLines:
        yield from super().usage(load)
        yield from self.more_events(load)
