"""The asynchronous endpoint that calls the client when the work is done."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.facts.units import Number
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, BodyOut, Phase, Step
from explorer.options.base.usage import UsageLines

from .stored import Stored


class Callback(Stored):
    """Like stored, but the service calls the client when the job is done."""

    id = "callback"
    summary = "the result stored in S3; the client is called when it is done"
    phrase = "an asynchronous endpoint with a callback"
    short_name = "asynchronous, by callback"
    parts = (
        DesignPart("submit function", Actor.FRONT),
        DesignPart("callback delivery", Actor.FRONT),
        DesignPart("status table", Actor.TABLE, "DynamoDB table"),
        DesignPart("results bucket", Actor.BUCKET, "S3 bucket"),
        DesignPart("client's callback endpoint", Actor.CLIENT),
    )
    provides = {"body_out": BodyOut.JOB, "asynchronous": True}
    depends_on = ("behind", "compute", "initialization", "gzip", "egress")
    deployable = False
    missing_for_template = "whom to call, and the secret that lets a caller in there, are the client's own"

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super(Stored, self).excludes(load)  # no polling
        if not load.workload.client.receives_callbacks:
            yield Exclusion("client.receives_callbacks", "the client cannot be called back")

    def _front_s(self, load: Conditions) -> list[Number]:
        return [load.typical_s("handler.submit")]

    def _notice_usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield "eventbridge.custom_event", load.requests
        yield "eventbridge.api_destination", load.requests
        if load.public:
            yield "transfer.internet_out", load.requests * load.constant("status.bytes") / GB

    def _notice(self, load: Conditions, path: Paths) -> Iterable[Step]:
        seconds = load.time("async.to_lambda") + load.time("exchange.rtt")
        yield Step(Phase.POLL, "call the client back", (Actor.FRONT, Actor.CLIENT), seconds, past_door=True)
