"""Assigns each attempt to an environment, in functions that run both compiled and as plain Python.

Environments are slots in order of creation. A slot holds the time at which its request departs: at t it is
idle while departure <= t < departure + keep_alive. The newest idle environment is taken. Provisioned
environments are at the end of the slots, are taken first and never expire. Up to `SCANNED` slots are scanned
one by one; above that, the slots are the leaves of a binary tree in which each node holds the least departure
below it.

The functions use lists or arrays: without Numba they run unchanged and give the same bits.
"""

from __future__ import annotations

from typing import NamedTuple

from .heaps import Counts, Numbers, plan, pop, push, unplan

SCANNED = 128  # up to so many slots are scanned one by one; above, a tree is used
INF = float("inf")
UNKNOWN = -1  # number of running requests, not counted while below the limit
TOKEN_TOLERANCE = 1e-9  # fraction of a token that rounding may have lost

# `counts`, whole numbers
CAPACITY, BASE, CREATED, FIXED, BUSY, PENDING, AT, WORK, COIN = range(9)
COLD, WARM, REJECTED, THROTTLED, DROPPED, FAILED, UNENDED = range(9, 16)
COUNTS = 16
# `sums`, times [s] and tokens
RUNNING, IDLE, FIXED_RUNNING, TOKENS, TOKENS_AT, CLOCK, WAITED, LONGEST = range(8)
SUMS = 8
# why a kernel stopped
OVER, GROW, MORE_ARRIVALS, MORE_WORK, MORE_COINS = range(5)
# a row of `pool`: a future attempt
BORN, TRIES, LINKS, WARM_S, COLD_S = range(5)
ROW = 5


class Case(NamedTuple):
    """The parameters that do not change in a run; INF means no limit."""

    duration_s: float
    keep_alive_s: float
    most: float  # limit on concurrent requests
    bucket: float  # environments that may be started at once: the size of the token bucket
    refill_per_s: float  # tokens added per second
    queues: bool  # whether requests that cannot start wait
    max_age_s: float  # how long a request waits at most
    retries: int  # after a throttle or a failure
    retry_wait_s: float  # before the first retry; doubled for each further one
    failures: float  # probability that an attempt fails
    links: int  # invocations in a chain, including the first


def occupy(slots: Numbers, counts: Counts, slot: int, until: float) -> None:
    """Set when the request of a slot departs, and update the minimum of each node above."""
    node = counts[BASE] + slot
    slots[node] = until
    if counts[BASE] > 0:
        while node > 1:
            least = min(slots[node], slots[node ^ 1])
            node >>= 1
            if slots[node] == least:
                break
            slots[node] = least


def idle_slot(slots: Numbers, counts: Counts, sums: Numbers, t: float, keep_alive_s: float) -> int:
    """The newest idle slot at `t`, -1 if there is none."""
    capacity, base = counts[CAPACITY], counts[BASE]
    room = capacity - counts[FIXED]
    if base == 0:
        for slot in range(capacity - 1, room - 1, -1):
            if slots[slot] <= t:
                return slot
        for slot in range(counts[CREATED] - 1, -1, -1):
            leaving = slots[slot]
            if leaving <= t < leaving + keep_alive_s:
                return slot
        return -1
    while slots[1] <= t:
        node = 1
        while node < base:
            node = 2 * node + 1
            if slots[node] > t:
                node -= 1
        if node - base >= room or t < slots[node] + keep_alive_s:
            return node - base
        sums[IDLE] += keep_alive_s
        occupy(slots, counts, node - base, INF)
    return -1


def compact(slots: Numbers, counts: Counts, sums: Numbers, t: float, keep_alive_s: float) -> None:
    """Close the gaps that expired environments leave in the slots."""
    base, idle = counts[BASE], 0
    for slot in range(counts[CREATED]):
        leaving = slots[base + slot]
        if leaving == INF:
            continue
        if leaving + keep_alive_s <= t:
            sums[IDLE] += keep_alive_s
            continue
        slots[base + idle] = leaving
        idle += 1
    for slot in range(idle, counts[CREATED]):
        slots[base + slot] = INF
    counts[CREATED] = idle
    for node in range(base - 1, 0, -1):
        slots[node] = min(slots[2 * node], slots[2 * node + 1])


