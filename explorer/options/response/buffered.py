"""The whole response at once, through the door."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, BodyOut, Phase, Step

from .base import Response


class Buffered(Response):
    id = "buffered"
    deployable = True
    summary = "the whole result in one answer"
    phrase = "a synchronous endpoint"
    short_name = "synchronous"
    provides = {"body_out": BodyOut.WHOLE}

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        clients, who = load.clients, (Actor.DOOR, Actor.CLIENT)
        seconds = clients.transfer(clients.sent_at_levels(path))
        yield Step(
            Phase.DOWNLOAD, "the result", who, seconds, before_first_byte=0.0, for_hits=True, delivers=True
        )
