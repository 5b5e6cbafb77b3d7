"""Sums of answers over the placements of designs: at every point, or in a block of a grid."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cached_property

import numpy as np

from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

from .answers import BAD, COLD, EXCHANGE, P95, USD, WORK, Along, Answers
from .bounds import Block
from .latency import over_patience

SLACK = 1e-9  # by which a sum has to be more, of itself: far more than rounding


class Sums:
    """The quantities of designs in one block: each the sum over their placements, in the concerns' order.

    Parameters
    ----------
    answers : what the options answer
    block : which part of the axes; all without
    """

    def __init__(self, answers: Answers, block: Block | None = None) -> None:
        self.answers, self.block = answers, block
        self.shape = answers.axes_shape if block is None else tuple(part.stop - part.start for part in block)
        self._tables: dict[int, np.ndarray] = {}
        self._tests: dict[tuple[int, int], np.ndarray] = {}
        self._lines: dict[tuple[int, int], np.ndarray] = {}
        self.load = answers.load

    def cut(self, values: Number) -> np.ndarray:
        """The part of an array of the load's shape that lies in the block."""
        values = np.asarray(values)
        if self.block is None or values.ndim < len(self.block):
            return values
        lengths = values.shape[values.ndim - len(self.block) :]
        parts = [slice(None) if n == 1 else part for n, part in zip(lengths, self.block, strict=True)]
        return values[(..., *parts)]

    def constants(self, rows: np.ndarray) -> np.ndarray:
        """What does not vary, all quantities at once: (designs, quantities, sizes)."""
        table = self.answers.by_placement
        summed = table[rows[:, 0]]
        for concern in range(1, rows.shape[1]):
            summed += table[rows[:, concern]]
        return summed

    def total(self, name: str, rows: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """One quantity, of shape (designs, sizes or 1, *block or 1)."""
        a = self.answers
        summed = constants[:, a.quantities.index(name)]
        result = summed.reshape(*summed.shape, *(1,) * len(self.shape))
        for along in a.along.get(name, ()):
            if (part := self._gathered(along, rows)) is not None:
                result = result + part
        for number, steps in enumerate(a.steps):
            if steps.quantity == name:
                result = self._stepped(number, rows, result)
        return result

    def _gathered(self, along: Along, rows: np.ndarray) -> np.ndarray | None:
        """The terms along some axes, summed over the placements that have one."""
        if id(along) not in self._tables:
            self._tables[id(along)] = self.cut(along.values)
        table, none = self._tables[id(along)], len(along.values) - 1
        summed = None
        for concern in range(rows.shape[1]):
            own = along.row_of[rows[:, concern]]
            if (own != none).any():
                summed = table[own] if summed is None else summed + table[own]
        return summed

    def _stepped(self, number: int, rows: np.ndarray, result: np.ndarray) -> np.ndarray:
        steps = self.answers.steps[number]
        for placement in np.unique(rows[steps.row_of[rows] >= 0]).tolist():
            value = self._line(number, placement)
            has = (rows == placement).any(axis=1)
            result = result + has.reshape(-1, *(1,) * (result.ndim - 1)) * value
        return result

    def _line(self, number: int, placement: int) -> np.ndarray:
        """What a line that rises by steps is for one placement."""
        key = (number, placement)
        if key not in self._lines:
            steps = self.answers.steps[number]
            row = int(steps.row_of[placement])
            sums = [self._terms(terms, row) for terms in steps.sums]
            self._lines[key] = self._row(steps.times, row) * steps.function(*sums)
        return self._lines[key]

    def _row(self, term: np.ndarray, row: int) -> np.ndarray:
        return self.cut(term[row if len(term) > 1 else 0])

    def _terms(self, terms: tuple[np.ndarray, ...], row: int) -> np.ndarray:
        summed = self._row(terms[0], row)
        for term in terms[1:]:
            summed = summed + self._row(term, row)
        return summed

    def broken(self, rows: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """Where a limit breaks for more requests than may fail, or an option is excluded."""
        bad = self.total(BAD, rows, constants) > 0
        for number, test in enumerate(self.answers.tests):
            for placement in np.unique(rows[test.row_of[rows] >= 0]).tolist():
                key = (number, placement)
                if key not in self._tests:
                    row = int(test.row_of[placement])
                    self._tests[key] = self._terms(test.terms, row) > self._row(test.most, row)
                if self._tests[key].any():
                    has = (rows == placement).any(axis=1)
                    bad = bad | (has.reshape(-1, *(1,) * (bad.ndim - 1)) & self._tests[key])
        return bad

    def usd(self, rows: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """The bill [USD a month]."""
        a = self.answers
        tiered = {name: self.total(name, rows, constants) for name in a.tiered}
        usd = self.total(USD, rows, constants) + a.book.tiered_usd(tiered)
        return np.asarray(usd * (1 - self.cut(self.load.number("preferences.discount"))))

    def late(self, rows: np.ndarray, answers: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """The chance that the first byte of an answer comes after `client.waits`."""
        left, work, cold = self._patience(rows, constants)
        return np.asarray(
            over_patience(left, self.runtime, self.cut(self.load.init_p50_s), work, cold, self.column(answers))
        )

    def _patience(self, rows: np.ndarray, constants: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        exchange, work, cold = (self.total(name, rows, constants) for name in (EXCHANGE, WORK, COLD))
        return self.cut(self.load.waits) - exchange, work, cold

    @cached_property
    def runtime(self) -> Distribution:
        """The run time in this block."""
        spread = self.load.runtime
        varied = {
            field.name: self.cut(value)
            for field in fields(spread)
            if np.ndim(value := getattr(spread, field.name)) == len(self.load.shape)
        }
        return replace(spread, **varied) if varied else spread

    def column(self, values: np.ndarray) -> np.ndarray:
        """One value a design, to broadcast."""
        return values.reshape(-1, *(1,) * (1 + len(self.shape)))

    def in_time(self, rows: np.ndarray, answers: np.ndarray, constants: np.ndarray) -> np.ndarray:
        """Whether the client's patience and the promised latency hold.

        A cold start takes no less than none: where even that is within the run time that no more requests
        exceed than may fail, or where a warm start is not, no chance need be worked out.
        """
        left, work, cold = self._patience(rows, constants)
        edge, init_s = self.cut(self.load.edge("runtime")), self.cut(self.load.init_p50_s)
        late = (left < 0) | (self.column(answers) & (left - work < edge * (1 - SLACK)))
        doubt = self.column(answers) & ~late & (left - work - init_s < edge * (1 + SLACK))
        if (some := doubt.reshape(len(rows), -1).any(axis=1)).any():
            left, work, cold = (each[some] if len(each) > 1 else each for each in (left, work, cold))
            chance = over_patience(left, self.runtime, init_s, work, cold, True)
            late = np.broadcast_to(late, np.broadcast_shapes(late.shape, doubt.shape)).copy()
            late[some] |= doubt[some] & (chance > self.cut(self.load.tolerance))
        if self.load.latency_p95 is not None:
            late = late | ~(self.total(P95, rows, constants) <= self.cut(self.load.latency_p95))
        return ~late
