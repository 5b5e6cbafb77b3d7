"""What the doors share: what they cannot check or offer, the limits on what passes, and what is counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.facts.encoding import Codec
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import LimitUse, Paged, PerRequest
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.request_path import Actor, Behind, BodyIn, BodyOut, Phase, Step
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

    def limits(self, load: Conditions) -> Iterable[LimitUse]:
        if load.flow.behind is Behind.FUNCTION:
            yield from self._payloads(load)
        if load.flow.body_out is not BodyOut.JOB:
            yield from self._patience(load)

    def _payloads(self, load: Conditions) -> Iterable[LimitUse]:
        """What a function behind the door may be sent, and may answer."""
        flow = load.flow
        if flow.body_in is BodyIn.DOOR:
            for limit, whole_event in self.request_limits:
                yield PerRequest(limit, "request", load.codec("request") if whole_event else Codec())
        if flow.body_out in {BodyOut.WHOLE, BodyOut.COMPRESSED, BodyOut.PAGE}:
            for limit, whole_event in self.response_limits:
                yield PerRequest(limit, "response", self._answer(load, whole_event))

    def _answer(self, load: Conditions, whole_event: bool) -> Codec | Paged:
        codec = load.codec("response") if whole_event else Codec()
        if load.flow.body_out is BodyOut.PAGE:
            return Paged(codec, load.page_bytes)
        if load.flow.body_out is BodyOut.COMPRESSED and not whole_event:
            return Codec(factor=load.compression)
        return codec

    def _patience(self, load: Conditions) -> Iterable[LimitUse]:
        """How long an answer may take that comes at once."""
        on_function = load.flow.behind is Behind.FUNCTION
        if self.waits:
            yield load.time_limit(self.waits) if on_function else PerRequest(self.waits, "runtime")
        if self.run_limit and on_function:
            yield load.time_limit(self.run_limit)

    def steps(self, load: Conditions) -> Iterable[Step]:
        overhead = load.time(load.flow.door_time)
        carried = load.at_levels("request") if load.flow.body_in is BodyIn.DOOR else 0.0
        seconds = load.time("exchange.rtt") + overhead + load.transfer(carried)
        yield Step(Phase.SUBMIT, f"request through {self.id}", (Actor.CLIENT, Actor.DOOR), seconds)
        if load.flow.polls:
            seconds = load.time("exchange.rtt") + overhead
            yield Step(Phase.POLL, f"status request through {self.id}", (Actor.CLIENT, Actor.DOOR), seconds)

    def wiring(self, load: Conditions, routes: Mapping[Route, str]) -> Iterable[TemplatePiece]:
        """What leads each route to the function, by its logical id, and who may come in."""
        return ()

    def address(self) -> Value:
        """What the endpoint's URL is."""
        return ""

    def carried(self, load: Conditions) -> Number:
        """Bytes of bodies that pass through the door for one request, on average."""
        carried: Number = load.request.mean if load.flow.body_in is BodyIn.DOOR else 0.0
        if load.flow.body_out is not BodyOut.JOB:
            share = load.compression if load.flow.body_out is BodyOut.COMPRESSED else 1.0
            carried = carried + load.response.mean * share
        return carried

    def request_units(self, load: Conditions, increment: float) -> Number:
        """Exchanges a request, a large body counted by its started increments [B]."""
        flow = load.flow
        units = load.exchanges
        if flow.body_in is BodyIn.DOOR:
            units = units + np.maximum(load.request.mean_ceil(increment) - 1, 0)
        if flow.body_out is BodyOut.WHOLE:
            units = units + np.maximum(load.response.mean_ceil(increment) - 1, 0)
        elif flow.body_out is BodyOut.COMPRESSED:
            units = units + np.maximum(load.response.mean_ceil(increment / load.compression) - 1, 0)
        elif flow.body_out is BodyOut.PAGE:
            units = units + np.maximum(load.response.mean_ceil(increment) - load.pages, 0)
        return units
