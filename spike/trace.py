import sys,time
import numpy as np
from .conditions import Conditions
from .answers import Answers
from .grid import Grid
from .loads import WORKLOADS
from .try_grid import axes_of,spread
P=time.process_time
n=int(sys.argv[1]); name=sys.argv[2]
w=dict(WORKLOADS())[name]
c=Conditions(w,axes=spread(axes_of(n)),shape=(n,n)); a=Answers(c); g=Grid(a)
log=[]
on=Grid._node; ot=Grid._tighter; op=Grid._price; oc=Grid._cut
def node(self,block,d):
    t=P(); r=log.append([block,len(d),None,None,None,None,0,0]) ; out=list(on(self,block,d)); log_[0][6]=P()-t; return out
log_=[None]
def node(self,block,d):
    rec=[block,len(d),-1,-1,-1,0.,0.,0.,0.]; log.append(rec); log_[0]=rec; t=P(); out=list(on(self,block,d)); rec[5]=P()-t; return out
def tighter(self,block,d,rows,*x):
    log_[0][2]=len(d); t=P(); r=ot(self,block,d,rows,*x); log_[0][3]=len(r[0]); log_[0][6]=P()-t; return r
def price(self,*x):
    t=P(); op(self,*x); log_[0][4]=1; log_[0][7]=P()-t
def cut(self,*x):
    t=P(); r=oc(self,*x); log_[0][8]=P()-t; log_[0].append(r); return r
Grid._node,Grid._tighter,Grid._price,Grid._cut=node,tighter,price,cut
g.run()
print("total %.0f ms"%(sum(r[5] for r in log)*1e3))
for r in log[:int(sys.argv[3]) if len(sys.argv)>3 else 60]: print(r[0],"in",r[1],"lb",r[2],"tight",r[3],"leaf" if r[4]==1 else "","ms %.1f tight %.1f price %.1f cut %.1f"%tuple(x*1e3 for x in r[5:9]),r[9:])
print("sum tight %.0f price %.0f cut %.0f"%tuple(sum(r[k] for r in log)*1e3 for k in (6,7,8)))
