"""The doors in front of each function (API, load balancer, URL, edge), and how long each door waits.

Found from events, integrations, OpenAPI bodies, target groups, data sources and permissions, not from names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .nodes import Map, Unknown, mapping, sequence, text, walk
from .resolve import Scope, references
from .skipped import UNRESOLVED, Skipped
from .stack import FUNCTION_TYPES, Resource, Stack, TemplateValue, certain, entries, resolve_node

REST, REST_EDGE, HTTP = "apigw.rest.timeout", "apigw.rest.timeout.edge", "apigw.http.timeout"
STREAM = "apigw.stream.duration"  # for a REST API that streams its response
WEBSOCKET, BALANCER, GRAPH, EDGE = "apigw.ws.timeout", "alb.idle.timeout", "appsync.time", "edge.timeout"
REST_APIS = ("AWS::ApiGateway::RestApi", "AWS::Serverless::Api")
HTTP_APIS = ("AWS::ApiGatewayV2::Api", "AWS::Serverless::HttpApi")
URL = "lambda.furl.timeout"
INTEGRATION = "x-amazon-apigateway-integration"
ASYNCHRONOUS = "integration.request.header.x-amz-invocation-type"
NO_FUNCTION = {"HTTP", "HTTP_PROXY", "MOCK"}  # integration types without a function
IDLE = "idle_timeout.timeout_seconds"


@dataclass(frozen=True)
class Door:
    """One door of one function: the limit on its wait, and the wait set in the template [ms or s].

    `function` is empty if the template does not hold it; `api` is then the resource that sets the wait.
    """

    function: str
    limit: str
    wait: TemplateValue | None = None
    in_ms: bool = True
    api: Resource | None = None


def doors(stack: Stack) -> list[Door]:
    """Every door that waits for a function of the stack, once for each different wait."""
    doors_by_wait: dict[tuple[str, str, Any], Door] = {}
    bodies = list(_bodies(stack))
    described = {(door.function, door.api.id) for door in bodies if door.api}
    events = [one for one in _events(stack) if not (one.api and (one.function, one.api.id) in described)]
    for door in (*events, *_methods(stack), *_integrations(stack), *bodies, *_others(stack)):
        owner = door.function or (door.api.id if door.api else "")
        doors_by_wait.setdefault((owner, door.limit, str(door.wait and door.wait.value)), door)
    function_limits = {(door.function, door.limit) for door in doors_by_wait.values()}
    for door in _doors_of_permissions(stack):
        if (door.function, door.limit) not in function_limits:
            doors_by_wait[door.function, door.limit, ""] = door
    return list(doors_by_wait.values())


def rest_limit(api: Resource | None, shared: Map | None = None) -> str:
    """The limit of a REST API, which is edge-optimized by default.

    `shared` is the Api section of SAM's Globals; it applies to the implicit API of events without a
    `RestApiId`. For an API outside the template the type is not known: the result is the raisable limit.
    """
    if api is None and shared is None:
        return REST
    if api is not None:
        endpoint = api.get("EndpointConfiguration").value
        kind = api.get("Parameters", "endpointConfigurationTypes").value  # of an imported API
        scope = api.scope
    else:
        endpoint, kind, scope = mapping(shared).get("EndpointConfiguration"), None, Scope(Map())
    if endpoint is None and kind is None:
        return REST_EDGE
    kinds = [kind, endpoint, mapping(endpoint).get("Type"), *sequence(mapping(endpoint).get("Types"))]
    return REST_EDGE if "EDGE" in [text(scope.value(one)) for one in kinds] else REST


def _gateway_limit(api: Resource | None) -> str:
    """The limit of an HTTP or WebSocket API (API Gateway v2)."""
    websocket = api is not None and api.get("ProtocolType").value == "WEBSOCKET"
    return WEBSOCKET if websocket else HTTP


def _events(stack: Stack) -> Iterator[Door]:
    """Doors from SAM's Api and HttpApi events of a function."""
    for function in stack.of_type("AWS::Serverless::Function"):
        _unread_events(stack, function)
        for _, event, _line in entries(function.raw("Events"), stack.scope):
            kind, properties = text(event.get("Type")), mapping(stack.scope.value(event.get("Properties")))
            if kind == "Api":
                api = stack.find_resource(properties.get("RestApiId"), *REST_APIS)
                shared = None if "RestApiId" in properties else mapping(stack.shared.get("Api"))
                limit = _rest_wait(api, properties, shared)
                yield Door(function.id, limit, _set(stack, properties), api=api)
            elif kind == "HttpApi":
                api = stack.find_resource(properties.get("ApiId"), *HTTP_APIS)
                yield Door(function.id, HTTP, _set(stack, properties), api=api)


