"""What responses have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.option import Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import RequestPath
from explorer.options.base.resources import Route, Setting, Target, TemplatePiece
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import to_clients

TB = GB * 1024


class Response(Option):
    """How the result of the work reaches the client."""

    concern = "response"
    depends_on: ClassVar[tuple[str, ...]] = ("gzip", "egress")

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from to_clients(load, path, load.sent_mean(path))

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("response", path.body_out.value)
        yield Setting("binary", load.workload.response.binary)
        yield Setting("compression", float(load.compression))
        yield Setting("json_escape", load.constant("encoding.json_escape"))
        if not path.asynchronous:
            yield Route("work", "POST", "/run")

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        """The pieces that connect what the response needs to the targets of the routes."""
        return ()
