"""The configuration that the work expects, read from its store once in an environment, and again later."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import log
from clients import client, code, platform_errors
from settings import SETTINGS, variable

AT_ONCE = 10  # names that GetParameters takes
AGAIN_S = 30.0  # until a store that failed is asked again, if older values are there


class Missing(Exception):
    """The store does not have an entry that the work expects."""


class Cache:
    """What this environment has read, and when it is to be read again."""

    def __init__(self) -> None:
        self.entries: dict[str, str] | None = None
        self.until = 0.0
        self.session: str | None = None  # AppConfig's token for the next poll
        self.polled: dict[str, str] = {}


_cache = Cache()


def entries() -> Mapping[str, str]:
    """All entries by name, at most `refresh_s` old. Raises Missing if one is not there."""
    if _cache.entries is not None and time.monotonic() < _cache.until:
        return _cache.entries
    with log.timed("config_s"):
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
    """Entries that stand in the environment are taken from there, the others from the store."""
    near = {name: os.environ[name] for name in SETTINGS.entries if name in os.environ}
    far = [name for name in SETTINGS.entries if name not in near]
    values = {**near, **(STORES[SETTINGS.store](far) if far else {})}
    if missing := [name for name in SETTINGS.entries if name not in values]:
        raise Missing(f"the configuration has no {', '.join(missing[:3])}")
    return values


def _environment(names: Iterable[str]) -> dict[str, str]:
    return {}


def _bundled(names: Iterable[str]) -> dict[str, str]:
    file = json.loads(Path(__file__).with_name("configuration.json").read_text())
    return {name: file[name] for name in names if name in file}


def _ssm(names: list[str]) -> dict[str, str]:
    prefix = variable("CONFIGURATION")
    values: dict[str, str] = {}
    for first in range(0, len(names), AT_ONCE):
        full_names = [prefix + name for name in names[first : first + AT_ONCE]]
        answer = client("ssm").get_parameters(Names=full_names, WithDecryption=True)
        values |= {each["Name"].removeprefix(prefix): each["Value"] for each in answer["Parameters"]}
    return values


def _secretsmanager(names: list[str]) -> dict[str, str]:
    """A secret an entry; what is no secret lies packed in as few as hold it."""
    packed = [_secret(pack) for pack in SETTINGS.packs]
    values = {name: value for text in packed if text for name, value in json.loads(text).items()}
    read = {name: _secret(name) for name in names if name not in values}
    return {**values, **{name: value for name, value in read.items() if value is not None}}


def _secret(name: str) -> str | None:
    try:
        answer = client("secretsmanager").get_secret_value(SecretId=variable("CONFIGURATION") + name)
    except Exception as error:
        if code(error) != "ResourceNotFoundException":
            raise
        return None
    return str(answer["SecretString"])


def _appconfig(names: list[str]) -> dict[str, str]:
    """The newest configuration; AppConfig answers nothing if it is the one of the last poll."""
    try:
        raw = _poll(_cache.session or _session())
    except Exception as error:
        if code(error) != "BadRequestException" or not _cache.session:
            raise
        raw = _poll(_session())  # the token has expired
    if raw:
        _cache.polled = json.loads(raw)
    return {name: _cache.polled[name] for name in names if name in _cache.polled}


def _session() -> str:
    application, environment, profile = variable("CONFIGURATION").split("/")
    started = client("appconfigdata").start_configuration_session(
        ApplicationIdentifier=application,
        EnvironmentIdentifier=environment,
        ConfigurationProfileIdentifier=profile,
    )
    return str(started["InitialConfigurationToken"])


def _poll(token: str) -> bytes:
    answer = client("appconfigdata").get_latest_configuration(ConfigurationToken=token)
    _cache.session = answer["NextPollConfigurationToken"]
    return bytes(answer["Configuration"].read())


STORES: dict[str, Callable[[Any], dict[str, str]]] = {
    "environment": _environment,
    "bundled": _bundled,
    "ssm": _ssm,
    "secretsmanager": _secretsmanager,
    "appconfig": _appconfig,
}
