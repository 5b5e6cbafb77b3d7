"""Refreshes prices and quotas from AWS: what changed, and new rows in `data/`."""
