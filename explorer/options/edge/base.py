"""What edges share: where the endpoint is reached."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Option
from explorer.options.base.request_path import Actor, RequestPath
from explorer.options.base.resources import TemplatePiece, Value


class Edge(Option):
    """What stands in front of the door, and meets every request."""

    concern = "edge"
    role = Actor.EDGE
    in_front = True

    def wiring(self, load: Conditions, path: RequestPath, door: Value) -> Iterable[TemplatePiece]:
        """What leads requests on to the door, by its address."""
        return ()

    def address(self, door: Value) -> Value:
        """What the endpoint's URL is, with the door's address behind."""
        return door
