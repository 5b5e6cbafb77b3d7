"""The widgets: one screen on which a workload is turned and the answer follows."""

from .screen import Explorer, explore

__all__ = ["Explorer", "explore"]
