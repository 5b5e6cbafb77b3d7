import sys,time
import numpy as np, explorer as ex
from spike.bench import run,check_chance
from spike.try_grid import axes_of,check
from spike.loads import WORKLOADS
P=time.process_time
W=dict(WORKLOADS())
for name in sys.argv[1:]:
    w=W[name]; axes=axes_of(1000); r=run(w,axes)
    bad,of,what=check(w,axes,r,160); worst,m=check_chance(w,axes,r,100)
    t=P(); ex.sweep(w,axes); o=P()-t
    print(name,"designs",r.designs,"ask %.2f search %.2f chance %.2f total %.2f s"%(*r.times,sum(r.times)),"0.1.0 %.2f"%o,r.stats,"winners",len(np.unique(r.index[0])),"wrong",bad,of,"chance off",worst,m,flush=True)
