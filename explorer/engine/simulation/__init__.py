"""Simulates environments request by request: arrivals, keep-alive, limits, waiting, retries. No AWS figures.

`simulate` reads the `arguments`; `arrivals` and `service_times` draw the times, in blocks; `replication`
passes them to the `kernel`, which is `compiled` where Numba is installed; `result` aggregates the runs.
"""
