import time,statistics as st,sys,pathlib
import numpy as np, explorer as ex
from .conditions import Conditions
from .answers import Answers
from .designs import table
from . import plain, search
from .loads import WORKLOADS
P=time.process_time
table(); search.tree()
SIZES=[(float(m),a) for m in np.linspace(128,10240,14).round() for a in (False,True)]
for name,w in WORKLOADS():
    for label,kw in (("one",{}),("28",dict(sizes=SIZES))):
        ta,tb,tc=[],[],[]
        for _ in range(5):
            t=P(); c=Conditions(w,**kw); a=Answers(c); t1=P(); r=search.one(a); t2=P(); ta.append(t1-t); tb.append(t2-t1)
        c=Conditions(w,**kw); t=P(); want=plain.best_two(c); tp=P()-t
        want=[float(x) if x.dtype.kind=='f' else int(x) for x in map(np.squeeze,want)]
        ok=(r[0]==want[0]) and r[1]==want[1] and all(abs(x-y)<=1e-9*abs(y) or (np.isnan(x) and np.isnan(y)) for x,y in zip(r[2:],want[2:]))
        for _ in range(3):
            t=P(); ex.recommend(w); tc.append(P()-t)
        kept=int((~a.excluded[table().rows].any(1)).sum())
        print(f"{name:32s}{label:4s} designs {kept:6d} ask {st.median(ta)*1e3:6.2f} search {st.median(tb)*1e3:6.2f} plain {tp*1e3:6.0f} 0.1.0 {st.median(tc)*1e3:5.1f} {'same' if ok else 'WRONG'}", "" if ok else (r,want))
