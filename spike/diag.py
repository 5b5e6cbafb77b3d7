import sys
import numpy as np
from .conditions import Conditions
from .answers import *
from .answers import USD,BAD,P95,FIRST_TIER
from .grid import Grid
from .loads import WORKLOADS
from .try_grid import axes_of,spread
from .designs import table
n=48; w=dict(WORKLOADS())["statements (everything)"]
c=Conditions(w,axes=spread(axes_of(n)),shape=(n,n)); a=Answers(c); g=Grid(a)
tab=table()
block=((33,36),(12,15))
import spike.grid as G
orig=Grid._unbeaten
def spy(self,block,designs,rows,low,high,s_low,kept,part):
    s_high=high[rows].sum(1); sure=self._sure(block,s_high,tab.answers[designs])
    least,most=self._slopes(s_low,s_high)
    print("K",len(designs),"sure",sure.sum(), "bent",[(i,least[col-FIRST_TIER],most[col-FIRST_TIER]) for i,col in a.ids.items() if most[col-FIRST_TIER]>least[col-FIRST_TIER]])
    d,r=orig(self,block,designs,rows,low,high,s_low,kept,part)
    print("left",len(d))
    # exact scores
    g.index[:]=-1
    self._price(block,d,r,high)
    print("winners",np.unique(g.index[:, 33:36,12:15]))
    for x in np.unique(g.index[0,33:36,12:15]): print("  W",tab.name(x), "sure",sure[designs==x])
    o=[np.flatnonzero(designs==x)[0] for x in np.argsort(np.zeros(1))] if 0 else None
    import collections
    cnt=[collections.Counter(tab.options[d,k].tolist()) for k in range(8)]
    print(cnt)
    so=designs[sure]; 
    print("sure opts",[collections.Counter(tab.options[so,k].tolist()) for k in range(8)])
    return d,r
Grid._unbeaten=spy
d=np.flatnonzero(~a.excluded[tab.rows].any(1))
g._node(block,d)
