"""The values of the configuration: put into their store after a stack stands, and taken out before it goes.

They are made here, of the workload's sizes. Secret ones are random, and are written to their store alone:
no template, log or record holds them.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from explorer.errors import CloudError
from explorer.options.base.resources import Entry

from .template import Stack, filler

POLL_S, DEPLOYED_S = 0.2, 120.0
AT_A_TIME = 10  # parameters that one call removes
Clients = Callable[[str], Any]
Tags = Mapping[str, str]


def put(stack: Stack, name: str, clients: Clients, outputs: Mapping[str, str], tags: Tags) -> None:
    """Write the values that the stack `name` keeps in a store."""
    entries = [entry for entry in stack.of(Entry) if entry.kept == "store"]
    writer = WRITERS.get(stack.settings["store"])
    if writer and entries:
        writer(stack, name, clients, {entry: _value(entry) for entry in entries}, tags, outputs)


def _value(entry: Entry) -> str:
    return secrets.token_hex(entry.value_bytes)[: entry.value_bytes] if entry.secret else filler(entry)


def _to_parameters(
    stack: Stack, name: str, clients: Clients, values: Mapping[Entry, str], tags: Tags, _: Any
) -> None:
    ssm = clients("ssm")
    for entry, value in values.items():
        ssm.put_parameter(
            Name=f"/{name}/{entry.name}",
            Value=value,
            Type="SecureString" if entry.secret else "String",
            Tier=stack.settings["tier"],
            Tags=tag_list(tags),
        )


def _to_secrets(
    stack: Stack, name: str, clients: Clients, values: Mapping[Entry, str], tags: Tags, _: Any
) -> None:
    manager = clients("secretsmanager")
    for entry, value in values.items():
        if entry.secret:
            manager.create_secret(Name=f"{name}/{entry.name}", SecretString=value, Tags=tag_list(tags))
    plain = [(entry.name, value) for entry, value in values.items() if not entry.secret]
    packs = stack.settings["packs"]
    for number, pack in enumerate(packs):  # in turn: each holds as many as the others
        content = json.dumps(dict(plain[number :: len(packs)]), separators=(",", ":"))
        manager.create_secret(Name=f"{name}/{pack}", SecretString=content, Tags=tag_list(tags))


def _to_appconfig(
    stack: Stack,
    name: str,
    clients: Clients,
    values: Mapping[Entry, str],
    tags: Tags,
    outputs: Mapping[str, str],
) -> None:
    appconfig = clients("appconfig")
    where = {"ApplicationId": outputs["Application"]}
    content = json.dumps({entry.name: value for entry, value in values.items()}).encode()
    version = appconfig.create_hosted_configuration_version(
        **where,
        ConfigurationProfileId=outputs["Profile"],
        Content=content,
        ContentType="application/json",
    )["VersionNumber"]
    started = appconfig.start_deployment(
        **where,
        EnvironmentId=outputs["Environment"],
        DeploymentStrategyId=outputs["Strategy"],
        ConfigurationProfileId=outputs["Profile"],
        ConfigurationVersion=str(version),
    )
    until = time.monotonic() + DEPLOYED_S
    while started["State"] not in {"COMPLETE", "ROLLED_BACK"} and time.monotonic() < until:
        time.sleep(POLL_S)
        started = appconfig.get_deployment(
            **where, EnvironmentId=outputs["Environment"], DeploymentNumber=started["DeploymentNumber"]
        )
    if started["State"] != "COMPLETE":
        raise CloudError(f"{name}: AppConfig left its deployment {started['State']}")


WRITERS: dict[str, Callable[..., None]] = {
    "ssm": _to_parameters,
    "secretsmanager": _to_secrets,
    "appconfig": _to_appconfig,
}


def remove(name: str, clients: Clients, physical: Mapping[str, str], stack: Stack | None) -> None:
    """Take out all that `put` wrote for the stack `name`.

    The stores find what was just written only after a while: what a known `stack` put is removed by
    name. Of one that is not known, what the stores list.
    """
    stores = {stack.settings["store"]} if stack else set(WRITERS)
    entries = [entry for entry in stack.of(Entry) if entry.kept == "store"] if stack else []
    if "ssm" in stores:
        _parameters_gone(name, clients("ssm"), {f"/{name}/{entry.name}" for entry in entries})
    if "secretsmanager" in stores:
        packs = stack.settings["packs"] if stack else ()
        own = {entry.name for entry in entries if entry.secret} | set(packs)
        _secrets_gone(name, clients("secretsmanager"), {f"{name}/{each}" for each in own})
    if "appconfig" in stores and {"Application", "Profile"} <= physical.keys():
        _versions_gone(clients("appconfig"), physical)


def _parameters_gone(name: str, ssm: Any, put_names: set[str]) -> None:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{name}/")
    names = sorted(put_names | {parameter["Name"] for page in pages for parameter in page["Parameters"]})
    for start in range(0, len(names), AT_A_TIME):
        ssm.delete_parameters(Names=names[start : start + AT_A_TIME])


def _secrets_gone(name: str, manager: Any, put_names: set[str]) -> None:
    pages = manager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [f"{name}/"]}])
    names = {secret["Name"] for page in pages for secret in page["SecretList"]}
    for secret in sorted(put_names | {each for each in names if each.startswith(f"{name}/")}):
        with suppress(manager.exceptions.ResourceNotFoundException):
            manager.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def _versions_gone(appconfig: Any, physical: Mapping[str, str]) -> None:
    where = {
        "ApplicationId": physical["Application"],
        "ConfigurationProfileId": physical["Profile"].split("|")[-1],
    }
    pages = appconfig.get_paginator("list_hosted_configuration_versions").paginate(**where)
    with suppress(appconfig.exceptions.ResourceNotFoundException):
        for version in [version for page in pages for version in page["Items"]]:
            appconfig.delete_hosted_configuration_version(**where, VersionNumber=version["VersionNumber"])


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags as the services take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
