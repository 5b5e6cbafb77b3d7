"""Environments restored from a snapshot of a published version."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Initialization, RequestPath
from explorer.options.base.resources import Property, TemplatePiece
from explorer.options.base.usage import UsageLines

from .base import EnvironmentStart

FREE_FAMILY = "java"  # runtimes for which AWS bills neither snapshots nor restores


class SnapStart(EnvironmentStart):
    id = "snap-start"
    deployable = True
    summary = "environments restored from a snapshot"
    phrase = "SnapStart"
    parts = ("published version with a snapshot",)
    provides = {"initialization": Initialization.SNAPSHOT, "versioned": True}
    init_limit = "snapstart.restore"
    runtime_use = "snap_start"
    title = "restore an environment"

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        restores = load.requests * load.work_cold_share(path)
        restored_s = load.restore_of(lambda spread: spread.mean)
        yield load.by_architecture("lambda.duration"), restores * restored_s * load.memory_gb
        if not load.workload.runtime.language.startswith(FREE_FAMILY):
            yield "lambda.snapstart_cache", load.memory_gb * load.month_s
            yield "lambda.snapstart_restore", restores * load.memory_gb

    def start_p99_s(self, load: Conditions) -> Number:
        return load.restore_of(lambda spread: spread.quantile(0.99))

    def start_s(self, load: Conditions, path: Paths) -> Number:
        share = load.cold_share(load.runtime.mean, "work")
        within = load.within_share(share)
        return load.when_cold(share, load.restore_of(lambda spread: spread.quantile(within)))

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Property("work", "SnapStart", {"ApplyOn": "PublishedVersions"})
