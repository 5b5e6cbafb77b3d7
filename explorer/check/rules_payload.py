"""Payload sizes that a template states: settings of a function with telling names, used as hints.

No template states the size of its requests; some configure a maximum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from explorer.facts import catalogue

from .doors import BALANCER, HTTP, REST, REST_EDGE, Door
from .findings import TIGHT, Finding, Judge, amount
from .nodes import mapping, number
from .stack import Resource

SIZE_VARIABLE = re.compile(
    r"(?i)max(imum)?_?(?P<what>upload|body|payload|request|response|file|content)s?_?"
    r"(size|length|bytes)?(_?(in_)?(?P<unit>bytes|kb|mb))?"
)
FACTORS = {"": 1, "bytes": 1, "kb": 1 << 10, "mb": 1 << 20}
PAYLOADS = {  # of a door, for request and response; the lowest first
    REST: ("lambda.sync.request", "lambda.sync.response"),
    REST_EDGE: ("lambda.sync.request", "lambda.sync.response"),
    HTTP: ("lambda.sync.request", "lambda.sync.response"),
    BALANCER: ("alb.lambda.request", "alb.lambda.response"),
}
DIRECT = ("lambda.furl.request", "lambda.furl.response")


def payloads(judge: Judge, function: Resource, doors: list[Door]) -> Iterator[Finding]:
    """The payload sizes that a function is set to, against the limits of its doors."""
    variables = function.get("Environment", "Variables")
    pairs = {PAYLOADS[door.limit] for door in doors if door.limit in PAYLOADS}
    if "FunctionUrlConfig" in function.properties:
        pairs.add(DIRECT)
    for name, value in mapping(variables.value).items():
        match = SIZE_VARIABLE.fullmatch(name)
        size = number(function.scope.value(value)) if match and pairs else None
        if match and size is not None:
            size = size * FACTORS[(match["unit"] or "").lower()]
            for pair in sorted(pairs):
                limit_id = pair[match["what"].lower() == "response"]
                yield from _check_payload(
                    judge, function, mapping(variables.value).at(name), name, size, limit_id
                )


def _check_payload(
    judge: Judge, function: Resource, line: int, name: str, size: float, limit_id: str
) -> Iterator[Finding]:
    row = catalogue.limit(limit_id)
    if row.value is not None and size > row.value:
        message = (
            f"{name} lets {amount(size, row.unit)} through, and the way to the function"
            f" {amount(row.value, row.unit)}, binary bodies as base64: hand large ones over through S3"
        )
        yield judge.make(limit_id, function, line, size, row.value, TIGHT, message)
