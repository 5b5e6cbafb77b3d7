"""Measured times put back into a workload, and how far the prediction was off."""
