"""Time that an option adds to the run time of a request, wherever a limit or an environment counts it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

from .limit_uses import AfterBurst, IfMaterial, Linear
from .mask import Mask


class BodyPath(Protocol):
    """What a body's way asks of the request path."""

    gzip: Mask


class BodyConditions(Protocol):
    """What an added time asks of the conditions, which know request paths and so stand above it."""

    vcpu: Number

    @property
    def network(self) -> Number:
        """Bandwidth between an environment and S3 [B/s]."""

    def constant(self, constant_id: str) -> float:
        """A metering or modelling constant."""

    def typical_s(self, time_id: str) -> float:
        """The p50 of an operation [s]."""

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver."""

    def body_factor(self, direction: str, path: BodyPath) -> Number:
        """What a body is times its size once the function has made it."""

    def stream(self, path: BodyPath) -> AfterBurst:
        """Seconds that a stream is held to Lambda's bandwidth, after the burst."""

    def stream_mean_s(self, path: BodyPath) -> Number:
        """What `stream` takes for a response, on average [s]."""


@dataclass(frozen=True)
class AddedTime(ABC):
    """Time beside the run time that one request takes in what does its work.

    An option lists it in `added_times`; the limits on time and the seconds for which an environment is
    held count it, and know no option. Equal ones must compare equal: subclasses are frozen records.
    """

    driver: str  # what it grows with: request [B], response [B] or runtime [s]

    @abstractmethod
    def measure(
        self, load: BodyConditions, path: BodyPath, least_s: float
    ) -> Linear | IfMaterial | AfterBurst:
        """The seconds by the driver; what is under `least_s` [s] may be left out."""

    def held_s(self, load: BodyConditions, path: BodyPath) -> Number:
        """How much longer an environment is held for it, on average [s]."""
        return 0.0


@dataclass(frozen=True)
class BucketTransfer(AddedTime):
    """A body that the work reads from S3, or puts there."""

    def measure(self, load: BodyConditions, path: BodyPath, least_s: float) -> IfMaterial:
        """The latency of S3, and the body at the bandwidth between an environment and S3."""
        each = load.body_factor(self.driver, path) / load.network
        return IfMaterial(each, load.typical_s("s3.request"), least_s)

    def held_s(self, load: BodyConditions, path: BodyPath) -> Number:
        """The body alone."""
        return load.body_factor(self.driver, path) * load.spread(self.driver).mean / load.network
