"""The versions of a secret and their staging labels, as Secrets Manager keeps them.

The emulator drops a version that has no label left, lists versions in the order of their ids, and leaves a
label on the version that had it before. AWS keeps such a version as deprecated and moves each label.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from .hook import hook
from .limits import Limits

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
DEFAULT_KEY = "DefaultEncryptionKey"

Answer = tuple[int, Mapping[str, str], bytes]


def install(limits: Limits) -> None:
    """Keep the versions of secrets in the emulator that is loaded in this process."""
    from ministack.services import secretsmanager as service

    hook(service, "_resolve", "secret_id use_arn_scope", _resolve(service))
    hook(service, "_apply_current_promotion", "secret new_vid", _promote)
    hook(service, "_put_secret_value", "data", _put(service))
    hook(service, "_get_secret_value", "data", _note_access(service))
    hook(service, "_list_secret_version_ids", "data", _list(service))


def _resolve(service: Any) -> Callable[..., Any]:
    """Find the secret of an ARN without its random suffix by its whole name."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(secret_id: Any, *, use_arn_scope: bool = False) -> Any:
            name = service._secret_name_from_arn(secret_id) if str(secret_id).startswith("arn:") else None
            if name in service._secrets:
                return name, service._secrets[name]
            return original(secret_id, use_arn_scope=use_arn_scope)

        return resolve

    return wrap


def _promote(original: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
    """Make a version the current one, and keep those that lose their last label."""

    def promote(secret: Any, new_vid: str) -> None:
        before = dict(secret["Versions"])
        original(secret, new_vid)
        secret["Versions"] = {
            id: secret["Versions"].get(id) or {**version, "Stages": []} for id, version in before.items()
        }

    return promote


def _put(service: Any) -> Callable[..., Any]:
    """Give a new version all its labels, and take them from the versions that had them."""

    def wrap(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
        def put(data: Any) -> Answer:
            status, headers, body = original(data)
            if status != 200:
                return status, headers, body
            answer = json.loads(body)
            _, secret = service._resolve(data["SecretId"])
            for stage in data.get("VersionStages") or [CURRENT]:
                service._remove_stage_everywhere(secret, stage, except_version_id=answer["VersionId"])
                service._add_stage(secret, answer["VersionId"], stage)
            if CURRENT in secret["Versions"][answer["VersionId"]]["Stages"]:
                previous, _ = service._find_stage_version(secret, PREVIOUS)
                service._remove_stage(secret, previous, PENDING)
            answer["VersionStages"] = sorted(secret["Versions"][answer["VersionId"]]["Stages"])
            return status, headers, json.dumps(answer).encode()

        return put

    return wrap


def _note_access(service: Any) -> Callable[..., Any]:
    """Note on which day the value of a version was last read."""

    def wrap(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
        def get(data: Any) -> Answer:
            status, headers, body = original(data)
            if status == 200:
                _, secret = service._resolve(data["SecretId"])
                now = int(time.time())
                secret["Versions"][json.loads(body)["VersionId"]]["LastAccessedDate"] = now - now % 86400
            return status, headers, body

        return get

    return wrap


def _list(service: Any) -> Callable[..., Any]:
    """The versions from the oldest to the newest; those without a label only where they are asked for."""

    def wrap(original: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
        def answer(data: Any) -> Answer:
            _, secret = service._resolve(data.get("SecretId"))
            if not secret or data.get("NextToken") or "MaxResults" in data:
                return original(data)
            key = secret.get("KmsKeyId") or DEFAULT_KEY
            versions = [
                {
                    "CreatedDate": version["CreatedDate"],
                    "KmsKeyIds": [key],
                    "VersionId": id,
                    **({"VersionStages": sorted(version["Stages"])} if version["Stages"] else {}),
                    **{name: version[name] for name in ("LastAccessedDate",) if name in version},
                }
                for id, version in secret["Versions"].items()
                if version["Stages"] or data.get("IncludeDeprecated")
            ]
            body = {"ARN": secret["ARN"], "Name": secret["Name"], "Versions": versions}
            return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()

        return answer

    return wrap
