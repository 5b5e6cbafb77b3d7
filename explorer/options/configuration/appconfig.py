"""AppConfig."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import interface_endpoints
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import (
    AT_ONCE,
    Allow,
    Resource,
    TemplatePiece,
    Variable,
    own_arn,
    own_name,
    ref,
    substitute,
)
from explorer.options.base.usage import UsageLines

from .base import Store


class AppConfig(Store):
    id = "appconfig"
    summary = "AppConfig"
    phrase = "configuration in AppConfig"
    short_name = "AppConfig"
    parts = ("application and environment", "deployment strategy")
    holds_secrets = False
    store = "appconfig"
    time = "appconfig.get"
    rate = "appconfig.tps"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse("appconfig.size", load.config_bytes)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        polled = self.alive(load, path) * load.month_s / load.constant("appconfig.poll_s")
        yield "appconfig.get_configuration_call", self.starts(load, path) + polled
        yield "appconfig.configuration_received", self.starts(load, path)
        yield from interface_endpoints(load, "appconfigdata")

    def _read_access(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        application = {"ApplicationId": ref("Application")}
        yield Resource("Application", "AWS::AppConfig::Application", {"Name": own_name("app")})
        yield Resource("Environment", "AWS::AppConfig::Environment", {**application, "Name": "live"})
        profile = {**application, "Name": "settings", "LocationUri": "hosted"}
        yield Resource("Profile", "AWS::AppConfig::ConfigurationProfile", profile)
        strategy = {"Name": own_name("at-once"), "ReplicateTo": "NONE", **AT_ONCE}
        yield Resource("Strategy", "AWS::AppConfig::DeploymentStrategy", strategy)
        yield Variable("work", "CONFIGURATION", substitute("${Application}/${Environment}/${Profile}"))
        where = "application/${Application}/environment/${Environment}/configuration/${Profile}"
        read = ("appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration")
        yield Allow("work", read, own_arn("appconfig", where))
