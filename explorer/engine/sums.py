"""Sums of answers over the placements of designs, each in one cell of a grid."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

from .answers import BAD, BEGUN, COLD, EXCHANGE, P95, SUBMITTED, USD, WORK, Answers
from .bounds import Grid
from .designs import Table
from .latency import over_patience

SLACK = 1e-9  # by which a sum has to be more, of itself: far more than rounding


class Cells:
    """The answers cut into the cells of a grid."""

    def __init__(self, answers: Answers, grid: Grid) -> None:
        self.answers, self.grid = answers, grid
        self._split: dict[int, tuple[np.ndarray, np.ndarray]] = {}  # by the array's identity, which it keeps

    def at(self, values: Number, cell: np.ndarray) -> np.ndarray:
        """A quantity of the load in these cells: shape (cells, sizes or 1, *sides or 1)."""
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
    """Designs, each in one cell: every quantity is the sum over their placements.

    Parameters
    ----------
    cells : the answers by cell
    table : the table that the designs are from
    design : their indices there
    cell : where each is looked at

    Arrays have the shape (designs, sizes, *sides of a cell), 1 where nothing varies.
    """

    def __init__(self, cells: Cells, table: Table, design: np.ndarray, cell: np.ndarray) -> None:
        self.cells, self.answers, self.load = cells, cells.answers, cells.answers.load
        self.table, self.design, self.cell = table, design, cell
        self.rows = table.rows[design]  # the placements, shape (designs, concerns)
        self.at_once = self.column(table.answers[design])
        self.streams = self.column(table.streams[design])

    def column(self, values: np.ndarray) -> np.ndarray:
        """One value a design, to broadcast."""
        return values.reshape(-1, *(1,) * (1 + len(self.cells.grid.shape)))

    def at(self, values: Number) -> np.ndarray:
        """A quantity of the load where each design is looked at."""
        return self.cells.at(values, self.cell)

    @cached_property
    def _constants(self) -> np.ndarray:
        """What does not vary, all quantities at once: (designs, quantities, sizes)."""
        table = self.answers.by_placement
        total: np.ndarray = table[self.rows[:, 0]]
        for concern in range(1, self.rows.shape[1]):
            total += table[self.rows[:, concern]]
        return total

    def total(self, name: str) -> np.ndarray:
        """One quantity."""
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
                some, row = self._having(line.row_of)
                if len(some):
                    sums = [self._sum_terms(terms, some, row) for terms in line.sums]
                    times = self.cells.rows(line.times, row, self.cell[some])
                    result = _add_at(result, some, times * line.function(*sums))
        return result

    def _having(self, row_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The designs one of whose placements is among some, and its row there."""
        row = row_of[self.rows].max(axis=1)
        some = np.flatnonzero(row >= 0)
        return some, row[some]

    def _sum_terms(self, terms: tuple[np.ndarray, ...], some: np.ndarray, row: np.ndarray) -> np.ndarray:
        total = self.cells.rows(terms[0], row, self.cell[some])
        for term in terms[1:]:
            total = total + self.cells.rows(term, row, self.cell[some])
        return total

    def breaks(self) -> np.ndarray:
        """Where a limit breaks for more requests than may fail, or an option is excluded."""
        bad = self.total(BAD) > 0
        for test in self.answers.tests:
            some, row = self._having(test.row_of)
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
        """Money and parts together [USD a month]."""
        result: np.ndarray = usd + self.at(self.load.number("preferences.part_usd")) * self.column(parts)
        return result

    def late(self) -> np.ndarray:
        """The chance that the first byte of an answer comes after `client.waits`."""
        patience, work, cold = self._patience()
        return np.asarray(self._over_patience(patience, work, cold, self.at_once))

    def _over_patience(
        self, patience: np.ndarray, work: np.ndarray, cold: np.ndarray, at_once: np.ndarray | bool
    ) -> np.ndarray:
        """The chance of it, of a stream by when its first byte exists."""
        init_s = self.at(self.load.init_p50_s)
        late = over_patience(patience, self.spread("runtime"), init_s, work, cold, at_once)
        if self.load.first_byte is self.load.runtime or not self.streams.any():
            return np.asarray(late)
        begun = over_patience(patience, self.spread("first_byte"), init_s, work, cold, at_once)
        return np.asarray(np.where(self.streams, begun, late))

    def _edge(self) -> np.ndarray:
        """What the work takes until the first byte is out, for all requests but those that may fail."""
        edge = self.at(self.load.edge("runtime"))
        if self.load.first_byte is self.load.runtime or not self.streams.any():
            return edge
        return np.asarray(np.where(self.streams, self.at(self.load.edge("first_byte")), edge))

    def _patience(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        exchange, work, cold = (self.total(name) for name in (EXCHANGE, WORK, COLD))
        return self.at(self.load.waits) - exchange, work, cold

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver where each design is looked at."""
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
        """Whether the client's patience and the promised latency hold.

        A cold start takes no less than none: where even that is within the run time that no more requests
        exceed than may fail, or where a warm start is not, no chance need be worked out.
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
        """The p95 of the first byte of the result: of what is only acknowledged, of the 202 [s]."""
        later = self.column(~self.table.acknowledges[self.design])
        result: np.ndarray = self.total(SUBMITTED) + later * self.total(BEGUN)
        return result

    def only(self, some: np.ndarray) -> Sums:
        """Some of the designs."""
        return Sums(self.cells, self.table, self.design[some], self.cell[some])


def _add_at(result: np.ndarray, some: np.ndarray, more: np.ndarray) -> np.ndarray:
    """The result with more at some of the designs; of truths, either."""
    shape = np.broadcast_shapes(result.shape[1:], more.shape[1:])
    whole = np.broadcast_to(result, (len(result), *shape)).copy()
    whole[some] = whole[some] | more if whole.dtype == bool else whole[some] + more
    return whole
