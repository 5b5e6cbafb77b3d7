"""The sample work: sleeps in steps, carries a state and answers bytes, the same for the same seed."""

from __future__ import annotations

import base64
import math
import random
import time
from dataclasses import dataclass, fields
from typing import Any

from context import BadBody, Context
from results import Result
from settings import SETTINGS

MOST_S, MOST_BYTES, MOST_STEPS, MOST_STATE = 86_400, 200 * 1024**2, 10_000, 64 * 1024**2
# With these lengths a whole answer is exactly as long as `explorer.encoded_size` predicts.
TEXT, BYTES = "text/example", "example/bytes"
LEFT_OF_BASE64 = 0.757  # what gzip leaves of random base64
BLOCK = 4096  # random and constant parts alternate, so that every page compresses as the whole


@dataclass(frozen=True)
class Asked:
    """The body of the sample work."""

    runtime_s: float = 0.0
    response_bytes: int = 0
    steps: int = 1
    state_bytes: int = 0
    seed: int = 0
    fail_at_step: int | None = None

    @classmethod
    def of(cls, body: Any) -> Asked:
        """Read a body. Raises BadBody."""
        if not isinstance(body, dict):
            raise BadBody("the body is not an object")
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(body) - set(known)):
            raise BadBody(f'the body has "{unknown[0]}": expected {", ".join(known)}')
        asked = cls(**body)
        asked._check("runtime_s", 0, MOST_S, whole=False)
        asked._check("response_bytes", 0, MOST_BYTES)
        asked._check("steps", 1, MOST_STEPS)
        asked._check("state_bytes", 0, MOST_STATE)
        asked._check("seed", -(2**63), 2**63)
        if asked.fail_at_step is not None:
            asked._check("fail_at_step", 0, asked.steps - 1)
        return asked

    def _check(self, name: str, least: int, most: int, whole: bool = True) -> None:
        value = getattr(self, name)
        kinds = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            raise BadBody(f"{name} is {value!r:.40}: expected {kind} from {least} to {most}")


class StepFailed(Exception):
    """The step that the body names."""


def handle(body: Any, context: Context) -> Result:
    """Do the sample work, from where the last slice left it."""
    asked = Asked.of(body)
    done = int(context.state["done"]) if context.state else 0
    for step in range(done, asked.steps):
        if step == asked.fail_at_step:
            raise StepFailed(f"step {step} failed, as asked")
        if SETTINGS.sleeps:
            time.sleep(asked.runtime_s / asked.steps)
        if step + 1 < asked.steps:
            context.checkpoint(_state(asked, step + 1), (step + 1) / asked.steps)
    return answer(asked.response_bytes, asked.seed)


def _state(asked: Asked, done: int) -> dict[str, Any]:
    """A state of `state_bytes` as JSON, as far as it is longer than its count."""
    around = len(f'{{"done":{done},"filled":""}}')
    return {"done": done, "filled": "x" * max(0, asked.state_bytes - around)}


def answer(size: int, seed: int) -> Result:
    """The sample's answer: bytes, or ASCII text with as many escapes as real documents have."""
    if SETTINGS.binary:
        return Result(bytes(_noise(size, seed, SETTINGS.compression, b"\0")), BYTES)
    text = _noise(size, seed, SETTINGS.compression / LEFT_OF_BASE64, b"a")
    escaped = math.ceil(size * SETTINGS.json_escape * (1 - 1e-15)) - size
    if escaped > 0:
        every = size // escaped
        text[: every * escaped : every] = b'"' * escaped
    return Result(bytes(text), TEXT)


def _noise(size: int, seed: int, share: float, filler: bytes) -> bytearray:
    """`share` of the bytes random, the rest all the same."""
    random_each = round(BLOCK * min(1.0, max(0.0, share)))
    blocks = -(-size // BLOCK)
    noise = random.Random(seed).randbytes(random_each * blocks)
    if not SETTINGS.binary:
        noise = base64.b64encode(noise)[: len(noise)]
    rest = filler * (BLOCK - random_each)
    parts = (noise[i : i + random_each] + rest for i in range(0, random_each * blocks, random_each or 1))
    return bytearray(b"".join(parts)[:size] if random_each else filler * size)
