"""What the sample work takes and answers, without imports of AWS: a benchmark compares results with it."""

from __future__ import annotations

import base64
import math
import random
from dataclasses import dataclass, fields
from typing import Any

MOST_S, MOST_BYTES, MOST_STEPS, MOST_STATE = 86_400, 200 * 1024**2, 10_000, 64 * 1024**2
LEFT_OF_BASE64 = 0.757  # share that gzip leaves of random base64
BLOCK = 4096  # random and constant parts alternate, so that every page compresses as the whole


class BadSampleBody(ValueError):
    """A body that the sample work refuses."""


@dataclass(frozen=True)
class SampleBody:
    """The body of the sample work: times in seconds, sizes in bytes, steps counted from 0."""

    runtime_s: float = 0.0
    response_bytes: int = 0
    steps: int = 1
    state_bytes: int = 0
    seed: int = 0
    fail_at_step: int | None = None

    @classmethod
    def of(cls, body: Any) -> SampleBody:
        """Read a body. Raises BadSampleBody."""
        if not isinstance(body, dict):
            raise BadSampleBody("the body is not an object")
        names = [field.name for field in fields(cls)]
        if unknown := sorted(set(body) - set(names)):
            raise BadSampleBody(f'the body has "{unknown[0]:.40}": expected {", ".join(names)}')
        sample = cls(**body)
        sample._check("runtime_s", 0, MOST_S, whole=False)
        sample._check("response_bytes", 0, MOST_BYTES)
        sample._check("steps", 1, MOST_STEPS)
        sample._check("state_bytes", 0, MOST_STATE)
        sample._check("seed", -(2**63), 2**63)
        if sample.fail_at_step is not None:
            sample._check("fail_at_step", 0, sample.steps - 1)
        return sample

    def _check(self, name: str, least: int, most: int, whole: bool = True) -> None:
        value = getattr(self, name)
        kinds = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            raise BadSampleBody(f"{name} is {value!r:.40}: expected {kind} from {least} to {most}")


def sample_bytes(
    size: int, seed: int, binary: bool = False, compression: float = 1.0, json_escape: float = 1.0
) -> bytes:
    """The sample's answer: bytes, or ASCII text with as many escapes as real documents have.

    Parameters
    ----------
    size : of the answer [B]
    seed : the same seed gives the same bytes
    binary : whether it is bytes rather than text
    compression : share of it that gzip leaves
    json_escape : growth of the text inside JSON
    """
    if binary:
        return bytes(_noise(size, seed, compression, b"\0", binary))
    text = _noise(size, seed, compression / LEFT_OF_BASE64, b"a", binary)
    escape_count = math.ceil(size * json_escape * (1 - 1e-15)) - size
    if escape_count > 0:
        distance = size // escape_count
        text[: distance * escape_count : distance] = b'"' * escape_count
    return bytes(text)


def _noise(size: int, seed: int, share: float, filler: bytes, binary: bool) -> bytearray:
    """`share` of the bytes random, the rest constant."""
    random_each = round(BLOCK * min(1.0, max(0.0, share)))
    blocks = -(-size // BLOCK)
    noise = random.Random(seed).randbytes(random_each * blocks)  # noqa: S311 - a sample
    if not binary:
        noise = base64.b64encode(noise)[: len(noise)]
    rest = filler * (BLOCK - random_each)
    parts = (noise[i : i + random_each] + rest for i in range(0, random_each * blocks, random_each or 1))
    return bytearray(b"".join(parts)[:size] if random_each else filler * size)
