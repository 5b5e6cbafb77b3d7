"""Configuration: where the work reads its settings and secrets from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from explorer.facts.encoding import environment_total
from explorer.facts.units import Number
from explorer.option import Amount, Demand, Exclusion, Lines, Load, Option, Piece, Step, Use
from explorer.pieces import AT_ONCE, Allow, Entry, Resource, Setting, Variable, joined, own_arn, own_name, ref


class Configuration(Option):
    """Where names and values are kept."""

    concern = "configuration"
    reads: ClassVar[tuple[str, ...]] = ("compute",)
    holds_secrets: ClassVar[bool] = False
    rotates: ClassVar[bool] = False

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        secrets = np.asarray(load.config_secrets) > 0
        if not self.holds_secrets and secrets.any():
            yield Exclusion("configuration.secrets", "it is no place for secrets", secrets)
        if load.workload.configuration.rotation and not self.rotates and secrets.any():
            yield Exclusion("configuration.rotation", "it does not rotate secrets", secrets)

    deployable = True
    store: ClassVar[str] = "environment"  # as the code that is shipped calls it

    def pieces(self, load: Load) -> Iterable[Piece]:
        yield Setting("store", self.store)
        yield from sample_entries(load, "environment" if self.store == "environment" else "store")


def sample_entries(load: Load, plain: str) -> Iterable[Entry]:
    """Entries of the workload's number and sizes; those that are no secrets are kept in `plain`."""
    count, secrets = int(load.config_entries), int(load.config_secrets)
    others = load.config_bytes - load.config_largest
    for number in range(count):
        size = load.config_largest if number == 0 else others / (count - 1)
        name, secret = f"CFG_{number + 1}", number >= count - secrets
        value_bytes = max(int(size) - len(name), 1)
        yield Entry(name, value_bytes, secret, "store" if secret else plain)


class Environment(Configuration):
    id = "environment"
    summary = "environment variables"

    def limits(self, load: Load) -> Iterable[Use]:
        if load.on_lambda:
            yield Amount("lambda.env", environment_total(load.config_bytes, load.config_entries))


class Bundled(Configuration):
    id = "bundled"
    summary = "a file in the package"
    store = "bundled"

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if load.workload.configuration.changes_without_deploy:
            yield Exclusion(
                "configuration.changes_without_deploy", "a bundled file changes only with a deploy"
            )


class Store(Configuration):
    """Fetched when an environment starts, and again when it is older than `configuration.refresh_s`."""

    reads = ("compute", "streaming")
    holds_secrets = True
    time: ClassVar[str]
    rate: ClassVar[str]  # the limit on reads a second

    def plain_fits(self, load: Load) -> Number:
        """Whether what is not secret stays in the environment: where there are secrets, if it fits."""
        plain = environment_total(
            load.config_bytes - load.secret_bytes, load.config_entries - load.config_secrets
        )
        fits = np.asarray(plain <= load.limit("lambda.env")) | (not load.on_lambda)
        return (np.asarray(load.config_secrets) > 0) & fits

    def entries(self, load: Load) -> Number:
        """Entries in the store."""
        entries: Number = np.where(self.plain_fits(load), load.config_secrets, load.config_entries)
        return entries[()]

    def reads_each(self, load: Load) -> Number:
        """Calls that one environment makes to read it all."""
        return 1.0

    def starts(self, load: Load) -> Number:
        """Environments or tasks that start in a month and read it for the first time."""
        if load.flow.compute == "task":
            return load.requests
        return load.requests * load.work_cold_share

    def fetches(self, load: Load) -> Number:
        """How often it is read in a month: at each start, and refreshed while requests come."""
        if load.flow.compute == "task":
            return self.starts(load)
        alive = load.environments if load.flow.compute == "lambda" else load.constant("service.tasks_min")
        refreshed = alive * load.month_s / load.constant("configuration.refresh_s")
        return self.starts(load) + np.minimum(load.requests, refreshed)

    def peak_reads(self, load: Load) -> Number:
        """Calls in the first second of a peak: every cold environment reads."""
        if load.flow.compute == "task":
            return load.peak_rps * self.reads_each(load)
        cold = load.new_per_s if load.flow.compute == "lambda" else 0.0
        refreshing = load.environments / load.constant("configuration.refresh_s")
        return (cold + refreshing) * self.reads_each(load)

    def limits(self, load: Load) -> Iterable[Use]:
        yield Demand(self.rate, self.peak_reads(load))

    def steps(self, load: Load) -> Iterable[Step]:
        seconds = self.reads_each(load) * load.time(self.time)
        if load.flow.compute == "lambda":
            seconds = load.when_cold(load.work_cold_share, seconds)
        elif load.flow.compute != "task":
            return
        yield Step("cold start", f"read {self.id}", ("worker", self.id), seconds, order=1)

    def pieces(self, load: Load) -> Iterable[Piece]:
        yield Setting("store", self.store)
        plain = "environment" if self.plain_fits(load) else "store"
        yield Setting("plain", plain)
        yield Setting("refresh_s", load.constant("configuration.refresh_s"))
        yield from sample_entries(load, plain)
        yield from self._reading(load)

    def _reading(self, load: Load) -> Iterable[Piece]:
        """What lets the work read the store, and tells it where."""
        return ()


