"""CloudFront: how long a distribution waits for its origin, and what functions at the edge may not use."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.facts import catalogue

from .doors import BALANCER, EDGE, HTTP_APIS, REST_APIS, URL, Door
from .findings import BREACH, Finding, Judge
from .nodes import Map, Unknown, mapping
from .resolve import references
from .rules_function import timeout_of
from .stack import Resource, Stack, TemplateValue, each, resolve_node

ORIGIN, UNSET = "cf.origin.timeout", "cf.origin.timeout.default"
BALANCERS = "AWS::ElasticLoadBalancingV2::LoadBalancer"


def origin_timeouts(judge: Judge, stack: Stack, doors: list[Door]) -> Iterator[Finding]:
    """The wait of a distribution for its origin, against the time-outs of the functions behind it."""
    for distribution in stack.of_type("AWS::CloudFront::Distribution"):
        configuration = mapping(distribution.get("DistributionConfig").value)
        for origin in map(mapping, each(configuration.get("Origins"), stack.scope)):
            wait = _wait(origin, distribution)
            for function in dict.fromkeys(_behind(origin, stack, doors)):
                over = (
                    f"CloudFront answers 504; OriginReadTimeout of {distribution.id} sets how long it waits"
                )
                timeout = timeout_of(function)
                why = wait.why_unknown
                yield judge.hold(
                    ORIGIN,
                    function,
                    timeout,
                    "The time-out behind CloudFront",
                    limit=wait.number,
                    over=over,
                    why=why,
                )


def _wait(origin: Map, distribution: Resource) -> TemplateValue:
    """The wait for an origin, as set in the template, else CloudFront's default."""
    custom = mapping(distribution.scope.value(origin.get("CustomOriginConfig")))
    wait = resolve_node(custom.get("OriginReadTimeout"), custom.at("OriginReadTimeout"), distribution.scope)
    return wait.or_unset(f"{catalogue.limit(UNSET).value:g}")


def _behind(origin: Map, stack: Stack, doors: list[Door]) -> Iterator[Resource]:
    """The functions behind an origin, whose domain names a function URL, an API or a load balancer."""
    for name in dict.fromkeys(references(origin.get("DomainName"))):
        resource = stack.resources.get(name)
        if resource is None:
            own = stack.resources.get(name.removesuffix("Url")) if name.endswith("Url") else None  # of SAM
            if own and own.get("FunctionUrlConfig").value is not None:
                yield own
            continue
        if resource.type == "AWS::Lambda::Url":
            function = stack.function(resource.raw("TargetFunctionArn"))
            if function:
                yield function
        for door in doors:
            behind = door.limit == BALANCER if resource.type == BALANCERS else door.api is resource
            if behind and resource.type in (*REST_APIS, *HTTP_APIS, BALANCERS) and door.limit != URL:
                yield stack.resources[door.function]


def restrictions(judge: Judge, function: Resource, door: Door) -> Iterator[Finding]:
    """Settings that a function at the edge may not have: environment variables, layers, an image."""
    if door.limit != EDGE:
        return
    environment = function.get("Environment", "Variables")
    if isinstance(environment.value, Map) and environment.value:
        count = TemplateValue(len(environment.value), environment.line)
        yield judge.hold("edge.env", function, count, "The number of environment variables at the edge")
    layers = function.get("Layers")
    if layers.value is not None and not isinstance(layers.value, Unknown):
        count = TemplateValue(len(each(function.raw("Layers"), function.scope)), layers.line)
        if count.value:
            yield judge.hold("edge.layers", function, count, "The number of layers at the edge")
    kind = function.get("PackageType")
    if kind.value == "Image":
        message = "A function at the edge cannot be a container image: CloudFront refuses it"
        yield judge.make("edge.package", function, kind.line, None, None, BREACH, message)
