"""The response in pages, one request each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Billing, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import Setting, TemplatePiece
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute, logs

from .base import Response


class PagedResponse(Response):
    """A response requested page by page; the work is repeated for each page."""

    id = "paged"
    deployable = True
    summary = "the result asked for page by page"
    phrase = "a paged endpoint"
    short_name = "paged"
    parts = (DesignPart("client asks for the next page", Actor.CLIENT),)
    provides = {"body_out": BodyOut.PAGE}
    depends_on = (
        "compute",
        "initialization",
        "gzip",
        "egress",
        "door_time",
        "response_envelope",
        "response_limits",
    )

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if not load.workload.response.divisible:
            yield Exclusion("response.divisible", "the response cannot be asked for page by page")

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        again = np.maximum(load.pages(path) - 1, 0)
        by_duration = path.compute.has(billing=Billing.DURATION)
        if by_duration.any():
            invocations = by_duration * (load.requests * again)
            yield load.by_architecture("lambda.request"), invocations
            yield from logs(load, invocations)
        yield from compute(load, path, again * load.runtime.mean)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        clients, page = load.clients, load.page_bytes(path)
        size = clients.at_levels("response")
        first = clients.transfer(clients.body_factor("response", path) * np.minimum(size, page))
        exchange = clients.time("exchange.rtt")
        work = path.door_time.look_up(load.time) + load.at_levels("runtime")
        if clients is load:
            exchange = exchange + work
        more = np.maximum(np.ceil(size / page) - 1, 0)
        seconds = clients.transfer(clients.sent_at_levels(path)) + more * exchange
        if clients is not load:
            more = np.maximum(np.ceil(load.at_levels("response") / page) - 1, 0)
            title, who = "the work for each page", (Actor.CLIENT, Actor.WORKER)
            yield Step(Phase.DOWNLOAD, title, who, more * work, before_first_byte=0.0)
        title, who = "the pages", (Actor.DOOR, Actor.CLIENT)
        yield Step(Phase.DOWNLOAD, title, who, seconds, before_first_byte=first, for_hits=True, delivers=True)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield from super().pieces(load, path)
        yield Setting("page_bytes", int(load.page_bytes(Paths.of(path))))
