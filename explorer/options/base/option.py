"""What an option may say of itself.

An option answers five questions (`limits`, `usage`, `steps`, `parts`, `excludes`) about any workload.
It holds no AWS figure, only ids of `data/`, and knows no other option: what the other choices mean for it
reaches it as the request path. One that can be put up answers a sixth question, `pieces`: what a stack needs
for it.

`limits`, `usage` and `steps` are asked with the workload (`Conditions`) and the paths (`Paths`): one path, or
all those in which the option stands at once. Four rules make one answer serve both:

* No `if` on a path: what holds on some is multiplied by a mask (usage), or says `where` (limits, steps).
* `if mask.any():` may stand around a line. It saves work, and facts that no path needs are not looked up.
* One driver a term: a request's size, the run time or a rate each stand in a term of their own, and sums of
  them are lists of terms. Else every line would become an array along all axes of a grid.
* What one id depends on (an envelope, the time of a door) is looked up by the path: `path.door_time.look_up`.
"""

from __future__ import annotations

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


@dataclass(frozen=True, eq=False)
class Exclusion:
    """Why an option cannot serve a workload: the field that says so, and a sentence."""

    because: str
    why: str
    where: Mask = EVERYWHERE  # at which points of a sweep
    on: Mapping[str, object] = field(default_factory=dict)  # on paths with these fields alone; {}: on all
    is_whole: bool = False  # whether the sentence names its subject: those of several options are all given

    def mask(self, path: Paths) -> Mask:
        """On which of these paths it holds."""
        mask = EVERYWHERE
        for name, value in self.on.items():
            column = getattr(path, name)
            holds = column.is_(value) if isinstance(column, Column) else column == value
            mask = mask & holds
        return mask


class Option:
    """One choice for one concern. Subclasses are instances' recipes: no state, pure answers."""

    id: ClassVar[str]
    concern: ClassVar[str]
    summary: ClassVar[str]  # what it is, in half a sentence
    phrase: ClassVar[str] = ""  # what people call it, in a sentence about a design; "" where it is plain
    parts: ClassVar[tuple[str, ...]] = ()  # what whoever is on call, or the client, must know of
    provides: ClassVar[
        Mapping[str, Any]
    ] = {}  # what this choice means for the others, by field of the request path
    added_times: ClassVar[tuple[AddedTime, ...]] = ()  # beside the run time, in what does the work
    role: ClassVar[Actor] = Actor.WORKER  # in whose box of a picture its parts stand, unless they say
    depends_on: ClassVar[tuple[str, ...]] = ()  # the fields of the request path that its answers depend on
    clash_fields: ClassVar[tuple[str, ...]] = ()  # the fields of the request path that `clashes` reads
    deployable: ClassVar[bool] = False  # whether it says what a stack needs for it
    region_feature: ClassVar[str] = ""  # what a region may lack that it rests on, as in regions.csv
    runtime_use: ClassVar[str] = ""  # what a runtime must be good for, as in runtimes.csv
    in_front: ClassVar[bool] = False  # it meets every request; the others only what no cache answers
    flat_rates: ClassVar[tuple[FlatRate, ...]] = ()  # prices a month that may stand in place of its lines

    def clashes(self, flow: RequestPath) -> str | None:
        """Why it cannot go with the other choices, or None. Of `flow` it reads `clash_fields` alone."""
        return None

    def undeployable(self, flow: RequestPath) -> str | None:
        """Why it cannot be put up among the other choices, or None."""
        return None if self.deployable else f"{self.id} has no template here"

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        """What this workload asks of it that its template does not have, a sentence each."""
        return ()

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        """Why it cannot serve this workload, whatever the other choices.

        That the region or the runtime lacks what it rests on is said here: an option that excludes more
        says that beside it. What nobody knows of a region or a runtime excludes nothing.
        """
        region = catalogue.region(load.workload.region)
        if region and self.region_feature in (region.lacks or ()):
            yield Exclusion("region", f"{region.region} has no {self.region_feature}", is_whole=True)
        runtime = load.runtime_row if self.runtime_use else None
        if runtime and getattr(runtime, self.runtime_use) is False:
            why = f"{self.id} does not take {load.workload.runtime.language}"
            yield Exclusion("runtime.language", why, is_whole=True)

    def has_a_task(self, load: Conditions) -> bool:
        """Whether this workload asks anything of it: if not, another choice in its place changes nothing."""
        return True

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        """The limits that bind, each with what drives it and where it binds."""
        return ()

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        """What is billed a month: (price id, quantity), one driver a line."""
        return ()

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        """What happens to one request, with the seconds that each step takes and where it happens."""
        return ()

    def cold_share(self, load: Conditions, path: Paths) -> Number:
        """The share of requests whose work waits for a cold start of this option."""
        return 0.0

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        """Parts that this workload asks for besides `parts`, each with the paths that have it.

        Such as a web ACL where `client.needs` asks for one and this option is what carries it.
        """
        return ()

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        """What a stack of one design needs for it: functions, routes, permissions, settings, resources."""
        return ()
