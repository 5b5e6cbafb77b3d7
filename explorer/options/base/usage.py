"""The billable usage of an option: quantities by price id, one driver per line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from explorer.facts.units import Number


@dataclass(frozen=True, eq=False)
class StepQuantity:
    """A quantity that rises by steps with sums of several drivers, such as instances or load balancer units.

    It is `times` x `function(sum, ...)`, with one argument for each of `sums`, which are lists of terms with
    one driver each. Storing the terms separately avoids an array along all axes before pricing. The function
    never falls in any argument and contains only plain numbers; arrays occur only in the sums and in `times`,
    because a bound takes the minimum of each over many points.
    """

    sums: Sequence[Sequence[Number]]
    function: Callable[..., Number]
    times: Number = 1.0

    def value(self) -> Number:
        """The quantity as a number or an array."""
        return self.times * self.function(*map(total, self.sums))

    def scale_by(self, factor: Number) -> StepQuantity:
        """The quantity times `factor`."""
        return StepQuantity(self.sums, self.function, self.times * factor)


@dataclass(frozen=True)
class FlatRate:
    """A monthly price that replaces lines of a bill, up to an allowance."""

    name: str  # with its product, inside a sentence: "CloudFront's flat-rate plan Pro"
    price: str  # its price id
    replaces: tuple[str, ...]  # price ids of the replaced lines; absent lines cost nothing
    allows: tuple[tuple[str, str], ...]  # (price id of a line, id of the constant with its upper bound)


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
