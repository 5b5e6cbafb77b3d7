"""Time that an option adds to the run time of a request, wherever a limit or an environment counts it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from explorer.facts.units import Number

from .limit_uses import AfterBurst, IfMaterial, Linear


@dataclass(frozen=True)
class AddedTime(ABC):
    """Time beside the run time that one request takes in what does its work.

    An option lists it in `added_times`; the limits on time and the seconds for which an environment is
    held count it, and know no option. Equal ones must compare equal: subclasses are frozen records.
    """

    driver: str  # what it grows with: request [B], response [B] or runtime [s]

    @abstractmethod
    def measure(self, load: Any, path: Any, least_s: float) -> Linear | IfMaterial | AfterBurst:
        """The seconds by the driver; what is under `least_s` [s] may be left out."""

    def held_s(self, load: Any, path: Any) -> Number:
        """How much longer an environment is held for it, on average [s]."""
        return 0.0


@dataclass(frozen=True)
class BucketTransfer(AddedTime):
    """A body that the work reads from S3, or puts there."""

    def measure(self, load: Any, path: Any, least_s: float) -> IfMaterial:
        """The latency of S3, and the body at the bandwidth between an environment and S3."""
        each = load.body_factor(self.driver, path) / load.network
        return IfMaterial(each, load.typical_s("s3.request"), least_s)

    def held_s(self, load: Any, path: Any) -> Number:
        """The body alone."""
        return load.body_factor(self.driver, path) * load.spread(self.driver).mean / load.network
