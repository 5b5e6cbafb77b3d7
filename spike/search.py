"""The exact best two designs: at one point along a tree, on a grid by blocks that are halved.

Bounds.  score = kept x (linear + sum of tiers(q)) + part_usd x parts.  Tiers are rising functions of sums, so a sum of
the least terms of a block, priced, is no more than the score anywhere in it, and a sum of the most no less.
Differences.  i surely loses to b in a block if the least of score_i - score_b is above 0: placements that both have
cancel; of the others the least of i's terms less the most of b's (for few designs: the least of the difference, axis by
axis, which is exact for linear lines); a tiered quantity's difference is priced at the least or the most that a unit
costs between both; and where that is weak (a tier that is free), the difference of the two bounds stands beside it.
A design that two others surely beat, both of them surely feasible in the whole block, is not among the best two there.
Promises and limits.  A block in which a design's limits or promises hold or break everywhere needs no look at them.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .answers import BAD, COLD, EXCHANGE, FIRST_TIER, P95, USD, WORK, Answers
from .conditions import tiered_usd
from .designs import table
from .plain import TIE, over_patience, ranked

SLACK = 1e-9
LEAF = 6  # concerns in a core; the others are its leaf


class Tree:
    """Cores (the first six concerns) and the leaves that they can have (initialization, configuration)."""

    def __init__(self) -> None:
        rows = table().rows
        order = np.lexsort(rows.T[::-1])
        sorted_rows = rows[order]
        new = np.r_[True, np.any(sorted_rows[1:, :LEAF] != sorted_rows[:-1, :LEAF], axis=1)]
        start = np.flatnonzero(new)
        self.core = sorted_rows[start][:, :LEAF]
        ends = np.r_[start[1:], len(rows)]
        pairs, pair_of = np.unique(sorted_rows[:, LEAF:], axis=0, return_inverse=True)
        pair_of = pair_of.ravel()
        sets: dict[bytes, int] = {}
        leaves, self.set_of = [], np.empty(len(start), int)
        for k, (a, b) in enumerate(zip(start, ends, strict=True)):
            key = pair_of[a:b].tobytes()
            if key not in sets:
                sets[key] = len(leaves)
                leaves.append(pair_of[a:b])
            self.set_of[k] = sets[key]
        self.pairs, self.leaves = pairs, leaves
        self.flat, self.at = np.concatenate(leaves), np.r_[0, np.cumsum([len(x) for x in leaves])[:-1]]
        self.designs, self.start, self.ends = order, start, ends  # designs of core k: designs[start[k]:ends[k]]
        self.counts = ends - start
        self.core_of = np.repeat(np.arange(len(start)), self.counts)


@cache
def tree() -> Tree:
    return Tree()


def unit_prices(a: Answers):
    """The least and the most that a unit of each tiered id may cost, shape (ids,)."""
    low, high = np.zeros(a.used - FIRST_TIER), np.zeros(a.used - FIRST_TIER)
    for price_id, column in a.ids.items():
        _, tiers, free = a.entries[price_id]
        prices = [np.asarray(price) for _, _, price in tiers]
        low[column - FIRST_TIER], high[column - FIRST_TIER] = min(p.min() for p in prices), max(p.max() for p in prices)
        if free:
            low[column - FIRST_TIER] = 0.0
    pools: dict[str, list[int]] = {}
    for price_id, column in a.ids.items():
        if a.entries[price_id][2]:
            pools.setdefault(a.entries[price_id][2][0], []).append(column - FIRST_TIER)
    for columns in pools.values():
        high[columns] = high[columns].max()
    return low, high


def least_tiered(entries, quantities):
    """No more than `tiered_usd`: each id is given all of its pool."""
    usd = 0.0
    for price_id, q in quantities.items():
        _, tiers, free = entries[price_id]
        if free:
            q = np.maximum(q - free[1], 0.0)
        usd = usd + tiered_usd({price_id: ("tiered", tiers, None)}, {price_id: q})
    return usd


def one(a: Answers):
    """Winner, runner-up, their money, at one point; sizes are minimised away design by design."""
    c, tab, tr = a.c, table(), tree()
    m = a.base.reshape(tab.placements, a.quantities, a.sizes)[:, : a.used]
    kept, part_usd = 1 - float(c.number("preferences.discount")), float(c.number("preferences.part_usd"))
    low, _ = unit_prices(a)
    bound = m[:, USD] + np.tensordot(m[:, FIRST_TIER:], low, ([1], [0]))
    bound[a.excluded] = np.inf
    bound[m[:, BAD] > 0] = np.inf
    core = bound[tr.core[:, 0]]
    for k in range(1, LEAF):
        core = core + bound[tr.core[:, k]]
    pair = bound[tr.pairs[:, 0]] + bound[tr.pairs[:, 1]]
    parts = np.array([0])
    leaf = np.minimum.reduceat(pair[tr.flat], tr.at, axis=0)
    least = (core + leaf[tr.set_of]).min(axis=1) * kept + part_usd * tab.parts[tr.designs[tr.start]]
    order = np.flatnonzero(np.isfinite(least))
    order = order[np.argsort(least[order], kind="stable")]
    best_score, found, at, step = np.inf, [], 0, 24
    del parts
    while at < len(order) and least[order[at]] <= best_score * (1 + SLACK):
        cores = order[at : at + step]
        cores = cores[least[cores] <= best_score * (1 + SLACK)]
        at, step = at + step, step * 2
        which = np.concatenate([np.arange(tr.start[k], tr.ends[k]) for k in cores]) if len(cores) < 40 else np.flatnonzero(np.isin(tr.core_of, cores))
        designs = tr.designs[which]
        lb = bound[tab.rows[designs, 0]]
        for k in range(1, 8):
            lb = lb + bound[tab.rows[designs, k]]
        lb = lb.min(axis=1) * kept + part_usd * tab.parts[designs]
        keep = np.isfinite(lb) & (lb <= best_score * (1 + SLACK))
        for some in np.array_split(designs[keep][np.argsort(lb[keep], kind="stable")], max(1, keep.sum() * a.sizes // 8192)):
            if some.size == 0:
                continue
            s = m[tab.rows[some, 0]]
            for k in range(1, 8):
                s = s + m[tab.rows[some, k]]
            usd = s[:, USD] + tiered_usd(a.entries, {i: s[:, col] for i, col in a.ids.items() if s[:, col].any()})
            usd = usd * kept
            ok = (s[:, BAD] == 0) & (over_patience(c, s[:, EXCHANGE], s[:, WORK], s[:, COLD], tab.answers[some][:, None]) <= c.tolerance)
            if c.latency_p95 is not None:
                ok &= s[:, P95] <= c.latency_p95
            score = np.where(ok, usd + part_usd * tab.parts[some][:, None], np.inf)
            size = score.argmin(axis=1)
            pick = (np.arange(len(some)), size)
            fine = np.isfinite(score[pick])
            found.append((score[pick][fine], usd[pick][fine], s[:, P95][pick][fine], some[fine]))
            if len(found) and sum(len(f[0]) for f in found) >= 2:
                every = np.concatenate([f[0] for f in found])
                best_score = np.partition(every, 1)[1]
    if not found:
        return -1, -1, np.nan, np.nan
    score, usd, p95, who = (np.concatenate(x) for x in zip(*found, strict=True))
    back = np.argsort(who)
    score, usd, p95, who = score[back], usd[back], p95[back], who[back]
    out = []
    for _ in range(2):
        i = int(ranked(score, tab.parts[who], p95)) if len(score) else -1
        out.append((int(who[i]), float(usd[i])) if i >= 0 else (-1, np.nan))
        if i >= 0:
            score[i] = np.inf
    return out[0][0], out[1][0], out[0][1], out[1][1]
