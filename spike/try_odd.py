"""Odd grids held against the plain evaluation: one to six axes, free tier on, part_usd and discount as axes, ties, tiers crossed, nothing feasible, sizes on a grid."""
import sys, time
import numpy as np, explorer as ex
from . import plain
from .answers import Answers
from .conditions import Conditions
from .designs import table
from .grid import Grid
from .loads import WORKLOADS
from .try_grid import check, spread
if __name__ != "__main__": sys.argv = [""]
rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SPAN = {"response": (1e3, 2e8), "runtime": (.01, 7200), "request": (500, 3e7), "requests_per_month": (1e3, 1e10), "preferences.part_usd": (0.01, 300), "preferences.discount": (.01, .6),
        "client.waits": (1, 600), "targets.latency_p95": (.5, 3000), "client.bandwidth": (1e5, 1e8), "runtime.memory": (128, 10240), "response.compression": (.1, 1), "configuration": (100, 1e6), "targets.success": (.9, .99999), "response.kept": (60, 1e7)}
W = list(WORKLOADS()); wrong = tried = 0; end = time.time() + float(sys.argv[2] if len(sys.argv) > 2 else 60); cases = 0
while time.time() < end:
    name, w = W[rng.integers(len(W))]; n = int(rng.integers(1, 7)); names = list(rng.choice(list(SPAN), n, replace=False))
    change = {}
    if rng.random() < .4: change["preferences.free_tier"] = True
    if rng.random() < .3 and "preferences.part_usd" not in names: change["preferences.part_usd"] = 0.0
    if w.response.compression >= 1: names = [x for x in names if x != "response.compression"] or ["runtime"]
    try: w = w.replace(change) if change else w
    except ex.ExplorerError: continue
    side = max(2, int(1500 ** (1 / len(names)))); axes = {x: np.geomspace(*SPAN[x], side) for x in names}
    if rng.random() < .3 and "requests_per_month" in axes: axes["requests_per_month"] = np.geomspace(1e8, 1e12, side)
    sizes = [(float(m), a) for m in (256, 1024, 3008) for a in (False, True)] if rng.random() < .15 and "runtime.memory" not in axes else None
    import spike.try_grid as T; real = Conditions
    try:
        c = Conditions(w, axes=spread(axes), shape=(side,) * len(axes), sizes=sizes); g = Grid(Answers(c)).run()
        if sizes:
            T.Conditions = lambda w, axes, shape: real(w, axes=axes, shape=shape, sizes=sizes)
        bad, of, what = check(w, axes, g, 60, seed=int(rng.integers(1e6)))
        if sizes: T.Conditions = real
    except Exception as e:
        print("FAILED", name, names, change, bool(sizes), type(e).__name__, e, flush=True); 
        if sizes: T.Conditions = real
        continue
    wrong += bad; tried += of; cases += 1
    if bad: print("WRONG", name, names, change, bool(sizes), bad, of, what, flush=True)
print(cases, "grids", wrong, "wrong of", tried)
