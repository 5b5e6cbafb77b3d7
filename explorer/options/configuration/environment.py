"""Environment variables of the function."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.facts.encoding import environment_total
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths

from .base import Configuration


class Environment(Configuration):
    id = "environment"
    summary = "environment variables"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        function = path.compute.has(function=True)
        if function.any():
            size = environment_total(load.config_bytes, load.config_entries)
            yield FixedUse("lambda.env", size, function)
