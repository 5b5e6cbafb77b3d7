"""Where a finding stands, as code hosts name it: paths from the top of the repository, marks that stay."""

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
    """The top of the repository that a folder is in."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)


def in_repository(file: str) -> str:
    """A path from the top of the repository; from the working folder, or whole, where there is none.

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
    """What a message is about, without the values that change from run to run.

    Examples
    --------
    >>> subject("The time-out behind an HTTP API of 60 s is over 30 s")
    'The time-out behind an HTTP API'
    """
    plain = VALUES.sub("#", message.partition(" (")[0])
    return re.split(r" of (?:at (?:least|most) )?#", plain)[0][:MOST_SUBJECT]


def identity(file: str, resource: str, limit: str, message: str) -> str:
    """What makes a finding the same one in the next run: not its line, and not its values."""
    return "|".join((in_repository(file), resource, limit, subject(message)))


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """A mark for each finding, that stays when lines move, and no two of them alike."""
    counts: Counter[str] = Counter()
    marks = []
    for one in findings:
        own = identity(one.file, one.resource, one.limit, one.message)
        counts[own] += 1
        marks.append(hashlib.sha256(f"{own}|{counts[own]}".encode("utf-8", "replace")).hexdigest())
    return marks
