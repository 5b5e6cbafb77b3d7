"""No edge: clients call the door directly."""

from __future__ import annotations

from .base import Edge


class NoEdge(Edge):
    id = "none"
    deployable = True
    summary = "nothing in front of the door"
    short_name = "nothing in front"
