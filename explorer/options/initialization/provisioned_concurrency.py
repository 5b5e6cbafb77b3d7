"""Environments of the function that does the work, kept ready all month."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Initialization
from explorer.options.base.usage import StepQuantity, UsageLines

from .base import EnvironmentStart


class ProvisionedConcurrency(EnvironmentStart):
    """As many as the promises ask for at the peak; requests beyond them start cold."""

    id = "provisioned-concurrency"
    summary = "environments kept ready all month"
    phrase = "environments kept ready"
    parts = ("provisioned concurrency",)
    provides = {"initialization": Initialization.PROVISIONED}
    depends_on = ("compute", "initialization", "added_times", "gzip", "streaming")
    init_limit = "lambda.init.extended"

    def ready(self, load: Conditions, path: Paths) -> StepQuantity:
        """Environments that are kept ready."""
        return load.ready_environments([load.peak_rps * seconds for seconds in load.held_s(path)])

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse("lambda.concurrency", self.ready(load, path).value())

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        gb_s = self.ready(load, path).scaled(load.month_s * load.memory_gb)
        yield load.by_architecture("lambda.provisioned_concurrency"), gb_s

    def start_s(self, load: Conditions, path: Paths) -> Number:
        share = np.nextafter(load.share_that_may_wait, 0)  # a p95 bears its 5 % whole
        within = load.within_share(share)
        return load.when_cold(share, load.init_of(lambda spread: spread.quantile(within)))
