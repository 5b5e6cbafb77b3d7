"""What was chosen for one workload, with the rows of all that explains it."""

from __future__ import annotations

from functools import cached_property

from . import assumptions, break_evens
from . import rejections as why_not
from .choice import Choice


class Answer(Choice):
    """A choice with what rules out the rest, what would change it, and what it rests on."""

    @cached_property
    def reasons(self) -> list[why_not.Rejection]:
        """All that rules out a design: limits first, by how many designs they rule out."""
        return why_not.rejections(self.load)

    @cached_property
    def turns(self) -> list[break_evens.BreakEven]:
        """Where the recommendation changes around this workload, and to what."""
        return break_evens.break_evens(self)

    @cached_property
    def assumed(self) -> list[assumptions.Assumption]:
        """What was not given or not measured, and whether it decides the answer."""
        return assumptions.assumptions(self)

    @cached_property
    def changed(self) -> list[why_not.Change]:
        """Against `current`: the parts that come and go, and what it costs or saves."""
        return why_not.changes(self)
