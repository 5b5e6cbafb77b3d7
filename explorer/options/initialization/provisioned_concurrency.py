"""Environments of the function that does the work, provisioned all month."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Initialization, RequestPath
from explorer.options.base.resources import PROVISIONED, Property, TemplatePiece
from explorer.options.base.usage import UsageLines

from .base import EnvironmentStart


class ProvisionedConcurrency(EnvironmentStart):
    """As many environments as the promises need at the peak; further requests have a cold start."""

    id = "provisioned-concurrency"
    deployable = True
    summary = "environments kept ready all month"
    phrase = "environments kept ready"
    parts = ("provisioned concurrency",)
    provides = {"initialization": Initialization.PROVISIONED, "versioned": True}
    depends_on = ("compute", "initialization", "added_times", "gzip", "streaming")
    init_limit = "lambda.init.extended"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse("lambda.concurrency", load.provisioned_environments(path).value())

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        gb_s = load.provisioned_environments(path).scale_by(load.month_s * load.memory_gb)
        yield load.by_architecture("lambda.provisioned_concurrency"), gb_s

    def start_s(self, load: Conditions, path: Paths) -> Number:
        share = np.nextafter(load.share_that_may_wait, 0)  # just below, as the p95 tolerates exactly 5 %
        within = load.within_share(share)
        return load.when_cold(share, load.init_of(lambda spread: spread.quantile(within)))

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        ready = {
            "ProvisionedConcurrentExecutions": int(load.provisioned_environments(Paths.of(path)).value())
        }
        yield Property("work", PROVISIONED, ready, of="alias")
