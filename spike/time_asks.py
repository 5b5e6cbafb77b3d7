import time,statistics as st,sys
import numpy as np, explorer as ex
from .conditions import Conditions
from .answers import Answers
from .designs import table
P=time.process_time
w=ex.Workload.load("data/workloads/%s.toml"%(sys.argv[1] if len(sys.argv)>1 else "statements"))
table()
for label,kw in (("one",{}),("200x200",dict(axes={"response":np.geomspace(1e3,2e8,200)[:,None],"runtime":np.geomspace(.01,7200,200)[None]},shape=(200,200))),("V100",dict(axes={"response":np.geomspace(1e3,2e8,100)},shape=(100,))),("28 sizes",dict(sizes=[(float(m),a) for m in np.linspace(128,10240,14).round() for a in (False,True)]))):
    ts=[];cs=[]
    for _ in range(7):
        t=P(); c=Conditions(w,**kw); t1=P(); a=Answers(c); ts.append(P()-t1); cs.append(t1-t)
    print(label,"conditions %.2f asks %.2f ms"%(st.median(cs)*1e3,st.median(ts)*1e3),{k:len(v.slots) for k,v in a.terms.items()},len(a.ids),a.slots)
if len(sys.argv)>2:
    import cProfile,pstats
    pr=cProfile.Profile(); pr.enable()
    for _ in range(20): c=Conditions(w); Answers(c)
    pr.disable(); pstats.Stats(pr).sort_stats("tottime").print_stats(30)
