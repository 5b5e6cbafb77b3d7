"""The verdict on a limit, worst first."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The verdicts in answers and in their JSON, worst first.

    >>> min(Verdict.FITS, Verdict.TIGHT, key=list(Verdict).index)
    <Verdict.TIGHT: 'tight'>
    """

    BREACH = "breach"  # more requests break it than may fail, or a value exceeds it
    RAISE = "raise"  # likewise, but AWS raises the quota far enough
    TIGHT = "tight"  # some requests break it, or it is nearly used up
    UNKNOWN = "unknown"  # in a template: the value is not stated
    FITS = "fits"
