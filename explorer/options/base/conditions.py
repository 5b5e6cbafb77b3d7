"""A workload, or many, as options see it: its quantities, and the facts by id."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from explorer.facts import catalogue, records
from explorer.facts.encoding import Codec
from explorer.facts.savings_plans import NO_PLAN
from explorer.facts.ufuncs import gammainc
from explorer.facts.units import BYTES, Number
from explorer.workload.distribution import Distribution, Earlier, constant, from_quantiles
from explorer.workload.kinds import ANY
from explorer.workload.run_time import computing_factor, reference_memory, run_time_at
from explorer.workload.workload import Workload

from .added_time import BodyPath
from .cold_starts import cold_start_share, mean_environments, ready_servers
from .limit_uses import AfterBurst, LimitUse, Linear, PerRequest, SumPerRequest, Term
from .mask import EVERYWHERE, Mask
from .paths import Paths
from .request_path import LEVELS, Behind, BodyIn, BodyOut, Initialization, Start, Step
from .sizes import ARCHITECTURES, Size, sizes_of, typical
from .usage import StepQuantity, UsageLines

if TYPE_CHECKING:
    from explorer.facts.runtimes import Runtime

GB = float(BYTES["GB"])
MB = float(BYTES["MB"])
MEGABIT = 1e6 / 8  # bytes
P95_TAIL_SHARE = 0.05  # share of requests above the p95
LEAST_SHARE = 1e-12  # lower bound of the share of requests that pass a cache, so that no rate is 0
REQUEST_ENVELOPE = "encoding.envelope.request."  # followed by the kind of event, such as "v2"
ARM, X86, EITHER = "_arm", "_x86", "_*"  # endings of price ids by architecture; for EITHER see `by_size`
PER_VCPU = {  # by family of runtimes
    "nodejs": "lmi.concurrency.node",
    "java": "lmi.concurrency.java",
    "dotnet": "lmi.concurrency.dotnet",
    "python": "lmi.concurrency.python",
}
T = TypeVar("T")


class Conditions:
    """A workload as options see it: its quantities, the facts by id, its cold starts.

    Every quantity is a number, or an array along the axes of a sweep. `axes` maps dotted fields to arrays;
    for a distribution, the axis scales it so that its median is the value. A quantity that depends on the
    request path is a method that takes the paths (`Paths`): one path, or all paths of an option at once.

    If a cache at the edge answers some of the requests, the options behind it see only the others
    (`behind_edge`): fewer requests, lower rates, and quantile levels of their own. `clients` is the load as
    the clients produce it, and the same object if nothing is cached.
    """

    hours: Number  # in a month
    month_s: Number
    requests: Number  # per month
    mean_rps: Number
    peak_rps: Number
    peak_ramp_s: Number
    hits: Number  # the share of the clients' requests that a cache answers
    memory_mb: Number
    memory_gb: Number
    held_gb: Number  # memory that one request holds in a container that carries several
    compute_mb: Number  # memory of a function with the same vCPUs
    of_task: Mask  # whether a size is a container task's, where functions and tasks have sizes of their own
    vcpu: Number  # vCPUs that come with the memory, or with the task
    used_vcpu: Number  # vCPUs that the work can use
    cpu: Number  # the share of the run time in which the work computes
    arm: Mask  # whether a size has arm64
    state_bytes: Number
    compression: Number  # size of the response after gzip divided by its size
    cacheable: Number
    headers: Number | None  # [B]; None: as measured
    bandwidth: Number  # [B/s]
    tolerance: Number  # the share of requests that may fail
    waits: Number  # how long a client waits for the first byte of a response [s]
    latency_p95: Number | None  # the promised p95 [s]
    first_byte_p95: Number | None
    config_bytes: Number
    config_entries: Number
    config_secrets: Number
    config_largest: Number  # [B]
    secret_bytes: Number

    def __init__(
        self,
        workload: Workload,
        axes: Mapping[str, np.ndarray] | None = None,
        sizes: Sequence[Size] | None = None,
        at_once: bool = False,
    ) -> None:
        """Set the quantities along `axes` at one of `sizes`; by default at a typical size of the workload.

        With `at_once`, an axis of length 1 for the paths and an axis for the sizes come before `axes`.
        """
        self.plain_axes = dict(axes or {})
        memory = self.plain_axes.get("runtime.memory")
        self.sizes = tuple(sizes_of(workload, memory) if sizes is None else sizes)
        self.at_all_sizes, before = at_once, (1, len(self.sizes)) if at_once else ()
        shape = np.broadcast_shapes(*(np.shape(values) for values in self.plain_axes.values()))
        self.shape, ndim = (*before, *shape), len(shape)
        self.axes = {
            name: np.reshape(
                values, (*(1,) * len(before), *(1,) * (ndim - np.ndim(values)), *np.shape(values))
            )
            for name, values in self.plain_axes.items()
        }
        self.levels = np.array(LEVELS).reshape((3,) + (1,) * len(self.shape))
        self.limits: dict[str, float] = {}  # facts that were read: the assumptions of an answer
        self.constants: dict[str, float] = {}
        self.times: dict[str, NDArray[np.float64]] = {}
        self._memo: dict[Hashable, Any] = {}
        self._whole: dict[Hashable, Any] = {}  # results of the load from which these points are taken
        self._pick: Callable[[Any], Any] = lambda value: value
        self._clients: Conditions | None = None
        self._beyond_cache: Conditions | None = None
        self.hits = 0.0  # the share of the clients' requests that a cache answers
        self.workload = workload
        self._read_numbers()

    def at_once(self) -> Self:
        """The same load with an axis for the paths and an axis for its sizes before its own axes.

        An option then answers for all of its paths and sizes at once.
        """
        return type(self)(self.workload, self.plain_axes, self.sizes, at_once=True)

    def at_size(self, size: Size) -> Self:
        """The same load at one of its `sizes`."""
        return type(self)(self.workload, self.plain_axes, (size,))

    def at_points(self, here: np.ndarray) -> Self:
        """The points of the load where `here` is true, along one axis."""
        shape = self.shape[len(self.shape) - here.ndim :]
        axes = {name: np.broadcast_to(values, shape)[here] for name, values in self.plain_axes.items()}
        points = type(self)(self.workload, axes, self.sizes)
        if len(self.sizes) == 1:
            points._pick = lambda value: _at_points(value, self.shape, here)
            points._whole = self._memo
        return points

    # Facts by id ---------------------------------------------------------------------------------

    def memo(self, key: Hashable, make: Callable[[], T]) -> T:
        """The result of `make`, computed once for this load."""
        try:
            if key not in self._memo:
                whole_value = self._whole.get(key)
                self._memo[key] = self._pick(whole_value) if _is_numbers(whole_value) else make()
        except TypeError:  # the key contains an array, which cannot be hashed
            return make()
        result: T = self._memo[key]
        return result

    def limit(self, limit_id: str) -> float:
        """The value of a limit, in its unit."""
        if limit_id not in self.limits:
            value = self.own_limits.get(limit_id, catalogue.limit(limit_id).value)
            assert value is not None, f"{limit_id} has no number in limits.csv"
            self.limits[limit_id] = value
        return self.limits[limit_id]

    @property
    def own_limits(self) -> Mapping[str, float]:
        """Limits that the workload states: quotas of its account, and its downstream concurrency."""
        most = self.workload.downstream.concurrency
        return {**self.workload.account, **({} if most is None else {"downstream.concurrency": most})}

    @property
    def downstream_concurrency(self) -> Number:
        """The concurrent calls that the downstream system tolerates; infinite if not stated."""
        bearable = self.stated_number("downstream.concurrency")
        return np.inf if bearable is None else bearable

    def limit_per_s(self, limit_id: str) -> float:
        """A rate limit [1/s] that its row states per minute."""
        return self.limit(limit_id) / 60

    def confirmed_limit(self, limit_id: str) -> float:
        """The newest verified value of a limit, or today's if none is verified, in its unit."""
        return catalogue.confirmed_limit(limit_id) or self.limit(limit_id)

    def constant(self, constant_id: str) -> float:
        """A metering or modelling constant."""
        if constant_id not in self.constants:
            self.constants[constant_id] = catalogue.constant(constant_id).value
        return self.constants[constant_id]

    def time(self, time_id: str) -> NDArray[np.float64]:
        """The time of an operation at each of `LEVELS` [s], shape (3, ...): measured, or assumed."""
        if self.clients is not self:
            self.clients.time(time_id)  # records there that it was read
            return self.memo(("time", time_id), lambda: self._time_at_levels(time_id))
        measured = self.workload.times.get(time_id)
        if measured is not None:
            return np.asarray(measured.spread.quantile(np.array(LEVELS))).reshape(self.levels.shape)
        if time_id not in self.times:
            row = catalogue.time(time_id)
            seconds = np.array([row.p50_s, row.p95_s, row.p99_s])
            self.times[time_id] = seconds.reshape(self.levels.shape)
        return self.times[time_id]

    def _time_at_levels(self, time_id: str) -> NDArray[np.float64]:
        return np.asarray(self._time_spread(time_id).quantile(self.levels))

    def typical_s(self, time_id: str) -> float:
        """The p50 of an operation [s], used where a mean is needed: no mean is published."""
        return float(self.clients.time(time_id)[0].item())

    def longest_s(self, time_id: str) -> float:
        """The p99 of an operation [s], whatever share of the requests it affects."""
        return float(self.clients.time(time_id)[-1].item())

    def _time_spread(self, time_id: str) -> Distribution:
        measured = self.workload.times.get(time_id)
        if measured is not None:
            return measured.spread
        row = catalogue.time(time_id)
        if row.p50_s <= 0:
            return constant(row.p99_s)
        return from_quantiles({0.5: row.p50_s, 0.99: row.p99_s})

    # The workload's own quantities -------------------------------------------------------------

    def number(self, field: str) -> Number:
        """A numeric field that every workload has, or its axis; raises ValueError if it is not stated."""
        value = self.stated_number(field)
        if value is None:
            raise ValueError(f"{field} is not stated")
        return value

    def stated_number(self, field: str) -> Number | None:
        """A numeric field of the workload, or its axis; None if it is not stated."""
        if field in self.axes:
            return self.axes[field]
        value = self.workload.field_value(field)
        if value is None or isinstance(value, int | float):
            return value
        raise TypeError(f"{field} is {value!r}: expected a number")

    def _read_numbers(self) -> None:
        w, number = self.workload, self.number
        hours = number("preferences.month_hours")
        self.hours, self.month_s = hours, hours * 3600
        self.requests = number("requests_per_month")
        self.mean_rps = self.requests / self.month_s
        peak = self.stated_number("peak_rps")
        if peak is None:
            peak = self.constant("peak.factor") * self.mean_rps
        self.peak_rps = np.maximum(peak, self.mean_rps)
        self.peak_ramp_s = number("peak_ramp")
        self.request, self.response = self._scale("request"), self._scale("response")
        self._read_sizes()
        self._read_run_time()
        self.spreads = {"request": self.request, "response": self.response, "runtime": self.runtime}
        self.spreads["first_byte"] = self.first_byte
        self.state_bytes = number("runtime.state")
        self.compression = number("response.compression")
        self.cacheable, self.headers = number("response.cacheable"), self.stated_number("client.headers")
        self.bandwidth = number("client.bandwidth")
        self.tolerance = 1 - number("targets.success") + 1e-12  # may fail; 1 - 0.999 is off by less
        self.waits, self.latency_p95 = number("client.waits"), self.stated_number("targets.latency_p95")
        self.first_byte_p95 = self.stated_number("targets.first_byte_p95")
        if w.preferences.savings_plan != NO_PLAN:
            self.constant("savings_plan.covered")  # listed among the assumptions
        self._read_configuration()

    def _read_sizes(self) -> None:
        """Set memory and architecture: those of one size, or of all sizes along their axis."""
        sizes = self.sizes if self.at_all_sizes else (typical(self.sizes),)
        column = (1, len(sizes), *(1,) * (len(self.shape) - 2))
        self.memory_mb = sizes[0].memory_mb
        if "runtime.memory" in self.axes:
            self.memory_mb = self.axes["runtime.memory"]
        elif len(sizes) > 1:
            self.memory_mb = np.reshape([size.memory_mb for size in sizes], column)
        architectures = {size.architecture for size in sizes}
        self.architecture = ANY if len(architectures) > 1 else sizes[0].architecture
        self.arm = np.bool_(self.architecture == "arm64")
        if self.architecture == ANY:
            self.arm = np.reshape([size.architecture == "arm64" for size in sizes], column)
        self.memory_gb = self.memory_mb / 1024
        vcpu_mb = self.constant("lambda.vcpu_mb")
        self.vcpu = self.memory_mb / vcpu_mb
        self.compute_mb = self.memory_mb
        self.held_gb = self.memory_gb
        self.of_task = np.bool_(sizes[0].vcpu is not None)
        if any(size.vcpu is not None for size in sizes):  # a task's vCPUs do not follow from its memory
            of_task, vcpu = (
                np.reshape(values, column if len(sizes) > 1 else ())
                for values in zip(*((size.vcpu is not None, size.vcpu or 0.0) for size in sizes), strict=True)
            )
            self.of_task = of_task
            self.vcpu = np.where(of_task, vcpu, self.vcpu)[()]
            self.compute_mb = np.where(of_task, vcpu * vcpu_mb, self.memory_mb)[()]
            self.held_gb = np.where(of_task, self.workload.runtime.used / 1024, self.memory_gb)[()]
        self.used_vcpu = np.minimum(self.vcpu, self.number("runtime.threads"))  # vCPUs that the work can use

    def _read_run_time(self) -> None:
        """Set the run time at this memory, its computing share, and the first byte in proportion to it."""
        runtime = self.workload.runtime
        cpu = self.number("runtime.cpu")
        threads = self.number("runtime.threads")
        stated_at = reference_memory(runtime)
        stated = here = run_time_at(runtime, stated_at, cpu, threads)
        slower: Number = 1.0
        if np.ndim(self.compute_mb) or self.compute_mb != stated_at:
            here = run_time_at(runtime, self.compute_mb, cpu, threads)
            slower = computing_factor(runtime, stated_at, self.compute_mb, cpu, threads)
            slower = here.median / stated.median if runtime.tuned else slower
        # the CPU seconds of the work do not depend on the memory
        used_there = np.minimum(stated_at / self.constant("lambda.vcpu_mb"), threads)
        self.cpu = np.minimum(cpu * used_there / self.used_vcpu / slower, 1.0)
        longer = slower
        if "runtime" in self.axes:
            here = here.with_median(self.axes["runtime"] * slower)
            longer = slower * self.axes["runtime"] / stated.median
        here = self._with_tail("runtime", here)
        self.runtime, first = here, runtime.first_byte
        self.first_byte = here if first is None else Earlier(first.spread.scale_by(longer), here)

    def _read_configuration(self) -> None:
        configuration, number = self.workload.configuration, self.number
        total: Number = self.axes.get("configuration", configuration.total)
        entries, largest = (self.stated_number(f"configuration.{name}") for name in ("entries", "largest"))
        self.config_bytes, self.config_secrets = total, number("configuration.secrets")
        self.config_entries = configuration.entries_of(total) if entries is None else entries
        mean: Number = total / np.maximum(self.config_entries, 1)
        growth = (
            total / configuration.total if configuration.total >= 1 else 1.0
        )  # less than one byte is not scaled
        self.config_largest = mean if largest is None else largest * growth
        self.secret_bytes = mean * self.config_secrets

    def _scale(self, name: str) -> Distribution:
        spread: Distribution = getattr(self.workload, name).spread
        return self._with_tail(name, spread.with_median(self.axes[name]) if name in self.axes else spread)

    def _with_tail(self, name: str, spread: Distribution) -> Distribution:
        """The distribution of a driver with the tail of each point; here the tail is that of the workload."""
        return spread

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver: request [B], response [B], runtime or first_byte [s]."""
        return self.spreads[driver]

    def edge(self, driver: str) -> Number:
        """The value of a driver that only the tolerated share of requests exceeds."""
        return self.memo(("edge", driver), lambda: self.spreads[driver].quantile(1 - self.tolerance))

    def at_levels(self, driver: str) -> NDArray[np.float64]:
        """The driver at each of `LEVELS`, shape (3, ...)."""
        return self.memo(("levels", driver), lambda: self._at_levels(driver))

    def _at_levels(self, driver: str) -> NDArray[np.float64]:
        return np.asarray(self.spreads[driver].quantile(self.levels))

    def first_byte_at_levels(self, streamed: Mask) -> Number | None:
        """The time of the work before the first byte at each of `LEVELS` [s]; None: the whole run time."""
        if self.workload.runtime.first_byte is None or not streamed.any():
            return None
        return np.where(streamed, self.at_levels("first_byte"), self.at_levels("runtime"))

    @property
    def steps(self) -> Number:
        """The number of steps into which divisible work is cut; 1 if the work is not divisible."""
        return self.memo("steps", self._steps)

    def _steps(self) -> Number:
        if not self.workload.runtime.divisible:
            return 1.0
        steps = self.stated_number("runtime.steps")
        if steps is not None:
            return steps
        seconds = self.constant("step.seconds")
        result: Number = np.maximum(1.0, np.ceil(self.runtime.quantile(0.99) / seconds))
        return result

    def price(self, price_id: str) -> Number:
        """The first tier's price of an id with the savings plan [USD a unit], for quantities that need it."""
        return self._usd(price_id, self.workload.preferences.savings_plan)

    def list_price(self, price_id: str) -> Number:
        """The price of an id's first tier without a savings plan [USD a unit]."""
        return self._usd(price_id, NO_PLAN)

    def _usd(self, price_id: str, plan: str) -> Number:
        if price_id.endswith(EITHER):
            arm, x86 = (self._usd(price_id.removesuffix(EITHER) + ending, plan) for ending in (ARM, X86))
            return np.where(self.arm, arm, x86)
        return float(catalogue.tariff(price_id, self.workload.region, plan).tiers[0].usd)

    def by_architecture(self, price_id: str) -> str:
        """The price id for the architecture: "lambda.request" -> "lambda.request_arm".

        If the load has sizes of both architectures, it is "lambda.request_*", which `by_size` splits into two
        lines.
        """
        return price_id + (EITHER if self.architecture == ANY else ARM if self.arm else X86)

    def by_size(self, usage: UsageLines) -> UsageLines:
        """The usage with complete price ids: one line for each architecture, where sizes have both."""
        for price_id, quantity in usage:
            if not price_id.endswith(EITHER):
                yield price_id, quantity
                continue
            for ending, has in ((ARM, self.arm), (X86, ~self.arm)):
                own = quantity.scale_by(has * 1.0) if isinstance(quantity, StepQuantity) else quantity * has
                yield price_id.removesuffix(EITHER) + ending, own

    # A cache at the edge -------------------------------------------------------------------------

    @property
    def clients(self) -> Conditions:
        """The load as the clients produce it, including the requests that a cache answers."""
        return self if self._clients is None else self._clients

    @property
    def caches(self) -> bool:
        """Whether a cache at the edge would answer any request; cached paths are then evaluated apart."""
        return bool(np.any(np.asarray(self.cacheable) > 0))

    def behind_edge(self, path: Paths) -> Conditions:
        """The load as seen behind the edge of these paths, which must all be cached or all not cached.

        Raises ValueError if only some are cached.
        """
        if not self.caches or not path.can_cache.any():
            return self
        if not path.can_cache.all():
            raise ValueError("paths behind a cache and paths without one are asked apart")
        return self.beyond_cache

    @property
    def beyond_cache(self) -> Conditions:
        """The load without the share of the requests that a cache answers.

        A quantile level of all requests is a lower level of the requests that pass the cache: if the share c
        is answered at once, the slowest 1 - q of all are the slowest (1 - q) / (1 - c) of the rest. Example:
        with c = 0.8, the p95 of all requests is the p75 of those that pass, as 0.05 / 0.2 = 0.25. One further
        level, the last, is the median of the rest.
        """
        if self._beyond_cache is None:
            self._beyond_cache = self._without_hits()
        return self._beyond_cache

    def _without_hits(self) -> Conditions:
        view = copy.copy(self)
        view._clients, view.hits = self, self.cacheable
        view._memo, view._whole = {}, {}
        passed = np.maximum(1 - self.cacheable, LEAST_SHARE)
        view.requests, view.mean_rps, view.peak_rps = (
            passed * each for each in (self.requests, self.mean_rps, self.peak_rps)
        )
        levels = np.clip(1 - (1 - self.levels) / passed, 0.001, None)
        median = np.full((1, *levels.shape[1:]), 0.5)
        view.levels = np.concatenate([levels, median])
        return view

    def passed_s(self, time_id: str) -> Number:
        """The time of an operation for requests that pass the cache [s], at `LEVELS` of all and their median.

        It is 0 at the levels of requests that the cache answers.
        """
        view = self.beyond_cache
        seconds = view.time(time_id)
        of_all = np.where(self.levels > view.hits, seconds[: len(LEVELS)], 0.0)
        return np.concatenate([of_all, np.broadcast_to(seconds[-1:], (1, *of_all.shape[1:]))])

    def step_s(self, step: Step) -> Number:
        """The time of a step at each of `LEVELS` of all requests [s]; 0 where a cache answers."""
        return self._of_all(step.seconds, step.for_hits)

    def first_byte_s(self, step: Step) -> Number:
        """The time of a step before the first byte of the result, at each of `LEVELS` [s]."""
        before = step.seconds if step.before_first_byte is None else step.before_first_byte
        return self._of_all(before, step.for_hits)

    def patience_s(self, step: Step) -> Number:
        """The time of a step before the first byte [s], at the median of the requests that pass the cache.

        The client's patience is compared with this time.
        """
        before = np.asarray(step.seconds if step.before_first_byte is None else step.before_first_byte)
        if before.ndim == 0:
            return float(before)
        result: Number = before[-1 if len(before) > len(LEVELS) else 0]
        return result

    def _of_all(self, seconds: Number, for_hits: bool) -> Number:
        seconds = seconds[: len(LEVELS)] if isinstance(seconds, np.ndarray) and seconds.ndim else seconds
        if self.clients is self or for_hits:
            return seconds
        return np.where(self.clients.levels > self.hits, seconds, 0.0)

    # Named quantities that several options need --------------------------------------------------

    def codec(self, direction: str, path: Paths) -> Codec:
        """The encoding of a body that travels through the door to or from a function."""
        return self.event_codec(
            direction, path, getattr(path, f"{direction}_envelope").look_up(self.envelope)
        )

    def event_codec(self, direction: str, path: Paths, envelope: Number = 0.0) -> Codec:
        """The encoding of a body inside JSON, with an envelope of this many bytes."""
        binary = getattr(self.workload, direction).binary
        factor = 1.0 if binary else self.constant("encoding.json_escape")
        if direction == "response" and path.gzip.any():
            return Codec(path.gzip | binary, np.where(path.gzip, self.compression, factor)[()], envelope)
        return Codec(np.bool_(binary), factor, envelope)

    def envelope(self, envelope_id: str) -> Number:
        """The bytes that a door adds around a body: measured, or with the headers that the workload states.

        The measured event contains assumed headers, once or as often as its format repeats them. The
        constants `encoding.headers` and `encoding.copies` of its kind give their bytes and copies.
        """
        measured, kind = self.constant(envelope_id), envelope_id.removeprefix(REQUEST_ENVELOPE)
        if self.headers is None or kind == envelope_id:
            return measured
        copies, assumed = self.constant(f"encoding.copies.{kind}"), self.constant(f"encoding.headers.{kind}")
        return measured + copies * (self.headers - assumed)

    def body_factor(self, direction: str, path: BodyPath) -> Number:
        """The size of a body as sent divided by its original size: below 1 if it is compressed."""
        if direction != "response" or not path.gzip.any():
            return 1.0
        return np.where(path.gzip, self.compression, 1.0)[()]

    def sent_mean(self, path: Paths) -> Number:
        """The mean size of the response as sent [B]."""
        return self.body_factor("response", path) * self.response.mean

    def sent_at_levels(self, path: Paths) -> NDArray[np.float64]:
        """The size of the response as sent at each of `LEVELS` [B], shape (3, ...)."""
        return self.body_factor("response", path) * self.at_levels("response")

    def page_bytes(self, path: Paths) -> Number:
        """The page size [B] that fills the share `page.fill` of the door's limits on a response."""
        limits = path.response_limits
        least = limits.look_up(lambda ids: min((self.limit(limit) for limit in ids), default=MB))
        room = np.where(limits.is_(()), MB, self.codec("response", path).room(least))
        return np.floor(room * self.constant("page.fill"))

    def pages(self, path: Paths) -> Number:
        """The mean number of pages that are requested for one response."""
        return self.memo(("pages", path), lambda: self.response.mean_ceil(self.page_bytes(path)))

    @property
    def runtime_row(self) -> Runtime | None:
        """The row of the runtime in the table of runtimes; None if there is none."""
        return self.memo("runtime row", lambda: catalogue.runtime(self.workload.runtime.language))

    @property
    def polls(self) -> Number:
        """The mean number of status requests for one job."""
        return self.memo("polls", lambda: self.runtime.expect(self._polls))

    def _polls(self, seconds: Number) -> Number:
        first, growth = self.constant("poll.first_s"), self.constant("poll.growth")
        even = first / growth  # until then every `first` s, later `growth` x time so far
        late = np.maximum(seconds, even) / even
        result: Number = 1 + np.minimum(seconds, even) / first + np.log(late) / np.log1p(growth)
        return result

    @property
    def poll_wait(self) -> Number:
        """The time from the end of the work to the poll that sees it, at each of `LEVELS` [s]."""
        gap = self.constant("poll.growth") * self.at_levels("runtime")
        return self.levels * np.maximum(self.constant("poll.first_s"), gap)

    @property
    def connections(self) -> Number:
        """The mean number of WebSocket connections that one job needs: the duration of each is limited."""
        longest = self.limit("apigw.ws.duration")
        return self.memo("connections", lambda: self.runtime.mean_ceil(longest))

    def exchanges(self, path: Paths) -> list[Number]:
        """The mean requests through the door for one client request: terms with one driver each."""
        terms: list[Number] = [1.0 + path.body_in.is_(BodyIn.S3)]
        if path.polls.any():
            terms.append(path.polls * self.polls)
        paged = path.body_out.is_(BodyOut.PAGE)
        if paged.any():
            terms.append(paged * (self.pages(path) - 1))
        return terms

    def stream(self, path: BodyPath) -> AfterBurst:
        """The time for which Lambda's bandwidth delays a stream after the burst [s]."""
        # a client slower than the stream delays it
        rate = np.minimum(self.limit("lambda.stream.rate") * MB, self.bandwidth)
        return AfterBurst(self.limit("lambda.stream.burst"), rate, self.body_factor("response", path))

    def streamed_beyond(self, path: BodyPath) -> Number:
        """The mean bytes of a stream beyond the burst."""
        factor = self.body_factor("response", path)
        return factor * self.response.excess(self.limit("lambda.stream.burst") / factor)

    def stream_mean_s(self, path: BodyPath) -> Number:
        """The mean time that `stream` adds to a response [s]."""
        return self.memo(("stream", path), lambda: self.streamed_beyond(path) / self.stream(path).rate)

    def time_limit(self, limit_id: str, path: Paths, where: Mask = EVERYWHERE) -> PerRequest | SumPerRequest:
        """A limit on the time of a function for one request.

        This includes the times that the options of the design add to the run time, such as reading an
        uploaded body or storing the result.
        """
        least = self.constant("time.material") * self.limit(limit_id)
        self._rest_on_bodies()
        more = [
            Term(time.driver, time.measure(self, path, least), on) for time, on in path.added_times.members()
        ]
        if not more:
            return PerRequest(limit_id, "runtime", where=where)
        return SumPerRequest(limit_id, (Term("runtime", Linear()), *more), where)

    def _rest_on_bodies(self) -> None:
        """Read the facts about the transfer of bodies: answers about a time limit list them in any case."""
        self.constant("gzip.bytes_per_s")
        self.time("s3.request")
        self.network  # noqa: B018

    def answer_limit(self, limit_id: str, path: Paths, where: Mask) -> Iterator[LimitUse]:
        """A limit on the time until the first byte of a synchronous response.

        It includes all of the work, or for a stream the time before `runtime.first_byte`.
        """
        stream, function = where & path.body_out.is_(BodyOut.STREAM), path.behind.is_(Behind.FUNCTION)
        if (whole := where & function & ~stream).any():
            yield self.time_limit(limit_id, path, whole)
        if (whole := where & ~function & ~stream).any():
            yield PerRequest(limit_id, "runtime", where=whole)
        if stream.any():
            yield SumPerRequest(limit_id, (Term("first_byte", Linear()),), stream)

    def held_s(self, path: Paths) -> list[Number]:
        """The mean time for which one request holds its environment [s]: terms with one driver each."""
        terms: list[Number] = [self.runtime.mean]
        function = path.compute.has(function=True)
        for time, on in path.added_times.members():
            here: Mask = on & function
            if here.any():
                terms.append(here * time.held_s(self, path))
        return terms

    @property
    def network(self) -> Number:
        """The bandwidth between an environment and S3 [B/s]."""
        measured = self.stated_number("runtime.network")
        return self.limit("lambda.network") * 1e6 / 8 if measured is None else measured

    def new_requests(self, seconds: float) -> tuple[Number, Number]:
        """The additional requests while the rate rises for `seconds` from mean to peak, and the ramp [s].

        The rate rises evenly within `peak_ramp`. If requests are held for at least the ramp, each of them
        needs a new environment; if for less, only that fraction of them.
        """
        return (self.peak_rps - self.mean_rps) * seconds, np.maximum(self.peak_ramp_s, seconds)

    @property
    def in_peaks(self) -> Number:
        """The requests per month that arrive in a peak, with one peak a day."""
        return self.month_s / 86400 * self.peak_s * self.peak_rps

    @property
    def public(self) -> bool:
        """Whether the clients are on the internet."""
        return "private" not in self.workload.client.needs

    def concurrency_needed(self, age_s: float) -> Number:
        """The concurrent jobs that keep waiting jobs younger than `age_s` [s] through a peak and after it.

        If a latency is promised, nothing may wait.
        """
        age_s = age_s if self.latency_p95 is None else 0.0
        patience = 1 + age_s / self.peak_s
        return np.maximum(self.mean_rps, self.peak_rps / patience) * self.runtime.mean

    def backlog_age(self, capacity: Number) -> Number:
        """The age of a waiting job at the end of a peak, with `capacity` concurrent jobs [s]."""
        demand = self.peak_rps * self.runtime.mean / capacity
        return self.peak_s * np.maximum(demand - 1, 0)

    @property
    def peak_s(self) -> Number:
        """The duration of a peak [s]: `peak.hours`, but at most a day's requests at the peak rate."""
        return np.minimum(self.constant("peak.hours") * 3600, 86400 * self.mean_rps / self.peak_rps)

    # Several concurrent requests ------------------------------------------------------------------

    @property
    def most_per_vcpu(self) -> float:
        """The concurrent requests that this runtime allows per vCPU; infinite if no figure is published."""
        language = self.workload.runtime.language
        ids = [limit for family, limit in PER_VCPU.items() if language.startswith(family)]
        return self.limit(ids[0]) if ids else float("inf")

    @property
    def per_vcpu(self) -> Number:
        """The requests that share a vCPU while others of them wait; below 1 if one uses several vCPUs.

        Each request keeps a vCPU busy for the share of its time in which it computes.
        """
        share = self.cpu * np.maximum(self.used_vcpu, 1.0)
        whole = np.floor(1 / share * (1 + 1e-9))
        return np.minimum(np.where(share <= 1, whole, 1 / share), self.most_per_vcpu)[()]

    def internet_bytes(self) -> list[Number]:
        """The mean bytes that the work exchanges with the internet per request: terms with one driver."""
        per_request = self.stated_number("network.per_request")
        return [self.request.mean, self.response.mean] if per_request is None else [per_request]

    def transfer(self, size_bytes: Number) -> Number:
        """The time that the client needs for `size_bytes` [B] at its bandwidth [s]."""
        return size_bytes / self.bandwidth

    # Cold starts ---------------------------------------------------------------------------------

    @property
    def init(self) -> records.ColdStart:
        """The measured cold start for this language, architecture and smallest memory."""
        architecture, memory = self.sizes[0].architecture, float(np.min(self.memory_mb))
        return catalogue.cold_start(self.workload.runtime.language, architecture, memory)

    def init_of(self, measure: Callable[[Distribution], Number]) -> Number:
        """A measure, such as the mean, of the cold start for this language, architecture and memory [s]."""
        own = self.workload.runtime.init
        if own is not None:
            return measure(own.spread)
        return self._measured_at_sizes(catalogue.cold_start, measure)

    def _measured_at_sizes(
        self,
        look_up: Callable[[str, str, float], records.ColdStart],
        measure: Callable[[Distribution], Number],
    ) -> Number:
        """A measure of the rows for this language, at the architecture and memory of each size."""
        spreads = self.memo(("spreads", look_up), lambda: self._spreads_at_sizes(look_up))
        result = measure(spreads[0][0])
        for spread, here in spreads[1:]:
            result = np.where(here, measure(spread), result)
        return result

    def _spreads_at_sizes(
        self, look_up: Callable[[str, str, float], records.ColdStart]
    ) -> list[tuple[Distribution, Mask]]:
        """Distributions through measured quantiles [s], each with the sizes to which it applies."""
        memory, arm = np.broadcast_arrays(self.memory_mb, self.arm)
        where: dict[records.ColdStart, Mask] = {}
        for size, on_arm in sorted(set(zip(memory.ravel().tolist(), arm.ravel().tolist(), strict=True))):
            row = look_up(self.workload.runtime.language, ARCHITECTURES[0 if on_arm else 1], size)
            where[row] = where.get(row, ~EVERYWHERE) | ((memory == size) & (arm == on_arm))
        return [(_through(row), here) for row, here in where.items()]

    @property
    def init_mean_s(self) -> Number:
        """The mean cold start [s]."""
        return self.memo("init mean", lambda: self.init_of(lambda spread: spread.mean))

    @property
    def init_p50_s(self) -> Number:
        """The median cold start [s]."""
        return self.memo("init p50", lambda: self.init_of(lambda spread: spread.quantile(0.5)))

    @property
    def init_p99_s(self) -> Number:
        """The p99 of the cold start [s]."""
        return self.memo("init p99", lambda: self.init_of(lambda spread: spread.quantile(0.99)))

    def restore_of(self, measure: Callable[[Distribution], Number]) -> Number:
        """A measure, such as the mean, of the restore from a snapshot for this language [s]."""
        return self._measured_at_sizes(catalogue.restore, measure)

    def cold_start(self, service_s: Number, name: str) -> Number:
        """The time that a cold start adds at each of `LEVELS` [s]; 0 at levels below the cold requests."""
        return self.memo(("cold start", name), lambda: self._cold_start(self.cold_share(service_s, name)))

    def _cold_start(self, share: Number) -> Number:
        return self.when_cold(share, self.init_of(lambda spread: spread.quantile(self.within_share(share))))

    def within_share(self, share: Number) -> Number:
        """The quantile among the slowest `share` of requests that corresponds to each of `LEVELS` of all."""
        return np.clip(1 - (1 - self.levels) / np.maximum(share, 1e-12), 0.001, 0.999)

    def cold_share(self, service_s: Number, name: str) -> Number:
        """The share of requests with a cold start, at the mean rate."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(("cold", name), lambda: cold_start_share(self.mean_rps, service_s, keep))

    def work_cold_share(self, path: Paths) -> Number:
        """The share of requests whose work has a cold start; 0 if none is started on demand."""
        on_demand = path.compute.has(start=Start.ON_DEMAND)
        if not on_demand.any():
            return 0.0
        share = on_demand * self.cold_share(self.runtime.mean, "work")
        provisioned = path.initialization.is_(Initialization.PROVISIONED)
        return np.where(provisioned, self.beyond_ready_share, share)[()] if provisioned.any() else share

    # Provisioned environments ---------------------------------------------------------------------

    @property
    def share_that_may_wait(self) -> Number:
        """The share of requests that may find no provisioned environment free.

        A promised p95 tolerates 5 %. If a cold start would exceed the client's patience, it is the share that
        may fail.
        """
        slow = self.edge("runtime") + self.init_p99_s > self.waits
        return np.where(slow, np.minimum(P95_TAIL_SHARE, self.tolerance), P95_TAIL_SHARE)[()]

    def ready_environments(self, busy: Sequence[Number]) -> StepQuantity:
        """The fewest provisioned environments for the peak, where the terms `busy` are busy on average.

        It is at least one, and enough that at most the share that may wait finds none free: the arriving
        requests see a Poisson number of busy environments. Each environment also serves only a limited number
        of requests per second.
        """
        answering = self.peak_rps / self.limit("lambda.rps.provisioned")
        return StepQuantity([busy, [answering], [-self.share_that_may_wait]], ready_servers)

    def provisioned_environments(self, path: Paths) -> StepQuantity:
        """The number of provisioned environments of the function that does the work."""
        return self.ready_environments([self.peak_rps * seconds for seconds in self.held_s(path)])

    @property
    def beyond_ready_share(self) -> Number:
        """The share of a month's requests that find no provisioned environment free."""
        return self.memo("beyond ready", self._beyond_ready_share)

    def _beyond_ready_share(self) -> Number:
        ready = self.ready_environments([self.peak_rps * self.runtime.mean]).value()
        return gammainc(ready, self.mean_rps * self.runtime.mean)

    @property
    def environments(self) -> Number:
        """The mean number of environments that exist, busy or warm."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(
            "environments",
            lambda: mean_environments(self.mean_rps, self.runtime.mean, keep),
        )

    def when_cold(self, share: Number, seconds: Number) -> Number:
        """`seconds` at the levels that fall within the slowest `share` of requests, the cold ones, else 0."""
        return np.where(share > 1 - self.levels, seconds, 0.0)


def _is_numbers(value: Any) -> bool:
    """Whether a value is a number, an array, or a plain tuple or list of these."""
    if type(value) in {tuple, list}:
        return all(map(_is_numbers, value))
    return isinstance(value, bool | int | float | np.generic | np.ndarray)


def _at_points(value: Any, shape: tuple[int, ...], here: np.ndarray) -> Any:
    """The quantity, or each of several, at the points where `here` is true; `shape` is that of the load."""
    if isinstance(value, tuple | list):
        return type(value)(_at_points(each, shape, here) for each in value)
    if np.ndim(value) < len(shape):
        return value
    before = np.shape(value)[: np.ndim(value) - len(shape)]
    whole = np.broadcast_to(value, (*before, *shape)).reshape(*before, *here.shape)
    return whole[..., here]


def _through(row: records.ColdStart) -> Distribution:
    """A cold start as a distribution through its measured quantiles [s]."""
    return from_quantiles({0.5: row.p50_s, 0.9: row.p90_s, 0.95: row.p95_s, 0.99: row.p99_s})


def at_stated_size(workload: Workload) -> Conditions:
    """The conditions of a workload that states its memory and architecture.

    Where one is open, the size belongs to a design: `explorer.engine.sizing.sized_conditions`.
    """
    load = Conditions(workload)
    assert len(load.sizes) == 1, "memory or architecture is open: pass the conditions at the design's size"
    return load
