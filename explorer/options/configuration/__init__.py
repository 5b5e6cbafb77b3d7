"""Where the configuration lies, and how it is read."""

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
