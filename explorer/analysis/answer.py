"""What was chosen for one workload, with the rows of all that explains it."""

from __future__ import annotations

from functools import cached_property

from .answer_rows import Rows
from .assumptions import Assumption
from .assumptions import assumptions as assumptions_of
from .break_evens import BreakEven
from .break_evens import break_evens as break_evens_of
from .choice import Choice
from .promises import PromisePrice
from .promises import promises as promises_of
from .rejections import Change, Rejection
from .rejections import changes_from_today as changes_of
from .rejections import rejections as rejections_of
from .ways_out import WayOut
from .ways_out import ways_out as ways_out_of


class Answer(Choice):
    """A choice with what rules out the rest, what would change it, and what it rests on."""

    @cached_property
    def rejections(self) -> Rows[Rejection]:
        """All that rules out a design: limits first, by how many designs they rule out."""
        return Rows(tuple(rejections_of(self.load)), Rejection)

    @cached_property
    def break_evens(self) -> Rows[BreakEven]:
        """Where the recommendation changes around this workload, and to what."""
        return Rows(tuple(break_evens_of(self)), BreakEven)

    @cached_property
    def assumptions(self) -> Rows[Assumption]:
        """What is a default or not measured, and whether it decides the answer."""
        return Rows(tuple(assumptions_of(self)), Assumption)

    @cached_property
    def ways_out(self) -> Rows[WayOut]:
        """Where nothing is feasible: the changes that make something so, the least asked first."""
        return Rows(tuple(ways_out_of(self)), WayOut, names={"today": "from", "value": "to", "pair": "with"})

    @cached_property
    def promises(self) -> Rows[PromisePrice]:
        """What each promise that is given costs."""
        return Rows(tuple(promises_of(self)), PromisePrice)

    @cached_property
    def changes(self) -> Rows[Change]:
        """Against `current`: the parts that come and go, and what it costs or saves."""
        return Rows(tuple(changes_of(self)), Change)
