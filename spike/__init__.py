"""A spike of the engine: one structure for one workload, for varied ones, and for grids.  Not to merge: to measure by."""
