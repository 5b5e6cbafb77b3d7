"""What edges have in common: the address of the endpoint."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Option
from explorer.options.base.request_path import Actor, RequestPath
from explorer.options.base.resources import TemplatePiece, Value


class Edge(Option):
    """The service in front of the door, which every request reaches first."""

    concern = "edge"
    role = Actor.EDGE
    in_front = True

    def wiring(self, load: Conditions, path: RequestPath, door: Value) -> Iterable[TemplatePiece]:
        """The pieces that forward requests to the door, given its address."""
        return ()

    def address(self, door: Value) -> Value:
        """The URL of the endpoint, given the address of the door."""
        return door
