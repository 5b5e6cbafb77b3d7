"""The sizes that a design may take: memory and processor architecture of the compute that does the work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from explorer.facts import catalogue
from explorer.facts.units import Number
from explorer.workload.fields import Runtime
from explorer.workload.kinds import ANY
from explorer.workload.run_time import FULL_VCPU_MB, memory_sizes
from explorer.workload.workload import Workload

ARCHITECTURES = ("arm64", "x86_64")
GB_MB = 1024


@dataclass(frozen=True, eq=False)
class Size:
    """One size: memory [MB], an array if memory is an axis of a sweep, and the processor architecture.

    `vcpu` are those of a container task; None: a function's, in proportion to its memory.
    """

    memory_mb: Number
    architecture: str
    vcpu: float | None = None


def sizes_of(workload: Workload, memory_axis: Number | None = None) -> tuple[Size, ...]:
    """The sizes from which a design takes the cheapest that keeps the promises, by rising memory.

    There is one size if the workload states memory and architecture. Along an axis of memory there is one for
    each architecture. If memory is open and no measured times say at which sizes, the sizes of container
    tasks come after those of functions: each execution takes those that it sells (`Option.sells`).

    >>> from explorer.workload.workload import Workload
    >>> w = Workload(requests_per_month=1, response="1 KB", runtime={"p50": "1 s", "memory": "any"})
    >>> [size.memory_mb for size in sizes_of(w)][:3]
    [512.0, 768.0, 1024.0]
    >>> [(size.vcpu, size.memory_mb) for size in sizes_of(w)][-3:]
    [(0.25, 512.0), (0.5, 1024.0), (1.0, 2048.0)]
    """
    runtime = workload.runtime
    architectures = ARCHITECTURES if runtime.architecture == ANY else (runtime.architecture,)
    memory = memory_sizes(runtime) if memory_axis is None else (memory_axis,)
    sizes = [Size(each, architecture) for each in memory for architecture in architectures]
    if memory_axis is None and sells_by_kind(runtime):
        sizes += [Size(mb, each, vcpu) for vcpu, mb in _task_sizes(runtime) for each in architectures]
    return tuple(sizes)


def sells_by_kind(runtime: Runtime) -> bool:
    """Whether functions and container tasks have sizes of their own: the file names no size."""
    return runtime.memory == ANY and not runtime.tuned


def _task_sizes(runtime: Runtime) -> Iterator[tuple[float, float]]:
    """The vCPUs of the task sizes, each with the least memory [MB] that holds the work.

    More memory costs more and makes nothing faster; so do more vCPUs than the work has threads.
    """
    for task in catalogue.task_sizes():
        if least := next((gb for gb in task.gb if gb * GB_MB >= runtime.used), None):
            yield task.vcpu, least * GB_MB
            if task.vcpu >= runtime.threads:
                return


def typical(sizes: tuple[Size, ...]) -> Size:
    """The size that stands for all where none is chosen: the first function's one nearest to one vCPU."""
    if len(sizes) == 1 or not isinstance(sizes[0].memory_mb, float):
        return sizes[0]
    functions = [size for size in sizes if size.vcpu is None]
    return min(functions, key=lambda size: abs(float(size.memory_mb) - FULL_VCPU_MB))
