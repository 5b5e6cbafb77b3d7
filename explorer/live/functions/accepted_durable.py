"""The entry of work whose result nobody collects, as a durable function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import accepted_work
import durable_work
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: Mapping[str, Any], durable: DurableContext) -> dict[str, Any]:
    """Do slice after slice; an execution that fails goes to the function's dead letters."""
    return durable_work.go_on(event, durable, accepted_work.advance)
