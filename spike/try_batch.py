"""Varied workloads: 5 axes x 41 points, as break-evens ask, in one evaluation, beside 0.1.0's break-evens."""
import statistics as st, time
import numpy as np, explorer as ex
from explorer.axes import scaled, value_now
from . import plain
from .answers import Answers
from .conditions import Conditions
from .designs import table
from .grid import Grid
from .loads import WORKLOADS
P = time.process_time
AXES = ("response", "request", "runtime", "requests_per_month", "configuration")
def fields(w, per):
    f = np.geomspace(1 / 1000, 1000, per); seg = {}; n = 0
    for a in AXES:
        if value_now(w, a) > 0: seg[a] = f
    n = sum(map(len, seg.values())); out = {}; at = 0
    for a, x in seg.items():
        for k, v in scaled(w, a, x).items():
            out.setdefault(k, np.full(n, np.asarray(scaled(w, a, np.array([1.0]))[k])[0]))[at:at + len(x)] = v
        at += len(x)
    return out, n
table(); names = []
for name, w in WORKLOADS(("as it is", "usual", "everything")):
    x, n = fields(w, 41); ta, tb = [], []
    for _ in range(3):
        t = P(); c = Conditions(w, axes=x, shape=(n,)); a = Answers(c); t1 = P(); g = Grid(a).run(); tb.append(P() - t1); ta.append(t1 - t)
    f, s, u, v = plain.best_two(c)
    bad = int(((g.index[0] != f) | (g.index[1] != s) | ~((np.abs(g.usd[0] - u) <= 1e-9 * np.abs(u)) | (np.isnan(u) & np.isnan(g.usd[0])))).sum())
    t = P(); r = ex.recommend(w); r.turns; o = P() - t
    print(f"{name:26s} {n} points ask {st.median(ta)*1e3:6.1f} search {st.median(tb)*1e3:6.1f} | 0.1.0 recommend and break-evens {o*1e3:6.0f} | wrong {bad}/{n}", g.stats, flush=True)
