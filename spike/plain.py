"""The plain evaluation: every design by itself, sums in the order of the concerns, then tiers, then promises.

Nothing of the search is used: each placement is asked alone.  Slow and short; it judges the rest.
"""

from __future__ import annotations

import numpy as np

from .conditions import Stepped, raised, tiered_usd, today
from .designs import CONCERNS, table
from .options import OPTIONS

TIE = 1e-12  # relative: scores that differ by less are equal
DRIVERS = ("request", "response", "runtime", "peak", "amount")


def over_patience(c, exchange, work, cold, answers):
    """The chance that the first byte of an answer comes after `client.waits`."""
    left = c.waits - exchange
    warm = c.runtime.exceed(np.maximum(left - work, 0))
    started = c.runtime.exceed(np.maximum(left - work - c.init_p50_s, 0))
    return np.where(left < 0, 1.0, np.where(answers, (1 - cold) * warm + cold * started, 0.0))


def asked(c, alone=True):
    """Of each placement: money of linear lines, tiered quantities, seconds (p50 exchange, work, p95), cold, bad."""
    tab = table()
    answers = [None] * tab.placements
    for concern, number, paths, first in tab.asks:
        option = OPTIONS[concern][number]
        for row in range(paths.count):
            answers[first + row] = _answer(c, option, paths.only(row).at(c.nd))
    return answers


def _answer(c, option, p):
    usd, quantities, exchange, work, p95 = 0.0, {}, 0.0, 0.0, 0.0
    for price_id, quantity in option.usage(c, p):
        quantity = quantity.value() if isinstance(quantity, Stepped) else quantity
        kind, price, _ = c.book.entry(price_id)
        if kind == "linear":
            usd = usd + price * quantity
        else:
            quantities[price_id] = quantities.get(price_id, 0.0) + quantity
    for counts, seconds in option.steps(c, p):
        seconds = np.broadcast_to(seconds, (3, *np.shape(seconds)[1:])) if np.ndim(seconds) else np.full((3, 1, 1), seconds)
        p95 = p95 + seconds[1]
        exchange = exchange + (seconds[0] if counts == "exchange" else 0.0)
        work = work + (seconds[0] if counts == "work" else 0.0)
    bad = False
    for use in option.limits(c, p):
        bad = bad | ~np.asarray(use.within(c, raised(c, use.limit)))
    for where in option.excludes(c):
        bad = bad | where
    return usd, quantities, exchange, work, p95, option.cold(c, p), bad


def evaluated(c, designs=None):
    """(score, usd, p95) of designs, shape (designs, *axes), the size of least score; infinite where not feasible."""
    tab, answers = table(), asked(c)
    rows = tab.rows if designs is None else tab.rows[designs]
    shape = (c.memory_mb.shape[1] if c.sizes else 1, *c.axes_shape)
    ids = sorted({i for a in answers for i in a[1]})
    entries = {i: c.book.entry(i) for i in ids}
    stack = lambda pick: np.stack([np.broadcast_to(np.asarray(pick(a), float).reshape((1,) * (len(shape) + 1 - np.ndim(pick(a))) + np.shape(pick(a)))[0], shape) for a in answers])  # noqa: E731
    table_of = dict(usd=stack(lambda a: a[0]), exchange=stack(lambda a: a[2]), work=stack(lambda a: a[3]), p95=stack(lambda a: a[4]),
                    cold=stack(lambda a: a[5]), bad=stack(lambda a: a[6]), **{i: stack(lambda a, i=i: a[1].get(i, 0.0)) for i in ids})
    out = []
    discount, part_usd = (np.asarray(c.number(f"preferences.{n}")) for n in ("discount", "part_usd"))
    chunk = max(1, 2_000_000 // int(np.prod(shape)))
    for at in range(0, len(rows), chunk):
        r = rows[at : at + chunk]
        column = lambda v: v.reshape((-1,) + (1,) * len(shape))  # noqa: E731
        def total(name, r=r):
            s = table_of[name][r[:, 0]]
            for k in range(1, len(CONCERNS)):
                s = s + table_of[name][r[:, k]]
            return s
        usd = (total("usd") + tiered_usd(entries, {i: total(i) for i in ids})) * (1 - discount)
        p95 = total("p95")
        who = np.arange(at, at + len(r)) if designs is None else np.asarray(designs)[at : at + len(r)]
        ok = (total("bad") == 0) & (over_patience(c, total("exchange"), total("work"), total("cold"), column(tab.answers[who])) <= c.tolerance)
        if c.latency_p95 is not None:
            ok &= p95 <= c.latency_p95
        score = np.where(ok, usd + part_usd * column(tab.parts[who]), np.inf)
        size = np.argmin(score, axis=1)[:, None]
        out.append([np.take_along_axis(a, size, 1)[:, 0] for a in (score, np.broadcast_to(usd, score.shape), np.broadcast_to(p95, score.shape))])
    return [np.concatenate(x) for x in zip(*out, strict=True)]


def ranked(score, parts, p95):
    """The index of the best along the first axis: least score, then fewer parts, then lower p95, then earlier."""
    best = score.min(axis=0)
    tied = score <= best * (1 + TIE)
    parts = np.where(tied, parts.reshape((-1,) + (1,) * best.ndim), np.inf)
    tied &= parts == parts.min(axis=0)
    index = np.argmin(np.where(tied, p95, np.inf), axis=0)
    return np.where(np.isfinite(best), index, -1)


def best_two(c):
    """Winner, runner-up, their money, by every design; -1 where nothing is feasible."""
    score, usd, p95 = evaluated(c)
    parts = table().parts
    first = ranked(score, parts, p95)
    rest = score.copy()
    np.put_along_axis(rest, np.maximum(first, 0)[None], np.inf, 0)
    second = ranked(rest, parts, p95)
    money = [np.where(i >= 0, np.take_along_axis(usd, np.maximum(i, 0)[None], 0)[0], np.nan) for i in (first, second)]
    return first, second, *money


def chance(c, design):
    """The chance that a request breaks any limit as quotas are today, drivers independent; shape (sizes, *axes)."""
    tab, worst = table(), {}
    for concern, number, paths, first in tab.asks:
        row = tab.rows[design][CONCERNS.index(concern)] - first
        if number != tab.options[design][CONCERNS.index(concern)]:
            continue
        for use in OPTIONS[concern][number].limits(c, paths.only(int(row)).at(c.nd)):
            worst[use.driver] = np.maximum(worst.get(use.driver, 0.0), use.exceed(c, today(c, use.limit)))
    survives = 1.0
    for driver in DRIVERS:
        survives = survives * (1 - worst.get(driver, 0.0))
    return 1 - survives
