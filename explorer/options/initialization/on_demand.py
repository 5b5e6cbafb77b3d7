"""An environment started where a request finds none free."""

from __future__ import annotations

from .base import Initialized


class OnDemand(Initialized):
    id = "on-demand"
    deployable = True
    summary = "environments started when they are needed"
