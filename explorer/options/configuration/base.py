"""What the places for configuration share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from explorer.facts.encoding import environment_total
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse, PeakDemand
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.request_path import Actor, Phase, Start, Step
from explorer.options.base.resources import Entry, Setting, TemplatePiece


class Configuration(Option):
    """Where names and values are kept."""

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

    deployable = True
    store: ClassVar[str] = "environment"  # as the code that is shipped calls it

    def pieces(self, load: Conditions) -> Iterable[TemplatePiece]:
        yield Setting("store", self.store)
        yield from sample_entries(load, "environment" if self.store == "environment" else "store")


def sample_entries(load: Conditions, plain: str) -> Iterable[Entry]:
    """Entries of the workload's number and sizes; those that are no secrets are kept in `plain`."""
    count, secrets = int(load.config_entries), int(load.config_secrets)
    others = load.config_bytes - load.config_largest
    for number in range(count):
        size = load.config_largest if number == 0 else others / (count - 1)
        name, secret = f"CFG_{number + 1}", number >= count - secrets
        value_bytes = max(int(size) - len(name), 1)
        yield Entry(name, value_bytes, secret, "store" if secret else plain)


class Store(Configuration):
    """Fetched when an environment starts, and again when it is older than `configuration.refresh_s`."""

    depends_on = ("compute", "streaming")
    holds_secrets = True
    time: ClassVar[str]
    rate: ClassVar[str]  # the limit on reads a second

    def plain_fits(self, load: Conditions) -> Number:
        """Whether what is not secret stays in the environment: where there are secrets, if it fits."""
        plain = environment_total(
            load.config_bytes - load.secret_bytes, load.config_entries - load.config_secrets
        )
        fits = np.asarray(plain <= load.limit("lambda.env")) | (not load.on_lambda)
        return (np.asarray(load.config_secrets) > 0) & fits

    def entries(self, load: Conditions) -> Number:
        """Entries in the store."""
        entries: Number = np.where(self.plain_fits(load), load.config_secrets, load.config_entries)
        return entries[()]

    def reads_each(self, load: Conditions) -> Number:
        """Calls that one environment makes to read it all."""
        return 1.0

    def starts(self, load: Conditions) -> Number:
        """Environments or tasks that start in a month and read it for the first time."""
        if load.flow.compute.start is Start.PER_JOB:
            return load.requests
        return load.requests * load.work_cold_share

    def fetches(self, load: Conditions) -> Number:
        """How often it is read in a month: at each start, and refreshed while requests come."""
        if load.flow.compute.start is Start.PER_JOB:
            return self.starts(load)
        refreshed = self.alive(load) * load.month_s / load.constant("configuration.refresh_s")
        return self.starts(load) + np.minimum(load.requests, refreshed)

    def alive(self, load: Conditions) -> Number:
        """Environments or containers that stand on average, each with what it has read."""
        if load.flow.compute.start is Start.ON_DEMAND:
            return load.environments
        return load.constant("service.tasks_min")

    def peak_reads(self, load: Conditions) -> Number:
        """Calls in the first second of a peak: every cold environment reads."""
        if load.flow.compute.start is Start.PER_JOB:
            return load.peak_rps * self.reads_each(load)
        cold = load.new_per_s if load.flow.compute.start is Start.ON_DEMAND else 0.0
        refreshing = load.environments / load.constant("configuration.refresh_s")
        return (cold + refreshing) * self.reads_each(load)

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield PeakDemand(self.rate, self.peak_reads(load))

    def steps(self, load: Conditions) -> Iterable[Step]:
        seconds = self.reads_each(load) * load.time(self.time)
        if load.flow.compute.start is Start.ON_DEMAND:
            seconds = load.when_cold(load.work_cold_share, seconds)
        elif load.flow.compute.start is not Start.PER_JOB:
            return
        yield Step(Phase.COLD_START, f"read {self.id}", (Actor.WORKER, Actor.STORE), seconds, order=1)

    def pieces(self, load: Conditions) -> Iterable[TemplatePiece]:
        yield Setting("store", self.store)
        plain = "environment" if self.plain_fits(load) else "store"
        yield Setting("plain", plain)
        yield Setting("refresh_s", load.constant("configuration.refresh_s"))
        yield from sample_entries(load, plain)
        yield from self._reading(load)

    def _reading(self, load: Conditions) -> Iterable[TemplatePiece]:
        """What lets the work read the store, and tells it where."""
        return ()
