"""Environments by running every request: arrivals, keep-alive, limits, waiting, retries. Knows no AWS.

`simulate` reads the `arguments`; `arrivals` and `service_times` make the times, in blocks; `replication`
feeds them to the `kernel`, which is `compiled` where Numba is installed; `result` sums up.
"""
