"""What the stores of the configuration have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from explorer.facts.encoding import environment_total
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse, PeakDemand
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Phase, RequestPath, Start, Step
from explorer.options.base.resources import Entry, Setting, TemplatePiece


class Configuration(Option):
    """A place for the names and values of the configuration."""

    concern = "configuration"
    role = Actor.STORE
    depends_on: ClassVar[tuple[str, ...]] = ("compute",)
    holds_secrets: ClassVar[bool] = False
    rotates: ClassVar[bool] = False

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        secrets = np.asarray(load.config_secrets) > 0
        if not self.holds_secrets and secrets.any():
            yield Exclusion("configuration.secrets", "it is no place for secrets", secrets)
        if load.workload.configuration.rotation and not self.rotates and secrets.any():
            yield Exclusion("configuration.rotation", "it does not rotate secrets", secrets)

    def is_needed(self, load: Conditions) -> bool:
        return bool(np.any(np.asarray(load.config_bytes) > 0))

    deployable = True
    store: ClassVar[str] = "environment"  # its name in the shipped code

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("store", self.store)
        yield from sample_entries(load, "environment" if self.store == "environment" else "store")


def sample_entries(load: Conditions, plain: str) -> Iterable[Entry]:
    """Entries with the count and sizes of the workload; those that are not secret go to `plain`."""
    count, secrets = int(load.config_entries), int(load.config_secrets)
    others = load.config_bytes - load.config_largest
    for number in range(count):
        size = load.config_largest if number == 0 else others / (count - 1)
        name, secret = f"CFG_{number + 1}", number >= count - secrets
        value_bytes = max(int(size) - len(name), 1)
        yield Entry(name, value_bytes, secret, "store" if secret else plain)


class Store(Configuration):
    """A store that is read when an environment starts, and again after `configuration.refresh_s`."""

    depends_on = ("compute", "streaming", "gzip", "initialization")
    holds_secrets = True
    time: ClassVar[str]
    rate: ClassVar[str]  # id of the limit on reads per second

    def plain_fits(self, load: Conditions, path: Paths) -> Mask:
        """Whether entries that are not secret stay in the environment: if there are secrets, and they fit."""
        plain = environment_total(
            load.config_bytes - load.secret_bytes, load.config_entries - load.config_secrets
        )
        fits = np.asarray(plain <= load.limit("lambda.env")) | ~path.compute.has(function=True)
        return (np.asarray(load.config_secrets) > 0) & fits

    def entries(self, load: Conditions, path: Paths) -> Number:
        """The number of entries in the store."""
        entries: Number = np.where(self.plain_fits(load, path), load.config_secrets, load.config_entries)[()]
        return entries

    def reads_each(self, load: Conditions, path: Paths) -> Number:
        """The calls with which one environment reads all entries."""
        return 1.0

    def starts(self, load: Conditions, path: Paths) -> Number:
        """The environments or tasks that start in a month and read the store for the first time."""
        per_job = path.compute.has(start=Start.PER_JOB)
        return load.requests * (per_job + load.work_cold_share(path))

    def fetches(self, load: Conditions, path: Paths) -> Number:
        """The reads of the store in a month: at each start, and at each refresh while requests arrive."""
        starts, lasting = self.starts(load, path), ~path.compute.has(start=Start.PER_JOB)
        if not lasting.any():
            return starts
        refreshed = self.alive(load, path) * load.month_s / load.constant("configuration.refresh_s")
        return starts + lasting * np.minimum(load.requests, refreshed)

    def alive(self, load: Conditions, path: Paths) -> Number:
        """The mean number of environments or containers that exist, each with its own copy."""
        on_demand = path.compute.has(start=Start.ON_DEMAND)
        if on_demand.all():
            return load.environments
        standing = load.constant("service.tasks_min")
        return np.where(on_demand, load.environments, standing)[()] if on_demand.any() else standing

    def peak_reads(self, load: Conditions, path: Paths) -> PeakDemand:
        """The calls in the first second of a peak: every cold environment reads, and some refresh.

        At most as many environments start in that second as requests arrive.
        """
        each = load.peak_rps * self.reads_each(load, path)
        per_job, on_demand = path.compute.has(start=Start.PER_JOB), path.compute.has(start=Start.ON_DEMAND)
        steady = per_job * each
        if not per_job.all():
            refreshing = load.environments / load.constant("configuration.refresh_s")
            steady = steady + ~per_job * (refreshing * self.reads_each(load, path))
        means: list[Number] = [steady, on_demand * each * load.runtime.mean]
        streaming: Mask = on_demand & path.streaming
        if streaming.any():
            means.append(streaming * each * load.stream_mean_s(path))
        return PeakDemand(self.rate, means, most=steady + on_demand * each)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield self.peak_reads(load, path)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        per_job, on_demand = path.compute.has(start=Start.PER_JOB), path.compute.has(start=Start.ON_DEMAND)
        seconds = self.reads_each(load, path) * load.time(self.time)
        if not (per_job | on_demand).any():
            return
        if on_demand.any():
            cold = load.when_cold(load.work_cold_share(path), seconds)
            seconds = np.where(on_demand, cold, seconds)
        what, who = f"read {self.name}", (Actor.WORKER, Actor.STORE)
        yield Step(Phase.COLD_START, what, who, seconds, order=1, where=per_job | on_demand)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("store", self.store)
        plain = "environment" if self.plain_fits(load, Paths.of(path)) else "store"
        yield Setting("plain", plain)
        yield Setting("refresh_s", load.constant("configuration.refresh_s"))
        yield from sample_entries(load, plain)
        yield from self._read_access(load, path)

    def _read_access(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        """The pieces that let the worker read the store and give it the address."""
        return ()
