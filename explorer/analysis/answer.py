"""The choice for one workload, with the rows of everything that explains it."""

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
    """A choice with the reasons that rule out the rest, its break-evens and its assumptions."""

    @cached_property
    def rejections(self) -> Rows[Rejection]:
        """The reasons that rule out designs: limits first, then by the number of designs ruled out."""
        return Rows(tuple(rejections_of(self.load)), Rejection)

    @cached_property
    def break_evens(self) -> Rows[BreakEven]:
        """The values around this workload at which the recommendation changes, and the next design."""
        return Rows(tuple(break_evens_of(self)), BreakEven)

    @cached_property
    def assumptions(self) -> Rows[Assumption]:
        """The defaults and unmeasured values behind the answer, and whether each decides it."""
        return Rows(tuple(assumptions_of(self)), Assumption)

    @cached_property
    def ways_out(self) -> Rows[WayOut]:
        """Where nothing is feasible: the changes that make a design feasible, the smallest change first."""
        return Rows(tuple(ways_out_of(self)), WayOut, names={"today": "from", "value": "to", "pair": "with"})

    @cached_property
    def promises(self) -> Rows[PromisePrice]:
        """The cost of each promise that the workload states."""
        return Rows(tuple(promises_of(self)), PromisePrice)

    @cached_property
    def changes(self) -> Rows[Change]:
        """The differences from `current`: parts added and removed, and the change of the bill."""
        return Rows(tuple(changes_of(self)), Change)
