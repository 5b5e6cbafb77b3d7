"""Evaluates all designs for one workload or a million: limits, cost, latency, and the search for the best."""
