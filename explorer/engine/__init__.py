"""All designs against a workload or a million: limits, cost, latency, and the search for the best."""
