"""How the run time depends on the memory: by the share that computes, or as measured at several sizes.

Lambda allocates vCPU in proportion to memory. For a run time t at the memory m0, the share that computes
scales inversely with the vCPUs, and the share that waits does not change:

    t(m) = t x (cpu x v(m0) / v(m) + 1 - cpu),    v(m) = min(m / 1769 MB, threads)

Example: with t = 1 s at m0 = 1769 MB and cpu = 0.5, half the memory gives 1 x (0.5 x 2 + 0.5) = 1.5 s.

Measured times (`runtime.tuned`) replace the formula. Between two measured sizes each quantile is linear in
(log memory, log time); beyond the outermost sizes the formula continues from there.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from explorer.facts import catalogue
from explorer.facts.ufuncs import ndtr
from explorer.facts.units import Number, format_time

from .distribution import FAR, ByPoint, Distribution, Quantiles, Samples, from_quantiles
from .fields import Runtime
from .kinds import ANY, LONGEST_TIME, field_error

FULL_VCPU_MB = 1769.0  # for "any" memory, the stated run time is at one vCPU
SIZES_MB = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 5120, 6144, 8192, 10240)
OF_SAMPLES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)  # quantiles in place of samples
FARTHEST_GIVEN = 3.3  # normal quantile just beyond p99.9: knots farther out are extensions or `max`


def reference_memory(runtime: Runtime) -> float:
    """The memory at which the workload's run time is stated [MB]."""
    return FULL_VCPU_MB if isinstance(runtime.memory, str) else runtime.memory


def memory_sizes(runtime: Runtime) -> tuple[float, ...]:
    """The memory sizes that a design may take [MB], rising; one size if the workload states it."""
    if runtime.memory != ANY:
        return (reference_memory(runtime),)
    if runtime.tuned:
        return tuple(sorted(time.memory for time in runtime.tuned))
    return tuple(float(size) for size in SIZES_MB if size >= runtime.used) or (float(runtime.used),)


def check_sizes(runtime: Runtime) -> None:
    """Raise PydanticCustomError, naming the field, for sizes that contradict each other."""
    both_known = {"memory", "used"} <= runtime.model_fields_set
    if both_known and isinstance(runtime.memory, float) and runtime.used > runtime.memory:
        raise field_error(
            f"runtime.used is {runtime.used:g} MB: expected at most memory = {runtime.memory:g} MB"
        )
    sizes = [entry.memory for entry in runtime.tuned]
    for row, entry in enumerate(runtime.tuned):
        if entry.memory in sizes[:row]:
            raise field_error(
                f"runtime.tuned.{row}.memory is {entry.memory:g} MB again: expected each size once"
            )
        _check_entry_rises(f"runtime.tuned.{row}", runtime.spread, entry.spread)


def _check_entry_rises(path: str, stated: Distribution, measured: Distribution) -> None:
    """Raise if the quantiles of a measured entry decrease when missing ones are taken from [runtime]."""
    own = _points(measured)
    for (low, least), (high, value) in itertools.pairwise(sorted(_entry_points(stated, measured).items())):
        if value < least:
            is_below = low not in own  # the missing quantile is the lower one
            present, lacking = (high, low) if is_below else (low, high)
            (here, there), side = ((value, least), "least") if is_below else ((least, value), "most")
            name = f"p{100 * lacking:g}"
            raise field_error(
                f"{path}.p{100 * present:g} is {format_time(here)}: expected at {side} {format_time(there)}, "
                f"the {name} of [runtime] at the ratio of their p50, for it has no {name}; "
                f"or a {name} of its own"
            )


def vcpu(runtime: Runtime, memory_mb: Number, threads: Number | None = None) -> Number:
    """The vCPUs that the work uses at a memory size [MB]: those of the memory, at most its threads."""
    most = runtime.threads if threads is None else threads
    return np.minimum(memory_mb / catalogue.constant("lambda.vcpu_mb").value, most)


def computing_factor(
    runtime: Runtime,
    from_mb: Number,
    to_mb: Number,
    cpu: Number | None = None,
    threads: Number | None = None,
) -> Number:
    """The factor by which the run time changes between two memory sizes [MB], by the share that computes.

    `cpu` and `threads` override those of the workload, for example with arrays along the axes of a sweep.

    >>> from explorer.workload.workload import Workload
    >>> w = Workload(requests_per_month=1e6, response="1 KB", runtime={"p50": "1 s", "cpu": 0.5})
    >>> float(computing_factor(w.runtime, 1769, 884.5))
    1.5
    """
    share = runtime.cpu if cpu is None else cpu
    return share * vcpu(runtime, from_mb, threads) / vcpu(runtime, to_mb, threads) + 1 - share


