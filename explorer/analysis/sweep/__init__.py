"""A grid of workloads: cut into tiles, worked one by one or through an executor, kept as rows in a file."""
