"""A workload, or many of them, as options see it: its quantities and the facts by id."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Self, TypeVar

import numpy as np

from explorer.facts import catalogue, records
from explorer.facts.encoding import Codec
from explorer.facts.runtimes import Runtime
from explorer.facts.units import BYTES, Number
from explorer.workload.distribution import Distribution, from_quantiles
from explorer.workload.workload import Workload

from .cold_starts import cold_start_share, mean_environments
from .limit_uses import AfterBurst, Linear, PerRequest, SumPerRequest, Term
from .mask import EVERYWHERE, Mask
from .paths import Paths
from .request_path import LEVELS, BodyIn, BodyOut, Start
from .usage import total

GB = float(BYTES["GB"])
MB = float(BYTES["MB"])
T = TypeVar("T")
ANY = "_*"  # ends a price id that is for both architectures
Size = tuple[float, str]  # memory [MB], architecture


class Conditions:
    """A workload as options see it: its quantities, the facts by id, its cold starts.

    Every quantity is a number, or an array along the axes of a sweep. `axes` maps dotted fields to
    arrays; a distribution's axis scales it so that its median is the value. What depends on the request path
    is a method that takes the paths (`Paths`): one, or all of an option's at once.
    """

    def __init__(
        self,
        workload: Workload,
        axes: Mapping[str, np.ndarray] | None = None,
        before: tuple[int, ...] = (),
        sizes: Sequence[Size] = (),
    ) -> None:
        """Quantities of the shape (*before, *axes): `before` are axes of length 1 before those that vary.

        `sizes` are memories [MB] with their architecture, along the last of the axes before.
        """
        self.own_axes = dict(axes or {})
        shape = np.broadcast_shapes(*(np.shape(values) for values in self.own_axes.values()))
        self.shape, ndim = (*before[:-1], *([len(sizes)] if sizes else before[-1:]), *shape), len(shape)
        self.axes = {
            name: np.reshape(values, (*before, *(1,) * (ndim - np.ndim(values)), *np.shape(values)))
            for name, values in self.own_axes.items()
        }
        self.sizes = tuple(sizes)
        if sizes:
            self.axes["runtime.memory"] = self._by_size([float(memory) for memory, _ in sizes])
        self.levels = np.array(LEVELS).reshape((3,) + (1,) * len(self.shape))
        self.limits: dict[str, float] = {}  # facts that were asked for: the assumptions of an answer
        self.constants: dict[str, float] = {}
        self.times: dict[str, np.ndarray] = {}
        self._memo: dict[Hashable, Any] = {}
        self._whole: dict[Hashable, Any] = {}  # what was worked out for the load whose points these are
        self._pick: Callable[[Any], Any] = lambda value: value
        self.workload = workload
        self._read_numbers()

    def at_once(self, sizes: Sequence[Size] = ()) -> Self:
        """The same load with an axis for the paths and one for these sizes before its own.

        With it an option answers for all of its paths at once.
        """
        return type(self)(self.workload, self.own_axes, (1, 1), sizes)

    def _by_size(self, values: list[Any]) -> np.ndarray:
        """One value a size, to broadcast."""
        tail = len(self.shape) - 2
        return np.array(values).reshape((1, -1) + (1,) * tail)

    def at_points(self, here: np.ndarray) -> Self:
        """The points of the load where `here` holds, along one axis."""
        shape = self.shape[len(self.shape) - here.ndim :]
        axes = {name: np.broadcast_to(values, shape)[here] for name, values in self.own_axes.items()}
        points = type(self)(self.workload, axes)
        points._pick = lambda value: _at_points(value, self.shape, here)
        points._whole = self._memo
        return points

    # Facts by id ---------------------------------------------------------------------------------

    def memo(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returns, worked out once for this load."""
        try:
            if key not in self._memo:
                known = self._whole.get(key)
                self._memo[key] = make() if known is None else self._pick(known)
        except TypeError:  # an array among the key's parts: nothing to remember it by
            return make()
        return self._memo[key]

    def limit(self, limit_id: str) -> float:
        """The value of a limit, in its unit."""
        if limit_id not in self.limits:
            value = catalogue.limit(limit_id).value
            assert value is not None, f"{limit_id} has no number in limits.csv"
            self.limits[limit_id] = value
        return self.limits[limit_id]

    def confirmed_limit(self, limit_id: str) -> float:
        """The newest value of a limit that is verified, today's where none is, in its unit."""
        return catalogue.confirmed_limit(limit_id) or self.limit(limit_id)

    def constant(self, constant_id: str) -> float:
        """A metering or modelling constant."""
        if constant_id not in self.constants:
            self.constants[constant_id] = catalogue.constant(constant_id).value
        return self.constants[constant_id]

    def time(self, time_id: str) -> np.ndarray:
        """What an operation takes at each of `LEVELS` [s], shape (3, ...): as measured, or as assumed."""
        measured = self.workload.times.get(time_id)
        if measured is not None:
            return measured.spread.quantile(np.array(LEVELS)).reshape(self.levels.shape)
        if time_id not in self.times:
            row = catalogue.time(time_id)
            seconds = np.array([row.p50_s, row.p95_s, row.p99_s])
            self.times[time_id] = seconds.reshape(self.levels.shape)
        return self.times[time_id]

    def typical_s(self, time_id: str) -> float:
        """The p50 of an operation [s], where its mean is wanted: no other figure is published."""
        return self.time(time_id)[0].item()

    # The workload's own quantities -------------------------------------------------------------

    def number(self, field: str) -> Number:
        """A numeric field of the workload, or its axis."""
        if field in self.axes:
            return self.axes[field]
        value: Any = self.workload
        for part in field.split("."):
            value = getattr(value, part)
        return value

    def _read_numbers(self) -> None:
        w, number = self.workload, self.number
        hours = number("preferences.month_hours")
        self.hours, self.month_s = hours, hours * 3600
        self.requests = number("requests_per_month")
        self.mean_rps = self.requests / self.month_s
        peak = number("peak_rps")
        if peak is None:
            peak = self.constant("peak.factor") * self.mean_rps
        self.peak_rps = np.maximum(peak, self.mean_rps)
        self.spreads = {name: self._scaled(name) for name in ("request", "response", "runtime")}
        self.request, self.response, self.runtime = self.spreads.values()
        self.memory_mb = number("runtime.memory")
        self.architecture: str = w.runtime.architecture
        architectures = dict.fromkeys(architecture for _, architecture in self.sizes)
        if len(architectures) == 1:
            (self.architecture,) = architectures
        self.both_architectures = len(architectures) > 1  # sizes of both architectures side by side
        self.memory_gb = self.memory_mb / 1024
        self.vcpu = self.memory_mb / self.constant("lambda.vcpu_mb")
        self.state_bytes = number("runtime.state")
        self.compression = number("response.compression")
        self.bandwidth = number("client.bandwidth")
        self.tolerance = 1 - number("targets.success") + 1e-12  # what may fail; 1 - 0.999 is off by less
        self.waits, self.latency_p95 = number("client.waits"), number("targets.latency_p95")
        self._read_configuration()

    def _read_configuration(self) -> None:
        given, number = self.workload.configuration, self.number
        total: Number = self.axes.get("configuration", given.total)
        entries, largest = number("configuration.entries"), number("configuration.largest")
        self.config_bytes, self.config_secrets = total, number("configuration.secrets")
        self.config_entries = given.entries_of(total) if entries is None else entries
        mean = total / np.maximum(self.config_entries, 1)
        grown = total / given.total if given.total >= 1 else 1.0  # of less than a byte nothing grows
        self.config_largest = mean if largest is None else largest * grown
        self.secret_bytes = mean * self.config_secrets

    def _scaled(self, name: str) -> Distribution:
        spread: Distribution = getattr(self.workload, name).spread
        return spread.with_median(self.axes[name]) if name in self.axes else spread

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver: request [B], response [B] or runtime [s]."""
        return self.spreads[driver]

    def edge(self, driver: str) -> Number:
        """The value of a driver that no more requests exceed than may fail."""
        return self.memo(("edge", driver), lambda: self.spreads[driver].quantile(1 - self.tolerance))

    def at_levels(self, driver: str) -> Number:
        """The driver at each of `LEVELS`, shape (3, ...)."""
        return self.memo(("levels", driver), lambda: self.spreads[driver].quantile(self.levels))

    @property
    def steps(self) -> Number:
        """How many steps divisible work is cut into; 1 if it is not divisible."""
        return self.memo("steps", self._steps)

    def _steps(self) -> Number:
        if not self.workload.runtime.divisible:
            return 1.0
        steps = self.number("runtime.steps")
        if steps is not None:
            return steps
        return np.maximum(1.0, np.ceil(self.runtime.quantile(0.99) / self.constant("step.seconds")))

    def price(self, price_id: str) -> Number:
        """The first tier's price of an id [USD a unit], where a quantity is itself money."""
        if price_id.endswith(ANY):
            return total([share * self.price(name) for name, share in self.of_each(price_id)])
        return float(catalogue.tariff(price_id, self.workload.region).tiers[0].usd)

    def by_architecture(self, price_id: str) -> str:
        """The price id of this workload's architecture: "lambda.request" -> "lambda.request_arm".

        Where sizes of both stand side by side, the id ends in `ANY`, and `of_each` says which is whose.
        """
        if self.both_architectures:
            return f"{price_id}{ANY}"
        return f"{price_id}_{'arm' if self.architecture == 'arm64' else 'x86'}"

    def of_each(self, price_id: str) -> list[tuple[str, Number]]:
        """The ids of both architectures for one that ends in `ANY`, each with the sizes that it is for."""
        arm = self._by_size([architecture == "arm64" for _, architecture in self.sizes])
        name = price_id.removesuffix(ANY)
        return [(f"{name}_arm", arm), (f"{name}_x86", ~arm)]

    # Named quantities that several options need --------------------------------------------------

    def codec(self, direction: str, path: Paths) -> Codec:
        """How a body travels through the door to or from a function."""
        envelope = getattr(path, f"{direction}_envelope").look_up(self.constant)
        binary = getattr(self.workload, direction).binary
        factor = 1.0 if binary else self.constant("encoding.json_escape")
        if direction == "response":
            compressed = path.body_out.is_(BodyOut.COMPRESSED)
            if compressed.any():
                return Codec(
                    compressed | binary, np.where(compressed, self.compression, factor)[()], envelope
                )
        return Codec(np.bool_(binary), factor, envelope)

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
        return 1 + np.minimum(seconds, even) / first + np.log(late) / np.log1p(growth)

    @property
    def poll_wait(self) -> Number:
        """From the end of the work to the poll that sees it, at each of `LEVELS` [s]."""
        gap = self.constant("poll.growth") * self.at_levels("runtime")
        return self.levels * np.maximum(self.constant("poll.first_s"), gap)

    def exchanges(self, path: Paths) -> list[Number]:
        """Requests through the door for one request of the client, on average: terms with one driver each."""
        terms = [1.0 + path.body_in.is_(BodyIn.S3)]
        if path.polls.any():
            terms.append(path.polls * self.polls)
        paged = path.body_out.is_(BodyOut.PAGE)
        if paged.any():
            terms.append(paged * (self.pages(path) - 1))
        return terms

    @property
    def stream(self) -> AfterBurst:
        """Seconds that a stream is held to Lambda's bandwidth, after the burst."""
        # a client that is slower than the stream holds it back
        rate = np.minimum(self.limit("lambda.stream.rate") * MB, self.bandwidth)
        return AfterBurst(self.limit("lambda.stream.burst"), rate)

    @property
    def stream_mean_s(self) -> Number:
        """What `stream` takes for a response, on average [s]."""
        return self.memo("stream", lambda: self.response.excess(self.stream.start) / self.stream.rate)

    def time_limit(self, limit_id: str, path: Paths, where: Mask = EVERYWHERE) -> PerRequest | SumPerRequest:
        """A limit on how long a function may take for one request.

        Beside the run time that is what the options of the design add: reading an uploaded body, storing the
        result and so on.
        """
        least = self.constant("time.material") * self.limit(limit_id)
        self._rest_on_bodies()
        added = [Term(time.driver, time.measure(self, least), on) for time, on in path.added_times.members()]
        if not added:
            return PerRequest(limit_id, "runtime", where=where)
        return SumPerRequest(limit_id, (Term("runtime", Linear()), *added), where)

    def _rest_on_bodies(self) -> None:
        """Look up what a body's way may add: an answer about a time limit names it, taken or not."""
        self.constant("gzip.bytes_per_s")
        self.time("s3.request")
        self.network  # noqa: B018

    def held_s(self, path: Paths) -> list[Number]:
        """How long one request holds its environment, on average [s]: terms with one driver each."""
        terms = [self.runtime.mean]
        function = path.compute.has(function=True)
        for added, on in path.added_times.members():
            if (on & function).any():
                terms.append((on & function) * added.held_s(self))
        return terms

    @property
    def network(self) -> float:
        """Bandwidth between an environment and S3 [B/s]."""
        measured = self.number("runtime.network")
        return self.limit("lambda.network") * 1e6 / 8 if measured is None else measured

    def new_requests(self, seconds: float) -> tuple[Number, float]:
        """Requests more within `seconds` [s] when the rate goes from its mean to its peak, and its ramp [s].

        It does so evenly within `peak.ramp_s`. Held for as long as the ramp or longer, each of them needs a
        new environment; held for less, that share of them.
        """
        return (self.peak_rps - self.mean_rps) * seconds, max(self.constant("peak.ramp_s"), seconds)

    @property
    def in_peaks(self) -> Number:
        """Requests a month that come in a peak, one a day of `peak.hours`."""
        peaks = self.month_s / 86400 * self.constant("peak.hours") * 3600
        return np.minimum(self.requests, self.peak_rps * peaks)

    @property
    def public(self) -> bool:
        """Whether clients come from the internet."""
        return "private" not in self.workload.client.needs

    def concurrency_needed(self, age_s: float) -> Number:
        """Jobs at once that keep what waits younger than `age_s` [s] through a peak, and drain it.

        A peak lasts as long as `peak.hours` says. Where a latency is promised, nothing may wait.
        """
        age_s = age_s if self.latency_p95 is None else 0.0
        patience = 1 + age_s / (self.constant("peak.hours") * 3600)
        return np.maximum(self.mean_rps, self.peak_rps / patience) * self.runtime.mean

    def backlog_age(self, capacity: Number) -> Number:
        """How old a waiting job gets by the end of a peak with `capacity` jobs at once [s]."""
        demand = self.peak_rps * self.runtime.mean / capacity
        return self.constant("peak.hours") * 3600 * np.maximum(demand - 1, 0)

    @property
    def task_vcpu(self) -> Number:
        """vCPU of the container that has at least this workload's share: a size that is sold."""
        most = self.constant("fargate.gb_per_vcpu_max")
        wanted = np.maximum(self.vcpu * (1 - 1e-9), self.memory_gb / most)
        sizes = np.array(catalogue.task_sizes())
        return sizes[np.minimum(np.searchsorted(sizes, wanted), len(sizes) - 1)]

    @property
    def task_gb(self) -> Number:
        """Memory of that container [GB]."""
        least = self.constant("fargate.gb_per_vcpu_min") * self.task_vcpu
        return np.maximum(np.ceil(self.memory_gb), least)

    def transfer(self, size_bytes: Number) -> Number:
        """Seconds that the client needs for `size_bytes` [B] by its bandwidth."""
        return size_bytes / self.bandwidth

    # Cold starts ---------------------------------------------------------------------------------

    @property
    def init(self) -> records.ColdStart:
        """The measured cold start of this language, architecture and least memory."""
        return catalogue.cold_start(
            self.workload.runtime.language, self.architecture, float(np.min(self.memory_mb))
        )

    def init_of(self, measure: Callable[[Distribution], Number]) -> Number:
        """A measure of the cold start of this language, architecture and memory, such as its mean [s]."""
        memory = np.asarray(self.memory_mb)
        if memory.ndim == 0:
            spread = self.memo("init spread", lambda: self._init_spread(float(memory), self.architecture))
            return measure(spread)
        found: Number = np.zeros(self.shape)
        for size in np.unique(memory).tolist():
            if not self.both_architectures:
                found = np.where(memory == size, measure(self._init_spread(size, self.architecture)), found)
                continue
            for architecture in dict.fromkeys(each for _, each in self.sizes):
                here = self._by_size([each == (size, architecture) for each in self.sizes])
                found = np.where(here, measure(self._init_spread(size, architecture)), found)
        return found

    def _init_spread(self, memory_mb: float, architecture: str) -> Distribution:
        """The cold start as a distribution through its measured quantiles [s]."""
        if self.workload.runtime.init is not None:
            return self.workload.runtime.init.spread
        row = catalogue.cold_start(self.workload.runtime.language, architecture, memory_mb)
        return from_quantiles({0.5: row.p50_s, 0.9: row.p90_s, 0.95: row.p95_s, 0.99: row.p99_s})

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

    def cold_start(self, service_s: Number, name: str) -> Number:
        """What a cold start adds at each of `LEVELS`: 0 at those below the share of cold requests [s]."""
        return self.memo(("cold start", name), lambda: self._cold_start(self.cold_share(service_s, name)))

    def _cold_start(self, share: Number) -> Number:
        within = np.clip(1 - (1 - self.levels) / np.maximum(share, 1e-12), 0.001, 0.999)
        return self.when_cold(share, self.init_of(lambda spread: spread.quantile(within)))

    def cold_share(self, service_s: Number, name: str) -> Number:
        """The share of requests that meet a cold environment, at the mean rate."""
        keep = self.constant("lambda.keep_alive_s")
        return self.memo(("cold", name), lambda: cold_start_share(self.mean_rps, service_s, keep))

    def work_cold_share(self, path: Paths) -> Number:
        """The share of requests whose work starts in a cold environment; 0 where none is started."""
        on_demand = path.compute.has(start=Start.ON_DEMAND)
        return on_demand * self.cold_share(self.runtime.mean, "work") if on_demand.any() else 0.0

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


def _at_points(value: Any, shape: tuple[int, ...], here: np.ndarray) -> Any:
    """The part of a quantity of this shape, or of several, at the points where `here` holds."""
    if isinstance(value, tuple):
        return tuple(_at_points(each, shape, here) for each in value)
    if np.ndim(value) < len(shape):
        return value
    before = np.shape(value)[: np.ndim(value) - len(shape)]
    whole = np.broadcast_to(value, (*before, *shape)).reshape(*before, *here.shape)
    return whole[..., here]
