"""The two best designs everywhere on a grid: blocks with the designs that may be among the two best in them, halved
until few are left, then priced.  Bounds as in search.py."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np

from .answers import BAD, COLD, EXCHANGE, FIRST_TIER, P95, USD, WORK, Answers
from .conditions import tiered_usd
from .designs import PARTS, table
from .plain import TIE, over_patience, ranked
from .search import SLACK, least_tiered, unit_prices

LEAF_WORK = 60_000  # designs x points that are priced together
SMALL = 64  # points from which on a block is not halved
TESTABLE = 2_000_000  # numbers that a difference by axes may take
CHAMPIONS = 24
PATIENCE = 4  # champions in a row that beat next to nobody


@cache
def leaf_sets():
    """Of each design the set of configurations that it can have, and the placements of each set."""
    rows = table().rows[:, -1]
    options = table().options
    key = np.zeros(len(rows), np.int64)
    for k in range(options.shape[1] - 1):
        key = key * 16 + options[:, k]
    order = np.lexsort((options[:, -1], key))
    sets = rows[order].reshape(-1, 6)
    unique, of = np.unique(sets, axis=0, return_inverse=True)
    out = np.empty(len(rows), np.int32)
    out[order] = np.repeat(of.ravel(), 6)
    return out, unique


def variants(entries):
    """The tariffs of each architecture by plain numbers, where sizes have two."""
    kinds = max((np.size(x) for _, tiers, _ in entries.values() for tier in tiers for x in tier), default=1)
    pick = lambda x, k: float(np.ravel(x)[k]) if np.size(x) > 1 else float(np.ravel(x)[0])  # noqa: E731
    every = [{i: ("tiered", tuple(tuple(pick(x, k) for x in tier) for tier in tiers), free) for i, (_, tiers, free) in entries.items()} for k in range(kinds)]
    return [e for k, e in enumerate(every) if e not in every[:k]]


def summed(values, rows):
    """The sum over the placements of each design."""
    total = values[rows[:, 0]]
    for k in range(1, rows.shape[1]):
        total = total + values[rows[:, k]]
    return total


def distinct(rows, n):
    """The placements among these, and where each row's are in that list."""
    flag = np.zeros(n, bool)
    flag[rows] = True
    used = np.flatnonzero(flag)
    place = np.empty(n, np.int32)
    place[used] = np.arange(len(used))
    return used, place[rows]


