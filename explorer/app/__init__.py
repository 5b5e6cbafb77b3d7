"""The widgets: one screen on which a workload is turned and the answer follows."""

from .screen import Explorer, explore, page

__all__ = ["Explorer", "explore", "page"]
