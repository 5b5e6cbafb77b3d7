"""A request that is only acknowledged; no client collects a result."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import LimitUse, PeakDemand
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Behind, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import (
    BODIES,
    Route,
    TemplatePiece,
    Variable,
    bucket,
    days,
    front_part,
    ref,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import front, front_cold, to_clients

from .base import Response


class Accepted(Response):
    """A 202 response at once, the work later; failed requests go to a dead-letter queue (a webhook)."""

    id = "accepted"
    deployable = True
    summary = "the request acknowledged at once; nobody collects a result"
    phrase = "an endpoint that only acknowledges"
    short_name = "acknowledged at once"
    parts = (
        DesignPart("submit function", Actor.FRONT),
        DesignPart("queue of failed requests", Actor.HANDS, "queue"),
    )
    provides = {"body_out": BodyOut.NOTHING, "asynchronous": True}
    depends_on = ("behind", "compute", "egress")

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if load.workload.client.collects:
            yield Exclusion("client.collects", "the client wants the result")

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        function = path.behind.is_(Behind.FUNCTION)
        if function.any():
            busy = [load.peak_rps * load.typical_s("handler.submit")]
            yield PeakDemand("lambda.concurrency", busy, where=function)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from front(load, path, load.requests, "handler.submit")
        yield from to_clients(load, path, load.constant("status.bytes"))

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        who = (Actor.FRONT, Actor.FRONT)
        yield Step(Phase.SUBMIT, "answer 202", who, load.time("handler.submit"), order=1)
        back = (Actor.DOOR, Actor.CLIENT)  # its time is in the round trip of the request
        yield Step(Phase.SUBMIT, "202 Accepted", back, 0.0, order=2, delivers=True)
        yield from front_cold(load, path, Phase.SUBMIT, "handler.submit")

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        """The pieces without a table and a result; a bucket holds bodies that are too large to hand over."""
        yield from super().pieces(load, path)
        yield front_part(load, "submit")
        yield Route("submit", "POST", "/jobs")
        longest_s = 2 * float(np.max(load.at_levels("runtime")))  # long work reads its body in each slice
        expiry_days = days(load.constant("upload.kept_s") + longest_s) + 1
        yield from bucket(BODIES, {"bodies/": expiry_days, "state/": expiry_days})
        for part in ("submit", "work"):
            yield Variable(part, "RESULTS", ref(BODIES))
