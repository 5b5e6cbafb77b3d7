"""What options answer, asked once each for all their paths and sizes, kept by the axes that it depends on.

Everything a design needs is a sum over its eight placements of a few *quantities*: money of linear lines, p95, seconds
before the exchange ends, seconds of work, cold share, and each tiered price id.  A *slot* is one quantity of one
placement; beside those there are slots for the sums that a limit or a stepped line looks at.  The terms of a slot lie in
tables, one for each set of axes that they vary along: const, x, y, and, rarely, x and y.  A sum along an axis costs its
length, not the grid.
"""

from __future__ import annotations

import numpy as np

from .conditions import Conditions, Stepped, raised
from .designs import IDS, table
from .options import OPTIONS

USD, P95, EXCHANGE, WORK, COLD, BAD = range(6)
FIRST_TIER = 6
SPARE = 16  # tiered ids at most


class Terms:
    """The terms of slots that vary along the same axes: rows of shape (sizes, *axes or 1)."""

    def __init__(self, slots, values):
        self.slots, self.values = slots, values  # (rows,), (rows + 1, sizes or 1, *axes); the last row is 0


class Answers:
    """Answers of all options that the workload does not exclude."""

    def __init__(self, c: Conditions, need_p99=False) -> None:
        self.c, tab = c, table()
        self.nd, self.sizes = c.nd, len(c.sizes) if c.sizes else 1
        self.ids: dict[str, int] = {}
        self.quantities = FIRST_TIER + SPARE
        self.base = np.zeros((tab.placements * self.quantities, self.sizes))  # the constant term of each slot
        self._rows: dict[tuple, list] = {}
        self._extra: list[np.ndarray] = []  # constant terms of the slots beyond
        self.extra = 0
        self.tests: list[tuple[np.ndarray, int]] = []  # placements, the slot of the first: broken where its sum is above 0
        self.stepped: list[tuple] = []  # placements, quantity, slot of times, slots of groups, function
        self.excluded = np.zeros(tab.placements, bool)
        self.const = (False,) * c.nd
        for concern, number, paths, first in tab.asks:
            self._ask(OPTIONS[concern][number], paths, first)
        self._close(tab)

    def _ask(self, option, paths, first):
        c = self.c
        p, count = paths.at(c.nd), paths.count
        bads = []
        for where in option.excludes(c):
            if np.ndim(where) == 0 or np.size(where) == 1:
                if np.all(where):
                    self.excluded[first : first + count] = True
                    return
            else:
                bads.append(where)
        got: dict[tuple, np.ndarray] = {}
        for price_id, quantity in option.usage(c, p):
            kind, price, _ = c.book.entry(price_id)
            if kind == "linear":
                column, times = USD, price
            else:
                column, times = self._id(price_id), 1.0
            if isinstance(quantity, Stepped):
                if self._mixed([term for group in quantity.groups for term in group]):
                    self._step(quantity, column, times, first, count)
                    continue
                quantity = quantity.value()
            self._add(got, column, quantity if kind != "linear" else times * quantity)
        for counts, seconds in option.steps(c, p):
            if np.ndim(seconds):
                early, late = seconds[0], seconds[1] if len(seconds) > 1 else seconds[0]
            else:
                early = late = seconds
            self._add(got, P95, late)
            if counts == "exchange":
                self._add(got, EXCHANGE, early)
            elif counts == "work":
                self._add(got, WORK, early)
        self._add(got, COLD, option.cold(c, p))
        for where in bads:
            self._add(got, BAD, np.asarray(where) * 1.0)
        for use in option.limits(c, p):
            terms, most = use.thresholds(c, raised(c, use.limit))
            if np.ndim(most) == 0 and most == np.inf:
                continue
            if isinstance(use.where, np.ndarray) and not use.where.any():
                continue
            if self._mixed([*terms, most]):
                self._test(terms, most, use.where, first, count)
                continue
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            bad = total > most
            if use.where is not True:
                bad = bad & use.where
            if bad.any() if isinstance(bad, np.ndarray) else bad:
                self._add(got, BAD, bad * 1.0)
        q = self.quantities
        view = self.base.reshape(-1, q, self.sizes)[first : first + count]
        for (column, along), value in got.items():
            if along == self.const:
                view[:, column] += value.reshape(value.shape[:2])
            else:
                self._keep(along, (first + np.arange(count)) * q + column, value)

    def _id(self, price_id):
        if price_id not in self.ids:
            self.ids[price_id] = FIRST_TIER + len(self.ids)
            assert len(self.ids) <= SPARE
        return self.ids[price_id]

    def _along(self, value):
        return tuple(n > 1 for n in value.shape[2:])

    def _shaped(self, value):
        value = np.asarray(value)
        full = self.nd + 2
        return value if value.ndim == full else value.reshape((1,) * (full - value.ndim) + value.shape)

    def _mixed(self, terms):
        """Whether terms vary along different axes: only then are they kept apart."""
        if self.nd < 2:
            return False
        kinds = {self._along(self._shaped(term)) for term in terms if np.ndim(term)} - {self.const}
        return len(kinds) > 1

    def _add(self, got, column, value):
        value = self._shaped(value)
        key = (column, self._along(value))
        got[key] = got[key] + value if key in got else value

    def _keep(self, along, slots, value):
        count = len(slots)
        if value.shape[0] == 1 and count > 1:
            value = np.broadcast_to(value, (count, *value.shape[1:]))
        some = value.reshape(count, -1).any(axis=1)
        if some.all():
            self._rows.setdefault(along, []).append((slots, value))
        elif some.any():
            self._rows.setdefault(along, []).append((slots[some], value[some]))

    def _slots(self, terms, count):
        """New slots, one a path, that hold this sum."""
        first = len(self.base) + self.extra
        self.extra += count
        constant = np.zeros((count, self.sizes))
        for along in {self._along(self._shaped(t)) for t in terms}:
            same = [self._shaped(t) for t in terms if self._along(self._shaped(t)) == along]
            total = same[0]
            for term in same[1:]:
                total = total + term
            if along == self.const:
                constant += total.reshape(total.shape[:2])
            else:
                self._keep(along, first + np.arange(count), total)
        self._extra.append(constant)
        return first

    def _test(self, terms, most, where, first, count):
        """Broken where the terms less `most` are above 0; never where `where` is not."""
        off = np.broadcast_to(np.where(where, 0.0, -np.inf), (count, *np.shape(where)[1:])) if where is not True else 0.0
        slot = self._slots([*terms, -np.asarray(most), off], count)
        held = np.arange(count) if where is True else np.flatnonzero(np.broadcast_to(np.asarray(where).reshape(-1), count))
        self.tests.append((first + held, slot + held))

    def _step(self, line, column, price, first, count):
        times = self._slots([price * line.times], count)
        groups = [self._slots(group, count) for group in line.groups]
        self.stepped.append((first + np.arange(count), column, times, groups, line.function))

    def _close(self, tab):
        used = FIRST_TIER + len(self.ids)
        n = tab.placements
        self.base = np.concatenate([self.base, *self._extra]) if self._extra else self.base
        self.slots = len(self.base)
        self.terms: dict[tuple, Terms] = {}
        self.row_of: dict[tuple, np.ndarray] = {}
        for along, rows in self._rows.items():
            slots = np.concatenate([s for s, _ in rows])
            sizes = max(v.shape[1] for _, v in rows)
            shape = (len(slots) + 1, sizes, *(m if a else 1 for m, a in zip(self.c.axes_shape, along, strict=True)))
            values, at = np.zeros(shape), 0
            for s, v in rows:
                values[at : at + len(s)] = v
                at += len(s)
            self.terms[along] = Terms(slots, values)
            row = np.full(self.slots, len(slots), np.int32)
            row[slots] = np.arange(len(slots))
            self.row_of[along] = row
        self.used = used
        self.prices = {column: self.c.book.entry(price_id) for price_id, column in self.ids.items()}
        self.by_name = sorted(self.ids.items())
        self.entries = {i: self.c.book.entry(i) for i in self.ids}
        del self._rows, self._extra, n


__all__ = ["IDS", "Answers"]