def makes_room(slots: Numbers, counts: Counts, sums: Numbers, t: float, keep_alive_s: float) -> bool:
    """Whether there is a slot for a new environment, after expired ones are removed."""
    room = counts[CAPACITY] - counts[FIXED]
    full = counts[CREATED] >= room
    if full or counts[BASE] == 0:
        compact(slots, counts, sums, t, keep_alive_s)
    return counts[CREATED] < room and not (full and counts[CREATED] > room - (counts[CAPACITY] >> 2))


def count_running(slots: Numbers, busy: Numbers, counts: Counts, t: float) -> int:
    """The number of requests that run at `t`; `busy` is a heap of their departures, the earliest first."""
    if counts[BUSY] == UNKNOWN:
        counts[BUSY] = 0
        count, room = counts[CREATED], counts[CAPACITY] - counts[FIXED]
        for slot in range(count + counts[FIXED]):
            until = slots[counts[BASE] + (slot if slot < count else room + slot - count)]
            if t < until < INF:
                push(busy, counts[BUSY], until)
                counts[BUSY] += 1
    while counts[BUSY] > 0 and busy[0] <= t:
        pop(busy, counts[BUSY])
        counts[BUSY] -= 1
    result: int = counts[BUSY]
    return result


def may_start(sums: Numbers, t: float, case: Case) -> bool:
    """Whether another environment may be started at `t`; the token bucket refills steadily."""
    if case.bucket == INF:
        return True
    sums[TOKENS] = min(case.bucket, sums[TOKENS] + (t - sums[TOKENS_AT]) * case.refill_per_s)
    sums[TOKENS_AT] = t
    result: bool = sums[TOKENS] >= 1 - TOKEN_TOLERANCE
    return result


def take(slots: Numbers, counts: Counts, sums: Numbers, slot: int, t: float, warm_s: float,
         cold_s: float, case: Case) -> float:  # fmt: skip
    """Run a request in an idle slot, or in a new slot if `slot` is -1; returns when it departs [s]."""
    if slot >= 0:
        counts[WARM] += 1
        sums[IDLE] += t - slots[counts[BASE] + slot]
        until = t + warm_s
    else:
        counts[COLD] += 1
        slot = counts[CREATED]
        counts[CREATED] += 1
        until = t + cold_s
        if case.bucket < INF:
            sums[TOKENS] -= 1
    inside_s = min(until, case.duration_s) - t
    sums[RUNNING] += inside_s
    if slot >= counts[CAPACITY] - counts[FIXED]:
        sums[FIXED_RUNNING] += inside_s
    occupy(slots, counts, slot, until)
    return until


def plain(times: Numbers, warm: Numbers, cold: Numbers, slots: Numbers, busy: Numbers, counts: Counts,
          sums: Numbers, case: Case) -> int:  # fmt: skip
    """Run a block of arrivals; an arrival that cannot start at once is refused for good."""
    for at in range(counts[AT], len(times)):
        t = times[at]
        crowded = counts[CREATED] + counts[FIXED] >= case.most
        if crowded and count_running(slots, busy, counts, t) >= case.most:
            counts[REJECTED] += 1
            continue
        if not crowded:
            counts[BUSY] = UNKNOWN
        slot = idle_slot(slots, counts, sums, t, case.keep_alive_s)
        if slot < 0:
            if not may_start(sums, t, case):
                counts[REJECTED] += 1
                continue
            if not makes_room(slots, counts, sums, t, case.keep_alive_s):
                counts[AT] = at
                return GROW
        until = take(slots, counts, sums, slot, t, warm[at], cold[at], case)
        if crowded:
            push(busy, counts[BUSY], until)
            counts[BUSY] += 1
    return MORE_ARRIVALS


def missing_input(times: Numbers, warm: Numbers, coins: Numbers, rows: Counts, counts: Counts) -> int:
    """Which input the next attempt may need and is used up; `OVER` if none is."""
    if counts[AT] >= len(times):
        return MORE_ARRIVALS
    if counts[WORK] + 2 > len(warm):
        return MORE_WORK
    if counts[COIN] + 2 > len(coins):
        return MORE_COINS
    return GROW if counts[PENDING] >= len(rows) else OVER


