"""The body is part of the request."""

from __future__ import annotations

from explorer.options.base.option import Option
from explorer.options.base.request_path import BodyIn


class Inline(Option):
    concern = "request"
    id = "inline"
    summary = "the body in the request"
    short_name = "body in the request"
    deployable = True
    provides = {"body_in": BodyIn.DOOR}
