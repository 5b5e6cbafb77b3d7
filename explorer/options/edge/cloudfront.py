"""A CloudFront distribution in front of the door."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import GB, MEGABIT, Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import FixedUse, LimitUse, Linear, PeakDemand, PerRequest
from explorer.options.base.mask import EVERYWHERE, Mask
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, BodyIn, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import (
    DISTRIBUTION,
    Resource,
    Setting,
    TemplatePiece,
    Value,
    attribute,
    own_name,
    substitute,
)
from explorer.options.base.usage import FlatRate, UsageLines
from explorer.options.base.web_acl import WEB_ACL_RESOURCE, web_acl_resource
from explorer.options.base.wishes import DOMAIN, WEB_ACL, web_acl

from .base import Edge

REQUESTS, OUT = "cloudfront.https_request", "cloudfront.data_out"
REPLACED = (REQUESTS, OUT, "cloudfront.data_to_origin", "waf.web_acl", "waf.rule", "waf.request")
ACL_REGION = "us-east-1"  # the only region for the web ACL of a distribution
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE")
# Managed policies of AWS, the same in every account: no cache, a cache controlled by response headers, and
# forwarding of all headers except Host, which is that of the door
NO_CACHE = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHE_BY_HEADERS = "83da9c7e-98b4-4e11-a168-04f0df8e2c65"
SENT_ON = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def _plan(name: str, most_gb: str = "") -> FlatRate:
    """A flat-rate plan as AWS names it; `most_gb` is the id of its allowance of bytes, if not its own."""
    price = f"cloudfront.plan_{name.lower().replace(' ', '_')}"
    allows = ((REQUESTS, f"{price}.requests"), (OUT, most_gb or f"{price}.gb"))
    return FlatRate(f"CloudFront's flat-rate plan {name}", price, REPLACED, allows)


class CloudFront(Edge):
    """A distribution that receives every request, answers from its cache, and forwards the rest to the door.

    The door accepts no other requests: a function URL checks the distribution's signature, other doors check
    a secret header.
    """

    id = "cloudfront"
    summary = "a CloudFront distribution in front of the door"
    phrase = "CloudFront in front"
    short_name = "CloudFront"
    parts = ("distribution",)
    provides = {"distribution": True, "egress": OUT}
    depends_on = (
        "origin_access",
        "behind",
        "asynchronous",
        "polls",
        "socket",
        "gzip",
        "body_in",
        "body_out",
        "added_times",
        "response_envelope",
        "response_limits",
    )
    flat_rates = (
        _plan("Free"),
        _plan("Pro"),
        _plan("Business", "cloudfront.plan_pro.gb"),
        _plan("Premium", "cloudfront.plan_pro.gb"),
        *(_plan(f"Premium {size}TB") for size in (75, 125, 200, 350, 600)),
    )

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        client = load.workload.client
        if client.auth == "iam":
            why = "the signature of a caller names another host than the one that the door sees"
            yield Exclusion("client.auth", why)
        if "private" in client.needs:
            yield Exclusion("client.needs", "a distribution is never private")

    def more_parts(self, load: Conditions, path: Paths) -> Iterable[tuple[str, Mask]]:
        needs = load.workload.client.needs
        if "custom-domain" in needs:
            yield DOMAIN, EVERYWHERE
        if "waf" in needs:
            yield WEB_ACL, EVERYWHERE
        signed = path.origin_access & path.body_in.is_(BodyIn.DOOR)
        yield DesignPart("client sends the SHA-256 of its body", Actor.CLIENT), signed

    def _exchanges(self, load: Conditions, path: Paths) -> list[Number]:
        """The mean requests to the distribution per client request: terms with one driver each."""
        stored = path.body_out.is_(BodyOut.JOB)  # fetched by a signed URL
        terms = [*load.exchanges(path), 1.0 * stored]
        if path.socket.any():
            terms.append(path.socket * load.connections)
        return terms

    def _can_cache(self, path: Paths) -> Mask:
        result: Mask = path.body_out.is_(BodyOut.WHOLE, BodyOut.STREAM, BodyOut.PAGE)
        return result

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        if load.headers is not None:
            yield FixedUse("cf.headers", load.headers)
        exchanges = self._exchanges(load, path)
        yield PeakDemand("cf.rps", [load.peak_rps * term for term in exchanges])
        inline = path.body_in.is_(BodyIn.DOOR)
        collected = ~path.body_out.is_(BodyOut.NOTHING)
        uploads = [inline * load.request.mean, collected * load.sent_mean(path)]
        yield PeakDemand("cf.bandwidth", [load.peak_rps * term / MEGABIT for term in uploads])
        if inline.any():
            yield PerRequest("cf.request.body", "request", Linear(1 / GB), inline)
        fetched = path.body_out.is_(BodyOut.JOB) | (self._can_cache(path) & load.caches)
        if fetched.any():
            measure = Linear(load.body_factor("response", path) / GB)
            yield PerRequest("cf.object", "response", measure, fetched)
        at_once = ~path.asynchronous
        if at_once.any():
            yield from load.answer_limit("cf.origin.timeout", path, at_once)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        exchanges = self._exchanges(load, path)
        for term in exchanges:
            yield REQUESTS, load.requests * term
        passed = 1 - self._can_cache(path) * load.cacheable  # the share of requests that the cache forwards
        uploaded = passed * path.body_in.is_(BodyIn.DOOR)
        yield "cloudfront.data_to_origin", uploaded * (load.requests * load.request.mean / GB)
        if "waf" in load.workload.client.needs:
            yield from web_acl(load, exchanges, EVERYWHERE)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        hop, cached = load.time("edge.cloudfront"), self._can_cache(path) & load.caches
        who, title = (Actor.CLIENT, Actor.EDGE), "through the distribution"
        yield Step(Phase.SUBMIT, title, who, hop, order=-1, where=~cached)
        if cached.any():  # requests answered by the cache end here
            passed_on = load.passed_s("edge.cloudfront")
            yield Step(Phase.SUBMIT, title, (Actor.EDGE, Actor.DOOR), passed_on, order=1, where=cached)
        upload = path.body_in.is_(BodyIn.S3)
        if upload.any():  # the request for the upload URL also passes it
            yield Step(Phase.SUBMIT, title, who, hop, order=-2, where=upload)
        if path.polls.any():
            yield Step(Phase.POLL, title, who, hop, where=path.polls)
        stored, paged = path.body_out.is_(BodyOut.JOB), path.body_out.is_(BodyOut.PAGE)
        if stored.any():
            yield Step(Phase.DOWNLOAD, title, (Actor.EDGE, Actor.BUCKET), hop, order=-1, where=stored)
        if paged.any():
            more = np.maximum(np.ceil(load.at_levels("response") / load.page_bytes(path)) - 1, 0)
            yield Step(Phase.DOWNLOAD, title, who, more * hop, before_first_byte=0.0, where=paged)

    deployable = True

    def undeployable(self, flow: RequestPath) -> str | None:
        if not flow.origin_access:
            return f"{self.id} has a template only in front of a function URL: no other door checks who calls"
        if flow.body_out not in (BodyOut.WHOLE, BodyOut.PAGE):
            return f"{self.id} has a template only for an answer at once: a job belongs to its signer"
        return super().undeployable(flow)

    def unbuilt(self, load: Conditions, flow: RequestPath) -> Iterable[str]:
        needs = load.workload.client.needs
        if load.workload.client.auth is None:
            yield 'client.auth: callers are not known behind a distribution: state "none" if anyone may call'
        if "custom-domain" in needs:
            yield "client.needs custom-domain: the domain, its zone and its certificate are not of this stack"
        if "waf" in needs and load.workload.region != ACL_REGION:
            yield f"client.needs waf: the web ACL of a distribution stands in {ACL_REGION} alone"

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield Setting("open_to_all", True)  # the door accepts the distribution alone, which signs for all

    def wiring(self, load: Conditions, path: RequestPath, door: Value) -> Iterable[TemplatePiece]:
        access = {
            "Name": own_name("edge"),
            "OriginAccessControlOriginType": "lambda",
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        }
        yield Resource(
            "EdgeAccess", "AWS::CloudFront::OriginAccessControl", {"OriginAccessControlConfig": access}
        )
        guarded = "waf" in load.workload.client.needs
        if guarded:
            yield web_acl_resource(load, "CLOUDFRONT")
        origin = {
            "Id": "door",
            "DomainName": {"Fn::Select": [2, {"Fn::Split": ["/", door]}]},
            "OriginAccessControlId": attribute("EdgeAccess", "Id"),
            "CustomOriginConfig": {
                "OriginProtocolPolicy": "https-only",
                "OriginSSLProtocols": ["TLSv1.2"],
                "OriginReadTimeout": int(load.limit("cf.origin.timeout")),
            },
        }
        behavior = {
            "TargetOriginId": "door",
            "ViewerProtocolPolicy": "https-only",
            "AllowedMethods": list(METHODS),
            "CachePolicyId": CACHE_BY_HEADERS if load.caches else NO_CACHE,
            "OriginRequestPolicyId": SENT_ON,
            "Compress": False,
        }
        config = {
            "Enabled": True,
            "HttpVersion": "http2and3",
            "Origins": [origin],
            "DefaultCacheBehavior": behavior,
            **({"WebACLId": attribute(WEB_ACL_RESOURCE)} if guarded else {}),
        }
        yield Resource(DISTRIBUTION, "AWS::CloudFront::Distribution", {"DistributionConfig": config})

    def address(self, door: Value) -> Value:
        return substitute(f"https://${{{DISTRIBUTION}.DomainName}}")
