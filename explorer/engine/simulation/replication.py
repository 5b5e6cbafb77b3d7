"""One run: NumPy draws random numbers in blocks for the kernel; memory use does not grow with requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import kernel
from .arrivals import Arrivals
from .compiled import compile_kernel, to_kernel
from .kernel import (
    AT,
    BASE,
    CAPACITY,
    COIN,
    CREATED,
    FIXED,
    GROW,
    IDLE,
    MORE_ARRIVALS,
    MORE_COINS,
    MORE_WORK,
    ROW,
    SCANNED,
    WORK,
    Case,
)
from .service_times import Service, draws

BLOCK = 8192  # upper bound of the requests whose random numbers are drawn at a time


@dataclass(frozen=True)
class Plan:
    """The simulated model, independent of the seed."""

    arrivals: Arrivals
    rate: float
    warm: Service
    cold: Service
    provisioned: int
    case: Case

    @property
    def is_plain(self) -> bool:
        """Whether requests that cannot start at once are refused, and none is retried, fails or chains."""
        c = self.case
        return not (c.queues or c.retries or c.failures or c.links > 1)

    @property
    def requests(self) -> float:
        """The approximate number of arrivals."""
        return self.rate * self.case.duration_s

    @property
    def block(self) -> int:
        """The number of requests whose random numbers are drawn at a time: small for a short run."""
        return int(min(BLOCK, 1.1 * self.requests + 64))


def run(plan: Plan, seed: np.random.SeedSequence, is_compiled: bool) -> dict[str, float]:
    """Counts [requests] and times [s] of one run, by name.

    The numbers are the same whether compiled or not.
    """
    state = State(plan, is_compiled)
    rngs = [np.random.Generator(np.random.SFC64(own)) for own in seed.spawn(3)]
    requests = _plain(plan, state, rngs) if plan.is_plain else _full(plan, state, rngs)
    return state.result(requests)


def _kernel(name: str, is_compiled: bool) -> Callable[..., int]:
    plain: Callable[..., int] = getattr(kernel, name)
    return compile_kernel(name) if is_compiled else plain


def _plain(plan: Plan, state: State, rngs: list[np.random.Generator]) -> int:
    advance, requests = _kernel("plain", state.is_compiled), 0
    work = draws(plan.warm, plan.cold, plan.block, rngs[1])
    for times in plan.arrivals.blocks(plan.rate, plan.block, rngs[0]):
        ended = times[-1] >= plan.case.duration_s
        times = times[: np.searchsorted(times, plan.case.duration_s)] if ended else times
        requests += times.size
        block = [to_kernel(values, state.is_compiled) for values in (times, *next(work))]
        state.counts[AT] = 0
        while advance(*block, state.slots, state.busy, state.counts, state.sums, plan.case) == GROW:
            state.grow()
        if ended:
            break
    return requests


def _full(plan: Plan, state: State, rngs: list[np.random.Generator]) -> int:
    advance, requests = _kernel("full", state.is_compiled), 0
    arrivals = plan.arrivals.blocks(plan.rate, plan.block, rngs[0])
    work = draws(plan.warm, plan.cold, plan.block, rngs[1])
    none = np.empty(0)
    blocks = {MORE_ARRIVALS: [none], MORE_WORK: [none, none], MORE_COINS: [none]}
    new: dict[int, Callable[[], tuple[np.ndarray, ...]]] = {
        MORE_ARRIVALS: lambda: (next(arrivals, np.array([np.inf])),),
        MORE_WORK: lambda: next(work),
        MORE_COINS: lambda: (rngs[2].random(plan.block),),
    }
    positions = {MORE_ARRIVALS: AT, MORE_WORK: WORK, MORE_COINS: COIN}
    why = MORE_ARRIVALS
    while why != kernel.OVER:
        if why == GROW:
            state.grow()
        else:
            past = int(state.counts[positions[why]])
            requests += past if why == MORE_ARRIVALS else 0
            fresh = zip(blocks[why], new[why](), strict=True)
            blocks[why] = [np.concatenate((rest[past:], more)) for rest, more in fresh]
            state.counts[positions[why]] = 0
            columns = [to_kernel(values, state.is_compiled) for block in blocks.values() for values in block]
        why = advance(
            *columns, state.slots, state.busy, state.ahead, state.rows, state.pool, state.counts, state.sums,
            plan.case,
        )  # fmt: skip
    return requests + int(state.counts[AT])


class State:
    """Environments, future attempts, and the counts so far."""

    def __init__(self, plan: Plan, is_compiled: bool) -> None:
        self.is_compiled, self.case = is_compiled, plan.case
        counts, sums = np.zeros(kernel.COUNTS, dtype=np.int64), np.zeros(kernel.SUMS)
        counts[FIXED] = plan.provisioned
        sums[kernel.TOKENS] = plan.case.bucket
        self.counts, self.sums = to_kernel(counts, is_compiled), to_kernel(sums, is_compiled)
        capacity = SCANNED
        while capacity < 2 * plan.provisioned:
            capacity *= 2
        self._lay_out(capacity, np.empty(0), np.zeros(plan.provisioned))
        self.busy = to_kernel(np.zeros(capacity), is_compiled)
        self.ahead = to_kernel(np.zeros(SCANNED), is_compiled)
        self.rows = to_kernel(np.arange(SCANNED, dtype=np.int64), is_compiled)
        self.pool = to_kernel(np.zeros(SCANNED * ROW), is_compiled)

    def _lay_out(self, capacity: int, created: np.ndarray, fixed: np.ndarray) -> None:
        """Lay out environments in order of creation, provisioned ones last; above `SCANNED`, in a tree."""
        leaves = np.full(capacity, np.inf)
        leaves[: created.size] = created
        leaves[capacity - fixed.size :] = fixed
        levels = [leaves]
        if capacity > SCANNED:
            while levels[0].size > 1:
                levels.insert(0, levels[0].reshape(-1, 2).min(axis=1))
            levels.insert(0, np.full(1, np.inf))
        self.slots = to_kernel(np.concatenate(levels), self.is_compiled)
        self.counts[CAPACITY], self.counts[BASE] = capacity, capacity if capacity > SCANNED else 0

    @property
    def environments(self) -> tuple[np.ndarray, np.ndarray]:
        """Departure times of the on-demand environments, and of the provisioned ones."""
        leaves = np.asarray(self.slots)[self.counts[BASE] :]
        return leaves[: self.counts[CREATED]], leaves[leaves.size - self.counts[FIXED] :]

    def grow(self) -> None:
        """Double the arrays that are nearly full."""
        capacity = self.counts[CAPACITY]
        if 2 * (self.counts[CREATED] + self.counts[FIXED]) > capacity:
            self._lay_out(2 * capacity, *self.environments)
            self.busy = to_kernel(np.append(np.asarray(self.busy), np.zeros(capacity)), self.is_compiled)
        count = len(self.rows)
        if 2 * self.counts[kernel.PENDING] > count:
            self.ahead = to_kernel(np.append(np.asarray(self.ahead), np.zeros(count)), self.is_compiled)
            rows = np.append(np.asarray(self.rows), np.arange(count, 2 * count))
            self.rows = to_kernel(rows, self.is_compiled)
            self.pool = to_kernel(np.append(np.asarray(self.pool), np.zeros(count * ROW)), self.is_compiled)

    def result(self, requests: int) -> dict[str, float]:
        """Counts and times by name, including the idle time until the end."""
        case = self.case
        created, fixed = self.environments
        rest = case.duration_s - np.concatenate(
            (np.minimum(created, case.duration_s), np.minimum(fixed, case.duration_s))
        )
        keeps = np.concatenate((np.full(created.size, case.keep_alive_s), np.full(fixed.size, np.inf)))
        self.sums[IDLE] += float(np.minimum(rest, keeps).sum())
        by_name = {name: float(self.sums[getattr(kernel, name)]) for name in
                 ("RUNNING", "IDLE", "FIXED_RUNNING", "WAITED", "LONGEST")}  # fmt: skip
        counted = {name: int(self.counts[getattr(kernel, name)]) for name in
                   ("COLD", "WARM", "REJECTED", "THROTTLED", "DROPPED", "FAILED", "UNENDED")}  # fmt: skip
        return {"REQUESTS": requests, **counted, **by_name}
