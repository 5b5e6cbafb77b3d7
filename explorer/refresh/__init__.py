"""Prices and quotas as AWS gives them today: what changed, and new rows in `data/`.

A refresh adds rows and takes none away; one that fails anywhere changes nothing.
"""

from .prices import refresh_prices
from .quotas import refresh_limits
from .refreshed import Refreshed

__all__ = ["Refreshed", "refresh_limits", "refresh_prices"]
