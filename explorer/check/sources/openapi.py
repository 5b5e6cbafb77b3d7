"""An OpenAPI file with API Gateway's extensions: the time-outs of its integrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..doors import INTEGRATION
from ..nodes import Map, mapping, text, walk
from ..resolve import Scope
from ..stack import Resource, Stack

HTTP_ONLY = ("x-amazon-apigateway-cors", "x-amazon-apigateway-importexport-version")


def is_one(tree: Any, path: Path) -> bool:
    """Whether a tree is an OpenAPI description with integrations."""
    document = mapping(tree)
    if not ("openapi" in document or "swagger" in document):
        return False
    return any(isinstance(part, Map) and INTEGRATION in part for part in walk(document))


def stack(tree: Map, file: str, folder: Path | None = None) -> Stack:
    """The stack of an API; its functions are outside the file, so the API itself is the resource."""
    scope = Scope(Map())
    name = text(mapping(tree.get("info")).get("title")) or Path(file).name
    kind = "AWS::ApiGatewayV2::Api" if _is_http(tree) else "AWS::ApiGateway::RestApi"
    endpoint = Map({"Types": ["REGIONAL"]})  # the longer of the two; only the template says which
    pairs = Map({"Body": tree, "EndpointConfiguration": endpoint})
    resources = {name: Resource(name, kind, pairs, 1, Map(), scope)}
    return Stack(file, resources, scope, folder)


def _is_http(tree: Map) -> bool:
    """Whether it describes an HTTP API: only HTTP APIs have these fields."""
    if any(name in tree for name in HTTP_ONLY):
        return True
    integrations = (mapping(part.get(INTEGRATION)) for part in walk(tree) if isinstance(part, Map))
    return "openapi" in tree and any("payloadFormatVersion" in one for one in integrations)
