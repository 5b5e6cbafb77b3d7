"""What the doors share: what they cannot check or offer, the limits on what passes, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.facts.encoding import Codec
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse, Paged, PerRequest
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Behind, BodyIn, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import Route, TemplatePiece, Value


class Door(Option):
    """The first service that a request meets."""

    concern = "door"
    depends_on = ("behind", "polls", "body_in", "body_out", "added_times")
    role = Actor.DOOR
    auth: tuple[str, ...] = ("none", "iam", "jwt")
    offers: tuple[str, ...] = ()  # of client.needs
    request_limits: tuple[tuple[str, bool], ...] = ()  # (limit, whether it counts the whole event)
    response_limits: tuple[tuple[str, bool], ...] = ()
    waits: str = ""  # the limit on how long it waits for an answer
    run_limit: str = ""  # the limit on how long a function behind it may take
    exchange: str = ""  # the price of one exchange, where it has one
    deployable = True
    one_function: bool = False  # whether one function answers all of its routes

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        auth = load.workload.client.auth
        if auth is not None and auth not in self.auth:
            yield Exclusion("client.auth", f"it cannot check {auth} credentials itself")
        lacking = [need for need in load.workload.client.needs if need not in self.offers]
        if lacking:
            yield Exclusion("client.needs", f"it has no {', '.join(lacking)}")

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        if path.behind.is_(Behind.FUNCTION).any():
            yield from self._payloads(load, path)
        if not path.body_out.is_(BodyOut.JOB).all():
            yield from self._patience(load, path)

    def _payloads(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        """What a function behind the door may be sent, and may answer."""
        function = path.behind.is_(Behind.FUNCTION)
        inline = function & path.body_in.is_(BodyIn.DOOR)
        if inline.any():
            for limit, whole_event in self.request_limits:
                measure = load.codec("request", path) if whole_event else Codec()
                yield PerRequest(limit, "request", measure, inline)
        whole = function & path.body_out.is_(BodyOut.WHOLE, BodyOut.COMPRESSED, BodyOut.PAGE)
        if whole.any():
            for limit, whole_event in self.response_limits:
                yield PerRequest(limit, "response", self._answer(load, path, whole_event), whole)

    def _answer(self, load: Conditions, path: Paths, whole_event: bool) -> Codec | Paged:
        paged = path.body_out.is_(BodyOut.PAGE)
        if whole_event:
            codec = load.codec("response", path)
        else:
            compressed = path.body_out.is_(BodyOut.COMPRESSED)
            codec = Codec(factor=np.where(compressed, load.compression, 1.0)[()])
        if not paged.any():
            return codec
        return Paged(codec, np.where(paged, load.page_bytes(path), np.inf)[()])

    def _patience(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        """How long an answer may take that comes at once."""
        at_once = ~path.body_out.is_(BodyOut.JOB)
        function = path.behind.is_(Behind.FUNCTION)
        yield from self._waits(load, path, at_once & function, at_once & ~function)

    def _waits(self, load: Conditions, path: Paths, function: Mask, other: Mask) -> Iterable[LimitUse]:
        """The door's own limits on time, where a function is behind it and where something else is."""
        if self.waits and function.any():
            yield load.time_limit(self.waits, path, function)
        if self.waits and other.any():
            yield PerRequest(self.waits, "runtime", where=other)
        if self.run_limit and function.any():
            yield load.time_limit(self.run_limit, path, function)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        exchange = load.time("exchange.rtt") + path.door_time.look_up(load.time)
        carried = path.body_in.is_(BodyIn.DOOR) * load.at_levels("request")
        seconds, between = exchange + load.transfer(carried), (Actor.CLIENT, Actor.DOOR)
        yield Step(Phase.SUBMIT, f"request through {self.id}", between, seconds)
        if path.polls.any():
            yield Step(Phase.POLL, f"status request through {self.id}", between, exchange, where=path.polls)

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, str]
    ) -> Iterable[TemplatePiece]:
        """What leads each route to the function, by its logical id, and who may come in."""
        return ()

    def address(self) -> Value:
        """What the endpoint's URL is."""
        return ""

    def carried(self, load: Conditions, path: Paths) -> list[Number]:
        """Bytes of bodies that pass through the door for one request, on average: a term a body."""
        through = ~path.body_out.is_(BodyOut.JOB)
        share = np.where(path.body_out.is_(BodyOut.COMPRESSED), load.compression, 1.0)
        return [path.body_in.is_(BodyIn.DOOR) * load.request.mean, through * share * load.response.mean]

    def request_units(self, load: Conditions, path: Paths, increment: float) -> list[Number]:
        """Exchanges a request, a large body counted by its started increments [B]: terms with one driver."""
        terms = load.exchanges(path)
        inline = path.body_in.is_(BodyIn.DOOR)
        if inline.any():
            terms.append(inline * np.maximum(load.request.mean_ceil(increment) - 1, 0))
        whole, compressed = path.body_out.is_(BodyOut.WHOLE), path.body_out.is_(BodyOut.COMPRESSED)
        paged = path.body_out.is_(BodyOut.PAGE)
        if (whole | paged).any():
            started = load.response.mean_ceil(increment)
            terms.append(whole * np.maximum(started - 1, 0))
            if paged.any():
                terms.append(paged * np.maximum(started - load.pages(path), 0))
        if compressed.any():
            started = load.response.mean_ceil(increment / load.compression)
            terms.append(compressed * np.maximum(started - 1, 0))
        return terms