class ParameterStore(Store):
    id = "parameter-store"
    summary = "Parameter Store, standard"
    parts = ("parameters",)
    store = "ssm"
    time = "ssm.get"
    rate = "ssm.tps"
    value_limit: ClassVar[str] = "ssm.std"
    tier: ClassVar[str] = "Standard"

    def reads_each(self, load: Load) -> Number:
        return np.maximum(np.ceil(self.entries(load) / load.constant("ssm.batch")), 1.0)

    def limits(self, load: Load) -> Iterable[Use]:
        yield from super().limits(load)
        yield Amount(self.value_limit, load.config_largest)

    def usage(self, load: Load) -> Lines:
        fetches = self.fetches(load)
        yield "kms.symmetric_request", fetches * load.config_secrets
        # beyond the free rate, higher throughput is switched on, and every read is paid
        paid = Demand(self.rate, self.peak_reads(load)).exceed(load, load.limit(self.rate)) > load.tolerance
        reads = fetches * self.entries(load)
        yield "ssm.higher_throughput_api_interaction", np.where(paid, reads, 0.0)

    def _reading(self, load: Load) -> Iterable[Piece]:
        yield Setting("tier", self.tier)
        yield Variable("work", "CONFIGURATION", joined("/${AWS::StackName}/"))
        yield Allow("work", ("ssm:GetParameters",), own_arn("ssm", "parameter/~/*"))


class StandardParameterStore(ParameterStore):
    def limits(self, load: Load) -> Iterable[Use]:
        yield from super().limits(load)
        yield Amount("ssm.count.std", self.entries(load))


class AdvancedParameterStore(ParameterStore):
    id = "parameter-store-advanced"
    summary = "Parameter Store, advanced"
    value_limit = "ssm.adv"
    tier = "Advanced"

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        yield "ssm.advanced_parameter", self.entries(load) * load.hours
        yield "ssm.advanced_api_interaction", self.fetches(load) * self.entries(load)


class SecretsManager(Store):
    """A secret an entry; what is not secret and has no room elsewhere is packed into as few as hold it."""

    id = "secrets-manager"
    summary = "Secrets Manager"
    parts = ("secrets",)
    rotates = True
    store = "secretsmanager"
    time = "secrets.get"
    rate = "sm.get"

    def reads_each(self, load: Load) -> Number:
        packed = np.ceil((load.config_bytes - load.secret_bytes) / load.limit("sm.value"))
        count = load.config_secrets + np.where(self.plain_fits(load), 0.0, packed)
        return np.maximum(count, 1.0)

    def limits(self, load: Load) -> Iterable[Use]:
        yield from super().limits(load)
        yield Amount("sm.value", load.config_largest)

    def usage(self, load: Load) -> Lines:
        yield "secretsmanager.secret", self.reads_each(load)
        yield "secretsmanager.api_call", self.fetches(load) * self.reads_each(load)

    def _reading(self, load: Load) -> Iterable[Piece]:
        yield Variable("work", "CONFIGURATION", joined("${AWS::StackName}/"))
        packs = 0 if self.plain_fits(load) else int(self.reads_each(load) - load.config_secrets)
        yield Setting("packs", [f"plain-{number + 1}" for number in range(packs)])
        read = ("secretsmanager:GetSecretValue",)
        yield Allow("work", read, own_arn("secretsmanager", "secret:~/*"))


class AppConfig(Store):
    id = "appconfig"
    summary = "AppConfig"
    parts = ("application and environment", "deployment strategy")
    holds_secrets = False
    store = "appconfig"
    time = "appconfig.get"
    rate = "appconfig.tps"

    def limits(self, load: Load) -> Iterable[Use]:
        yield from super().limits(load)
        yield Amount("appconfig.size", load.config_bytes)

    def usage(self, load: Load) -> Lines:
        alive = load.environments if load.flow.compute == "lambda" else load.constant("service.tasks_min")
        polled = alive * load.month_s / load.constant("appconfig.poll_s")
        yield "appconfig.get_configuration_call", self.starts(load) + polled
        yield "appconfig.configuration_received", self.starts(load)

    def _reading(self, load: Load) -> Iterable[Piece]:
        application = {"ApplicationId": ref("Application")}
        yield Resource("Application", "AWS::AppConfig::Application", {"Name": own_name("app")})
        yield Resource("Environment", "AWS::AppConfig::Environment", {**application, "Name": "live"})
        profile = {**application, "Name": "settings", "LocationUri": "hosted"}
        yield Resource("Profile", "AWS::AppConfig::ConfigurationProfile", profile)
        strategy = {"Name": own_name("at-once"), "ReplicateTo": "NONE", **AT_ONCE}
        yield Resource("Strategy", "AWS::AppConfig::DeploymentStrategy", strategy)
        yield Variable("work", "CONFIGURATION", joined("${Application}/${Environment}/${Profile}"))
        where = "application/${Application}/environment/${Environment}/configuration/${Profile}"
        read = ("appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration")
        yield Allow("work", read, own_arn("appconfig", where))


OPTIONS = (
    Environment(),
    Bundled(),
    StandardParameterStore(),
    AdvancedParameterStore(),
    SecretsManager(),
    AppConfig(),
)
