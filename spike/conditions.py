"""A workload, or an array of them, as options see it: arrays of shape (paths, sizes, *axes), 1 where nothing varies."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import gammainc, gammaincinv, ndtr, ndtri

from explorer import facts
from explorer.assess import highest
from explorer.coldstart import cold_start_share
from explorer.cost import tariffs
from explorer.load import GB, MB, Load
from explorer.use import RARE

SLACK = 1e-12
DOORS = ("function-url", "http-api", "rest-api", "alb")
ENVELOPE_IN = ("encoding.envelope.request.v2", "encoding.envelope.request.v2", "encoding.envelope.request.v1", "encoding.envelope.request.alb")
PAGE_LIMITS = ("lambda.furl.response", "lambda.sync.response", "lambda.sync.response", "alb.lambda.response")
MADE_UP = {  # ids that 0.1.0's facts do not have
    "made.cloudfront_out": ((0.0, 10240.0, 0.085), (10240.0, 40960.0, 0.080), (51200.0, 102400.0, 0.060), (153600.0, np.inf, 0.040)),
    "made.cloudfront_request": 1.0e-6, "made.provisioned": 4.1667e-6, "made.snapstart_cache": 1.5046e-6, "made.snapstart_restore": 1.397e-4,
    "made.express_request": 1e-6, "made.connection_minute": 2.5e-7,
}


class Book:
    """Prices of a region for the sizes asked about: linear ids at once, tiered ones once they are summed."""

    def __init__(self, region, free_tier, arm, nd):
        self.book, self.arm, self.nd, self.memo = tariffs(region, free_tier), arm, nd, {}

    def entry(self, price_id):
        """("linear", price) or ("tiered", tiers, pool)."""
        if price_id not in self.memo:
            self.memo[price_id] = self._entry(price_id)
        return self.memo[price_id]

    def _entry(self, price_id):
        made = MADE_UP.get(price_id)
        if made is not None:
            return ("linear", made, None) if isinstance(made, float) else ("tiered", made, None)
        if not price_id.endswith("*"):
            return self._of(price_id)
        if np.ndim(self.arm) == 0:
            return self._of(price_id[:-1] + ("arm" if self.arm else "x86"))
        a, x = self._of(price_id[:-1] + "arm"), self._of(price_id[:-1] + "x86")
        if a[0] == "linear":
            return "linear", np.where(self.arm, a[1], x[1]), None
        return "tiered", tuple(tuple(np.where(self.arm, p, q) for p, q in zip(s, t, strict=True)) for s, t in zip(a[1], x[1], strict=True)), a[2]

    def _of(self, price_id):
        if self.book.is_linear(price_id):
            return "linear", self.book.price(price_id), None
        return "tiered", self.book.tiers(price_id), self.book.free(price_id)


def tiered_usd(entries, quantities):
    """The money of summed quantities by id, in the order of the ids, with free pools."""
    usd, pools = 0.0, {}
    for price_id in sorted(quantities):
        (_, tiers, free), q = entries[price_id], quantities[price_id]
        if free:
            left = pools.get(free[0], free[1])
            taken = np.minimum(left, q)
            pools[free[0]], q = left - taken, q - taken
        for start, width, price in tiers:
            some = np.ndim(start) > 0
            inside = np.maximum(q - start, 0.0) if some or start else q
            usd = usd + price * (inside if not some and width == np.inf else np.minimum(inside, width))
    return usd


class Stepped:
    """A line of quantity `times` x `function` (rising, of plain numbers) of sums of terms with one driver each."""

    def __init__(self, groups, function, times=1.0):
        self.groups, self.function, self.times = groups, function, times

    def value(self):
        return self.times * self.function(*(sum(group[1:], group[0]) for group in self.groups))


class Conditions(Load):
    """A workload with its axes; `sizes`: (memory [MB], arm) pairs, which are the second axis."""

    def __init__(self, workload, axes=None, sizes=None, shape=None):
        axes = dict(axes or {})
        self.nd = nd = len(shape) if shape is not None else 0
        lead = {name: np.asarray(v, float).reshape((1, 1, *np.shape(v))) for name, v in axes.items()}
        self.sizes = sizes
        if sizes:
            lead["runtime.memory"] = np.array([m for m, _ in sizes], float).reshape((1, -1) + (1,) * nd)
        super().__init__(workload, lead)
        self.arm = np.array([a for _, a in sizes]).reshape((1, -1) + (1,) * nd) if sizes else self.architecture == "arm64"
        if sizes and len({a for _, a in sizes}) == 1:
            self.arm = sizes[0][1]
        self.axes_shape = tuple(shape or ())
        self.levels = np.array((0.5, 0.95, 0.99)).reshape((3, 1, 1) + (1,) * nd)
        self.book = Book(workload.region, workload.preferences.free_tier, self.arm, nd)
        self.z_tolerance = ndtri(1 - self.tolerance)

    def column(self, values):
        """One value a path or door, to broadcast."""
        return np.asarray(values, float).reshape((-1, 1) + (1,) * self.nd)

    def edge_of(self, driver):
        """The driver that no more than the tolerated share of requests exceeds."""
        return self.memo(("edge", driver), lambda: self.spreads[driver].quantile(1 - self.tolerance))

    # cold starts by size -----------------------------------------------------------------------------
    def init_of(self, measure):
        if self.workload.runtime.init is not None or (not self.sizes and np.ndim(self.memory_mb) == 0):
            return measure(self.memo("init spread", lambda: self._init_spread(float(np.min(self.memory_mb)))))
        if not self.sizes:
            found = np.zeros(())
            for size in np.unique(self.memory_mb):
                found = np.where(self.memory_mb == size, measure(self._init_spread(float(size))), found)
            return found
        done, out = {}, []
        for memory, arm in self.sizes:
            row = facts.cold_start(self.workload.runtime.language, "arm64" if arm else "x86_64", memory)
            if row not in done:
                from explorer.distribution import from_quantiles
                spread = self.memo(row, lambda r=row: from_quantiles({0.5: r.p50_s, 0.9: r.p90_s, 0.95: r.p95_s, 0.99: r.p99_s}))
                value = np.asarray(measure(spread))
                done[row] = value.reshape((1,) * (self.nd + 2 - value.ndim) + value.shape)
            out.append(done[row])
        return np.concatenate(np.broadcast_arrays(*out), axis=-(self.nd + 1))

    @property
    def cold(self):
        """The share of requests that meet a cold environment of the function that does the work."""
        return self.memo("cold", lambda: np.asarray(cold_start_share(self.mean_rps, self.runtime.mean, self.constant("lambda.keep_alive_s"))))

    @property
    def polls(self):
        return self.memo("polls", self._mean_polls)

    def _mean_polls(self):
        nodes, weights = self.runtime._nodes
        column = (-1,) + (1,) * np.ndim(self.runtime.scale)
        return (self._polls(nodes.reshape(column) * self.runtime.scale) * weights.reshape(column)).sum(axis=0)

    # named quantities, by the path ---------------------------------------------------------------------
    @property
    def envelope_in(self):
        return self.memo("envelope in", lambda: self.column([self.constant(e) for e in ENVELOPE_IN]))

    @property
    def door_time(self):
        """(3, doors, 1, ...)"""
        return self.memo("door time", lambda: np.concatenate([self.time(f"door.{d}") for d in DOORS], axis=1))

    def factor(self, gz, direction="response"):
        """Bytes that travel for a byte of a text or binary body, and whether it is base64."""
        binary = getattr(self.workload, direction).binary
        plain = 1.0 if binary else self.constant("encoding.json_escape")
        if direction == "request":
            return plain, np.bool_(binary)
        return np.where(gz, self.compression, plain), gz | binary

    def room(self, limit, envelope, factor, base64):
        carried = np.floor(limit - envelope)
        return np.where(base64, 3 * np.floor(carried / 4), carried) / factor

    def coded(self, size, envelope, factor, base64):
        carried = np.ceil(size * factor * (1 - 1e-15))
        return np.where(base64, 4 * np.ceil(carried / 3), carried) + envelope

    def page_table(self):
        """(page [B], pages) by (gzip, door): arrays (2, 4, ...)."""
        def make():
            limit = self.column([self.limit(p) for p in PAGE_LIMITS])
            env = self.constant("encoding.envelope.response")
            page = np.stack(np.broadcast_arrays(*[np.floor(self.room(limit, env, *self.factor(np.bool_(gz))) * self.constant("page.fill")) for gz in (False, True)]))
            return page, mean_ceil(self.response, page)
        return self.memo("pages", make)

    def exchange_terms(self, p):
        """Requests through the door for one of the client, on average: terms with one driver each."""
        terms = [1.0 + p.s3in]
        if p.polls.any():
            terms.append(p.polls * self.polls)
        if p.page.any():
            terms.append(p.page * (self.page_table()[1][p.gz.ravel() * 1, p.door.ravel()] - 1))
        return terms

    @property
    def tries(self):
        return 1.0

    # held: one driver a term
    def held_terms(self, p):
        """Seconds that one request holds its environment on average: terms with one driver each."""
        terms = [self.runtime.mean]
        if p.s3in.any():
            terms.append(p.s3in * (self.request.mean / self.network))
        if p.stream.any():
            terms.append(p.stream * self.stream_mean_s)
        if p.job.any():
            terms.append(p.job * (self.response.mean / self.network))
        return terms

    def material(self, least):
        s3 = lambda v: _material(v / self.network + self.typical_s("s3.request"), least)  # noqa: E731
        gz = lambda v: _material(v / (self.constant("gzip.bytes_per_s") * self.vcpu), least)  # noqa: E731
        return s3, gz

    def time_limit(self, limit, p, where=True):
        """Run time, reading an uploaded body, and compressing, storing or streaming the result."""
        least = self.constant("time.material") * self.limit(limit)
        s3, gz = self.material(least)
        terms = [("runtime", lambda v: v)]
        if p.s3in.any():
            terms.append(("request", lambda v: p.s3in * s3(v)))
        if p.gz.any() or p.job.any() or p.stream.any():
            def sent(v):
                total = 0.0
                if p.gz.any():
                    total = total + p.gz * gz(v)
                if p.job.any():
                    total = total + p.job * s3(v)
                if p.stream.any():
                    total = total + p.stream * self.stream.size(v)
                return total
            terms.append(("response", sent))
        return Total(limit, terms, where)

    @property
    def public_egress(self):
        return 1.0 if self.public else 0.0

    def logs(self, calls):
        return "cloudwatch.logs_ingest_vended_standard", calls * (self.constant("lambda.log_bytes") / GB)

    def compute(self, p, seconds):
        """Lines for seconds of work more a request, wherever it runs."""
        if p.lam.any():
            yield "lambda.duration_*", p.lam * (self.requests * self.memory_gb) * seconds
        if p.task.any():
            yield from self.task_hours(p.task * (self.requests / 3600) * seconds, self.task_vcpu, self.task_gb)

    def task_hours(self, hours, vcpu, gb):
        yield "fargate.vcpu_linux_*", hours * vcpu
        yield "fargate.memory_linux_*", hours * gb
        yield "vpc.public_ipv4_in_use", hours

    def front(self, calls, time_id):
        """Lines for calls of a small function beside the worker."""
        yield "lambda.request_*", calls
        yield "lambda.duration_*", calls * (self.typical_s(time_id) * self.constant("handler.memory_mb") / 1024)
        yield self.logs(calls)

    def front_cold(self, time_id):
        return self.cold_start(self.typical_s(time_id), time_id)


def _material(used, least):
    return np.where(used >= least, used, 0.0)


def mean_ceil(spread, increment):
    """E[ceil(X / increment)] in one pass over increments of any shape."""
    if hasattr(spread, "values"):
        values, counts = spread._distinct
        if values.size <= 512:
            total = 0.0
            for value, count in zip(values, counts, strict=True):
                total = total + count * np.ceil(value * spread.scale / increment * (1 - 1e-12))
            return total / spread.values.size
    unit = np.asarray(increment / spread.scale)
    terms = spread._sf(np.arange(65).reshape((-1,) + (1,) * unit.ndim) * unit)
    return terms[:-1].sum(axis=0) + terms[-1] / 2 + spread._excess(64 * unit) / unit


# Uses of limits: within = a sum of terms with one driver each is not above a threshold --------------------
class Use:
    driver = "runtime"

    def thresholds(self, c, limit):
        """(terms, most): it holds where the sum of the terms is at most `most`."""
        raise NotImplementedError

    def within(self, c, limit):
        terms, most = self.thresholds(c, limit)
        total = 0.0
        for term in terms:
            total = total + term
        return (total <= most) | ~np.asarray(self.where)


class Per(Use):
    """A limit on a monotone function of one driver."""

    def __init__(self, limit, driver, room, where=True):
        self.limit, self.driver, self.room, self.where = limit, driver, room, where

    def thresholds(self, c, limit):
        return [c.edge_of(self.driver)], self.room(limit) * (1 + SLACK)

    def exceed(self, c, limit):
        return c.spreads[self.driver].exceed(self.room(limit)) * self.where


class Total(Use):
    """A limit on a sum of measures of several drivers, which are large together."""

    def __init__(self, limit, terms, where=True):
        self.limit, self.terms, self.where = limit, terms, where

    def at(self, c, z):
        return [size(c.spreads[driver].at(z)) for driver, size in self.terms]

    def thresholds(self, c, limit):
        if len(self.terms) == 1:
            return [c.edge_of("runtime")], limit * (1 + SLACK)
        return [size(c.edge_of(driver)) for driver, size in self.terms], limit * (1 + SLACK)

    def exceed(self, c, limit):
        if len(self.terms) == 1:
            return c.runtime.exceed(limit) * self.where
        top = sum(self.at(c, RARE))
        added = sum(size(c.spreads[d].at(RARE)) for d, size in self.terms[1:])
        alone = c.runtime.exceed(limit)
        shape = np.broadcast_shapes(np.shape(top), np.shape(alone))
        out = np.broadcast_to(np.where(np.broadcast_to(added, shape) > 0, 0.0, alone), shape).copy()
        if np.any((top > limit) & (added > 0)):
            low, width = np.full(shape, -9.0), RARE + 9.0
            for _ in range(40):
                width = width / 2
                over = sum(self.at(c, low + width)) > limit * (1 + SLACK)
                low = np.where(over, low, low + width)
            out = np.where((added > 0) & (top > limit), ndtr(-low), out)
        return out * self.where


class Peak(Use):
    """Poisson demand at the peak: its mean is a sum of terms, at least `least` and at most `cap`."""

    driver = "peak"

    def __init__(self, limit, terms, each=1.0, least=None, cap=None, where=True):
        self.limit, self.terms, self.each, self.least, self.cap, self.where = limit, terms, each, least, cap, where

    def thresholds(self, c, limit):
        if np.isinf(limit):
            return [0.0], np.inf
        most = self.most(c, limit)
        if self.cap is not None:
            most = np.where(self.cap <= most, np.inf, most)
        if self.least is not None:
            most = np.where(self.least <= most, most, -np.inf)
        return self.terms, most

    def most(self, c, limit):
        """The mean demand that exceeds `limit` for no more than the tolerated share."""
        if np.ndim(self.each) or np.ndim(c.tolerance):
            return gammaincinv(np.floor(limit / self.each * (1 + SLACK)) + 1, c.tolerance)
        return _most(float(np.floor(limit / self.each * (1 + SLACK)) + 1), float(c.tolerance))

    def mean(self):
        mean = 0.0
        for term in self.terms:
            mean = mean + term
        mean = mean if self.cap is None else np.minimum(mean, self.cap)
        return mean if self.least is None else np.maximum(mean, self.least)

    def exceed(self, c, limit):
        if np.isinf(limit):
            return 0.0
        return gammainc(np.floor(limit / self.each * (1 + SLACK)) + 1, self.mean()) * self.where


@cache
def _most(k, tolerance):
    return float(gammaincinv(k, tolerance))


class Fixed(Use):
    """What does not vary between requests."""

    driver = "amount"

    def __init__(self, limit, value, where=True):
        self.limit, self.value, self.where = limit, value, where

    def thresholds(self, c, limit):
        return [self.value], limit * (1 + SLACK)

    def exceed(self, c, limit):
        return (self.value > limit * (1 + SLACK)) * 1.0 * self.where


def today(c, limit_id):
    """The quota as it is today."""
    return limit_id if isinstance(limit_id, float) else c.limit(limit_id)


def raised(c, limit_id):
    """The quota as far as it can be raised."""
    return limit_id if isinstance(limit_id, float) else highest(limit_id) or c.limit(limit_id)


__all__ = ["GB", "MB", "Book", "Conditions", "Fixed", "Peak", "Per", "Stepped", "Total", "mean_ceil", "raised", "tiered_usd", "today"]
