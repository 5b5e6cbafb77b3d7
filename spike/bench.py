"""The table: the spike beside 0.1.0, CPU in one process, medians, every answer checked against the plain evaluation."""
import statistics as st, sys, time
import numpy as np, explorer as ex
from . import plain, search
from .answers import Answers
from .chance import chances
from .conditions import Conditions
from .designs import table
from .grid import Grid
from .loads import WORKLOADS
from .try_grid import axes_of, check, spread

P = time.process_time


def run(w, axes, tile=500):
    """Winner, runner-up, money, chance of a grid, in tiles."""
    shape = tuple(map(len, axes.values())); names = list(axes)
    index, usd, chance = np.full((2, *shape), -1, np.int32), np.full((2, *shape), np.nan), np.full(shape, np.nan)
    t = [0.0, 0.0, 0.0]; stats = {}
    cuts = [np.array_split(np.arange(n), -(-n // tile)) for n in shape]
    import itertools
    for parts in itertools.product(*cuts):
        part = {k: axes[k][p] for k, p in zip(names, parts)}
        t0 = P(); c = Conditions(w, axes=spread(part), shape=tuple(map(len, parts))); a = Answers(c)
        t1 = P(); g = Grid(a).run(); t2 = P()
        at = tuple(slice(p[0], p[-1] + 1) for p in parts)
        index[(slice(None), *at)], usd[(slice(None), *at)] = g.index, g.usd
        chance[at] = chances(c, g.index[0]); t3 = P()
        t[0] += t1 - t0; t[1] += t2 - t1; t[2] += t3 - t2
        for k, v in g.stats.items(): stats[k] = stats.get(k, 0) + v
    class R: pass
    r = R(); r.index, r.usd, r.chance, r.times, r.stats, r.placements = index, usd, chance, t, stats, len(np.unique(table().rows[~a.excluded[table().rows].any(1)])); r.designs = int((~a.excluded[table().rows].any(1)).sum())
    return r


def check_chance(w, axes, r, count, seed=1):
    rng = np.random.default_rng(seed); worst = 0.0; n = 0
    shape = r.chance.shape
    for d in np.unique(r.index[0][r.index[0] >= 0]):
        where = np.argwhere(r.index[0] == d); pick = where[rng.integers(0, len(where), max(4, count // 20))]
        c = Conditions(w, axes={k: v[pick[:, i]] for i, (k, v) in enumerate(axes.items())}, shape=(len(pick),))
        want = np.broadcast_to(np.ravel(plain.chance(c, d)), len(pick)) if np.size(plain.chance(c, d)) in (1, len(pick)) else plain.chance(c, d).reshape(-1)
        worst = max(worst, float(np.max(np.abs(r.chance[tuple(pick.T)] - want)))); n += len(pick)
    return worst, n


if __name__ == "__main__":
    n = int(sys.argv[1]); kinds = tuple(sys.argv[2].split(",")); runs = int(sys.argv[3]); old = len(sys.argv) > 4 and sys.argv[4] == "old"
    table(); only = sys.argv[5] if len(sys.argv) > 5 else ""
    rows = []
    for name, w in WORKLOADS(kinds):
        if only and only not in name: continue
        axes = axes_of(n); ts = []
        for _ in range(runs):
            r = run(w, axes); ts.append([*r.times, sum(r.times)])
        ask, find, ch, total = (st.median(x) * 1e3 for x in zip(*ts))
        bad, of, what = check(w, axes, r, 160)
        worst, m = check_chance(w, axes, r, 100)
        was = ""
        if old:
            os_ = []
            for _ in range(min(runs, 3)):
                t = P(); s = ex.sweep(w, axes); os_.append(P() - t)
            was = f"| 0.1.0 {st.median(os_) * 1e3:7.0f}"
        rows.append(total)
        print(f"{name:26s} designs {r.designs:6d} placements {r.placements:4d} | ask {ask:6.0f} search {find:7.0f} chance {ch:6.0f} total {total:7.0f} {was} | nodes {r.stats['nodes']} leaves {r.stats['leaves']} winners {len(np.unique(r.index[0]))} | wrong {bad}/{of} chance off {worst:.1e}/{m}", what if bad else "", flush=True)
    print("median %.0f worst %.0f ms" % (st.median(rows), max(rows)))
