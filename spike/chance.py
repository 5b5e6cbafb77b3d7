"""The winners' chance that a request breaks any limit as quotas are today, at the points where each wins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import gammainc, ndtr

from explorer.use import RARE

from .conditions import SLACK, Peak, Total, today
from .designs import CONCERNS, table
from .options import OPTIONS
from .plain import DRIVERS

NEVER = 1e-17  # a chance that no sum can tell from 0


def chances(c, winner):
    """(axes): NaN where nobody wins."""
    out = np.full(winner.shape, np.nan)
    tab = table()
    option_at = {first + row: (concern, number, paths, row) for concern, number, paths, first in tab.asks for row in range(paths.count)}
    for design in np.unique(winner[winner >= 0]):
        mask = winner == design
        worst = {}
        for placement in tab.rows[design]:
            concern, number, paths, row = option_at[int(placement)]
            for use in OPTIONS[concern][number].limits(c, paths.only(row).at(c.nd)):
                if isinstance(use.where, np.ndarray) and not use.where.any():
                    continue
                limit = today(c, use.limit)
                if isinstance(use, Peak):
                    value = _peak(c, use, limit, mask)
                elif isinstance(use, Total) and len(use.terms) > 1:
                    value = _total(c, use, limit, mask)
                else:
                    value = use.exceed(c, limit)
                    if np.ndim(value):
                        value = _at(value, mask) if np.any(value) else 0.0
                if np.ndim(value) or value:
                    worst[use.driver] = np.maximum(worst.get(use.driver, 0.0), value)
        survives = 1.0
        for driver in DRIVERS:
            survives = survives * (1 - worst.get(driver, 0.0))
        out[mask] = 1 - survives
    return out


def _at(value, mask):
    value = np.asarray(value)
    if value.size == 1:
        return value.item()
    value = value.reshape(value.shape[-mask.ndim :]) if value.ndim > mask.ndim else value
    return np.broadcast_to(value, mask.shape)[mask]


def _peak(c, use, limit, mask):
    if np.isinf(limit):
        return 0.0
    k = np.floor(limit / use.each * (1 + SLACK)) + 1
    most = sum(float(np.max(t)) for t in use.terms)
    if use.least is not None:
        most = max(most, float(np.max(use.least)))
    if gammainc(np.min(k), most) < NEVER:
        return 0.0
    mean = 0.0
    for term in use.terms:
        mean = mean + _at(term, mask)
    mean = mean if use.cap is None else np.minimum(mean, _at(use.cap, mask))
    mean = mean if use.least is None else np.maximum(mean, _at(use.least, mask))
    k = _at(k, mask)
    if np.ndim(mean) == 0:
        return float(gammainc(k, mean))
    out = np.zeros(np.shape(mean))
    near = mean > k - 12 * np.sqrt(k) - 60  # far below, Chernoff: exp(-(k - m)^2 / (2 k)) is below e-72
    out[near] = gammainc(k if np.ndim(k) == 0 else k[near], mean[near])
    return out


def _total(c, use, limit, mask):
    """By secants on log(sum) - log(limit), nearly straight in the normal quantile; halving where that is slow."""
    scales = {d: c.spreads[d] for d, _ in use.terms}
    top = _at(sum(use.at(c, RARE)), mask)
    added = _at(sum(size(scales[d].at(RARE)) for d, size in use.terms[1:]) + 0.0, mask)
    n = int(mask.sum())
    top, added = np.broadcast_to(top, n), np.broadcast_to(added, n)
    alone = np.broadcast_to(_at(c.runtime.exceed(limit), mask), n)
    out = np.where(added > 0, 0.0, alone)
    need = np.flatnonzero((top > limit) & (added > 0))
    if not need.size:
        return out
    at = {d: (replace(s, scale=np.broadcast_to(_at(s.scale, mask), n)[need]) if np.ndim(s.scale) else s) for d, s in scales.items()}

    def over(z, some):
        total = 0.0
        for d, size in use.terms:
            s = at[d]
            s = replace(s, scale=s.scale[some]) if np.ndim(s.scale) else s
            total = total + np.asarray(size(s.at(z))).reshape(-1)
        return np.log(total) - np.log(limit * (1 + SLACK))

    everyone = np.arange(need.size)
    low, high = np.full(need.size, -9.0), np.full(need.size, RARE)
    fl, fh = over(low, everyone), over(high, everyone)
    never = fl > 0
    high = np.where(never, low, high)
    left = np.flatnonzero(~never)
    side = np.zeros(need.size)
    for turn in range(60):
        if not left.size:
            break
        a, b, fa, fb = low[left], high[left], fl[left], fh[left]
        z = b - fb * (b - a) / np.where(fb > fa, fb - fa, 1.0) if turn % 4 < 3 else (a + b) / 2
        z = np.clip(z, a, b)
        f = over(z, left)
        up = f > 0
        fl[left] = np.where(up, np.where(side[left] == 1, fa / 2, fa), f)
        fh[left] = np.where(up, f, np.where(side[left] == -1, fb / 2, fb))
        high[left], low[left] = np.where(up, z, b), np.where(up, a, z)
        side[left] = np.where(up, 1, -1)
        done = (np.abs(f) < 1e-13) | (high[left] - low[left] < 1e-12)
        low[left[np.abs(f) < 1e-13]] = z[np.abs(f) < 1e-13]
        left = left[~done]
    out[need] = ndtr(-low)
    return out


__all__ = ["CONCERNS", "chances"]
