"""The benchmark of an endpoint: when requests are sent, what became of them, what that says.

`schedule` says when; `load` sends, whatever became of those before; `exchange` is one HTTP request;
`jobs` is one job from submission to result; `phases` divides its time; `watch` notices an endpoint that
is gone and a machine that is short of CPU, `contents` a result that is not the one that was asked for;
`logs` reads what the functions reported; `percentiles` and `knee` sum up; `charges` prices; `result`
holds it all; `run` is the entry for any endpoint and `measure` for a stack.
"""
