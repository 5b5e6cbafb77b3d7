"""Where the configuration is stored, and how the worker reads it."""

from __future__ import annotations

from .appconfig import AppConfig
from .bundled import Bundled
from .environment import Environment
from .parameter_store import AdvancedParameterStore, StandardParameterStore
from .secrets_manager import SecretsManager

OPTIONS = (
    Environment(),
    Bundled(),
    StandardParameterStore(),
    AdvancedParameterStore(),
    SecretsManager(),
    AppConfig(),
)
