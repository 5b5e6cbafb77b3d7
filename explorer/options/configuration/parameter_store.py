"""Parameter Store, its standard and its advanced tier."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse, PeakDemand
from explorer.options.base.request_path import UsageLines
from explorer.options.base.resources import Allow, Setting, TemplatePiece, Variable, joined, own_arn

from .base import Store


class ParameterStore(Store):
    id = "parameter-store"
    summary = "Parameter Store, standard"
    parts = ("parameters",)
    store = "ssm"
    time = "ssm.get"
    rate = "ssm.tps"
    value_limit: ClassVar[str] = "ssm.std"
    tier: ClassVar[str] = "Standard"

    def reads_each(self, load: Conditions) -> Number:
        return np.maximum(np.ceil(self.entries(load) / load.constant("ssm.batch")), 1.0)

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield from super().limits(load)
        yield FixedUse(self.value_limit, load.config_largest)

    def usage(self, load: Conditions) -> UsageLines:
        fetches = self.fetches(load)
        yield "kms.symmetric_request", fetches * load.config_secrets
        # beyond the free rate, higher throughput is switched on, and every read is paid
        paid = (
            PeakDemand(self.rate, self.peak_reads(load)).exceed(load, load.limit(self.rate)) > load.tolerance
        )
        reads = fetches * self.entries(load)
        yield "ssm.higher_throughput_api_interaction", np.where(paid, reads, 0.0)

    def _reading(self, load: Conditions) -> Iterable[TemplatePiece]:
        yield Setting("tier", self.tier)
        yield Variable("work", "CONFIGURATION", joined("/${AWS::StackName}/"))
        yield Allow("work", ("ssm:GetParameters",), own_arn("ssm", "parameter/~/*"))


class StandardParameterStore(ParameterStore):
    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        yield from super().limits(load)
        yield FixedUse("ssm.count.std", self.entries(load))


class AdvancedParameterStore(ParameterStore):
    id = "parameter-store-advanced"
    summary = "Parameter Store, advanced"
    value_limit = "ssm.adv"
    tier = "Advanced"

    def usage(self, load: Conditions) -> UsageLines:
        yield from super().usage(load)
        yield "ssm.advanced_parameter", self.entries(load) * load.hours
        yield "ssm.advanced_api_interaction", self.fetches(load) * self.entries(load)
