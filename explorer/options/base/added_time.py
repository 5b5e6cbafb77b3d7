"""Times that options add to the run time of a request, for limits and for held environments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from explorer.facts.units import Number
from explorer.workload.distribution import Distribution

from .limit_uses import AfterBurst, IfMaterial, Linear
from .mask import Mask


class BodyPath(Protocol):
    """The fields of the request path that the transfer of a body depends on."""

    gzip: Mask


class BodyConditions(Protocol):
    """The quantities that an added time reads; `Conditions` knows request paths and is above this module."""

    vcpu: Number

    @property
    def network(self) -> Number:
        """The bandwidth between an environment and S3 [B/s]."""

    def constant(self, constant_id: str) -> float:
        """A metering or modelling constant."""

    def typical_s(self, time_id: str) -> float:
        """The p50 of an operation [s]."""

    def spread(self, driver: str) -> Distribution:
        """The distribution of a driver."""

    def body_factor(self, direction: str, path: BodyPath) -> Number:
        """The size of a body as sent divided by its original size: below 1 if it is compressed."""

    def stream(self, path: BodyPath) -> AfterBurst:
        """The time for which Lambda's bandwidth delays a stream after the burst [s]."""

    def stream_mean_s(self, path: BodyPath) -> Number:
        """The mean time that `stream` adds to a response [s]."""


@dataclass(frozen=True)
class AddedTime(ABC):
    """Time in addition to the run time that one request takes in the worker.

    An option lists it in `added_times`. The limits on time and the seconds for which an environment is held
    count it without knowing the option. Equal times must compare equal: subclasses are frozen records.
    """

    driver: str  # its driver: request [B], response [B] or runtime [s]

    @abstractmethod
    def measure(
        self, load: BodyConditions, path: BodyPath, least_s: float
    ) -> Linear | IfMaterial | AfterBurst:
        """The seconds as a function of the driver; times below `least_s` [s] may be left out."""

    def held_s(self, load: BodyConditions, path: BodyPath) -> Number:
        """The mean additional time for which an environment is held [s]."""
        return 0.0


@dataclass(frozen=True)
class BucketTransfer(AddedTime):
    """The time to read a body from S3, or to write it there."""

    def measure(self, load: BodyConditions, path: BodyPath, least_s: float) -> IfMaterial:
        """The latency of S3, plus the body divided by the bandwidth between an environment and S3."""
        each = load.body_factor(self.driver, path) / load.network
        return IfMaterial(each, load.typical_s("s3.request"), least_s)

    def held_s(self, load: BodyConditions, path: BodyPath) -> Number:
        """The mean transfer time of the body alone [s]."""
        return load.body_factor(self.driver, path) * load.spread(self.driver).mean / load.network
