"""What the options answer: each is evaluated once for all of its paths, stored by the axes that vary.

Everything that the search needs about a design is a sum of a few quantities over the placements of the design
(an option with the fields of the request path that it reads):

* `usd`: the lines with linear tariffs, priced; for each price id with tiers, a quantity, priced after it is
  summed;
* `p50`, `p95`, `p99`: seconds from submitting the request until the client has the result;
* `exchange`, `work`, `cold`: what `client.waits` is compared with;
* `submitted`, `begun`: the p95 of the first byte, until the request is accepted and after that, if promised;
* `bad`: the number of exclusions, and of limits that break for more requests than may fail. Above 0 a design
  is not feasible.

An answer has the shape (paths, sizes, *axes). In a grid, the run time varies along one axis and the response
along another. Their terms are stored separately, each in a table over its own axes, so that the cost of a sum
is the length of an axis and not the size of the grid. Where one limit, or one line that rises by steps, has
terms along different axes, the terms are stored unsummed (`MixedLimit`, `Steps`) until a block of the grid is
evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse
from explorer.options.base.mask import EVERYWHERE, Mask
from explorer.options.base.option import Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Phase, Step
from explorer.options.base.usage import StepQuantity, total

from .cost import Tariffs, tariffs
from .designs import Question, Table
from .latency import counts_for
from .limits import raised_limit

USD, P50, P95, P99, EXCHANGE, WORK, COLD, BAD = "usd", "p50", "p95", "p99", "exchange", "work", "cold", "bad"
SUBMITTED, BEGUN = "submitted", "begun"
FIXED = (USD, P50, P95, P99, EXCHANGE, WORK, COLD, BAD, SUBMITTED, BEGUN)
SECONDS = "seconds"  # at all three levels, until `_put` stores each level
Axes = tuple[bool, ...]  # for each axis of the load: whether the quantity varies along it


@dataclass(frozen=True, eq=False)
class TermTable:
    """Terms of one quantity that vary along the same axes."""

    axes: Axes
    row_of: np.ndarray  # (placements,): the row of each; the last row (zeros) where it has no term
    values: np.ndarray  # (rows + 1, sizes, *axes), 1 where nothing varies


@dataclass(frozen=True, eq=False)
class MixedLimit:
    """A limit on a sum of terms that vary along different axes: it breaks where the sum is above `most`."""

    row_of: np.ndarray  # (placements,): the row of each in `terms`; -1 where the limit does not bind
    terms: tuple[np.ndarray, ...]  # (paths or 1, sizes or 1, *axes or 1) each
    most: np.ndarray


@dataclass(frozen=True, eq=False)
class Steps:
    """A usage line that rises by steps with sums of terms that vary along different axes."""

    quantity: str
    row_of: np.ndarray
    sums: tuple[tuple[np.ndarray, ...], ...]
    function: Callable[..., Number]
    times: np.ndarray


class Answers:
    """The answers of all options of a table for one load.

    Parameters
    ----------
    load
        The workloads as options see them; `Conditions.at_once` adds the axes for paths and sizes.
    table
        The designs whose placements are evaluated.
    """

    def __init__(self, load: Conditions, table: Table) -> None:
        self.load, self.table = load.at_once(), table
        self.axes_shape = self.load.shape[2:]
        self.ndim = len(self.load.shape)
        self.sizes = self.load.shape[1]
        preferences = load.workload.preferences
        self.book: Tariffs = tariffs(load.workload.region, preferences.free_tier, preferences.savings_plan)
        self.count = len(table.placements)
        self.quantities = list(FIXED)
        self.constant = np.zeros((len(FIXED) + 24, self.count, self.sizes))
        self.unsold = np.zeros((self.count, self.sizes), dtype=bool)  # sizes that do not exist for an option
        self.along: dict[str, list[TermTable]] = {}
        self.tests: list[MixedLimit] = []
        self.steps: list[Steps] = []
        self.uses: list[tuple[np.ndarray, LimitUse]] = []
        self._flat: Axes = (False,) * len(self.axes_shape)
        self._varied: dict[tuple[str, Axes], list[tuple[np.ndarray, np.ndarray]]] = {}
        for question in table.questions:
            self._ask(question)
        self._close()

    @property
    def tiered_ids(self) -> list[str]:
        """The price ids with tiers or a free pool, whose quantities are priced after they are summed."""
        return self.quantities[len(FIXED) :]

    def _ask(self, question: Question) -> None:
        for load, paths, rows in question.loads(self.load):
            self._ask_of(question.option, load, paths.along(self.ndim - 1), rows)

    def _ask_of(self, option: Option, load: Conditions, path: Paths, rows: np.ndarray) -> None:
        sums: dict[tuple[str, Axes], np.ndarray] = {}
        for exclusion in option.excludes(load):
            self._add(sums, BAD, np.asarray(exclusion.where) * exclusion.mask(path) * 1.0)
        sold = option.sells(load)
        if not np.all(sold):
            self.unsold[rows] = ~np.ravel(sold)
            self._add(sums, BAD, ~sold * 1.0)
        for price_id, quantity in load.by_size(option.usage(load, path)):
            name, price = (
                (USD, self.book.price(price_id)) if self.book.is_linear(price_id) else (price_id, 1.0)
            )
            if isinstance(quantity, StepQuantity):
                if self._is_mixed([term for terms in quantity.sums for term in terms]):
                    self._keep_steps(rows, name, quantity.scale_by(price))
                    continue
                quantity = quantity.value()
            self._add(sums, name, price * quantity)
        for step in option.steps(load, path):
            self._add_seconds(sums, load, step)
        self._add(sums, COLD, option.cold_share(self.load, path))  # patience ignores the cache
        for use in option.limits(load, path):
            self.uses.append((rows, use))
            self._judge(sums, rows, use)
        for (name, axes), value in sums.items():
            if name == SECONDS:
                for number, level in enumerate((P50, P95, P99)):
                    self._put(rows, level, axes, value[min(number, len(value) - 1)])
            else:
                self._put(rows, name, axes, value)

    def _put(self, rows: np.ndarray, name: str, axes: Axes, value: np.ndarray) -> None:
        if axes == self._flat:
            self.constant[self._place(name), rows] += value.reshape(value.shape[:2])
        else:
            self._varied.setdefault((name, axes), []).append((rows, value))

    def _place(self, name: str) -> int:
        if name not in self.quantities:
            self.quantities.append(name)
            if len(self.quantities) > len(self.constant):
                more = np.zeros((24, self.count, self.sizes))
                self.constant = np.concatenate([self.constant, more])
        return self.quantities.index(name)

    def _add_seconds(self, sums: dict[tuple[str, Axes], np.ndarray], load: Conditions, step: Step) -> None:
        every = step.where is EVERYWHERE
        seconds = load.step_s(step) if every else step.where * load.step_s(step)
        whole = self._to_shape(seconds, self.ndim + 1)  # (levels or 1, paths, sizes, *axes)
        key = (SECONDS, self._axes(whole[0]))
        sums[key] = sums[key] + whole if key in sums else whole
        if load.first_byte_p95 is not None:
            begun = np.asarray(load.first_byte_s(step))
            begun = begun if begun.ndim == 0 else begun[min(1, len(begun) - 1)]
            name = SUBMITTED if step.phase is Phase.SUBMIT else BEGUN
            self._add(sums, name, begun if every else step.where * begun)
        if counts := counts_for(step):
            patience = load.patience_s(step)
            self._add(sums, counts, patience if every else step.where * patience)

    def _judge(self, sums: dict[tuple[str, Axes], np.ndarray], rows: np.ndarray, use: LimitUse) -> None:
        """Add where a limit, its quota raised as far as possible, breaks for more requests than may fail."""
        terms, most = use.terms(self.load, raised_limit(use, self.load))
        if np.ndim(most) == 0 and most == np.inf:
            return
        if self._is_mixed([*terms, most, use.where]):
            where = self._to_shape(use.where)
            if where[0].size > 1:  # where the limit does not bind, no use breaks it
                most = np.where(where, most, np.inf)
            holds = np.broadcast_to(where.reshape(len(where), -1).any(axis=1), len(rows))
            row_of = np.full(self.count, -1)
            row_of[rows[holds]] = np.flatnonzero(holds)
            self.tests.append(MixedLimit(row_of, tuple(map(self._to_shape, terms)), self._to_shape(most)))
            return
        bad: Mask = np.asarray(total(terms) > most) & use.where
        if np.any(bad):
            self._add(sums, BAD, bad * 1.0)

    def _keep_steps(self, rows: np.ndarray, name: str, line: StepQuantity) -> None:
        row_of = np.full(self.count, -1)
        row_of[rows] = np.arange(len(rows))
        sums = tuple(tuple(map(self._to_shape, terms)) for terms in line.sums)
        self._place(name)
        self.steps.append(Steps(name, row_of, sums, line.function, self._to_shape(line.times)))

    def _to_shape(self, value: Number | Mask, ndim: int = 0) -> np.ndarray:
        value = np.asarray(value)
        missing = (ndim or self.ndim) - value.ndim
        result: np.ndarray = value.reshape((1,) * missing + value.shape) if missing else value
        return result

    def _axes(self, value: np.ndarray) -> Axes:
        return tuple([length > 1 for length in value.shape[2:]]) if self._flat else ()

    def _is_mixed(self, terms: Sequence[Number | Mask]) -> bool:
        """Whether the terms vary along different axes; only then are they stored separately."""
        if len(self.axes_shape) < 2:
            return False
        return len({self._axes(self._to_shape(term)) for term in terms if np.ndim(term)} - {self._flat}) > 1

    def _add(self, sums: dict[tuple[str, Axes], np.ndarray], name: str, value: Number) -> None:
        if isinstance(value, float) and value == 0.0:  # adds nothing
            return
        shaped = self._to_shape(value)
        key = (name, self._axes(shaped))
        sums[key] = sums[key] + shaped if key in sums else shaped

    def _close(self) -> None:
        """Put the terms that vary into tables; leave out those that are 0 everywhere."""
        for (name, axes), parts in self._varied.items():
            self._place(name)
            nonzero = []
            for rows, value in parts:
                value = np.broadcast_to(value, (len(rows), *value.shape[1:]))
                some = value.reshape(len(rows), -1).any(axis=1)
                nonzero.append((rows[some], value[some]))
            rows = np.concatenate([rows for rows, _ in nonzero])
            sizes = max(value.shape[1] for _, value in nonzero)
            lengths = [length if varies else 1 for length, varies in zip(self.axes_shape, axes, strict=True)]
            values = np.zeros((len(rows) + 1, sizes, *lengths))
            at = 0
            for own, value in nonzero:
                values[at : at + len(own)] = value
                at += len(own)
            row_of = np.full(self.count, len(rows))
            row_of[rows] = np.arange(len(rows))
            self.along.setdefault(name, []).append(TermTable(axes, row_of, values))
        self._varied.clear()
        self.constant = self.constant[: len(self.quantities)]
        self.by_placement = np.ascontiguousarray(
            np.moveaxis(self.constant, 1, 0)
        )  # (placements, quantities, sizes)