def _unread_events(stack: Stack, function: Resource) -> None:
    """Record the events of a function that are not known."""
    events = function.get("Events")
    parts = {"Events": events}
    for name, event in mapping(events.value).items():
        parts[f"Events.{name}"] = TemplateValue(stack.scope.value(event), mapping(events.value).at(name))
    for name, one in parts.items():
        if isinstance(one.value, Unknown):
            what, message = f"{function.type} {name}", f"what triggers it is not known ({one.value.why})"
            limits = (REST, HTTP)
            stack.skipped.append(
                Skipped(stack.file, one.line, function.id, what, UNRESOLVED, message, limits)
            )


def _set(stack: Stack, properties: Map, name: str = "TimeoutInMillis") -> TemplateValue | None:
    """The time-out that an integration sets; None if it sets none."""
    wait = resolve_node(properties.get(name), properties.at(name), stack.scope)
    return None if wait.value is None else wait


def _methods(stack: Stack) -> Iterator[Door]:
    """Doors from the methods of a REST API."""
    for method in stack.of_type("AWS::ApiGateway::Method"):
        integration = mapping(method.get("Integration").value)
        function = stack.function(integration.get("Uri"))
        if asynchronous(integration.get("RequestParameters")):
            continue
        api = stack.find_resource(method.raw("RestApiId"), *REST_APIS)
        limit = _rest_wait(api, integration)
        if function:
            yield Door(function.id, limit, _set(stack, integration), api=api)
        else:
            _not_followed(stack, method, "Integration.Uri", integration, "Uri", limit)
            if wait := _set(stack, integration):
                yield Door("", limit, wait, api=method)


def _rest_wait(api: Resource | None, integration: Map, shared: Map | None = None) -> str:
    """The limit on the wait of a REST API's integration: far longer if it streams the response."""
    mode = integration.get("ResponseTransferMode") or integration.get("responseTransferMode")
    return STREAM if text(mode) == "STREAM" else rest_limit(api, shared)


def asynchronous(parameters: Any) -> bool:
    """Whether an integration invokes the function asynchronously."""
    return any(
        name.lower() == ASYNCHRONOUS and "event" in str(value).lower()
        for name, value in mapping(parameters).items()
    )


def _integrations(stack: Stack) -> Iterator[Door]:
    """Doors from the integrations and targets of an HTTP or WebSocket API."""
    for integration in stack.of_type("AWS::ApiGatewayV2::Integration"):
        api = stack.find_resource(integration.raw("ApiId"), *HTTP_APIS)
        function = stack.function(integration.raw("IntegrationUri"))
        if asynchronous(integration.get("RequestParameters").value):
            continue
        if function:
            yield Door(function.id, _gateway_limit(api), _set(stack, integration.properties), api=api)
        else:
            properties = integration.properties
            _not_followed(
                stack, integration, "IntegrationUri", properties, "IntegrationUri", _gateway_limit(api)
            )
            if wait := _set(stack, properties):
                yield Door("", _gateway_limit(api), wait, api=integration)
    for api in stack.of_type("AWS::ApiGatewayV2::Api"):
        if function := stack.function(api.raw("Target")):
            yield Door(function.id, _gateway_limit(api), api=api)


def _bodies(stack: Stack) -> Iterator[Door]:
    """Doors from OpenAPI documents; for a document known only later, from the functions that it refers to."""
    for api in stack.of_type(*REST_APIS, *HTTP_APIS):
        for body in (api.raw("DefinitionBody"), api.raw("Body")):
            yield from _described_in(stack, api, body)
            if isinstance(body, Unknown):
                for name in body.refers:
                    resource = stack.resources.get(name)
                    if resource is not None and resource.type in FUNCTION_TYPES:
                        limit = rest_limit(api) if api.type in REST_APIS else HTTP
                        yield Door(
                            name,
                            limit,
                            TemplateValue(Unknown(f"its API's body: {body.why}"), api.line),
                            api=api,
                        )


def _described_in(stack: Stack, api: Resource, body: Any) -> Iterator[Door]:
    """The functions that an OpenAPI document integrates, and the time-out of each integration."""
    for part in walk(body):
        integration = mapping(part).get(INTEGRATION)
        if isinstance(integration, Map) and not asynchronous(integration.get("requestParameters")):
            function = stack.function(integration.get("uri"))
            limit = _rest_wait(api, integration) if api.type in REST_APIS else HTTP
            if function:
                yield Door(function.id, limit, _set(stack, integration, "timeoutInMillis"), api=api)
            else:
                _not_followed(
                    stack, api, "the uri of an integration in its document", integration, "uri", limit
                )
                if wait := _set(stack, integration, "timeoutInMillis"):
                    yield Door("", limit, wait, api=api)


