"""Fields of a workload from a function's configuration, live or in a template."""

from __future__ import annotations

import re
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.encoding import environment_size
from explorer.facts.units import format_time

from .frame import Part

SECRET = re.compile(
    r"secret|passw|token|api_?key|private_?key|credential|_key$|^key$|connection_?string", re.I
)
NOT_SECRET = re.compile(r"(arn|name|id|url|uri|path|ttl|expiry|seconds|public_?key)$", re.I)


def facts_of_configuration(configuration: dict[str, Any], region: str) -> Part:
    """The workload fields in a function's configuration; variables are only counted, not kept."""
    facts: dict[str, Any] = {"runtime.architecture": (configuration.get("Architectures") or ["x86_64"])[0]}
    facts["memory_mb"] = float(configuration.get("MemorySize", 128))
    try:
        catalogue.check_region(region)
        facts["region"] = region
    except ExplorerError:
        pass  # the region name of a custom endpoint
    try:
        catalogue.cold_start(
            configuration.get("Runtime", ""), facts["runtime.architecture"], facts["memory_mb"]
        )
        facts["runtime.language"] = configuration["Runtime"]
    except ExplorerError:
        pass  # an image, or a runtime without measurements: the default applies
    variables = configuration.get("Environment", {}).get("Variables", {})
    if variables:
        secrets = sum(bool(SECRET.search(key) and not NOT_SECRET.search(key)) for key in variables)
        facts |= {
            "configuration.total": environment_size(variables) - 6 * len(variables) - 1,
            "configuration.entries": len(variables),
            "configuration.largest": max(len(v.encode("utf-8", "surrogatepass")) for v in variables.values()),
            "configuration.secrets": secrets,
        }
    limit = format_time(float(configuration.get("Timeout", 3)))
    notes = [f"the function's time-out is {limit}: longer work was cut off, and is not seen as such"]
    if variables:
        notes.append("environment variables are counted; those whose names look it are taken for secrets")
    return Part(facts=facts, notes=notes)
