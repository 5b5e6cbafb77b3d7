"""The values of the configuration: stored after a stack is created, and removed before the stack.

They are generated here, with the sizes of the workload. Secret ones are random and are written to their store
alone: no template, log or record contains them.
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

POLL_S, DEPLOYMENT_TIMEOUT_S = 0.2, 120.0
NAMES_PER_CALL = 10  # parameters that one call removes
Clients = Callable[[str], Any]
Tags = Mapping[str, str]


def put(stack: Stack, name: str, clients: Clients, outputs: Mapping[str, str], tags: Tags) -> None:
    """Write the values that the stack `name` keeps in a store.

    Parameters
    ----------
    stack, name : the design as a stack, and the name of the stack
    clients : a function from a service's name to its boto3 client
    outputs : physical ids of the stack's resources, by logical id
    tags : of what is written
    """
    entries = [entry for entry in stack.of(Entry) if entry.kept == "store"]
    writer = WRITERS.get(stack.settings["store"])
    if writer and entries:
        writer(stack, name, clients, {entry: _value(entry) for entry in entries}, tags, outputs)


def _value(entry: Entry) -> str:
    return secrets.token_hex(entry.value_bytes)[: entry.value_bytes] if entry.secret else filler(entry)


def _write_parameters(
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


def _write_secrets(
    stack: Stack, name: str, clients: Clients, values: Mapping[Entry, str], tags: Tags, _: Any
) -> None:
    manager = clients("secretsmanager")
    for entry, value in values.items():
        if entry.secret:
            manager.create_secret(Name=f"{name}/{entry.name}", SecretString=value, Tags=tag_list(tags))
    plain = [(entry.name, value) for entry, value in values.items() if not entry.secret]
    packs = stack.settings["packs"]
    for number, pack in enumerate(packs):  # one after the other, so that all hold the same number
        content = json.dumps(dict(plain[number :: len(packs)]), separators=(",", ":"))
        manager.create_secret(Name=f"{name}/{pack}", SecretString=content, Tags=tag_list(tags))


def _write_appconfig(
    stack: Stack,
    name: str,
    clients: Clients,
    values: Mapping[Entry, str],
    tags: Tags,
    outputs: Mapping[str, str],
) -> None:
    appconfig = clients("appconfig")
    application = {"ApplicationId": outputs["Application"]}
    content = json.dumps({entry.name: value for entry, value in values.items()}).encode()
    version = appconfig.create_hosted_configuration_version(
        **application,
        ConfigurationProfileId=outputs["Profile"],
        Content=content,
        ContentType="application/json",
    )["VersionNumber"]
    deployment = appconfig.start_deployment(
        **application,
        EnvironmentId=outputs["Environment"],
        DeploymentStrategyId=outputs["Strategy"],
        ConfigurationProfileId=outputs["Profile"],
        ConfigurationVersion=str(version),
    )
    deadline = time.monotonic() + DEPLOYMENT_TIMEOUT_S
    while deployment["State"] not in {"COMPLETE", "ROLLED_BACK"} and time.monotonic() < deadline:
        time.sleep(POLL_S)
        deployment = appconfig.get_deployment(
            **application,
            EnvironmentId=outputs["Environment"],
            DeploymentNumber=deployment["DeploymentNumber"],
        )
    if deployment["State"] != "COMPLETE":
        raise CloudError(f"{name}: AppConfig ended its deployment with {deployment['State']}")


WRITERS: dict[str, Callable[..., None]] = {
    "ssm": _write_parameters,
    "secretsmanager": _write_secrets,
    "appconfig": _write_appconfig,
}


def remove(name: str, clients: Clients, physical: Mapping[str, str], stack: Stack | None) -> None:
    """Remove everything that `put` wrote for the stack `name`.

    Parameters
    ----------
    name, clients : as for `put`
    physical : physical ids of the stack's resources, by logical id
    stack : the design as a stack, None if unknown

    A store lists a new value only after a while, so the values of a known `stack` are removed by name. For an
    unknown one, the values that the stores list are removed.
    """
    stores = {stack.settings["store"]} if stack else set(WRITERS)
    entries = [entry for entry in stack.of(Entry) if entry.kept == "store"] if stack else []
    if "ssm" in stores:
        _remove_parameters(name, clients("ssm"), {f"/{name}/{entry.name}" for entry in entries})
    if "secretsmanager" in stores:
        packs = stack.settings["packs"] if stack else ()
        secret_names = {entry.name for entry in entries if entry.secret} | set(packs)
        _remove_secrets(name, clients("secretsmanager"), {f"{name}/{each}" for each in secret_names})
    if "appconfig" in stores and {"Application", "Profile"} <= physical.keys():
        _remove_versions(clients("appconfig"), physical)


def _remove_parameters(name: str, ssm: Any, put_names: set[str]) -> None:
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{name}/")
    names = sorted(put_names | {parameter["Name"] for page in pages for parameter in page["Parameters"]})
    for start in range(0, len(names), NAMES_PER_CALL):
        ssm.delete_parameters(Names=names[start : start + NAMES_PER_CALL])


def _remove_secrets(name: str, manager: Any, put_names: set[str]) -> None:
    pages = manager.get_paginator("list_secrets").paginate(Filters=[{"Key": "name", "Values": [f"{name}/"]}])
    names = {secret["Name"] for page in pages for secret in page["SecretList"]}
    for secret in sorted(put_names | {each for each in names if each.startswith(f"{name}/")}):
        with suppress(manager.exceptions.ResourceNotFoundException):
            manager.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)


def _remove_versions(appconfig: Any, physical: Mapping[str, str]) -> None:
    profile = {
        "ApplicationId": physical["Application"],
        "ConfigurationProfileId": physical["Profile"].split("|")[-1],
    }
    pages = appconfig.get_paginator("list_hosted_configuration_versions").paginate(**profile)
    with suppress(appconfig.exceptions.ResourceNotFoundException):
        for version in [version for page in pages for version in page["Items"]]:
            appconfig.delete_hosted_configuration_version(**profile, VersionNumber=version["VersionNumber"])


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags in the form that the services take."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