def _not_followed(
    stack: Stack, resource: Resource, what: str, integration: Map, name: str, limit: str
) -> None:
    """Record an integration whose function is not a resource of the template."""
    kinds = [text(integration.get(one)) or "" for one in ("Type", "IntegrationType", "type")]
    if any(kind.upper() in NO_FUNCTION for kind in kinds):
        return
    value = stack.scope.value(integration.get(name))
    uri = certain(value)
    is_open = "${" in uri or (isinstance(value, Unknown) and not uri)
    if not (":lambda:" in uri or ":function:" in uri or is_open):
        return  # HTTP, another service of AWS, or nothing
    why = f"it is not known ({value.why})" if isinstance(value, Unknown) else "it is in another stack"
    message = f"which function it waits for: {why}; its time-out is not held against the door"
    what = f"{resource.type} {what}"
    stack.skipped.append(Skipped(stack.file, resource.line, resource.id, what, UNRESOLVED, message, (limit,)))


def _others(stack: Stack) -> Iterator[Door]:
    """Doors of load balancers, AppSync, function URLs, and functions at the edge."""
    for group in stack.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        for target in sequence(group.get("Targets").value):
            if function := stack.function(mapping(target).get("Id")):
                yield Door(function.id, BALANCER, _idle(stack), in_ms=False)
    for source in stack.of_type("AWS::AppSync::DataSource"):
        if function := stack.function(mapping(source.get("LambdaConfig").value).get("LambdaFunctionArn")):
            yield Door(function.id, GRAPH)
    for url in stack.of_type("AWS::Lambda::Url"):
        if function := stack.function(url.raw("TargetFunctionArn")):
            yield Door(function.id, URL)
    for one in stack.of_type("AWS::Serverless::Function"):
        if one.get("FunctionUrlConfig").value is not None:
            yield Door(one.id, URL)
    for distribution in stack.of_type("AWS::CloudFront::Distribution"):
        for part in walk(distribution.properties):
            if isinstance(part, Map) and "LambdaFunctionARN" in part:
                function = stack.function(part["LambdaFunctionARN"])
                if function:
                    yield Door(function.id, EDGE)


def _idle(stack: Stack) -> TemplateValue | None:
    """The idle time-out of the stack's load balancer, if the stack has exactly one and sets it."""
    balancers = list(stack.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"))
    if len(balancers) == 1:
        for attribute in map(mapping, sequence(balancers[0].get("LoadBalancerAttributes").value)):
            if text(attribute.get("Key")) == IDLE:
                return TemplateValue(stack.scope.value(attribute.get("Value")), attribute.at("Value"))
    return TemplateValue(Unknown("the load balancer is not in the template"), 1) if not balancers else None


def _doors_of_permissions(stack: Stack) -> Iterator[Door]:
    """Doors from permissions of APIs whose integrations the template does not show."""
    authorizers, described = _authorizers(stack), _apis_with_integrations(stack)
    for permission in stack.of_type("AWS::Lambda::Permission"):
        if permission.get("Principal").value != "apigateway.amazonaws.com":
            continue
        function = stack.function(permission.raw("FunctionName"))
        source = permission.raw("SourceArn")
        if function is None or function.id in authorizers or "/authorizers/" in str(source):
            continue
        for name in references(source):
            api = stack.resources.get(name) if name not in described else None
            if api and api.type in REST_APIS:
                yield Door(function.id, rest_limit(api), api=api)
            elif api and api.type in HTTP_APIS:
                yield Door(function.id, _gateway_limit(api), api=api)


def _apis_with_integrations(stack: Stack) -> set[str]:
    """The APIs whose integrations are in the template."""
    pairs = {"AWS::ApiGateway::Method": "RestApiId", "AWS::ApiGatewayV2::Integration": "ApiId"}
    api_ids = {name for one in stack.of_type(*pairs) for name in references(one.raw(pairs[one.type]))}
    bodies = ("DefinitionBody", "Body")
    apis = stack.of_type(*REST_APIS, *HTTP_APIS)
    return api_ids | {api.id for api in apis if any(api.raw(name) for name in bodies)}


def _authorizers(stack: Stack) -> set[str]:
    """Authorizer functions, which are not behind the API themselves."""
    types = ("AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer")
    uris = [stack.function(authorizer.raw("AuthorizerUri")) for authorizer in stack.of_type(*types)]
    inner = (
        stack.function(part["FunctionArn"])
        for api in stack.of_type("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
        for part in walk(api.raw("Auth"))
        if isinstance(part, Map) and "FunctionArn" in part
    )
    return {function.id for function in (*uris, *inner) if function}
