"""The benchmark of an endpoint: it sends requests by a schedule and measures what becomes of them.

`schedule` fixes when requests are due; `load` sends them, whatever became of earlier ones; `exchange` is one
HTTP request; `jobs` is one job from submission to result; `phases` divides its time. `watch` detects an
endpoint that is gone and a machine that lacks CPU, `contents` a result that is not the requested one. `logs`
reads what the functions reported; `percentiles` and `knee` summarise; `charges` prices; `result` holds
everything. `run` is the entry for any endpoint and `measure` for a stack.
"""
