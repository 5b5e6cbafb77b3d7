"""The response as a stream while it is produced."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.added_time import AddedTime, BodyConditions, BodyPath
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.limit_uses import AfterBurst, LimitUse, Linear, PerRequest
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import LEVELS, Actor, Behind, BodyOut, Phase, RequestPath, Step
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute

from .base import Response


class Streaming(AddedTime):
    """The time to send the part of a stream beyond the burst, at the capped rate."""

    def measure(self, load: BodyConditions, path: BodyPath, least_s: float) -> AfterBurst:
        return load.stream(path)

    def held_s(self, load: BodyConditions, path: BodyPath) -> Number:
        return load.stream_mean_s(path)


class Streamed(Response):
    """A response sent while it is produced, starting with the first byte (`runtime.first_byte`)."""

    id = "streamed"
    summary = "the result streamed, up to 200 MB from a function"
    phrase = "a streaming endpoint"
    short_name = "streamed"
    parts = ("streaming adapter or runtime",)
    missing_for_template = "a Python function streams only with an adapter, and none is shipped with a stack"
    provides = {"body_out": BodyOut.STREAM, "streaming": True}
    depends_on = ("compute", "initialization", "gzip", "egress", "behind", "streams_in_vpc")
    clash_fields = ("streams", "behind")
    added_times = (Streaming("response"),)

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if load.workload.network.vpc:
            why = "a function in a VPC cannot stream through its URL"
            yield Exclusion("network.vpc", why, on={"behind": Behind.FUNCTION, "streams_in_vpc": False})

    def clashes(self, flow: RequestPath) -> str | None:
        if flow.streams or flow.behind is Behind.CONTAINER:
            return None
        return (
            "streaming needs a function URL, a REST API or a container service "
            "(door=function-url, door=rest-api, execution=service)"
        )

    def undeployable(self, flow: RequestPath) -> str | None:
        if flow.behind is Behind.CONTAINER:
            return f"{self.id} has no template here: the server of a task sends an answer once it is whole"
        return super().undeployable(flow)

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        function = path.compute.has(function=True)
        if function.any():
            yield PerRequest(
                "lambda.stream.response", "response", Linear(load.body_factor("response", path)), function
            )

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        function = path.compute.has(function=True)
        if function.any():
            beyond = load.requests * load.streamed_beyond(path) / GB
            yield load.by_architecture("lambda.response_streaming"), function * beyond
            yield from compute(load, path, function * load.stream_mean_s(path))

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        clients, count = load.clients, len(LEVELS)
        received = clients.transfer(clients.sent_at_levels(path))
        seconds, function = received, path.compute.has(function=True)
        if function.any():
            capped = function * load.stream(path).size(load.at_levels("response")[:count])
            seconds = np.maximum(seconds, capped)
        if load.workload.runtime.first_byte is not None:  # starts then, ends no earlier than the work
            began, ended = load.at_levels("first_byte")[:count], load.at_levels("runtime")[:count]
            seconds = np.maximum(began + seconds - ended, 0.0)
        if clients is not load:
            seconds = np.where(clients.levels > load.hits, seconds, received)
        who = (Actor.DOOR, Actor.CLIENT)
        yield Step(
            Phase.DOWNLOAD, "the stream", who, seconds, before_first_byte=0.0, for_hits=True, delivers=True
        )
