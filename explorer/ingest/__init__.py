"""Logs, results of load tests and live functions into one frame, and that into a workload."""
