"""Calibrates a workload with measured times, and reports the error of the prediction."""
