"""An open size in words: what the answer chose of memory and architecture, and what a faster size costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorer.engine.designs import table
from explorer.engine.evaluation import Evaluation
from explorer.engine.sizing import bought_memory_mb, bought_task
from explorer.facts.units import Money, format_number, format_rough_usd, format_time, format_usd_difference
from explorer.options.base.conditions import Conditions
from explorer.options.base.sizes import GB_MB, sells_by_kind
from explorer.workload.kinds import ANY

if TYPE_CHECKING:
    from explorer.engine.designs import Design

    from .answer import Answer
    from .choice import Choice

ARCHITECTURES = {"arm64": "Arm", "x86_64": "x86"}
SLOWER = 1.5  # factor of the p50 from which on a faster size is mentioned: less is lost among the other steps
ABOUT_AS_FAST = 1.05  # factor of the least p50 within which a cheaper size is named in its place


def size_sentence(r: Answer, money: Money = format_rough_usd) -> str:
    """The size that the answer chose, and what a faster one costs; "" if the workload states the size."""
    size = chosen_size(r)
    return (
        f"Of the sizes that keep every promise, {size} costs least{_faster_size(r, money)}." if size else ""
    )


def chosen_size(r: Answer) -> str:
    """The memory and the architecture that the answer chose, in words; "" if the workload states both."""
    runtime = r.workload.runtime
    memory = f"{_size_in_words(r.sized_load, r.nearest)} of memory"
    sizes = {memory: runtime.memory, ARCHITECTURES[r.architecture]: runtime.architecture}
    return " on ".join(words for words, stated in sizes.items() if stated == ANY)


def _size_in_words(load: Conditions, design: Design) -> str:
    """The memory of a function, or vCPUs and memory of a task.

    Whole GB are said as such, other sizes in MB, as AWS states them.
    """
    task, mb = bought_task(load, design), bought_memory_mb(load, design)
    if task and not sells_by_kind(load.workload.runtime):  # what is bought for a measured size
        mb = task[1] * GB_MB
    memory = f"{mb / GB_MB:,g} GB" if mb % GB_MB == 0 else f"{mb:,g} MB"
    return f"{format_number(task[0])} vCPU and {memory}" if task else memory


def _faster_size(r: Choice, money: Money) -> str:
    """The size that answers clearly sooner than the one chosen, and its price; "" if there is none."""
    if r.workload.runtime.memory != ANY:
        return ""
    alone = table().where(r.nearest.ids)
    sizes = [size for size in r.load.sizes if size.architecture == r.architecture]
    each = [Evaluation(r.load.at_size(size), alone) for size in sizes]
    each = [one for one in each if one.feasible[0]]
    if not each:
        return ""
    p50 = np.array([float(one.latency_s[0, 0]) for one in each])
    usd = np.array([float(one.monthly_usd[0]) for one in each])
    fast = np.flatnonzero(p50 <= ABOUT_AS_FAST * p50.min())
    best = fast[usd[fast].argmin()]
    if p50[best] * SLOWER > r.latency_s["p50"]:
        return ""
    price = format_usd_difference(float(usd[best]) - r.monthly_usd, money)
    size = _size_in_words(each[best].load, r.nearest)
    here, there = format_time(r.latency_s["p50"]), format_time(float(p50[best]))
    return f"; {size} costs {price} and takes {there} in place of {here} at the median"
