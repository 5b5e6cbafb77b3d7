"""Parameter Store, its standard and its advanced tier."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import interface_endpoints
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import Allow, Setting, TemplatePiece, Variable, own_arn, substitute
from explorer.options.base.usage import StepQuantity, UsageLines

from .base import Store


class ParameterStore(Store):
    id = "parameter-store"
    summary = "Parameter Store, standard"
    phrase = "configuration in Parameter Store"
    short_name = "Parameter Store"
    parts = ("parameters",)
    store = "ssm"
    time = "ssm.get"
    rate = "ssm.tps"
    value_limit: ClassVar[str] = "ssm.std"
    tier: ClassVar[str] = "Standard"

    def reads_each(self, load: Conditions, path: Paths) -> Number:
        return np.maximum(np.ceil(self.entries(load, path) / load.constant("ssm.batch")), 1.0)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse(self.value_limit, load.config_largest)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        fetches = self.fetches(load, path)
        yield "kms.symmetric_request", fetches * load.config_secrets
        # above the free rate, higher throughput is enabled, and every read is billed
        means, most = self.peak_reads(load, path).terms(load, load.limit(self.rate))
        charge = StepQuantity(
            [[mean / most for mean in means]], lambda share: share > 1.0, fetches * self.entries(load, path)
        )
        yield "ssm.higher_throughput_api_interaction", charge
        yield from interface_endpoints(load, "ssm")

    def _read_access(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("tier", self.tier)
        yield Variable("work", "CONFIGURATION", substitute("/${AWS::StackName}/"))
        yield Allow("work", ("ssm:GetParameters",), own_arn("ssm", "parameter/~/*"))


class StandardParameterStore(ParameterStore):
    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse("ssm.count.std", self.entries(load, path))


class AdvancedParameterStore(ParameterStore):
    id = "parameter-store-advanced"
    summary = "Parameter Store, advanced"
    phrase = "configuration in advanced Parameter Store"
    short_name = "advanced Parameter Store"
    value_limit = "ssm.adv"
    tier = "Advanced"

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield "ssm.advanced_parameter", self.entries(load, path) * load.hours
        yield "ssm.advanced_api_interaction", self.fetches(load, path) * self.entries(load, path)
