"""An environment starts when a request finds none free."""

from __future__ import annotations

from .base import EnvironmentStart


class OnDemand(EnvironmentStart):
    id = "on-demand"
    deployable = True
    summary = "environments started when they are needed"
    short_name = "started on demand"
