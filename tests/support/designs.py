"""Designs that are plain in what a test is not about."""

from __future__ import annotations

from explorer.engine.designs import Design, choices

PLAIN = {"edge": "none", "compression": "none", "initialization": "on-demand"}


def plain(
    door: str, request: str, response: str, execution: str, configuration: str, **others: str
) -> Design:
    """A design without an edge, compression or environments kept ready, unless `others` says so."""
    return Design(
        **{
            **PLAIN,
            "door": door,
            "request": request,
            "response": response,
            "execution": execution,
            "configuration": configuration,
            **others,
        }
    )


def whole(design: str) -> Design:
    """The design of a text, plain in what it does not say."""
    return Design(**{**PLAIN, **choices(design)})
