"""Checks by its seed that each result is the requested one, to the last bit."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from explorer.facts.locations import functions_dir

from .row import Row

MOST_BYTES = 4 << 30  # of results that are generated again for comparison; of more, every n-th


@cache
def sample_body() -> Any:
    """The shipped module that defines what the sample work takes and answers."""
    spec = importlib.util.spec_from_file_location("explorer_sample_body", functions_dir() / "sample_body.py")
    assert spec and spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample_digest(settings: Mapping[str, Any], size: int) -> Callable[[int], str]:
    """A function from the seed to the SHA-256 of the sample work's result.

    Parameters
    ----------
    settings : with which the functions were shipped
    size : of each result [B]
    """
    shape = {name: settings[name] for name in ("binary", "compression", "json_escape")}
    sample_bytes = sample_body().sample_bytes
    return lambda seed: hashlib.sha256(sample_bytes(size, seed, **shape)).hexdigest()


def compare(rows: Sequence[Row], digest: Callable[[int], str]) -> int:
    """Mark each result that is another job's or damaged as corrupted; the number of results compared.

    Parameters
    ----------
    rows : of the run; their status and error change
    digest : SHA-256 of the result by the request's number
    """
    succeeded_rows = [row for row in rows if row.status == "succeeded"]
    stride = max(1, -(-sum(row.bytes for row in succeeded_rows) // MOST_BYTES))
    compared_rows, digests = succeeded_rows[::stride], dict[int, str]()
    for row in compared_rows:
        if row.number not in digests:
            digests[row.number] = digest(row.number)
    all_digests = set(digests.values())
    for row in compared_rows:
        if row.content_sha256 != digests[row.number]:
            is_of_another = row.content_sha256 in all_digests
            row.fail(
                "corrupted", "result: another job's" if is_of_another else "result: not what was asked for"
            )
    return len(compared_rows)
