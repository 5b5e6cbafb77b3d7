"""What comes of a limit that is held against a quantity, worst first."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The words of answers and of their JSON, worst first.

    >>> min(Verdict.FITS, Verdict.TIGHT, key=list(Verdict).index)
    <Verdict.TIGHT: 'tight'>
    """

    BREACH = "breach"  # more requests break it than may fail; a value over it
    RAISE = "raise"  # so too, but AWS raises the quota far enough
    TIGHT = "tight"  # some requests break it, or it is nearly used up
    UNKNOWN = "unknown"  # of a template: the value stands nowhere
    FITS = "fits"
