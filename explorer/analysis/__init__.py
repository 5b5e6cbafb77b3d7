"""Decides what to build, what rules out the rest, what would change the answer, and how certain it is."""