class Along:
    """A quantity of each placement in a block: a constant, vectors along single axes, and the ends of the rest."""

    def __init__(self, constant, axes, low, high):
        self.constant, self.low, self.high = constant, low, high
        self.axes = [v for v in axes if v.any()]
        self.wide = low is not None and bool(low.any() or high.any())

    def middle(self):
        """Its value in the middle of the block, about."""
        total = self.constant + (self.low + self.high) / 2 if self.wide else self.constant
        for v in self.axes:
            total = total + v[:, v.shape[1] // 2]
        return total

    def least_beside(self, beside):
        """The least by which each placement exceeds another."""
        more = self.constant - self.constant[beside]
        for v in self.axes:
            more = more + (v - v[beside]).min(axis=1)
        if self.wide:
            more = more + np.where(beside == np.arange(len(beside)), 0.0, self.low - self.high[beside])
        return more

    def of(self, rows):
        """The sums over the placements of designs: a constant and a vector for each axis."""
        out = [summed(self.constant, rows)]
        for v in self.axes:
            some = v.any(axis=1)
            total = None
            for k in range(rows.shape[1]):
                if some[rows[:, k]].any():
                    total = v[rows[:, k]] if total is None else total + v[rows[:, k]]
            if total is not None:
                out.append(total)
        return out


class Grid:
    """The contest on one tile."""

    def __init__(self, a: Answers) -> None:
        self.a, self.c, self.tab = a, a.c, table()
        self.n, self.q = self.tab.placements, a.quantities
        self.concern_of = np.zeros(self.n, int)
        self.concern_of[self.tab.rows] = np.arange(self.tab.rows.shape[1])
        self.leaf_of, self.leaves = leaf_sets()
        self.base_low, self.base_high = a.base.min(axis=1), a.base.max(axis=1)
        self.unit = unit_prices(a)
        self.columns = [col for _, col in a.by_name]
        self.variants = variants(a.entries)
        self.pooled = np.array([a.entries[i][2] is not None for i, _ in sorted(a.ids.items(), key=lambda x: x[1])])
        c = a.c
        self.numbers = {name: self._shaped(v) for name, v in dict(
            kept=1 - np.asarray(c.number("preferences.discount")), part_usd=np.asarray(c.number("preferences.part_usd")), waits=np.asarray(c.waits),
            target=np.asarray(np.inf if c.latency_p95 is None else c.latency_p95), tolerance=np.asarray(c.tolerance), scale=np.asarray(c.runtime.scale),
            init=np.asarray(c.init_p50_s), patience=np.asarray(c.runtime.quantile(1 - c.tolerance))).items()}
        self.test_n = np.concatenate([n for n, _ in a.tests]) if a.tests else np.zeros(0, int)
        self.test_slot = np.concatenate([s for _, s in a.tests]) if a.tests else np.zeros(0, int)
        self.tests_of: dict[int, list[int]] = {}
        for n, s in zip(self.test_n.tolist(), self.test_slot.tolist(), strict=True):
            self.tests_of.setdefault(n, []).append(s)
        self.stepped_of: dict[int, list[tuple]] = {}
        for number, (ns, column, times, groups, function) in enumerate(a.stepped):
            for k, n in enumerate(ns.tolist()):
                self.stepped_of.setdefault(n, []).append((column, times + k, [g + k for g in groups], function))
        self.breaks = self._break_classes()
        self._ends: dict = {}
        self._kinds: dict = {}
        shape = self.shape = c.axes_shape
        self.index = np.full((2, *shape), -1, np.int32)
        self.usd = np.full((2, *shape), np.nan)
        self.stats = dict(nodes=0, leaves=0, priced=0, pairs=0)

    def _break_classes(self):
        """Of each placement the class of those that break at the same points: by what they hold, not by whose they are."""
        a, parts = self.a, {}
        bad = np.arange(self.n) * self.q + BAD
        for along, terms in a.terms.items():
            at = a.row_of[along][bad]
            for n in np.flatnonzero(at < len(terms.slots)).tolist():
                parts.setdefault(n, []).append((along, terms.values[at[n]].tobytes()))
        for n, slots in self.tests_of.items():
            held = []
            for slot in slots:
                rows = [(along, a.terms[along].values[a.row_of[along][slot]].tobytes()) for along in a.terms if a.row_of[along][slot] < len(a.terms[along].slots)]
                held.append((a.base[slot].tobytes(), tuple(rows)))
            parts.setdefault(n, []).append(frozenset(held))
        index, out = {}, np.arange(self.n)
        for n, held in parts.items():
            out[n] = index.setdefault(tuple(held), n)
        return out

    def _shaped(self, v):
        full = self.a.nd + 2
        return v if v.ndim == full else v.reshape((1,) * (full - v.ndim) + v.shape)

    # the least and the most of every slot in a block -------------------------------------------------------
    def _part(self, along, block):
        return tuple(slice(*b) if one else slice(None) for b, one in zip(block, along, strict=True))

    def _low_high(self, along, block):
        key = (along, tuple(b for b, one in zip(block, along, strict=True) if one))
        if key not in self._ends:
            part = self.a.terms[along].values[(slice(0, -1), slice(None), *self._part(along, block))]
            part = part.reshape(len(part), -1) if part.flags.c_contiguous else part
            axes = tuple(range(1, part.ndim))
            self._ends[key] = part.min(axis=axes), part.max(axis=axes)
        return self._ends[key]

    def _bounds(self, block):
        """The least and the most of each quantity of each placement in a block, (placements, quantities)."""
        low, high = self.base_low.copy(), self.base_high.copy()
        for along, terms in self.a.terms.items():
            l, h = self._low_high(along, block)
            low[terms.slots] += l
            high[terms.slots] += h
        self._raw = low, high
        if self.a.stepped:
            low, high = low.copy(), high.copy()
            for ns, column, times, groups, function in self.a.stepped:
                here, k = ns * self.q + column, len(ns)
                low[here] += low[times : times + k] * function(*(low[g : g + k] for g in groups))
                high[here] += high[times : times + k] * function(*(high[g : g + k] for g in groups))
        if len(self.test_n):
            low[self.test_n[low[self.test_slot] > 0] * self.q + BAD] = 1.0
            high[self.test_n[high[self.test_slot] > 0] * self.q + BAD] = 1.0
        cut = slice(0, self.n * self.q)
        return low[cut].reshape(self.n, self.q)[:, : self.a.used], high[cut].reshape(self.n, self.q)[:, : self.a.used]

    def _number(self, name, block):
        v = self.numbers[name]
        return v if v.size == 1 else v[(slice(None), slice(None), *(slice(*b) if n > 1 else slice(None) for b, n in zip(block, v.shape[2:], strict=True)))]

    def _ends_of(self, name, block):
        v = self._number(name, block)
        return (float(v.min()), float(v.max())) if v.size > 1 else (v.item(), v.item())

    # the search ---------------------------------------------------------------------------------------------
    def run(self):
        """Winner and runner-up (-1: nobody) and their money, shape (2, *axes)."""
        root = tuple((0, n) for n in self.shape)
        out = self.a.excluded
        designs = np.flatnonzero(~out[self.tab.rows].any(axis=1))
        stack = [(root, designs)]
        while stack:
            block, designs = stack.pop()
            stack.extend(self._node(block, designs))
        return self

    def _node(self, block, designs):
        self.stats["nodes"] += 1
        tab, a = self.tab, self.a
        low, high = self._bounds(block)
        kept, part = self._ends_of("kept", block), self._ends_of("part_usd", block)
        self.part_ends = part
        rows = tab.rows[designs]
        column = low[:, USD] + low[:, FIRST_TIER:] @ self.unit[0]
        column = np.where(low[:, BAD] > 0, np.inf, column)
        if len(designs) > 64 and a.sizes == 1:
            beaten = self._beaten_leaves(low, high, kept)
            stay = ~beaten[self.leaf_of[designs], tab.options[designs, -1]]
            if not stay.all():
                designs, rows = designs[stay], rows[stay]
        lb = column[rows[:, 0]]
        for k in range(1, rows.shape[1]):
            lb = lb + column[rows[:, k]]
        lb = lb * kept[0] + part[0] * tab.parts[designs]
        fine = np.isfinite(lb)
        if not fine.all():
            designs, rows, lb = designs[fine], rows[fine], lb[fine]
        if not len(designs):
            return ()
        points = int(np.prod([e - s for s, e in block]))
        if len(designs) > 2:
            order = np.argsort(lb, kind="stable") if len(designs) < 4096 else np.argpartition(lb, 2048)
            cut = self._cut(block, designs, rows, order, high, kept, part)
            keep = lb <= cut * (1 + SLACK)
            if not keep.all():
                designs, rows = designs[keep], rows[keep]
            designs, rows = self._tighter(block, designs, rows, low, high, kept, part, cut)
        if not len(designs):
            return ()
        if len(designs) * points * a.sizes <= LEAF_WORK or points == 1:
            self._price(block, designs, rows, high)
            return ()
        return [(half, designs) for half in self._halves(block, designs, rows, low, high)]

    def _beaten_leaves(self, low, high, kept):
        """Of each set of leaves, those that two others of the set beat in the whole block, whatever the core is."""
        l, h = low[self.leaves], high[self.leaves]  # (sets, 6, quantities)
        out = self.a.excluded[self.leaves]
        parts = np.array(PARTS["configuration"], float)
        diff = lambda col: l[:, :, None, col] - h[:, None, :, col]  # least by which the first exceeds the second  # noqa: E731
        money = diff(USD)
        for _, col in self.a.by_name:
            if h[:, :, col].any():
                d = diff(col)
                money = money + np.where(d > 0, self.unit[0][col - FIRST_TIER], self.unit[1][col - FIRST_TIER]) * d
        fine = (h[:, None, :, BAD] == 0) & ~out[:, None, :]
        for col in (P95, EXCHANGE, WORK, COLD):
            fine = fine & (diff(col) >= 0)
        apart = parts[:, None] - parts
        least_part = self.part_ends[0] * np.maximum(apart, 0) + self.part_ends[1] * np.minimum(apart, 0)
        score = np.where(money > 0, money * kept[0], money * kept[1]) + least_part
        beats = fine & (score > SLACK * (1 + h[:, None, :, USD] + np.abs(self.part_ends[1]) * parts))
        return out | (beats.sum(axis=2) >= 2)

    def _halves(self, block, designs, rows, low, high):
        """Halved along the axis that the doubt about limits and promises comes from; without doubt, where it is long."""
        sides = [e - s for s, e in block]
        votes = self._votes(block, designs[:256], rows[:256], low, high)
        votes = np.where(np.array(sides) > 1, votes, 0.0)
        if votes.max() > 0.02 * min(len(designs), 256):
            split = votes >= 0.5 * votes.max()
        else:
            split = np.array([2 * side > max(sides) for side in sides])
        out = []
        for (s, e), cut in zip(block, split, strict=True):
            m = (s + e) // 2
            out.append([(s, m), (m, e)] if cut and e - s > 1 else [(s, e)])
        return itertools.product(*out)

    def _votes(self, block, designs, rows, low, high):
        """For each axis, for how many designs it makes the doubt whether they keep limits and promises."""
        columns = [P95, EXCHANGE, WORK, BAD]
        s_low, s_high = low[rows][:, :, columns].sum(axis=1), high[rows][:, :, columns].sum(axis=1)
        answers = self.tab.answers[designs]
        late_low = s_low[:, 1] + np.where(answers, s_low[:, 2] + self._ends_of("patience", block)[0], 0.0)
        late_high = s_high[:, 1] + np.where(answers, s_high[:, 2] + self._ends_of("patience", block)[1] + self._ends_of("init", block)[1], 0.0)
        doubt = np.stack([
            (s_high[:, 0] > self._ends_of("target", block)[0]) & (s_low[:, 0] <= self._ends_of("target", block)[1]),
            (late_high > self._ends_of("waits", block)[0]) & (late_low <= self._ends_of("waits", block)[1]),
            (s_high[:, 3] > 0) & (s_low[:, 3] == 0)])
        votes, total = np.zeros((3, len(rows), self.a.nd)), 0.0
        spread = [np.zeros(self.a.slots) for _ in block]
        for along in self.a.terms:
            l, h = self._low_high(along, block)
            for axis, one in enumerate(along):
                if one:
                    spread[axis][self.a.terms[along].slots] += h - l
        for axis, wide in enumerate(spread):
            w = wide[: self.n * self.q].reshape(self.n, self.q)[:, columns].copy()
            if len(self.test_n):
                open_ = high[self.test_n, BAD] > low[self.test_n, BAD]
                np.add.at(w[:, 3], self.test_n[open_], wide[self.test_slot[open_]])
            patience = self.numbers["patience"].shape[2 + axis] > 1
            sums = w[rows].sum(axis=1)
            votes[0, :, axis] = sums[:, 0]
            votes[1, :, axis] = sums[:, 1] + np.where(answers, sums[:, 2], 0.0) + (np.where(answers, late_high - late_low, 0.0) if patience else 0.0)
            votes[2, :, axis] = sums[:, 3]
        total = votes.sum(axis=2, keepdims=True)
        return (np.where(doubt[:, :, None], votes / np.where(total > 0, total, 1.0), 0.0)).sum(axis=(0, 1))

    def _sure(self, block, s, answers):
        """Of designs by their highest sums: those that surely keep every limit and promise in the block."""
        waits, patience, init = self._ends_of("waits", block)[0], self._ends_of("patience", block)[1], self._ends_of("init", block)[1]
        late = s[:, EXCHANGE] + np.where(answers, s[:, WORK] + patience + init, 0.0)
        return (s[:, BAD] == 0) & (late * (1 + SLACK) <= waits) & (s[:, P95] * (1 + SLACK) <= self._ends_of("target", block)[0])

    def _cut(self, block, designs, rows, order, high, kept, part):
        """A score that two designs are surely not above, anywhere in the block."""
        at, step = 0, 48
        held = np.zeros(0)
        while at < len(order):
            some = order[at : at + step]
            s = summed(high, rows[some])
            sure = self._sure(block, s, self.tab.answers[designs[some]])
            if sure.any():
                s, who = s[sure], some[sure]
                q = {i: s[:, col] for i, col in self.a.ids.items()}
                usd = s[:, USD] + np.max([tiered_usd(e, q) + 0.0 * s[:, USD] for e in self.variants], axis=0)
                held = np.concatenate([held, usd * kept[1] + part[1] * self.tab.parts[designs[who]]])
                if len(held) >= 2:
                    return float(np.partition(held, 1)[1])
            at, step = at + step, step * 4
            if at > 1000:
                break
        return np.inf

    def _tighter(self, block, designs, rows, low, high, kept, part, cut):
        """Without designs that are surely late or dearer, and without those that two others surely beat."""
        tab, a = self.tab, self.a
        waits, patience = self._ends_of("waits", block)[1], self._ends_of("patience", block)[0]
        late = summed(low[:, EXCHANGE], rows) + np.where(tab.answers[designs], summed(low[:, WORK], rows) + patience, 0.0)
        keep = (late * (1 - SLACK) <= waits) & (summed(low[:, P95], rows) * (1 - SLACK) <= self._ends_of("target", block)[1])
        designs, rows = designs[keep], rows[keep]
        if len(designs) > 400 and a.sizes == 1 and not self._worth(block, designs, rows, low, high, kept, part):
            return designs, rows
        s_low = summed(low, rows)
        q = {i: s_low[:, col] for i, col in a.ids.items()}
        usd = s_low[:, USD] + np.min([least_tiered(e, q) + 0.0 * s_low[:, USD] for e in self.variants], axis=0)
        keep = usd * kept[0] + part[0] * tab.parts[designs] <= cut * (1 + SLACK)
        designs, rows, s_low = designs[keep], rows[keep], s_low[keep]
        points = int(np.prod([e - s for s, e in block]))
        if len(designs) <= 3 or a.sizes > 1 or len(designs) * points <= LEAF_WORK // 8:
            return designs, rows
        return self._unbeaten(block, designs, rows, low, high, s_low, kept, part)

    def _worth(self, block, designs, rows, low, high, kept, part):
        """Whether champions beat a fair share of some of the designs: if not, the block is halved first."""
        some = np.arange(0, len(designs), max(1, len(designs) // 200))
        points, self.trial = int(np.prod([e - s for s, e in block])), True
        if len(designs) * points <= LEAF_WORK:
            return True
        column = low[:, USD] + high[:, USD] + (low[:, FIRST_TIER:] + high[:, FIRST_TIER:]) @ self.unit[1]
        rough = summed(column, rows) + 2 * part[0] * self.tab.parts[designs]
        best = np.argpartition(rough, min(24, len(rough) - 1))[:24]
        some = np.unique(np.concatenate([some, best]))
        left, _ = self._unbeaten(block, designs[some], rows[some], low, high, summed(low, rows[some]), kept, part, trial=True)
        return len(left) < 0.7 * len(some)

    def _unbeaten(self, block, designs, rows, low, high, s_low, kept, part, trial=False):
        """Champions, best first: each beats those that are dearer everywhere and feasible nowhere where it is not."""
        tab, a = self.tab, self.a
        points = int(np.prod([e - s for s, e in block]))
        s_high = summed(high, rows)
        sure = self._sure(block, s_high, tab.answers[designs])
        least, most = self._slopes(s_low, s_high)
        weights = np.zeros(a.used)
        guide = int(np.argmin(np.where(sure, s_high[:, USD] + s_high[:, FIRST_TIER:] @ most, np.inf)))
        weights[USD], weights[FIRST_TIER:] = 1.0, self._slope_at((s_low[guide] + s_high[guide]) / 2, least, most)
        bends = self._bends(s_low, s_high, weights, least, most)
        used, local = distinct(rows, self.n)
        kinds = [self._along_axes(block, used, w) for w in (weights, *np.eye(a.used)[[P95, EXCHANGE, WORK]])]
        concern = self.concern_of[used]
        parts, answers = tab.parts[designs], tab.answers[designs]
        middle = kinds[0].middle()
        mid_score = summed(middle, local) * (kept[0] + kept[1]) / 2 + parts * (part[0] + part[1]) / 2
        doubtful = high[:, BAD] > 0
        count = np.zeros(len(designs), int)
        left = mid_score.copy()
        order = np.flatnonzero(sure)
        todo = list(order[np.argsort(mid_score[order], kind="stable")[:2]])
        enough = 3 if trial else max(3, LEAF_WORK // 8 // points)
        alive, exact, vectors, turn, idle = np.arange(len(designs)), False, None, 0, 0
        while turn < (8 if trial else CHAMPIONS) and len(alive) > enough:
            b = todo[turn] if turn < len(todo) else int(alive[left[alive].argmin()])
            if not np.isfinite(left[b]):
                break
            left[b] = np.inf
            turn += 1
            rb = rows[b]
            ri = rows[alive]
            differ = ri != rb
            beside = local[b][concern]  # of each placement, that of the champion for the same concern
            more = summed(kinds[0].least_beside(beside), local[alive])
            more = self._scored(more, ri, rb, differ, bends, alive, b, low, high, parts[alive] - parts[b], kept, part)
            beaten = more > SLACK * (1 + s_high[b, USD] * kept[1] + part[1] * parts[b] + abs(mid_score[b]))
            beaten &= self._no_sooner(kinds, beside, alive, b, beaten, ri, rb, differ, sure, answers, doubtful, low, high, local, None)
            hit = alive[beaten]
            count[hit] += 1
            before = len(alive)
            alive = alive[count[alive] < 2]
            idle = idle + 1 if before - len(alive) < before // 50 + 1 else 0
            if idle >= PATIENCE:
                break
        if not trial and enough < len(alive) <= 1500:
            alive = self._unbeaten_exactly(block, designs, rows, local, alive, kinds, mid_score, low, high, s_high, sure, bends, doubtful, kept, part, enough)
        return designs[alive], rows[alive]

    def _scored(self, more, ri, rb, differ, bends, some, b, low, high, apart, kept, part):
        """The least difference of scores, from that of money by the slopes."""
        for t, below, above, least, most in bends:
            q_low = np.where(differ, low[ri, t] - high[rb, t], 0.0).sum(axis=1)
            q_high = np.where(differ, high[ri, t] - low[rb, t], 0.0).sum(axis=1)
            off = -np.maximum(below * np.maximum(q_high, 0.0), above * np.maximum(-q_low, 0.0))
            more = more + np.maximum(off, least[some] - most[b])
        more = np.where(more > 0, more * kept[0], more * kept[1])
        apart = apart.astype(float)
        return more + np.where(apart > 0, part[0], part[1]) * apart

    def _slope_at(self, q, least, most):
        """What a unit of each tiered id costs at these quantities."""
        slope = (least + most) / 2
        for price_id, col in self.a.ids.items():
            _, tiers, free = self.a.entries[price_id]
            if not free:
                slope[col - FIRST_TIER] = next((p for start, width, p in tiers if q[col] <= start + width), tiers[-1][2])
        return np.clip(slope, least, most)

    def _bends(self, s_low, s_high, weights, least, most):
        """Of tiered ids whose price differs between designs: by how much a unit may cost less or more than its slope,
        and the ends of what each design pays beyond the slope: at the ends of its quantity or where a tier begins."""
        out = []
        for price_id, col in self.a.by_name:
            t = col - FIRST_TIER
            if most[t] <= least[t]:
                continue
            slope = weights[col]
            lo, hi = s_low[:, col], s_high[:, col]
            _, tiers, free = self.a.entries[price_id]
            if free:
                ends = np.full(len(lo), -np.inf), np.full(len(lo), np.inf)
            else:
                at = np.stack([lo, hi, *(np.clip(start, lo, hi) for start, _, _ in tiers if start)])
                g = tiered_usd({price_id: ("tiered", tiers, None)}, {price_id: at}) - slope * at
                ends = g.min(axis=0), g.max(axis=0)
            out.append((col, slope - least[t], most[t] - slope, *ends))
        return out

    def _no_sooner(self, kinds, beside, alive, b, of, ri, rb, differ, sure, answers, doubtful, low, high, local, vectors):
        """Which of the designs are feasible nowhere where `b` is not."""
        if sure[b]:
            return np.ones(len(alive), bool)
        fine = of.copy()
        for k in np.flatnonzero(doubtful[rb]):
            fine &= ~differ[:, k] | (self.breaks[ri] == self.breaks[rb[k]]).any(axis=1)
        if answers[b]:
            fine &= answers[alive]
            fine &= np.where(differ, low[ri, COLD] - high[rb, COLD], 0.0).sum(axis=1) >= 0
        for kind, vector in zip((1, 2, 3), vectors or (None,) * 3, strict=True):
            if kind == 3 and not answers[b]:
                continue
            some = np.flatnonzero(fine)
            if not some.size:
                break
            if vector is None:
                fine[some] = summed(kinds[kind].least_beside(beside), local[alive[some]]) >= 0
            else:
                fine[some] = self._least_difference(vector, alive[some], b, kinds[kind], local[alive[some]], local[b]) >= 0
        return fine

    def _unbeaten_exactly(self, block, designs, rows, local, alive, kinds, mid_score, low, high, s_high, sure, bends, doubtful, kept, part, enough):
        """The same with the least of the whole difference along each axis, for few designs."""
        tab = self.tab
        designs, rows, local, sure, mid_score, s_high = designs[alive], rows[alive], local[alive], sure[alive], mid_score[alive], s_high[alive]
        parts, answers = tab.parts[designs], tab.answers[designs]
        bends = [(t, below, above, lo[alive], hi[alive]) for t, below, above, lo, hi in bends]
        vectors = [kind.of(local) for kind in kinds]
        count, left = np.zeros(len(designs), int), mid_score.copy()
        order = np.flatnonzero(sure)
        todo = list(order[np.argsort(mid_score[order], kind="stable")[:2]])
        still, turn, idle = np.arange(len(designs)), 0, 0
        while turn < CHAMPIONS and len(still) > enough:
            b = todo[turn] if turn < len(todo) else int(still[left[still].argmin()])
            if not np.isfinite(left[b]):
                break
            left[b] = np.inf
            turn += 1
            rb, ri = rows[b], rows[still]
            differ = ri != rb
            more = self._least_difference(vectors[0], still, b, kinds[0], local[still], local[b])
            more = self._scored(more, ri, rb, differ, bends, still, b, low, high, parts[still] - parts[b], kept, part)
            beaten = more > SLACK * (1 + s_high[b, USD] * kept[1] + part[1] * parts[b] + abs(mid_score[b]))
            beaten &= self._no_sooner(kinds, None, still, b, beaten, ri, rb, differ, sure, answers, doubtful, low, high, local, vectors[1:])
            count[still[beaten]] += 1
            before = len(still)
            still = still[count[still] < 2]
            idle = idle + 1 if before - len(still) < before // 50 + 1 else 0
            if idle >= PATIENCE:
                break
        return alive[still]

    def _dense(self, weights):
        """A weighted sum of quantities of every placement on the whole tile: constant, vectors along single axes, columns."""
        key = weights.tobytes()
        if key not in self._kinds:
            if len(self._kinds) > 64:
                self._kinds.clear()
            flat = self.a.base[: self.n * self.q, 0].reshape(self.n, self.q)[:, : self.a.used]
            whole, axes = tuple((0, m) for m in self.shape), []
            for along in self.a.terms:
                if sum(along) == 1:
                    v = self._weighted(along, whole, np.arange(self.n), weights)
                    if v is not None:
                        axes.append((along.index(True), np.ascontiguousarray(v.reshape(len(v), -1))))
            wide = []
            for along, terms in self.a.terms.items():
                if sum(along) > 1:
                    inside = np.flatnonzero(terms.slots < self.n * self.q)
                    n, col = np.divmod(terms.slots[inside], self.q)
                    some = weights[col] != 0
                    if some.any():
                        wide.append((along, inside[some], n[some], weights[col[some]]))
            steps = [line for line in self.a.stepped if weights[line[1]]]
            self._kinds[key] = flat @ weights, axes, wide, steps
        return self._kinds[key]

    def _along_axes(self, block, used, weights):
        """The same in a block, of the placements that are used; what varies along several axes by its ends."""
        constant, axes, wide, steps = self._dense(weights)
        low = high = None
        if wide or steps:
            low, high = np.zeros(self.n), np.zeros(self.n)
            for along, at, n, w in wide:
                l, h = self._low_high(along, block)
                np.add.at(low, n, l[at] * w)
                np.add.at(high, n, h[at] * w)
            raw_low, raw_high = self._raw
            for ns, column, times, groups, function in steps:
                k = len(ns)
                low[ns] += weights[column] * raw_low[times : times + k] * function(*(raw_low[g : g + k] for g in groups))
                high[ns] += weights[column] * raw_high[times : times + k] * function(*(raw_high[g : g + k] for g in groups))
            low, high = low[used], high[used]
        return Along(constant[used], [v[used, slice(*block[axis])] for axis, v in axes], low, high)

    @staticmethod
    def _least_difference(vectors, some, b, kind, ri, rb):
        """The least by which designs exceed `b`: exact where the sum varies along single axes."""
        more = 0.0
        for v in vectors:
            d = v[some] - v[b]
            more = more + (d if d.ndim == 1 else d.min(axis=1))
        if kind.wide:
            more = more + np.where(ri != rb, kind.low[ri] - kind.high[rb], 0.0).sum(axis=1)
        return more

    def _slopes(self, s_low, s_high):
        """The least and the most that a unit of each tiered id costs between the least and the most that any design uses."""
        least, most = np.zeros(self.a.used - FIRST_TIER), np.zeros(self.a.used - FIRST_TIER)
        for price_id, col in self.a.ids.items():
            t = col - FIRST_TIER
            _, tiers, free = self.a.entries[price_id]
            if free:
                least[t], most[t] = self.unit[0][t], self.unit[1][t]
                continue
            a, b = s_low[:, col].min(), s_high[:, col].max()
            if b <= 0:
                continue
            prices = [price for start, width, price in tiers if start <= b and start + width >= a]
            least[t], most[t] = min(prices), max(prices)
        return least, most

    def _weighted(self, along, block, used, weights):
        """Money by the slopes, of each placement that is used, along these axes; None if there is none."""
        columns = np.flatnonzero(weights)
        rows = self.a.row_of[along][used[:, None] * self.q + columns]
        terms = self.a.terms[along]
        some = rows < len(terms.slots)
        if not some.any():
            return None
        part = self._part(along, block)
        v = np.zeros((len(used), *terms.values[(0, 0, *part)].shape))
        for k in np.flatnonzero(some.any(axis=0)):  # a column at a time: a placement has one row of it
            held = some[:, k]
            v[held] += weights[columns[k]] * terms.values[(rows[held, k], 0, *part)]
        return v

    # pricing -----------------------------------------------------------------------------------------------
    def _sum(self, column, block, rows, used, inverse):
        """The sum of a quantity over the placements of each design, (designs, sizes, *block or 1); None if it is 0."""
        slots = used * self.q + column
        constant = self.a.base[slots]
        total = None
        if constant.any():
            total = constant[inverse].sum(axis=1).reshape((len(rows), -1) + (1,) * self.a.nd)
        for along, terms in self.a.terms.items():
            at = self.a.row_of[along][slots]
            if (at < len(terms.slots)).any():
                v = terms.values[(at, slice(None), *self._part(along, block))][inverse].sum(axis=1)
                total = v if total is None else total + v
        return total

    def _money(self, block, used, rows, weights):
        """A weighted sum of quantities of each design, (designs, 1, *block or 1)."""
        constant, axes, wide, _ = self._dense(weights)
        out = summed(constant[used], rows).reshape((-1, 1) + (1,) * self.a.nd)
        for axis, v in axes:
            v = v[used, slice(*block[axis])]
            some = v.any(axis=1)
            total = None
            for k in range(rows.shape[1]):
                if some[rows[:, k]].any():
                    total = v[rows[:, k]] if total is None else total + v[rows[:, k]]
            if total is not None:
                shape = [len(rows), 1] + [1] * self.a.nd
                shape[2 + axis] = -1
                out = out + total.reshape(shape)
        for along in {along for along, *_ in wide}:
            v = self._weighted(along, block, used, weights)
            if v is not None:
                out = out + v[rows].sum(axis=1)[:, None]
        return out

    def _slot(self, slot, block):
        value = self.a.base[slot].reshape((-1,) + (1,) * self.a.nd)
        for along, terms in self.a.terms.items():
            at = self.a.row_of[along][slot]
            if at < len(terms.slots):
                value = value + terms.values[(at, slice(None), *self._part(along, block))]
        return value

    def _price(self, block, designs, rows, high):
        a, c, tab = self.a, self.c, self.tab
        self.stats["leaves"] += 1
        shape = tuple(e - s for s, e in block)
        self.stats["priced"] += len(designs) * int(np.prod(shape))
        used, inverse = distinct(rows, self.n)
        full = (len(designs), a.sizes, *shape)
        total = lambda column: self._sum(column, block, rows, used, inverse)  # noqa: E731
        s_high = summed(high, rows)
        weights = np.zeros(a.used)
        weights[USD] = 1.0
        if a.sizes == 1:
            for price_id, col in a.ids.items():  # all of it in the first tier: a linear line
                _, tiers, free = a.entries[price_id]
                if not free and s_high[:, col].max() <= tiers[0][1]:
                    weights[col] = tiers[0][2]
            usd = self._money(block, used, inverse, weights)
        else:
            usd = total(USD)
            usd = np.zeros((len(designs), 1) + (1,) * a.nd) if usd is None else usd
        quantities = {i: total(col) for i, col in a.by_name if not weights[col]}
        quantities = {i: q for i, q in quantities.items() if q is not None}
        mine = [(k, line) for k, n in enumerate(used.tolist()) for line in self.stepped_of.get(n, ())]
        if mine:
            usd = np.broadcast_to(usd, full).copy()
            names = {col: i for i, col in a.ids.items()}
            for k, (column, times, groups, function) in mine:
                money = self._slot(times, block) * function(*(self._slot(g, block) for g in groups))
                with_it = (inverse == k).any(axis=1)
                if weights[column]:
                    usd[with_it] += weights[column] * money
                else:
                    q = np.broadcast_to(quantities.get(names[column], 0.0), full).copy()
                    q[with_it] += money
                    quantities[names[column]] = q
        usd = usd + tiered_usd(a.entries, quantities)
        usd = usd * self._number("kept", block)
        parts = tab.parts[designs]
        score = usd + self._number("part_usd", block) * parts.reshape((-1,) + (1,) * (a.nd + 1))
        score = np.array(np.broadcast_to(score, full))
        self._rule_out(block, designs, rows, used, inverse, high, score, total, s_high)
        if a.sizes > 1:
            size = score.argmin(axis=1)[:, None]
            take = lambda v: np.take_along_axis(np.broadcast_to(v, full), size, 1)[:, 0]  # noqa: E731
        else:
            take = lambda v: np.broadcast_to(v, full)[:, 0]  # noqa: E731
        score, usd = (take(score) if a.sizes > 1 else score[:, 0]), take(usd)
        at = tuple(slice(*b) for b in block)
        p95 = None
        for place in (0, 1):
            best = score.min(axis=0)
            index = score.argmin(axis=0)
            if place < len(designs):
                tied = (score <= best * (1 + TIE)).sum(axis=0) > 1
                tied &= np.isfinite(best)
                if tied.any():
                    if p95 is None:
                        p95 = total(P95)
                        p95 = take(p95 if p95 is not None else np.zeros(1))
                    index[tied] = ranked(score[:, tied], parts, p95[:, tied])
            some = np.isfinite(best)
            self.index[(place, *at)] = np.where(some, designs[index], -1)
            self.usd[(place, *at)] = np.where(some, np.take_along_axis(usd, index[None], 0)[0], np.nan)
            if place == 0:
                np.put_along_axis(score, index[None], np.inf, 0)

    def _rule_out(self, block, designs, rows, used, inverse, high, score, total, s):
        """Make infinite where a limit or a promise breaks; designs that surely keep all of them are not looked at."""
        broken = np.flatnonzero(s[:, BAD] > 0)
        answers = self.tab.answers[designs]
        if broken.size:
            bad = total(BAD)
            if bad is not None:
                score[np.broadcast_to(bad, score.shape) > 0] = np.inf
            for k, n in enumerate(used.tolist()):
                if n in self.tests_of and high[n, BAD] > 0:
                    with_it = (inverse == k).any(axis=1)
                    for slot in self.tests_of[n]:
                        value = self._slot(slot, block) > 0
                        if value.any():
                            score[with_it] = np.where(value, np.inf, score[with_it])
        s[:, BAD] = 0
        doubt = np.flatnonzero(~self._sure(block, s, answers))
        if not doubt.size:
            return
        of = lambda column: self._few(column, block, rows[doubt])  # noqa: E731
        c = self.c
        spread = replace(c.runtime, scale=self._number("scale", block))
        around = SimpleNamespace(waits=self._number("waits", block), runtime=spread, init_p50_s=self._number("init", block))
        column = answers[doubt].reshape((-1,) + (1,) * (self.a.nd + 1))
        late = over_patience(around, of(EXCHANGE), of(WORK), of(COLD), column) > self._number("tolerance", block)
        if c.latency_p95 is not None:
            late = late | (of(P95) > self._number("target", block))
        score[doubt] = np.where(late, np.inf, score[doubt])

    def _few(self, column, block, rows):
        used, inverse = distinct(rows, self.n)
        value = self._sum(column, block, rows, used, inverse)
        return np.zeros((len(rows), 1) + (1,) * self.a.nd) if value is None else value

