"""A workload, or many of them, as options see it: its quantities and the facts by id."""

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
P95_BEARS = 0.05  # the share of requests beyond a p95
LEAST_SHARE = 1e-12  # of the requests that a cache answers none of: no rate is 0
REQUEST_ENVELOPE = "encoding.envelope.request."  # and the event's kind: "v2"
ARM, X86, EITHER = "_arm", "_x86", "_*"  # how price ids of an architecture end; of either, see `by_size`
PER_VCPU = {  # by family of runtimes
    "nodejs": "lmi.concurrency.node",
    "java": "lmi.concurrency.java",
    "dotnet": "lmi.concurrency.dotnet",
    "python": "lmi.concurrency.python",
}
T = TypeVar("T")


class Conditions:
    """A workload as options see it: its quantities, the facts by id, its cold starts.

    Every quantity is a number, or an array along the axes of a sweep. `axes` maps dotted fields to
    arrays; a distribution's axis scales it so that its median is the value. What depends on the request path
    is a method that takes the paths (`Paths`): one, or all of an option's at once.

    Where a cache at the edge answers some of the requests, what is behind it sees the others alone
    (`behind_edge`): fewer requests, lower rates, and levels of its own. `clients` is the load as the clients
    make it, the same object where nothing is cached.
    """

    hours: Number  # of a month
    month_s: Number
    requests: Number  # a month
    mean_rps: Number
    peak_rps: Number
    peak_ramp_s: Number
    hits: Number  # the share of the clients' requests that a cache answers before they come here
    memory_mb: Number
    memory_gb: Number
    vcpu: Number  # what memory buys
    used_vcpu: Number  # and the work can use
    cpu: Number  # the share of the run time that it computes
    arm: Mask  # whether a size is of arm64
    state_bytes: Number
    compression: Number  # what gzip leaves of a byte of the response
    cacheable: Number
    headers: Number | None  # [B]; None: as measured
    bandwidth: Number  # [B/s]
    tolerance: Number  # the share of requests that may fail
    waits: Number  # how long a client waits for the first byte of an answer [s]
    latency_p95: Number | None  # as promised [s]
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
        """Quantities along `axes`, at one of `sizes`: without, at a typical one of the workload's.

        With `at_once` there is an axis of length 1 for the paths and one for the sizes before them.
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
        self.limits: dict[str, float] = {}  # facts that were asked for: the assumptions of an answer
        self.constants: dict[str, float] = {}
        self.times: dict[str, NDArray[np.float64]] = {}
        self._memo: dict[Hashable, Any] = {}
        self._whole: dict[Hashable, Any] = {}  # what was worked out for the load whose points these are
        self._pick: Callable[[Any], Any] = lambda value: value
        self._clients: Conditions | None = None
        self._beyond_cache: Conditions | None = None
        self.hits = 0.0
        self.workload = workload
        self._read_numbers()

    def at_once(self) -> Self:
        """The same load with an axis for the paths and one for its sizes before its own.

        With it an option answers for all of its paths and sizes at once.
        """
        return type(self)(self.workload, self.plain_axes, self.sizes, at_once=True)

    def at_size(self, size: Size) -> Self:
        """The same load at one of its `sizes`."""
        return type(self)(self.workload, self.plain_axes, (size,))

    def at_points(self, here: np.ndarray) -> Self:
        """The points of the load where `here` holds, along one axis."""
        shape = self.shape[len(self.shape) - here.ndim :]
        axes = {name: np.broadcast_to(values, shape)[here] for name, values in self.plain_axes.items()}
        points = type(self)(self.workload, axes, self.sizes)
        if len(self.sizes) == 1:
            points._pick = lambda value: _at_points(value, self.shape, here)
            points._whole = self._memo
        return points

    # Facts by id ---------------------------------------------------------------------------------

    def memo(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, worked out once for this load."""
        try:
            if key not in self._memo:
                whole_value = self._whole.get(key)
                self._memo[key] = self._pick(whole_value) if _is_numbers(whole_value) else make()
        except TypeError:  # an array among the key's parts: nothing to remember it by
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
        """What the workload says of limits: quotas as its account has them, and what it calls bears."""
        bears = self.workload.downstream.concurrency
        return {**self.workload.account, **({} if bears is None else {"downstream.concurrency": bears})}

    @property
    def bears(self) -> Number:
        """Calls at once that what the work calls will bear; infinite where nothing is said."""
        bearable = self.stated_number("downstream.concurrency")
        return np.inf if bearable is None else bearable

    def limit_per_s(self, limit_id: str) -> float:
        """A limit on a rate that its row states a minute [1/s]."""
        return self.limit(limit_id) / 60

    def confirmed_limit(self, limit_id: str) -> float:
        """The newest value of a limit that is verified, today's where none is, in its unit."""
        return catalogue.confirmed_limit(limit_id) or self.limit(limit_id)

    def constant(self, constant_id: str) -> float:
        """A metering or modelling constant."""
        if constant_id not in self.constants:
            self.constants[constant_id] = catalogue.constant(constant_id).value
        return self.constants[constant_id]

    def time(self, time_id: str) -> NDArray[np.float64]:
        """What an operation takes at each of `LEVELS` [s], shape (3, ...): as measured, or as assumed."""
        if self.clients is not self:
            self.clients.time(time_id)  # that it was asked for is kept there
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
        """The p50 of an operation [s], where its mean is wanted: no other figure is published."""
        return float(self.clients.time(time_id)[0].item())

    def longest_s(self, time_id: str) -> float:
        """The p99 of an operation [s], whatever share of the requests meets it."""
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
        """A numeric field that every workload has, or its axis. Raises ValueError if nothing is said."""
        value = self.stated_number(field)
        if value is None:
            raise ValueError(f"{field} is not stated")
        return value

    def stated_number(self, field: str) -> Number | None:
        """A numeric field of the workload, or its axis; None where nothing is said."""
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
        self.request, self.response = self._scaled("request"), self._scaled("response")
        self._read_sizes()
        self._read_run_time()
        self.spreads = {"request": self.request, "response": self.response, "runtime": self.runtime}
        self.spreads["first_byte"] = self.first_byte
        self.state_bytes = number("runtime.state")
        self.compression = number("response.compression")
        self.cacheable, self.headers = number("response.cacheable"), self.stated_number("client.headers")
        self.bandwidth = number("client.bandwidth")
        self.tolerance = 1 - number("targets.success") + 1e-12  # what may fail; 1 - 0.999 is off by less
        self.waits, self.latency_p95 = number("client.waits"), self.stated_number("targets.latency_p95")
        self.first_byte_p95 = self.stated_number("targets.first_byte_p95")
        if w.preferences.savings_plan != NO_PLAN:
            self.constant("savings_plan.covered")  # an answer names it
        self._read_configuration()

    def _read_sizes(self) -> None:
        """Memory and architecture: of one size, or of all along the axis that is there for them."""
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
        self.vcpu = self.memory_mb / self.constant("lambda.vcpu_mb")
        self.used_vcpu = np.minimum(self.vcpu, self.number("runtime.threads"))

    def _read_run_time(self) -> None:
        """The run time at the memory, what of it computes there, and the first byte in proportion to it."""
        runtime = self.workload.runtime
        cpu = self.number("runtime.cpu")
        threads = self.number("runtime.threads")
        stated_at = reference_memory(runtime)
        stated = here = run_time_at(runtime, stated_at, cpu, threads)
        slower: Number = 1.0
        if np.ndim(self.memory_mb) or self.memory_mb != stated_at:
            here = run_time_at(runtime, self.memory_mb, cpu, threads)
            slower = computing_factor(runtime, stated_at, self.memory_mb, cpu, threads)
            slower = here.median / stated.median if runtime.tuned else slower
        # the work needs the same seconds of a processor, whatever the memory
        used_there = np.minimum(stated_at / self.constant("lambda.vcpu_mb"), threads)
        self.cpu = np.minimum(cpu * used_there / self.used_vcpu / slower, 1.0)
        longer = slower
        if "runtime" in self.axes:
            here = here.with_median(self.axes["runtime"] * slower)
            longer = slower * self.axes["runtime"] / stated.median
        self.runtime, first = here, runtime.first_byte
        self.first_byte = here if first is None else Earlier(first.spread.scaled(longer), here)

    def _read_configuration(self) -> None:
        configuration, number = self.workload.configuration, self.number
        total: Number = self.axes.get("configuration", configuration.total)
        entries, largest = (self.stated_number(f"configuration.{name}") for name in ("entries", "largest"))
        self.config_bytes, self.config_secrets = total, number("configuration.secrets")
        self.config_entries = configuration.entries_of(total) if entries is None else entries
        mean: Number = total / np.maximum(self.config_entries, 1)
        growth = (
            total / configuration.total if configuration.total >= 1 else 1.0
        )  # of less than a byte nothing grows
        self.config_largest = mean if largest is None else largest * growth
        self.secret_bytes = mean * self.config_secrets

    def _scaled(self, name: str) -> Distribution:
        spread: Distribution = getattr(self.workload, name).spread
        return spread.with_median(self.axes[name]) if name in self.axes else spread

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver: request [B], response [B], runtime or first_byte [s]."""
        return self.spreads[driver]

    def edge(self, driver: str) -> Number:
        """The value of a driver that no more requests exceed than may fail."""
        return self.memo(("edge", driver), lambda: self.spreads[driver].quantile(1 - self.tolerance))

    def at_levels(self, driver: str) -> NDArray[np.float64]:
        """The driver at each of `LEVELS`, shape (3, ...)."""
        return self.memo(("levels", driver), lambda: self._at_levels(driver))

    def _at_levels(self, driver: str) -> NDArray[np.float64]:
        return np.asarray(self.spreads[driver].quantile(self.levels))

    def first_byte_at_levels(self, streamed: Mask) -> Number | None:
        """What of the work passes before the response's first byte, at each of `LEVELS` [s]; None: all."""
        if self.workload.runtime.first_byte is None or not streamed.any():
            return None
        return np.where(streamed, self.at_levels("first_byte"), self.at_levels("runtime"))

    @property
    def steps(self) -> Number:
        """How many steps divisible work is cut into; 1 if it is not divisible."""
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
        """The first tier's price of an id as it is paid [USD a unit], where a quantity depends on money."""
        return self._usd(price_id, self.workload.preferences.savings_plan)

    def list_price(self, price_id: str) -> Number:
        """The same without a savings plan."""
        return self._usd(price_id, NO_PLAN)

    def _usd(self, price_id: str, plan: str) -> Number:
        if price_id.endswith(EITHER):
            arm, x86 = (self._usd(price_id.removesuffix(EITHER) + ending, plan) for ending in (ARM, X86))
            return np.where(self.arm, arm, x86)
        return float(catalogue.tariff(price_id, self.workload.region, plan).tiers[0].usd)

    def by_architecture(self, price_id: str) -> str:
        """The price id of the architecture: "lambda.request" -> "lambda.request_arm".

        Where the load holds sizes of both it is "lambda.request_*", and `by_size` makes two lines of it.
        """
        return price_id + (EITHER if self.architecture == ANY else ARM if self.arm else X86)

    def by_size(self, usage: UsageLines) -> UsageLines:
        """Usage with the ids of prices: a line for each architecture, where sizes have both."""
        for price_id, quantity in usage:
            if not price_id.endswith(EITHER):
                yield price_id, quantity
                continue
            for ending, has in ((ARM, self.arm), (X86, ~self.arm)):
                own = quantity.scaled(has * 1.0) if isinstance(quantity, StepQuantity) else quantity * has
                yield price_id.removesuffix(EITHER) + ending, own

    # A cache at the edge -------------------------------------------------------------------------

    @property
    def clients(self) -> Conditions:
        """The load as the clients make it, with those requests too that a cache answers."""
        return self if self._clients is None else self._clients

    @property
    def caches(self) -> bool:
        """Whether a cache at the edge would answer any request: then cached paths are asked apart."""
        return bool(np.any(np.asarray(self.cacheable) > 0))

    def behind_edge(self, path: Paths) -> Conditions:
        """The load as what is behind the edge of these paths sees it: all of them cached, or none.

        Raises ValueError if some are and some are not.
        """
        if not self.caches or not path.cached.any():
            return self
        if not path.cached.all():
            raise ValueError("paths behind a cache and paths without one are asked apart")
        return self.beyond_cache

    @property
    def beyond_cache(self) -> Conditions:
        """The load without the share of the requests that a cache answers.

        A level of all requests is a lower one of those that no cache answers: of a share c that is answered
        at once, the slowest 1 - q are the slowest (1 - q) / (1 - c) of the rest. One more level, the last,
        is the median of the rest.
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
        """What only those requests take that no cache answers: at each of `LEVELS` of all, then their median.

        Of an operation, by its id [s].
        """
        view = self.beyond_cache
        seconds = view.time(time_id)
        of_all = np.where(self.levels > view.hits, seconds[: len(LEVELS)], 0.0)
        return np.concatenate([of_all, np.broadcast_to(seconds[-1:], (1, *of_all.shape[1:]))])

    def step_s(self, step: Step) -> Number:
        """What a step takes at each of `LEVELS` of all requests [s]: nothing where a cache answers."""
        return self._of_all(step.seconds, step.for_hits)

    def first_byte_s(self, step: Step) -> Number:
        """What of a step passes before the first byte of the result, at each of `LEVELS` [s]."""
        before = step.seconds if step.before_first_byte is None else step.before_first_byte
        return self._of_all(before, step.for_hits)

    def patience_s(self, step: Step) -> Number:
        """The same at the median of the requests that no cache answers: a client's patience is held to it."""
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
        """How a body travels through the door to or from a function."""
        return self.event_codec(
            direction, path, getattr(path, f"{direction}_envelope").look_up(self.envelope)
        )

    def event_codec(self, direction: str, path: Paths, envelope: Number = 0.0) -> Codec:
        """How a body travels inside JSON, with so many bytes around it."""
        binary = getattr(self.workload, direction).binary
        factor = 1.0 if binary else self.constant("encoding.json_escape")
        if direction == "response" and path.gzip.any():
            return Codec(path.gzip | binary, np.where(path.gzip, self.compression, factor)[()], envelope)
        return Codec(np.bool_(binary), factor, envelope)

    def envelope(self, envelope_id: str) -> Number:
        """Bytes that a door puts around a body: as measured, or with the headers that the workload gives.

        The measured event has assumed headers in it, once or as often as its format repeats them: so many
        bytes and copies as the constants `encoding.headers` and `encoding.copies` of its kind say.
        """
        measured, kind = self.constant(envelope_id), envelope_id.removeprefix(REQUEST_ENVELOPE)
        if self.headers is None or kind == envelope_id:
            return measured
        copies, assumed = self.constant(f"encoding.copies.{kind}"), self.constant(f"encoding.headers.{kind}")
        return measured + copies * (self.headers - assumed)

    def body_factor(self, direction: str, path: BodyPath) -> Number:
        """What a body is times its size once the function has made it: less where it is compressed."""
        if direction != "response" or not path.gzip.any():
            return 1.0
        return np.where(path.gzip, self.compression, 1.0)[()]

    def sent_mean(self, path: Paths) -> Number:
        """Bytes of the response as it is sent, on average."""
        return self.body_factor("response", path) * self.response.mean

    def sent_at_levels(self, path: Paths) -> NDArray[np.float64]:
        """The response as it is sent at each of `LEVELS` [B], shape (3, ...)."""
        return self.body_factor("response", path) * self.at_levels("response")

    def page_bytes(self, path: Paths) -> Number:
        """The page that fills the door's limits on a response to the share that `page.fill` says."""
        limits = path.response_limits
        least = limits.look_up(lambda ids: min((self.limit(limit) for limit in ids), default=MB))
        room = np.where(limits.is_(()), MB, self.codec("response", path).room(least))
        return np.floor(room * self.constant("page.fill"))

    def pages(self, path: Paths) -> Number:
        """Pages that a response is asked for in, on average."""
        return self.memo(("pages", path), lambda: self.response.mean_ceil(self.page_bytes(path)))

    @property
    def runtime_row(self) -> Runtime | None:
        """What is known of the runtime; None if nothing is."""
        return self.memo("runtime row", lambda: catalogue.runtime(self.workload.runtime.language))

    @property
    def polls(self) -> Number:
        """How often a client asks for the status of a job, on average."""
        return self.memo("polls", lambda: self.runtime.expect(self._polls))

    def _polls(self, seconds: Number) -> Number:
        first, growth = self.constant("poll.first_s"), self.constant("poll.growth")
        even = first / growth  # until here every `first` seconds, then each `growth` longer
        late = np.maximum(seconds, even) / even
        result: Number = 1 + np.minimum(seconds, even) / first + np.log(late) / np.log1p(growth)
        return result

    @property
    def poll_wait(self) -> Number:
        """From the end of the work to the poll that sees it, at each of `LEVELS` [s]."""
        gap = self.constant("poll.growth") * self.at_levels("runtime")
        return self.levels * np.maximum(self.constant("poll.first_s"), gap)

    @property
    def connections(self) -> Number:
        """WebSocket connections that one job takes, on average: each lasts for so long and no longer."""
        longest = self.limit("apigw.ws.duration")
        return self.memo("connections", lambda: self.runtime.mean_ceil(longest))

    def exchanges(self, path: Paths) -> list[Number]:
        """Requests through the door for one request of the client, on average: terms with one driver each."""
        terms: list[Number] = [1.0 + path.body_in.is_(BodyIn.S3)]
        if path.polls.any():
            terms.append(path.polls * self.polls)
        paged = path.body_out.is_(BodyOut.PAGE)
        if paged.any():
            terms.append(paged * (self.pages(path) - 1))
        return terms

    def stream(self, path: BodyPath) -> AfterBurst:
        """Seconds that a stream is held to Lambda's bandwidth, after the burst."""
        # a client that is slower than the stream holds it back
        rate = np.minimum(self.limit("lambda.stream.rate") * MB, self.bandwidth)
        return AfterBurst(self.limit("lambda.stream.burst"), rate, self.body_factor("response", path))

    def streamed_beyond(self, path: BodyPath) -> Number:
        """Bytes of a stream beyond the burst, on average."""
        factor = self.body_factor("response", path)
        return factor * self.response.excess(self.limit("lambda.stream.burst") / factor)

    def stream_mean_s(self, path: BodyPath) -> Number:
        """What `stream` takes for a response, on average [s]."""
        return self.memo(("stream", path), lambda: self.streamed_beyond(path) / self.stream(path).rate)

    def time_limit(self, limit_id: str, path: Paths, where: Mask = EVERYWHERE) -> PerRequest | SumPerRequest:
        """A limit on how long a function may take for one request.

        Beside the run time that is what the options of the design add: reading an uploaded body, storing the
        result and so on.
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
        """Look up what a body's way may add: an answer about a time limit names it, taken or not."""
        self.constant("gzip.bytes_per_s")
        self.time("s3.request")
        self.network  # noqa: B018

    def answer_limit(self, limit_id: str, path: Paths, where: Mask) -> Iterator[LimitUse]:
        """A limit on how long the first byte of an answer may take that comes at once.

        Before it comes all of the work, or of a stream what passes before `runtime.first_byte`.
        """
        stream, function = where & path.body_out.is_(BodyOut.STREAM), path.behind.is_(Behind.FUNCTION)
        if (whole := where & function & ~stream).any():
            yield self.time_limit(limit_id, path, whole)
        if (whole := where & ~function & ~stream).any():
            yield PerRequest(limit_id, "runtime", where=whole)
        if stream.any():
            yield SumPerRequest(limit_id, (Term("first_byte", Linear()),), stream)

    def held_s(self, path: Paths) -> list[Number]:
        """How long one request holds its environment, on average [s]: terms with one driver each."""
        terms: list[Number] = [self.runtime.mean]
        function = path.compute.has(function=True)
        for time, on in path.added_times.members():
            here: Mask = on & function
            if here.any():
                terms.append(here * time.held_s(self, path))
        return terms

    @property
    def network(self) -> Number:
        """Bandwidth between an environment and S3 [B/s]."""
        measured = self.stated_number("runtime.network")
        return self.limit("lambda.network") * 1e6 / 8 if measured is None else measured

    def new_requests(self, seconds: float) -> tuple[Number, Number]:
        """Requests more within `seconds` [s] when the rate goes from its mean to its peak, and its ramp [s].

        It does so evenly within `peak_ramp`. Held for as long as the ramp or longer, each of them needs a
        new environment; held for less, that share of them.
        """
        return (self.peak_rps - self.mean_rps) * seconds, np.maximum(self.peak_ramp_s, seconds)

    @property
    def in_peaks(self) -> Number:
        """Requests a month that come in a peak, one a day."""
        return self.month_s / 86400 * self.peak_s * self.peak_rps

    @property
    def public(self) -> bool:
        """Whether clients come from the internet."""
        return "private" not in self.workload.client.needs

    def concurrency_needed(self, age_s: float) -> Number:
        """Jobs at once that keep what waits younger than `age_s` [s] through a peak, and drain it.

        Where a latency is promised, nothing may wait.
        """
        age_s = age_s if self.latency_p95 is None else 0.0
        patience = 1 + age_s / self.peak_s
        return np.maximum(self.mean_rps, self.peak_rps / patience) * self.runtime.mean

    def backlog_age(self, capacity: Number) -> Number:
        """How old a waiting job gets by the end of a peak with `capacity` jobs at once [s]."""
        demand = self.peak_rps * self.runtime.mean / capacity
        return self.peak_s * np.maximum(demand - 1, 0)

    @property
    def peak_s(self) -> Number:
        """How long a peak lasts [s]: as `peak.hours` says, or for as long as a day's requests last."""
        return np.minimum(self.constant("peak.hours") * 3600, 86400 * self.mean_rps / self.peak_rps)

    # Several requests at once --------------------------------------------------------------------

    @property
    def most_per_vcpu(self) -> float:
        """Requests at once that a vCPU bears in this language; infinite where no figure is published."""
        language = self.workload.runtime.language
        ids = [limit for family, limit in PER_VCPU.items() if language.startswith(family)]
        return self.limit(ids[0]) if ids else float("inf")

    @property
    def per_vcpu(self) -> Number:
        """Requests that share a vCPU while the others of them wait; below 1 where one takes several.

        Each keeps a vCPU busy for the share of its time that it computes.
        """
        share = self.cpu * np.maximum(self.used_vcpu, 1.0)
        whole = np.floor(1 / share * (1 + 1e-9))
        return np.minimum(np.where(share <= 1, whole, 1 / share), self.most_per_vcpu)[()]

    def exchanged(self) -> list[Number]:
        """Bytes that the work exchanges with the internet for one request: terms with one driver each."""
        per_request = self.stated_number("network.per_request")
        return [self.request.mean, self.response.mean] if per_request is None else [per_request]

    def transfer(self, size_bytes: Number) -> Number:
        """Seconds that the client needs for `size_bytes` [B] by its bandwidth."""
        return size_bytes / self.bandwidth

    # Cold starts ---------------------------------------------------------------------------------

    @property
    def init(self) -> records.ColdStart:
        """The measured cold start of this language, architecture and least memory."""
        architecture, memory = self.sizes[0].architecture, float(np.min(self.memory_mb))
        return catalogue.cold_start(self.workload.runtime.language, architecture, memory)

    def init_of(self, measure: Callable[[Distribution], Number]) -> Number:
        """A measure of the cold start of this language, architecture and memory, such as its mean [s]."""
        own = self.workload.runtime.init
        if own is not None:
            return measure(own.spread)
        return self._measured_at_sizes(catalogue.cold_start, measure)

    def _measured_at_sizes(
        self,
        look_up: Callable[[str, str, float], records.ColdStart],
        measure: Callable[[Distribution], Number],
    ) -> Number:
        """A measure of what was measured by language, architecture and memory, at each size."""
        spreads = self.memo(("spreads", look_up), lambda: self._spreads_at_sizes(look_up))
        result = measure(spreads[0][0])
        for spread, here in spreads[1:]:
            result = np.where(here, measure(spread), result)
        return result

    def _spreads_at_sizes(
        self, look_up: Callable[[str, str, float], records.ColdStart]
    ) -> list[tuple[Distribution, Mask]]:
        """Distributions through measured quantiles [s], each with where it holds."""
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
        """A measure of the restore from a snapshot of this language, such as its mean [s]."""
        return self._measured_at_sizes(catalogue.restore, measure)

    def cold_start(self, service_s: Number, name: str) -> Number:
        """What a cold start adds at each of `LEVELS`: 0 at those below the share of cold requests [s]."""
        return self.memo(("cold start", name), lambda: self._cold_start(self.cold_share(service_s, name)))

    def _cold_start(self, share: Number) -> Number:
        return self.when_cold(share, self.init_of(lambda spread: spread.quantile(self.within_share(share))))

    def within_share(self, share: Number) -> Number:
        """The quantile among the `share` of slowest requests that each of `LEVELS` is of all."""
        return np.clip(1 - (1 - self.levels) / np.maximum(share, 1e-12), 0.001, 0.999)

    def cold_share(self, service_s: Number, name: str) -> Number:
        """The share of requests that meet a cold environment, at the mean rate."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(("cold", name), lambda: cold_start_share(self.mean_rps, service_s, keep))

    def work_cold_share(self, path: Paths) -> Number:
        """The share of requests whose work starts in a cold environment; 0 where none is started."""
        on_demand = path.compute.has(start=Start.ON_DEMAND)
        if not on_demand.any():
            return 0.0
        share = on_demand * self.cold_share(self.runtime.mean, "work")
        provisioned = path.initialization.is_(Initialization.PROVISIONED)
        return np.where(provisioned, self.beyond_ready_share, share)[()] if provisioned.any() else share

    # Environments kept ready ---------------------------------------------------------------------

    @property
    def share_that_may_wait(self) -> Number:
        """The share of requests that may find no environment ready.

        A promised p95 bears 5 %. Where a cold start would make the client wait in vain, it is what may fail.
        """
        slow = self.edge("runtime") + self.init_p99_s > self.waits
        return np.where(slow, np.minimum(P95_BEARS, self.tolerance), P95_BEARS)[()]

    def ready_environments(self, busy: Sequence[Number]) -> StepQuantity:
        """The fewest environments kept ready at the peak, where so many are busy on average: terms.

        At least one, and enough that no larger share of the requests than may wait finds none free. The
        requests that come see as many busy as there are on average, Poisson distributed. Each environment
        answers so many requests a second and no more.
        """
        answering = self.peak_rps / self.limit("lambda.rps.provisioned")
        return StepQuantity([busy, [answering], [-self.share_that_may_wait]], ready_servers)

    @property
    def beyond_ready_share(self) -> Number:
        """The share of a month's requests that find no environment ready."""
        return self.memo("beyond ready", self._beyond_ready_share)

    def _beyond_ready_share(self) -> Number:
        ready = self.ready_environments([self.peak_rps * self.runtime.mean]).value()
        return gammainc(ready, self.mean_rps * self.runtime.mean)

    @property
    def environments(self) -> Number:
        """Environments that exist on average, busy or warm."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(
            "environments",
            lambda: mean_environments(self.mean_rps, self.runtime.mean, keep),
        )

    def when_cold(self, share: Number, seconds: Number) -> Number:
        """`seconds` at those of `LEVELS` that fall among the `share` of cold requests, else 0."""
        return np.where(share > 1 - self.levels, seconds, 0.0)


def _is_numbers(value: Any) -> bool:
    """Whether a value is a number, an array, or a plain tuple or list of these."""
    if type(value) in {tuple, list}:
        return all(map(_is_numbers, value))
    return isinstance(value, bool | int | float | np.generic | np.ndarray)


def _at_points(value: Any, shape: tuple[int, ...], here: np.ndarray) -> Any:
    """The part of a quantity of this shape, or of several, at the points where `here` holds."""
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
