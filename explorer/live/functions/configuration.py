"""The configuration of the work, read from its store at first use and again after a while."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import log
from clients import client, error_code, platform_errors
from settings import SETTINGS, variable

NAMES_PER_CALL = 10  # names in one call of GetParameters
AGAIN_S = 30.0  # until a failed store is read again, if older values are there


class Missing(Exception):
    """The store has no value for an entry that the work expects."""


class Cache:
    """What this environment has read, and when to read it again."""

    def __init__(self) -> None:
        self.entries: dict[str, str] | None = None
        self.until = 0.0
        self.session: str | None = None  # AppConfig's token for the next poll
        self.polled: dict[str, str] = {}


_cache = Cache()


def entries() -> Mapping[str, str]:
    """All entries by name, at most `refresh_s` old. Raises Missing."""
    if _cache.entries is not None and time.monotonic() < _cache.until:
        return _cache.entries
    with log.timer("config_s"):
        try:
            _cache.entries, kept_s = _read(), SETTINGS.refresh_s
        except platform_errors():
            if _cache.entries is None:
                raise
            kept_s = AGAIN_S  # older values are better than none
            log.note(config="stale")
    _cache.until = time.monotonic() + kept_s
    return _cache.entries


def _read() -> dict[str, str]:
    """Entries in the environment are taken from there, the others from the store."""
    environment_values = {name: os.environ[name] for name in SETTINGS.entries if name in os.environ}
    store_names = [name for name in SETTINGS.entries if name not in environment_values]
    values = {**environment_values, **(STORES[SETTINGS.store](store_names) if store_names else {})}
    if missing := [name for name in SETTINGS.entries if name not in values]:
        raise Missing(f"the configuration has no {', '.join(missing[:3])}")
    return values


def _environment(names: Iterable[str]) -> dict[str, str]:
    return {}


def _read_bundle(names: Iterable[str]) -> dict[str, str]:
    file = json.loads(Path(__file__).with_name("configuration.json").read_text())
    return {name: file[name] for name in names if name in file}


def _ssm(names: list[str]) -> dict[str, str]:
    prefix = variable("CONFIGURATION")
    values: dict[str, str] = {}
    for start in range(0, len(names), NAMES_PER_CALL):
        full_names = [prefix + name for name in names[start : start + NAMES_PER_CALL]]
        answer = client("ssm").get_parameters(Names=full_names, WithDecryption=True)
        values |= {each["Name"].removeprefix(prefix): each["Value"] for each in answer["Parameters"]}
    return values


def _secretsmanager(names: list[str]) -> dict[str, str]:
    """One secret for each secret entry; other entries are packed together into few secrets."""
    pack_texts = [_secret(pack) for pack in SETTINGS.packs]
    values = {name: value for text in pack_texts if text for name, value in json.loads(text).items()}
    secrets = {name: _secret(name) for name in names if name not in values}
    return {**values, **{name: value for name, value in secrets.items() if value is not None}}


def _secret(name: str) -> str | None:
    try:
        answer = client("secretsmanager").get_secret_value(SecretId=variable("CONFIGURATION") + name)
    except Exception as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
        return None
    return str(answer["SecretString"])


def _appconfig(names: list[str]) -> dict[str, str]:
    """The newest configuration; AppConfig answers nothing if it has not changed since the last poll."""
    try:
        raw = _poll(_cache.session or _session())
    except Exception as error:
        if error_code(error) != "BadRequestException" or not _cache.session:
            raise
        raw = _poll(_session())  # the token has expired
    if raw:
        _cache.polled = json.loads(raw)
    return {name: _cache.polled[name] for name in names if name in _cache.polled}


def _session() -> str:
    application, environment, profile = variable("CONFIGURATION").split("/")
    session = client("appconfigdata").start_configuration_session(
        ApplicationIdentifier=application,
        EnvironmentIdentifier=environment,
        ConfigurationProfileIdentifier=profile,
    )
    return str(session["InitialConfigurationToken"])


def _poll(token: str) -> bytes:
    answer = client("appconfigdata").get_latest_configuration(ConfigurationToken=token)
    _cache.session = answer["NextPollConfigurationToken"]
    return bytes(answer["Configuration"].read())


STORES: dict[str, Callable[[Any], dict[str, str]]] = {
    "environment": _environment,
    "bundled": _read_bundle,
    "ssm": _ssm,
    "secretsmanager": _secretsmanager,
    "appconfig": _appconfig,
}
