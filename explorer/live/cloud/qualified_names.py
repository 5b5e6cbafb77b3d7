"""The ARNs in the description of a function, as on AWS: with the qualifier asked for, and of its runtime."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from .hook import hook
from .limits import Limits


def install(limits: Limits) -> None:
    """Qualify the ARN in descriptions of functions in the emulator that is loaded in this process."""
    from ministack.services import lambda_svc

    hook(lambda_svc, "_build_config", "name data code_zip", _name_runtime_version)
    hook(lambda_svc, "_get_function", "name qualifier", _qualify("Configuration"))
    hook(lambda_svc, "_get_function_config", "name qualifier", _qualify(""))


def _name_runtime_version(original: Callable[..., Any]) -> Callable[..., Any]:
    """Name the version of the runtime that a function runs on: on this machine, one for each runtime."""

    def build(name: str, data: Any, code_zip: bytes | None = None) -> Any:
        configuration = original(name, data, code_zip)
        if runtime := configuration.get("Runtime"):
            region = configuration["FunctionArn"].split(":")[3]
            version = hashlib.sha256(runtime.encode()).hexdigest()
            arn = f"arn:aws:lambda:{region}::runtime:{version}"
            configuration["RuntimeVersionConfig"] = {"RuntimeVersionArn": arn}
        return configuration

    return build


def _qualify(member: str) -> Callable[..., Any]:
    """Qualify the ARN of a configuration: of the whole answer, or of its member of this name."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def describe(name: str, qualifier: str | None = None) -> Any:
            status, headers, body = original(name, qualifier)
            if not qualifier or status != 200:
                return status, headers, body
            answer = json.loads(body)
            configuration = answer[member] if member else answer
            head, _, own_name = configuration["FunctionArn"].partition(":function:")
            configuration["FunctionArn"] = f"{head}:function:{own_name.partition(':')[0]}:{qualifier}"
            return status, headers, json.dumps(answer).encode()

        return describe

    return wrap
