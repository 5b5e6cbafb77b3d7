"""Prices and quotas as AWS gives them today: what changed, and new rows in `data/`."""
