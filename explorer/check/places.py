"""Locations for code hosts: paths from the top of the repository, and fingerprints that stay the same."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .findings import Finding

VALUES = re.compile(r"\d[\d,.]*")
MOST_SUBJECT = 80  # characters


@cache
def _top(folder: Path) -> Path | None:
    """The top folder of the repository that holds a folder."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)


def in_repository(file: str) -> str:
    """A path from the top of the repository; outside one, from the working folder or else absolute.

    Examples
    --------
    >>> in_repository("template.yaml")[:1] != "/"
    True
    """
    path = Path(os.path.abspath(file))
    for base in (_top(path.parent), Path.cwd()):
        if base is not None and path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.as_posix()


def subject(message: str) -> str:
    """The subject of a message, without the values that change from run to run.

    Examples
    --------
    >>> subject("The time-out behind an HTTP API is 60 s, over the limit of 30 s")
    'The time-out behind an HTTP API'
    """
    plain = VALUES.sub("#", message.partition(" (")[0])
    return re.split(r" (?:is|are|of) (?:at (?:least|most) )?#", plain)[0][:MOST_SUBJECT]


def identity(file: str, resource: str, limit: str, message: str) -> str:
    """A text that identifies a finding across runs: without its line and its values."""
    return "|".join((in_repository(file), resource, limit, subject(message)))


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """A unique fingerprint for each finding, which stays the same when lines move."""
    counts: Counter[str] = Counter()
    marks = []
    for one in findings:
        own = identity(one.file, one.resource, one.limit, one.message)
        counts[own] += 1
        marks.append(hashlib.sha256(f"{own}|{counts[own]}".encode("utf-8", "replace")).hexdigest())
    return marks
