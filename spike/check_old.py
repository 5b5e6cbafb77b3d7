"""Are the options of the spike those of 0.1.0?  Every design that both have, on every example, at one point."""
import pathlib
import numpy as np
import explorer as ex
from explorer.evaluate import Evaluation
from explorer.design import table as old_table
from explorer.load import Load
from . import designs, plain
from .conditions import Conditions

def names(design):
    d = dict(design.ids); gz = d["response"] == "compressed"
    return dict(edge="none", door=d["door"], request=d["request"], response="buffered" if gz else d["response"], compression="gzip" if gz else "none",
                execution=d["execution"], initialization="on-demand", configuration=d["configuration"])

tab = designs.table(); place = {tuple(r): i for i, r in enumerate(tab.options.tolist())}
for p in sorted(pathlib.Path(ex.__file__).parent.parent.glob("data/workloads/*.toml")):
    w = ex.Workload.load(str(p)); e = Evaluation(Load(w), old_table())
    mine = np.array([place[tuple(designs.IDS[c].index(o) for c, o in names(d).items())] for d in e.designs])
    c = Conditions(w); score, usd, p95 = plain.evaluated(c, mine)
    feas = e.feasible
    bad = np.isfinite(score) != feas
    if (w.response.compression or 1) >= 1: bad &= np.array([d.ids["response"] != "compressed" for d in e.designs])
    off = np.abs(usd / e.monthly_usd - 1); lat = np.abs(p95 / e.latency_s[:, 1] - 1)
    ch = max(abs(float(np.ravel(plain.chance(c, mine[i]))[0]) - e.breach_probability[i]) for i in range(0, len(mine), 25))
    print(p.stem, len(mine), "feasible differs", int(bad.sum()), "money off", off.max(), "p95 off", lat.max(), "chance off", ch)
    for i in list(np.flatnonzero(bad)[:3]) + list(np.flatnonzero(off > 1e-9)[:3]) + list(np.flatnonzero(lat > 1e-9)[:3]): print("   ", e.designs[i], usd[i], e.monthly_usd[i], p95[i], e.latency_s[i,1], feas[i])
