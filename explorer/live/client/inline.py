"""The largest body that fits into a request; a larger one is uploaded first."""

from typing import Any

from explorer.facts import catalogue
from explorer.facts.encoding import Codec


def largest_inline() -> int:
    """The largest body that every deployable door in front of a function accepts, before base64 [B]."""
    from explorer.engine import designs  # only here: a client that downloads needs no designs

    plain = {concern: next(iter(options)) for concern, options in designs.OPTIONS.items()}
    doors: list[Any] = [
        option
        for door, option in designs.OPTIONS["door"].items()
        if designs.Design(**{**plain, "door": door}).deployable
    ]
    return int(min(_largest_body_bytes(door) for door in doors))


def _largest_body_bytes(door: Any) -> float:
    envelope = catalogue.constant(door.provides["request_envelope"]).value
    codecs = {True: Codec(True, 1.0, envelope), False: Codec()}
    limits = ((catalogue.limit(limit).value, whole) for limit, whole in door.request_limits)
    return min(float(codecs[whole].room(value)) for value, whole in limits if value is not None)
