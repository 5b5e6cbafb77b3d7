"""The response compressed by the worker."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.added_time import AddedTime, BodyConditions, BodyPath
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import IfMaterial
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import Setting, TemplatePiece
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute


class Compressing(AddedTime):
    """The time to compress the result, at a rate proportional to the vCPUs."""

    def measure(self, load: BodyConditions, path: BodyPath, least_s: float) -> IfMaterial:
        return IfMaterial(compressing_s(load), 0.0, least_s)


def compressing_s(load: BodyConditions) -> Number:
    """The seconds that it takes to compress one byte of a response."""
    return 1 / (load.constant("gzip.bytes_per_s") * load.vcpu)


class Gzip(Option):
    """Compression by the worker: every limit, store and line after the work counts the smaller response."""

    concern = "compression"
    id = "gzip"
    deployable = True
    summary = "the result gzipped where the work is done"
    phrase = "gzipped results"
    parts = ("compression of the result",)
    provides = {"gzip": True}
    depends_on = ("compute", "initialization", "streaming")
    clash_fields = ("body_out",)
    added_times = (Compressing("response"),)

    def clashes(self, flow: RequestPath) -> str | None:
        nothing = flow.body_out is BodyOut.NOTHING
        return "gzip needs a response that has a body" if nothing else None

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        plain = np.asarray(load.compression) >= 1
        if plain.any():
            yield Exclusion("response.compression", "the response does not compress", plain)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from compute(load, path, load.response.mean * compressing_s(load))

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        seconds, who = load.at_levels("response") * compressing_s(load), (Actor.WORKER, Actor.WORKER)
        whole = ~path.streaming  # a stream sends its first bytes while the rest is compressed
        yield Step(
            Phase.WORK, "compress the result", who, seconds, order=1, before_first_byte=whole * seconds
        )

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("gzip", True)
