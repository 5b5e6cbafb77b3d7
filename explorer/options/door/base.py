"""What doors have in common: what they cannot check or offer, payload and time limits, and usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from explorer.facts.encoding import Codec
from explorer.facts.suggestions import either
from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.limit_uses import FixedUse, LimitUse, PagedBody, PerRequest
from explorer.options.base.mask import Mask
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Behind, BodyIn, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import Route, Target, TemplatePiece, Value
from explorer.options.base.usage import UsageLines
from explorer.options.base.wishes import DOMAIN, OF_A_DISTRIBUTION, WEB_ACL, web_acl

NO_TOKENS = "client.auth jwt: only an HTTP API has a template that checks tokens"


class Door(Option):
    """The first service that a request reaches."""

    concern = "door"
    depends_on = (
        "behind",
        "asynchronous",
        "polls",
        "gzip",
        "body_in",
        "body_out",
        "added_times",
        "distribution",
    )
    role = Actor.DOOR
    auth: tuple[str, ...] = ("none", "iam", "jwt")
    checks_tokens: bool = False  # whether its template checks them, and tells functions who calls
    offers: tuple[str, ...] = ()  # the members of client.needs that it meets
    request_limits: tuple[tuple[str, bool], ...] = ()  # (limit, whether it counts the whole event)
    response_limits: tuple[tuple[str, bool], ...] = ()
    waits: str = ""  # id of the limit on how long it waits for a response
    run_limit: str = ""  # id of the limit on the run time of a function behind it
    header_limit: str = ""  # id of the limit on the headers of a request
    exchange: str = ""  # price id of one exchange, if it has one
    has_domain: bool = False  # whether it always has a custom domain
    deployable = True
    one_function: bool = False  # whether one function serves all routes

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        auth = load.workload.client.auth
        if auth is not None and auth not in self.auth:
            yield Exclusion("client.auth", f"it does not check {auth} credentials itself")
        lacking = [need for need in load.workload.client.needs if need not in self.offers]
        always = [need for need in lacking if need not in OF_A_DISTRIBUTION]
        if always:
            yield Exclusion("client.needs", f"it has no {either(always)}")
        elif lacking:
            yield Exclusion("client.needs", f"it has no {either(lacking)}", on={"distribution": False})

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        needs, alone = load.workload.client.needs, ~path.distribution
        if "custom-domain" in needs and not self.has_domain:
            yield DOMAIN, alone
        if "waf" in needs:
            yield WEB_ACL, alone

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        client = load.workload.client
        if client.auth == "jwt" and not self.checks_tokens:
            yield NO_TOKENS
        if "custom-domain" in client.needs and not flow.distribution:
            yield "client.needs custom-domain: the domain, its zone and its certificate are not of this stack"

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        if self.header_limit and load.headers is not None:
            yield FixedUse(self.header_limit, load.headers)
        if path.behind.is_(Behind.FUNCTION).any():
            yield from self._payloads(load, path)
        if not path.asynchronous.all():
            yield from self._patience(load, path)

    def _payloads(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        """The limits on the payloads to and from a function behind the door."""
        function = path.behind.is_(Behind.FUNCTION)
        inline = function & path.body_in.is_(BodyIn.DOOR)
        if inline.any():
            for limit, whole_event in self.request_limits:
                measure = load.codec("request", path) if whole_event else Codec()
                yield PerRequest(limit, "request", measure, inline)
        whole = function & path.body_out.is_(BodyOut.WHOLE, BodyOut.PAGE)
        if whole.any():
            for limit, whole_event in self.response_limits:
                yield PerRequest(limit, "response", self._answer(load, path, whole_event), whole)

    def _answer(self, load: Conditions, path: Paths, whole_event: bool) -> Codec | PagedBody:
        paged = path.body_out.is_(BodyOut.PAGE)
        codec = (
            load.codec("response", path) if whole_event else Codec(factor=load.body_factor("response", path))
        )
        if not paged.any():
            return codec
        return PagedBody(codec, np.where(paged, load.page_bytes(path), np.inf)[()])

    def _patience(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        """The limits on the time of a synchronous response."""
        at_once = ~path.asynchronous
        yield from self._waits(load, path, at_once)
        function = at_once & path.behind.is_(Behind.FUNCTION)
        if self.run_limit and function.any():
            yield load.time_limit(self.run_limit, path, function)

    def _waits(self, load: Conditions, path: Paths, at_once: Mask) -> Iterable[LimitUse]:
        """The door's own limits on how long it waits for a response."""
        if self.waits:
            yield from load.answer_limit(self.waits, path, at_once)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        if "waf" in load.workload.client.needs:
            yield from web_acl(load, load.exchanges(path), ~path.distribution)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        clients, between = load.clients, (Actor.CLIENT, Actor.DOOR)
        exchange, own = clients.time("exchange.rtt"), path.door_time.look_up(load.time)
        if clients is load:
            exchange = exchange + own
        inbound = path.body_in.is_(BodyIn.DOOR) * clients.at_levels("request")
        seconds = exchange + clients.transfer(inbound)
        if clients is load:
            yield Step(Phase.SUBMIT, f"request through {self.words}", between, seconds, for_hits=True)
        else:
            to_edge = (Actor.CLIENT, Actor.EDGE)
            yield Step(Phase.SUBMIT, "request to the distribution", to_edge, seconds, for_hits=True)
            yield Step(
                Phase.SUBMIT, f"what passes on to {self.words}", (Actor.EDGE, Actor.DOOR), own, order=1
            )
        if path.polls.any():
            yield Step(
                Phase.POLL, f"status request through {self.words}", between, exchange, where=path.polls
            )

    def wiring(
        self, load: Conditions, path: RequestPath, routes: Mapping[Route, Target]
    ) -> Iterable[TemplatePiece]:
        """The pieces that connect each route to the target to invoke, and that admit callers."""
        return ()

    def address(self) -> Value:
        """The URL of the endpoint."""
        return ""

    def conditions(self) -> Mapping[str, Value]:
        """The conditions of a template that the door's resources and address refer to."""
        return {}

    def door_bytes(self, load: Conditions, path: Paths) -> list[Number]:
        """The mean bytes of bodies that pass the door per request: one term per body."""
        return [path.body_in.is_(BodyIn.DOOR) * load.request.mean, ~path.asynchronous * load.sent_mean(path)]

    def request_units(self, load: Conditions, path: Paths, increment: float) -> list[Number]:
        """The billed exchanges per request: terms with one driver each.

        A large body counts as one exchange for each started increment [B].
        """
        terms = load.exchanges(path)
        inline = path.body_in.is_(BodyIn.DOOR)
        if inline.any():
            terms.append(inline * np.maximum(load.request.mean_ceil(increment) - 1, 0))
        whole, paged = path.body_out.is_(BodyOut.WHOLE), path.body_out.is_(BodyOut.PAGE)
        if (whole | paged).any():
            started = load.response.mean_ceil(increment / load.body_factor("response", path))
            terms.append(whole * np.maximum(started - 1, 0))
            if paged.any():
                terms.append(paged * np.maximum(started - load.pages(path), 0))
        return terms
