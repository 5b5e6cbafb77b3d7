"""Entry of acknowledged work, whose result nobody fetches, as a durable function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import accepted_work
import durable_work
from aws_durable_execution_sdk_python import DurableContext, durable_execution


@durable_execution
def handler(event: Mapping[str, Any], durable: DurableContext) -> dict[str, Any]:
    """Do slice after slice; the event of a failed execution goes to the dead-letter queue."""
    return durable_work.do_slices(event, durable, accepted_work.advance)
