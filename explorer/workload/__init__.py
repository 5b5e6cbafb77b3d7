"""Workloads, what an API has to serve: distributions, the TOML file, and the fields that can vary."""