def start_of_attempt(slots: Numbers, busy: Numbers, counts: Counts, sums: Numbers, now: float, last: float,
           case: Case) -> tuple[float, int, bool]:  # fmt: skip
    """When an attempt starts, in which slot, and whether it starts: at `now`, or by `last` if it may wait."""
    while now <= last:
        free = INF
        if count_running(slots, busy, counts, now) < case.most:
            slot = idle_slot(slots, counts, sums, now, case.keep_alive_s)
            if slot >= 0 or may_start(sums, now, case):
                return now, slot, True
            free = now + (1 - sums[TOKENS]) / case.refill_per_s
            if free <= now:  # the wait is rounded to 0
                return now, slot, True
        if counts[BUSY] > 0:
            free = min(free, busy[0])
        if not case.queues or free > last or free >= case.duration_s:
            break
        now = free
    return now, -1, False


def full(times: Numbers, warm: Numbers, cold: Numbers, coins: Numbers, slots: Numbers, busy: Numbers,
         ahead: Numbers, rows: Counts, pool: Numbers, counts: Counts, sums: Numbers,
         case: Case) -> int:  # fmt: skip
    """Run a block of arrivals with everything that follows: waiting, retries, failures, chains.

    Attempts are processed in order of time, first come, first served, so each is settled when its turn comes:
    it starts, possibly later, or is refused. Each attempt leads to at most one further attempt, which reuses
    its row.
    """
    while True:
        why = missing_input(times, warm, coins, rows, counts)
        if why != OVER:
            return why
        again = counts[PENDING] > 0 and ahead[0] <= times[counts[AT]]
        t = ahead[0] if again else times[counts[AT]]
        if t >= case.duration_s:
            return OVER
        now = max(t, sums[CLOCK])
        crowded = counts[CREATED] >= counts[CAPACITY] - counts[FIXED]
        if crowded and not makes_room(slots, counts, sums, now, case.keep_alive_s):
            return GROW
        if again:
            counts[PENDING] -= 1
            unplan(ahead, rows, counts[PENDING])
        row = ROW * rows[counts[PENDING]]
        if not again:
            pool[row + BORN], pool[row + TRIES], pool[row + LINKS] = t, 0.0, float(case.links)
            pool[row + WARM_S], pool[row + COLD_S] = warm[counts[WORK]], cold[counts[WORK]]
            counts[AT] += 1
            counts[WORK] += 1
        tries = int(pool[row + TRIES])
        pool[row + TRIES] = tries + 1.0
        next_s = case.retry_wait_s * (1 << tries)
        last = min(case.duration_s, pool[row + BORN] + case.max_age_s)
        now, slot, starts = start_of_attempt(slots, busy, counts, sums, now, last, case)
        sums[CLOCK] = now
        comes = INF  # the next attempt of this request
        if not starts:
            counts[THROTTLED] += 1
            if case.queues:
                counts[DROPPED if last < case.duration_s else UNENDED] += 1
            elif tries < case.retries:
                comes = t + next_s * coins[counts[COIN]]
                counts[COIN] += 1
            else:
                counts[REJECTED] += 1
        else:
            sums[WAITED] += now - t
            sums[LONGEST] = max(sums[LONGEST], now - t)
            until = take(slots, counts, sums, slot, now, pool[row + WARM_S], pool[row + COLD_S], case)
            push(busy, counts[BUSY], until)
            counts[BUSY] += 1
            fails = False
            if case.failures > 0:
                fails = coins[counts[COIN]] < case.failures
                counts[COIN] += 1
            if fails and tries < case.retries:
                comes = until + next_s
            elif fails:
                counts[FAILED] += 1
            elif pool[row + LINKS] > 1:
                comes = until
                pool[row + BORN], pool[row + TRIES] = until, 0.0
                pool[row + LINKS] -= 1
                pool[row + WARM_S], pool[row + COLD_S] = warm[counts[WORK]], cold[counts[WORK]]
                counts[WORK] += 1
        if comes < INF:
            plan(ahead, rows, counts[PENDING], comes)
            counts[PENDING] += 1
