"""The values of the configuration: put into their store after a stack stands, and taken out before it goes.

They are made here, of the workload's sizes. Secret ones are random, and are written to their store alone:
no template, log or record holds them.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..pieces import Entry
from ..template import Stack, filler
from . import CloudError

POLL_S, DEPLOYED_S = 0.2, 120.0
Clients = Callable[[str], Any]
Tags = Mapping[str, str]


def put(stack: Stack, name: str, clients: Clients, outputs: Mapping[str, str], tags: Tags) -> None:
    """Write the values that the stack `name` keeps in a store."""
    kept = [entry for entry in stack.of(Entry) if entry.kept == "store"]
    writer = WRITERS.get(stack.settings["store"])
    if writer and kept:
        writer(stack, name, clients, {entry: _value(entry) for entry in kept}, tags, outputs)


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
            Tags=_listed(tags),
        )


def _to_secrets(
    stack: Stack, name: str, clients: Clients, values: Mapping[Entry, str], tags: Tags, _: Any
) -> None:
    manager = clients("secretsmanager")
    for entry, value in values.items():
        if entry.secret:
            manager.create_secret(Name=f"{name}/{entry.name}", SecretString=value, Tags=_listed(tags))
    plain = [(entry.name, value) for entry, value in values.items() if not entry.secret]
    packs = stack.settings["packs"]
    for number, pack in enumerate(packs):  # in turn: each holds as many as the others
        content = json.dumps(dict(plain[number :: len(packs)]), separators=(",", ":"))
        manager.create_secret(Name=f"{name}/{pack}", SecretString=content, Tags=_listed(tags))


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


def remove(name: str, clients: Clients, physical: Mapping[str, str]) -> None:
    """Take out all that `put` wrote for the stack `name`."""
    _parameters_gone(name, clients("ssm"))
    _secrets_gone(name, clients("secretsmanager"))
    if "Profile" in physical:
        appconfig = clients("appconfig")
        where = {
            "ApplicationId": physical["Application"],
            "ConfigurationProfileId": physical["Profile"].split("|")[-1],
        }
        for version in appconfig.list_hosted_configuration_versions(**where)["Items"]:
            appconfig.delete_hosted_configuration_version(**where, VersionNumber=version["VersionNumber"])


def _parameters_gone(name: str, ssm: Any) -> None:
    while True:
        found = ssm.get_parameters_by_path(Path=f"/{name}/", MaxResults=10)["Parameters"]
        if not found:
            return
        ssm.delete_parameters(Names=[parameter["Name"] for parameter in found])


def _secrets_gone(name: str, manager: Any) -> None:
    pages = manager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [f"{name}/"]}])
    for secret in [secret for page in pages for secret in page["SecretList"]]:
        if secret["Name"].startswith(f"{name}/"):
            manager.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)


def _listed(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
