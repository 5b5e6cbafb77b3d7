"""Clients come to the door itself."""

from __future__ import annotations

from explorer.options.base.option import Option


class NoEdge(Option):
    concern = "edge"
    id = "none"
    in_front = True
    deployable = True
    summary = "nothing in front of the door"