def run_time_at(
    runtime: Runtime, memory_mb: Number, cpu: Number | None = None, threads: Number | None = None
) -> Distribution:
    """The run time at a memory size [MB], or at each size of an array that varies along one axis.

    `cpu` and `threads` override those of the workload. Raises ExplorerError where the quantiles of a measured
    entry decrease.
    """
    if not runtime.tuned:
        if memory_mb is runtime.memory:
            return runtime.spread
        factor = computing_factor(runtime, reference_memory(runtime), memory_mb, cpu, threads)
        return runtime.spread.scale_by(factor)
    sizes = sorted(time.memory for time in runtime.tuned)
    within = np.clip(memory_mb, sizes[0], sizes[-1])
    factor = computing_factor(runtime, within, memory_mb, cpu, threads)
    if np.ndim(within) == 0:
        return _from_measurements(runtime, float(within)).scale_by(factor)
    distinct, index = np.unique(within, return_inverse=True)
    parts = tuple(_from_measurements(runtime, float(each)) for each in distinct)
    return ByPoint(parts, index.reshape(np.shape(within)), scale=factor)


def _from_measurements(runtime: Runtime, memory_mb: float) -> Distribution:
    """The run time at a memory size [MB] that is measured, or between two that are."""
    entries = sorted(runtime.tuned, key=lambda entry: entry.memory)
    sizes = np.array([entry.memory for entry in entries])
    spreads = [_entry_spread(runtime.spread, entry.spread) for entry in entries]
    above = int(np.searchsorted(sizes, memory_mb))
    if memory_mb == sizes[above]:
        return spreads[above]
    ends = np.log(sizes[above - 1 : above + 1])
    return _between(spreads[above - 1], spreads[above], ends, np.log(memory_mb))


def _entry_spread(stated: Distribution, measured: Distribution) -> Distribution:
    """The distribution of a measured entry; quantiles that it lacks keep their ratio to the p50."""
    ratio = float(measured.median) / float(stated.median)
    points = _entry_points(stated, measured)
    if not points:
        return replace(stated, scale=stated.scale * ratio)
    most = float(stated.at(FAR)) * ratio
    top = max(points.values())
    return from_quantiles(points, most if top < most < LONGEST_TIME else None, LONGEST_TIME)


def _entry_points(stated: Distribution, measured: Distribution) -> dict[float, float]:
    """The quantiles of a measured entry, including derived ones; none if it states only a p50."""
    own = _points(measured)
    ratio = float(measured.median) / float(stated.median)
    return {} if len(own) == 1 else {p: float(stated.quantile(p)) * ratio for p in _points(stated)} | own


def _points(spread: Distribution) -> dict[float, float]:
    """The quantiles from which a distribution was made: value by probability."""
    if isinstance(spread, Quantiles):
        inner = np.abs(spread.z) < FARTHEST_GIVEN
        return {
            float(ndtr(z)): float(np.exp(log))
            for z, log in zip(spread.z[inner], spread.log[inner], strict=True)
        }
    if isinstance(spread, Samples) and spread.values[0] != spread.values[-1]:
        return {p: float(spread.quantile(p)) for p in OF_SAMPLES}
    return {0.5: float(spread.median)}


def _between(low: Distribution, high: Distribution, ends: np.ndarray, at: float) -> Distribution:
    """The distribution between two memory sizes: log quantiles are linear in the log of the memory."""
    share = float((at - ends[0]) / (ends[1] - ends[0]))
    ratio = float(np.exp(share * np.log(float(high.median) / float(low.median))))
    points = sorted({*_points(low), *_points(high)})
    if len(points) == 1:
        return replace(low, scale=low.scale * ratio)
    logs = {p: (np.log(float(low.quantile(p))), np.log(float(high.quantile(p)))) for p in points}
    values = {p: float(np.exp(first + share * (second - first))) for p, (first, second) in logs.items()}
    return from_quantiles(values, None, LONGEST_TIME)
