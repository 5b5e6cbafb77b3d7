"""Environments by running every request: arrivals, keep-alive, limits, waiting, retries. Knows no AWS."""
