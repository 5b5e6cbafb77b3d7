import time,statistics as st,sys
import numpy as np, explorer as ex
from .conditions import Conditions
from .answers import Answers
from .designs import table
from . import plain
from .grid import Grid
from .loads import WORKLOADS
P=time.process_time
table()
def axes_of(n): return {"response":np.geomspace(1024,200*2**20,n),"runtime":np.geomspace(.01,7200,n)}
def spread(axes):
    nd=len(axes); return {k:v.reshape([-1 if i==j else 1 for j in range(nd)]) for i,(k,v) in enumerate(axes.items())}
def check(w,axes,g,count,seed=0):
    rng=np.random.default_rng(seed); shape=tuple(map(len,axes.values())); at=[rng.integers(0,n,count) for n in shape]
    # sampled points, and points beside a border between winners
    edge=np.zeros(shape,bool)
    for k in range(len(shape)):
        d=np.diff(g.index[0],axis=k)!=0; sl=[slice(None)]*len(shape); sl[k]=slice(0,-1); edge[tuple(sl)]|=d
    where=np.argwhere(edge); 
    if len(where): pick=where[rng.integers(0,len(where),count//2)]; at=[np.r_[a,pick[:,k]] for k,a in enumerate(at)]
    c=Conditions(w,axes={k:v[i] for (k,v),i in zip(axes.items(),at)},shape=(len(at[0]),))
    f,s,u,v=plain.best_two(c); wrong=0; at=tuple(at)
    bad=(g.index[0][at]!=f)|(g.index[1][at]!=s)
    for got,want in ((g.usd[0][at],u),(g.usd[1][at],v)): bad|=~((np.abs(got-want)<=1e-9*np.abs(want))|(np.isnan(got)&np.isnan(want)))
    return int(bad.sum()),len(bad),[tuple(int(a[i]) for a in at)+(int(g.index[0][at][i]),int(f[i]),int(g.index[1][at][i]),int(s[i]),g.usd[0][at][i],u[i]) for i in np.flatnonzero(bad)[:3]]
if __name__=="__main__":
    n=int(sys.argv[1]); kinds=tuple(sys.argv[2].split(",")) if len(sys.argv)>2 else ("as it is","usual","everything"); names=sys.argv[3] if len(sys.argv)>3 else ""
    for name,w in WORKLOADS(kinds):
        if names and not name.startswith(names): continue
        axes=axes_of(n); ta=[];tb=[]
        for _ in range(3):
            t=P(); c=Conditions(w,axes=spread(axes),shape=(n,n)); a=Answers(c); t1=P(); g=Grid(a).run(); ta.append(t1-t); tb.append(P()-t1)
        bad,of,ex_=check(w,axes,g,120)
        print(f"{name:28s} designs {int((~a.excluded[table().rows].any(1)).sum()):6d} ask {st.median(ta)*1e3:6.1f} search {st.median(tb)*1e3:7.1f} {g.stats} winners {len(np.unique(g.index[0]))} wrong {bad}/{of}",ex_ if bad else "",flush=True)
