"""Sums of answers over the placements of designs, each design in one cell of a grid.

Every quantity of a design (money, seconds, the count of broken limits) is the sum of what its placements add.
The part that does not vary is summed for all quantities at once (`_constants`), the rest by the axes along
which it varies (`total`). Example: the placements of eight concerns add 0, 3, 0, 12, 0, 40, 0 and 1 USD a
month; the design costs 56 USD. Ids with tiers are the exception: their quantities are summed first and then
priced (`usd`).
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

from .answers import BAD, BEGUN, COLD, EXCHANGE, P95, SUBMITTED, USD, WORK, Answers
from .designs import Table
from .grid import Grid
from .latency import over_patience

SLACK = 1e-9  # relative margin for the rounding of sums


class Cells:
    """The answers divided into the cells of a grid."""

    def __init__(self, answers: Answers, grid: Grid) -> None:
        self.answers, self.grid = answers, grid
        self._split: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # by id(array), and the array

    def at(self, values: Number, cell: np.ndarray) -> np.ndarray:
        """A quantity of the load in each of these cells: shape (cells, sizes or 1, *sides or 1)."""
        values = np.asarray(values)
        missing = 2 + len(self.grid.shape) - values.ndim
        whole = values.reshape((1,) * missing + values.shape) if missing else values
        return whole if values.size == 1 else self.rows(whole, np.zeros_like(cell), cell)

    def rows(self, table: np.ndarray, row: np.ndarray, cell: np.ndarray) -> np.ndarray:
        """Rows of a table of the shape (rows or 1, sizes, *axes), each in one cell."""
        if id(table) not in self._split:
            self._split[id(table)] = table, self.grid.split(table)
        parts = self._split[id(table)][1]
        where = [
            place if count > 1 else 0
            for place, count in zip(self.grid.places(cell), parts.shape, strict=False)
        ]
        result: np.ndarray = parts[(*where, row if len(table) > 1 else np.zeros_like(row))]
        return result


class Sums:
    """Designs, each in one cell: every quantity is the sum over the placements of a design.

    Parameters
    ----------
    cells
        The answers by cell.
    table
        The table that contains the designs.
    design
        The indices of the designs in the table.
    cell
        The cell in which each design is evaluated.

    Arrays have the shape (designs, sizes, *sides of a cell), 1 where nothing varies.
    """

    def __init__(self, cells: Cells, table: Table, design: np.ndarray, cell: np.ndarray) -> None:
        self.cells, self.answers, self.load = cells, cells.answers, cells.answers.load
        self.table, self.design, self.cell = table, design, cell
        self.rows = table.rows[design]  # the placements, shape (designs, concerns)
        self.at_once = self.column(table.answers[design])
        self.streams = self.column(table.streams[design])

    def column(self, values: np.ndarray) -> np.ndarray:
        """One value per design, shaped to broadcast."""
        return values.reshape(-1, *(1,) * (1 + len(self.cells.grid.shape)))

    def at(self, values: Number) -> np.ndarray:
        """A quantity of the load in the cell of each design."""
        return self.cells.at(values, self.cell)

    @cached_property
    def _constants(self) -> np.ndarray:
        """The part that does not vary, for all quantities at once: (designs, quantities, sizes)."""
        table = self.answers.by_placement
        total: np.ndarray = table[self.rows[:, 0]]
        for concern in range(1, self.rows.shape[1]):
            total += table[self.rows[:, concern]]
        return total

    def total(self, name: str) -> np.ndarray:
        """The total of one quantity for each design."""
        a = self.answers
        constant = self._constants[:, a.quantities.index(name)]
        result = constant.reshape(*constant.shape, *(1,) * len(self.cells.grid.shape))
        for along in a.along.get(name, ()):
            none = len(along.values) - 1
            for concern in range(self.rows.shape[1]):
                own = along.row_of[self.rows[:, concern]]
                if (own != none).any():
                    result = result + self.cells.rows(along.values, own, self.cell)
        for line in a.steps:
            if line.quantity == name:
                some, row = self._designs_with(line.row_of)
                if len(some):
                    sums = [self._sum_terms(terms, some, row) for terms in line.sums]
                    times = self.cells.rows(line.times, row, self.cell[some])
                    result = _add_at(result, some, times * line.function(*sums))
        return result

    def _designs_with(self, row_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The designs that have a placement with a row in `row_of`, and this row."""
        row = row_of[self.rows].max(axis=1)
        some = np.flatnonzero(row >= 0)
        return some, row[some]

    def _sum_terms(self, terms: tuple[np.ndarray, ...], some: np.ndarray, row: np.ndarray) -> np.ndarray:
        total = self.cells.rows(terms[0], row, self.cell[some])
        for term in terms[1:]:
            total = total + self.cells.rows(term, row, self.cell[some])
        return total

    def breaks(self) -> np.ndarray:
        """Whether a limit breaks for more requests than may fail, or an option is excluded."""
        bad = self.total(BAD) > 0
        for test in self.answers.tests:
            some, row = self._designs_with(test.row_of)
            if len(some):
                over = self._sum_terms(test.terms, some, row) > self.cells.rows(
                    test.most, row, self.cell[some]
                )
                if over.any():
                    bad = _add_at(bad, some, over)
        return bad

    def usd(self) -> np.ndarray:
        """The bill [USD a month]."""
        quantities = {name: self.total(name) for name in self.answers.tiered_ids}
        usd = self.total(USD) + self.answers.book.tiered_usd(quantities)
        return np.asarray(usd * (1 - self.at(self.load.number("preferences.discount"))))

    def score(self, usd: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """The bill plus the price of the parts [USD a month]."""
        result: np.ndarray = usd + self.at(self.load.number("preferences.part_usd")) * self.column(parts)
        return result

    def late(self) -> np.ndarray:
        """The chance that the first byte of the response arrives after `client.waits`."""
        patience, work, cold = self._patience()
        return np.asarray(self._over_patience(patience, work, cold, self.at_once))

    def _over_patience(
        self, patience: np.ndarray, work: np.ndarray, cold: np.ndarray, at_once: np.ndarray | bool
    ) -> np.ndarray:
        """The chance that the first byte is late; for a stream, by the distribution `first_byte`."""
        init_s = self.at(self.load.init_p50_s)
        late = over_patience(patience, self.spread("runtime"), init_s, work, cold, at_once)
        if self.load.first_byte is self.load.runtime or not self.streams.any():
            return np.asarray(late)
        begun = over_patience(patience, self.spread("first_byte"), init_s, work, cold, at_once)
        return np.asarray(np.where(self.streams, begun, late))

    def _edge(self) -> np.ndarray:
        """The time of the work until the first byte [s] that only the tolerated share exceeds."""
        edge = self.at(self.load.edge("runtime"))
        if self.load.first_byte is self.load.runtime or not self.streams.any():
            return edge
        return np.asarray(np.where(self.streams, self.at(self.load.edge("first_byte")), edge))

    def _patience(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        exchange, work, cold = (self.total(name) for name in (EXCHANGE, WORK, COLD))
        return self.at(self.load.waits) - exchange, work, cold

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver in the cell of each design."""
        return self._spread_at(self.load.spread(driver))

    def _spread_at(self, spread: Distribution) -> Distribution:
        varied: dict[str, Any] = {}
        for field in fields(spread):
            value = getattr(spread, field.name)
            if isinstance(value, Distribution):
                varied[field.name] = self._spread_at(value)
            elif isinstance(value, np.ndarray) and value.ndim == len(self.load.shape):
                varied[field.name] = self.at(value)
        return replace(spread, **varied) if varied else spread

    def in_time(self) -> np.ndarray:
        """Whether `client.waits` and the promised latencies are met.

        Let r be what is left of the patience for the run time R, and `edge` the value of R that only the
        tolerated share of requests exceeds. With a share c of cold requests, which start `init_s` later, the
        chance to be late is (1 - c) P(R > r) + c P(R > r - init_s). If r - init_s >= edge, both probabilities
        are tolerated: the design is in time. If r < edge, neither is: it is late. Only between the two is the
        chance computed. Example: edge = 2 s and init_s = 0.5 s. With r = 2.6 s the design is in time, with
        1.9 s it is late, and with 2.2 s it depends on c.
        """
        patience, work, cold = self._patience()
        edge, init_s = self._edge(), self.at(self.load.init_p50_s)
        late = (patience < 0) | (self.at_once & (patience - work < edge * (1 - SLACK)))
        doubt = self.at_once & ~late & (patience - work - init_s < edge * (1 + SLACK))
        if doubt.any():
            chance = self._over_patience(patience, work, cold, True)
            late = late | (doubt & (chance > self.at(self.load.tolerance)))
        if self.load.latency_p95 is not None:
            late = late | ~(self.total(P95) <= self.at(self.load.latency_p95))
        if self.load.first_byte_p95 is not None:
            late = late | ~(self.first_byte() <= self.at(self.load.first_byte_p95))
        result: np.ndarray = ~late
        return result

    def first_byte(self) -> np.ndarray:
        """The p95 of the first byte of the result [s]; for an acknowledged request, of the 202 response."""
        later = self.column(~self.table.acknowledges[self.design])
        result: np.ndarray = self.total(SUBMITTED) + later * self.total(BEGUN)
        return result

    def only(self, some: np.ndarray) -> Sums:
        """The same sums for some of the designs."""
        return Sums(self.cells, self.table, self.design[some], self.cell[some])


def _add_at(result: np.ndarray, some: np.ndarray, more: np.ndarray) -> np.ndarray:
    """A copy of `result` with `more` added at some designs; for booleans, combined with "or"."""
    shape = np.broadcast_shapes(result.shape[1:], more.shape[1:])
    whole = np.broadcast_to(result, (len(result), *shape)).copy()
    whole[some] = whole[some] | more if whole.dtype == bool else whole[some] + more
    return whole
