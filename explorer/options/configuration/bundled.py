"""A file in the function's package."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Exclusion

from .base import Configuration


class Bundled(Configuration):
    id = "bundled"
    summary = "a file in the package"
    phrase = "configuration in a bundled file"
    short_name = "bundled file"
    store = "bundled"

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if load.workload.configuration.changes_without_deploy:
            yield Exclusion(
                "configuration.changes_without_deploy", "a bundled file changes only with a deploy"
            )
