"""The sizes that a design may take: memory and processor architecture of the compute that does the work."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.facts.units import Number
from explorer.workload.kinds import ANY
from explorer.workload.run_time import FULL_VCPU_MB, memory_sizes
from explorer.workload.workload import Workload

ARCHITECTURES = ("arm64", "x86_64")


@dataclass(frozen=True, eq=False)
class Size:
    """One size: memory [MB], an array if memory is an axis of a sweep, and the processor architecture."""

    memory_mb: Number
    architecture: str


def sizes_of(workload: Workload, memory_axis: Number | None = None) -> tuple[Size, ...]:
    """The sizes from which a design takes the cheapest that keeps the promises, by rising memory.

    There is one size if the workload states memory and architecture. Along an axis of memory there is one for
    each architecture.

    >>> from explorer.workload.workload import Workload
    >>> w = Workload(requests_per_month=1, response="1 KB", runtime={"p50": "1 s", "memory": "any"})
    >>> [size.memory_mb for size in sizes_of(w)][:3]
    [512.0, 768.0, 1024.0]
    """
    stated = workload.runtime.architecture
    architectures = ARCHITECTURES if stated == ANY else (stated,)
    memory = memory_sizes(workload.runtime) if memory_axis is None else (memory_axis,)
    return tuple(Size(each, architecture) for each in memory for architecture in architectures)


def typical(sizes: tuple[Size, ...]) -> Size:
    """The size that stands for all where none is chosen: the first one nearest to one vCPU."""
    if len(sizes) == 1 or not isinstance(sizes[0].memory_mb, float):
        return sizes[0]
    return min(sizes, key=lambda size: abs(float(size.memory_mb) - FULL_VCPU_MB))
