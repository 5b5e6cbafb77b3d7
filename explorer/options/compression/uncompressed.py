"""The response without compression."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Option
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import Setting, TemplatePiece


class Uncompressed(Option):
    concern = "compression"
    id = "none"
    deployable = True
    summary = "the result as it is"
    short_name = "result as it is"

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("gzip", False)
