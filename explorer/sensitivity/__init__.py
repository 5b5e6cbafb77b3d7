"""Uncertain inputs: which one moves the answer, the regret of choosing now, and what measuring is worth."""

from .choosing import Regret, regret
from .tornado import Sensitivity, sensitivity

__all__ = ["Regret", "Sensitivity", "regret", "sensitivity"]
