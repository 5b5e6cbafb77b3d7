"""The whole response at once, compressed by the function."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.facts.units import Number
from explorer.options.base.added_time import AddedTime
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import IfMaterial
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, BodyOut, Phase, Step
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute

from .base import Response


class Compressing(AddedTime):
    """The result, compressed at what one vCPU does in a second."""

    def measure(self, load: Conditions, least_s: float) -> IfMaterial:
        return IfMaterial(1 / (load.constant("gzip.bytes_per_s") * load.vcpu), 0.0, least_s)


class Compressed(Response):
    id = "compressed"
    deployable = True
    summary = "the whole result, gzipped in the function"
    provides = {"body_out": BodyOut.COMPRESSED}
    depends_on = ("compute",)
    added_times = (Compressing("response"),)

    def transferred(self, load: Conditions) -> Number:
        return load.response.mean * load.compression

    def _gzip_s(self, load: Conditions, size_bytes: Number) -> Number:
        return size_bytes / (load.constant("gzip.bytes_per_s") * load.vcpu)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield from compute(load, path, self._gzip_s(load, load.response.mean))

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        size = load.at_levels("response")
        yield Step(
            Phase.WORK, "compress the result", (Actor.WORKER, Actor.WORKER), self._gzip_s(load, size), order=1
        )
        seconds = load.transfer(size * load.compression)
        yield Step(Phase.DOWNLOAD, "the compressed result", (Actor.DOOR, Actor.CLIENT), seconds)
