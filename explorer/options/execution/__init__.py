"""The compute that does the work, and for how long it runs."""

from __future__ import annotations

from .durable import Durable
from .express import Express
from .fargate import Fargate
from .managed_instance import ManagedInstance
from .queued import Queued
from .recursion import Recursion
from .service import Service
from .single import Single
from .step_functions import StepFunctions

OPTIONS = (
    Single(),
    Queued(),
    ManagedInstance(),
    Fargate(),
    Service(),
    Recursion(),
    Durable(),
    StepFunctions(),
    Express(),
)
