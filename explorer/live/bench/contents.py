"""Whether each result is the one that was asked for: by its seed, to the last bit."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from explorer.facts.locations import functions_dir

from .row import Row

MOST_BYTES = 4 << 30  # of results that are made anew to compare them; of more, every so many-th


@cache
def sample_body() -> Any:
    """The module that says what the sample work takes and answers, as it is shipped."""
    spec = importlib.util.spec_from_file_location("explorer_sample_body", functions_dir() / "sample_body.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample_digest(settings: Mapping[str, Any], size: int) -> Callable[[int], str]:
    """The SHA-256 of the sample work's result by seed.

    Parameters
    ----------
    settings : with which the functions were shipped
    size : of each result [B]
    """
    shape = {name: settings[name] for name in ("binary", "compression", "json_escape")}
    sample_bytes = sample_body().sample_bytes
    return lambda seed: hashlib.sha256(sample_bytes(size, seed, **shape)).hexdigest()


def compare(rows: Sequence[Row], digest: Callable[[int], str]) -> int:
    """Mark the results that are another's or damaged as corrupted; how many were compared."""
    succeeded = [row for row in rows if row.status == "succeeded"]
    each = max(1, -(-sum(row.bytes for row in succeeded) // MOST_BYTES))
    compared, digests = succeeded[::each], dict[int, str]()
    for row in compared:
        if row.number not in digests:
            digests[row.number] = digest(row.number)
    of_others = set(digests.values())
    for row in compared:
        if row.content_sha256 != digests[row.number]:
            others = row.content_sha256 in of_others
            row.fail("corrupted", "result: another job's" if others else "result: not what was asked for")
    return len(compared)
