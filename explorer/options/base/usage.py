"""What an option is billed for: quantities by price id, one driver a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from explorer.facts.units import Number


@dataclass(frozen=True, eq=False)
class StepQuantity:
    """A quantity that rises by steps with sums of several drivers: instances, load balancer units.

    It is `times` x `function(sum, ...)`, with one sum for each of `sums`: terms with one driver each.
    Kept apart like this, no term becomes an array along all axes before it is priced.
    The function never falls in any of its sums, and knows plain numbers alone: an array is in a sum or in
    `times`, since a bound takes the least of a sum over many points.
    """

    sums: Sequence[Sequence[Number]]
    function: Callable[..., Number]
    times: Number = 1.0

    def value(self) -> Number:
        """The quantity itself."""
        return self.times * self.function(*map(total, self.sums))

    def scaled(self, factor: Number) -> StepQuantity:
        """So many times the quantity."""
        return StepQuantity(self.sums, self.function, self.times * factor)


@dataclass(frozen=True)
class FlatRate:
    """A price a month in place of lines of a bill, for as much of them as it allows."""

    price: str  # its price id
    replaces: tuple[str, ...]  # price ids of the lines; those that are not there cost nothing
    allows: tuple[tuple[str, str], ...]  # (price id of a line, id of the constant: the most of it)


UsageLines: TypeAlias = "Iterable[tuple[str, Number | StepQuantity]]"  # (price id, quantity a month)


def total(terms: Sequence[Number]) -> Number:
    """The sum of terms, in their order."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def amount(quantity: Number | StepQuantity) -> Number:
    """The quantity of a line as a number or an array."""
    return quantity.value() if isinstance(quantity, StepQuantity) else quantity
