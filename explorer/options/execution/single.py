"""One invocation of a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse
from explorer.options.base.mask import Mask
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import FUNCTION, RequestPath
from explorer.options.base.usage import UsageLines

from .base import LambdaExecution


class Single(LambdaExecution):
    id = "single"
    deployable = True
    acknowledges = True
    summary = "a single Lambda invocation"
    provides = {"compute": FUNCTION}
    hand_over_limit = "lambda.async.payload"
    repeats = "an asynchronous event may reach the function twice"

    def holds_back(self, path: Paths) -> Mask:
        """Asynchronous paths: reserved concurrency throttles, and throttled events are retried."""
        result: Mask = path.asynchronous
        return result

    def reserved_concurrency(self, load: Conditions) -> Number:
        most = np.asarray(load.downstream_concurrency, dtype=float)
        return np.where(most < load.limit("lambda.concurrency"), most, 0.0)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield load.time_limit("lambda.timeout", path)
        yield from super().limits(load, path)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield from self.more_events(load, path)

    def properties(self, load: Conditions, path: RequestPath) -> Mapping[str, Any]:
        reserved = int(self.reserved_concurrency(load)) if path.asynchronous else 0
        return {"ReservedConcurrentExecutions": reserved} if reserved else {}
