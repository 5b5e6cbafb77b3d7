"""Uncertain inputs: which one moves the answer, the regret of choosing now, and the value of measuring."""
