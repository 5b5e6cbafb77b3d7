import time,numpy as np,explorer as ex
from spike.loads import WORKLOADS
from spike.conditions import Conditions
from spike.answers import Answers
from spike.grid import Grid
from spike.try_grid import spread,check
P=time.process_time
S={"response":(1e3,2e8),"runtime":(.01,7200),"request":(500,3e7),"requests_per_month":(1e3,1e10)}
ax={k:np.geomspace(*v,6) for k,v in S.items()}
for name in ("statements (usual)","statements (everything)"):
    w=dict(WORKLOADS())[name]; t=P(); c=Conditions(w,axes=spread(ax),shape=(6,)*4); a=Answers(c); t1=P(); g=Grid(a).run(); t2=P(); print(name,"6^4 points: ask %.0f search %.0f ms"%((t1-t)*1e3,(t2-t1)*1e3),g.stats,check(w,ax,g,60)[:2],flush=True); t=P(); ex.sweep(w,ax); print("   0.1.0 %.0f ms"%((P()-t)*1e3),flush=True)
