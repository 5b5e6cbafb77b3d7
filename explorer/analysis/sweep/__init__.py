"""Grids of workloads: cut into tiles, evaluated here or through an executor, stored as rows in a file."""
