"""Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse
from explorer.options.base.paths import Paths
from explorer.options.base.private_network import interface_endpoints
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import Allow, Setting, TemplatePiece, Variable, own_arn, substitute
from explorer.options.base.usage import UsageLines

from .base import Store


class SecretsManager(Store):
    """One secret per secret entry; other entries that do not fit elsewhere are packed into few secrets."""

    id = "secrets-manager"
    summary = "Secrets Manager"
    phrase = "configuration in Secrets Manager"
    short_name = "Secrets Manager"
    parts = ("secrets",)
    rotates = True
    store = "secretsmanager"
    time = "secrets.get"
    rate = "sm.get"

    def reads_each(self, load: Conditions, path: Paths) -> Number:
        packed = np.ceil((load.config_bytes - load.secret_bytes) / load.limit("sm.value"))
        count = load.config_secrets + np.where(self.plain_fits(load, path), 0.0, packed)
        return np.maximum(count, 1.0)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield from super().limits(load, path)
        yield FixedUse("sm.value", load.config_largest)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield "secretsmanager.secret", self.reads_each(load, path)
        yield "secretsmanager.api_call", self.fetches(load, path) * self.reads_each(load, path)
        yield from interface_endpoints(load, "secretsmanager")

    def _read_access(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Variable("work", "CONFIGURATION", substitute("${AWS::StackName}/"))
        paths = Paths.of(path)
        packs = 0 if self.plain_fits(load, paths) else int(self.reads_each(load, paths) - load.config_secrets)
        yield Setting("packs", [f"plain-{number + 1}" for number in range(packs)])
        read = ("secretsmanager:GetSecretValue",)
        yield Allow("work", read, own_arn("secretsmanager", "secret:~/*"))
