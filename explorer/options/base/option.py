"""The base class of options: the questions that every option answers.

An option answers five questions (`limits`, `usage`, `steps`, `parts`, `excludes`) about any workload. It
contains no AWS figures, only ids of `data/`, and knows no other option: the effects of other choices reach it
through the request path. An option that can be deployed also answers `pieces`: what a stack needs for it.

`limits`, `usage` and `steps` receive the workload (`Conditions`) and the paths (`Paths`): one path, or all
paths on which the option occurs at once. Four rules make the same code serve both:

* No `if` on a path: usage that applies only on some paths is multiplied by a mask; limits and steps have
  `where`.
* `if mask.any():` may enclose a line. It saves work, and facts that no path needs are not looked up.
* One driver per term: request size, run time and rates are each in a term of their own, and sums of them are
  lists of terms. Otherwise every line would become an array along all axes of a grid.
* A fact whose id depends on the path (an envelope, the time of a door) is looked up by the path:
  `path.door_time.look_up`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from explorer.facts import catalogue
from explorer.facts.units import Number

from .added_time import AddedTime
from .conditions import Conditions
from .limit_uses import LimitUse
from .mask import EVERYWHERE, Mask
from .paths import Column, Paths
from .request_path import Actor, RequestPath, Step
from .resources import TemplatePiece
from .usage import FlatRate, UsageLines

ARTICLE = re.compile(r"^(?:an?|the) ")


@dataclass(frozen=True, eq=False)
class Exclusion:
    """Why an option cannot serve a workload: the field that excludes it, and a sentence."""

    because: str
    why: str
    where: Mask = EVERYWHERE  # the points of a sweep at which it applies
    on: Mapping[str, object] = field(default_factory=dict)  # only on paths with these values; {}: on all
    is_whole: bool = False  # whether the sentence names its subject; if so, all such are shown

    def mask(self, path: Paths) -> Mask:
        """Which of these paths it applies to."""
        mask = EVERYWHERE
        for name, value in self.on.items():
            column = getattr(path, name)
            holds = column.is_(value) if isinstance(column, Column) else column == value
            mask = mask & holds
        return mask


class Option:
    """One choice for one concern; an instance has no state and gives pure answers."""

    id: ClassVar[str]
    concern: ClassVar[str]
    summary: ClassVar[str]  # a noun phrase that describes it
    phrase: ClassVar[str] = ""  # its name in a sentence about a design; "" for a plain option
    short_name: ClassVar[str] = ""  # its name in a list or a picture, if it differs from the phrase
    parts: ClassVar[tuple[str, ...]] = ()  # what the on-call engineer or the client must know about
    provides: ClassVar[Mapping[str, Any]] = {}  # fields of the request path that this choice sets
    added_times: ClassVar[tuple[AddedTime, ...]] = ()  # times that the worker needs besides the run time
    role: ClassVar[Actor] = Actor.WORKER  # the box of a picture with its parts, unless a part names another
    depends_on: ClassVar[tuple[str, ...]] = ()  # the fields of the request path that its answers read
    clash_fields: ClassVar[tuple[str, ...]] = ()  # the fields of the request path that `clashes` reads
    deployable: ClassVar[bool] = False  # whether it defines `pieces`
    missing_for_template: ClassVar[str] = ""  # what a template of it would need and is not here
    region_feature: ClassVar[str] = ""  # the feature of regions.csv that it requires
    runtime_use: ClassVar[str] = ""  # the column of runtimes.csv that the runtime must satisfy
    in_front: ClassVar[bool] = False  # whether it is in front of the cache and so sees every request
    flat_rates: ClassVar[tuple[FlatRate, ...]] = ()  # monthly prices that can replace its lines

    @property
    def words(self) -> str:
        """Its name in a sentence; for the plain option of a concern, its summary."""
        return self.phrase or self.summary

    @property
    def name(self) -> str:
        """Its name in a list or a picture, without an article."""
        return self.short_name or ARTICLE.sub("", self.words)

    def clashes(self, flow: RequestPath) -> str | None:
        """Why it cannot be combined with the other choices, or None; reads only `clash_fields` of `flow`."""
        return None

    def undeployable(self, flow: RequestPath) -> str | None:
        """Why it cannot be deployed with the other choices, or None."""
        if self.deployable:
            return None
        missing = f": {self.missing_for_template}" if self.missing_for_template else ""
        return f"{self.id} has no template here{missing}"

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        """What this workload requires of it that its template does not contain, one sentence each."""
        return ()

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        """The reasons why it cannot serve this workload, whatever the other choices.

        This base method excludes it if the region or the runtime lacks a required feature; an option with
        further exclusions adds them to these. An unknown feature of a region or a runtime excludes nothing.
        """
        region = catalogue.region(load.workload.region)
        if region and self.region_feature in (region.lacks or ()):
            yield Exclusion("region", f"{region.region} has no {self.region_feature}", is_whole=True)
        runtime = load.runtime_row if self.runtime_use else None
        if runtime and getattr(runtime, self.runtime_use) is False:
            why = f"{self.words} does not take {load.workload.runtime.language}"
            yield Exclusion("runtime.language", why, is_whole=True)

    def sells(self, load: Conditions) -> Mask:
        """Which sizes of the load exist for it; its designs take no other."""
        return EVERYWHERE

    def task_size(self, load: Conditions) -> tuple[float, float] | None:
        """The vCPUs and memory [GB] of the container task that it buys at the one size of the load."""
        return None

    def is_needed(self, load: Conditions) -> bool:
        """Whether this workload needs the option: if not, replacing it changes nothing."""
        return True

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        """The limits that bind, each with its driver and the paths on which it binds."""
        return ()

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        """The billable usage in a month: (price id, quantity), one driver per line."""
        return ()

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        """The steps of one request, with their seconds and the paths on which they happen."""
        return ()

    def cold_share(self, load: Conditions, path: Paths) -> Number:
        """The share of requests whose work waits for a cold start of this option."""
        return 0.0

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        """The parts that this workload requires in addition to `parts`, each with the paths that have it.

        An example is a web ACL, if `client.needs` contains one and this option carries it.
        """
        return ()

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        """What a stack of one design needs for it: functions, routes, permissions, settings, resources."""
        return ()
