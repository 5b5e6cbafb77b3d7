"""Chalice's `.chalice/config.json`: a function and its REST API, for each stage."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from explorer.facts import catalogue

from ..nodes import Map, mapping, text
from ..resolve import Scope
from ..stack import Resource, Stack

ROUTE = re.compile(r"(?m)^\s*@[\w.]+\.(route|get|post|put|patch|delete|head)\(")
FUNCTIONS = {"lambda_timeout": "Timeout", "lambda_memory_size": "MemorySize", "layers": "Layers",
             "reserved_concurrency": "ReservedConcurrentExecutions"}  # fmt: skip
MOST_BYTES = 4 << 20


def is_one(tree: Any, path: Path) -> bool:
    """Whether a tree is a Chalice project's configuration."""
    fields = mapping(tree)
    return "app_name" in fields and ("stages" in fields or path.parent.name == ".chalice")


def stack(tree: Map, file: str, folder: Path | None = None) -> Stack:
    """The handler of each stage, behind the REST API that Chalice makes for its routes."""
    scope, resources = Scope(Map()), dict[str, Resource]()
    stages = mapping(tree.get("stages")) or Map({"dev": Map(line=tree.line)}, tree.line)
    routes = _has_routes(folder)
    for name, own in stages.items():
        stage = mapping(own)
        for function, settings in {"": Map(), **mapping(stage.get("lambda_functions"))}.items():
            properties = _properties([tree, stage, mapping(settings)])
            properties["FunctionName"] = "-".join(filter(None, (text(tree.get("app_name")), name, function)))
            if not function and routes:
                endpoint = stage.get(
                    "api_gateway_endpoint_type", tree.get("api_gateway_endpoint_type", "EDGE")
                )
                api = f"{name}/RestAPI"
                pairs = Map({"EndpointConfiguration": endpoint}, stages.at(name))
                resources[api] = Resource(api, "AWS::Serverless::Api", pairs, stages.at(name), Map(), scope)
                properties["Events"] = _behind(api, stages.at(name))
            handler = f"{name}/{function or 'APIHandler'}"
            resources[handler] = Resource(
                handler, "AWS::Serverless::Function", properties, stages.at(name), Map(), scope
            )
    return Stack(file, resources, scope, folder)


def _behind(api: str, line: int) -> Map:
    properties = Map({"RestApiId": Map({"Ref": api}, line)}, line)
    return Map({"Routes": Map({"Type": "Api", "Properties": properties}, line)}, line)


def _properties(levels: list[Map]) -> Map:
    """The settings of project, stage and function; the most specific one counts."""
    line = levels[-1].line if levels[-1] else levels[1].line
    unset = {"Timeout": "chalice.timeout.unset_s", "MemorySize": "chalice.memory.unset_mb"}
    properties = Map({name: f"{catalogue.constant(one).value:g}" for name, one in unset.items()}, line)
    lines = dict[str, int]()
    variables = Map(line=line)
    for level in levels:
        for name, own in FUNCTIONS.items():
            if level.get(name) is not None:
                properties[own], lines[own] = level[name], level.at(name)
        inner = mapping(level.get("environment_variables"))
        variables.update(inner)
        variables.lines.update(inner.lines)
        if inner:
            lines["Environment"] = level.at("environment_variables")
    properties["Environment"] = Map({"Variables": variables}, lines.get("Environment", line))
    properties.lines.update(lines)
    return properties


def _has_routes(folder: Path | None) -> bool:
    """Whether the project has routes; assumed unless its app.py exists and shows none."""
    app = folder.parent / "app.py" if folder else None
    try:
        if app and app.is_file() and app.stat().st_size < MOST_BYTES:
            return bool(ROUTE.search(app.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        pass
    return True
