"""The sample work: sleeps in steps, carries a state and answers bytes, the same for the same seed."""

from __future__ import annotations

import time
from typing import Any

from context import Context
from results import Result
from sample_body import SampleBody, sample_bytes
from settings import SETTINGS

# With types of these lengths, a whole answer is exactly as long as `explorer.encoded_size` predicts.
TEXT, BYTES = "text/example", "example/bytes"


class StepFailed(Exception):
    """The step that the body names."""


def check(body: Any) -> None:
    """Refuse a body that `handle` would refuse, before a job is accepted. Raises BadSampleBody."""
    SampleBody.of(body)


def handle(body: Any, context: Context) -> Result:
    """Do the sample work, from where the last slice ended."""
    sample = SampleBody.of(body)
    steps_done = int(context.state["done"]) if context.state else 0
    for step in range(steps_done, sample.steps):
        if step == sample.fail_at_step:
            raise StepFailed(f"step {step} failed, as asked")
        if SETTINGS.sleeps:
            time.sleep(sample.runtime_s / sample.steps)
        if step + 1 < sample.steps:
            context.checkpoint(_state(sample, step + 1), (step + 1) / sample.steps)
    return answer(sample.response_bytes, sample.seed)


def _state(sample: SampleBody, steps_done: int) -> dict[str, Any]:
    """A state of `state_bytes` [B] as JSON; longer if the count alone is."""
    overhead = len(f'{{"done":{steps_done},"filled":""}}')
    return {"done": steps_done, "filled": "x" * max(0, sample.state_bytes - overhead)}


def answer(size: int, seed: int) -> Result:
    """The sample's answer, with the properties in the settings."""
    content = sample_bytes(size, seed, SETTINGS.binary, SETTINGS.compression, SETTINGS.json_escape)
    return Result(content, BYTES if SETTINGS.binary else TEXT)
